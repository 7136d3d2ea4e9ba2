use super::balance::{self, interval};
use super::columns::inside_lines_of;
use super::table::{name, percent, table};
use crate::Analysis;
use crate::intensity::{Account, WarningStatus};
use crate::report::Summary;
use crate::units::{people_area, people_number};

/// Sites that tables for people list, and maps number.
pub const TOP_SITES: usize = 20;

/// An analysis in words for people: five figures with what they rest on, the sites, the ledger, the gap sweep, the warnings.
pub fn text(analysis: &Analysis, summary: &Summary) -> String {
    let mut text = figures(analysis, summary);
    if !analysis.sites().is_empty() {
        text.push_str(&format!("\nLow-efficiency sites (the {TOP_SITES} with most land)\n"));
        text.push_str(&table(&site_rows(analysis)));
    }
    text.push_str(&balance::text(analysis, analysis.outlooks()));
    text.push_str("\nSites by gap rule\n");
    text.push_str(&table(&sweep_rows(analysis)));
    if !summary.warnings.is_empty() {
        text.push_str("\nWarnings\n");
        for warning in &summary.warnings {
            text.push_str(&format!("  - {warning}\n"));
        }
    }
    text
}

fn figures(analysis: &Analysis, summary: &Summary) -> String {
    let Summary { parcels, efficiency, clusters, intensity, .. } = summary;
    let account = &intensity.account;
    let share = |part: usize, whole: usize| {
        if whole == 0 { "none".to_owned() } else { format!("{:.1}%", part as f64 / whole as f64 * 100.0) }
    };
    let mut rows = vec![vec![
        "Parcels".to_owned(),
        people_area(parcels.union_area_m2),
        format!(
            "{} parcels of {} records, {} rejected, {} repaired; floor area known for {}",
            parcels.count,
            parcels.records,
            parcels.rejected,
            parcels.repaired,
            share(parcels.count - parcels.floor_area_unknown, parcels.count)
        ),
    ]];
    rows.push(vec![
        "Low-efficiency".to_owned(),
        people_area(efficiency.low_area_m2),
        format!(
            "{} of {} candidates; known for {}",
            efficiency.low_count,
            efficiency.candidates,
            share(efficiency.known, efficiency.candidates)
        ),
    ]);
    rows.push(vec![
        "In contiguous sites".to_owned(),
        people_area(clusters.area_m2),
        format!(
            "{} sites of {} parcels, the largest {}; {} of one parcel",
            clusters.count,
            clusters.parcels,
            people_area(clusters.largest_area_m2),
            clusters.single_parcel
        ),
    ]);
    rows.push(vec![
        "Construction inside lines".to_owned(),
        account.construction_inside_m2.map_or_else(|| "not known".into(), people_area),
        account.control_m2.map_or_else(
            || "no line that excludes construction was given".into(),
            |control| format!("of {} inside lines in the study area", people_area(control)),
        ),
    ]);
    let net = balance::range(account.net, account.net_upper).unwrap_or_else(|| "not known".into());
    rows.push(vec![
        "Intensity".to_owned(),
        interval(account),
        format!(
            "net {net}; {}",
            standing(account, analysis.options().warning_line.as_ref().map(|l| &*l.source))
        ),
    ]);
    table(&rows)
}

fn standing(account: &Account, source: Option<&str>) -> String {
    let headroom = account.headroom_lower_m2.zip(account.headroom_m2);
    let Some((line, (least_m2, most_m2))) = account.warning_line.zip(headroom) else {
        return "no warning line was given".into();
    };
    let line = format!("warning line {} ({})", percent(line), source.unwrap_or("no source given"));
    match account.status {
        WarningStatus::Exceeded => format!("{line} passed by {}", people_area(-most_m2)),
        WarningStatus::Below => format!("{line} not reached, headroom {}", people_area(least_m2)),
        WarningStatus::Undetermined => format!("{line}: what is not known decides"),
        WarningStatus::NotAssessed => format!("{line} not assessed"),
    }
}

/// Rows of the site table: a heading, then the sites with most land.
pub(super) fn site_rows(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![
        ["no", "parcels", "net ha", "gross ha", "mu", "of it inside lines", "first parcel"]
            .map(String::from)
            .to_vec(),
    ];
    for site in analysis.sites().iter().take(TOP_SITES) {
        let inside = inside_lines_of(analysis, site).map(|[_, share]| share);
        rows.push(vec![
            site.number.to_string(),
            site.members.len().to_string(),
            people_number(site.net_area_m2 / 1e4, 2),
            people_number(site.gross_area_m2 / 1e4, 2),
            people_number(crate::units::AreaUnit::Mu.from_m2(site.net_area_m2), 1),
            inside.map_or_else(|| "-".into(), percent),
            name(analysis, site.members[0]),
        ]);
    }
    rows
}

fn sweep_rows(analysis: &Analysis) -> Vec<Vec<String>> {
    let mut rows = vec![["gap m", "sites", "parcels", "ha", "largest"].map(String::from).to_vec()];
    for step in analysis.sweep() {
        rows.push(vec![
            step.gap_m.to_string(),
            step.sites.to_string(),
            step.parcels.to_string(),
            people_number(step.area_m2 / 1e4, 1),
            step.largest_share.map_or_else(|| "-".into(), percent),
        ]);
    }
    rows
}

use super::balance;
use super::columns::inside_lines_of;
use super::form::fill;
use super::table::{headed, name, table};
use super::voice::{Voice, push_head};
use crate::Analysis;
use crate::efficiency::{Direction, Rule};
use crate::intensity::{Account, WarningStatus};
use crate::language::Language;
use crate::report::Summary;
use crate::units::people_number;

/// Sites that tables for people list, and maps number.
pub const TOP_SITES: usize = 20;

/// An analysis in words for people: its figures with what they rest on, the sites, the ledger, the gap sweep, the warnings.
pub fn text(analysis: &Analysis, summary: &Summary, language: Language) -> String {
    let voice = Voice::of(language);
    let words = voice.words;
    let mut text = figures(analysis, summary, voice);
    if !analysis.sites().is_empty() {
        push_head(&mut text, &fill(words.sites_head, &[("n", &TOP_SITES.to_string())]));
        text.push_str(&table(&site_rows(analysis, voice)));
    }
    push_groups(&mut text, summary, voice);
    text.push_str(&balance::text(analysis, summary, voice));
    push_head(&mut text, words.sweep_head);
    text.push_str(&table(&sweep_rows(analysis, voice)));
    if !summary.warnings.is_empty() {
        push_head(&mut text, words.warnings_head);
        for warning in &summary.warnings {
            text.push_str(&format!("  - {}\n", warning.text(language)));
        }
    }
    text
}

fn figures(analysis: &Analysis, summary: &Summary, voice: Voice) -> String {
    let Summary { parcels, efficiency, clusters, intensity, .. } = summary;
    let Voice { form, words } = voice;
    let account = &intensity.account;
    let share = |part: usize, whole: usize| {
        if whole == 0 { form.0.none.to_owned() } else { voice.percent(part as f64 / whole as f64) }
    };
    let mut rows = vec![vec![
        form.0.parcels.to_owned(),
        form.area(Some(parcels.union_area_m2)),
        fill(
            words.parcels_line,
            &[
                ("parcels", &parcels.count.to_string()),
                ("records", &parcels.records.to_string()),
                ("rejected", &parcels.rejected.to_string()),
                ("repaired", &parcels.repaired.to_string()),
                ("known", &share(parcels.count - parcels.floor_area_unknown, parcels.count)),
            ],
        ),
    ]];
    let unjudged = efficiency.rule.is_none() && efficiency.low_count == 0;
    rows.push(vec![
        form.0.low_land.to_owned(),
        form.area((!unjudged).then_some(efficiency.low_area_m2)),
        fill(
            if unjudged { words.unjudged_line } else { words.low_line },
            &[
                ("low", &efficiency.low_count.to_string()),
                ("candidates", &efficiency.candidates.to_string()),
                (
                    "rule",
                    &analysis
                        .efficiency()
                        .rule
                        .as_ref()
                        .map_or_else(|| words.no_rule.into(), |rule| said(rule, voice)),
                ),
                ("known", &share(efficiency.known, efficiency.candidates)),
            ],
        ),
    ]);
    let mut sites = fill(
        words.sites_line,
        &[
            ("sites", &clusters.count.to_string()),
            ("parcels", &clusters.parcels.to_string()),
            ("largest", &form.area(Some(clusters.largest_area_m2))),
            ("single", &clusters.single_parcel.to_string()),
        ],
    );
    if clusters.draws > 0 && clusters.count > 0 {
        sites += &fill(words.beyond_chance, &[("beyond", &clusters.beyond_chance.to_string())]);
    }
    rows.push(vec![words.in_sites.to_owned(), form.area(Some(clusters.area_m2)), sites]);
    rows.push(vec![
        form.0.inside_construction.to_owned(),
        form.area(account.construction_inside_m2),
        account.control_m2.map_or_else(
            || words.no_lines.into(),
            |control| fill(words.inside_line, &[("control", &form.area(Some(control)))]),
        ),
    ]);
    let source = analysis.options().warning_line.as_ref().map(|line| &*line.source);
    rows.push(vec![
        form.0.intensity.to_owned(),
        balance::interval(account, voice),
        fill(
            words.net_line,
            &[
                ("net", &form.percents(account.net, account.net_upper)),
                ("standing", &standing(account, source, voice)),
            ],
        ),
    ]);
    rows.extend(alike(analysis, summary, voice));
    table(&rows)
}

/// A rule in words; one of several tests in those of rule files.
fn said(rule: &Rule, voice: Voice) -> String {
    let words = voice.words;
    let (sentence, metric, figure) = match rule {
        Rule::Standard { metric, worse_than, direction } => {
            let sentence =
                if *direction == Direction::HigherIsBetter { words.rule_below } else { words.rule_above };
            (sentence, metric, worse_than.to_string())
        }
        Rule::Quantile { metric, worst_share, direction } => {
            let sentence =
                if *direction == Direction::HigherIsBetter { words.rule_lowest } else { words.rule_highest };
            (sentence, metric, voice.percent(*worst_share))
        }
        other => return other.to_string(),
    };
    fill(sentence, &[("metric", metric.as_deref().unwrap_or(words.the_score)), ("figure", &figure)])
}

/// Whether alike values stand together, and where.
fn alike(analysis: &Analysis, summary: &Summary, voice: Voice) -> Option<Vec<String>> {
    let moran = analysis.global()?.moran?;
    let local = summary.local_moran?;
    let count = |of: Option<u32>| of.map_or_else(|| voice.form.0.not_known.to_owned(), |n| n.to_string());
    let fdr = local.significant_fdr;
    let p = match moran.p {
        Some(p) if p < 5e-5 => fill(voice.form.0.under, &[("least", "0.0001")]),
        p => voice.form.decimal(p, 4),
    };
    let said = fill(
        voice.words.moran_line,
        &[
            ("i", &people_number(moran.value, 3)),
            ("z", &voice.form.decimal(moran.z, 2)),
            ("p", &p),
            ("hh", &count(local.significant.map(|of| of.hh))),
            ("ll", &count(local.significant.map(|of| of.ll))),
            ("fdr", &count(fdr.map(|of| of.hh + of.ll))),
            ("alpha", &voice.percent(analysis.options().statistics.alpha)),
        ],
    );
    Some(vec![voice.words.alike.to_owned(), String::new(), said])
}

fn standing(account: &Account, source: Option<&str>, voice: Voice) -> String {
    let Voice { form, words } = voice;
    let headroom = account.headroom_lower_m2.zip(account.headroom_m2);
    let Some((line, (least_m2, most_m2))) = account.warning_line.zip(headroom) else {
        return words.no_warning_line.into();
    };
    let line = fill(
        words.warning_line,
        &[("line", &voice.percent(line)), ("source", source.unwrap_or(words.no_source))],
    );
    let (sentence, area_m2) = match account.status {
        WarningStatus::Exceeded => (words.passed, -most_m2),
        WarningStatus::Below => (words.kept, least_m2),
        WarningStatus::Undetermined => (words.open, 0.0),
        WarningStatus::NotAssessed => (words.open_line, 0.0),
    };
    fill(sentence, &[("line", &line), ("area", &form.area(Some(area_m2)))])
}

/// Rows of the site table: a heading, then the sites with most land.
pub(super) fn site_rows(analysis: &Analysis, voice: Voice) -> Vec<Vec<String>> {
    let mut rows = headed(voice.words.site_columns);
    for site in analysis.sites().iter().take(TOP_SITES) {
        let inside = inside_lines_of(analysis, site).map(|[_, share]| share);
        rows.push(vec![
            site.number.to_string(),
            site.members.len().to_string(),
            people_number(site.net_area_m2 / 1e4, 2),
            people_number(site.gross_area_m2 / 1e4, 2),
            people_number(crate::units::AreaUnit::Mu.from_m2(site.net_area_m2), 1),
            inside.map_or_else(|| "-".into(), |share| voice.percent(share)),
            name(analysis, site.members[0], voice.words.feature),
        ]);
    }
    rows
}

/// Regions and density clusters, where they were asked for.
fn push_groups(text: &mut String, summary: &Summary, voice: Voice) {
    let Voice { form, words } = voice;
    if let Some(found) = &summary.clusters.regions {
        push_head(text, words.regions_head);
        let figures = [
            ("regions", &*found.count.to_string()),
            ("least", &form.area(Some(found.min_area_m2))),
            ("parcels", &found.parcels.to_string()),
            ("area", &form.area(Some(found.area_m2))),
            ("left", &found.unassigned.to_string()),
        ];
        text.push_str(&format!("  {}\n", fill(words.regions_line, &figures)));
    }
    if let Some(found) = &summary.clusters.density {
        push_head(text, words.density_head);
        let figures = [
            ("clusters", &*found.clusters.to_string()),
            ("parcels", &found.parcels.to_string()),
            ("eps", &found.eps_m.to_string()),
            ("least", &form.area(Some(found.min_area_m2))),
            ("noise", &found.noise.to_string()),
        ];
        text.push_str(&format!("  {}\n", fill(words.density_line, &figures)));
    }
}

fn sweep_rows(analysis: &Analysis, voice: Voice) -> Vec<Vec<String>> {
    let mut rows = headed(voice.words.sweep_columns);
    for step in analysis.sweep() {
        rows.push(vec![
            step.gap_m.to_string(),
            step.sites.to_string(),
            step.parcels.to_string(),
            people_number(step.area_m2 / 1e4, 1),
            step.largest_share.map_or_else(|| "-".into(), |share| voice.percent(share)),
        ]);
    }
    rows
}

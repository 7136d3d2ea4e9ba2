//! The ledger in words: balances, what stands on the land, the gradient, limits, checks.

use std::collections::HashMap;

use super::table::{name, percent, table};
use crate::Analysis;
use crate::intensity::{
    Account, CheckStatus, ConfineCheck, Ledger, ReserveRow, UnitOutlook, WarningStatus, unit_id,
};
use crate::sensitivity::Sensitivity;
use crate::units::{people_area, people_number};

/// Units that a table for people lists; a grid may have a million.
const TOP_UNITS: usize = 40;

/// All tables of the ledger that there is something to say in.
pub(super) fn text(analysis: &Analysis, outlooks: &[UnitOutlook]) -> String {
    let mut text = String::from("\nDevelopment intensity by unit\n");
    let names = unit_names(analysis);
    text.push_str(&table(&balance_rows(analysis.ledger(), &names)));
    text.extend(streets(&analysis.ledger().total).map(|line| format!("  {line}\n")));
    text.push_str(&format!(
        "  greatest residual of any balance: {:.1e} of its land\n",
        analysis.ledger().residual()
    ));
    if analysis.ledger().total.density.floor_area_m2.is_some()
        || analysis.ledger().total.density.population.is_some()
    {
        text.push_str(
            "\nWhat stands on it (known floor area; net: on construction land where it is known)\n",
        );
        text.push_str(&table(&density_rows(analysis.ledger(), &names)));
    }
    if let Some(gradient) = analysis.gradient() {
        text.push_str("\nBy distance from the lines that exclude construction\n");
        text.push_str(&table(&balance_rows(gradient, &HashMap::new())));
    }
    if !outlooks.is_empty() {
        text.push_str("\nLimits: what is left, and the fewest parcels whose withdrawal brings a unit back\n");
        text.push_str(&table(&outlook_rows(analysis, outlooks, &names)));
    }
    if let Some(sensitivity) = analysis.sensitivity() {
        text.push_str("\nSensitivity: what the settings decide\n");
        text.push_str(&swept(sensitivity, &names));
    }
    let checks = checks(analysis, &names);
    if !checks.is_empty() {
        text.push_str("\nLines that confine construction or reserve land\n");
        text.push_str(&checks);
    }
    text
}

/// What land in no parcel is counted as, where there is any to speak of.
pub(super) fn streets(total: &Account) -> Option<String> {
    let share = total.unparcelled_m2 / total.land_m2;
    (share > 5e-4).then(|| {
        format!(
            "{} of the land is in no parcel (streets, mostly) and counts as {}.",
            percent(share),
            total.unparcelled.name()
        )
    })
}

pub(super) type Names<'a> = HashMap<Box<str>, &'a str>;

/// The units a table lists, with their labels: the first by land where there are too many, then the whole.
fn rows_of<'a>(ledger: &'a Ledger, names: &Names<'_>) -> Vec<(String, &'a Account)> {
    // A sliver between a district's border and its parcels is in the files; in a table it would only puzzle.
    let mut units: Vec<&Account> =
        ledger.units.iter().filter(|unit| unit.id.is_some() || unit.land_m2 > 100.0).collect();
    let left_out = units.len().saturating_sub(TOP_UNITS);
    if left_out > 0 {
        units.sort_by(|a, b| b.construction_m2.total_cmp(&a.construction_m2));
        units.truncate(TOP_UNITS);
    }
    let label = |unit: &Account| match unit.id.as_deref() {
        None => "(no unit)".to_owned(),
        Some(id) => named(id, names),
    };
    let all = if left_out > 0 { format!("all (and {left_out} units more)") } else { "all".to_owned() };
    let mut rows: Vec<_> = units.into_iter().map(|unit| (label(unit), unit)).collect();
    if rows.len() != 1 {
        rows.push((all, &ledger.total));
    }
    rows
}

fn named(id: &str, names: &Names<'_>) -> String {
    names.get(id).map_or_else(|| id.to_owned(), |name| format!("{id} {name}"))
}

fn balance_rows(ledger: &Ledger, names: &Names<'_>) -> Vec<Vec<String>> {
    let heading = [
        "unit",
        "land ha",
        "inside lines",
        "construction ha",
        "of it inside",
        "unknown",
        "no parcel",
        "gross",
        "net",
        "status",
    ];
    let mut rows = vec![heading.map(String::from).to_vec()];
    for (label, account) in rows_of(ledger, names) {
        let share = |part: Option<f64>, whole: f64| match part {
            Some(part) if whole > 0.0 => percent(part / whole),
            _ => "-".into(),
        };
        rows.push(vec![
            label,
            people_number(account.land_m2 / 1e4, 1),
            share(account.control_m2, account.land_m2),
            people_number(account.construction_m2 / 1e4, 1),
            share(account.construction_inside_m2, account.construction_m2),
            share(Some(account.unknown_m2), account.land_m2),
            share(Some(account.unparcelled_m2), account.land_m2),
            interval(account),
            range(account.net, account.net_upper).unwrap_or_else(|| "-".into()),
            status(account.status).to_owned(),
        ]);
    }
    rows
}

/// Gross intensity with its bounds.
pub(super) fn interval(account: &Account) -> String {
    range(account.gross, account.gross_upper)
        .unwrap_or_else(|| if account.land_m2 > 0.0 { "not known" } else { "no land" }.into())
}

/// A share with its upper bound, where that is another.
pub(super) fn range(share: Option<f64>, upper: Option<f64>) -> Option<String> {
    Some(match (share?, upper) {
        (share, Some(upper)) if upper - share > 5e-4 => format!("{} to {}", percent(share), percent(upper)),
        (share, _) => percent(share),
    })
}

fn status(status: WarningStatus) -> &'static str {
    match status {
        WarningStatus::NotAssessed => "-",
        other => other.name(),
    }
}

fn density_rows(ledger: &Ledger, names: &Names<'_>) -> Vec<Vec<String>> {
    let heading = [
        "unit",
        "floor area ha",
        "unknown",
        "gross FAR",
        "net FAR",
        "coverage",
        "FSI",
        "GSI",
        "OSR",
        "L",
        "m² per person",
    ];
    let mut rows = vec![heading.map(String::from).to_vec()];
    for carried in &ledger.total.density.amounts {
        rows[0].push(carried.name.to_string());
    }
    let number = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| people_number(value, 2));
    for (label, account) in rows_of(ledger, names) {
        let density = &account.density;
        let mut row = vec![
            label,
            density.floor_area_m2.map_or_else(|| "-".into(), |area| people_number(area / 1e4, 1)),
            density.floor_area_unknown.to_string(),
            number(density.gross_far),
            number(density.net_far),
            number(density.coverage),
            number(density.fsi),
            number(density.gsi),
            number(density.osr),
            number(density.l),
            density.land_per_person_m2.map_or_else(|| "-".into(), |area| people_number(area, 1)),
        ];
        row.extend(density.amounts.iter().map(|carried| number(carried.value)));
        rows.push(row);
    }
    without_empty(rows)
}

/// Rows without the columns of which nothing is known.
fn without_empty(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let known =
        |column: usize| rows.iter().skip(1).any(|row| row.get(column).is_some_and(|cell| cell != "-"));
    let kept: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).filter(|&column| known(column)).collect();
    rows.into_iter().map(|row| kept.iter().map(|&column| row[column].clone()).collect()).collect()
}

fn outlook_rows(analysis: &Analysis, outlooks: &[UnitOutlook], names: &Names<'_>) -> Vec<Vec<String>> {
    let heading = [
        "unit",
        "limit ha",
        "headroom ha",
        "as floor area ha",
        "years",
        "carried over by",
        "to withdraw",
        "of ha",
        "first parcel",
        "set by",
    ];
    let mut rows = vec![heading.map(String::from).to_vec()];
    let ha = |area: f64| people_number(area / 1e4, 2);
    for unit in outlooks.iter().take(TOP_UNITS) {
        let first = unit.withdrawals.as_deref().and_then(<[_]>::first);
        rows.push(vec![
            named(&unit.id, names),
            ha(unit.outlook.limit_m2),
            ha(unit.outlook.headroom_m2),
            unit.outlook.headroom_floor_area_m2.map_or_else(|| "-".into(), ha),
            unit.outlook.years_until_passed.map_or_else(|| "-".into(), |years| people_number(years, 1)),
            unit.carriers.len().to_string(),
            unit.withdrawals.as_ref().map_or_else(|| "-".into(), |set| set.len().to_string()),
            unit.withdrawals.as_ref().map_or_else(|| "-".into(), |_| ha(unit.withdrawn_m2)),
            first.map_or_else(|| "-".into(), |&parcel| name(analysis, parcel)),
            unit.source.to_string(),
        ]);
    }
    without_empty(rows)
}

fn checks(analysis: &Analysis, names: &Names<'_>) -> String {
    let mut text = String::new();
    if let Some(check) = &analysis.constraints().confine {
        text.push_str(&confine(check));
        let mut rows =
            vec![["unit", "construction outside ha", "unknown outside ha"].map(String::from).to_vec()];
        for unit in check
            .units
            .iter()
            .filter(|unit| unit.construction_outside_m2 + unit.unknown_outside_m2 > 1.0)
            .take(TOP_UNITS)
        {
            rows.push(vec![
                unit.id.as_deref().map_or_else(|| "(no unit)".into(), |id| named(id, names)),
                people_number(unit.construction_outside_m2 / 1e4, 2),
                people_number(unit.unknown_outside_m2 / 1e4, 2),
            ]);
        }
        if rows.len() > 1 {
            text.push_str(&table(&rows));
        }
    }
    if let Some(check) = &analysis.constraints().reserve {
        let classes: Vec<&str> = check.classes.iter().map(|class| class.name()).collect();
        text.push_str(&format!("  Land kept for {}:\n", classes.join(", ")));
        let mut rows =
            vec![["line or unit", "land ha", "used so", "at least", "check"].map(String::from).to_vec()];
        let mut push = |label: String, row: &ReserveRow| {
            let share = match (row.share, row.share_upper) {
                (Some(share), Some(upper)) if upper - share > 5e-4 => {
                    format!("{} to {}", percent(share), percent(upper))
                }
                (Some(share), _) => percent(share),
                _ => "-".into(),
            };
            let status = row.status.map_or("-", CheckStatus::name).to_owned();
            rows.push(vec![
                label,
                people_number(row.line_m2 / 1e4, 2),
                share,
                percent(row.min_share),
                status,
            ]);
        };
        for row in check.lines.iter().take(TOP_UNITS) {
            push(format!("line {}", row.id.as_deref().unwrap_or_default()), row);
        }
        for row in check.units.iter().filter(|row| row.id.is_some()).take(TOP_UNITS) {
            push(format!("unit {}", named(row.id.as_deref().unwrap_or_default(), names)), row);
        }
        push("all".into(), &check.total);
        text.push_str(&table(&rows));
    }
    text
}

fn confine(check: &ConfineCheck) -> String {
    format!(
        "  Construction outside the boundary: {} on {} parcels outside and {} across it; {} of it the stated errors explain: {}\n",
        people_area(check.construction_outside_m2),
        check.parcels_outside,
        check.parcels_partial,
        people_area(check.uncertain_m2),
        check.status.name()
    )
}

/// Low land and sites over thresholds, construction inside over moved lines, units over warning lines.
fn swept(found: &Sensitivity, names: &Names<'_>) -> String {
    let mut text = String::new();
    let ha = |area: f64| people_number(area / 1e4, 1);
    let mut rows = vec![["setting", "threshold", "low parcels", "low ha"].map(String::from).to_vec()];
    for step in &found.thresholds {
        rows.push(vec![
            people_number(step.setting, 2),
            people_number(step.threshold, 3),
            step.low_count.to_string(),
            ha(step.low_area_m2),
        ]);
    }
    if rows.len() > 1 {
        text.push_str(&table(&rows));
        let known: Vec<f64> = found.low_share.iter().flatten().collect();
        let decided = known.iter().filter(|share| **share > 0.0 && **share < 1.0).count();
        let always = known.iter().filter(|share| **share >= 1.0).count();
        text.push_str(&format!(
            "  low under every threshold: {always} parcels; the threshold decides on {decided} of {}\n",
            known.len()
        ));
        let steady = found.held.iter().filter(|site| site.held >= 0.8).count();
        text.push_str(&format!(
            "  sites that hold under at least 80% of {} thresholds and gaps: {steady} of {}\n",
            found.sites.len(),
            found.held.len()
        ));
    }
    let mut rows = vec![["lines moved by m", "construction inside ha", "parcels"].map(String::from).to_vec()];
    for step in &found.buffers {
        rows.push(vec![step.buffer_m.to_string(), ha(step.construction_inside_m2), step.parcels.to_string()]);
    }
    if rows.len() > 1 {
        text.push_str(&table(&rows));
    }
    let mut rows = vec![vec!["unit".to_owned()]];
    rows[0].extend(found.warning_lines.iter().map(|line| percent(*line)));
    for unit in found.units.iter().take(TOP_UNITS) {
        let mut row = vec![named(&unit.id, names)];
        row.extend(unit.status.iter().map(|&of| status(of).to_owned()));
        rows.push(row);
    }
    text.push_str(&table(&rows));
    text
}

/// Names of the districts that have one beside their id.
pub(super) fn unit_names(analysis: &Analysis) -> Names<'_> {
    if analysis.cells().is_some() {
        return HashMap::new();
    }
    let Some(districts) = analysis.inputs().districts() else { return HashMap::new() };
    let Some(names) = districts.attributes().texts.get("name") else { return HashMap::new() };
    (0..districts.len())
        .filter_map(|i| Some((unit_id(districts, i), &**names.get(i)?)))
        .filter(|(id, name)| **id != **name)
        .collect()
}

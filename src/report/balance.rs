//! The ledger in words: balances, what stands on the land, the gradient, limits, checks.

use std::collections::{BTreeMap, HashMap};

use super::form::fill;
use super::summary::Summary;
use super::table::{headed, name, table};
use super::voice::{Voice, push_head};
use crate::Analysis;
use crate::intensity::{
    Account, ConfineCheck, Ledger, ReserveRow, UnitOutlook, Unparcelled, WarningStatus, unit_id,
};
use crate::sensitivity::Sensitivity;
use crate::sum::AreaSum;
use crate::units::people_number;

/// Units that a table for people lists; a grid may have a million.
const TOP_UNITS: usize = 40;

/// All tables of the ledger that there is something to say in.
pub(super) fn text(analysis: &Analysis, summary: &Summary, voice: Voice) -> String {
    let words = voice.words;
    let ledger = analysis.ledger();
    let mut text = String::new();
    let names = unit_names(analysis);
    push_head(&mut text, words.ledger_head);
    text.push_str(&table(&balance_rows(ledger, &names, voice)));
    text.extend(streets(&ledger.total, voice).map(|line| format!("  {line}\n")));
    if ledger.total.density.floor_area_m2.is_some() || ledger.total.density.population.is_some() {
        push_head(&mut text, words.stands_head);
        text.push_str(&table(&density_rows(ledger, &names, voice)));
    }
    if let Some(gradient) = analysis.gradient() {
        push_head(&mut text, words.gradient_head);
        text.push_str(&table(&balance_rows(gradient, &HashMap::new(), voice)));
    }
    if !analysis.outlooks().is_empty() {
        push_head(&mut text, words.limits_head);
        text.push_str(&table(&outlook_rows(analysis, &names, voice)));
    }
    if let Some(sensitivity) = analysis.sensitivity() {
        push_head(&mut text, words.sensitivity_head);
        text.push_str(&swept(sensitivity, &names, voice));
    }
    if let Some(rows) = review_rows(analysis, summary, voice) {
        push_head(&mut text, words.review_head);
        text.push_str(&table(&rows));
        text.push_str(&format!("  {}\n", words.summed_over_lines));
    }
    let checks = checks(analysis, &names, voice);
    if !checks.is_empty() {
        push_head(&mut text, words.checks_head);
        text.push_str(&checks);
    }
    text
}

/// What land in no parcel is counted as, where there is any to speak of.
pub(super) fn streets(total: &Account, voice: Voice) -> Option<String> {
    let share = total.unparcelled_m2 / total.land_m2;
    let words = voice.words;
    let kind = match total.unparcelled {
        Unparcelled::Construction => words.construction,
        Unparcelled::Other => words.other,
        Unparcelled::Unknown => words.unknown,
    };
    (share > 5e-4).then(|| fill(words.streets, &[("share", &voice.percent(share)), ("kind", kind)]))
}

/// What stands inside lines that exclude construction, by tier; none where no permits were given.
fn review_rows(analysis: &Analysis, summary: &Summary, voice: Voice) -> Option<Vec<Vec<String>>> {
    analysis.options().review.permits.as_ref()?;
    let mut tiers: BTreeMap<&str, [AreaSum; 7]> = BTreeMap::new();
    for line in &summary.control_lines {
        let Some(review) = &line.review else { continue };
        let sums = tiers.entry(line.tier.as_deref().unwrap_or(voice.words.no_tier)).or_default();
        let areas = [
            review.certain_m2,
            review.possible_m2,
            review.artefact_m2,
            review.permitted_m2 + review.exempt_m2,
            review.grandfathered_m2,
            review.encroaching_m2,
            review.unreviewed_m2,
        ];
        sums.iter_mut().zip(areas).for_each(|(sum, area)| sum.add(area));
    }
    let rows = tiers.into_iter().map(|(tier, sums)| {
        let areas = sums.into_iter().map(|sum| people_number(sum.m2() / 1e4, 2));
        std::iter::once(tier.to_owned()).chain(areas).collect()
    });
    Some(headed(voice.words.review_columns).into_iter().chain(rows).collect())
}

pub(super) type Names<'a> = HashMap<Box<str>, &'a str>;

/// The units a table lists, with their labels: the first by land where there are too many, then the whole.
fn rows_of<'a>(ledger: &'a Ledger, names: &Names<'_>, voice: Voice) -> Vec<(String, &'a Account)> {
    // A sliver between a district's border and its parcels is in the files; in a table it would only puzzle.
    let mut units: Vec<&Account> =
        ledger.units.iter().filter(|unit| unit.id.is_some() || unit.land_m2 > 100.0).collect();
    let left_out = units.len().saturating_sub(TOP_UNITS);
    if left_out > 0 {
        units.sort_by(|a, b| b.construction_m2.total_cmp(&a.construction_m2));
        units.truncate(TOP_UNITS);
    }
    let label = |unit: &Account| match unit.id.as_deref() {
        None => voice.words.no_unit.to_owned(),
        Some(id) => named(id, names),
    };
    let all = match left_out {
        0 => voice.words.all.to_owned(),
        more => fill(voice.words.all_and_more, &[("more", &more.to_string())]),
    };
    let mut rows: Vec<_> = units.into_iter().map(|unit| (label(unit), unit)).collect();
    if rows.len() != 1 {
        rows.push((all, &ledger.total));
    }
    rows
}

fn named(id: &str, names: &Names<'_>) -> String {
    names.get(id).map_or_else(|| id.to_owned(), |name| format!("{id} {name}"))
}

fn balance_rows(ledger: &Ledger, names: &Names<'_>, voice: Voice) -> Vec<Vec<String>> {
    let mut rows = headed(voice.words.balance_columns);
    for (label, account) in rows_of(ledger, names, voice) {
        let share = |part: Option<f64>, whole: f64| match part {
            Some(part) if whole > 0.0 => voice.percent(part / whole),
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
            interval(account, voice),
            range(account.net, account.net_upper, voice),
            status(account.status, voice),
        ]);
    }
    rows
}

/// Gross intensity with its bounds.
pub(super) fn interval(account: &Account, voice: Voice) -> String {
    match account.gross {
        None if account.land_m2 <= 0.0 => voice.words.no_land.to_owned(),
        gross => voice.form.percents(gross, account.gross_upper),
    }
}

/// A share with its upper bound, where that is another; a dash where it is not known.
fn range(share: Option<f64>, upper: Option<f64>, voice: Voice) -> String {
    share.map_or_else(|| "-".into(), |share| voice.form.percents(Some(share), upper))
}

fn status(status: WarningStatus, voice: Voice) -> String {
    match status {
        WarningStatus::NotAssessed => "-".into(),
        other => voice.form.word(other.name()).to_owned(),
    }
}

fn density_rows(ledger: &Ledger, names: &Names<'_>, voice: Voice) -> Vec<Vec<String>> {
    let mut rows = headed(voice.words.density_columns);
    for carried in &ledger.total.density.amounts {
        rows[0].push(carried.name.to_string());
    }
    let number = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| people_number(value, 2));
    for (label, account) in rows_of(ledger, names, voice) {
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

/// What a limit leaves a unit, ha: from the least it is to the most, where not all is known.
fn headroom(analysis: &Analysis, unit: &UnitOutlook, voice: Voice) -> String {
    let ledger = analysis.ledger();
    let account = ledger.units.iter().find(|own| own.id.as_ref() == Some(&unit.id)).unwrap_or(&ledger.total);
    let [most, least] = [Some(unit.outlook.headroom_m2), account.headroom_lower_m2]
        .map(|area| area.map(|area| people_number(area / 1e4, 2)).unwrap_or_default());
    if least.is_empty() || least == most {
        return most;
    }
    fill(voice.form.0.from_to, &[("from", &least), ("to", &most)])
}

fn outlook_rows(analysis: &Analysis, names: &Names<'_>, voice: Voice) -> Vec<Vec<String>> {
    let mut rows = headed(voice.words.limit_columns);
    let ha = |area: f64| people_number(area / 1e4, 2);
    for unit in analysis.outlooks().iter().take(TOP_UNITS) {
        let first = unit.withdrawals.as_deref().and_then(<[_]>::first);
        rows.push(vec![
            named(&unit.id, names),
            ha(unit.outlook.limit_m2),
            headroom(analysis, unit, voice),
            unit.outlook.headroom_floor_area_m2.map_or_else(|| "-".into(), ha),
            unit.outlook.years_until_passed.map_or_else(|| "-".into(), |years| people_number(years, 1)),
            unit.carriers.len().to_string(),
            unit.withdrawals.as_ref().map_or_else(|| "-".into(), |set| set.len().to_string()),
            unit.withdrawals.as_ref().map_or_else(|| "-".into(), |_| ha(unit.withdrawn_m2)),
            first.map_or_else(|| "-".into(), |&parcel| name(analysis, parcel, voice.words.feature)),
            unit.source.to_string(),
        ]);
    }
    without_empty(rows)
}

fn checks(analysis: &Analysis, names: &Names<'_>, voice: Voice) -> String {
    let mut text = String::new();
    if let Some(check) = &analysis.constraints().confine {
        text.push_str(&confine(check, voice));
        let mut rows = headed(voice.words.confine_columns);
        for unit in check
            .units
            .iter()
            .filter(|unit| unit.construction_outside_m2 + unit.unknown_outside_m2 > 1.0)
            .take(TOP_UNITS)
        {
            rows.push(vec![
                unit.id.as_deref().map_or_else(|| voice.words.no_unit.into(), |id| named(id, names)),
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
        let classes = classes.join(voice.form.0.comma);
        text.push_str(&format!("  {}\n", fill(voice.words.reserve_line, &[("classes", &classes)])));
        let mut rows = headed(voice.words.reserve_columns);
        let mut push = |label: String, row: &ReserveRow| {
            let status = row.status.map_or("-", |status| voice.form.word(status.name()));
            rows.push(vec![
                label,
                people_number(row.line_m2 / 1e4, 2),
                range(row.share, row.share_upper, voice),
                voice.percent(row.min_share),
                status.to_owned(),
            ]);
        };
        for row in check.lines.iter().take(TOP_UNITS) {
            push(fill(voice.words.line_row, &[("id", row.id.as_deref().unwrap_or_default())]), row);
        }
        for row in check.units.iter().filter(|row| row.id.is_some()).take(TOP_UNITS) {
            let label = named(row.id.as_deref().unwrap_or_default(), names);
            push(fill(voice.words.unit_row, &[("id", &label)]), row);
        }
        push(voice.words.all.into(), &check.total);
        text.push_str(&table(&rows));
    }
    text
}

fn confine(check: &ConfineCheck, voice: Voice) -> String {
    let area = |area_m2: f64| voice.form.area(Some(area_m2));
    let figures = [
        ("area", &*area(check.construction_outside_m2)),
        ("outside", &check.parcels_outside.to_string()),
        ("across", &check.parcels_partial.to_string()),
        ("uncertain", &area(check.uncertain_m2)),
        ("status", voice.form.word(check.status.name())),
    ];
    format!("  {}\n", fill(voice.words.confine_line, &figures))
}

/// Low land and sites over thresholds, construction inside over moved lines, units over warning lines.
fn swept(found: &Sensitivity, names: &Names<'_>, voice: Voice) -> String {
    let mut text = String::new();
    let ha = |area: f64| people_number(area / 1e4, 1);
    let mut rows = headed(voice.words.threshold_columns);
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
        let figures = [
            ("always", &*always.to_string()),
            ("decided", &decided.to_string()),
            ("known", &known.len().to_string()),
        ];
        text.push_str(&format!("  {}\n", fill(voice.words.always_low, &figures)));
        let steady = found.held.iter().filter(|site| site.held >= 0.8).count();
        let figures = [
            ("steps", &*found.sites.len().to_string()),
            ("steady", &steady.to_string()),
            ("sites", &found.held.len().to_string()),
        ];
        text.push_str(&format!("  {}\n", fill(voice.words.steady_sites, &figures)));
    }
    let mut rows = headed(voice.words.moved_columns);
    for step in &found.buffers {
        rows.push(vec![step.buffer_m.to_string(), ha(step.construction_inside_m2), step.parcels.to_string()]);
    }
    if rows.len() > 1 {
        text.push_str(&table(&rows));
    }
    let mut rows = headed(voice.words.unit);
    rows[0].extend(found.warning_lines.iter().map(|line| voice.percent(*line)));
    for unit in found.units.iter().take(TOP_UNITS) {
        let mut row = vec![named(&unit.id, names)];
        row.extend(unit.status.iter().map(|&of| status(of, voice)));
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

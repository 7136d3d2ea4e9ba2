use serde::Serialize;

use super::table::{percent, table};
use crate::audit::{Audit, Change, Decomposition, Fate, InsideChange, RecordMatches, Year};
use crate::intensity::Account;
use crate::json_text::to_json;
use crate::land::LandStatus;
use crate::units::{people_area, people_number};
use crate::warning::{Warning, WarningKind};

/// Changes of a label that a summary and a table list.
const TOP_LABELS: usize = 30;

/// What `audit.json` holds. Equal input and options give equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "names are those of the file; `Audit` documents the figures")]
pub struct AuditSummary {
    pub schema_version: u32,
    pub old: AuditYear,
    pub new: AuditYear,
    /// Parcels of the later date by what they came out of, and vanished ones.
    pub fates: Vec<FateCount>,
    pub records: RecordMatches,
    pub ground: Vec<Ground>,
    pub inside: Inside,
    pub changes: Vec<Change>,
    /// The largest changes of the label by area.
    pub relabelled: Vec<Relabelled>,
    pub residual: f64,
    pub warnings: Vec<Warning>,
}

/// One date.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct AuditYear {
    pub records: usize,
    pub parcels: usize,
    pub rejected: usize,
    pub repaired: usize,
    pub area_m2: f64,
    pub intensity: Account,
}

/// How many parcels have a fate, and on how much land.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct FateCount {
    pub fate: Fate,
    pub parcels: usize,
    pub area_m2: f64,
}

/// Land that went from one status to another; none is land without a parcel.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct Ground {
    pub before: Option<LandStatus>,
    pub after: Option<LandStatus>,
    pub area_m2: f64,
}

/// Construction land inside the lines at both dates.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct Inside {
    pub before_m2: f64,
    pub after_m2: f64,
    pub added_m2: f64,
    pub removed_m2: f64,
    pub parcels: Vec<InsideCount>,
}

/// How many parcels changed so inside the lines, and by what area.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct InsideCount {
    pub change: InsideChange,
    pub parcels: usize,
    pub area_m2: f64,
}

/// Land whose label changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct Relabelled {
    pub before: Option<Box<str>>,
    pub after: Option<Box<str>>,
    pub area_m2: f64,
}

impl AuditSummary {
    /// The figures of an audit; `warnings` are those of reading.
    pub fn of(audit: &Audit, old: &Year, new: &Year, warnings: &[Warning]) -> Self {
        const STATUS: [Option<LandStatus>; 4] =
            [Some(LandStatus::Construction), Some(LandStatus::Unknown), Some(LandStatus::Other), None];
        let year = |year: &Year| AuditYear {
            records: year.set.record_counts().records,
            parcels: year.set.len(),
            rejected: year.set.rejected().len(),
            repaired: year.set.repaired().len(),
            area_m2: year.partition.union_area_m2(),
            intensity: year.ledger.total.clone(),
        };
        let area = |change: &crate::audit::ParcelChange| {
            let year = if change.fate == Fate::Vanished { old } else { new };
            year.partition.area_m2()[change.parcel.index()]
        };
        let [before_m2, after_m2, added_m2, removed_m2] = audit.inside_m2;
        let cells = (0..16).map(|k| (k / 4, k % 4)).filter(|&(a, b)| audit.ground[a][b] > 0.0);
        let mut warnings = warnings.to_vec();
        let is_alone = |fate: Fate| matches!(fate, Fate::Appeared | Fate::Vanished | Fate::Covered);
        if audit.parcels.iter().all(|change| is_alone(change.fate)) {
            warnings.push(WarningKind::DatesShareNoLand.into());
        }
        for (year, date) in [(old, "old"), (new, "new")] {
            warnings.extend(year.ledger.warnings.iter().map(|warning| warning.clone().dated(date)));
        }
        Self {
            schema_version: super::SCHEMA_VERSION,
            old: year(old),
            new: year(new),
            fates: Fate::ALL
                .iter()
                .map(|&fate| {
                    let of_fate = audit.parcels.iter().filter(|change| change.fate == fate);
                    let area_m2 = of_fate.map(area).fold(0.0, |sum, area| sum + area);
                    FateCount { fate, parcels: audit.count(fate), area_m2 }
                })
                .collect(),
            records: audit.records,
            ground: cells
                .map(|(a, b)| Ground { before: STATUS[a], after: STATUS[b], area_m2: audit.ground[a][b] })
                .collect(),
            inside: Inside {
                before_m2,
                after_m2,
                added_m2,
                removed_m2,
                parcels: InsideChange::ALL
                    .iter()
                    .filter(|&&change| change != InsideChange::None)
                    .map(|&change| {
                        let (parcels, area_m2) = audit.inside(change);
                        InsideCount { change, parcels, area_m2 }
                    })
                    .collect(),
            },
            changes: audit.changes.clone(),
            relabelled: audit
                .relabelled
                .iter()
                .take(TOP_LABELS)
                .map(|(before, after, area_m2)| Relabelled {
                    before: before.clone(),
                    after: after.clone(),
                    area_m2: *area_m2,
                })
                .collect(),
            residual: audit.residual,
            warnings,
        }
    }

    /// The file's text: indented JSON with a final line break.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// The audit in words for people.
    pub fn text(&self) -> String {
        let mut text = String::from("Parcels by what they came out of\n");
        let mut rows = vec![["", "parcels", "ha"].map(String::from).to_vec()];
        for row in self.fates.iter().filter(|row| row.parcels > 0) {
            let ha = people_number(row.area_m2 / 1e4, 1);
            rows.push(vec![row.fate.name().into(), row.parcels.to_string(), ha]);
        }
        text.push_str(&table(&rows));
        let RecordMatches { same, appeared, vanished, .. } = self.records;
        text.push_str(&format!("Records: {same} same by id, {appeared} appeared, {vanished} vanished\n"));
        text.push_str("\nLand by status before and after\n");
        let name = |status: Option<LandStatus>| status.map_or("no parcel", LandStatus::name).to_owned();
        let mut rows = vec![["before", "after", "ha"].map(String::from).to_vec()];
        for row in self.ground.iter().filter(|row| row.area_m2 > 1.0) {
            rows.push(vec![name(row.before), name(row.after), people_number(row.area_m2 / 1e4, 2)]);
        }
        text.push_str(&table(&rows));
        if self.new.intensity.control_m2.is_some() || self.old.intensity.control_m2.is_some() {
            text.push_str(&format!(
                "\nConstruction inside the lines: {} before, {} added, {} removed, {} after\n",
                people_area(self.inside.before_m2),
                people_area(self.inside.added_m2),
                people_area(self.inside.removed_m2),
                people_area(self.inside.after_m2)
            ));
            let mut rows = vec![["", "parcels", "ha"].map(String::from).to_vec()];
            for row in &self.inside.parcels {
                let ha = people_number(row.area_m2 / 1e4, 2);
                rows.push(vec![row.change.name().into(), row.parcels.to_string(), ha]);
            }
            text.push_str(&table(&rows));
        }
        let rows = change_rows(&self.changes);
        if rows.len() > 1 {
            text.push_str(
                "\nIntensity: before, after, and what changed it (percentage points; FAR as it is)\n",
            );
            text.push_str(&table(&rows));
        }
        if !self.relabelled.is_empty() {
            text.push_str("\nLand whose label changed most\n");
            let mut rows = vec![["before", "after", "ha"].map(String::from).to_vec()];
            let name = |label: &Option<Box<str>>| label.as_deref().unwrap_or("(none)").to_owned();
            for row in self.relabelled.iter().take(12) {
                rows.push(vec![name(&row.before), name(&row.after), people_number(row.area_m2 / 1e4, 2)]);
            }
            text.push_str(&table(&rows));
        }
        text.push_str(&format!("\nGreatest residual of any balance: {:.1e} of the land\n", self.residual));
        if !self.warnings.is_empty() {
            text.push_str("\nWarnings\n");
            self.warnings.iter().for_each(|warning| text.push_str(&format!("  - {warning}\n")));
        }
        text
    }
}

fn change_rows(changes: &[Change]) -> Vec<Vec<String>> {
    let heading = ["unit", "measure", "before", "after", "by area", "by floor area", "by borders"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    for change in changes.iter().take(40) {
        let unit = change.id.as_deref().unwrap_or("(no unit)");
        let mut push = |measure: &str, found: Option<Decomposition>, shown: fn(f64) -> String| {
            // Where nothing is known to be built at either date, zeros would only look like findings.
            let Some(found) = found.filter(|found| found.before != 0.0 || found.after != 0.0) else { return };
            rows.push(vec![
                unit.to_owned(),
                measure.to_owned(),
                shown(found.before),
                shown(found.after),
                shown(found.area),
                shown(found.floor_area),
                shown(found.boundary),
            ]);
        };
        push("gross", change.gross, percent);
        push("net", change.net, percent);
        push("FAR", change.far, |value| people_number(value, 3));
    }
    rows
}

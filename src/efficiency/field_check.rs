//! What somebody who went there found: it wins over what was computed, and says so.

use std::collections::HashMap;

use serde::Serialize;

use super::StockClass;
use crate::error::Error;
use crate::io::Table;
use crate::parcel::{ParcelIdx, TextColumn};

const PARCEL: [&str; 5] = ["parcel", "parcel_id", "id", "地块", "地块编号"];
const STATUS: [&str; 5] = ["status", "verified_status", "verified", "核实结果", "认定结果"];
const REASON: [&str; 3] = ["reason", "理由", "原因"];
const DATE: [&str; 4] = ["date", "checked_on", "日期", "核实日期"];

/// A field check of one parcel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FieldCheck {
    /// Id of the parcel.
    pub parcel: Box<str>,
    /// When it was checked, `YYYY-MM-DD`.
    pub date: Box<str>,
    /// What it is.
    pub status: StockClass,
    /// Why.
    pub reason: Box<str>,
}

/// Field checks from a table of parcel, verified status, reason and date.
///
/// A status is the name of a [`StockClass`] that can be verified (`low`, `not_low`, `idle`, `vacant`, `approved_not_supplied`) or its name
/// in Chinese. Of several checks of one parcel the latest counts.
///
/// ```
/// use landuse::efficiency::{FieldChecks, StockClass};
/// use landuse::io::{Source, Table};
/// let text = "parcel,status,reason,date\nA,not_low,new plant in operation,2024-05-02\nA,低效,roof collapsed,2023-01-15\n";
/// let checks = FieldChecks::from_table(&Table::read(&Source::bytes("checks.csv", text.as_bytes()))?)?;
/// assert_eq!(checks.iter().next().map(|check| check.status), Some(StockClass::NotLow));
/// assert_eq!(checks.superseded(), 1);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldChecks {
    checks: Vec<FieldCheck>,
    superseded: usize,
}

/// What became of field checks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FieldCheckReport {
    /// Parcels checked, the latest check of each.
    pub checks: usize,
    /// Checks that a later one of the same parcel replaced.
    pub superseded: usize,
    /// Checks that were laid over what was computed.
    pub applied: usize,
    /// Of these, checks that changed the class.
    pub changed: usize,
    /// Checks of an id that no parcel has.
    pub unknown_parcels: Vec<Box<str>>,
    /// Checks of an id that several parcels have: laid over none of them.
    pub ambiguous_parcels: Vec<Box<str>>,
}

impl FieldChecks {
    /// Reads the checks of a table.
    ///
    /// # Errors
    /// [`Error::MissingColumn`]; [`Error::Value`] for a cell that is empty, a status that is none, a date that is no day;
    /// [`Error::Table`] for two checks of one parcel on the same day that differ.
    ///
    /// # Complexity
    /// O(rows · log rows).
    pub fn from_table(table: &Table) -> Result<Self, Error> {
        let column = |names: &'static [&'static str]| {
            let found = table.find(names).and_then(|name| table.text(name));
            found.ok_or_else(|| Error::MissingColumn {
                file: table.file().into(),
                expected: names[0],
                found: table.names().collect::<Vec<_>>().join(", ").into(),
            })
        };
        let (parcels, statuses, reasons, dates) =
            (column(&PARCEL)?, column(&STATUS)?, column(&REASON)?, column(&DATE)?);
        let mut checks = Vec::with_capacity(table.len());
        for row in 0..table.len() {
            let fault = |name: &str, found: &str, expected: &'static str| {
                let parcel = parcels.get(row).map_or(String::new(), |id| format!(" (parcel `{id}`)"));
                let place = format!("{}: row {}{parcel}", table.file(), row + 1).into();
                Error::Value { place, property: name.into(), value: found.into(), expected }
            };
            let cell =
                |name: &str, texts: &'_ TextColumn, expected: &'static str| -> Result<Box<str>, Error> {
                    texts.get(row).map(Into::into).ok_or_else(|| fault(name, "empty", expected))
                };
            let status = cell("status", statuses, STATUSES)?;
            let date = cell("date", dates, "a day as YYYY-MM-DD")?;
            checks.push(FieldCheck {
                parcel: cell("parcel", parcels, "the id of a parcel")?,
                status: status_of(&status)
                    .ok_or_else(|| fault("status", &format!("`{status}`"), STATUSES))?,
                reason: cell("reason", reasons, "why")?,
                date: if is_day(&date) {
                    date
                } else {
                    return Err(fault("date", &format!("`{date}`"), "a day as YYYY-MM-DD"));
                },
            });
        }
        // Latest last, so that it is what remains.
        checks.sort_unstable();
        for pair in checks.windows(2) {
            if pair[0].parcel == pair[1].parcel && pair[0].date == pair[1].date && pair[0] != pair[1] {
                let reason = format!(
                    "parcel `{}` has two checks of {} that differ: {} and {}",
                    pair[0].parcel,
                    pair[0].date,
                    pair[0].status.name(),
                    pair[1].status.name(),
                );
                return Err(Error::Table { file: table.file().into(), reason: reason.into() });
            }
        }
        let all = checks.len();
        checks.reverse();
        checks.dedup_by(|later, kept| later.parcel == kept.parcel);
        checks.reverse();
        Ok(Self { superseded: all - checks.len(), checks })
    }

    /// The latest check of each parcel, in order of ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &FieldCheck> {
        self.checks.iter()
    }

    /// Checks that a later one replaced.
    pub fn superseded(&self) -> usize {
        self.superseded
    }

    /// Finds the parcels that were checked: position of the parcel and of the check, by parcel, with what became of the rest. Of
    /// checks of several records on one parcel the latest counts, among those of one day the last by id.
    ///
    /// # Arguments
    /// * `ids`: ids with their parcels, as [`ParcelSet::ids`](crate::ParcelSet::ids) gives them.
    ///
    /// # Complexity
    /// O(parcels + checks) expected.
    pub fn locate<'a>(
        &self,
        ids: impl IntoIterator<Item = (&'a str, ParcelIdx)>,
    ) -> (Vec<(ParcelIdx, usize)>, FieldCheckReport) {
        let mut report =
            FieldCheckReport { checks: self.checks.len(), superseded: self.superseded, ..Default::default() };
        let wanted: HashMap<&str, usize> =
            self.checks.iter().enumerate().map(|(i, check)| (&*check.parcel, i)).collect();
        let mut at: Vec<Vec<ParcelIdx>> = vec![Vec::new(); self.checks.len()];
        for (id, parcel) in ids {
            if let Some(&check) = wanted.get(id)
                && !at[check].contains(&parcel)
            {
                at[check].push(parcel);
            }
        }
        let mut found = Vec::new();
        for (i, parcels) in at.into_iter().enumerate() {
            match parcels[..] {
                [] => report.unknown_parcels.push(self.checks[i].parcel.clone()),
                [parcel] => found.push((parcel, i)),
                _ => report.ambiguous_parcels.push(self.checks[i].parcel.clone()),
            }
        }
        found.sort_unstable_by_key(|&(parcel, check)| (parcel, &self.checks[check].date, check));
        let located = found.len();
        found.reverse();
        found.dedup_by_key(|(parcel, _)| *parcel);
        found.reverse();
        report.superseded += located - found.len();
        report.applied = found.len();
        (found, report)
    }

    /// The check at a position that [`locate`](Self::locate) gave.
    pub fn get(&self, position: usize) -> Option<&FieldCheck> {
        self.checks.get(position)
    }
}

const STATUSES: &str = "one of low, not_low, idle, vacant, approved_not_supplied";

fn status_of(text: &str) -> Option<StockClass> {
    Some(match text.to_lowercase().as_str() {
        "low" | "低效" | "低效用地" => StockClass::Low,
        "not_low" | "not low" | "非低效" | "不属低效" | "不属低效用地" => StockClass::NotLow,
        "idle" | "闲置" | "闲置土地" => StockClass::Idle,
        "vacant" | "空闲" | "空闲土地" => StockClass::Vacant,
        "approved_not_supplied" | "批而未供" | "批而未供土地" => StockClass::ApprovedNotSupplied,
        _ => return None,
    })
}

/// Whether a text is a day of the calendar as `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    let digits = |part: &str, len: usize| -> Option<u32> {
        let plain = part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse().ok())?
    };
    let mut parts = text.splitn(3, '-');
    let mut next = |len| digits(parts.next()?, len);
    let (Some(year), Some(month), Some(day)) = (next(4), next(2), next(2)) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Source;

    fn checks(rows: &str) -> Result<FieldChecks, Error> {
        let text = format!("parcel,status,reason,date\n{rows}");
        FieldChecks::from_table(&Table::read(&Source::bytes("c.csv", text.into_bytes()))?)
    }

    #[test]
    fn a_check_that_says_too_little_is_refused_with_its_row() {
        for (rows, expected) in [
            ("A,low,,2024-01-01\n", "c.csv: row 1 (parcel `A`): `reason` is empty, expected why"),
            (
                "A,low,x,2024-01-01\nB,fine,x,2024-01-01\n",
                "row 2 (parcel `B`): `status` is `fine`, expected one of low",
            ),
            ("A,low,x,2023-02-29\n", "`date` is `2023-02-29`, expected a day"),
            ("A,low,x,1.5.2024\n", "`date` is `1.5.2024`"),
            (
                "A,low,x,2024-01-01\nA,idle,x,2024-01-01\n",
                "two checks of 2024-01-01 that differ: idle and low",
            ),
        ] {
            let error = checks(rows).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(["2024-02-29", "2000-02-29", "1999-12-31"].into_iter().all(is_day));
        assert!(
            !["1900-02-29", "2024-13-01", "2024-04-31", "2024-4-1", "２０２４-01-01"].into_iter().any(is_day)
        );
    }

    #[test]
    fn the_latest_check_counts_and_the_rest_is_told() {
        let rows =
            "A,low,old,2023-01-01\nA,not_low,new,2024-01-01\nB,idle,x,2024-01-01\nC,vacant,x,2024-01-01\n";
        let checks = checks(rows).unwrap();
        let ids = [("B", 0), ("A", 1), ("B", 2)].map(|(id, parcel)| (id, ParcelIdx(parcel)));
        let (found, report) = checks.locate(ids);
        let statuses: Vec<_> = found.iter().map(|&(at, i)| (at.0, checks.get(i).unwrap().status)).collect();
        assert_eq!(statuses, [(1, StockClass::NotLow)]);
        assert_eq!((report.checks, report.superseded, report.applied), (3, 1, 1));
        assert_eq!((report.unknown_parcels, report.ambiguous_parcels), (vec!["C".into()], vec!["B".into()]));
    }
}

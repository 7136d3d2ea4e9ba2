use std::collections::HashMap;

use crate::Analysis;
use crate::intensity::{Account, Ledger};
use crate::io::push_number;

const HEADER: &str = "row,id,land_m2,control_m2,unrestricted_m2,developable_m2,construction_m2,construction_inside_m2,\
    construction_outside_m2,other_m2,other_inside_m2,unknown_m2,unknown_inside_m2,unparcelled_m2,gross,gross_upper,net,\
    construction_to_developable,warning_line,limit_m2,headroom_m2,status,limit_source,floor_area_m2,floor_area_unknown,\
    gross_far,net_far,footprint_m2,footprint_unknown,coverage,spacematrix_base_m2,fsi,gsi,osr,l,population,\
    land_per_person_m2,construction_per_person_m2";

/// The ledger as a table (RFC 4180, `\n` ends a line): one row per unit, then the whole study area. `row` is `unit`, `outside` for
/// what lies in no unit, or `total`; the other columns are the keys of `intensity` in `summary.json`, then for each carried
/// column its value and the number of parcels it is unknown of. Unknown is empty.
///
/// # Complexity
/// O(units).
pub fn intensity_csv(ledger: &Ledger) -> String {
    let mut text = Vec::from(HEADER);
    for carried in &ledger.total.density.amounts {
        for name in [carried.name.to_string(), format!("{} unknown", carried.name)] {
            text.push(b',');
            push_field(&mut text, &name);
        }
    }
    text.push(b'\n');
    for account in &ledger.units {
        push_row(&mut text, if account.id.is_some() { "unit" } else { "outside" }, account);
    }
    push_row(&mut text, "total", &ledger.total);
    String::from_utf8(text).unwrap_or_default()
}

/// The fewest parcels whose withdrawal brings each unit back within its limit, from the largest down: unit, rank, id and row
/// of the parcel, and its construction land in the unit.
///
/// # Complexity
/// O(n log n) in parcels of construction land.
pub fn withdrawals_csv(analysis: &Analysis) -> String {
    let set = analysis.parcels();
    let mut text = Vec::from("unit,rank,parcel_id,parcel_row,construction_m2\n");
    let ledger = analysis.ledger();
    let position: HashMap<&str, usize> =
        ledger.units.iter().enumerate().filter_map(|(i, unit)| Some((unit.id.as_deref()?, i))).collect();
    let is_total = |at: usize| at + 1 == analysis.outlooks().len() && ledger.units.len() > 1;
    for (at, unit) in analysis.outlooks().iter().enumerate() {
        let gone = unit.withdrawals.as_deref().unwrap_or_default();
        if gone.is_empty() {
            continue;
        }
        let areas = match position.get(&*unit.id) {
            Some(&position) if !is_total(at) => ledger.construction_in(position),
            _ => ledger.construction_in_all(),
        };
        for (rank, &parcel) in gone.iter().enumerate() {
            push_field(&mut text, &unit.id);
            text.extend_from_slice(format!(",{},", rank + 1).as_bytes());
            push_field(&mut text, set.get(parcel).id().unwrap_or_default());
            text.extend_from_slice(format!(",{},", set.source_row()[parcel.index()]).as_bytes());
            let area = areas.binary_search_by_key(&parcel, |area| area.0).ok().map(|at| areas[at].1);
            push_number(&mut text, area);
            text.push(b'\n');
        }
    }
    String::from_utf8(text).unwrap_or_default()
}

fn push_row(text: &mut Vec<u8>, row: &str, account: &Account) {
    text.extend_from_slice(row.as_bytes());
    text.push(b',');
    if let Some(id) = &account.id {
        push_field(text, id);
    }
    let numbers = |text: &mut Vec<u8>, values: &[Option<f64>]| {
        for &value in values {
            text.push(b',');
            if value.is_some() {
                push_number(text, value);
            }
        }
    };
    let count = |text: &mut Vec<u8>, count: usize| text.extend_from_slice(format!(",{count}").as_bytes());
    numbers(
        text,
        &[
            Some(account.land_m2),
            account.control_m2,
            account.unrestricted_m2,
            account.developable_m2,
            Some(account.construction_m2),
            account.construction_inside_m2,
            account.construction_outside_m2,
            Some(account.other_m2),
            account.other_inside_m2,
            Some(account.unknown_m2),
            account.unknown_inside_m2,
            Some(account.unparcelled_m2),
            account.gross,
            account.gross_upper,
            account.net,
            account.construction_to_developable,
            account.warning_line,
            account.limit_m2,
            account.headroom_m2,
        ],
    );
    text.push(b',');
    text.extend_from_slice(account.status.name().as_bytes());
    text.push(b',');
    push_field(text, account.limit_source.as_deref().unwrap_or_default());
    let density = &account.density;
    numbers(text, &[density.floor_area_m2]);
    count(text, density.floor_area_unknown);
    numbers(text, &[density.gross_far, density.net_far, density.footprint_m2]);
    count(text, density.footprint_unknown);
    numbers(
        text,
        &[
            density.coverage,
            density.spacematrix_base_m2,
            density.fsi,
            density.gsi,
            density.osr,
            density.l,
            density.population,
            density.land_per_person_m2,
            density.construction_per_person_m2,
        ],
    );
    for carried in &density.amounts {
        numbers(text, &[carried.value]);
        count(text, carried.unknown);
    }
    text.push(b'\n');
}

/// One field, quoted where it must be.
pub(super) fn push_field(text: &mut Vec<u8>, field: &str) {
    if field.contains([',', '"', '\n', '\r']) {
        text.push(b'"');
        text.extend_from_slice(field.replace('"', "\"\"").as_bytes());
        text.push(b'"');
    } else {
        text.extend_from_slice(field.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intensity::{Totals, WarningLine};

    #[test]
    fn a_row_has_a_field_for_every_key() {
        let mut text = Vec::new();
        let totals = Totals { developable_m2: Some(40.0), ..Totals::new(100.0, 25.0) };
        let line = WarningLine { share: 0.3, source: "test".into() };
        let account = Account::from_totals("Bao'an, \"west\"", &totals, Some(&line)).unwrap();
        push_row(&mut text, "unit", &account);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "unit,\"Bao'an, \"\"west\"\"\",100.0,,,40.0,25.0,,,75.0,,0.0,,0.0,0.25,0.25,,0.625,0.3,30.0,5.0,below,test,,0,,,,0,,,,,,,,,\n"
        );
        let json = serde_json::to_value(&account).unwrap();
        let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut columns: Vec<&str> = HEADER.split(',').filter(|column| *column != "row").collect();
        keys.sort_unstable();
        columns.sort_unstable();
        assert_eq!(keys, columns);
    }
}

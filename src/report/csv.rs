use crate::intensity::{Account, Ledger};
use crate::io::{OutputDir, push_number};
use crate::{Analysis, Error};

const HEADER: &str = "row,id,land_m2,control_m2,unrestricted_m2,developable_m2,construction_m2,construction_inside_m2,\
    construction_outside_m2,other_m2,unknown_m2,unparcelled_m2,gross,gross_upper,net,construction_to_developable,\
    warning_line,headroom_m2,status";

/// Writes `intensity.csv`: see [`intensity_csv`].
///
/// # Errors
/// [`Error::Io`] where the file cannot be written.
pub fn write_intensity(analysis: &Analysis, out: &OutputDir) -> Result<(), Error> {
    let mut file = out.file("intensity.csv")?;
    file.write(intensity_csv(&analysis.ledger).as_bytes())?;
    file.finish()
}

/// The ledger as a table (RFC 4180, `\n` ends a line): one row per unit, then the whole study area. `row` is `unit`, `outside` for
/// what lies in no unit, or `total`; the other columns are the keys of `intensity` in `summary.json`. Unknown is empty.
///
/// # Complexity
/// O(units).
pub fn intensity_csv(ledger: &Ledger) -> String {
    let mut text = Vec::from(HEADER);
    text.push(b'\n');
    for account in &ledger.units {
        push_row(&mut text, if account.id.is_some() { "unit" } else { "outside" }, account);
    }
    push_row(&mut text, "total", &ledger.total);
    String::from_utf8(text).unwrap_or_default()
}

fn push_row(text: &mut Vec<u8>, row: &str, account: &Account) {
    text.extend_from_slice(row.as_bytes());
    text.push(b',');
    if let Some(id) = &account.id {
        push_field(text, id);
    }
    for value in [
        Some(account.land_m2),
        account.control_m2,
        account.unrestricted_m2,
        account.developable_m2,
        Some(account.construction_m2),
        account.construction_inside_m2,
        account.construction_outside_m2,
        Some(account.other_m2),
        Some(account.unknown_m2),
        Some(account.unparcelled_m2),
        account.gross,
        account.gross_upper,
        account.net,
        account.construction_to_developable,
        account.warning_line,
        account.headroom_m2,
    ] {
        text.push(b',');
        if value.is_some() {
            push_number(text, value);
        }
    }
    text.push(b',');
    text.extend_from_slice(account.status.name().as_bytes());
    text.push(b'\n');
}

/// One field, quoted where it must be.
fn push_field(text: &mut Vec<u8>, field: &str) {
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
            "unit,\"Bao'an, \"\"west\"\"\",100.0,,,40.0,25.0,,,75.0,0.0,0.0,0.25,0.25,,0.625,0.3,5.0,below\n"
        );
        let json = serde_json::to_value(&account).unwrap();
        let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut columns: Vec<&str> = HEADER.split(',').filter(|column| *column != "row").collect();
        keys.sort_unstable();
        columns.sort_unstable();
        assert_eq!(keys, columns);
    }
}

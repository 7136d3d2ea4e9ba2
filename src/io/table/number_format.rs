//! How a table writes its numbers: `1,234.5` or `1.234,5`. Decided once per file, by all of its cells.

use std::borrow::Cow;

use crate::Error;
use crate::io::schema::{Scalar, as_number};
use crate::parcel::TextColumn;

/// Which sign stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberFormat {
    /// `1,234.5`.
    #[default]
    DecimalPoint,
    /// `1.234,5`.
    DecimalComma,
}

impl NumberFormat {
    /// The number that a cell says; none where it says another thing.
    pub(super) fn number(self, cell: &str) -> Option<f64> {
        match self {
            Self::DecimalPoint => as_number(Scalar::Text(cell)),
            Self::DecimalComma => as_number(Scalar::Text(&point_for_comma(cell))),
        }
    }

    /// The format that all cells agree on, in a file whose fields are set apart by `separator`.
    ///
    /// A comma before other than three digits is a decimal comma, a point before other than three a decimal point; of both in one
    /// number the last is the decimal sign. Where every number could be either (`1,007`), a file with semicolons has decimal commas,
    /// as that is why it has semicolons, and a file with commas has decimal points.
    pub(super) fn of(columns: &[(&str, &TextColumn)], separator: char, file: &str) -> Result<Self, Error> {
        // By format, the first value that shows it; a value with a comma and one with a point that could be either.
        let mut shown: [Option<(&str, &str)>; 2] = [None; 2];
        let mut either: [Option<(&str, &str)>; 2] = [None; 2];
        for (name, column) in columns {
            let mut numbers = 0;
            let (mut own_shown, mut own_either) = ([None; 2], [None; 2]);
            for cell in column.iter().flatten() {
                let Some(sign) = Sign::of(cell) else { continue };
                numbers += 1;
                let place = match sign {
                    Sign::None => continue,
                    Sign::Shown(format) => &mut own_shown[format as usize],
                    Sign::Either(comma) => &mut own_either[usize::from(comma)],
                };
                place.get_or_insert((*name, cell));
            }
            // What is mostly text is no evidence.
            if numbers * 2 > column.known() {
                for (all, own) in shown.iter_mut().zip(own_shown).chain(either.iter_mut().zip(own_either)) {
                    *all = all.or(own);
                }
            }
        }
        let ambiguous = |[one, other]: [(&str, &str); 2]| Error::NumberFormat {
            file: file.into(),
            column: one.0.into(),
            value: one.1.into(),
            other_column: other.0.into(),
            other_value: other.1.into(),
        };
        match (shown, either) {
            ([Some(point), Some(comma)], _) | ([None, None], [Some(point), Some(comma)]) => {
                Err(ambiguous([point, comma]))
            }
            ([Some(_), None], _) => Ok(Self::DecimalPoint),
            ([None, Some(_)], _) => Ok(Self::DecimalComma),
            (_, [Some(point), None]) if separator == ';' => Err(ambiguous([point, point])),
            (_, [None, Some(comma)]) if separator == '\t' => Err(ambiguous([comma, comma])),
            (_, [None, Some(_)]) if separator == ';' => Ok(Self::DecimalComma),
            _ => Ok(Self::DecimalPoint),
        }
    }
}

/// What the signs in a number say of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    None,
    Shown(NumberFormat),
    /// Decimals or thousands; whether it is a comma.
    Either(bool),
}

impl Sign {
    /// None where the cell is no number in either format.
    fn of(cell: &str) -> Option<Self> {
        use NumberFormat::{DecimalComma, DecimalPoint};
        let [point, comma] = [DecimalPoint, DecimalComma].map(|format| format.number(cell).is_some());
        let digits = cell.trim_start_matches(['-', '+']);
        Some(match (point, comma) {
            (false, false) => return None,
            (true, false) => Self::Shown(DecimalPoint),
            (false, true) => Self::Shown(DecimalComma),
            (true, true) if !digits.contains([',', '.']) => Self::None,
            // Thousands do not begin with a nought.
            (true, true) if digits.starts_with("0,") => Self::Shown(DecimalComma),
            (true, true) if digits.starts_with("0.") => Self::Shown(DecimalPoint),
            (true, true) => Self::Either(digits.contains(',')),
        })
    }
}

/// A number with its commas and points exchanged.
fn point_for_comma(cell: &str) -> Cow<'_, str> {
    if !cell.contains([',', '.']) {
        return cell.into();
    }
    let exchanged = |c: char| match c {
        ',' => '.',
        '.' => ',',
        other => other,
    };
    cell.chars().map(exchanged).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_all_numbers_agree_on() {
        let format = |cells: &[&str], separator| {
            let column: TextColumn = cells.iter().map(|&cell| Some(cell)).collect();
            NumberFormat::of(&[("tax", &column)], separator, "t").ok()
        };
        let (point, comma) = (Some(NumberFormat::DecimalPoint), Some(NumberFormat::DecimalComma));
        for (cells, separator, expected) in [
            (&["1,007", "2,014"][..], ';', comma),
            (&["1,007", "2,014"], ',', point),
            (&["1,007"], '\t', None),
            (&["1,007", "1,5"], '\t', comma),
            (&["1,007", "1.5"], ';', point),
            (&["1,007", "1,200.5"], ';', point),
            (&["1.007", "1.200,5"], ',', comma),
            (&["1.007.000", "1,007"], ';', comma),
            (&["1.007", "2.014"], ';', None),
            (&["1.007", "2.014"], ',', point),
            (&["0.007", "2.014"], ';', point),
            (&["0,007", "2,014"], '\t', comma),
            (&["1,5", "2.5"], ';', None),
            (&["1,007", "2.014"], ';', None),
            (&["1", "2"], ';', point),
            (&["about 1,5", "much", "1.5"], ';', point),
            (&["12.05.2024", "1,5", "2,5"], ';', comma),
        ] {
            assert_eq!(format(cells, separator), expected, "{cells:?} {separator:?}");
        }
        assert_eq!(NumberFormat::DecimalComma.number("-1.234,5"), Some(-1234.5));
        assert_eq!(NumberFormat::DecimalComma.number("1,234,5"), None);
    }
}

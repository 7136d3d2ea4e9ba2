use super::{Measures, logic};
use crate::error::{Error, ParamError};
use crate::parcel::{CategoryColumn, Column};

/// Named columns of one length, for things that are no parcels: firms, sites, zones.
///
/// As [`Measures`] it understands less than parcels do: a number is a column, or `a / b` of two columns (unknown where `b` is 0);
/// a condition is a column of flags, `not flag`, or `number < 3` (`<= > >= == !=`) and `text == "C26"` (`!=`), joined by `and`
/// and, more loosely, by `or`, in Kleene's logic.
///
/// ```
/// use landuse::efficiency::{Columns, Measures};
///
/// let firms = Columns::new(2)
///     .number("tax", [Some(60.0), Some(9.0)])?
///     .number("land_mu", [Some(4.0), None])?
///     .text("sector", [Some("C26"), Some("C13")])?;
/// assert_eq!(firms.numbers("tax / land_mu")?.get(0), Some(15.0));
/// let large = firms.holds(r#"land_mu >= 3 and sector == "C26""#)?;
/// assert_eq!((large.get(0), large.get(1)), (Some(true), Some(false)));
/// assert!(firms.numbers("taxes").is_err());
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    len: usize,
    numbers: Vec<(Box<str>, Column<f64>)>,
    texts: Vec<(Box<str>, CategoryColumn<Box<str>>)>,
}

impl Columns {
    /// No columns yet, for `len` rows.
    pub fn new(len: usize) -> Self {
        Self { len, ..Self::default() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a column of numbers; one that is not finite counts as unknown.
    ///
    /// # Errors
    /// [`ParamError`] for a name that is taken, [`Error::Data`] for another number of rows.
    pub fn number(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = Option<f64>>,
    ) -> Result<Self, Error> {
        let values: Column<f64> = values.into_iter().map(|value| value.filter(|v| v.is_finite())).collect();
        self.check(name, values.len())?;
        self.numbers.push((name.into(), values));
        Ok(self)
    }

    /// Adds a column of flags, which reads as 1 and 0 where a number is asked for.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn flag(self, name: &str, flags: impl IntoIterator<Item = Option<bool>>) -> Result<Self, Error> {
        self.number(name, flags.into_iter().map(|flag| flag.map(|flag| f64::from(u8::from(flag)))))
    }

    /// Adds a column of texts.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn text<'t>(
        mut self,
        name: &str,
        texts: impl IntoIterator<Item = Option<&'t str>>,
    ) -> Result<Self, Error> {
        let mut column = CategoryColumn::new();
        for text in texts {
            column.push(text);
        }
        self.check(name, column.len())?;
        self.texts.push((name.into(), column));
        Ok(self)
    }

    fn check(&self, name: &str, found: usize) -> Result<(), Error> {
        if self.names().any(|own| own == name) {
            return Err(ParamError::new("column", name, "a name that is not taken").into());
        }
        same_length(name, found, self.len)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.numbers.iter().map(|(name, _)| &**name).chain(self.texts.iter().map(|(name, _)| &**name))
    }

    fn find(&self, name: &str) -> Result<&Column<f64>, Error> {
        self.numbers.iter().find(|(own, _)| **own == *name).map(|(_, column)| column).ok_or_else(|| {
            let expected = format!("one of {}", self.names().collect::<Vec<_>>().join(", "));
            ParamError::new("column", name, &expected).into()
        })
    }

    fn clause(&self, clause: &str) -> Result<Vec<Option<bool>>, Error> {
        let clause = clause.trim();
        if let Some(rest) = clause.strip_prefix("not ") {
            return Ok(self.clause(rest)?.into_iter().map(logic::not).collect());
        }
        let Some((left, operator, right)) = ["<=", ">=", "==", "!=", "<", ">"].iter().find_map(|operator| {
            let (left, right) = split_plain(clause, operator)?;
            Some((left.trim(), *operator, right.trim()))
        }) else {
            return Ok(self.numbers(clause)?.iter().map(|value| value.map(|value| value != 0.0)).collect());
        };
        if let Some((_, column)) = self.texts.iter().find(|(name, _)| **name == *left) {
            let bare = right.trim_matches(['"', '\'']);
            if bare.len() + 2 != right.len() || !matches!(operator, "==" | "!=") {
                return Err(ParamError::new(
                    "condition",
                    clause,
                    "a text compares by == or != with a text in quotes",
                )
                .into());
            }
            let found = column.distinct().iter().position(|text| **text == *bare).map(|key| key as u32);
            return Ok((0..self.len)
                .map(|i| column.key(i).map(|key| (Some(key) == found) == (operator == "==")))
                .collect());
        }
        let limit: f64 =
            right.parse().ok().filter(|limit: &f64| limit.is_finite()).ok_or_else(|| {
                ParamError::new("condition", clause, "a column compared with a finite number")
            })?;
        let holds = |value: f64| match operator {
            "<=" => value <= limit,
            ">=" => value >= limit,
            "==" => value == limit,
            "!=" => value != limit,
            "<" => value < limit,
            _ => value > limit,
        };
        Ok(self.numbers(left)?.iter().map(|value| value.map(holds)).collect())
    }
}

/// Refuses a column of another length than the rows it belongs to.
pub(super) fn same_length(name: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Data(format!("column `{name}` has {found} values for {expected} rows").into()))
}

/// Splits at the first `separator` outside of quotes.
fn split_plain<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut quote = None;
    for (i, letter) in text.char_indices() {
        match quote {
            Some(open) if open == letter => quote = None,
            Some(_) => {}
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            None => {
                if let Some(rest) = text.get(i..).and_then(|rest| rest.strip_prefix(separator)) {
                    return Some((&text[..i], rest));
                }
            }
        }
    }
    None
}

/// The pieces between `separator`s outside of quotes.
fn pieces<'t>(mut text: &'t str, separator: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    while let Some((piece, rest)) = split_plain(text, separator) {
        found.push(piece);
        text = rest;
    }
    found.push(text);
    found
}

impl Measures for Columns {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        let name = expression.trim();
        let Some((above, below)) = name.split_once('/') else { return self.find(name).cloned() };
        let (above, below) = (self.find(above.trim())?, self.find(below.trim())?);
        let quotient = |(a, b): (Option<f64>, Option<f64>)| Some(a? / b?).filter(|q| q.is_finite());
        Ok(above.iter().zip(below.iter()).map(quotient).collect())
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        let mut any = vec![Some(false); self.len];
        for alternative in pieces(expression, " or ") {
            let mut all = vec![Some(true); self.len];
            for clause in pieces(alternative, " and ") {
                for (all, flag) in all.iter_mut().zip(self.clause(clause)?) {
                    *all = logic::all([*all, flag]);
                }
            }
            for (any, flag) in any.iter_mut().zip(all) {
                *any = logic::any([*any, flag]);
            }
        }
        Ok(any.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_follow_kleene() {
        let table = Columns::new(3)
            .number("a", [Some(1.0), None, Some(5.0)])
            .unwrap()
            .flag("f", [Some(true), Some(false), None])
            .unwrap()
            .text("t", [Some("x and y"), Some("z"), None])
            .unwrap();
        let holds = |text: &str| table.holds(text).unwrap().iter().collect::<Vec<_>>();
        assert_eq!(holds("a >= 1 and f"), [Some(true), Some(false), None]);
        assert_eq!(holds("a > 4 or not f"), [Some(false), Some(true), Some(true)]);
        assert_eq!(holds("t == \"x and y\""), [Some(true), Some(false), None]);
        assert_eq!(holds("t != 'q'"), [Some(true), Some(true), None]);
        for wrong in ["a < x", "t < 'a'", "nothing", "a / nothing > 1", "t == z", ""] {
            assert!(table.holds(wrong).is_err(), "{wrong}");
        }
        assert!(Columns::new(2).number("a", [Some(1.0)]).is_err());
        assert!(table.clone().flag("a", [None; 3]).is_err());
    }
}

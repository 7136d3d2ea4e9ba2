use super::{ColumnRef, NamedColumns};
use crate::column::{CategoryColumn, Column};
use crate::error::{Error, ParamError};

/// Named columns of one length, for rows that are no parcels: firms, sites, zones.
///
/// ```
/// use landuse::expr::{ColumnTable, Expr};
///
/// let firms = ColumnTable::new(2)
///     .number("tax", [Some(60.0), Some(9.0)])?
///     .number("land_mu", [Some(4.0), None])?
///     .text("sector", [Some("C26"), Some("C13")])?;
/// assert_eq!(Expr::parse("tax / land_mu")?.numbers(&firms)?.get(0), Some(15.0));
/// let large = Expr::parse(r#"land_mu >= 3 and sector == "C26""#)?.conditions(&firms)?;
/// assert_eq!((large.get(0), large.get(1)), (Some(true), Some(false)));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnTable {
    len: usize,
    rows_are: Box<str>,
    columns: Vec<(Box<str>, Values)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Numbers(Column<f64>),
    Flags(Column<bool>),
    Texts(CategoryColumn<Box<str>>),
}

impl ColumnTable {
    /// No columns yet, for `len` rows.
    pub fn new(len: usize) -> Self {
        Self { len, rows_are: "table".into(), columns: Vec::new() }
    }

    /// Sets what a row is, in the plural, for errors: `firms`. Default: `table`.
    #[must_use]
    pub fn rows_are(mut self, plural: &str) -> Self {
        self.rows_are = plural.into();
        self
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
    /// [`ParamError`] for a name that is taken, or another number of rows.
    pub fn number(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = Option<f64>>,
    ) -> Result<Self, Error> {
        let values: Column<f64> = values.into_iter().map(|value| value.filter(|v| v.is_finite())).collect();
        self.add(name, values.len(), Values::Numbers(values))?;
        Ok(self)
    }

    /// Adds a column of flags.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn flag(mut self, name: &str, flags: impl IntoIterator<Item = Option<bool>>) -> Result<Self, Error> {
        let flags: Column<bool> = flags.into_iter().collect();
        self.add(name, flags.len(), Values::Flags(flags))?;
        Ok(self)
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
        self.add(name, column.len(), Values::Texts(column))?;
        Ok(self)
    }

    fn add(&mut self, name: &str, found: usize, values: Values) -> Result<(), Error> {
        if self.columns.iter().any(|(own, _)| **own == *name) {
            return Err(ParamError::new("column", name, "a name that is not taken").into());
        }
        same_length(name, found, self.len)?;
        self.columns.push((name.into(), values));
        Ok(())
    }
}

impl NamedColumns for ColumnTable {
    fn len(&self) -> usize {
        self.len
    }

    fn rows_are(&self) -> &str {
        &self.rows_are
    }

    fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| &**name).collect()
    }

    fn column(&self, name: &str) -> Option<ColumnRef<'_>> {
        let (_, values) = self.columns.iter().find(|(own, _)| **own == *name)?;
        Some(match values {
            Values::Numbers(column) => ColumnRef::numbers(column),
            Values::Flags(column) => ColumnRef::flags(column),
            Values::Texts(column) => ColumnRef::categories(column),
        })
    }
}

/// Refuses a column of another length than the rows it belongs to.
pub(crate) fn same_length(name: &str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let found = format!("{found} values");
    Err(ParamError::new(name, found, &format!("{expected}, one per row")).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;

    #[test]
    fn conditions_follow_kleene() {
        let table = ColumnTable::new(3)
            .number("a", [Some(1.0), None, Some(5.0)])
            .unwrap()
            .flag("f", [Some(true), Some(false), None])
            .unwrap()
            .number("n", [Some(1.0), Some(0.0), None])
            .unwrap()
            .text("w", [Some("yes"), Some("no"), None])
            .unwrap()
            .text("t", [Some("x and y"), Some("z"), None])
            .unwrap();
        let holds = |text: &str| {
            Expr::parse(text).unwrap().conditions(&table).map(|found| found.iter().collect::<Vec<_>>())
        };
        for (text, expected) in [
            ("a >= 1 and f", [Some(true), Some(false), None]),
            ("a > 4 or not f", [Some(false), Some(true), Some(true)]),
            ("t == \"x and y\"", [Some(true), Some(false), None]),
            ("t != 'q'", [Some(true), Some(true), None]),
            ("n", [Some(true), Some(false), None]),
            ("not w", [Some(false), Some(true), None]),
            ("2 * f - 1 > 0", [Some(true), Some(false), None]),
        ] {
            assert_eq!(holds(text).unwrap(), expected, "{text}");
        }
        assert!(holds("a").is_err() && holds("t").is_err(), "neither is a flag");
    }
}

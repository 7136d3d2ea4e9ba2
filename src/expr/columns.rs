use std::fmt;
use std::hash::Hash;

use crate::column::{CategoryColumn, Column, TextColumn};

/// Rows whose columns an [`Expr`](super::Expr) can name: parcels, firms, districts, cells.
pub trait NamedColumns {
    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a row is, in the plural, for errors: `parcels`, `firms`.
    fn rows_are(&self) -> &str;

    /// The names of all columns, in any order.
    fn names(&self) -> Vec<&str>;

    /// The column of a name, as long as [`len`](Self::len); none where there is none.
    fn column(&self, name: &str) -> Option<ColumnRef<'_>>;
}

/// A borrowed column of numbers, flags or texts.
pub struct ColumnRef<'a> {
    pub(super) values: Values<'a>,
}

impl fmt::Debug for ColumnRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.values {
            Values::Known(_) | Values::Numbers(_) | Values::NumberBy(_) => "numbers",
            Values::Flags(_) | Values::FlagBy(_) => "flags",
            Values::Texts(_) | Values::Categories(_) => "texts",
        };
        f.debug_tuple("ColumnRef").field(&kind).finish()
    }
}

/// The kinds of columns.
pub(super) enum Values<'a> {
    Known(&'a [f64]),
    Numbers(&'a Column<f64>),
    NumberBy(Box<dyn Fn(usize) -> Option<f64> + Send + Sync + 'a>),
    Flags(&'a Column<bool>),
    FlagBy(Box<dyn Fn(usize) -> Option<bool> + Send + Sync + 'a>),
    Texts(&'a TextColumn),
    Categories(Categories<'a>),
}

/// Texts kept once each, and per row the key of its text.
pub(super) struct Categories<'a> {
    pub(super) keys: &'a [u32],
    pub(super) label: Box<dyn Fn(u32) -> Option<&'a str> + Send + Sync + 'a>,
    pub(super) terms: &'a [&'a str],
    distinct: u32,
}

impl<'a> Categories<'a> {
    pub(super) fn key(&self, row: usize) -> Option<u32> {
        self.keys.get(row).copied().filter(|&key| key < self.distinct)
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = Option<&'a str>> {
        (0..self.distinct).map(|key| (self.label)(key))
    }
}

impl<'a> ColumnRef<'a> {
    /// Numbers that are all known.
    pub fn known(values: &'a [f64]) -> Self {
        Self { values: Values::Known(values) }
    }

    /// Numbers.
    pub fn numbers(column: &'a Column<f64>) -> Self {
        Self { values: Values::Numbers(column) }
    }

    /// Numbers computed row by row.
    pub fn number_by(value: impl Fn(usize) -> Option<f64> + Send + Sync + 'a) -> Self {
        Self { values: Values::NumberBy(Box::new(value)) }
    }

    /// Flags.
    pub fn flags(column: &'a Column<bool>) -> Self {
        Self { values: Values::Flags(column) }
    }

    /// Flags computed row by row.
    pub fn flag_by(flag: impl Fn(usize) -> Option<bool> + Send + Sync + 'a) -> Self {
        Self { values: Values::FlagBy(Box::new(flag)) }
    }

    /// Texts that mostly differ, such as ids.
    pub fn texts(column: &'a TextColumn) -> Self {
        Self { values: Values::Texts(column) }
    }

    /// Texts that repeat.
    pub fn categories(column: &'a CategoryColumn<Box<str>>) -> Self {
        Self::labelled(column, |key| column.distinct().get(key as usize).map(|text| &**text))
    }

    /// Values that repeat, each with a text by its [key](CategoryColumn::key).
    pub fn labelled<T: Eq + Hash + Clone>(
        column: &'a CategoryColumn<T>,
        label: impl Fn(u32) -> Option<&'a str> + Send + Sync + 'a,
    ) -> Self {
        let distinct = column.distinct().len() as u32;
        let (keys, label) = (column.keys(), Box::new(label));
        Self { values: Values::Categories(Categories { keys, label, terms: &[], distinct }) }
    }

    /// Says that the texts of repeating values are among `terms`: others are refused, and bare words beside `==` stand for them.
    #[must_use]
    pub fn among(mut self, terms: &'a [&'a str]) -> Self {
        if let Values::Categories(categories) = &mut self.values {
            categories.terms = terms;
        }
        self
    }
}

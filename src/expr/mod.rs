//! Expressions over [named columns](NamedColumns) of parcels, firms, districts or cells: which rows to take, or a number per row to score
//! them by.
//!
//! ```
//! use geo::{Rect, coord};
//! use landuse::expr::Expr;
//! use landuse::parcel::ParcelColumns;
//! use landuse::zoning::{LandUseCode, Schemes};
//! use landuse::{Parcel, ParcelSet};
//!
//! let land = |x: f64| Rect::new(coord! { x: x, y: 0. }, coord! { x: x + 50., y: 60. }).to_polygon();
//! let works = LandUseCode::new("mnr", "2023", "100102");
//! let parcels = ParcelSet::local([
//!     Parcel::new("a", land(0.)).current_use(works.clone()).text("owner", "private"),
//!     Parcel::new("b", land(50.)).current_use(works).text("owner", "public"),
//!     Parcel::new("c", land(100.)),
//! ]);
//! let expr = Expr::parse(r#"class in (industrial, logistics) and area_m2 >= 2000 and not (owner == "public")"#)?;
//! let columns = ParcelColumns { set: &parcels, schemes: &Schemes::builtin() };
//! let selection = expr.select(&columns)?;
//! let selected = parcels.iter().filter(|parcel| selection.mask[parcel.idx().index()]);
//! assert_eq!(selected.map(|parcel| parcel.id()).collect::<Vec<_>>(), [Some("a")]);
//! assert_eq!(selection.unknown, 1);                          // nothing is known of c's use
//! # Ok::<(), landuse::Error>(())
//! ```
//!
//! # Language
//!
//! * numbers `2000`, `1.5e3`; texts `"public"` or `'public'`; `true`, `false`; column names, in `` `backquotes` `` where they are
//!   no plain words;
//! * `+ - * /` and brackets on numbers; a quotient by zero is unknown;
//! * `== != < <= > >=` (also `=`); texts compare by `==` and `!=`, with a number as it is written: `use_code == 0400` is the text `0400`;
//! * `x in (a, b)`, `x not in (a, b)`: bare words and, of a column of texts, numbers as they are written are texts; so is a bare word
//!   beside `==` and a column whose texts are all named beforehand, such as `class`;
//! * in such a list `10*` or `"M1*"` is everything that begins so, and `400..442` everything from one bound to the other, both included;
//!   of texts both bounds have the same length, and longer texts go by as many first letters: `("05H1".."0702")` has `0601` and `060101`;
//! * `x between a and b` is `x in (a..b)`;
//! * a flag by itself is a condition; so is a column of 0 and 1, or of `true` and `false`, `yes` and `no`, 是 and 否. A flag counts 1 or 0
//!   where a number is asked for;
//! * `text starts_with "10"`, `ends_with`, `contains`; `text like "R_%"` with `_` for one letter and `%` for any, `\\` before one that is meant
//!   as it is; `ilike` whatever the case of letters. Numbers are asked by their decimal digits;
//! * `x is unknown`, `x is known`;
//! * `not`, `and`, `or`, binding in this order, tightest first.
//!
//! # Unknown
//!
//! What is not known is neither true nor false (Kleene's three values): `floor_area_m2 < 100` and its negation are both unknown
//! where the floor area is. `unknown and false` is false, `unknown or true` is true. Only at the end does unknown mean "not
//! selected", and [`Selection::unknown`] counts it.
//!
//! # Columns
//!
//! Whatever the owner of the rows names: [`ParcelColumns`](crate::parcel::ParcelColumns), a [`ColumnTable`].

mod asked;
mod bind;
mod columns;
mod eval;
#[cfg(test)]
mod expr_tests;
mod parse;
mod pattern;
mod table;

pub use asked::Asked;
pub use columns::{ColumnRef, NamedColumns};
pub use table::ColumnTable;
pub(crate) use table::same_length;

use std::collections::BTreeSet;

use self::bind::{Context, FALSE, TRUE, UNKNOWN};
use self::parse::Parser;
use self::pattern::Pattern;
use crate::column::Column;
use crate::error::{Error, ParamError, nearest};
use crate::parallel;

/// Rows evaluated at a time: columns of intermediate values stay in the cache.
const CHUNK: usize = 2048;

/// An expression, parsed but not yet bound to columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    root: Node,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expression `{text}`: at character {position}: found {found}, expected {expected}")]
pub struct ExprError {
    text: Box<str>,
    position: usize,
    found: Box<str>,
    expected: Box<str>,
}

impl ExprError {
    /// Where the fault is: characters from 1.
    pub fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn into_param(self) -> ParamError {
        let place = format!("`{}` at character {}", self.text, self.position);
        let expected = format!("{} there, found {}", self.expected, self.found);
        ParamError::new("expression", place.trim_matches('`'), &expected)
    }
}

impl From<ExprError> for Error {
    fn from(error: ExprError) -> Self {
        Self::Param(error.into_param())
    }
}

/// Which rows an expression is true of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// One per row: whether the expression is true.
    pub mask: Vec<bool>,
    /// Rows it is true of.
    pub selected: usize,
    /// Rows it is neither true nor false of, because something is not known; they are not selected.
    pub unknown: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    End,
    Anywhere,
    Like,
    LikeAnyCase,
}

impl Part {
    /// What is asked of a text.
    fn question(self, piece: &str) -> Box<dyn Fn(&str) -> bool + Send + Sync> {
        let piece: Box<str> = piece.into();
        match self {
            Self::Start => Box::new(move |text| text.starts_with(&*piece)),
            Self::End => Box::new(move |text| text.ends_with(&*piece)),
            Self::Anywhere => Box::new(move |text| text.contains(&*piece)),
            Self::Like => {
                let pattern = Pattern::new(&piece);
                Box::new(move |text| pattern.fits(text))
            }
            Self::LikeAnyCase => {
                let pattern = Pattern::new(&piece.to_lowercase());
                Box::new(move |text| pattern.fits(&text.to_lowercase()))
            }
        }
    }
}

/// What stands in a list.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    One(Node),
    /// Everything that begins so.
    Prefix(Box<str>),
    /// From one bound to the other, both included.
    Range(Node, Node),
}

/// Chains are lists, so that the depth of the tree is that of the brackets.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// A number, and how it is written.
    Number(f64, Box<str>),
    Text(Box<str>),
    Truth(bool),
    Name(Box<str>),
    Negative(Box<Node>),
    /// Each term with whether it is subtracted (divided by).
    Sum(Vec<(bool, Node)>),
    Product(Vec<(bool, Node)>),
    Compare(Order, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Item>),
    Has(Part, Box<Node>, Box<str>),
    Known(Box<Node>),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Expr {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`ExprError`] with the position, what was found and what was expected.
    ///
    /// ```
    /// use landuse::expr::Expr;
    /// let error = Expr::parse("area_m2 >= ").unwrap_err();
    /// assert_eq!(error.to_string(), "expression `area_m2 >= `: at character 12: found the end, \
    ///     expected a number, a text, a column or `(`");
    /// ```
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        Ok(Self { root: Parser::new(text)?.whole()? })
    }

    /// The columns it may name, sorted, each once; among them a bare word beside `==`, which the columns may take as a text.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.root, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Which rows it is true of.
    ///
    /// # Errors
    /// [`Error::Param`] naming every column that there is none of (with a near name, and those there are), an unknown class, or an
    /// operation between things that do not go together.
    ///
    /// # Complexity
    /// O(rows · size of the expression), a few thousand rows at a time; each distinct text is compared once.
    pub fn select(&self, columns: &impl NamedColumns) -> Result<Selection, Error> {
        let truths = self.truths(columns)?;
        let mask: Vec<bool> = truths.iter().map(|&truth| truth == TRUE).collect();
        let selected = mask.iter().filter(|selected| **selected).count();
        let unknown = truths.iter().map(|&truth| usize::from(truth == UNKNOWN)).sum();
        Ok(Selection { mask, selected, unknown })
    }

    fn truths(&self, columns: &dyn NamedColumns) -> Result<Vec<u8>, Error> {
        let context = Context::new(&self.root, columns)?;
        let test = context.test(&self.root)?;
        let mut truths = vec![FALSE; columns.len()];
        parallel::chunks(&mut truths, CHUNK, &|i, out| test.eval(i * CHUNK, out));
        Ok(truths)
    }

    /// Whether it is true of each row.
    ///
    /// # Errors
    /// As [`select`](Self::select).
    pub fn conditions(&self, columns: &impl NamedColumns) -> Result<Column<bool>, Error> {
        let truths = self.truths(columns)?;
        let truth = |truth| match truth {
            UNKNOWN => None,
            truth => Some(truth == TRUE),
        };
        Ok(truths.into_iter().map(truth).collect())
    }

    /// Its value for each row; unknown where anything it needs is, where it divides by zero or overflows.
    ///
    /// # Errors
    /// As [`select`](Self::select); also where it is no number.
    ///
    /// ```
    /// use landuse::expr::{ColumnTable, Expr};
    ///
    /// let lots = ColumnTable::new(1).number("improvement_value", [Some(3e6)])?.number("land_value", [Some(2e6)])?;
    /// assert_eq!(Expr::parse("improvement_value / land_value")?.numbers(&lots)?.get(0), Some(1.5));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn numbers(&self, columns: &impl NamedColumns) -> Result<Column<f64>, Error> {
        let context = Context::new(&self.root, columns)?;
        let value = context.number(&self.root)?;
        let mut values = vec![0.0; columns.len()];
        parallel::chunks(&mut values, CHUNK, &|i, out| value.eval(i * CHUNK, out));
        Ok(values.into_iter().map(|value| Some(value).filter(|value| value.is_finite())).collect())
    }
}

/// Refuses expressions that cannot be read, or that name columns there are none of: all of these in one error.
///
/// # Errors
/// As [`Expr::select`].
///
/// ```
/// use landuse::expr::{ColumnTable, check};
/// let firms = ColumnTable::new(1).rows_are("firms").number("tax", [Some(60.0)])?;
/// let error = check(["taks > 1", "jobs / tax"], &firms).unwrap_err();
/// assert_eq!(error.to_string(), "`columns` is jobs, taks (`tax`?), expected columns of the firms: tax");
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn check<'e>(
    expressions: impl IntoIterator<Item = &'e str>,
    columns: &impl NamedColumns,
) -> Result<(), Error> {
    let mut missing = BTreeSet::new();
    for expression in expressions {
        let expression = Expr::parse(expression)?;
        let context = Context { columns };
        let mut names = Vec::new();
        context.missing(&expression.root, &mut names);
        missing.extend(names.into_iter().map(String::from));
    }
    no_missing(&missing, columns)
}

/// An error that names all columns there are none of, where there is any.
fn no_missing(missing: &BTreeSet<String>, columns: &dyn NamedColumns) -> Result<(), Error> {
    let mut known = columns.names();
    known.sort_unstable();
    known.dedup();
    let near = |name: &str| {
        nearest(name, known.iter().copied()).map_or(String::new(), |near| format!(" (`{near}`?)"))
    };
    let (rows, all) = (columns.rows_are(), known.join(", "));
    let mut names = missing.iter();
    Err(Error::Param(match (names.next(), names.len()) {
        (None, _) => return Ok(()),
        (Some(name), 0) => {
            ParamError::new("column", name, &format!("a column of the {rows}{}: {all}", near(name)))
        }
        _ => {
            let names: Vec<String> = missing.iter().map(|name| name.clone() + &near(name)).collect();
            ParamError::new("columns", names.join(", "), &format!("columns of the {rows}: {all}"))
        }
    }))
}

fn collect<'a>(node: &'a Node, names: &mut Vec<&'a str>) {
    match node {
        Node::Number(..) | Node::Text(_) | Node::Truth(_) => {}
        Node::Name(name) => names.push(name),
        Node::Negative(a) | Node::Known(a) | Node::Not(a) | Node::In(a, _) | Node::Has(_, a, _) => {
            collect(a, names);
        }
        Node::Sum(terms) | Node::Product(terms) => terms.iter().for_each(|(_, term)| collect(term, names)),
        Node::Compare(_, a, b) => {
            collect(a, names);
            collect(b, names);
        }
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| collect(node, names)),
    }
}

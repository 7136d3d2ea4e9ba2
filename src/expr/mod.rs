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
//! * `== != < <= > >=` (also `=`); texts compare by `==` and `!=`;
//! * `x in (a, b)`, `x not in (a, b)`: bare words in the list are texts; so is a bare word beside `==` and a column whose texts are
//!   all named beforehand, such as `class`;
//! * a flag by itself is a condition; so is a column of 0 and 1, or of `true` and `false`, `yes` and `no`, 是 and 否. A flag counts 1 or 0
//!   where a number is asked for;
//! * `text starts_with "10"`, `ends_with`, `contains`;
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

mod columns;
mod table;

pub use columns::{ColumnRef, NamedColumns};
pub use table::ColumnTable;
pub(crate) use table::same_length;

use std::borrow::Cow;
use std::collections::BTreeSet;

use self::columns::{Categories, Values};
use crate::column::{Column, TextColumn, flag_of};
use crate::error::{Error, ParamError, nearest};
use crate::parallel;

/// How deep brackets and signs may nest.
const MAX_DEPTH: usize = 100;
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
}

impl From<ExprError> for Error {
    fn from(error: ExprError) -> Self {
        let place = format!("`{}` at character {}", error.text, error.position);
        let expected = format!("{} there, found {}", error.expected, error.found);
        Self::Param(ParamError::new("expression", place.trim_matches('`'), &expected))
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
}

/// Chains are lists, so that the depth of the tree is that of the brackets.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Text(Box<str>),
    Truth(bool),
    Name(Box<str>),
    Negative(Box<Node>),
    /// Each term with whether it is subtracted (divided by).
    Sum(Vec<(bool, Node)>),
    Product(Vec<(bool, Node)>),
    Compare(Order, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Node>),
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
        let tokens = tokens(text)?;
        let mut parser = Parser { text, tokens, next: 0, depth: 0 };
        let root = parser.any()?;
        match parser.peek() {
            Token::End => Ok(Self { root }),
            _ => Err(parser.fault("an operator, `and`, `or` or the end")),
        }
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
        Node::Number(_) | Node::Text(_) | Node::Truth(_) => {}
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

// ---- reading ----

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(Box<str>),
    /// A plain word: a keyword or a name.
    Word(Box<str>),
    /// A name in backquotes.
    Quoted(Box<str>),
    Sign(&'static str),
    End,
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ExprError> {
    const SIGNS: [&str; 14] = ["==", "!=", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/"];
    let fault = |at: usize, expected: &str| {
        let found = text[at..].chars().next().map_or("the end".into(), |c| format!("`{c}`"));
        fault_at(text, at, found, expected)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, token) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (sign.len(), Token::Sign(sign))
        } else if matches!(first, '"' | '\'' | '`') {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or_else(|| fault(at, &format!("a closing {first}")))?;
            let content: Box<str> = inner[..end].into();
            (end + 2, if first == '`' { Token::Quoted(content) } else { Token::Text(content) })
        } else if first.is_ascii_digit() || first == '.' {
            let mut end = 0;
            for (i, c) in rest.char_indices() {
                let exponent_sign = matches!(c, '+' | '-') && rest[..i].ends_with(['e', 'E']);
                if !(c.is_alphanumeric() || matches!(c, '.' | '_') || exponent_sign) {
                    break;
                }
                end = i + c.len_utf8();
            }
            let number = rest[..end].replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
            let number = number.ok_or_else(|| {
                fault_at(
                    text,
                    at,
                    format!("`{}`", &rest[..end]),
                    "a finite number (names that begin with a digit stand in backquotes)",
                )
            })?;
            (end, Token::Number(number))
        } else if first.is_alphabetic() || matches!(first, '_' | '$') {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.')))
                .unwrap_or(rest.len());
            (end, Token::Word(rest[..end].into()))
        } else {
            return Err(fault(at, "a number, a text, a column or an operator"));
        };
        found.push((at, token));
        at += length;
    }
    found.push((text.len(), Token::End));
    Ok(found)
}

fn fault_at(text: &str, at: usize, found: String, expected: &str) -> ExprError {
    let position = text.get(..at).unwrap_or(text).chars().count() + 1;
    ExprError { text: text.into(), position, found: found.into(), expected: expected.into() }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn fault(&self, expected: &str) -> ExprError {
        let at = self.tokens.get(self.next).map_or(self.text.len(), |(at, _)| *at);
        let found = match self.peek() {
            Token::Number(number) => format!("`{number}`"),
            Token::Text(text) => format!("\"{text}\""),
            Token::Word(word) | Token::Quoted(word) => format!("`{word}`"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".into(),
        };
        fault_at(self.text, at, found, expected)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let taken = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(taken);
        taken
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        self.next += usize::from(taken);
        taken
    }

    /// Runs `inner` one level deeper.
    fn deeper(&mut self, inner: fn(&mut Self) -> Result<Node, ExprError>) -> Result<Node, ExprError> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault("brackets, signs and `not` nested at most 100 deep"));
        }
        self.depth += 1;
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn any(&mut self) -> Result<Node, ExprError> {
        self.chain("or", Self::all, Node::Any)
    }

    fn all(&mut self) -> Result<Node, ExprError> {
        self.chain("and", Self::not, Node::All)
    }

    fn chain(
        &mut self,
        word: &str,
        inner: fn(&mut Self) -> Result<Node, ExprError>,
        make: fn(Vec<Node>) -> Node,
    ) -> Result<Node, ExprError> {
        let first = inner(self)?;
        if !self.take_word(word) {
            return Ok(first);
        }
        let mut nodes = vec![first, inner(self)?];
        while self.take_word(word) {
            nodes.push(inner(self)?);
        }
        Ok(make(nodes))
    }

    fn not(&mut self) -> Result<Node, ExprError> {
        if self.take_word("not") {
            return Ok(Node::Not(Box::new(self.deeper(Self::not)?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, ExprError> {
        const ORDERS: [(&str, Order); 7] = [
            ("==", Order::Equal),
            ("=", Order::Equal),
            ("!=", Order::NotEqual),
            ("<=", Order::LessEqual),
            (">=", Order::GreaterEqual),
            ("<", Order::Less),
            (">", Order::Greater),
        ];
        let left = self.sum()?;
        for (sign, order) in ORDERS {
            if self.take_sign(sign) {
                let right = self.sum()?;
                return Ok(Node::Compare(order, Box::new(left), Box::new(right)));
            }
        }
        if self.take_word("is") {
            let negated = self.take_word("not");
            let unknown = self.take_word("unknown");
            if !unknown && !self.take_word("known") {
                return Err(self.fault("`known` or `unknown`"));
            }
            let known = Node::Known(Box::new(left));
            return Ok(if unknown == negated { known } else { Node::Not(Box::new(known)) });
        }
        let negated = self.take_word("not");
        let test = if self.take_word("in") {
            Node::In(Box::new(left), self.list()?)
        } else if let Some(part) =
            [("starts_with", Part::Start), ("ends_with", Part::End), ("contains", Part::Anywhere)]
                .into_iter()
                .find_map(|(word, part)| self.take_word(word).then_some(part))
        {
            let Token::Text(text) = self.peek().clone() else { return Err(self.fault("a text in quotes")) };
            self.next += 1;
            Node::Has(part, Box::new(left), text)
        } else if negated {
            return Err(self.fault("`in`, `starts_with`, `ends_with` or `contains`"));
        } else {
            return Ok(left);
        };
        Ok(if negated { Node::Not(Box::new(test)) } else { test })
    }

    fn list(&mut self) -> Result<Vec<Node>, ExprError> {
        if !self.take_sign("(") {
            return Err(self.fault("`(`"));
        }
        let mut items = Vec::new();
        loop {
            let negative = self.take_sign("-");
            items.push(match self.peek().clone() {
                Token::Number(number) => Node::Number(if negative { -number } else { number }),
                Token::Text(text) | Token::Word(text) if !negative => Node::Text(text),
                _ => return Err(self.fault("a number, a text or a word")),
            });
            self.next += 1;
            if self.take_sign(")") {
                return Ok(items);
            }
            if !self.take_sign(",") {
                return Err(self.fault("`,` or `)`"));
            }
        }
    }

    fn sum(&mut self) -> Result<Node, ExprError> {
        self.terms(["+", "-"], Self::product, Node::Sum)
    }

    fn product(&mut self) -> Result<Node, ExprError> {
        self.terms(["*", "/"], Self::signed, Node::Product)
    }

    fn terms(
        &mut self,
        signs: [&str; 2],
        inner: fn(&mut Self) -> Result<Node, ExprError>,
        make: fn(Vec<(bool, Node)>) -> Node,
    ) -> Result<Node, ExprError> {
        let first = inner(self)?;
        let mut terms = vec![(false, first)];
        loop {
            let inverse = if self.take_sign(signs[0]) {
                false
            } else if self.take_sign(signs[1]) {
                true
            } else {
                break;
            };
            terms.push((inverse, inner(self)?));
        }
        match terms.pop() {
            Some((_, only)) if terms.is_empty() => Ok(only),
            last => {
                terms.extend(last);
                Ok(make(terms))
            }
        }
    }

    fn signed(&mut self) -> Result<Node, ExprError> {
        const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "is", "starts_with", "ends_with", "contains"];
        if self.take_sign("-") {
            return Ok(Node::Negative(Box::new(self.deeper(Self::signed)?)));
        }
        if self.take_sign("(") {
            let node = self.deeper(Self::any)?;
            return if self.take_sign(")") { Ok(node) } else { Err(self.fault("`)`")) };
        }
        let node = match self.peek().clone() {
            Token::Number(number) => Node::Number(number),
            Token::Text(text) => Node::Text(text),
            Token::Quoted(name) => Node::Name(name),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Node::Truth(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Node::Truth(false),
            Token::Word(word) if !KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) => {
                Node::Name(word)
            }
            _ => return Err(self.fault("a number, a text, a column or `(`")),
        };
        self.next += 1;
        Ok(node)
    }
}

// ---- binding to columns ----

/// A number per row; NaN where it is unknown.
enum Number<'a> {
    Constant(f64),
    Slice(&'a [f64]),
    Column(&'a Column<f64>),
    Row(Box<dyn Fn(usize) -> Option<f64> + Send + Sync + 'a>),
    /// 1 where a flag is true, 0 where it is not.
    Flag(Box<Test<'a>>),
    Negative(Box<Number<'a>>),
    Sum(Vec<(bool, Number<'a>)>),
    Product(Vec<(bool, Number<'a>)>),
}

/// A text per row.
enum Text<'a> {
    Constant(Cow<'a, str>),
    Column(&'a TextColumn),
    Categories(Categories<'a>),
}

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const UNKNOWN: u8 = 2;

/// One of the three truths per row.
enum Test<'a> {
    Constant(u8),
    Flags(&'a Column<bool>),
    Row(Box<dyn Fn(usize) -> Option<bool> + Send + Sync + 'a>),
    Flag(Box<Test<'a>>, bool),
    /// A truth per distinct text.
    Keys(&'a [u32], Vec<u8>),
    NonZero(Number<'a>),
    /// A question asked of each text.
    Texts(Text<'a>, Box<dyn Fn(&str) -> bool + Send + Sync + 'a>),
    Same(Text<'a>, Text<'a>, bool),
    Compare(Order, Number<'a>, Number<'a>),
    In(Number<'a>, Vec<f64>),
    KnownNumber(Number<'a>),
    KnownText(Text<'a>),
    KnownTruth(Box<Test<'a>>),
    Not(Box<Test<'a>>),
    All(Vec<Test<'a>>),
    Any(Vec<Test<'a>>),
}

/// What an expression may be: found by its outermost node and, for names, by the columns.
enum Kind {
    Number,
    Text,
    Test,
}

struct Context<'a> {
    columns: &'a dyn NamedColumns,
}

impl<'a> Context<'a> {
    fn new(root: &Node, columns: &'a dyn NamedColumns) -> Result<Self, Error> {
        let context = Self { columns };
        let mut missing = Vec::new();
        context.missing(root, &mut missing);
        no_missing(&missing.into_iter().map(String::from).collect(), columns)?;
        Ok(context)
    }

    fn column(&self, name: &str) -> Result<Values<'a>, Error> {
        match self.columns.column(name) {
            Some(column) => Ok(column.values),
            None => Err(ParamError::new("column", name, "a column").into()),
        }
    }

    /// The names there is no column of.
    fn missing<'n>(&self, node: &'n Node, names: &mut Vec<&'n str>) {
        match node {
            Node::Compare(_, a, b) => {
                for (node, other) in [(&**a, &**b), (&**b, &**a)] {
                    if !self.is_word_beside(node, other) {
                        self.missing(node, names);
                    }
                }
            }
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| self.missing(node, names)),
            Node::Not(inner) | Node::Known(inner) => self.missing(inner, names),
            _ => {
                let mut own = Vec::new();
                collect(node, &mut own);
                names.extend(own.into_iter().filter(|name| self.columns.column(name).is_none()));
            }
        }
    }

    /// The texts of a column where all are named beforehand.
    fn terms(&self, node: &Node) -> &'a [&'a str] {
        let Node::Name(name) = node else { return &[] };
        match self.columns.column(name).map(|column| column.values) {
            Some(Values::Categories(categories)) => categories.terms,
            _ => &[],
        }
    }

    /// Whether a node is a bare word that stands for a text, as it is compared with a column of named texts.
    fn is_word_beside(&self, node: &Node, other: &Node) -> bool {
        matches!(node, Node::Name(_)) && self.terms(node).is_empty() && !self.terms(other).is_empty()
    }

    fn kind(&self, node: &Node) -> Result<Kind, Error> {
        Ok(match node {
            Node::Number(_) | Node::Negative(_) | Node::Sum(_) | Node::Product(_) => Kind::Number,
            Node::Text(_) => Kind::Text,
            Node::Name(name) => match self.column(name)? {
                Values::Known(_) | Values::Numbers(_) | Values::NumberBy(_) => Kind::Number,
                Values::Texts(_) | Values::Categories(_) => Kind::Text,
                Values::Flags(_) | Values::FlagBy(_) => Kind::Test,
            },
            _ => Kind::Test,
        })
    }

    fn number(&self, node: &Node) -> Result<Number<'a>, Error> {
        let terms = |terms: &[(bool, Node)]| -> Result<Vec<_>, Error> {
            terms.iter().map(|(inverse, term)| Ok((*inverse, self.number(term)?))).collect()
        };
        Ok(match node {
            Node::Number(number) => Number::Constant(*number),
            Node::Negative(inner) => Number::Negative(Box::new(self.number(inner)?)),
            Node::Sum(list) => Number::Sum(terms(list)?),
            Node::Product(list) => Number::Product(terms(list)?),
            Node::Name(name) => match self.column(name)? {
                Values::Known(values) => Number::Slice(values),
                Values::Numbers(column) => Number::Column(column),
                Values::NumberBy(value) => Number::Row(value),
                Values::Flags(column) => Number::Flag(Box::new(Test::Flags(column))),
                Values::FlagBy(flag) => Number::Flag(Box::new(Test::Row(flag))),
                Values::Texts(_) | Values::Categories(_) => return Err(mismatch(node, "a number")),
            },
            _ => return Err(mismatch(node, "a number")),
        })
    }

    fn text(&self, node: &Node) -> Result<Text<'a>, Error> {
        Ok(match node {
            Node::Text(text) => Text::Constant(Cow::Owned(text.to_string())),
            Node::Name(name) => match self.column(name)? {
                Values::Texts(column) => Text::Column(column),
                Values::Categories(categories) => Text::Categories(categories),
                _ => return Err(mismatch(node, "a text")),
            },
            _ => return Err(mismatch(node, "a text")),
        })
    }

    fn test(&self, node: &Node) -> Result<Test<'a>, Error> {
        let tests =
            |nodes: &[Node]| -> Result<Vec<_>, Error> { nodes.iter().map(|node| self.test(node)).collect() };
        Ok(match node {
            Node::Truth(truth) => Test::Constant(u8::from(*truth)),
            Node::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            Node::All(nodes) => Test::All(tests(nodes)?),
            Node::Any(nodes) => Test::Any(tests(nodes)?),
            Node::Name(name) => match self.column(name)? {
                Values::Flags(column) => Test::Flags(column),
                Values::FlagBy(flag) => Test::Row(flag),
                Values::Known(values) if values.iter().all(|&value| is_flag(value)) => {
                    Test::NonZero(Number::Slice(values))
                }
                Values::Numbers(column) if column.iter().flatten().all(is_flag) => {
                    Test::NonZero(Number::Column(column))
                }
                Values::Categories(categories)
                    if categories
                        .labels()
                        .all(|label| label.is_none_or(|label| flag_of(label).is_some())) =>
                {
                    Test::asking(Text::Categories(categories), |label| flag_of(label) == Some(true))
                }
                _ => return Err(mismatch(node, "a condition")),
            },
            Node::Known(inner) => match self.kind(inner)? {
                Kind::Number => Test::KnownNumber(self.number(inner)?),
                Kind::Text => Test::KnownText(self.text(inner)?),
                Kind::Test => Test::KnownTruth(Box::new(self.test(inner)?)),
            },
            Node::Compare(order, a, b) => self.compare(*order, a, b)?,
            Node::In(inner, items) => match self.kind(inner)? {
                Kind::Number => {
                    let list = items.iter().map(|item| match item {
                        Node::Number(number) => Ok(*number),
                        _ => Err(mismatch(item, "a number")),
                    });
                    Test::In(self.number(inner)?, list.collect::<Result<_, _>>()?)
                }
                Kind::Text => {
                    let list: Vec<Box<str>> = items
                        .iter()
                        .map(|item| match item {
                            Node::Text(text) => self.check_term(inner, text).map(|()| text.clone()),
                            _ => Err(mismatch(item, "a text in quotes")),
                        })
                        .collect::<Result<_, _>>()?;
                    Test::asking(self.text(inner)?, move |text| list.iter().any(|item| **item == *text))
                }
                Kind::Test => return Err(mismatch(inner, "a number or a text")),
            },
            Node::Has(part, inner, piece) => {
                let (part, piece) = (*part, piece.clone());
                Test::asking(self.text(inner)?, move |text| match part {
                    Part::Start => text.starts_with(&*piece),
                    Part::End => text.ends_with(&*piece),
                    Part::Anywhere => text.contains(&*piece),
                })
            }
            _ => return Err(mismatch(node, "a condition")),
        })
    }

    /// A text that the column cannot have would select nothing in silence.
    fn check_term(&self, column: &Node, text: &str) -> Result<(), Error> {
        let terms = self.terms(column);
        match column {
            Node::Name(name) if !terms.is_empty() && !terms.contains(&text) => {
                Err(ParamError::new(name, text, &format!("one of {}", terms.join(", "))).into())
            }
            _ => Ok(()),
        }
    }

    fn compare(&self, order: Order, a: &Node, b: &Node) -> Result<Test<'a>, Error> {
        let word = |node: &Node, other: &Node| match node {
            Node::Name(word) if self.is_word_beside(node, other) => Some(Node::Text(word.clone())),
            _ => None,
        };
        let (a_word, b_word) = (word(a, b), word(b, a));
        let (a, b) = (a_word.as_ref().unwrap_or(a), b_word.as_ref().unwrap_or(b));
        let equal = match order {
            Order::Equal => Some(true),
            Order::NotEqual => Some(false),
            _ => None,
        };
        Ok(match (self.kind(a)?, self.kind(b)?) {
            (Kind::Number, Kind::Number) => Test::Compare(order, self.number(a)?, self.number(b)?),
            (Kind::Text, Kind::Text) => {
                let Some(equal) = equal else {
                    return Err(mismatch(a, "a number: texts compare by == and !="));
                };
                match (self.text(a)?, self.text(b)?) {
                    (Text::Constant(text), column) => {
                        self.check_term(b, &text)?;
                        Test::asking(column, move |other| (other == text) == equal)
                    }
                    (column, Text::Constant(text)) => {
                        self.check_term(a, &text)?;
                        Test::asking(column, move |other| (other == text) == equal)
                    }
                    (a, b) => Test::Same(a, b, equal),
                }
            }
            (Kind::Test, Kind::Test) => match (equal, a, b) {
                (Some(equal), test, Node::Truth(truth)) | (Some(equal), Node::Truth(truth), test) => {
                    Test::Flag(Box::new(self.test(test)?), *truth == equal)
                }
                _ => return Err(mismatch(b, "`true` or `false`")),
            },
            (Kind::Text, Kind::Number) => return Err(mismatch(b, "a text in quotes")),
            (Kind::Number, Kind::Text) => return Err(mismatch(b, "a number")),
            (Kind::Test, _) => return Err(mismatch(b, "`true` or `false`")),
            (_, Kind::Test) => return Err(mismatch(b, "a number or a text")),
        })
    }
}

fn is_flag(value: f64) -> bool {
    value == 0.0 || value == 1.0
}

fn mismatch(node: &Node, expected: &str) -> Error {
    let found = match node {
        Node::Number(number) => format!("the number {number}"),
        Node::Text(text) => format!("the text \"{text}\""),
        Node::Name(name) => format!("the column {name}"),
        Node::Truth(truth) => truth.to_string(),
        Node::Negative(_) | Node::Sum(_) | Node::Product(_) => "a number".into(),
        _ => "a condition".into(),
    };
    Error::Param(ParamError::new("expression", found, expected))
}

// ---- evaluation ----

impl Number<'_> {
    /// Fills `out` with the rows from `start` on.
    fn eval(&self, start: usize, out: &mut [f64]) {
        match self {
            Self::Constant(number) => out.fill(*number),
            Self::Slice(values) => out.copy_from_slice(&values[start..start + out.len()]),
            Self::Column(column) => {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = column.get(start + i).unwrap_or(f64::NAN);
                }
            }
            Self::Row(value) => {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = value(start + i).unwrap_or(f64::NAN);
                }
            }
            Self::Flag(test) => {
                let mut truths = vec![FALSE; out.len()];
                test.eval(start, &mut truths);
                for (out, truth) in out.iter_mut().zip(truths) {
                    *out = if truth == UNKNOWN { f64::NAN } else { f64::from(truth) };
                }
            }
            Self::Negative(inner) => {
                inner.eval(start, out);
                for value in out.iter_mut() {
                    *value = -*value;
                }
            }
            Self::Sum(terms) => fold(terms, start, out, |a, b| a + b, |a, b| a - b),
            Self::Product(terms) => fold(
                terms,
                start,
                out,
                |a, b| a * b,
                |a, b| {
                    if b == 0.0 { f64::NAN } else { a / b }
                },
            ),
        }
    }
}

fn fold(
    terms: &[(bool, Number<'_>)],
    start: usize,
    out: &mut [f64],
    direct: fn(f64, f64) -> f64,
    inverse: fn(f64, f64) -> f64,
) {
    let Some(((_, first), rest)) = terms.split_first() else { return };
    first.eval(start, out);
    let mut term = vec![0.0; out.len()];
    for (inverted, number) in rest {
        number.eval(start, &mut term);
        let join = if *inverted { inverse } else { direct };
        for (out, term) in out.iter_mut().zip(&term) {
            *out = join(*out, *term);
        }
    }
}

impl Text<'_> {
    fn get(&self, i: usize) -> Option<&str> {
        match self {
            Self::Constant(text) => Some(text),
            Self::Column(column) => column.get(i),
            Self::Categories(categories) => (categories.label)(categories.key(i)?),
        }
    }
}

impl<'a> Test<'a> {
    /// Asks `question` of every text: of each distinct one where the column keeps them apart.
    fn asking(text: Text<'a>, question: impl Fn(&str) -> bool + Send + Sync + 'a) -> Self {
        match text {
            Text::Constant(text) => Self::Constant(u8::from(question(&text))),
            Text::Categories(categories) => {
                let truth = |label: Option<&str>| label.map_or(UNKNOWN, |label| u8::from(question(label)));
                let table = categories.labels().map(truth).collect();
                Self::Keys(categories.keys, table)
            }
            Text::Column(_) => Self::Texts(text, Box::new(question)),
        }
    }

    /// Fills `out` with the rows from `start` on.
    fn eval(&self, start: usize, out: &mut [u8]) {
        let len = out.len();
        let numbers = |number: &Number<'_>| {
            let mut values = vec![0.0; len];
            number.eval(start, &mut values);
            values
        };
        match self {
            Self::Constant(truth) => out.fill(*truth),
            Self::Flags(column) => fill(start, out, |i| column.get(i).map_or(UNKNOWN, u8::from)),
            Self::Row(flag) => fill(start, out, |i| flag(i).map_or(UNKNOWN, u8::from)),
            Self::NonZero(number) => {
                for (out, value) in out.iter_mut().zip(numbers(number)) {
                    *out = if value.is_finite() { u8::from(value != 0.0) } else { UNKNOWN };
                }
            }
            Self::Flag(inner, wanted) => {
                inner.eval(start, out);
                if !wanted {
                    out.iter_mut().for_each(negate);
                }
            }
            Self::Keys(keys, table) => {
                fill(start, out, |i| table.get(keys[i] as usize).copied().unwrap_or(UNKNOWN));
            }
            Self::Texts(text, question) => {
                fill(start, out, |i| text.get(i).map_or(UNKNOWN, |text| u8::from(question(text))));
            }
            Self::Same(a, b, equal) => fill(start, out, |i| match (a.get(i), b.get(i)) {
                (Some(a), Some(b)) => u8::from((a == b) == *equal),
                _ => UNKNOWN,
            }),
            Self::Compare(order, a, b) => {
                let (a, b) = (numbers(a), numbers(b));
                let holds: fn(f64, f64) -> bool = match order {
                    Order::Equal => |a, b| a == b,
                    Order::NotEqual => |a, b| a != b,
                    Order::Less => |a, b| a < b,
                    Order::LessEqual => |a, b| a <= b,
                    Order::Greater => |a, b| a > b,
                    Order::GreaterEqual => |a, b| a >= b,
                };
                for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                    *out = if a.is_finite() && b.is_finite() { u8::from(holds(a, b)) } else { UNKNOWN };
                }
            }
            Self::In(number, list) => {
                for (out, value) in out.iter_mut().zip(numbers(number)) {
                    *out = if value.is_finite() { u8::from(list.contains(&value)) } else { UNKNOWN };
                }
            }
            Self::KnownNumber(number) => {
                for (out, value) in out.iter_mut().zip(numbers(number)) {
                    *out = u8::from(value.is_finite());
                }
            }
            Self::KnownText(text) => fill(start, out, |i| u8::from(text.get(i).is_some())),
            Self::KnownTruth(inner) => {
                inner.eval(start, out);
                for truth in out.iter_mut() {
                    *truth = u8::from(*truth != UNKNOWN);
                }
            }
            Self::Not(inner) => {
                inner.eval(start, out);
                out.iter_mut().for_each(negate);
            }
            Self::All(tests) => join(tests, start, out, FALSE),
            Self::Any(tests) => join(tests, start, out, TRUE),
        }
    }
}

fn fill(start: usize, out: &mut [u8], truth: impl Fn(usize) -> u8) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = truth(start + i);
    }
}

fn negate(truth: &mut u8) {
    *truth = [TRUE, FALSE, UNKNOWN][*truth as usize];
}

/// Kleene's conjunction (`decisive` is false) or disjunction (true): one decisive truth settles it, else one unknown.
fn join(tests: &[Test<'_>], start: usize, out: &mut [u8], decisive: u8) {
    out.fill(1 - decisive);
    let mut next = vec![0; out.len()];
    for test in tests {
        test.eval(start, &mut next);
        for (out, next) in out.iter_mut().zip(&next) {
            if *next == decisive || *next == UNKNOWN && *out != decisive {
                *out = *next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use geo::{Rect, coord};

    use super::*;
    use crate::Parcel;
    use crate::parcel::{ParcelColumns, ParcelSet};
    use crate::zoning::{LandUseCode, Schemes};

    fn land(i: usize, size: f64) -> geo::Polygon<f64> {
        let x = i as f64 * 1_000.0;
        Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + size, y: size }).to_polygon()
    }

    fn code(code: &str) -> LandUseCode {
        LandUseCode::new("mnr", "2023", code)
    }

    fn town() -> ParcelSet {
        ParcelSet::local([
            Parcel::new("a", land(0, 100.0))
                .current_use(code("1001"))
                .floor_area_m2(5_000.0)
                .number("tax", 3.0)
                .text("owner", "public"),
            Parcel::new("b", land(1, 10.0))
                .current_use(code("1101"))
                .zoned_use(code("0701"))
                .number("tax", 0.0)
                .number("jobs", 4.0),
            Parcel::new("c", land(2, 50.0))
                .current_use(code("0301"))
                .floor_area_m2(0.0)
                .text("owner", "private")
                .district("north"),
            Parcel::new("d", land(3, 20.0)).construction(true).zoned_use(code("1001")),
            Parcel::new("e", land(4, 20.0))
                .current_use(code("0301"))
                .zoned_use(code("0301"))
                .construction(true),
        ])
    }

    fn columns<'a>(set: &'a ParcelSet, schemes: &'a Schemes) -> ParcelColumns<'a> {
        ParcelColumns { set, schemes }
    }

    /// Ids the expression is true of, then those it is unknown of by way of its negation.
    fn ids(text: &str) -> (String, usize) {
        let parcels = town();
        let selection = Expr::parse(text).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap();
        let mut ids: Vec<&str> = parcels
            .iter()
            .filter(|p| selection.mask[p.idx().index()])
            .filter_map(crate::ParcelRef::id)
            .collect();
        ids.sort_unstable();
        assert_eq!(ids.len(), selection.selected);
        (ids.concat(), selection.unknown)
    }

    #[test]
    fn expressions_select_what_they_say() {
        for (text, selected, unknown) in [
            ("true", "abcde", 0),
            ("class in (industrial, logistics)", "ab", 1),
            ("class == industrial", "a", 1),
            ("logistics != class", "ace", 1),
            ("zoned_class = residential", "b", 2),
            ("class == zoned_class", "e", 3),
            ("current_use starts_with \"10\"", "a", 1),
            ("current_use not starts_with '10'", "bce", 1),
            ("current_use ends_with '01'", "abce", 1),
            ("district contains \"ort\"", "c", 4),
            ("id in (\"a\", e)", "ae", 0),
            ("construction", "abde", 0),
            ("not construction", "c", 0),
            ("construction == false", "c", 0),
            ("construction != false", "abde", 0),
            ("area_m2 >= 2500", "ac", 0),
            ("area_m2 - 2 * 50 == 0", "b", 0),
            ("-area_m2 < -2_000 and area_m2 < 1e4", "c", 0),
            ("floor_area_m2 is unknown", "bde", 0),
            ("floor_area_m2 is known", "ac", 0),
            ("floor_area_m2 is not known", "bde", 0),
            ("class is unknown", "d", 0),
            ("(tax > 1) is unknown", "cde", 0),
            ("far == 0.5", "a", 3),
            ("far < 1", "ac", 3),
            ("tax in (0, -3)", "b", 3),
            ("jobs / tax > 0", "", 5),
            ("owner == \"public\" or area_m2 > 0", "abcde", 0),
            ("owner == \"public\" and area_m2 < 0", "", 0),
            ("not (owner == \"public\")", "c", 3),
            ("tax > 1 OR jobs > 1", "ab", 3),
            ("`tax` * 2 + 1 >= 7", "a", 3),
            ("8 / 4 / 2 == 1 and 8 - 4 - 2 == 2", "abcde", 0),
            ("not true or true", "abcde", 0),
        ] {
            assert_eq!(ids(text), (selected.into(), unknown), "{text}");
        }
    }

    #[test]
    fn three_values_follow_kleene() {
        // tax is 3 for a, 0 for b, unknown elsewhere: every pair of truths, by hand.
        let (t, f, u) = ("true", "false", "tax > 1 and jobs > 1 and floor_area_m2 > 1");
        for (x, y, and, or) in [
            (t, t, TRUE, TRUE),
            (t, f, FALSE, TRUE),
            (f, f, FALSE, FALSE),
            (t, u, UNKNOWN, TRUE),
            (f, u, FALSE, UNKNOWN),
            (u, u, UNKNOWN, UNKNOWN),
        ] {
            for (a, b) in [(x, y), (y, x)] {
                for (word, expected) in [("and", and), ("or", or)] {
                    let parcels = ParcelSet::local([Parcel::new("z", land(0, 1.0))
                        .number("tax", 2.0)
                        .number("jobs", 2.0)]);
                    let text = format!("({a}) {word} ({b})");
                    let found =
                        Expr::parse(&text).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap();
                    let truth = if found.selected == 1 {
                        TRUE
                    } else if found.unknown == 1 {
                        UNKNOWN
                    } else {
                        FALSE
                    };
                    assert_eq!(truth, expected, "{text}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_unknown_where_they_cannot_be_known() {
        let parcels = town();
        let value = |text: &str| -> Vec<Option<f64>> {
            let column = Expr::parse(text).unwrap().numbers(&columns(&parcels, &Schemes::builtin())).unwrap();
            let mut rows: Vec<_> = parcels.iter().map(|p| (p.id(), column.get(p.idx().index()))).collect();
            rows.sort_by_key(|row| row.0);
            rows.into_iter().map(|row| row.1).collect()
        };
        assert_eq!(value("far"), [Some(0.5), None, Some(0.0), None, None]);
        assert_eq!(value("jobs / tax"), [None; 5], "a quotient by zero is unknown");
        assert_eq!(value("tax - 1"), [Some(2.0), Some(-1.0), None, None, None]);
        assert_eq!(value("1e308 * 10"), [None; 5]);
        assert_eq!(value("2 - 3 * (1 - 4) / 2"), [Some(6.5); 5]);
    }

    #[test]
    fn columns_are_named_once() {
        let expr =
            Expr::parse("class == industrial and tax > 1 and owner in (state, city) and tax < `Main tax`")
                .unwrap();
        assert_eq!(expr.columns(), ["Main tax", "class", "industrial", "owner", "tax"]);
    }

    #[test]
    fn faults_are_told_by_position() {
        for (text, position, part) in [
            ("", 1, "found the end, expected a number"),
            ("tax >", 6, "found the end"),
            ("tax > 1 1", 9, "expected an operator"),
            ("(tax > 1", 9, "expected `)`"),
            ("tax in 1", 8, "expected `(`"),
            ("tax in (1; 2)", 10, "expected a number, a text, a column or an operator"),
            ("产值 > > 1", 6, "found `>`"),
            ("tax is maybe", 8, "`known` or `unknown`"),
            ("owner starts_with tax", 19, "a text in quotes"),
            ("owner == \"x", 10, "a closing \""),
            ("1e999 > 1", 1, "a finite number"),
            ("tax not > 1", 9, "expected `in`"),
            ("and", 1, "found `and`"),
            ("tax < 1 < 2", 9, "expected an operator"),
        ] {
            let error = Expr::parse(text).unwrap_err();
            assert_eq!(error.position(), position, "{text}: {error}");
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let parcels = town();
        for (text, part) in [
            (
                "taks > 1 or jbs > 1",
                "`columns` is jbs (`jobs`?), taks (`tax`?), expected columns of the parcels: allowed_far",
            ),
            ("taks > 1", "`column` is taks, expected a column of the parcels (`tax`?): allowed_far"),
            ("class == factory", "`class` is factory, expected one of industrial"),
            ("class in (industrial, roads)", "`class` is roads"),
            ("current_use == 1001", "the number 1001, expected a text in quotes"),
            ("owner + 1 > 2", "the column owner, expected a number"),
            ("owner < \"x\"", "texts compare by == and !="),
            ("tax", "the column tax, expected a condition"),
            ("tax and true", "the column tax, expected a condition"),
            ("construction > 1", "expected `true` or `false`"),
            ("tax in (a)", "the text \"a\", expected a number"),
        ] {
            let error =
                Expr::parse(text).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        let error =
            Expr::parse("tax > 1").unwrap().numbers(&columns(&parcels, &Schemes::builtin())).unwrap_err();
        assert_eq!(error.to_string(), "`expression` is a condition, expected a number");
    }

    #[test]
    fn no_text_overflows_the_stack() {
        for text in ["(".repeat(200_000), "not ".repeat(200_000), format!("1{}", "-".repeat(200_000))] {
            assert!(Expr::parse(&text).is_err());
        }
        let long = format!("area_m2 > 0{}", " and area_m2 + 1 > 0 or false".repeat(20_000));
        let parcels = town();
        let found = Expr::parse(&long).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap();
        assert_eq!(found.selected, parcels.len());
    }
}

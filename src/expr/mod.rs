//! Expressions over the columns of a [`ParcelSet`]: which parcels to take, or a number per parcel to score them by.
//!
//! ```
//! use geo::{Rect, coord};
//! use landuse::expr::Expr;
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
//! let selection = expr.select(&parcels, &Schemes::builtin())?;
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
//! * `x in (a, b)`, `x not in (a, b)`: bare words in the list are texts; so is a bare word beside `class ==`;
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
//! `id`, `current_use`, `zoned_use` (codes as texts), `district`, `construction` (as recorded, else by the code of the current
//! use), `floor_area_m2`, `footprint_m2`, `floors`, `height_m`, `allowed_far`, `year_built`, `area_m2`, `class` and
//! `zoned_class` ([`SmallClass`]), `far` (the number column of that name where there is one, else floor area over parcel area),
//! and every named number and text of the set.

use std::borrow::Cow;

use crate::column::{CategoryColumn, Column, TextColumn};
use crate::parallel;
use crate::parcel::{Attributes, ParcelSet};
use crate::zoning::config::nearest;
use crate::zoning::{Construction, LandUse, LandUseCode, ResolvedUses, Schemes, SmallClass};
use crate::{Error, ParamError};

/// How deep brackets and signs may nest.
const MAX_DEPTH: usize = 100;
/// Rows evaluated at a time: columns of intermediate values stay in the cache.
const CHUNK: usize = 2048;

const NUMBERS: [&str; 8] =
    ["area_m2", "floor_area_m2", "footprint_m2", "floors", "height_m", "allowed_far", "year_built", "far"];
const TEXTS: [&str; 6] = ["id", "current_use", "zoned_use", "district", "class", "zoned_class"];

/// What every parcel has a name for, before any column is added.
pub(crate) fn own_names() -> impl Iterator<Item = &'static str> {
    NUMBERS.into_iter().chain(TEXTS).chain(["construction"])
}

/// An expression, parsed but not yet bound to a set of parcels.
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

/// Which parcels an expression is true of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// One per parcel of the set: whether the expression is true.
    pub mask: Vec<bool>,
    /// Parcels it is true of.
    pub selected: usize,
    /// Parcels it is neither true nor false of, because something is not known; they are not selected.
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

    /// The columns it names, sorted, each once; derived ones (`class`, `far`, `area_m2` …) as written.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.root, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Which parcels it is true of.
    ///
    /// # Errors
    /// [`Error::Param`] naming a column that the set does not have (and those it has), an unknown class, or an operation
    /// between things that do not go together.
    ///
    /// # Complexity
    /// O(parcels · size of the expression), a few thousand rows at a time; each distinct text is compared once.
    pub fn select(&self, parcels: &ParcelSet, schemes: &Schemes) -> Result<Selection, Error> {
        let truths = self.truths(parcels, schemes)?;
        let mask: Vec<bool> = truths.iter().map(|&truth| truth == TRUE).collect();
        let selected = mask.iter().filter(|selected| **selected).count();
        let unknown = truths.iter().map(|&truth| usize::from(truth == UNKNOWN)).sum();
        Ok(Selection { mask, selected, unknown })
    }

    fn truths(&self, parcels: &ParcelSet, schemes: &Schemes) -> Result<Vec<u8>, Error> {
        let context = Context::new(&self.root, parcels, schemes);
        let test = context.test(&self.root)?;
        let mut truths = vec![FALSE; parcels.len()];
        parallel::chunks(&mut truths, CHUNK, &|i, out| test.eval(i * CHUNK, out));
        Ok(truths)
    }

    /// Whether it is true of each parcel.
    ///
    /// # Errors
    /// As [`select`](Self::select).
    pub fn conditions(&self, parcels: &ParcelSet, schemes: &Schemes) -> Result<Column<bool>, Error> {
        let truths = self.truths(parcels, schemes)?;
        let truth = |truth| match truth {
            UNKNOWN => None,
            truth => Some(truth == TRUE),
        };
        Ok(truths.into_iter().map(truth).collect())
    }

    /// Its value for each parcel; unknown where anything it needs is, where it divides by zero or overflows.
    ///
    /// # Errors
    /// As [`select`](Self::select); also where it is no number.
    ///
    /// ```
    /// use geo::{Rect, coord};
    /// use landuse::expr::Expr;
    /// use landuse::{Parcel, ParcelSet, zoning::Schemes};
    ///
    /// let land = Rect::new(coord! { x: 0., y: 0. }, coord! { x: 50., y: 60. }).to_polygon();
    /// let parcel = Parcel::new("a", land).number("improvement_value", 3e6).number("land_value", 2e6);
    /// let parcels = ParcelSet::local([parcel]);
    /// let ratio = Expr::parse("improvement_value / land_value")?;
    /// assert_eq!(ratio.numbers(&parcels, &Schemes::builtin())?.get(0), Some(1.5));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn numbers(&self, parcels: &ParcelSet, schemes: &Schemes) -> Result<Column<f64>, Error> {
        let context = Context::new(&self.root, parcels, schemes);
        let value = context.number(&self.root)?;
        let mut values = vec![0.0; parcels.len()];
        parallel::chunks(&mut values, CHUNK, &|i, out| value.eval(i * CHUNK, out));
        Ok(values.into_iter().map(|value| Some(value).filter(|value| value.is_finite())).collect())
    }
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
                let (left, right) = match (left, right) {
                    (left, Node::Name(word)) if is_class(&left) && !is_class_name(&word) => {
                        (left, Node::Text(word))
                    }
                    (Node::Name(word), right) if is_class(&right) && !is_class_name(&word) => {
                        (Node::Text(word), right)
                    }
                    both => both,
                };
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

fn is_class_name(name: &str) -> bool {
    matches!(name, "class" | "zoned_class")
}

fn is_class(node: &Node) -> bool {
    matches!(node, Node::Name(name) if is_class_name(name))
}

// ---- binding to a set ----

/// A number per row; NaN where it is unknown.
enum Number<'a> {
    Constant(f64),
    Slice(&'a [f64]),
    Column(&'a Column<f64>),
    Negative(Box<Number<'a>>),
    Sum(Vec<(bool, Number<'a>)>),
    Product(Vec<(bool, Number<'a>)>),
}

/// A text per row.
enum Text<'a> {
    Constant(Cow<'a, str>),
    Id(&'a TextColumn),
    Code(&'a CategoryColumn<LandUseCode>),
    Name(&'a CategoryColumn<Box<str>>),
    /// Small class of each distinct code.
    Class(&'a CategoryColumn<LandUseCode>, &'a ResolvedUses),
}

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const UNKNOWN: u8 = 2;

/// One of the three truths per row.
enum Test<'a> {
    Constant(u8),
    Construction(&'a Column<bool>, &'a CategoryColumn<LandUseCode>, Vec<u8>),
    Flag(Box<Test<'a>>, bool),
    /// A truth per distinct code or name.
    Codes(&'a CategoryColumn<LandUseCode>, Vec<u8>, u8),
    Names(&'a CategoryColumn<Box<str>>, Vec<u8>, u8),
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

/// What an expression may be: found by its outermost node and, for names, by the set.
enum Kind {
    Number,
    Text,
    Test,
}

struct Context<'a> {
    parcels: &'a ParcelSet,
    current: ResolvedUses,
    zoned: ResolvedUses,
}

impl<'a> Context<'a> {
    fn new(root: &Node, parcels: &'a ParcelSet, schemes: &Schemes) -> Self {
        let mut names = Vec::new();
        collect(root, &mut names);
        let resolve = |column: &CategoryColumn<LandUseCode>, needed: &[&str]| {
            if names.iter().any(|name| needed.contains(name)) {
                schemes.resolve_column(column)
            } else {
                schemes.resolve_column(&CategoryColumn::new())
            }
        };
        let attributes = parcels.attributes();
        Self {
            parcels,
            current: resolve(&attributes.current_use, &["class", "construction"]),
            zoned: resolve(&attributes.zoned_use, &["zoned_class"]),
        }
    }

    fn attributes(&self) -> &'a Attributes {
        self.parcels.attributes()
    }

    fn kind(&self, node: &Node) -> Result<Kind, Error> {
        Ok(match node {
            Node::Number(_) | Node::Negative(_) | Node::Sum(_) | Node::Product(_) => Kind::Number,
            Node::Text(_) => Kind::Text,
            Node::Name(name) => {
                if NUMBERS.contains(&&**name)
                    || !is_fixed(name) && self.attributes().numbers.contains_key(name)
                {
                    Kind::Number
                } else if TEXTS.contains(&&**name)
                    || !is_fixed(name) && self.attributes().texts.contains_key(name)
                {
                    Kind::Text
                } else if &**name == "construction" {
                    Kind::Test
                } else {
                    return Err(self.no_column(name));
                }
            }
            _ => Kind::Test,
        })
    }

    fn no_column(&self, name: &str) -> Error {
        let attributes = self.attributes();
        let mut names: Vec<&str> = own_names().collect();
        names.extend(attributes.numbers.keys().chain(attributes.texts.keys()).map(|name| &**name));
        names.sort_unstable();
        names.dedup();
        let hint = nearest(name, names.iter().copied()).map_or(String::new(), |near| format!(" (`{near}`?)"));
        Error::Param(ParamError::new(
            "column",
            name,
            &format!("a column of the parcels{hint}: {}", names.join(", ")),
        ))
    }

    fn number<'s>(&'s self, node: &Node) -> Result<Number<'s>, Error> {
        let terms = |terms: &[(bool, Node)]| -> Result<Vec<_>, Error> {
            terms.iter().map(|(inverse, term)| Ok((*inverse, self.number(term)?))).collect()
        };
        Ok(match node {
            Node::Number(number) => Number::Constant(*number),
            Node::Negative(inner) => Number::Negative(Box::new(self.number(inner)?)),
            Node::Sum(list) => Number::Sum(terms(list)?),
            Node::Product(list) => Number::Product(terms(list)?),
            Node::Name(name) if matches!(self.kind(node)?, Kind::Number) => {
                let attributes = self.attributes();
                match &**name {
                    "area_m2" => Number::Slice(self.parcels.area_m2()),
                    "floor_area_m2" => Number::Column(&attributes.floor_area_m2),
                    "footprint_m2" => Number::Column(&attributes.footprint_m2),
                    "floors" => Number::Column(&attributes.floors),
                    "height_m" => Number::Column(&attributes.height_m),
                    "allowed_far" => Number::Column(&attributes.allowed_far),
                    "year_built" => Number::Column(&attributes.year_built),
                    _ => match attributes.numbers.get(name) {
                        Some(column) => Number::Column(&column.values),
                        None => Number::Product(vec![
                            (false, Number::Column(&attributes.floor_area_m2)),
                            (true, Number::Slice(self.parcels.area_m2())),
                        ]),
                    },
                }
            }
            _ => return Err(mismatch(node, "a number")),
        })
    }

    fn text<'s>(&'s self, node: &Node) -> Result<Text<'s>, Error> {
        Ok(match node {
            Node::Text(text) => Text::Constant(Cow::Owned(text.to_string())),
            Node::Name(name) if matches!(self.kind(node)?, Kind::Text) => {
                let attributes = self.attributes();
                match &**name {
                    "id" => Text::Id(&attributes.id),
                    "current_use" => Text::Code(&attributes.current_use),
                    "zoned_use" => Text::Code(&attributes.zoned_use),
                    "class" => Text::Class(&attributes.current_use, &self.current),
                    "zoned_class" => Text::Class(&attributes.zoned_use, &self.zoned),
                    "district" => Text::Name(&attributes.district),
                    _ => Text::Name(attributes.texts.get(name).ok_or_else(|| self.no_column(name))?),
                }
            }
            _ => return Err(mismatch(node, "a text")),
        })
    }

    fn test<'s>(&'s self, node: &Node) -> Result<Test<'s>, Error> {
        let tests =
            |nodes: &[Node]| -> Result<Vec<_>, Error> { nodes.iter().map(|node| self.test(node)).collect() };
        Ok(match node {
            Node::Truth(truth) => Test::Constant(u8::from(*truth)),
            Node::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            Node::All(nodes) => Test::All(tests(nodes)?),
            Node::Any(nodes) => Test::Any(tests(nodes)?),
            Node::Name(name) if &**name == "construction" => {
                let flag = |use_: &Option<LandUse>| match use_.as_ref().map(|use_| use_.construction) {
                    Some(Construction::Yes) => TRUE,
                    Some(Construction::No) => FALSE,
                    _ => UNKNOWN,
                };
                let table = self.current.uses().iter().map(flag).collect();
                Test::Construction(&self.attributes().construction, &self.attributes().current_use, table)
            }
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
                            Node::Text(text) => check_class(inner, text).map(|()| text.clone()),
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
            _ => {
                self.kind(node)?;
                return Err(mismatch(node, "a condition"));
            }
        })
    }

    fn compare<'s>(&'s self, order: Order, a: &Node, b: &Node) -> Result<Test<'s>, Error> {
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
                        check_class(b, &text)?;
                        Test::asking(column, move |other| (other == text) == equal)
                    }
                    (column, Text::Constant(text)) => {
                        check_class(a, &text)?;
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

fn is_fixed(name: &str) -> bool {
    name != "far" && own_names().any(|own| own == name)
}

/// A class that does not exist would select nothing in silence.
fn check_class(column: &Node, text: &str) -> Result<(), Error> {
    if is_class(column) {
        text.parse::<SmallClass>()?;
    }
    Ok(())
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
            Self::Id(column) => column.get(i),
            Self::Code(column) => column.get(i).map(|code| &*code.code),
            Self::Name(column) => column.get(i).map(|name| &**name),
            Self::Class(column, uses) => class_name(uses.of(column.key(i))),
        }
    }
}

fn class_name(use_: Option<&LandUse>) -> Option<&'static str> {
    use_.map(|use_| use_.class).filter(|class| *class != SmallClass::Unknown).map(SmallClass::name)
}

impl<'a> Test<'a> {
    /// Asks `question` of every text: of each distinct one where the column keeps them apart.
    fn asking(text: Text<'a>, question: impl Fn(&str) -> bool + Send + Sync + 'a) -> Self {
        match text {
            Text::Constant(text) => Self::Constant(u8::from(question(&text))),
            Text::Code(column) => {
                let table = column.distinct().iter().map(|code| u8::from(question(&code.code))).collect();
                Self::Codes(column, table, UNKNOWN)
            }
            Text::Name(column) => {
                let table = column.distinct().iter().map(|name| u8::from(question(name))).collect();
                Self::Names(column, table, UNKNOWN)
            }
            Text::Class(column, uses) => {
                let truth = |use_: &Option<LandUse>| {
                    class_name(use_.as_ref()).map_or(UNKNOWN, |name| u8::from(question(name)))
                };
                Self::Codes(column, uses.uses().iter().map(truth).collect(), UNKNOWN)
            }
            Text::Id(_) => Self::Texts(text, Box::new(question)),
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
            Self::Construction(recorded, codes, table) => fill(start, out, |i| {
                let by_code = || codes.key(i).map_or(UNKNOWN, |key| table[key as usize]);
                recorded.get(i).map_or_else(by_code, u8::from)
            }),
            Self::Flag(inner, wanted) => {
                inner.eval(start, out);
                if !wanted {
                    out.iter_mut().for_each(negate);
                }
            }
            Self::Codes(column, table, missing) => {
                fill(start, out, |i| column.key(i).map_or(*missing, |key| table[key as usize]));
            }
            Self::Names(column, table, missing) => {
                fill(start, out, |i| column.key(i).map_or(*missing, |key| table[key as usize]));
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

    /// Ids the expression is true of, then those it is unknown of by way of its negation.
    fn ids(text: &str) -> (String, usize) {
        let parcels = town();
        let selection = Expr::parse(text).unwrap().select(&parcels, &Schemes::builtin()).unwrap();
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
                    let found = Expr::parse(&text).unwrap().select(&parcels, &Schemes::builtin()).unwrap();
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
            let column = Expr::parse(text).unwrap().numbers(&parcels, &Schemes::builtin()).unwrap();
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
    fn columns_are_named_once_and_words_are_not() {
        let expr =
            Expr::parse("class == industrial and tax > 1 and owner in (state, city) and tax < `Main tax`")
                .unwrap();
        assert_eq!(expr.columns(), ["Main tax", "class", "owner", "tax"]);
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
            let error = Expr::parse(text).unwrap().select(&parcels, &Schemes::builtin()).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        let error = Expr::parse("tax > 1").unwrap().numbers(&parcels, &Schemes::builtin()).unwrap_err();
        assert_eq!(error.to_string(), "`expression` is a condition, expected a number");
    }

    #[test]
    fn no_text_overflows_the_stack() {
        for text in ["(".repeat(200_000), "not ".repeat(200_000), format!("1{}", "-".repeat(200_000))] {
            assert!(Expr::parse(&text).is_err());
        }
        let long = format!("area_m2 > 0{}", " and area_m2 + 1 > 0 or false".repeat(20_000));
        let parcels = town();
        let found = Expr::parse(&long).unwrap().select(&parcels, &Schemes::builtin()).unwrap();
        assert_eq!(found.selected, parcels.len());
    }
}

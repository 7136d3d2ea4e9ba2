//! An expression bound to columns: what each part of it is, or why it does not go together.

use std::borrow::Cow;

use super::columns::{Categories, NamedColumns, Values};
use super::{Item, Node, Order, collect, no_missing};
use crate::column::{Column, TextColumn, flag_of};
use crate::error::{Error, ParamError};

/// A number per row; NaN where it is unknown.
pub(super) enum Number<'a> {
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
pub(super) enum Text<'a> {
    Constant(Cow<'a, str>),
    Column(&'a TextColumn),
    Categories(Categories<'a>),
}

/// What is asked of a text.
pub(super) type Question<'a> = Box<dyn Fn(&str) -> bool + Send + Sync + 'a>;

pub(super) const FALSE: u8 = 0;
pub(super) const TRUE: u8 = 1;
pub(super) const UNKNOWN: u8 = 2;

/// One of the three truths per row.
pub(super) enum Test<'a> {
    Constant(u8),
    Flags(&'a Column<bool>),
    Row(Box<dyn Fn(usize) -> Option<bool> + Send + Sync + 'a>),
    Flag(Box<Test<'a>>, bool),
    /// A truth per distinct text.
    Keys(&'a [u32], Vec<u8>),
    NonZero(Number<'a>),
    /// A question asked of each text.
    Texts(Text<'a>, Question<'a>),
    Same(Text<'a>, Text<'a>, bool),
    Compare(Order, Number<'a>, Number<'a>),
    /// Between the bounds of one of these, both included.
    In(Number<'a>, Vec<(f64, f64)>),
    /// A question asked of the decimal digits of each number.
    Digits(Number<'a>, Question<'a>),
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

pub(super) struct Context<'a> {
    pub(super) columns: &'a dyn NamedColumns,
}

impl<'a> Context<'a> {
    pub(super) fn new(root: &Node, columns: &'a dyn NamedColumns) -> Result<Self, Error> {
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
    pub(super) fn missing<'n>(&self, node: &'n Node, names: &mut Vec<&'n str>) {
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
            Node::Number(..) | Node::Negative(_) | Node::Sum(_) | Node::Product(_) => Kind::Number,
            Node::Text(_) => Kind::Text,
            Node::Name(name) => match self.column(name)? {
                Values::Known(_) | Values::Numbers(_) | Values::NumberBy(_) => Kind::Number,
                Values::Texts(_) | Values::Categories(_) => Kind::Text,
                Values::Flags(_) | Values::FlagBy(_) => Kind::Test,
            },
            _ => Kind::Test,
        })
    }

    pub(super) fn number(&self, node: &Node) -> Result<Number<'a>, Error> {
        let terms = |terms: &[(bool, Node)]| -> Result<Vec<_>, Error> {
            terms.iter().map(|(inverse, term)| Ok((*inverse, self.number(term)?))).collect()
        };
        Ok(match node {
            Node::Number(number, _) => Number::Constant(*number),
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

    pub(super) fn test(&self, node: &Node) -> Result<Test<'a>, Error> {
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
                Kind::Number => self.number_in(inner, items)?,
                Kind::Text => self.text_in(inner, items)?,
                Kind::Test => return Err(mismatch(inner, "a number or a text")),
            },
            Node::Has(part, inner, piece) => {
                let question = part.question(piece);
                match self.kind(inner)? {
                    Kind::Number => Test::Digits(self.number(inner)?, question),
                    _ => Test::asking(self.text(inner)?, question),
                }
            }
            _ => return Err(mismatch(node, "a condition")),
        })
    }

    fn number_in(&self, inner: &Node, items: &[Item]) -> Result<Test<'a>, Error> {
        let number = |node: &Node| match node {
            Node::Number(number, _) => Ok(*number),
            _ => Err(mismatch(node, "a number")),
        };
        let (mut ranges, mut starts) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::One(node) => ranges.push((number(node)?, number(node)?)),
                Item::Range(least, most) => ranges.push(rising(number(least)?, number(most)?)?),
                Item::Prefix(start) => starts.push(start.clone()),
            }
        }
        let listed = Test::In(self.number(inner)?, ranges);
        if starts.is_empty() {
            return Ok(listed);
        }
        let begins = move |text: &str| starts.iter().any(|start| text.starts_with(&**start));
        Ok(Test::Any(vec![listed, Test::Digits(self.number(inner)?, Box::new(begins))]))
    }

    fn text_in(&self, inner: &Node, items: &[Item]) -> Result<Test<'a>, Error> {
        let text = |node: &Node| -> Result<Box<str>, Error> {
            match node {
                Node::Text(text) | Node::Number(_, text) => Ok(text.clone()),
                _ => Err(mismatch(node, "a text in quotes")),
            }
        };
        let (mut listed, mut starts, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::One(node) => {
                    let text = text(node)?;
                    self.check_term(inner, &text)?;
                    listed.push(text);
                }
                Item::Prefix(start) => {
                    self.check_start(inner, start)?;
                    starts.push(start.clone());
                }
                Item::Range(least, most) => {
                    let (least, most) = (text(least)?, text(most)?);
                    let letters = least.chars().count();
                    if letters != most.chars().count() || letters == 0 || least > most {
                        let expected = "two texts of the same length, the lower one first";
                        return Err(ParamError::new("range", format!("{least}..{most}"), expected).into());
                    }
                    ranges.push((least, most, letters));
                }
            }
        }
        Ok(Test::asking(self.text(inner)?, move |text| {
            let within = |(least, most, letters): &(Box<str>, Box<str>, usize)| {
                let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(*letters);
                ends.is_some_and(|end| (&**least..=&**most).contains(&&text[..end]))
            };
            listed.iter().any(|item| **item == *text)
                || starts.iter().any(|start| text.starts_with(&**start))
                || ranges.iter().any(within)
        }))
    }

    /// A start that no text of the column can have would select nothing in silence.
    fn check_start(&self, column: &Node, start: &str) -> Result<(), Error> {
        let terms = self.terms(column);
        match column {
            Node::Name(name) if !terms.is_empty() && !terms.iter().any(|term| term.starts_with(start)) => {
                let expected = format!("the start of one of {}", terms.join(", "));
                Err(ParamError::new(name, format!("{start}*"), &expected).into())
            }
            _ => Ok(()),
        }
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

    /// A column of texts beside a number, which stands for the text as it is written.
    fn as_written(&self, column: &Node, number: &Node, equal: Option<bool>) -> Result<Test<'a>, Error> {
        let Node::Number(_, written) = number else { return Err(mismatch(number, "a text in quotes")) };
        let Some(equal) = equal else { return Err(mismatch(column, NO_ORDER)) };
        self.check_term(column, written)?;
        let written = written.clone();
        Ok(Test::asking(self.text(column)?, move |text| (*text == *written) == equal))
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
                    return Err(mismatch(a, NO_ORDER));
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
            (Kind::Text, Kind::Number) => self.as_written(a, b, equal)?,
            (Kind::Number, Kind::Text) if matches!(a, Node::Number(..)) => self.as_written(b, a, equal)?,
            (Kind::Number, Kind::Text) => return Err(mismatch(b, "a number")),
            (Kind::Test, _) => return Err(mismatch(b, "`true` or `false`")),
            (_, Kind::Test) => return Err(mismatch(b, "a number or a text")),
        })
    }
}

/// Why texts are not in order.
const NO_ORDER: &str =
    "a number: texts compare by == and !=, and codes lie in a range by `in (\"400\"..\"442\")`";

/// Bounds of which the lower one stands first.
fn rising(least: f64, most: f64) -> Result<(f64, f64), Error> {
    if least <= most {
        return Ok((least, most));
    }
    Err(ParamError::new("range", format!("{least}..{most}"), "the lower bound first").into())
}

fn is_flag(value: f64) -> bool {
    value == 0.0 || value == 1.0
}

fn mismatch(node: &Node, expected: &str) -> Error {
    let found = match node {
        Node::Number(number, _) => format!("the number {number}"),
        Node::Text(text) => format!("the text \"{text}\""),
        Node::Name(name) => format!("the column {name}"),
        Node::Truth(truth) => truth.to_string(),
        Node::Negative(_) | Node::Sum(_) | Node::Product(_) => "a number".into(),
        _ => "a condition".into(),
    };
    Error::Param(ParamError::new("expression", found, expected))
}

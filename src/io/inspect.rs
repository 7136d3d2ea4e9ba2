//! What the properties of a file are, told by all of their values: what inference goes by.

use std::collections::HashMap;

use super::columns::text_hash;
use super::schema::{Field, Meaning, Profile, Scalar, Target, as_number, cut_name, known_fields, plain_name};
use super::value::Value;
use super::values::ValueCounts;
use crate::error::FeaturePos;

/// Texts that stand for "not known", beside an empty one.
const UNKNOWN: [&str; 10] = ["na", "n/a", "nan", "null", "none", "-", "--", "—", "无", "未知"];

/// Whether a text says that nothing is known.
pub(super) fn says_unknown(text: &str) -> bool {
    // The longest of them has six bytes.
    text.len() <= 6 && UNKNOWN.iter().any(|unknown| unknown.eq_ignore_ascii_case(text))
}

/// One property of a file, over all of its features.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PropertySummary {
    /// Its name; `$id` is the features' own id.
    pub name: Box<str>,
    /// Features that have it.
    pub features: u64,
    /// Values that say nothing: `null`, an empty text, or a word for "not known" (`NA`, `-`, `无` …).
    pub unknown: u64,
    /// Finite numbers.
    pub numbers: u64,
    /// Texts that read as a number.
    pub numeric_texts: u64,
    /// Other texts, flags, arrays, objects, and numbers too large for a double.
    pub others: u64,
    /// The first of the others, with its position.
    pub first_other: Option<(FeaturePos, Box<str>)>,
    /// Where it stands among the properties of a feature, at the least.
    position: u32,
    /// How each field of the built-in profiles that knows the name reads the values.
    pub(super) fits: Vec<Fit>,
    /// How often each text and each number occurs, where a profile takes the property for a code.
    pub(super) codes: Option<Box<Codes>>,
    /// Its distinct values, where they were asked for.
    pub(super) values: Option<Box<ValueCounts>>,
}

/// How a known field reads the values of a property.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    /// Which of the known fields.
    pub(super) field: usize,
    /// Values that it can read.
    pub(super) readable: u64,
    /// Values that it cannot, words for "not known" aside.
    pub(super) unreadable: u64,
    check: Check,
}

/// How it is told whether a field can read a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Check {
    /// All but arrays and objects.
    Textual,
    /// By the distinct values, once all are known.
    Codes,
    /// A number from one bound to below another, in the unit of the column; a text as the field reads it.
    Number { least: f64, below: f64 },
    /// As the field reads it.
    Field,
}

impl Check {
    fn of(field: &Field) -> Self {
        match &field.target {
            Target::Id | Target::District | Target::Text(_) => Self::Textual,
            target if target.is_code() => Self::Codes,
            _ => field.range().map_or(Self::Field, |(least, below)| Self::Number { least, below }),
        }
    }
}

/// How often each value of a property occurs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Codes {
    pub(super) texts: HashMap<Box<str>, u64>,
    /// By the bits of the number.
    pub(super) numbers: HashMap<u64, u64>,
}

impl PropertySummary {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            features: 0,
            unknown: 0,
            numbers: 0,
            numeric_texts: 0,
            others: 0,
            first_other: None,
            position: u32::MAX,
            fits: Vec::new(),
            codes: None,
            values: None,
        }
    }

    /// The summary of a property from its values, as a source that is no file has them.
    pub fn of<'v>(name: &str, values: impl IntoIterator<Item = Scalar<'v>>) -> Self {
        let known = KnownNames::new();
        let mut summaries = Summaries::new(&known);
        let slot = summaries.slot(name);
        for (row, value) in (0..).zip(values) {
            summaries.met(slot, 0);
            summaries.add(slot, 1, row, &Value::from(value));
        }
        summaries.finish().pop().unwrap_or_else(|| Self::new(name))
    }

    /// Whether it is a column of numbers: it has some, and most of its known values are numbers or read as such.
    pub fn is_numeric(&self) -> bool {
        self.numbers > 0 && self.numbers + self.numeric_texts > self.others
    }
}

/// Which fields of the built-in profiles know a name.
#[derive(Debug)]
pub(super) struct KnownNames {
    pub(super) fields: Vec<(&'static Profile, Field)>,
    by_name: HashMap<String, Vec<usize>>,
}

impl KnownNames {
    pub(super) fn new() -> Self {
        let fields = known_fields();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, (_, field)) in fields.iter().enumerate() {
            let names = field.names().map(plain_name);
            for name in names.chain(field.names().filter_map(cut_name)) {
                let known = by_name.entry(name).or_default();
                if known.last() != Some(&i) {
                    known.push(i);
                }
            }
        }
        Self { fields, by_name }
    }
}

/// Summaries that grow value by value.
#[derive(Debug)]
pub(super) struct Summaries<'k> {
    known: &'k KnownNames,
    positions: HashMap<Box<str>, usize>,
    properties: Vec<PropertySummary>,
    /// Whether distinct values are kept.
    with_values: bool,
}

impl<'k> Summaries<'k> {
    pub(super) fn new(known: &'k KnownNames) -> Self {
        Self { known, positions: HashMap::new(), properties: Vec::new(), with_values: false }
    }

    /// The same with the distinct values of every property.
    pub(super) fn with_values(self, with_values: bool) -> Self {
        Self { with_values, ..self }
    }

    /// Where the summary of a property is kept.
    pub(super) fn slot(&mut self, name: &str) -> usize {
        if let Some(&slot) = self.positions.get(name) {
            return slot;
        }
        let mut summary = PropertySummary::new(name);
        for &field in self.known.by_name.get(&plain_name(name)).into_iter().flatten() {
            let check = Check::of(&self.known.fields[field].1);
            summary.fits.push(Fit { field, readable: 0, unreadable: 0, check });
            if check == Check::Codes {
                summary.codes.get_or_insert_default();
            }
        }
        if self.with_values {
            summary.values = Some(Box::default());
        }
        self.properties.push(summary);
        self.positions.insert(name.into(), self.properties.len() - 1);
        self.properties.len() - 1
    }

    /// Notes that the feature has the property, at `position` among its properties.
    #[inline]
    pub(super) fn met(&mut self, slot: usize, position: u32) {
        self.met_by(slot, position, 1);
    }

    /// Notes that so many features have the property.
    #[inline]
    pub(super) fn met_by(&mut self, slot: usize, position: u32, features: u64) {
        let own = &mut self.properties[slot];
        own.features += features;
        own.position = own.position.min(position);
    }

    /// Adds a value that `count` features have, the first of them at `row`.
    pub(super) fn add(&mut self, slot: usize, count: u64, row: u32, value: &Value<'_>) {
        let own = &mut self.properties[slot];
        let scalar = value.scalar(&Target::Floors);
        let mut unknown_word = false;
        let mut number = None;
        match scalar {
            Scalar::Null => {
                own.unknown += count;
                return;
            }
            Scalar::Number(x) if x.is_finite() => {
                own.numbers += count;
                number = Some(x);
            }
            Scalar::Text(text) if text.trim().is_empty() || says_unknown(text.trim()) => {
                own.unknown += count;
                unknown_word = true;
            }
            Scalar::Text(text) if as_number(Scalar::Text(text.trim())).is_some() => {
                own.numeric_texts += count;
                number = as_number(Scalar::Text(text.trim()));
            }
            _ => {
                own.others += count;
                if own.first_other.as_ref().is_none_or(|(at, _)| row < at.row) {
                    own.first_other = Some((FeaturePos { row, id: None }, value.quoted()));
                }
            }
        }
        if let Some(codes) = &mut own.codes {
            codes.add(scalar, count);
        }
        if let Some(values) = own.values.as_mut().filter(|_| !unknown_word) {
            values.add(scalar, number, count);
        }
        for fit in &mut own.fits {
            let field = &self.known.fields[fit.field].1;
            let readable = match (fit.check, scalar) {
                (Check::Codes, _) => continue,
                (Check::Textual, scalar) => Some(!matches!(scalar, Scalar::Nested(_))),
                (_, Scalar::Number(x)) if !x.is_finite() => Some(false),
                (Check::Number { least, below }, Scalar::Number(x)) => {
                    let number = x * field.scale;
                    Some(number >= least && number < below)
                }
                (_, scalar) => match field.read(scalar) {
                    Ok(Meaning::Unknown) => None,
                    Ok(_) => Some(true),
                    Err(_) => Some(false).filter(|_| !unknown_word),
                },
            };
            match readable {
                Some(true) => fit.readable += count,
                Some(false) => fit.unreadable += count,
                None => {}
            }
        }
    }

    /// Adds the summaries of features that stand behind, their positions counted from `row`.
    pub(super) fn append(&mut self, other: Self, row: u32) {
        for theirs in other.properties {
            let slot = self.slot(&theirs.name);
            let own = &mut self.properties[slot];
            own.features += theirs.features;
            own.unknown += theirs.unknown;
            own.numbers += theirs.numbers;
            own.numeric_texts += theirs.numeric_texts;
            own.others += theirs.others;
            own.position = own.position.min(theirs.position);
            if own.first_other.is_none() {
                own.first_other = theirs.first_other.map(|(mut at, found)| {
                    at.row += row;
                    (at, found)
                });
            }
            for (own, theirs) in own.fits.iter_mut().zip(theirs.fits) {
                own.readable += theirs.readable;
                own.unreadable += theirs.unreadable;
            }
            if let (Some(own), Some(theirs)) = (&mut own.codes, theirs.codes) {
                theirs.texts.into_iter().for_each(|(text, n)| *own.texts.entry(text).or_default() += n);
                theirs.numbers.into_iter().for_each(|(bits, n)| *own.numbers.entry(bits).or_default() += n);
            }
            if let (Some(own), Some(theirs)) = (&mut own.values, theirs.values) {
                own.append(*theirs);
            }
        }
    }

    /// One summary per property, in an order that does not depend on that of the features.
    pub(super) fn finish(self) -> Vec<PropertySummary> {
        let mut properties = self.properties;
        properties.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
        properties
    }
}

/// How often each of some recent texts occurred, and the first feature that has it: most texts occur again soon, and are then counted
/// without being looked at.
#[derive(Debug, Default)]
pub(super) struct RecentCounts<'a>(Vec<Option<(&'a str, u64, u32)>>);

impl<'a> RecentCounts<'a> {
    const SLOTS: usize = 64;

    /// Counts a text of the feature at `row`; the one that it takes the place of, with its count and row.
    #[inline]
    pub(super) fn add(&mut self, text: &'a str, row: u32) -> Option<(&'a str, u64, u32)> {
        self.0.resize(Self::SLOTS, None);
        let own = &mut self.0[text_hash(text) % Self::SLOTS];
        match own {
            Some((known, count, _)) if *known == text => {
                *count += 1;
                None
            }
            _ => own.replace((text, 1, row)),
        }
    }

    /// All texts that are left, with their counts and rows.
    pub(super) fn drain(self) -> impl Iterator<Item = (&'a str, u64, u32)> {
        self.0.into_iter().flatten()
    }
}

impl Codes {
    fn add(&mut self, value: Scalar<'_>, count: u64) {
        match value {
            Scalar::Text(text) => match self.texts.get_mut(text) {
                Some(all) => *all += count,
                None => {
                    self.texts.insert(text.into(), count);
                }
            },
            Scalar::Number(number) => *self.numbers.entry(number.to_bits()).or_default() += count,
            _ => {}
        }
    }

    /// The values and how often each occurs.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Scalar<'_>, u64)> {
        let texts = self.texts.iter().map(|(text, &count)| (Scalar::Text(text), count));
        let numbers = self.numbers.iter();
        texts.chain(numbers.map(|(&bits, &count)| (Scalar::Number(f64::from_bits(bits)), count)))
    }
}

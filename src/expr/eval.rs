//! An expression evaluated, some rows at a time.

use super::Order;
use super::bind::{FALSE, Number, TRUE, Test, Text, UNKNOWN};

impl Number<'_> {
    /// Fills `out` with the rows from `start` on.
    pub(super) fn eval(&self, start: usize, out: &mut [f64]) {
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
    pub(super) fn asking(text: Text<'a>, question: impl Fn(&str) -> bool + Send + Sync + 'a) -> Self {
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
    pub(super) fn eval(&self, start: usize, out: &mut [u8]) {
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
            Self::In(number, ranges) => {
                let within = |value: f64| ranges.iter().any(|&(least, most)| least <= value && value <= most);
                for (out, value) in out.iter_mut().zip(numbers(number)) {
                    *out = if value.is_finite() { u8::from(within(value)) } else { UNKNOWN };
                }
            }
            Self::Digits(number, question) => {
                for (out, value) in out.iter_mut().zip(numbers(number)) {
                    *out = if value.is_finite() { u8::from(question(&value.to_string())) } else { UNKNOWN };
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

//! The distinct values of a property: all where they are few, a sample where they are many.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::schema::Scalar;

/// Distinct values that are kept, at the most.
const KEPT: usize = 4_096;

/// How often each distinct value occurs. Where there are more than [`KEPT`], those of the lowest hashes are kept, so that which ones they are
/// depends neither on the order of the features nor on the pieces they are read in, and each count is that of all features.
///
/// # Source
/// Bar-Yossef et al. 2002, "Counting Distinct Elements in a Data Stream": the k lowest hashes tell how many there are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ValueCounts {
    kept: BTreeMap<u64, (Seen, u64)>,
    /// Whether there are more distinct values than are kept.
    beyond: bool,
    least: f64,
    greatest: f64,
    /// Whether every number is whole.
    whole: bool,
    pub(super) flags: u64,
    pub(super) nested: u64,
}

/// A value that occurs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    Text(Box<str>),
    Number(f64),
    Flag(bool),
}

impl Seen {
    /// As a field reads it.
    pub(super) fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Text(text) => Scalar::Text(text),
            Self::Number(number) => Scalar::Number(*number),
            Self::Flag(flag) => Scalar::Bool(*flag),
        }
    }

    fn text(&self) -> Box<str> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string().into(),
            Self::Flag(flag) => flag.to_string().into(),
        }
    }
}

impl Default for ValueCounts {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            beyond: false,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            whole: true,
            flags: 0,
            nested: 0,
        }
    }
}

impl ValueCounts {
    /// Adds a known value that `count` features have; `number` is what it reads as, if it does.
    pub(super) fn add(&mut self, value: Scalar<'_>, number: Option<f64>, count: u64) {
        if let Some(number) = number {
            self.least = self.least.min(number);
            self.greatest = self.greatest.max(number);
            self.whole &= number.fract() == 0.0;
        }
        let hash = match value {
            Scalar::Text(text) => xxh3_64_with_seed(text.trim().as_bytes(), 1),
            Scalar::Number(number) => xxh3_64_with_seed(&(number + 0.0).to_bits().to_le_bytes(), 2),
            Scalar::Bool(flag) => {
                self.flags += count;
                xxh3_64_with_seed(&[flag.into()], 3)
            }
            Scalar::Nested(_) => {
                self.nested += count;
                return;
            }
            Scalar::Null => return,
        };
        if self.has_no_room(hash) {
            self.beyond = true;
            return;
        }
        let seen = || match value {
            Scalar::Number(number) => Seen::Number(number + 0.0),
            Scalar::Bool(flag) => Seen::Flag(flag),
            Scalar::Text(text) => Seen::Text(text.trim().into()),
            Scalar::Null | Scalar::Nested(_) => Seen::Text("".into()),
        };
        self.kept.entry(hash).or_insert_with(|| (seen(), 0)).1 += count;
        self.trim();
    }

    /// Adds the values of other features.
    pub(super) fn append(&mut self, other: Self) {
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.whole &= other.whole;
        self.flags += other.flags;
        self.nested += other.nested;
        self.beyond |= other.beyond;
        for (hash, (seen, count)) in other.kept {
            if self.has_no_room(hash) {
                self.beyond = true;
            } else {
                self.kept.entry(hash).or_insert((seen, 0)).1 += count;
                self.trim();
            }
        }
    }

    fn has_no_room(&self, hash: u64) -> bool {
        self.kept.len() == KEPT && self.kept.last_key_value().is_some_and(|(&last, _)| hash > last)
    }

    fn trim(&mut self) {
        if self.kept.len() > KEPT {
            self.kept.pop_last();
            self.beyond = true;
        }
    }

    /// How many distinct values there are, and whether that is exact; the error of an estimate is about 1.6 %.
    pub(super) fn distinct(&self) -> (u64, bool) {
        match self.kept.last_key_value() {
            Some((&last, _)) if self.beyond => {
                let share = last as f64 / u64::MAX as f64;
                (((KEPT - 1) as f64 / share).round() as u64, false)
            }
            _ => (self.kept.len() as u64, true),
        }
    }

    /// The least and the greatest number; none without any.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        (self.least <= self.greatest).then_some((self.least, self.greatest))
    }

    /// Whether every number is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The values that are kept, each with how often it occurs.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Seen, u64)> {
        self.kept.values().map(|(seen, count)| (seen, *count))
    }

    /// The most frequent of the values that are kept, equal ones in the order of their texts.
    pub(super) fn samples(&self, most: usize) -> Vec<(Box<str>, u64)> {
        let mut all: Vec<(Box<str>, u64)> = self.iter().map(|(seen, count)| (seen.text(), count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(most);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_estimated_and_no_order_matters() {
        let texts: Vec<String> = (0..50_000).map(|i| format!("v{}", i % 20_000)).collect();
        let mut forth = ValueCounts::default();
        texts.iter().for_each(|text| forth.add(Scalar::Text(text), None, 1));
        let (mut back, mut half) = (ValueCounts::default(), ValueCounts::default());
        texts.iter().rev().take(30_000).for_each(|text| back.add(Scalar::Text(text), None, 1));
        texts.iter().rev().skip(30_000).for_each(|text| half.add(Scalar::Text(text), None, 1));
        back.append(half);
        assert_eq!(forth, back);
        let (count, exact) = forth.distinct();
        assert!(!exact && count.abs_diff(20_000) < 1_000, "{count}");
        assert!(forth.iter().all(|(_, count)| count == 2 || count == 3));
    }

    #[test]
    fn few_values_are_counted() {
        let mut values = ValueCounts::default();
        for (number, count) in [(-0.0, 1), (0.0, 2), (7.5, 1)] {
            values.add(Scalar::Number(number), Some(number), count);
        }
        values.add(Scalar::Text(" 8 "), Some(8.0), 5);
        assert_eq!(values.distinct(), (3, true));
        assert_eq!(values.range(), Some((0.0, 8.0)));
        assert!(!values.is_whole());
        assert_eq!(values.samples(2), [("8".into(), 5), ("0".into(), 3)]);
    }
}

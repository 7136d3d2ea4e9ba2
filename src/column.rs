use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Hashes values for a look-up of each: several times faster than the standard library's, without its resistance to chosen keys.
#[derive(Debug, Clone, Default)]
struct FastHasher(u64);

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u8(&mut self, byte: u8) {
        // The mark behind a text; what comes before it is mixed already.
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A column of values some of which may be unknown. Unknown is not zero: there is no default to fall back to.
///
/// ```
/// use landuse::parcel::Column;
/// let column: Column<f64> = [Some(1.5), None].into_iter().collect();
/// assert_eq!((column.get(0), column.get(1), column.known()), (Some(1.5), None, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Column<T> {
    values: Vec<T>,
    /// One bit per value, set where it is known.
    validity: Vec<u64>,
    known: usize,
}

impl<T: Copy + Default> Column<T> {
    /// A column without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// A column of `len` unknown values.
    pub fn unknown(len: usize) -> Self {
        Self { values: vec![T::default(); len], validity: vec![0; len.div_ceil(64)], known: 0 }
    }

    /// How many values there are, unknown ones included.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many values are known.
    pub fn known(&self) -> usize {
        self.known
    }

    /// Value `i`, if it is known and there is one.
    pub fn get(&self, i: usize) -> Option<T> {
        let known = self.validity.get(i / 64)? >> (i % 64) & 1 == 1;
        if known { self.values.get(i).copied() } else { None }
    }

    /// Adds a value at the end.
    pub fn push(&mut self, value: Option<T>) {
        let i = self.values.len();
        if i.is_multiple_of(64) {
            self.validity.push(0);
        }
        if value.is_some() {
            self.validity[i / 64] |= 1 << (i % 64);
            self.known += 1;
        }
        self.values.push(value.unwrap_or_default());
    }

    /// All values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<T>> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The values at `order`, in that order.
    ///
    /// # Panics
    /// Where a position is not below [`len`](Self::len).
    #[must_use]
    pub fn take(&self, order: &[u32]) -> Self {
        let bit = |i: u32| self.validity[i as usize / 64] >> (i % 64) & 1;
        let word = |run: &[u32]| run.iter().rev().fold(0, |word, &i| word << 1 | bit(i));
        let validity: Vec<u64> = order.chunks(64).map(word).collect();
        Self {
            values: order.iter().map(|&i| self.values[i as usize]).collect(),
            known: validity.iter().map(|word| word.count_ones() as usize).sum(),
            validity,
        }
    }

    /// Adds the values of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        let shift = self.len() % 64;
        self.values.extend_from_slice(&other.values);
        for &word in &other.validity {
            match self.validity.last_mut() {
                Some(last) if shift > 0 => {
                    *last |= word << shift;
                    self.validity.push(word >> (64 - shift));
                }
                _ => self.validity.push(word),
            }
        }
        self.validity.truncate(self.len().div_ceil(64));
        self.known += other.known;
    }
}

impl<T: Copy + Default> FromIterator<Option<T>> for Column<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(values: I) -> Self {
        let mut column = Self::new();
        for value in values {
            column.push(value);
        }
        column
    }
}

/// A column of text that mostly differs from row to row (ids): all bytes in one string.
///
/// ```
/// use landuse::parcel::TextColumn;
/// let column: TextColumn = [Some("A-104"), None].into_iter().collect();
/// assert_eq!((column.get(0), column.get(1)), (Some("A-104"), None));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextColumn {
    text: String,
    /// End of each text; together with the validity that `Column` keeps.
    ends: Column<u64>,
}

impl TextColumn {
    /// A column without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many values there are, unknown ones included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many values are known.
    pub fn known(&self) -> usize {
        self.ends.known()
    }

    /// Text `i`, if it is known and there is one.
    pub fn get(&self, i: usize) -> Option<&str> {
        let end = self.ends.get(i)? as usize;
        let start = if i == 0 { 0 } else { self.ends.values[i - 1] as usize };
        self.text.get(start..end)
    }

    /// Adds a text at the end.
    pub fn push(&mut self, text: Option<&str>) {
        self.text.push_str(text.unwrap_or_default());
        let end = self.text.len() as u64;
        self.ends.push(text.map(|_| end));
        if let Some(last) = self.ends.values.last_mut() {
            *last = end;
        }
    }

    /// All texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The texts at `order`, in that order.
    #[must_use]
    pub fn take(&self, order: &[u32]) -> Self {
        order.iter().map(|&i| self.get(i as usize)).collect()
    }

    /// Adds the texts of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        let (rows, bytes) = (self.len(), self.text.len() as u64);
        self.text.push_str(&other.text);
        self.ends.append(&other.ends);
        self.ends.values[rows..].iter_mut().for_each(|end| *end += bytes);
    }
}

impl<'a> FromIterator<Option<&'a str>> for TextColumn {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(texts: I) -> Self {
        let mut column = Self::new();
        for text in texts {
            column.push(text);
        }
        column
    }
}

/// A column of values that repeat (land-use codes, names of districts): each distinct value is stored once.
///
/// ```
/// use landuse::parcel::CategoryColumn;
/// let mut column = CategoryColumn::<Box<str>>::new();
/// for name in [Some("north"), None, Some("north")] {
///     column.push(name);
/// }
/// assert_eq!((column.get(2).map(|name| &**name), column.get(1)), (Some("north"), None));
/// assert_eq!(column.distinct().len(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct CategoryColumn<T> {
    distinct: Vec<T>,
    /// Positions in `distinct`, by hash, each at the next free place; made when a value is looked for.
    slots: Vec<u32>,
    /// How many of `distinct` stand in `slots`.
    indexed: usize,
    keys: Vec<u32>,
}

impl<T> Default for CategoryColumn<T> {
    fn default() -> Self {
        Self { distinct: Vec::new(), slots: Vec::new(), indexed: 0, keys: Vec::new() }
    }
}

impl<T: Eq> PartialEq for CategoryColumn<T> {
    /// Columns are equal where their values are, whatever the order of first appearance in the past.
    fn eq(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len()
            && self
                .keys
                .iter()
                .zip(&other.keys)
                .all(|(&a, &b)| self.distinct.get(a as usize) == other.distinct.get(b as usize))
    }
}

impl<T: Eq + Hash + Clone> CategoryColumn<T> {
    const UNKNOWN: u32 = u32::MAX;

    /// A column without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// A column of `len` unknown values.
    pub fn unknown(len: usize) -> Self {
        Self { keys: vec![Self::UNKNOWN; len], ..Self::default() }
    }

    /// How many values there are, unknown ones included.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many values are known.
    pub fn known(&self) -> usize {
        self.keys.iter().filter(|&&key| key != Self::UNKNOWN).count()
    }

    /// Value `i`, if it is known and there is one.
    pub fn get(&self, i: usize) -> Option<&T> {
        self.key(i).map(|key| &self.distinct[key as usize])
    }

    /// Position of value `i` in [`distinct`](Self::distinct): compare and look up by it instead of by value.
    pub fn key(&self, i: usize) -> Option<u32> {
        self.keys.get(i).copied().filter(|&key| key != Self::UNKNOWN)
    }

    /// The positions of all values in [`distinct`](Self::distinct).
    pub(crate) fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// Adds a value of the column's own type at the end.
    pub(crate) fn push_cloned(&mut self, value: Option<&T>) {
        let key = value.map_or(Self::UNKNOWN, |value| self.settle(value, T::clone));
        self.keys.push(key);
    }

    /// Adds a value that was met before, by its position in [`distinct`](Self::distinct).
    pub(crate) fn push_key(&mut self, key: u32) {
        debug_assert!((key as usize) < self.distinct.len());
        self.keys.push(key);
    }

    /// The distinct values, in order of first appearance.
    pub fn distinct(&self) -> &[T] {
        &self.distinct
    }

    /// Adds a value at the end.
    pub fn push<Q>(&mut self, value: Option<&Q>)
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ToOwned + ?Sized,
        Q::Owned: Into<T>,
    {
        let key = value.map_or(Self::UNKNOWN, |value| self.settle(value, |value| value.to_owned().into()));
        self.keys.push(key);
    }

    /// Where a value stands among the distinct ones, or is put as what `own` makes of it.
    fn settle<Q: Eq + Hash + ?Sized>(&mut self, value: &Q, own: impl FnOnce(&Q) -> T) -> u32
    where
        T: Borrow<Q>,
    {
        self.position(value).unwrap_or_else(|| {
            self.distinct.push(own(value));
            self.distinct.len() as u32 - 1
        })
    }

    /// Adds a value without looking whether it was met before, for columns that are only appended to others.
    pub(crate) fn push_unseen(&mut self, value: T) {
        self.keys.push(self.distinct.len() as u32);
        self.distinct.push(value);
    }

    /// Where a value stands among the distinct ones.
    fn position<Q: Eq + Hash + ?Sized>(&mut self, value: &Q) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        self.index();
        let mut at = self.home(value);
        while let Some(&key) = self.slots.get(at).filter(|&&key| key != Self::UNKNOWN) {
            if self.distinct[key as usize].borrow() == value {
                return Some(key);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    /// Where the search for a value begins.
    fn home<Q: Hash + ?Sized>(&self, value: &Q) -> usize {
        let mut hasher = FastHasher::default();
        value.hash(&mut hasher);
        hasher.finish() as usize & self.slots.len().saturating_sub(1)
    }

    /// Brings the slots up to date; at least half of them stay free.
    fn index(&mut self) {
        if self.distinct.len() * 2 > self.slots.len() {
            self.slots.clear();
            self.slots.resize((self.distinct.len() * 4).next_power_of_two().max(16), Self::UNKNOWN);
            self.indexed = 0;
        }
        for key in self.indexed..self.distinct.len() {
            let mut at = self.home(&self.distinct[key]);
            while self.slots[at] != Self::UNKNOWN {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = key as u32;
        }
        self.indexed = self.distinct.len();
    }

    /// All values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&T>> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The values at `order`, in that order.
    #[must_use]
    pub fn take(&self, order: &[u32]) -> Self {
        let mut taken = Self::default();
        taken.extend_keys(self, order.iter().map(|&i| self.keys[i as usize]), |taken, value| {
            // No two values of one column are equal.
            taken.distinct.push(value.clone());
            taken.distinct.len() as u32 - 1
        });
        taken
    }

    /// Adds the values of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        self.extend_keys(other, other.keys.iter().copied(), |own, value| own.settle(value, T::clone));
    }

    /// Adds values of `source` by their positions there; `settle` finds or makes the place of one here.
    fn extend_keys(
        &mut self,
        source: &Self,
        keys: impl ExactSizeIterator<Item = u32>,
        settle: impl Fn(&mut Self, &T) -> u32,
    ) {
        let mut translated = vec![Self::UNKNOWN; source.distinct.len()];
        self.keys.reserve(keys.len());
        for key in keys {
            let own = match translated.get_mut(key as usize) {
                None => Self::UNKNOWN,
                Some(own) => {
                    if *own == Self::UNKNOWN {
                        *own = settle(self, &source.distinct[key as usize]);
                    }
                    *own
                }
            };
            self.keys.push(own);
        }
    }
}

/// What a text that stands for a flag says; none for other texts.
pub(crate) fn flag_of(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" => Some(true),
        "false" | "no" | "n" | "0" | "否" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_found_whatever_the_way_they_came() {
        let value = |i: usize| (i % 7 != 3).then(|| format!("owner {}", i * i % 1013));
        let pushed = |range: std::ops::Range<usize>| {
            let mut column = CategoryColumn::<Box<str>>::new();
            range.for_each(|i| column.push(value(i).as_deref()));
            column
        };
        let mut unseen = CategoryColumn::<Box<str>>::new();
        (0..3000).filter_map(value).for_each(|text| unseen.push_unseen(text.into()));
        let mut column = pushed(0..500);
        column.append(&pushed(500..3000));
        assert_eq!(column, pushed(0..3000));
        assert_eq!(column.distinct(), pushed(0..3000).distinct());
        let known: Vec<u32> = (0..3000).filter(|&i| value(i as usize).is_some()).collect();
        let mut merged = CategoryColumn::new();
        merged.append(&unseen);
        assert_eq!(merged, column.take(&known));
        assert_eq!(merged.distinct(), column.distinct());

        let mut taken = column.take(&[2998, 4, 3, 4]);
        assert_eq!(taken.distinct().len(), 2);
        taken.push(value(4).as_deref());
        taken.push(Some("nobody"));
        assert_eq!((taken.key(4), taken.distinct().len()), (taken.key(1), 3));
    }

    #[test]
    fn columns_taken_and_appended_hold_what_pushed_ones_do() {
        for (own, theirs) in [(0, 0), (0, 70), (64, 64), (63, 2), (65, 130), (1, 0), (130, 63)] {
            let value = |i: usize| (i % 3 != 1).then_some(i as f64);
            let text = |i: usize| (i % 5 != 2).then(|| "land".repeat(i % 4));
            let pushed = |range: std::ops::Range<usize>| range.map(value).collect::<Column<f64>>();
            let texts = |range: std::ops::Range<usize>| {
                let texts: Vec<_> = range.map(text).collect();
                texts.iter().map(Option::as_deref).collect::<TextColumn>()
            };
            let (mut column, mut words) = (pushed(0..own), texts(0..own));
            column.append(&pushed(own..own + theirs));
            words.append(&texts(own..own + theirs));
            assert_eq!((&column, &words), (&pushed(0..own + theirs), &texts(0..own + theirs)));
            column.push(Some(0.5));
            assert_eq!(column.get(own + theirs), Some(0.5));

            let order: Vec<u32> = (0..(own + theirs) as u32).rev().step_by(3).collect();
            let one_by_one: Column<f64> = order.iter().map(|&i| value(i as usize)).collect();
            assert_eq!(column.take(&order), one_by_one);
        }
    }
}

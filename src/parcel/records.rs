//! Records of a register, and the parcels they lie on.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::attributes::{Attributes, NamedTexts};
use super::set::{ParcelIdx, ParcelSet};
use super::stacks::{Lands, RecordCounts, Stacks, starts_of};
use super::{CategoryColumn, Column, Parcel};
use crate::geometry::same::same_boundaries;

/// One record of a register that lies on a parcel: a flat, a firm's lease, a repeated row, or all there is of the parcel.
#[derive(Debug, Clone, Copy)]
pub struct RecordRef<'a> {
    parcel: ParcelIdx,
    attributes: &'a Attributes,
    at: usize,
    source_row: u32,
    repeated: bool,
    first: bool,
}

impl<'a> RecordRef<'a> {
    /// The parcel it lies on.
    pub fn parcel(self) -> ParcelIdx {
        self.parcel
    }

    /// Its id, if it has one.
    pub fn id(self) -> Option<&'a str> {
        self.attributes.id.get(self.at)
    }

    /// Its position in its file, from 0.
    pub fn source_row(self) -> u32 {
        self.source_row
    }

    /// Whether it repeats another record of the parcel in id and everything known, and so does not count again.
    pub fn is_repeated(self) -> bool {
        self.repeated
    }

    /// Whether it is the first of its parcel: one per parcel is.
    pub fn is_first(self) -> bool {
        self.first
    }

    /// The columns it stands in, and its row there.
    pub(crate) fn attributes(self) -> (&'a Attributes, usize) {
        (self.attributes, self.at)
    }

    /// Everything known of it but the land, copied out.
    pub fn to_parcel(self) -> Parcel {
        self.attributes.row(self.at)
    }
}

impl ParcelSet {
    /// The set with records of the same boundary as one parcel each: a flat, a firm's lease and a repeated row are no land of their
    /// own.
    ///
    /// *The same boundary*: equal cyclic sequences of vertices, parts and holes in any order, each vertex within 1 mm, those within
    /// 1 mm of the chord of their neighbours left out; a parcel is what a chain of such pairs joins, with the shape of the record
    /// that comes first in canonical order and the least of all ids.
    ///
    /// *Amounts* (floor area, and named columns [that add up](super::NamedNumbers::adds_up)) are added; one unknown makes the sum unknown.
    /// *Levels* are not: footprint (at most the land), floors and height are the greatest, the year is the earliest; allowed floor
    /// area ratio and other named numbers are the one value, else unknown. *Codes, districts and texts* go by majority of floor area
    /// where all are known, else of records; at a tie they are unknown. A construction flag of one is that of all. Rows equal in
    /// id and everything known count once; rows without an id always do.
    ///
    /// [`records`](Self::records) are the rows themselves. A set without such records stays as it is and stores nothing more.
    ///
    /// # Complexity
    /// O(n log n) to find boundaries that begin in one place, and O(v log v) in the vertices of those.
    ///
    /// ```
    /// use geo::{Rect, coord};
    /// use landuse::{Parcel, ParcelSet};
    ///
    /// let land = Rect::new(coord! { x: 0., y: 0. }, coord! { x: 20., y: 20. }).to_polygon();
    /// let flat = |id: &str, floor_area_m2| Parcel::new(id, land.clone()).floor_area_m2(floor_area_m2);
    /// let flats = ParcelSet::local([flat("b", 400.0), flat("a", 500.0), flat("c", 600.0)]);
    /// let set = flats.with_records_as_parcels();
    /// assert_eq!((set.len(), set.area_m2()), (1, &[400.0][..]));
    /// assert_eq!(set.attributes().floor_area_m2.get(0), Some(1_500.0));
    /// let parcel = set.iter().next().ok_or("no parcel")?;
    /// assert_eq!((parcel.id(), set.records(parcel.idx()).len()), (Some("a"), 3));
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn with_records_as_parcels(self) -> Self {
        if self.stacks.is_some() {
            return self;
        }
        let groups = self.of_same_boundary();
        if groups.is_empty() {
            return self;
        }
        let records = self.len();
        let mut kept = vec![true; records];
        groups.iter().flat_map(|group| &group[1..]).for_each(|&record| kept[record as usize] = false);
        let kept: Vec<u32> = (0..records as u32).filter(|&record| kept[record as usize]).collect();
        let position = |record: u32| kept.partition_point(|&own| own < record) as u32;

        let attributes = self.attributes();
        let repeated: Vec<Vec<bool>> = groups.iter().map(|group| repeated(attributes, group)).collect();
        let distinct: Vec<Vec<u32>> = (groups.iter().zip(&repeated))
            .map(|(group, repeated)| {
                group.iter().zip(repeated).filter(|(_, repeated)| !**repeated).map(|(row, _)| *row).collect()
            })
            .collect();
        let area_m2: Vec<f64> = groups.iter().map(|group| self.area_m2()[group[0] as usize]).collect();
        let merged = Merged { attributes, groups: &groups, distinct: &distinct, area_m2: &area_m2 };
        let floor = |&row: &u32| attributes.floor_area_m2.get(row as usize);
        let known = |group: &Vec<u32>| group.iter().filter_map(floor).reduce(|a, b| a + b);
        let one_as_all = distinct.iter().filter(|group| is_one_as_all(group.iter().map(floor))).count();
        let (columns, mixed) = merged.columns();
        let rows: Vec<u32> = groups.concat();
        let stacks = Stacks {
            parcels: groups.iter().map(|group| position(group[0])).collect(),
            starts: starts_of(groups.iter().map(Vec::len)),
            attributes: attributes.take(&rows),
            source_row: rows.iter().map(|&row| self.source_row()[row as usize]).collect(),
            repeated: repeated.concat(),
            floor_area_known_m2: distinct.iter().map(known).collect(),
            counts: RecordCounts {
                records,
                stacks: groups.len(),
                most: groups.iter().map(Vec::len).max().unwrap_or(1),
                repeated: repeated.iter().flatten().filter(|repeated| **repeated).count(),
                mixed,
                one_as_all,
            },
        };
        let mut all = attributes.clone();
        all.append(&columns);
        let mut order = kept.clone();
        for (stack, &parcel) in stacks.parcels.iter().enumerate() {
            order[parcel as usize] = (records + stack) as u32;
        }
        self.reduced(&kept, all.take(&order), Some(Box::new(stacks)))
    }

    /// The set with records of the same boundary each judged by itself. That they lie on one piece of land is kept: land counts once.
    ///
    /// # Complexity
    /// As [`with_records_as_parcels`](Self::with_records_as_parcels).
    #[must_use]
    pub fn with_records_judged_alone(mut self) -> Self {
        let groups = self.of_same_boundary();
        if groups.is_empty() {
            return self;
        }
        let rows: Vec<u32> = (0..self.len() as u32).collect();
        let (first, named, size) = (rows.clone(), rows, vec![1; self.len()]);
        let most = groups.iter().map(Vec::len).max().unwrap_or(1);
        let counts = RecordCounts { stacks: groups.len(), most, ..self.record_counts() };
        let mut lands = Lands { first, named, size, counts };
        for group in &groups {
            let by_id = |&&row: &&u32| {
                let id = self.attributes().id.get(row as usize);
                (id.is_none(), id, row)
            };
            let named = group.iter().min_by_key(by_id).copied().unwrap_or(group[0]);
            for &row in group {
                lands.first[row as usize] = group[0];
                lands.named[row as usize] = named;
                lands.size[row as usize] = group.len() as u32;
            }
        }
        self.lands = Some(Box::new(lands));
        self
    }

    /// Whether a parcel is the first on its land: all are but records of one boundary that are judged alone.
    pub(crate) fn is_first_on_land(&self, idx: ParcelIdx) -> bool {
        self.lands.as_ref().is_none_or(|lands| lands.first[idx.index()] == idx.0)
    }

    /// Whether two parcels are records of one boundary that are judged alone.
    pub(crate) fn on_same_land(&self, a: ParcelIdx, b: ParcelIdx) -> bool {
        self.lands.as_ref().is_some_and(|lands| lands.first[a.index()] == lands.first[b.index()])
    }

    /// How many records lie on the land of a parcel.
    pub(crate) fn records_on_land(&self, idx: ParcelIdx) -> usize {
        let alone = self.lands.as_ref().map(|lands| lands.size[idx.index()] as usize);
        alone.unwrap_or_else(|| self.records(idx).len())
    }

    /// Rows of the same boundary, each group ascending; rows alone are in none.
    pub(crate) fn of_same_boundary(&self) -> Vec<Vec<u32>> {
        let Some(first_of) = same_boundaries(self.geometry(), self.envelopes()) else { return Vec::new() };
        let mut placed: Vec<(u32, u32)> = (first_of.iter().copied().zip(0..))
            .filter(|(first, record)| first != record)
            .flat_map(|(first, record)| [(first, first), (first, record)])
            .collect();
        placed.sort_unstable();
        placed.dedup();
        let groups = placed.chunk_by(|a, b| a.0 == b.0);
        groups.map(|group| group.iter().map(|&(_, record)| record).collect()).collect()
    }

    /// The set without rows that repeat another of the same boundary in id and everything known, and how many those were.
    pub(crate) fn without_repeated(self) -> (Self, usize) {
        let mut kept = vec![true; self.len()];
        for group in self.of_same_boundary() {
            let repeated = repeated(self.attributes(), &group);
            group.iter().zip(repeated).for_each(|(&row, repeated)| kept[row as usize] &= !repeated);
        }
        self.with_rows(&kept)
    }

    /// The rows that are marked, and how many are not.
    pub(crate) fn with_rows(self, kept: &[bool]) -> (Self, usize) {
        let rows: Vec<u32> = (0..self.len() as u32).filter(|&row| kept[row as usize]).collect();
        let left_out = self.len() - rows.len();
        if left_out == 0 {
            return (self, 0);
        }
        let attributes = self.attributes().take(&rows);
        (self.reduced(&rows, attributes, None), left_out)
    }

    /// How many records there are, and what lies on one parcel.
    pub fn record_counts(&self) -> RecordCounts {
        let alone = RecordCounts { records: self.len(), most: self.len().min(1), ..RecordCounts::default() };
        let judged_alone = self.lands.as_ref().map_or(alone, |lands| lands.counts);
        self.stacks.as_ref().map_or(judged_alone, |stacks| stacks.counts)
    }

    /// The records on a parcel: one, or several of the same boundary ([`with_records_as_parcels`](Self::with_records_as_parcels)).
    ///
    /// # Panics
    /// Where `idx` is not of this set, as a slice does.
    pub fn records(&self, idx: ParcelIdx) -> impl ExactSizeIterator<Item = RecordRef<'_>> {
        let stack = self.stacks.as_ref().and_then(|stacks| stacks.find(idx.0));
        let rows = match (&self.stacks, stack) {
            (Some(stacks), Some(stack)) => stacks.records(stack),
            _ => 0..1,
        };
        let first = rows.start;
        rows.map(move |row| self.record_of(idx, stack.map(|_| row), row == first))
    }

    /// Every id of every record with its parcel, in order of parcels.
    pub fn ids(&self) -> impl Iterator<Item = (&str, ParcelIdx)> {
        let parcels = (0..self.len() as u32).map(ParcelIdx);
        parcels.flat_map(|idx| self.records(idx)).filter_map(|record| Some((record.id()?, record.parcel())))
    }

    /// The parcel of the record at a position, as [`record`](Self::record) counts them.
    pub(crate) fn parcel_of_record(&self, position: usize) -> ParcelIdx {
        if position < self.len() { ParcelIdx(position as u32) } else { self.record(position).parcel() }
    }

    /// What a parcel is called: its id, else `#` and the position of its first record in the file.
    pub(crate) fn parcel_name(&self, idx: ParcelIdx) -> Cow<'_, str> {
        let at = self.lands.as_ref().map_or(idx.index(), |lands| lands.named[idx.index()] as usize);
        let row = || format!("#{}", self.source_row()[at]).into();
        self.attributes().id.get(at).map_or_else(row, Cow::from)
    }

    /// The record at a position below the number of records: those below the number of parcels are the first of each, the others of
    /// stacks follow.
    pub(crate) fn record(&self, position: usize) -> RecordRef<'_> {
        let idx = ParcelIdx(position as u32);
        let Some(stacks) = &self.stacks else { return self.record_of(idx, None, true) };
        match position.checked_sub(self.len()) {
            None => {
                let stack = stacks.find(idx.0);
                self.record_of(idx, stack.map(|stack| stacks.starts[stack] as usize), true)
            }
            Some(other) => {
                // Each stack before has given its first record away.
                let before = |stack: usize| stacks.starts[stack] as usize - stack;
                let (mut low, mut high) = (0, stacks.parcels.len());
                while high - low > 1 {
                    let middle = usize::midpoint(low, high);
                    if before(middle) <= other { low = middle } else { high = middle }
                }
                self.record_of(ParcelIdx(stacks.parcels[low]), Some(other + low + 1), false)
            }
        }
    }

    fn record_of(&self, parcel: ParcelIdx, row: Option<usize>, first: bool) -> RecordRef<'_> {
        match (&self.stacks, row) {
            (Some(stacks), Some(at)) => RecordRef {
                parcel,
                attributes: &stacks.attributes,
                at,
                source_row: stacks.source_row[at],
                repeated: stacks.repeated[at],
                first,
            },
            _ => RecordRef {
                parcel,
                attributes: self.attributes(),
                at: parcel.index(),
                source_row: self.source_row()[parcel.index()],
                repeated: false,
                first: first && self.is_first_on_land(parcel),
            },
        }
    }

    /// Columns of records with several on a parcel, one row each, and the parcel of each row.
    pub(crate) fn stacked(&self) -> Option<(&Attributes, impl Iterator<Item = ParcelIdx> + '_)> {
        let stacks = self.stacks.as_ref()?;
        let sizes = stacks.starts.windows(2).map(|pair| (pair[1] - pair[0]) as usize);
        let parcels = stacks.parcels.iter().zip(sizes);
        let of_row = parcels.flat_map(|(&parcel, size)| std::iter::repeat_n(ParcelIdx(parcel), size));
        Some((&stacks.attributes, of_row))
    }

    /// The known part of a parcel's floor area, m²: all of it where it is known; none where nothing is.
    pub fn floor_area_known_m2(&self, idx: ParcelIdx) -> Option<f64> {
        let of_stack = || {
            let stacks = self.stacks.as_ref()?;
            stacks.floor_area_known_m2.get(stacks.find(idx.0)?)
        };
        self.attributes().floor_area_m2.get(idx.index()).or_else(of_stack)
    }
}

/// Which records of a group equal an earlier one in id and everything known.
fn repeated(attributes: &Attributes, group: &[u32]) -> Vec<bool> {
    let compare = |&a: &u32, &b: &u32| {
        let (a, b) = (a as usize, b as usize);
        attributes.id.get(a).cmp(&attributes.id.get(b)).then_with(|| attributes.compare(a, b))
    };
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by(|&a, &b| compare(&group[a], &group[b]).then(a.cmp(&b)));
    let mut repeated = vec![false; group.len()];
    for pair in order.windows(2) {
        let [a, b] = [group[pair[0]], group[pair[1]]];
        repeated[pair[1]] = attributes.id.get(a as usize).is_some() && compare(&a, &b) == Ordering::Equal;
    }
    repeated
}

/// Whether one value is the sum of all others within 1 %.
fn is_one_as_all(values: impl Iterator<Item = Option<f64>>) -> bool {
    let Some(values) = values.collect::<Option<Vec<f64>>>() else { return false };
    let greatest = values.iter().copied().fold(0.0, f64::max);
    let others = values.iter().sum::<f64>() - greatest;
    greatest > 0.0 && (greatest - others).abs() <= 0.01 * greatest
}

/// Groups of records on their way to one row each.
struct Merged<'a> {
    attributes: &'a Attributes,
    groups: &'a [Vec<u32>],
    /// The groups less repeated records.
    distinct: &'a [Vec<u32>],
    /// Land of each group, m².
    area_m2: &'a [f64],
}

impl Merged<'_> {
    /// One row per group, and how many groups have no majority in a code or district.
    fn columns(&self) -> (Attributes, usize) {
        let all = self.attributes;
        let weights: Vec<Vec<f64>> = self.distinct.iter().map(|group| weights(all, group)).collect();
        let mut mixed = vec![false; self.groups.len()];
        let mut merged = Attributes {
            id: self
                .groups
                .iter()
                .map(|group| group.iter().filter_map(|&i| all.id.get(i as usize)).min())
                .collect(),
            current_use: self.majority(&all.current_use, &weights, &mut mixed),
            zoned_use: self.majority(&all.zoned_use, &weights, &mut mixed),
            district: self.majority(&all.district, &weights, &mut mixed),
            construction: self.each(&all.construction, any),
            floor_area_m2: self.each(&all.floor_area_m2, sum),
            footprint_m2: (self.each(&all.footprint_m2, greatest).iter().zip(self.area_m2))
                .map(|(footprint, area)| Some(footprint?.min(*area)))
                .collect(),
            floors: self.each(&all.floors, greatest),
            height_m: self.each(&all.height_m, greatest),
            allowed_far: self.each(&all.allowed_far, one_value),
            year_built: self.each(&all.year_built, least),
            ..Attributes::default()
        };
        for (name, column) in &all.numbers {
            let values = if column.adds_up {
                self.each(&column.values, sum)
            } else {
                self.each(&column.values, one_value)
            };
            merged.numbers.insert(name.clone(), column.with_values(values));
        }
        for (name, column) in &all.texts {
            let texts: NamedTexts = self.majority(column, &weights, &mut vec![false; self.groups.len()]);
            merged.texts.insert(name.clone(), texts);
        }
        (merged, mixed.into_iter().filter(|mixed| *mixed).count())
    }

    /// What `of` makes of the values of each group.
    fn each<T: Copy + Default>(&self, column: &Column<T>, of: fn(&[Option<T>]) -> Option<T>) -> Column<T> {
        let mut values = Vec::new();
        let of_group = |group: &Vec<u32>| {
            values.clear();
            values.extend(group.iter().map(|&row| column.get(row as usize)));
            of(&values)
        };
        self.distinct.iter().map(of_group).collect()
    }

    /// The value that has the most weight in each group; unknown where two have, which `mixed` notes.
    fn majority<T: Eq + std::hash::Hash + Clone>(
        &self,
        column: &CategoryColumn<T>,
        weights: &[Vec<f64>],
        mixed: &mut [bool],
    ) -> CategoryColumn<T> {
        let mut totals: Vec<(u32, f64)> = Vec::new();
        let mut chosen = Vec::with_capacity(self.distinct.len());
        for ((group, weights), mixed) in self.distinct.iter().zip(weights).zip(mixed) {
            totals.clear();
            let known =
                group.iter().zip(weights).filter_map(|(&row, w)| Some((column.key(row as usize)?, *w)));
            for (key, weight) in known {
                match totals.iter_mut().find(|(own, _)| *own == key) {
                    Some((_, total)) => *total += weight,
                    None => totals.push((key, weight)),
                }
            }
            totals.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
            let tied = totals.len() > 1 && totals[0].1 == totals[1].1;
            *mixed |= tied;
            let row = |key: u32| group.iter().copied().find(|&row| column.key(row as usize) == Some(key));
            chosen.push(totals.first().filter(|_| !tied).and_then(|&(key, _)| row(key)));
        }
        let mut majority = CategoryColumn::new();
        for row in chosen {
            majority.push_cloned(row.and_then(|row| column.get(row as usize)));
        }
        majority
    }
}

/// Weights of the records of a group: floor areas where all are known and any is above 0, else one each.
fn weights(attributes: &Attributes, group: &[u32]) -> Vec<f64> {
    let floor =
        group.iter().map(|&row| attributes.floor_area_m2.get(row as usize)).collect::<Option<Vec<f64>>>();
    floor.filter(|floor| floor.iter().any(|&area| area > 0.0)).unwrap_or_else(|| vec![1.0; group.len()])
}

/// The sum, unknown where one is.
fn sum(values: &[Option<f64>]) -> Option<f64> {
    values.iter().copied().sum()
}

fn greatest(values: &[Option<f64>]) -> Option<f64> {
    values.iter().copied().flatten().max_by(f64::total_cmp)
}

fn least(values: &[Option<f64>]) -> Option<f64> {
    values.iter().copied().flatten().min_by(f64::total_cmp)
}

/// The value that all known ones are.
fn one_value(values: &[Option<f64>]) -> Option<f64> {
    let mut known = values.iter().copied().flatten();
    let first = known.next()?;
    known.all(|value| value == first).then_some(first)
}

/// One flag that is up decides; else one that is unknown does.
fn any(flags: &[Option<bool>]) -> Option<bool> {
    if flags.contains(&Some(true)) { Some(true) } else { (!flags.contains(&None)).then_some(false) }
}

#[cfg(test)]
mod tests {
    use geo::{Rect, coord};

    use super::*;
    use crate::zoning::LandUseCode;

    fn land(x: f64, side: f64) -> geo::MultiPolygon<f64> {
        Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + side, y: side }).to_polygon().into()
    }

    fn code(code: &str) -> LandUseCode {
        LandUseCode { scheme: "mnr".into(), edition: "2023".into(), code: code.into() }
    }

    fn flat(id: &str, x: f64, floor_area_m2: f64) -> Parcel {
        Parcel::new(id, land(x, 20.0)).floor_area_m2(floor_area_m2)
    }

    #[test]
    fn amounts_add_up_and_levels_do_not() {
        let mut a = flat("a", 0.0, 300.0).number("tax_yuan", 5.0).number("price", 7.0).number("rent", 1.0);
        let mut b = flat("b", 0.0, 200.0).number("tax_yuan", 6.0).number("price", 7.0).number("rent", 2.0);
        (a.floors, b.floors) = (Some(3.0), Some(8.0));
        (a.footprint_m2, b.footprint_m2) = (Some(500.0), None);
        (a.year_built, b.year_built) = (Some(1990.0), Some(1985.0));
        (a.allowed_far, b.allowed_far) = (Some(2.0), Some(2.0));
        let set = ParcelSet::local([b, a, flat("c", 100.0, 1.0)]).with_records_as_parcels();
        let known = set.attributes();
        assert_eq!((set.len(), set.record_counts().records, set.record_counts().stacks), (2, 3, 1));
        assert_eq!(known.floor_area_m2.get(0), Some(500.0));
        assert_eq!(known.numbers["tax_yuan"].values.get(0), Some(11.0));
        assert_eq!(
            (known.numbers["price"].values.get(0), known.numbers["rent"].values.get(0)),
            (Some(7.0), None)
        );
        assert_eq!((known.floors.get(0), known.footprint_m2.get(0)), (Some(8.0), Some(400.0)));
        assert_eq!((known.year_built.get(0), known.allowed_far.get(0)), (Some(1985.0), Some(2.0)));
        let ids: Vec<_> = set.ids().collect();
        assert_eq!(ids, [("a", ParcelIdx(0)), ("b", ParcelIdx(0)), ("c", ParcelIdx(1))]);
        let records: Vec<_> = (0..3).map(|i| (set.record(i).id(), set.record(i).is_first())).collect();
        assert_eq!(records, [(Some("a"), true), (Some("c"), true), (Some("b"), false)]);
    }

    #[test]
    fn one_unknown_makes_the_sum_unknown_and_its_known_part_stands_beside() {
        let none = Parcel::new("b", land(0.0, 20.0));
        let set = ParcelSet::local([flat("a", 0.0, 300.0), none]).with_records_as_parcels();
        assert_eq!(set.attributes().floor_area_m2.get(0), None);
        assert_eq!(set.floor_area_known_m2(ParcelIdx(0)), Some(300.0));
    }

    #[test]
    fn codes_go_by_majority_of_floor_area_and_a_tie_is_none() {
        let use_of = |parcel: Parcel, of: &str| parcel.current_use(code(of));
        let parcels = [
            use_of(flat("a", 0.0, 100.0), "1001"),
            use_of(flat("b", 0.0, 100.0), "1001"),
            use_of(flat("c", 0.0, 300.0), "0701"),
            use_of(flat("d", 100.0, 50.0), "1001"),
            use_of(flat("e", 100.0, 50.0), "0701"),
        ];
        let set = ParcelSet::local(parcels).with_records_as_parcels();
        let codes: Vec<_> = set.attributes().current_use.iter().map(|code| code.map(|c| &*c.code)).collect();
        assert_eq!(codes, [Some("0701"), None]);
        assert_eq!(set.record_counts().mixed, 1);
    }

    #[test]
    fn rows_that_repeat_count_once_and_rows_without_id_always_do() {
        let mut nameless = flat("", 0.0, 10.0);
        nameless.id = None;
        let twice = flat("a", 0.0, 300.0);
        let other = flat("a", 0.0, 310.0);
        let set = ParcelSet::local([twice.clone(), nameless.clone(), other, twice, nameless])
            .with_records_as_parcels();
        assert_eq!(set.attributes().floor_area_m2.get(0), Some(630.0));
        let counts = set.record_counts();
        assert_eq!((counts.records, counts.repeated, counts.stacks, counts.most), (5, 1, 1, 5));
        assert_eq!(set.records(ParcelIdx(0)).filter(|record| record.is_repeated()).count(), 1);
    }

    #[test]
    fn a_building_among_its_flats_is_noticed() {
        let set = ParcelSet::local([flat("a", 0.0, 300.0), flat("b", 0.0, 200.0), flat("c", 0.0, 502.0)]);
        assert_eq!(set.with_records_as_parcels().record_counts().one_as_all, 1);
        let set = ParcelSet::local([flat("a", 0.0, 300.0), flat("b", 0.0, 200.0), flat("c", 0.0, 400.0)]);
        assert_eq!(set.with_records_as_parcels().record_counts().one_as_all, 0);
    }

    #[test]
    fn a_parcel_is_changed_and_the_records_of_others_stay() {
        let set = ParcelSet::local([
            flat("a", 0.0, 1.0),
            flat("b", 100.0, 2.0),
            flat("c", 100.0, 3.0),
            flat("d", 200.0, 4.0),
            flat("e", 200.0, 5.0),
            flat("e", 200.0, 5.0),
        ])
        .with_records_as_parcels();
        let at = set.iter().find(|parcel| parcel.id() == Some("b")).unwrap().idx();
        let changed = set.with_parcel(at, &flat("z", 300.0, 9.0)).unwrap();
        assert_eq!(changed.len(), 3);
        let d = changed.iter().find(|parcel| parcel.id() == Some("d")).unwrap().idx();
        assert_eq!(changed.records(d).filter_map(RecordRef::id).collect::<Vec<_>>(), ["d", "e", "e"]);
        let counts = changed.record_counts();
        assert_eq!((counts.records, counts.stacks, counts.repeated, counts.most), (5, 1, 1, 3));
        assert_eq!(changed.source_row().iter().copied().collect::<std::collections::BTreeSet<_>>().len(), 3);
    }
}

//! Land under overlapping geometries, counted once.

use super::near::{RingBoxes, near};
use super::same::first_of_same;
use super::validity::cross_more_often;
use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef, boolean};
use crate::error::{Error, Limits};
use crate::parallel;
use crate::sum::{self, AreaSum};

/// What each geometry of a column keeps when every place belongs to one of them only.
///
/// Of geometries that overlap, the one of the lowest priority number keeps the place; among equals, the one that stands
/// first. Geometries that lose nothing are not copied.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, partition::Partition};
/// let mut squares = MultiPolygonArray::new();
/// for x in [0.0, 1.0] {
///     squares.push_ring([[x, 0.0], [x + 2.0, 0.0], [x + 2.0, 2.0], [x, 2.0], [x, 0.0]]);
///     squares.end_polygon();
///     squares.end_geometry();
/// }
/// let parts = Partition::new(&squares, &[[0, 1]], &[1, 0])?;
/// assert_eq!(parts.get(&squares, 0).signed_area(), 2.0);
/// assert_eq!(parts.get(&squares, 1).signed_area(), 4.0);
/// assert_eq!(parts.union_area_m2(), 6.0);
/// assert_eq!(parts.overlap_area_m2(), 2.0);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Partition {
    replaced: Vec<u32>,
    geometry: MultiPolygonArray,
    area_m2: Vec<f64>,
    overlap_area_m2: f64,
}

impl Partition {
    /// Divides the land of `whole`, whose geometries are valid, exteriors counter-clockwise and interiors clockwise.
    ///
    /// # Arguments
    /// * `overlaps`: positions of geometries whose interiors share land, each unordered pair at least once, in any order. What pairs
    ///   that are not listed share may be counted for both.
    /// * `priority`: one per geometry; the lower number wins.
    ///
    /// # Errors
    /// [`Error::OverLimit`] where edges cross more than [`Limits::DEFAULT_CROSSINGS`] times in one geometry and those it loses to.
    ///
    /// # Panics
    /// Where a position is not below `whole.len()`, or `priority` is not as long as `whole`.
    ///
    /// # Complexity
    /// O(n) for the areas, O(1) for each geometry of the same boundary as one that it loses to, and one
    /// [`difference`](boolean::difference) for each other that loses land, in parallel. Where many overlap each other, it is
    /// a difference with O(log n) unions of those that come before, each united once.
    pub fn new(whole: &MultiPolygonArray, overlaps: &[[u32; 2]], priority: &[u8]) -> Result<Self, Error> {
        Self::within(whole, overlaps, priority, &Limits::new())
    }

    /// As [`new`](Self::new), with limits of one's own.
    ///
    /// # Errors
    /// [`Error::OverLimit`] beyond them.
    ///
    /// # Panics
    /// As `new`.
    pub fn within(
        whole: &MultiPolygonArray,
        overlaps: &[[u32; 2]],
        priority: &[u8],
        limits: &Limits,
    ) -> Result<Self, Error> {
        assert_eq!(whole.len(), priority.len(), "one priority per geometry");
        let rank = |i: u32| (priority[i as usize], i);
        let mut losses: Vec<(u32, u32)> = overlaps
            .iter()
            .filter(|[a, b]| a != b)
            .map(|&[a, b]| if rank(a) < rank(b) { (b, a) } else { (a, b) })
            .collect();
        losses.sort_unstable();
        losses.dedup();
        let groups: Vec<&[(u32, u32)]> = losses.chunk_by(|p, q| p.0 == q.0).collect();
        let winners = winners(whole, &groups, &rank);
        let tangled = tangled(whole.len(), &groups, &winners);
        let mut members: Vec<u32> = Vec::new();
        for group in tangled.iter().zip(&winners).filter(|(tangled, _)| **tangled) {
            members.extend(group.1);
        }
        members.sort_unstable_by_key(|&i| rank(i));
        members.dedup();
        let unions = Unions::new(whole, &members);
        let subtract = |land: &MultiPolygonRef<'_>, near: &[Vec<Coord>]| {
            let rings = land.rings().chain(near.iter().map(Vec::as_slice));
            if cross_more_often(rings, limits.crossings) {
                let what = "crossings of edges where parcels overlap";
                return Err(Error::OverLimit { what, limit: limits.crossings, name: "crossings" });
            }
            Ok(boolean::difference_near(land, near))
        };
        let keep = |group: usize| {
            let loser = groups[group][0].0;
            let land = whole.get(loser as usize);
            match &winners[group][..] {
                [] => Ok(nothing()),
                _ if tangled[group] => {
                    let before = members.partition_point(|&i| rank(i) < rank(loser));
                    subtract(&land, &unions.near(&land.envelope(), before))
                }
                winners => {
                    let rings = winners.iter().flat_map(|&winner| whole.get(winner as usize).rings());
                    subtract(&land, &near(rings, &land.envelope()))
                }
            }
        };
        let kept = parallel::collect(groups.len(), 1, &keep).into_iter().collect::<Result<Vec<_>, _>>()?;
        let replaced: Vec<u32> = groups.iter().map(|group| group[0].0).collect();
        let mut geometry = MultiPolygonArray::new();
        kept.iter().for_each(|part| geometry.append(part));

        let mut area_m2: Vec<f64> = parallel::map(whole.len(), 64, |i| whole.get(i).signed_area());
        let mut overlap = AreaSum::default();
        for (part, &i) in replaced.iter().enumerate() {
            let area = &mut area_m2[i as usize];
            let left = geometry.get(part).signed_area();
            // Rounding to the grid must not make land where none is lost.
            let left = left.min(*area);
            overlap += AreaSum::of(*area) - AreaSum::of(left);
            *area = left;
        }
        Ok(Self { replaced, geometry, area_m2, overlap_area_m2: overlap.m2() })
    }

    /// Positions of the geometries that lost land, ascending.
    pub fn replaced(&self) -> &[u32] {
        &self.replaced
    }

    /// What geometry `i` of `whole`, the column that was divided, keeps: itself where it lost nothing, without polygons where nothing is left.
    ///
    /// # Panics
    /// Where `i` is not a position of the column, as a slice does.
    pub fn get<'a>(&'a self, whole: &'a MultiPolygonArray, i: usize) -> MultiPolygonRef<'a> {
        match self.replaced.binary_search(&(i as u32)) {
            Ok(part) => self.geometry.get(part),
            Err(_) => whole.get(i),
        }
    }

    /// Whether geometry `i` lost land.
    pub fn is_replaced(&self, i: usize) -> bool {
        self.replaced.binary_search(&(i as u32)).is_ok()
    }

    /// Area each geometry keeps, m²; one per geometry.
    pub fn area_m2(&self) -> &[f64] {
        &self.area_m2
    }

    /// Area of all geometries with every place counted once, m².
    pub fn union_area_m2(&self) -> f64 {
        sum::area_m2(self.area_m2.iter().copied())
    }

    /// By how much the areas of the geometries exceed the area of their union, m²; at least 0.
    pub fn overlap_area_m2(&self) -> f64 {
        self.overlap_area_m2
    }
}

/// A geometry without polygons.
fn nothing() -> MultiPolygonArray {
    let mut none = MultiPolygonArray::new();
    none.end_geometry();
    none
}

/// Whom each loser loses to, ascending: of those that have the same boundary the one of lowest rank, and none where the
/// loser has the same boundary as one of them, so that nothing of it is left.
fn winners<K: Ord>(
    whole: &MultiPolygonArray,
    groups: &[&[(u32, u32)]],
    rank: &impl Fn(u32) -> K,
) -> Vec<Vec<u32>> {
    let mut members: Vec<u32> =
        groups.iter().flat_map(|group| group.iter().flat_map(|&(a, b)| [a, b])).collect();
    members.sort_unstable();
    members.dedup();
    members.sort_unstable_by_key(|&i| rank(i));
    let first = first_of_same(whole, &members);
    let of_group = |group: &&[(u32, u32)]| {
        let mut winners: Vec<u32> = group.iter().map(|(_, winner)| *winner).collect();
        if winners.iter().any(|winner| first[winner] == first[&group[0].0]) {
            return Vec::new();
        }
        if winners.len() > 1 {
            winners.sort_unstable_by_key(|winner| (first[winner], rank(*winner)));
            winners.dedup_by_key(|winner| first[winner]);
            winners.sort_unstable();
        }
        winners
    };
    groups.iter().map(of_group).collect()
}

/// Whether the winners of each loser overlap each other so much that their edges cross more often than there are edges.
fn tangled(len: usize, groups: &[&[(u32, u32)]], winners: &[Vec<u32>]) -> Vec<bool> {
    /// Pairs of winners that overlap, for each winner, from which on a group is tangled.
    const PAIRS: usize = 4;
    let mut group_of = vec![u32::MAX; len];
    for (group, losses) in groups.iter().enumerate() {
        group_of[losses[0].0 as usize] = group as u32;
    }
    let mut marked_by = vec![u32::MAX; len];
    let mut is_tangled = |group: usize| {
        // Fewer have not so many pairs.
        if winners[group].len() < 2 * PAIRS + 2 {
            return false;
        }
        winners[group].iter().for_each(|&winner| marked_by[winner as usize] = group as u32);
        let mut pairs = 0;
        winners[group].iter().any(|&winner| {
            let own = winners.get(group_of[winner as usize] as usize).map_or(&[][..], Vec::as_slice);
            pairs += own.iter().filter(|&&other| marked_by[other as usize] == group as u32).count();
            pairs > PAIRS * winners[group].len()
        })
    };
    (0..groups.len()).map(&mut is_tangled).collect()
}

/// Unions of geometries in a row: of each alone, of each two, each four and so on.
struct Unions {
    levels: Vec<Vec<(MultiPolygonArray, RingBoxes)>>,
}

impl Unions {
    fn new(whole: &MultiPolygonArray, members: &[u32]) -> Self {
        let boxed = |union: MultiPolygonArray| {
            let boxes = RingBoxes::new(union.get(0));
            (union, boxes)
        };
        let mut levels: Vec<Vec<_>> =
            vec![parallel::collect(members.len(), 64, &|i| boxed(whole.take(&[members[i]])))];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let unite = |i: usize| {
                let pair = &last[2 * i..2 * i + 2];
                boxed(boolean::dissolve_all(pair.iter().map(|(union, _)| union.get(0))))
            };
            let next = parallel::collect(last.len() / 2, 1, &unite);
            levels.push(next);
        }
        Self { levels }
    }

    /// Rings of unions that make up the first `before` geometries, as far as they matter in a window.
    fn near(&self, window: &Envelope, before: usize) -> Vec<Vec<Coord>> {
        let mut near = Vec::new();
        let mut from = 0;
        for level in (0..self.levels.len()).rev().filter(|level| before >> level & 1 == 1) {
            let (union, boxes) = &self.levels[level][from >> level];
            boxes.each_near(union.get(0), window, |ring| near.push(ring.to_vec()));
            from += 1 << level;
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap_area(a: &MultiPolygonRef<'_>, b: &MultiPolygonRef<'_>) -> f64 {
        boolean::intersection(a, b).get(0).signed_area()
    }

    fn squares(corners: &[[f64; 3]]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for &[x, y, side] in corners {
            array.push_ring([[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]);
            array.end_polygon();
            array.end_geometry();
        }
        array
    }

    fn all_overlaps(array: &MultiPolygonArray) -> Vec<[u32; 2]> {
        let n = array.len() as u32;
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| [b, a]));
        pairs.filter(|&[a, b]| overlap_area(&array.get(a as usize), &array.get(b as usize)) > 0.0).collect()
    }

    #[test]
    fn the_lower_priority_then_the_first_keeps_the_land() {
        let array = squares(&[[0.0, 0.0, 4.0], [2.0, 0.0, 4.0], [4.0, 0.0, 4.0], [100.0, 0.0, 1.0]]);
        let parts = Partition::new(&array, &[[1, 0], [2, 1], [1, 2]], &[0, 0, 0, 0]).unwrap();
        assert_eq!(parts.area_m2(), [16.0, 8.0, 8.0, 1.0]);
        assert_eq!(parts.replaced(), [1, 2]);
        let parts = Partition::new(&array, &[[0, 1], [1, 2]], &[2, 1, 0, 0]).unwrap();
        assert_eq!(parts.area_m2(), [8.0, 8.0, 16.0, 1.0]);
        assert_eq!(parts.get(&array, 2).coords(), array.get(2).coords());
        assert_eq!((parts.union_area_m2(), parts.overlap_area_m2()), (33.0, 16.0));
    }

    #[test]
    fn a_duplicate_keeps_nothing() {
        let array = squares(&[[0.0, 0.0, 4.0], [0.0, 0.0, 4.0]]);
        let parts = Partition::new(&array, &[[0, 1]], &[1, 1]).unwrap();
        assert_eq!(parts.area_m2(), [16.0, 0.0]);
        assert_eq!(parts.get(&array, 1).polygons().len(), 0);
        let none = Partition::new(&array, &[], &[0, 0]).unwrap();
        assert_eq!((none.union_area_m2(), none.overlap_area_m2()), (32.0, 0.0));
    }

    #[test]
    fn parts_share_no_land_and_cover_the_union() {
        let corners: Vec<[f64; 3]> = (0..40_u32)
            .map(|i| {
                let at = |k: u32| f64::from((i * k) % 23) * 3.1;
                [500_000.0 + at(7), 200_000.0 + at(11), 4.0 + f64::from(i % 5) * 2.3]
            })
            .collect();
        let array = squares(&corners);
        let overlaps = all_overlaps(&array);
        assert!(overlaps.len() > 20, "{} overlaps", overlaps.len());
        let priority: Vec<u8> = (0..40).map(|i| i % 3).collect();
        let parts = Partition::new(&array, &overlaps, &priority).unwrap();
        let all: Vec<_> = array.iter().collect();
        let union = boolean::union(&all).get(0).signed_area();
        assert!((parts.union_area_m2() / union - 1.0).abs() < 1e-9);
        let sum: f64 = array.iter().map(|g| g.signed_area()).sum();
        assert!((parts.union_area_m2() + parts.overlap_area_m2() - sum).abs() < 1e-9 * sum);
        for a in 0..40 {
            for b in a + 1..40 {
                assert!(overlap_area(&parts.get(&array, a), &parts.get(&array, b)).abs() < 1e-7, "{a} {b}");
            }
        }
        // The order and the direction of the pairs do not matter.
        let mut turned: Vec<[u32; 2]> = overlaps.iter().rev().map(|&[a, b]| [b, a]).collect();
        turned.extend(&overlaps);
        let again = Partition::new(&array, &turned, &priority).unwrap();
        assert_eq!(again.geometry, parts.geometry);
        assert_eq!(again.area_m2(), parts.area_m2());
    }

    /// Each loses what all before it hold.
    fn one_by_one(array: &MultiPolygonArray) -> Vec<f64> {
        let shapes: Vec<_> = array.iter().collect();
        let kept = |i: usize| boolean::difference(&shapes[i], &shapes[..i]).get(0).signed_area();
        (0..shapes.len()).map(kept).collect()
    }

    #[test]
    fn a_thousand_that_overlap_each_other_are_divided() {
        // On a diagonal each keeps a strip along two of its sides.
        let n = 1_500;
        let diagonal: Vec<[f64; 3]> = (0..n).map(|i| [f64::from(i), f64::from(i), 2_000.0]).collect();
        let array = squares(&diagonal);
        let pairs: Vec<[u32; 2]> =
            (0..n as u32).flat_map(|a| (a + 1..n as u32).map(move |b| [a, b])).collect();
        let parts = Partition::new(&array, &pairs, &vec![0; array.len()]).unwrap();
        assert_eq!(parts.area_m2()[0], 4e6);
        assert!(parts.area_m2()[1..].iter().all(|&area| (area - 3_999.0).abs() < 1e-6));
    }

    #[test]
    fn a_tangle_is_divided_as_one_by_one() {
        let mut random = crate::random::Random::new(11);
        for round in 0..12 {
            let corners: Vec<[f64; 3]> = (0..40 + 10 * round)
                .map(|_| {
                    // On a lattice in every second round, so that sides run along each other.
                    let lattice = [1.0, 0.713_2][round % 2];
                    let mut at = |n| random.below(n) as f64 * lattice;
                    [4e6 + at(40), at(40), at(30) + 5.0]
                })
                .collect();
            let array = squares(&corners);
            let parts = Partition::new(&array, &all_overlaps(&array), &vec![0; array.len()]).unwrap();
            for (i, (found, expected)) in parts.area_m2().iter().zip(one_by_one(&array)).enumerate() {
                assert!((found - expected).abs() < 1e-6, "round {round}, {i}: {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn of_very_many_of_one_boundary_one_keeps_the_land() {
        let n = 1_000;
        let array = squares(&vec![[0.0, 0.0, 4.0]; n as usize]);
        let pairs: Vec<[u32; 2]> = (0..n).flat_map(|a| (a + 1..n).map(move |b| [a, b])).collect();
        let mut priority = vec![1; n as usize];
        priority[700] = 0;
        let parts = Partition::new(&array, &pairs, &priority).unwrap();
        assert_eq!(parts.area_m2()[700], 16.0);
        assert_eq!((parts.union_area_m2(), parts.overlap_area_m2()), (16.0, 16.0 * f64::from(n - 1)));
    }

    #[test]
    fn crossed_combs_are_refused_beyond_the_limit() {
        // Teeth of one along x, of the other along y: n² crossings for each side of a tooth.
        let comb = |n: i32, turned: bool| -> Vec<Coord> {
            let long = f64::from(2 * n + 1);
            let teeth = (0..n).flat_map(|i| {
                let y = f64::from(2 * i);
                [[0.0, y], [long, y], [long, y + 1.0], [0.0, y + 1.0]]
            });
            let ring: Vec<Coord> =
                teeth.chain([[-1.0, f64::from(2 * n - 1)], [-1.0, 0.0], [0.0, 0.0]]).collect();
            if turned { ring.into_iter().rev().map(|[x, y]| [y, x]).collect() } else { ring }
        };
        let crossed = |n| {
            let mut array = MultiPolygonArray::new();
            for turned in [false, true] {
                array.push_ring(comb(n, turned));
                array.end_polygon();
                array.end_geometry();
            }
            array
        };
        let array = crossed(20);
        let parts = Partition::new(&array, &[[0, 1]], &[0, 0]).unwrap();
        let shared = boolean::intersection(&array.get(0), &array.get(1)).get(0).signed_area();
        assert!((parts.overlap_area_m2() - shared).abs() < 1e-6 && shared > 399.0);
        let error = Partition::new(&crossed(1_000), &[[0, 1]], &[0, 0]).unwrap_err();
        assert!(matches!(error, Error::OverLimit { name: "crossings", .. }), "{error}");
    }
}

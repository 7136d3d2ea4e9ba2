//! Land under overlapping geometries, counted once.

use super::{MultiPolygonArray, MultiPolygonRef, boolean};
use crate::parallel;

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
/// let parts = Partition::new(&squares, &[[0, 1]], &[1, 0]);
/// assert_eq!(parts.get(&squares, 0).signed_area(), 2.0);
/// assert_eq!(parts.get(&squares, 1).signed_area(), 4.0);
/// assert_eq!(parts.union_area_m2(), 6.0);
/// assert_eq!(parts.overlap_area_m2(), 2.0);
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
    ///   that are not listed share is counted for both.
    /// * `priority`: one per geometry; the lower number wins.
    ///
    /// # Panics
    /// Where a position is not below `whole.len()`, or `priority` is not as long as `whole`.
    ///
    /// # Complexity
    /// O(n) for the areas, and for each geometry that loses land one [`difference`](boolean::difference), in parallel.
    pub fn new(whole: &MultiPolygonArray, overlaps: &[[u32; 2]], priority: &[u8]) -> Self {
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
        let kept: Vec<MultiPolygonArray> = parallel::collect(groups.len(), 1, &|i| {
            let winners: Vec<MultiPolygonRef<'_>> =
                groups[i].iter().map(|&(_, winner)| whole.get(winner as usize)).collect();
            boolean::difference(&whole.get(groups[i][0].0 as usize), &winners)
        });
        let replaced: Vec<u32> = groups.iter().map(|group| group[0].0).collect();
        let mut geometry = MultiPolygonArray::new();
        kept.iter().for_each(|part| geometry.append(part));

        let mut area_m2: Vec<f64> = parallel::map(whole.len(), 64, |i| whole.get(i).signed_area());
        let mut overlap_area_m2 = 0.0;
        for (part, &i) in replaced.iter().enumerate() {
            let area = &mut area_m2[i as usize];
            let left = geometry.get(part).signed_area();
            // Rounding to the grid must not make land where none is lost.
            let left = left.min(*area);
            overlap_area_m2 += *area - left;
            *area = left;
        }
        Self { replaced, geometry, area_m2, overlap_area_m2 }
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
        self.area_m2.iter().sum()
    }

    /// By how much the areas of the geometries exceed the area of their union, m²; at least 0.
    pub fn overlap_area_m2(&self) -> f64 {
        self.overlap_area_m2
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
        let parts = Partition::new(&array, &[[1, 0], [2, 1], [1, 2]], &[0, 0, 0, 0]);
        assert_eq!(parts.area_m2(), [16.0, 8.0, 8.0, 1.0]);
        assert_eq!(parts.replaced(), [1, 2]);
        let parts = Partition::new(&array, &[[0, 1], [1, 2]], &[2, 1, 0, 0]);
        assert_eq!(parts.area_m2(), [8.0, 8.0, 16.0, 1.0]);
        assert_eq!(parts.get(&array, 2).coords(), array.get(2).coords());
        assert_eq!((parts.union_area_m2(), parts.overlap_area_m2()), (33.0, 16.0));
    }

    #[test]
    fn a_duplicate_keeps_nothing() {
        let array = squares(&[[0.0, 0.0, 4.0], [0.0, 0.0, 4.0]]);
        let parts = Partition::new(&array, &[[0, 1]], &[1, 1]);
        assert_eq!(parts.area_m2(), [16.0, 0.0]);
        assert_eq!(parts.get(&array, 1).polygons().len(), 0);
        let none = Partition::new(&array, &[], &[0, 0]);
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
        let parts = Partition::new(&array, &overlaps, &priority);
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
        let again = Partition::new(&array, &turned, &priority);
        assert_eq!(again.geometry, parts.geometry);
        assert_eq!(again.area_m2(), parts.area_m2());
    }
}

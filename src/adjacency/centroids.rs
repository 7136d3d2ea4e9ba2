//! Neighbours by the distance of centres.

use crate::geometry::EnvelopeIndex;
use crate::geometry::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};
use crate::parallel;
use crate::parcel::ParcelIdx;

/// Centre of mass of a valid multipolygon, holes taken out; the middle of the box where it has no area.
pub(super) fn centroid(geometry: MultiPolygonRef<'_>) -> Coord {
    let middle = geometry.envelope().center();
    let (mut area, mut sum) = (0.0, [0.0; 2]);
    for ring in geometry.rings() {
        for edge in ring.windows(2) {
            // About the middle of the box: far coordinates would drown the products.
            let [a, b] = [edge[0], edge[1]].map(|[x, y]| [x - middle[0], y - middle[1]]);
            let cross = a[0] * b[1] - b[0] * a[1];
            area += cross;
            sum[0] += (a[0] + b[0]) * cross;
            sum[1] += (a[1] + b[1]) * cross;
        }
    }
    let [dx, dy] = sum.map(|sum| sum / (3.0 * area));
    if dx.is_finite() && dy.is_finite() { [middle[0] + dx, middle[1] + dy] } else { middle }
}

/// Centres of the parcels that take part, with their positions, and a tree of them.
pub(super) struct Centres {
    at: Vec<Coord>,
    position: Vec<u32>,
    index: EnvelopeIndex,
}

impl Centres {
    pub(super) fn new(geometry: &MultiPolygonArray, takes_part: impl Fn(usize) -> bool) -> Self {
        let position: Vec<u32> = (0..geometry.len()).filter(|&i| takes_part(i)).map(|i| i as u32).collect();
        let at: Vec<Coord> =
            parallel::map(position.len(), 64, |i| centroid(geometry.get(position[i] as usize)));
        let points: Vec<Envelope> = at.iter().map(|&at| Envelope { min: at, max: at }).collect();
        Self { index: EnvelopeIndex::new(&points), at, position }
    }

    /// Pairs of which one is among the `k` nearest of the other; of equally near ones those of lower position. Ascending, each once.
    pub(super) fn nearest(&self, k: usize) -> Vec<(ParcelIdx, ParcelIdx)> {
        self.pairs(|i| {
            let own = self.at[i];
            let mut best: Vec<(f64, u32)> = Vec::with_capacity(k + 2);
            for (other, distance) in self.index.by_distance(own) {
                if other as usize == i {
                    continue;
                }
                if best.len() >= k && distance > best[k - 1].0 {
                    break;
                }
                // They come by distance: only among equals the order of the tree must give way to that of positions.
                let place = best.partition_point(|&found| found < (distance, other));
                best.insert(place, (distance, other));
            }
            best.truncate(k);
            best.into_iter().map(|(_, other)| other).collect()
        })
    }

    /// Pairs whose centres are at most `within_m` apart. Ascending, each once.
    pub(super) fn within(&self, within_m: f64) -> Vec<(ParcelIdx, ParcelIdx)> {
        self.pairs(|i| {
            let own = self.at[i];
            let window = Envelope { min: own, max: own }.grown(within_m);
            let near = |other: &u32| {
                let at = self.at[*other as usize];
                *other as usize != i && (at[0] - own[0]).hypot(at[1] - own[1]) <= within_m
            };
            self.index.candidates(window).filter(near).collect()
        })
    }

    fn pairs(&self, of: impl Fn(usize) -> Vec<u32> + Sync) -> Vec<(ParcelIdx, ParcelIdx)> {
        // Both positions in one number, the lower above.
        let pair = |i: usize| {
            of(i).into_iter().map(move |other| {
                let (a, b) = (self.position[i], self.position[other as usize]);
                u64::from(a.min(b)) << 32 | u64::from(a.max(b))
            })
        };
        let mut pairs: Vec<u64> =
            parallel::gather(self.at.len(), 256, &|run, pairs| pairs.extend(run.flat_map(pair)));
        parallel::sort(&mut pairs);
        pairs.dedup();
        pairs.into_iter().map(|pair| (ParcelIdx((pair >> 32) as u32), ParcelIdx(pair as u32))).collect()
    }
}

#[cfg(test)]
mod tests {
    use geo::{Rect, coord};

    use super::*;
    use crate::adjacency::{Adjacency, Contact, Rule};
    use crate::random::Random;
    use crate::{Parcel, ParcelSet};

    fn square(id: usize, x: f64, y: f64, side: f64) -> Parcel {
        let land = Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side });
        Parcel::new(id.to_string(), land.to_polygon())
    }

    fn pairs(set: &ParcelSet, rule: Rule) -> Vec<(u32, u32)> {
        let graph = Adjacency::new(rule).unwrap().graph(set);
        graph.links().iter().map(|link| (link.a.0, link.b.0)).collect()
    }

    /// Every distance looked at, sorted by (distance, position).
    fn brute(set: &ParcelSet, take: impl Fn(usize, f64) -> bool) -> Vec<(u32, u32)> {
        let at: Vec<Coord> = set.geometry().iter().map(centroid).collect();
        let mut found = Vec::new();
        for i in 0..set.len() {
            let distance = |j: usize| (at[i][0] - at[j][0]).hypot(at[i][1] - at[j][1]);
            let mut others: Vec<(f64, usize)> =
                (0..set.len()).filter(|&j| j != i).map(|j| (distance(j), j)).collect();
            others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (rank, &(distance, j)) in others.iter().enumerate() {
                if take(rank, distance) {
                    found.push((i.min(j) as u32, i.max(j) as u32));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn neighbours_by_centres_are_those_of_brute_force() {
        let mut random = Random::new(7);
        let mut uniform = || random.below(1_000_000) as f64 / 1e3;
        let scattered: ParcelSet = (0..200).map(|i| square(i, uniform(), uniform(), 3.0)).collect();
        // On a grid nearly all distances are tied.
        let grid: ParcelSet =
            (0..144).map(|i| square(i, (i % 12) as f64 * 10.0, (i / 12) as f64 * 10.0, 10.0)).collect();
        for set in [&scattered, &grid] {
            for k in [1, 3, 8, 500] {
                assert_eq!(pairs(set, Rule::KNearest { k }), brute(set, |rank, _| rank < k as usize), "{k}");
            }
            for within_m in [0.0, 14.5, 60.0] {
                let band = pairs(set, Rule::DistanceBand { within_m });
                assert_eq!(band, brute(set, |_, distance| distance <= within_m), "{within_m}");
            }
        }
    }

    #[test]
    fn links_by_centres_keep_their_reason() {
        let set: ParcelSet =
            [square(0, 0., 0., 10.), square(1, 10., 0., 10.), square(2, 500., 0., 10.)].into_iter().collect();
        let graph = Adjacency::new(Rule::KNearest { k: 1 }).unwrap().graph(&set);
        let reasons: Vec<_> = graph.links().iter().map(|link| (link.contact, link.gap_m)).collect();
        assert_eq!(reasons, [(Contact::Edge, 0.0), (Contact::Gap, 480.0)]);
        assert!(Adjacency::new(Rule::KNearest { k: 0 }).is_err());
        assert!(Adjacency::new(Rule::DistanceBand { within_m: f64::NAN }).is_err());
    }

    #[test]
    fn the_centre_of_mass_leaves_holes_out() {
        let mut array = MultiPolygonArray::new();
        array
            .push_ring([[0., 0.], [4., 0.], [4., 2.], [0., 2.], [0., 0.]].map(|[x, y]| [x + 5e5, y + 2.5e6]));
        array.push_ring(
            [[2., 0.5], [2., 1.5], [3., 1.5], [3., 0.5], [2., 0.5]].map(|[x, y]| [x + 5e5, y + 2.5e6]),
        );
        array.end_polygon();
        array.end_geometry();
        let [x, y] = centroid(array.get(0));
        assert!((x - 5e5 - (8.0 * 2.0 - 2.5) / 7.0).abs() < 1e-9 && (y - 2.5e6 - 1.0).abs() < 1e-9);
    }
}

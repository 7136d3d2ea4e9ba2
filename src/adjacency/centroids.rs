//! Neighbours by the distance of centres.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Limits, ParamError};
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

/// Centres of the parcels that take part, and a tree of them.
pub(super) struct Centres {
    /// Each place once.
    at: Vec<Coord>,
    /// Positions of the parcels by place, ascending in each.
    position: Vec<u32>,
    /// Start of each place in `position`; one more than there are places.
    starts: Vec<u32>,
    index: EnvelopeIndex,
    limits: Limits,
}

impl Centres {
    pub(super) fn new(
        geometry: &MultiPolygonArray,
        takes_part: impl Fn(usize) -> bool,
        limits: Limits,
    ) -> Self {
        let takes_part: Vec<u32> = (0..geometry.len()).filter(|&i| takes_part(i)).map(|i| i as u32).collect();
        let mut all: Vec<(Coord, u32)> = parallel::map(takes_part.len(), 64, |i| {
            (centroid(geometry.get(takes_part[i] as usize)), takes_part[i])
        });
        all.sort_unstable_by(|(a, i), (b, j)| {
            a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(i.cmp(j))
        });
        let places = all.chunk_by(|(a, _), (b, _)| a == b);
        let at: Vec<Coord> = places.clone().map(|place| place[0].0).collect();
        let ends = places.scan(0, |end, place| {
            *end += place.len() as u32;
            Some(*end)
        });
        let starts = std::iter::once(0).chain(ends).collect();
        let points: Vec<Envelope> = at.iter().map(|&at| Envelope { min: at, max: at }).collect();
        let position = all.into_iter().map(|(_, i)| i).collect();
        Self { index: EnvelopeIndex::new(&points), at, position, starts, limits }
    }

    /// Positions at a place, ascending.
    fn of(&self, place: u32) -> &[u32] {
        &self.position[self.starts[place as usize] as usize..self.starts[place as usize + 1] as usize]
    }

    /// Pairs of which one is among the `k` nearest of the other; of equally near ones those of lower position. Ascending, each once.
    pub(super) fn nearest(&self, k: u32) -> Result<Vec<(ParcelIdx, ParcelIdx)>, Error> {
        let count = self.position.len();
        if count > 1 && k as usize >= count {
            return Err(ParamError::new("k", k, &format!("less than the {count} parcels")).into());
        }
        if k > self.limits.neighbours {
            let limit = self.limits.neighbours.into();
            return Err(Error::OverLimit { what: "nearest neighbours", limit, name: "neighbours" });
        }
        if u64::from(k) * count as u64 > self.limits.pairs {
            return Err(self.limits.over_pairs());
        }
        let k = k as usize;
        self.pairs(|place, own| {
            let mut best: Vec<(f64, u32)> = Vec::with_capacity(k + 2);
            for (other, distance) in self.index.by_distance(self.at[place]) {
                if best.len() >= k && distance > best[k - 1].0 {
                    break;
                }
                // They come by distance: only among equals the order of the tree must give way to that of positions.
                for &found in self.of(other).iter().filter(|&&found| found != own).take(k) {
                    let at = best.partition_point(|&before| before < (distance, found));
                    best.insert(at, (distance, found));
                }
            }
            best.truncate(k);
            best.into_iter().map(|(_, found)| found).collect()
        })
    }

    /// Pairs whose centres are at most `within_m` apart. Ascending, each once.
    pub(super) fn within(&self, within_m: f64) -> Result<Vec<(ParcelIdx, ParcelIdx)>, Error> {
        self.pairs(|place, own| {
            let [x, y] = self.at[place];
            let window = Envelope { min: [x, y], max: [x, y] }.grown(within_m);
            let near = self.index.candidates(window).filter(|&other| {
                let at = self.at[other as usize];
                (at[0] - x).hypot(at[1] - y) <= within_m
            });
            // Each pair is found from its lower side.
            near.flat_map(|other| {
                let members = self.of(other);
                members[members.partition_point(|&found| found <= own)..].iter().copied()
            })
            .collect()
        })
    }

    /// The pairs of each parcel with those that `of` finds for its place and position, until they are too many.
    fn pairs(
        &self,
        of: impl Fn(usize, u32) -> Vec<u32> + Sync,
    ) -> Result<Vec<(ParcelIdx, ParcelIdx)>, Error> {
        let found = AtomicU64::new(0);
        let of_place = |place: usize, pairs: &mut Vec<u64>| {
            for &own in self.of(place as u32) {
                let others = of(place, own);
                let so_far = found.fetch_add(others.len() as u64, Ordering::Relaxed);
                if so_far + others.len() as u64 > self.limits.pairs {
                    break;
                }
                // Both positions in one number, the lower above.
                let pair = |other: u32| u64::from(own.min(other)) << 32 | u64::from(own.max(other));
                pairs.extend(others.into_iter().map(pair));
            }
        };
        let mut pairs: Vec<u64> = parallel::gather(self.at.len(), 64, &|places, pairs| {
            places.for_each(|place| of_place(place, pairs));
        });
        if found.into_inner() > self.limits.pairs {
            return Err(self.limits.over_pairs());
        }
        parallel::sort(&mut pairs);
        pairs.dedup();
        let pairs = pairs.into_iter();
        Ok(pairs.map(|pair| (ParcelIdx((pair >> 32) as u32), ParcelIdx(pair as u32))).collect())
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
        let graph = Adjacency::new(rule).unwrap().graph(set).unwrap();
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
        let scattered = ParcelSet::local((0..200).map(|i| square(i, uniform(), uniform(), 3.0)));
        // On a grid nearly all distances are tied.
        let grid = ParcelSet::local(
            (0..144).map(|i| square(i, (i % 12) as f64 * 10.0, (i / 12) as f64 * 10.0, 10.0)),
        );
        // Three, and thirty, centres at each place.
        let stacks = ParcelSet::local((0..150).map(|i| square(i, (i % 50) as f64 * 10.0, 0.0, 10.0)));
        let towers = ParcelSet::local((0..150).map(|i| square(i, (i % 5) as f64 * 10.0, 0.0, 10.0)));
        for set in [&scattered, &grid, &stacks, &towers] {
            for k in [1, 3, 8, 143] {
                assert_eq!(pairs(set, Rule::KNearest { k }), brute(set, |rank, _| rank < k as usize), "{k}");
            }
            for within_m in [0.0, 14.5, 60.0] {
                let band = pairs(set, Rule::DistanceBand { within_m });
                assert_eq!(band, brute(set, |_, distance| distance <= within_m), "{within_m}");
            }
        }
    }

    #[test]
    fn very_many_at_one_place_cost_no_more_than_their_pairs() {
        let n = 30_000;
        let tower = ParcelSet::local((0..n).map(|i| square(i, 0.0, 0.0, 10.0)));
        let found = |rule, limits| Adjacency::new(rule).unwrap().with_limits(limits).graph(&tower);
        let graph = found(Rule::KNearest { k: 2 }, Limits::default()).unwrap();
        // Everybody's two lowest others: the first three are linked to each other, the rest to two of them.
        assert_eq!(graph.links().len(), 3 + (n - 3) * 2);
        for rule in [Rule::DistanceBand { within_m: 5.0 }, Rule::Gap { gap_m: 1.0 }, Rule::SharedPoint] {
            let error = found(rule, Limits { pairs: 1_000_000, ..Limits::default() }).unwrap_err();
            assert!(matches!(error, Error::OverLimit { name: "pairs", limit: 1_000_000, .. }), "{error}");
        }
        let names = |k, limits| match found(Rule::KNearest { k }, limits).unwrap_err() {
            Error::Param(error) => error.name().to_owned(),
            Error::OverLimit { name, .. } => name.to_owned(),
            error => error.to_string(),
        };
        assert_eq!(names(u32::MAX, Limits::default()), "k");
        assert_eq!(names(n as u32, Limits::default()), "k");
        assert_eq!(names(1_001, Limits::default()), "neighbours");
        assert_eq!(names(1_000, Limits { pairs: 1_000_000, ..Limits::default() }), "pairs");
    }

    #[test]
    fn links_by_centres_keep_their_reason() {
        let set =
            ParcelSet::local([square(0, 0., 0., 10.), square(1, 10., 0., 10.), square(2, 500., 0., 10.)]);
        let graph = Adjacency::new(Rule::KNearest { k: 1 }).unwrap().graph(&set).unwrap();
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

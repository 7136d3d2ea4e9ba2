//! Where data lie, and which features are strays: what a plane is laid around.

use std::fmt;

use super::SourceCrs;
use crate::geometry::{Coord, Envelope, MultiPolygonArray};
use crate::parallel;

/// A feature farther than this from the middle of the data is a stray, m; nothing is measured farther than this from the centre
/// of a plane.
pub const FARTHEST_M: f64 = 570_000.0;

/// Strays are put aside up to this share of the features. Above, nobody can say which of them are the strays.
const STRAY_SHARE: f64 = 0.01;

/// Features within so many degrees of (0, 0), in the Gulf of Guinea, stand where no place was known.
const NOWHERE_DEG: f64 = 0.1;

/// Radius of the Earth, m.
const RADIUS_M: f64 = 6_371_008.8;

/// Features that one thread looks at, at a time.
const RUN: usize = 8_192;

/// Where the features of a file lie, strays aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The box of all features but strays. Where data lie on both sides of the antimeridian, longitudes pass 180 or −180.
    pub extent: Envelope,
    /// Positions of the strays, in order, and why each is one.
    pub strays: Vec<(u32, Stray)>,
    /// How many features are far away without being strays, since they are too many.
    pub far: usize,
}

/// Why a feature is a stray.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Stray {
    /// A position of it lies at (0, 0), and the others lie elsewhere.
    Nowhere {
        /// From the middle of the others, m.
        distance_m: f64,
    },
    /// It lies or reaches far from where at least 99 % of the others lie.
    Far {
        /// From the middle of the others, m; infinite for what is no place in the unit of the others.
        distance_m: f64,
    },
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { distance_m } if distance_m.is_finite() => {
                write!(
                    f,
                    "a stray with a position at (0, 0), {:.0} km from the middle of the data",
                    distance_m / 1e3
                )
            }
            Self::Nowhere { .. } => f.write_str("a stray with a position at (0, 0), far from the data"),
            Self::Far { distance_m } if distance_m.is_finite() => {
                write!(f, "a stray, {:.0} km from the middle of the data", distance_m / 1e3)
            }
            Self::Far { .. } => f.write_str("a stray, with coordinates of another kind than the data"),
        }
    }
}

impl Spread {
    /// Where features lie, their raw coordinates in `crs`, or in what their numbers look like where it is not known.
    ///
    /// The middle is the median of the longitudes and that of the latitudes of the features' first positions (of x and y for
    /// lengths), those at (0, 0) left out. A feature with a position more than [`FARTHEST_M`] from it is far; one with a position at (0, 0)
    /// is a stray then, any other where all that are far are at most one in a hundred. Coordinates of a plane of no known place have
    /// no strays. Nothing depends on the order of the features.
    ///
    /// # Complexity
    /// O(n) in positions.
    ///
    /// ```
    /// use landuse::crs::Spread;
    /// use landuse::geometry::MultiPolygonArray;
    ///
    /// let mut parcels = MultiPolygonArray::new();
    /// for lon in [179.99, -180.0, 0.0] {
    ///     let lat = if lon == 0.0 { 0.0 } else { -16.8 };
    ///     parcels.push_ring([[lon, lat], [lon + 0.01, lat], [lon, lat + 0.01], [lon, lat]]);
    ///     parcels.end_polygon();
    ///     parcels.end_geometry();
    /// }
    /// let spread = Spread::of(&parcels, None);
    /// assert_eq!(spread.strays.iter().map(|stray| stray.0).collect::<Vec<_>>(), [2]);
    /// assert!((spread.extent.center()[0].abs() - 180.0).abs() < 1e-9);
    /// ```
    pub fn of(geometry: &MultiPolygonArray, crs: Option<&SourceCrs>) -> Self {
        let firsts: Vec<Coord> =
            geometry.iter().filter_map(|shape| shape.coords().first().copied()).collect();
        let firsts: Vec<Coord> = firsts.into_iter().filter(|c| c.iter().all(|v| v.is_finite())).collect();
        let angles = firsts.iter().filter(|c| c[0].abs() <= 360.0 && c[1].abs() <= 180.0).count();
        let is_local =
            crs.is_some_and(|crs| crs.definition().is_none() && crs.is_geographic() == Some(false));
        let middle =
            if 2 * angles >= firsts.len() { Middle::of_angles(firsts) } else { Middle::of_lengths(&firsts) };
        let Some(middle) = middle.filter(|_| !is_local) else {
            let extent =
                Envelope::of(geometry.coords().iter().copied().filter(|c| c.iter().all(|v| v.is_finite())));
            return Self { extent, strays: Vec::new(), far: 0 };
        };
        middle.spread(geometry)
    }
}

/// Whether a position of a shape lies at (0, 0), in degrees.
pub(crate) fn is_nowhere(coords: &[Coord]) -> bool {
    coords.iter().any(|c| c.iter().all(|v| v.abs() <= NOWHERE_DEG))
}

/// Where most data lie.
struct Middle {
    at: Coord,
    angles: bool,
}

impl Middle {
    fn of_angles(mut places: Vec<Coord>) -> Option<Self> {
        if places.iter().any(|&place| !is_nowhere(&[place])) {
            places.retain(|&place| !is_nowhere(&[place]));
        }
        let cut = widest_gap(&places);
        places.iter_mut().for_each(|place| place[0] = (place[0] - cut).rem_euclid(360.0));
        let [lon, lat] = medians(&places)?;
        let lon = lon + cut;
        Some(Self { at: [if lon > 180.0 { lon - 360.0 } else { lon }, lat], angles: true })
    }

    fn of_lengths(places: &[Coord]) -> Option<Self> {
        Some(Self { at: medians(places)?, angles: false })
    }

    /// A position as near to the middle as turns of 360° bring it.
    fn near(&self, [x, y]: Coord) -> Coord {
        let turn = x - self.at[0];
        let turns = if self.angles && turn.abs() > 180.0 { 360.0_f64.copysign(turn) } else { 0.0 };
        [x - turns, y]
    }

    /// Metres from the middle; infinite for what is no place.
    fn distance_m(&self, place: Coord) -> f64 {
        let [dx, dy] = [place[0] - self.at[0], place[1] - self.at[1]];
        if !self.angles {
            return dx.hypot(dy);
        }
        if place[0].abs() > 360.0 || place[1].abs() > 90.0 {
            return f64::INFINITY;
        }
        let [lat_0, lat] = [self.at[1], place[1]].map(f64::to_radians);
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let square = half(dy) + lat_0.cos() * lat.cos() * half(dx);
        2.0 * RADIUS_M * square.min(1.0).sqrt().asin()
    }

    /// Whether a box lies near the middle beyond doubt: where most features do, no distance is taken.
    fn surely_holds(&self, extent: &Envelope) -> bool {
        let reach = if self.angles { [3.5, 3.0] } else { [400_000.0; 2] };
        let is_place = !self.angles || (extent.min[1] >= -90.0 && extent.max[1] <= 90.0);
        is_place
            && (0..2)
                .all(|k| extent.min[k] >= self.at[k] - reach[k] && extent.max[k] <= self.at[k] + reach[k])
    }

    /// The box of a feature's finite positions, and the distance of the farthest where that is beyond [`FARTHEST_M`].
    fn look(&self, coords: &[Coord]) -> (Envelope, Option<f64>) {
        let finite = coords.iter().filter(|c| c.iter().all(|v| v.is_finite()));
        let places = finite.map(|&coord| self.near(coord));
        let extent = Envelope::of(places.clone());
        if extent.is_empty() || self.surely_holds(&extent) {
            return (extent, None);
        }
        let farthest = places.map(|place| self.distance_m(place)).fold(0.0, f64::max);
        (extent, Some(farthest).filter(|&farthest| farthest > FARTHEST_M))
    }

    fn spread(&self, geometry: &MultiPolygonArray) -> Spread {
        let runs = geometry.len().div_ceil(RUN);
        let found = parallel::collect(runs, 1, &|run| {
            let mut near = Envelope::EMPTY;
            let mut far = Vec::new();
            for i in run * RUN..((run + 1) * RUN).min(geometry.len()) {
                match self.look(geometry.get(i).coords()) {
                    (extent, None) => near = near.join(&extent),
                    (extent, Some(distance_m)) => far.push((i as u32, extent, distance_m)),
                }
            }
            (near, far)
        });
        let mut extent = found.iter().fold(Envelope::EMPTY, |all, (near, _)| all.join(near));
        let far: Vec<(u32, Envelope, f64)> = found.into_iter().flat_map(|(_, far)| far).collect();
        let nowhere = |row: u32| self.angles && is_nowhere(geometry.get(row as usize).coords());
        let elsewhere = far.iter().filter(|far| !nowhere(far.0)).count();
        let placed = geometry.len() - (far.len() - elsewhere);
        let few = elsewhere as f64 <= STRAY_SHARE * placed as f64;
        let mut spread = Spread { extent, strays: Vec::new(), far: 0 };
        for (row, own, distance_m) in far {
            if nowhere(row) {
                spread.strays.push((row, Stray::Nowhere { distance_m }));
            } else if few {
                spread.strays.push((row, Stray::Far { distance_m }));
            } else {
                extent = extent.join(&own);
                spread.far += 1;
            }
        }
        Spread { extent, ..spread }
    }
}

/// The median of each ordinate, the lower one of two.
fn medians(places: &[Coord]) -> Option<Coord> {
    let middle = places.len().checked_sub(1)? / 2;
    let median = |k: usize| {
        let mut values: Vec<f64> = places.iter().map(|place| place[k]).collect();
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    Some([median(0), median(1)])
}

/// A longitude in the middle of the widest gap between longitudes: where a circle of them can be cut.
fn widest_gap(places: &[Coord]) -> f64 {
    let mut filled = [false; 360];
    for place in places {
        // A longitude just below 0 may be rounded up to 360.
        filled[(place[0].rem_euclid(360.0) as usize).min(359)] = true;
    }
    let gap_from = |from: usize| (0..360).take_while(|step| !filled[(from + step) % 360]).count();
    let (from, width) = (0..360)
        .map(|from| (from, gap_from(from)))
        .fold((0, 0), |widest, gap| if gap.1 > widest.1 { gap } else { widest });
    (from as f64 + width as f64 / 2.0).rem_euclid(360.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(places: impl IntoIterator<Item = Coord>, side: f64) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for [x, y] in places {
            array.push_ring([[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]);
            array.end_polygon();
            array.end_geometry();
        }
        array
    }

    fn rows(spread: &Spread) -> Vec<u32> {
        spread.strays.iter().map(|stray| stray.0).collect()
    }

    fn city(count: u32) -> impl Iterator<Item = Coord> {
        (0..count).map(|i| [120.4 + f64::from(i % 20) * 0.01, 31.5 + f64::from(i / 20) * 0.01])
    }

    #[test]
    fn what_stands_at_nowhere_is_a_stray_however_many() {
        let places = [[0.0, 0.0], [0.01, 0.05], [120.4, 31.5], [-0.05, 0.0], [120.5, 31.5]];
        let mut array = squares(places, 0.001);
        let spread = Spread::of(&array, None);
        assert_eq!(rows(&spread), [0, 1, 3]);
        // One corner is enough.
        let last = array.coords().len() - 3;
        array.coords_mut()[last] = [0.0, 0.0];
        assert_eq!(rows(&Spread::of(&array, None)), [0, 1, 3, 4]);
        assert_eq!(spread.extent.min, [120.4, 31.5]);
        // A city in the Gulf of Guinea would be one.
        let spread = Spread::of(&squares([[0.0, 0.0], [0.01, 0.05], [0.3, 0.2]], 0.001), None);
        assert!(spread.strays.is_empty());
    }

    #[test]
    fn far_features_are_strays_while_they_are_few() {
        for (count, expected) in [(98, vec![]), (99, vec![99])] {
            let places = city(count).chain([[12.4, 31.5]]);
            let spread = Spread::of(&squares(places, 0.001), None);
            assert_eq!(rows(&spread), expected, "{count}");
            assert_eq!(spread.far, usize::from(expected.is_empty()));
        }
        // Numbers of another kind, and one corner that went astray.
        let mut array = squares(city(500).chain([[535_000.0, 2_511_000.0], [31.5, 120.4]]), 0.001);
        array.coords_mut()[7] = [0.0, 0.0];
        assert_eq!(rows(&Spread::of(&array, None)), [1, 500, 501]);
    }

    #[test]
    fn lengths_have_strays_and_planes_of_no_place_have_none() {
        let places = || (0..200).map(|i| [535_000.0 + f64::from(i), 2_511_000.0]).chain([[0.0, 0.0]]);
        assert_eq!(rows(&Spread::of(&squares(places(), 1.0), None)), [200]);
        let local: SourceCrs = "local".parse().unwrap();
        let spread = Spread::of(&squares(places(), 1.0), Some(&local));
        assert!(spread.strays.is_empty() && spread.extent.min == [0.0, 0.0]);
    }

    #[test]
    fn order_changes_nothing() {
        let places: Vec<Coord> = city(300).chain([[12.4, 31.5], [0.0, 0.0]]).collect();
        let forward = Spread::of(&squares(places.iter().copied(), 0.001), None);
        let backward = Spread::of(&squares(places.iter().rev().copied(), 0.001), None);
        assert_eq!(forward.extent, backward.extent);
        assert_eq!((rows(&forward), rows(&backward)), (vec![300, 301], vec![0, 1]));
    }

    #[test]
    fn longitudes_are_cut_where_nothing_lies() {
        let spread = Spread::of(&squares([[179.9, -16.8], [-179.95, -16.7], [0.0, 0.0]], 0.01), None);
        assert_eq!(rows(&spread), [2]);
        assert!(spread.extent.width() < 0.2, "{:?}", spread.extent);
        // A pole has all longitudes.
        let around = (-18..18).map(|i| [f64::from(i) * 10.0, -89.9]);
        let spread = Spread::of(&squares(around, 0.001), None);
        assert!(spread.strays.is_empty() && spread.far == 0);
        assert!((spread.extent.center()[1] + 89.9).abs() < 0.01);
    }

    #[test]
    fn nothing_has_no_place() {
        assert!(Spread::of(&MultiPolygonArray::new(), None).extent.is_empty());
        let nan = squares([[f64::NAN, 1.0]], 1.0);
        assert!(Spread::of(&nan, None).strays.is_empty());
    }
}

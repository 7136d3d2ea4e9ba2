//! How well a plane serves data that lie in it.

use super::engine::Named;
use super::laea::Laea;
use super::plane::Target;
use super::proj_text::Definition;
use super::spread::FARTHEST_M;
use super::{CrsError, Projection, SourceCrs, WorkingPlane};
use crate::geometry::array::ring_area;
use crate::geometry::{Coord, Envelope, MultiPolygonArray};
use crate::parallel;
use crate::warning::WarningKind;

/// Beyond this distance from the centre, distances in the centred plane are wrong by more than 1e-4, m.
const FAR_M: f64 = 180_000.0;

/// What a named system may do to areas and to lengths: first what is worth a word, then what is of no use.
const AREAS: [f64; 2] = [1e-3, 0.1];
const LENGTHS: [f64; 2] = [1e-2, 0.25];

/// Degrees from its meridian beyond which a transverse Mercator is another place's.
const MERIDIAN_REACH_DEG: f64 = 30.0;

/// What a reader of figures should know of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Bend {
    /// The data reach far from the centre of the plane: areas hold, distances are wrong.
    Distances {
        /// From the centre, m.
        reach_m: f64,
    },
    /// The named system does not keep areas or lengths where the data lie.
    Scale {
        /// Greatest relative error of areas.
        areas: f64,
        /// Greatest relative error of lengths.
        lengths: f64,
    },
}

impl From<Bend> for WarningKind {
    fn from(bend: Bend) -> Self {
        match bend {
            // A short distance is wrong by an eighth of the square of its angle from the centre.
            Bend::Distances { reach_m } => {
                Self::PlaneReach { reach_m, error: (reach_m / 6.371e6).powi(2) / 8.0 }
            }
            Bend::Scale { areas, lengths } => Self::PlaneScale { areas, lengths },
        }
    }
}

impl WorkingPlane {
    /// How the plane bends data that lie in `extent` (source coordinates) and whose positions in the plane are `placed`.
    ///
    /// # Errors
    /// [`CrsError::TooWide`] where data lie farther from the centre than anything can be measured; [`CrsError::Unfit`] where a
    /// named system has no place for them, or is made for another part of the world.
    ///
    /// # Complexity
    /// O(n) in positions.
    pub fn bend(&self, extent: &Envelope, placed: &[Coord]) -> Result<Option<Bend>, CrsError> {
        match self.target() {
            Target::Local => Ok(None),
            Target::Centred { .. } => self.reach(placed),
            Target::Named(crs) => self.scale(crs, extent),
        }
    }

    fn reach(&self, placed: &[Coord]) -> Result<Option<Bend>, CrsError> {
        let chunks: Vec<&[Coord]> = placed.chunks(1 << 16).collect();
        let square = |c: &Coord| c[0] * c[0] + c[1] * c[1];
        let farthest =
            parallel::collect(chunks.len(), 1, &|i| chunks[i].iter().map(square).fold(0.0, f64::max));
        let reach_m = farthest.into_iter().fold(0.0, f64::max).sqrt();
        if reach_m > FARTHEST_M {
            return Err(CrsError::TooWide { plane: self.definition().into(), reach_m, most_m: FARTHEST_M });
        }
        Ok((reach_m > FAR_M).then_some(Bend::Distances { reach_m }))
    }

    fn scale(&self, crs: &SourceCrs, extent: &Envelope) -> Result<Option<Bend>, CrsError> {
        let unfit = |reason: String| CrsError::Unfit { crs: crs.name().into(), reason: reason.into() };
        if extent.is_empty() {
            return Ok(None);
        }
        let given = samples(extent);
        let mut placed = given;
        self.forward(&mut placed);
        let mut back = placed;
        self.inverse(&mut back);
        let tolerance = if self.source_is_geographic() { 1e-6 } else { 0.1 };
        let turned = |a: f64, b: f64| if self.source_is_geographic() { turn(a - b) } else { (a - b).abs() };
        let returns =
            |(a, b): (&Coord, &Coord)| turned(a[0], b[0]) < tolerance && (a[1] - b[1]).abs() < tolerance;
        if !given.iter().zip(&back).all(returns) {
            return Err(unfit("it has no place for the data; compute in the plane `auto`".into()));
        }
        let Some(definition) = crs.definition() else { return Ok(None) };
        let Some((areas, lengths)) = errors_at(definition, &placed)? else {
            return Err(unfit(
                "it is made for another part of the world; compute in the plane `auto`".into(),
            ));
        };
        if !(areas <= AREAS[1] && lengths <= LENGTHS[1]) {
            let reason = format!(
                "where the data lie, areas in it are wrong by {:.0}% and lengths by {:.0}%; compute in the plane `auto` or a system made \
                 for the place",
                100.0 * areas,
                100.0 * lengths
            );
            return Err(unfit(reason));
        }
        Ok((areas > AREAS[0] || lengths > LENGTHS[0]).then_some(Bend::Scale { areas, lengths }))
    }
}

/// Positions of shapes of which a ring leads round a pole along a parallel by one edge: its ends are one place.
pub(crate) fn around_a_pole(geometry: &MultiPolygonArray) -> Vec<u32> {
    let is_one =
        |i: usize| geometry.get(i).rings().any(|ring| ring.windows(2).any(is_whole_turn) && !turns(ring));
    parallel::gather(geometry.len(), 4096, &|run, rows| {
        rows.extend(run.filter(|&i| is_one(i)).map(|i| i as u32));
    })
}

/// Whether an edge leads along a whole parallel.
fn is_whole_turn(edge: &[Coord]) -> bool {
    let [a, b] = [edge[0], edge[1]];
    (a[0] - b[0]).abs() >= 360.0 - 1e-9 && (a[1] - b[1]).abs() < 1e-9 && a[1].abs() < 90.0 - 1e-9
}

/// Whether a ring goes round a pole by its other edges.
fn turns(ring: &[Coord]) -> bool {
    let steps = ring.windows(2).filter(|edge| edge.iter().any(|c| c[1].abs() < 90.0 - 1e-9));
    let steps = steps.map(|edge| edge[1][0] - edge[0][0]).filter(|step| step.abs() < 360.0 - 1e-9);
    let turn: f64 = steps.map(|step| step - 360.0 * (step / 360.0).round()).sum();
    turn.abs() > 359.0
}

/// Corners, middles of the sides, and the middle of a box.
fn samples(extent: &Envelope) -> [Coord; 9] {
    let middle = extent.center();
    let ordinate = |k: usize, step: usize| [extent.min[k], middle[k], extent.max[k]][step];
    std::array::from_fn(|i| [ordinate(0, i % 3), ordinate(1, i / 3)])
}

/// Degrees between two longitudes that are so many degrees apart by number.
fn turn(difference: f64) -> f64 {
    (difference - 360.0 * (difference / 360.0).round()).abs()
}

/// Greatest relative errors of areas and lengths of squares of 100 m at some places of a plane; none far from the meridian of a
/// transverse Mercator, whose other side looks as good as this one.
fn errors_at(definition: &Definition, places: &[Coord]) -> Result<Option<(f64, f64)>, CrsError> {
    const CORNERS: [Coord; 4] = [[-50.0, -50.0], [50.0, -50.0], [50.0, 50.0], [-50.0, 50.0]];
    const LINES: [[usize; 2]; 6] = [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2], [1, 3]];
    let named = Named::new(&definition.without_datum())?;
    let ellipsoid = definition.ellipsoid()?;
    let meridian = definition.meridian();
    let (mut areas, mut lengths) = (0.0_f64, 0.0_f64);
    let mut angles = places.to_vec();
    named.inverse(&mut angles);
    // From the middle to each place: a plane may be torn between them.
    let middle = places.len() / 2;
    let mut around = angles.clone();
    Laea::new(ellipsoid, angles[middle][0], angles[middle][1]).forward(&mut around);
    let apart = |of: &[Coord], i: usize| (of[i][0] - of[middle][0]).hypot(of[i][1] - of[middle][1]);
    for i in (0..places.len()).filter(|&i| apart(&around, i) > 100.0) {
        lengths = worse(lengths, apart(places, i) / apart(&around, i) - 1.0);
    }
    for place in places {
        let mut square = CORNERS.map(|corner| [place[0] + corner[0], place[1] + corner[1]]);
        let plane = square;
        named.inverse(&mut square);
        if meridian.is_some_and(|meridian| turn(square[0][0] - meridian) > MERIDIAN_REACH_DEG) {
            return Ok(None);
        }
        Laea::new(ellipsoid, square[0][0], square[0][1]).forward(&mut square);
        areas = worse(areas, 1e4 / ring_area(&closed(square)) - 1.0);
        for [a, b] in LINES {
            let length =
                |corners: &[Coord; 4]| (corners[a][0] - corners[b][0]).hypot(corners[a][1] - corners[b][1]);
            lengths = worse(lengths, length(&plane) / length(&square) - 1.0);
        }
    }
    Ok(Some((areas, lengths)))
}

/// The greater error; no number is the greatest.
fn worse(worst: f64, error: f64) -> f64 {
    if error.is_nan() { f64::INFINITY } else { worst.max(error.abs()) }
}

fn closed([a, b, c, d]: [Coord; 4]) -> [Coord; 5] {
    [a, b, c, d, a]
}

#[cfg(test)]
mod tests {
    use super::super::WorkingCrs;
    use super::*;

    const SUZHOU: Envelope = Envelope { min: [120.4, 31.5], max: [120.41, 31.51] };

    fn bend(code: u32, extent: Envelope) -> Result<Option<Bend>, CrsError> {
        let plane = WorkingPlane::new(&SourceCrs::wgs84(), &WorkingCrs::Epsg(code), extent)?;
        plane.bend(&extent, &[])
    }

    #[test]
    fn a_system_made_for_the_place_needs_no_word() {
        for code in [4549, 4528, 2385] {
            if let Ok(found) = bend(code, SUZHOU) {
                assert_eq!(found, None, "{code}");
            }
        }
        assert_eq!(bend(26_986, Envelope { min: [-71.2, 42.3], max: [-71.0, 42.4] }), Ok(None));
        assert_eq!(bend(2193, Envelope { min: [174.0, -41.0], max: [175.0, -40.0] }), Ok(None));
    }

    #[test]
    fn a_neighbouring_zone_is_told_and_another_part_of_the_world_refused() {
        // 2.6° west of its meridian, 8.6° west of the next one.
        assert_eq!(bend(32_651, SUZHOU), Ok(None));
        let Ok(Some(Bend::Scale { areas, .. })) = bend(32_652, SUZHOU) else { panic!("not told") };
        assert!((0.01..0.03).contains(&areas), "{areas}");
        // The cone of Massachusetts reaches round the world, and bends.
        assert!(matches!(bend(26_986, SUZHOU), Ok(Some(Bend::Scale { .. }))));
        for code in [32_618, 32_631, 27_700] {
            let Err(error) = bend(code, SUZHOU) else { panic!("{code} was taken") };
            assert!(matches!(error, CrsError::Unfit { .. } | CrsError::DatumShift { .. }), "{code}: {error}");
        }
    }

    #[test]
    fn far_from_the_centre_is_told_and_very_far_refused() {
        let plane = WorkingPlane::new(&SourceCrs::wgs84(), &WorkingCrs::Auto, SUZHOU).unwrap();
        let at = |x: f64| plane.bend(&SUZHOU, &[[0.0, 0.0], [x, 0.0], [f64::NAN, 0.0]]);
        assert_eq!(at(179_999.0), Ok(None));
        assert_eq!(at(-180_001.0), Ok(Some(Bend::Distances { reach_m: 180_001.0 })));
        assert!(matches!(at(570_001.0), Err(CrsError::TooWide { .. })));
    }
}

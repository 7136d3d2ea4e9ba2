//! The plane everything is computed in.

use super::definition::Kind;
use super::engine::{Chain, Named};
use super::laea::Laea;
use super::proj_text::{Datum, Definition};
use super::{AreaKind, CrsError, Ellipsoid, Projection, SourceCrs, WorkingCrs};
use crate::Error;
use crate::geometry::{Coord, Envelope};
use crate::parallel;

/// Coordinates one thread moves at a time.
const CHUNK: usize = 16_384;

/// The plane that everything is computed in, and the way there and back.
///
/// ```
/// use landuse::crs::{AreaKind, SourceCrs, WorkingCrs, WorkingPlane};
/// use landuse::geometry::Envelope;
///
/// let extent = Envelope { min: [114.3, 22.65], max: [114.4, 22.75] };
/// let plane = WorkingPlane::new(&SourceCrs::wgs84(), &WorkingCrs::Auto, extent)?;
/// assert_eq!(plane.definition(), "LAEA lat_0=22.7 lon_0=114.4");
/// assert_eq!(plane.area(), AreaKind::EqualArea);
///
/// let mut coords = [[114.4, 22.71]];
/// plane.forward(&mut coords);
/// assert!(coords[0][0].abs() < 1e-6 && (coords[0][1] - 1_107.5).abs() < 0.5);
/// plane.inverse(&mut coords);
/// assert!((coords[0][1] - 22.71).abs() < 1e-9);
/// # Ok::<(), landuse::crs::CrsError>(())
/// ```
#[derive(Debug)]
pub struct WorkingPlane {
    source: Box<str>,
    source_is_geographic: bool,
    definition: Box<str>,
    area: AreaKind,
    projection: Option<Box<dyn Projection>>,
    target: Target,
}

/// The working system by itself, so that other layers can be brought into the same plane.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Local,
    Centred { ellipsoid: Ellipsoid, datum: Datum, lon_0_deg: f64, lat_0_deg: f64 },
    Named(SourceCrs),
}

impl WorkingPlane {
    /// The plane of coordinates that are metres already: nothing is moved.
    pub fn local() -> Self {
        Self {
            source: "local".into(),
            source_is_geographic: false,
            definition: "local".into(),
            area: AreaKind::Planar,
            projection: None,
            target: Target::Local,
        }
    }

    /// The plane `working` for data in `source`.
    ///
    /// [`WorkingCrs::Auto`] is Lambert's azimuthal equal-area projection on the source's own ellipsoid, centred on the
    /// middle of the extent rounded to 0.1 degree: areas in it are the ellipsoid's. Distances of 50 km from the centre are true to
    /// 1e-5, short ones 50 km away from it to 1.5e-5. [`WorkingCrs::Laea`] is the same with a centre that was fixed before.
    /// A local source stays as it is.
    ///
    /// # Arguments
    /// * `extent`: of the data, in source coordinates (x east, y north), as [`Spread`](super::Spread) finds it: across the
    ///   antimeridian longitudes pass 180.
    ///
    /// # Errors
    /// * [`CrsError::Extent`]: the extent is empty, not finite, or lies where the source system has no place.
    /// * [`CrsError::Unfit`]: the working system counts in degrees or feet, or is a Mercator, whose areas are of no use.
    /// * [`CrsError::DatumShift`]: source and working system stand on different datums. The default engine computes no
    ///   shift; WGS 84, CGCS2000, ETRS89 and NAD83 count as one (they agree to a metre or two, the first three to
    ///   decimetres), and [`WorkingCrs::Auto`] never needs one. With the feature `proj`, PROJ computes it.
    /// * [`CrsError::Unknown`]: no engine knows the system.
    pub fn new(source: &SourceCrs, working: &WorkingCrs, extent: Envelope) -> Result<Self, CrsError> {
        let target = match (working, source.kind()) {
            (WorkingCrs::Auto, Kind::Local) => return Ok(Self::local()),
            (WorkingCrs::Epsg(_) | WorkingCrs::Laea { .. }, Kind::Local) => {
                return Err(CrsError::Unfit {
                    crs: "local".into(),
                    reason: "coordinates of no known place cannot be projected, expected the plane `auto` or a source \
                             system of a known place"
                        .into(),
                });
            }
            (WorkingCrs::Auto, kind) => Self::centred(source, kind, extent)?,
            (WorkingCrs::Laea { lat_0_deg, lon_0_deg }, kind) => {
                let (ellipsoid, datum) = surface(kind)?;
                Target::Centred { ellipsoid, datum, lon_0_deg: *lon_0_deg, lat_0_deg: *lat_0_deg }
            }
            (WorkingCrs::Epsg(code), _) => {
                let crs = SourceCrs::epsg(*code)?;
                if let Some(definition) = crs.definition() {
                    fit_to_measure_in(&crs, definition)?;
                }
                Target::Named(crs)
            }
        };
        Self::onto(source, target)
    }

    /// The same plane for another layer, which may be in another system.
    ///
    /// # Errors
    /// As [`new`](Self::new); also where one of both is local and the other is not.
    pub fn for_source(&self, source: &SourceCrs) -> Result<Self, CrsError> {
        Self::onto(source, self.target.clone())
    }

    fn centred(source: &SourceCrs, kind: &Kind, extent: Envelope) -> Result<Target, CrsError> {
        let (ellipsoid, datum) = surface(kind)?;
        let fail = || CrsError::Extent { crs: source.name().into(), min: extent.min, max: extent.max };
        if extent.is_empty() || !extent.min.iter().chain(&extent.max).all(|v| v.is_finite()) {
            return Err(fail());
        }
        let mut center = [extent.center()];
        if let Some(projection) = to_angles(source, &datum)? {
            projection.inverse(&mut center);
        }
        let [lon, lat] = center[0];
        if !(lon.abs() <= 360.0 && lat.abs() <= 90.0) {
            return Err(fail());
        }
        let lon = if lon.abs() > 180.0 { lon - 360.0_f64.copysign(lon) } else { lon };
        // Adding zero turns −0.0 into 0.0, which prints without a sign.
        let [lon_0_deg, lat_0_deg] = [lon, lat].map(|v| (v * 10.0).round() / 10.0 + 0.0);
        Ok(Target::Centred { ellipsoid, datum, lon_0_deg, lat_0_deg })
    }

    fn onto(source: &SourceCrs, target: Target) -> Result<Self, CrsError> {
        let (definition, area, projection) = match &target {
            Target::Local => {
                if !matches!(source.kind(), Kind::Local) {
                    return Err(mixed_with_local(source.name()));
                }
                return Ok(Self::local());
            }
            Target::Centred { ellipsoid, datum, lon_0_deg, lat_0_deg } => {
                let definition = format!("LAEA lat_0={lat_0_deg} lon_0={lon_0_deg}");
                let laea: Box<dyn Projection> = Box::new(Laea::new(*ellipsoid, *lon_0_deg, *lat_0_deg));
                if matches!(source.kind(), Kind::Local) {
                    return Err(mixed_with_local(&definition));
                }
                let projection = match to_angles(source, datum)? {
                    Some(source) => Box::new(Chain { source, working: laea }),
                    None => laea,
                };
                (definition, AreaKind::EqualArea, Some(projection))
            }
            Target::Named(crs) => {
                if matches!(source.kind(), Kind::Local) {
                    return Err(mixed_with_local(crs.name()));
                }
                let equal_area = crs.definition().is_some_and(Definition::is_equal_area);
                let area = if equal_area { AreaKind::EqualArea } else { AreaKind::Planar };
                let projection = if source == crs { None } else { Some(between(source, crs)?) };
                (crs.to_string(), area, projection)
            }
        };
        Ok(Self {
            source: source.name().into(),
            source_is_geographic: source.is_geographic() == Some(true),
            definition: definition.into(),
            area,
            projection,
            target,
        })
    }

    /// Refuses a layer that lies in another plane; `what` is what the error calls it. Planes are the same where the working
    /// systems are, whatever the sources.
    ///
    /// # Errors
    /// [`Error::Planes`].
    pub fn check_same(&self, other: &Self, what: &'static str) -> Result<(), Error> {
        if self.target == other.target {
            return Ok(());
        }
        let (found, expected) = (other.definition.clone(), self.definition.clone());
        Err(Error::Planes { what, found, expected })
    }

    /// The grid that order in a set goes by: of longitude and latitude where the plane hangs on the data, else of the plane.
    pub(crate) fn fixed_grid(&self) -> FixedGrid {
        FixedGrid(match self.target {
            Target::Centred { ellipsoid, lon_0_deg, lat_0_deg, .. } => {
                Some(Laea::new(ellipsoid, lon_0_deg, lat_0_deg))
            }
            Target::Local | Target::Named(_) => None,
        })
    }

    /// The source system, as named by the data or the caller.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether source coordinates are degrees.
    pub fn source_is_geographic(&self) -> bool {
        self.source_is_geographic
    }

    /// The working system, in words that identify it.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// The working system as an option: whoever asks for it gets this plane, whatever the data. A plane of no known place is that of
    /// its source.
    pub fn working(&self) -> WorkingCrs {
        match &self.target {
            Target::Local => WorkingCrs::Auto,
            Target::Centred { lat_0_deg, lon_0_deg, .. } => {
                WorkingCrs::Laea { lat_0_deg: *lat_0_deg, lon_0_deg: *lon_0_deg }
            }
            Target::Named(crs) => crs.name().parse().unwrap_or_default(),
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What areas in this plane are.
    pub fn area(&self) -> AreaKind {
        self.area
    }

    /// Moves source coordinates into the plane, in place, on all threads. What cannot be projected becomes NaN.
    pub fn forward(&self, coords: &mut [Coord]) {
        if let Some(projection) = &self.projection {
            parallel::chunks(coords, CHUNK, &|_, chunk| projection.forward(chunk));
        }
    }

    /// Moves plane coordinates back to the source system, in place, on all threads.
    pub fn inverse(&self, coords: &mut [Coord]) {
        if let Some(projection) = &self.projection {
            parallel::chunks(coords, CHUNK, &|_, chunk| projection.inverse(chunk));
        }
    }
}

/// A grid of 2³² by 2³² cells that no data can move.
pub(crate) struct FixedGrid(Option<Laea>);

impl FixedGrid {
    /// The cell of a position in the plane.
    pub(crate) fn cell(&self, at: Coord) -> [u32; 2] {
        /// More than any plane reaches, m.
        const REACH_M: f64 = 67_108_864.0;
        const CELLS: f64 = 4_294_967_296.0;
        let Some(laea) = &self.0 else {
            return at.map(|v| ((v / (2.0 * REACH_M) + 0.5) * CELLS) as u32);
        };
        let mut angles = [at];
        laea.inverse(&mut angles);
        let [lon, lat] = angles[0];
        [((lon / 360.0 + 0.5).rem_euclid(1.0) * CELLS) as u32, ((lat / 180.0 + 0.5) * CELLS) as u32]
    }
}

/// The surface that angles of a source are measured on.
fn surface(kind: &Kind) -> Result<(Ellipsoid, Datum), CrsError> {
    Ok(match kind {
        Kind::Known(definition) => (definition.ellipsoid()?, definition.datum()),
        #[cfg(feature = "proj")]
        Kind::Foreign => (Ellipsoid::WGS84, Datum::Modern),
        Kind::Local => (Ellipsoid::WGS84, Datum::Modern),
    })
}

fn mixed_with_local(other: &str) -> CrsError {
    CrsError::Unfit {
        crs: other.into(),
        reason:
            "one layer has a place on the Earth and another is `local`; they cannot be laid over each other"
                .into(),
    }
}

fn fit_to_measure_in(crs: &SourceCrs, definition: &Definition) -> Result<(), CrsError> {
    let reason = if definition.is_geographic() {
        "it counts in degrees, and areas and distances need metres"
    } else if definition.is_mercator() {
        "a Mercator projection stretches areas by 1/cos² of the latitude (18 % at 23°, 83 % at 42°), so no area in it means \
         anything, expected `auto` or a system made for the place"
    } else if !definition.is_metric() {
        "it does not count in metres"
    } else if definition.value("axis").is_some() {
        "its axes do not point east and north"
    } else {
        return Ok(());
    };
    Err(CrsError::Unfit { crs: crs.name().into(), reason: reason.into() })
}

/// The way from longitude and latitude on `datum` to the source; `None` where the source is just that.
fn to_angles(source: &SourceCrs, datum: &Datum) -> Result<Option<Box<dyn Projection>>, CrsError> {
    if let Some(definition) = source.definition()
        && definition.datum() == *datum
    {
        let plain = definition.is_geographic()
            && definition.value("pm").is_none()
            && definition.value("axis").is_none();
        return if plain { Ok(None) } else { Ok(Some(Box::new(Named::new(&definition.without_datum())?))) };
    }
    if *datum == Datum::Modern {
        shift("EPSG:4326", source).map(Some)
    } else {
        Err(no_shift(source, "the plane"))
    }
}

/// The way from one named system to another.
fn between(source: &SourceCrs, working: &SourceCrs) -> Result<Box<dyn Projection>, CrsError> {
    let Some(target) = working.definition() else { return shift_between(source, working) };
    if source.definition().map(Definition::datum) != Some(target.datum()) {
        return shift_between(source, working);
    }
    let named: Box<dyn Projection> = Box::new(Named::new(&target.without_datum())?);
    Ok(match to_angles(source, &target.datum())? {
        Some(source) => Box::new(Chain { source, working: named }),
        None => named,
    })
}

fn no_shift(source: &SourceCrs, to: &str) -> CrsError {
    CrsError::DatumShift { from: source.name().into(), to: to.into() }
}

#[cfg(feature = "proj")]
fn engine_text(crs: &SourceCrs) -> String {
    crs.definition().filter(|_| crs.name().contains("+proj=")).map_or_else(
        || crs.name().to_owned(),
        // PROJ takes a string for a system, not for an operation, where it says so.
        |definition| format!("{} +type=crs", definition.text().replace("+type=crs", "")),
    )
}

#[cfg(feature = "proj")]
fn shift(angles: &str, source: &SourceCrs) -> Result<Box<dyn Projection>, CrsError> {
    Ok(Box::new(super::ProjEngine::new(angles, &engine_text(source))?))
}

#[cfg(feature = "proj")]
fn shift_between(source: &SourceCrs, working: &SourceCrs) -> Result<Box<dyn Projection>, CrsError> {
    Ok(Box::new(super::ProjEngine::new(&engine_text(source), &engine_text(working))?))
}

#[cfg(not(feature = "proj"))]
fn shift(angles: &str, source: &SourceCrs) -> Result<Box<dyn Projection>, CrsError> {
    Err(no_shift(source, angles))
}

#[cfg(not(feature = "proj"))]
fn shift_between(source: &SourceCrs, working: &SourceCrs) -> Result<Box<dyn Projection>, CrsError> {
    Err(no_shift(source, working.name()))
}

//! What is wrong with coordinates: says which system data are in, or refuses and says what to ask.
//!
//! Use it on raw coordinates before anything is projected. It never guesses: where what is declared contradicts the
//! coordinates, or several readings are plausible, the answer is an error that lists them. It cannot see what coordinates
//! do not show: an unprefixed easting fits every Gauss-Krüger zone, and a shift of some hundred metres (GCJ-02, BD-09) or
//! a wrong datum is known only from tags or documentation.

use std::fmt;

use super::engine::Named;
use super::proj_text::Definition;
use super::{CrsError, Projection, SourceCrs};
use crate::error::Reading;
use crate::geometry::{Coord, Envelope, MultiPolygonArray};
use crate::parallel;
use crate::warning::WarningKind;

/// Coordinates of another kind than the rest are strays up to this share, a mixture above.
const STRAY_SHARE: f64 = 0.01;

/// Degrees from the central meridian beyond which a Gauss-Krüger or UTM zone is not meant.
const ZONE_REACH_DEG: f64 = 3.5;

/// Extent from which the data are large for parcels.
const WIDE_DEG: f64 = 5.0;

/// Latitudes people build at: Ushuaia and Longyearbyen lie inside.
const INHABITED_LAT: [f64; 2] = [-56.0, 79.0];

/// Where the systems made for China are used, longitude and latitude, with the sea.
const CHINA: Envelope = Envelope { min: [73.0, 3.0], max: [136.0, 54.0] };

/// Counts and boxes of raw coordinates, by what they look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoordinateStats {
    /// Coordinates with NaN or infinity; they enter no other figure.
    pub non_finite: u64,
    /// Within ±180, ±90: longitude and latitude, or a very small plane.
    pub angles: u64,
    /// Within ±90, ±180 and y beyond 90: latitude and longitude in the wrong order.
    pub swapped_angles: u64,
    /// All others: lengths.
    pub lengths: u64,
    /// Box of `angles` and `swapped_angles`.
    pub angle_extent: Envelope,
    /// Box of `lengths`.
    pub length_extent: Envelope,
}

impl CoordinateStats {
    /// Looks at every coordinate once.
    ///
    /// ```
    /// use landuse::crs::identify::CoordinateStats;
    /// let stats = CoordinateStats::of([[114.3, 22.7], [22.7, 114.3], [38_535_941.0, 2_511_383.0]]);
    /// assert_eq!((stats.angles, stats.swapped_angles, stats.lengths), (1, 1, 1));
    /// ```
    pub fn of(coords: impl IntoIterator<Item = Coord>) -> Self {
        let mut stats = Self {
            non_finite: 0,
            angles: 0,
            swapped_angles: 0,
            lengths: 0,
            angle_extent: Envelope::EMPTY,
            length_extent: Envelope::EMPTY,
        };
        for [x, y] in coords {
            let here = Envelope { min: [x, y], max: [x, y] };
            let (count, extent) = if !(x.is_finite() && y.is_finite()) {
                stats.non_finite += 1;
                continue;
            } else if x.abs() <= 180.0 && y.abs() <= 90.0 {
                (&mut stats.angles, &mut stats.angle_extent)
            } else if x.abs() <= 90.0 && y.abs() <= 180.0 {
                (&mut stats.swapped_angles, &mut stats.angle_extent)
            } else {
                (&mut stats.lengths, &mut stats.length_extent)
            };
            *count += 1;
            *extent = extent.join(&here);
        }
        stats
    }

    /// Of the coordinates of both. Counts and boxes come out the same in any order.
    fn with(self, other: Self) -> Self {
        Self {
            non_finite: self.non_finite + other.non_finite,
            angles: self.angles + other.angles,
            swapped_angles: self.swapped_angles + other.swapped_angles,
            lengths: self.lengths + other.lengths,
            angle_extent: self.angle_extent.join(&other.angle_extent),
            length_extent: self.length_extent.join(&other.length_extent),
        }
    }

    fn extent(&self) -> Envelope {
        self.angle_extent.join(&self.length_extent)
    }

    fn finite(&self) -> u64 {
        self.angles + self.swapped_angles + self.lengths
    }
}

impl From<&MultiPolygonArray> for CoordinateStats {
    fn from(array: &MultiPolygonArray) -> Self {
        let parts: Vec<&[Coord]> = array.coords().chunks(1 << 16).collect();
        let of_parts = parallel::collect(parts.len(), 1, &|i| Self::of(parts[i].iter().copied()));
        of_parts.into_iter().fold(Self::of([]), Self::with)
    }
}

/// All that is known about the system of a layer before it is projected.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The name in the file's `crs` member, if it has one.
    pub crs_member: Option<&'a str>,
    /// What a file of another format calls its system, where that could not be understood.
    pub unread: Option<&'a str>,
    /// What the caller declares; it wins over the member.
    pub declared: Option<&'a SourceCrs>,
    /// The raw coordinates.
    pub coordinates: CoordinateStats,
    /// Words of the file that may name a system: layer name, property names, values of such properties.
    pub tags: &'a [&'a str],
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Figures may be wrong.
    Warning,
    /// The data are refused.
    Error,
}

/// One thing that speaks for a system, or against it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// The file has a `crs` member.
    CrsMember {
        /// What it says.
        name: Box<str>,
        /// The system it is taken for.
        crs: Box<str>,
    },
    /// The `crs` member names a system nobody knows.
    UnknownCrsMember(Box<str>),
    /// The `crs` member says one thing and the caller another; the caller is believed.
    Overruled {
        /// What the file says.
        member: Box<str>,
        /// What the caller says.
        declared: Box<str>,
    },
    /// No system is named and the coordinates are lengths.
    UndeclaredLengths(Envelope),
    /// What the file says of its system is not understood, and the coordinates are degrees.
    Unread(Box<str>),
    /// What the file says of its system is not understood, and the coordinates are lengths.
    UnreadLengths {
        /// What the file calls its system.
        name: Box<str>,
        /// The box of the coordinates.
        extent: Envelope,
    },
    /// Axes are exchanged: y first.
    SwappedAxes(Envelope),
    /// Coordinates cannot be in the system they are said to be in.
    Contradiction {
        /// The system.
        crs: Box<str>,
        /// The box of the coordinates.
        extent: Envelope,
    },
    /// Eastings carry another zone number than the system, or none where it wants one.
    ZonePrefix {
        /// The system.
        crs: Box<str>,
        /// The number the eastings carry, if any.
        found: Option<u32>,
    },
    /// Coordinates lie outside the area the system is made for.
    OutsideAreaOfUse {
        /// The system.
        crs: Box<str>,
        /// The area in words.
        area: Box<str>,
        /// The box of the data, longitude and latitude.
        at: Envelope,
    },
    /// Web Mercator: the way back is exact, and nothing is measured in it.
    WebMercator,
    /// A tag names GCJ-02 or BD-09, the offset systems of Chinese web maps.
    OffsetDatum(Box<str>),
    /// Degrees and lengths in one file, or several zones.
    Mixture {
        /// Coordinates that look like degrees.
        angles: u64,
        /// Coordinates that look like lengths.
        lengths: u64,
    },
    /// Eastings of several zones in one file.
    SeveralZones(u32, u32),
    /// A few coordinates of another kind than the rest.
    Strays(u64),
    /// Coordinates that are no numbers.
    NonFinite(u64),
    /// The data extend over more degrees than parcels of a city do.
    Wide {
        /// Degrees of longitude.
        lon_deg: f64,
        /// Degrees of latitude.
        lat_deg: f64,
    },
    /// Declared `local` (metres), and the coordinates look like degrees.
    LooksLikeDegrees,
}

impl Finding {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            Self::CrsMember { .. } | Self::WebMercator | Self::Wide { .. } => Severity::Note,
            Self::Overruled { .. }
            | Self::OutsideAreaOfUse { .. }
            | Self::OffsetDatum(_)
            | Self::Unread(_)
            | Self::Strays(_)
            | Self::NonFinite(_)
            | Self::LooksLikeDegrees => Severity::Warning,
            Self::UnknownCrsMember(_)
            | Self::UndeclaredLengths(_)
            | Self::UnreadLengths { .. }
            | Self::SwappedAxes(_)
            | Self::Contradiction { .. }
            | Self::ZonePrefix { .. }
            | Self::SeveralZones(..)
            | Self::Mixture { .. } => Severity::Error,
        }
    }

    /// The finding as a warning; none for a note and for what refuses the data.
    pub fn warning(&self) -> Option<WarningKind> {
        Some(match self {
            Self::Overruled { member, declared } => {
                WarningKind::CrsOverruled { member: member.clone(), declared: declared.clone() }
            }
            Self::OutsideAreaOfUse { crs, area, at: Envelope { min, max } } => {
                WarningKind::OutsideAreaOfUse {
                    crs: crs.clone(),
                    area: area.clone(),
                    longitude: [min[0], max[0]],
                    latitude: [min[1], max[1]],
                }
            }
            Self::OffsetDatum(tag) => WarningKind::OffsetDatum { tag: tag.clone() },
            Self::Unread(name) => WarningKind::CrsNotUnderstood { name: name.clone() },
            Self::Strays(count) => WarningKind::StrayCoordinates { count: *count },
            Self::NonFinite(count) => WarningKind::NonFiniteCoordinates { count: *count },
            Self::LooksLikeDegrees => WarningKind::LooksLikeDegrees,
            _ => return None,
        })
    }
}

struct Extent<'a>(&'a Envelope);

impl fmt::Display for Extent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Envelope { min, max } = self.0;
        let digits = if max[0].abs().max(max[1].abs()) > 360.0 { 0 } else { 4 };
        write!(
            f,
            "x {:.digits$} to {:.digits$}, y {:.digits$} to {:.digits$}",
            min[0], max[0], min[1], max[1]
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overruled { .. }
            | Self::OutsideAreaOfUse { .. }
            | Self::OffsetDatum(_)
            | Self::Unread(_)
            | Self::Strays(_)
            | Self::NonFinite(_)
            | Self::LooksLikeDegrees => self.warning().map_or(Ok(()), |warning| warning.fmt(f)),
            Self::CrsMember { name, crs } => {
                write!(f, "the file's `crs` member `{name}` is taken for {crs}, x east and y north")
            }
            Self::UnknownCrsMember(name) => write!(f, "the file's `crs` member `{name}` names no known system"),
            Self::UndeclaredLengths(extent) => write!(
                f,
                "{} are lengths, but a file that names no system is longitude and latitude",
                Extent(extent)
            ),
            Self::UnreadLengths { name, extent } => write!(
                f,
                "{} are lengths, in a system that the file calls `{name}` and that is not understood",
                Extent(extent)
            ),
            Self::SwappedAxes(extent) => {
                write!(f, "{} make sense only, or as well, with the axes exchanged", Extent(extent))
            }
            Self::Contradiction { crs, extent } => write!(f, "{} cannot be in {crs}", Extent(extent)),
            Self::ZonePrefix { crs, found: Some(zone) } => {
                write!(f, "eastings carry the zone number {zone}, which contradicts {crs}")
            }
            Self::ZonePrefix { crs, found: None } => {
                write!(f, "eastings carry no zone number, which contradicts {crs}")
            }
            Self::WebMercator => {
                f.write_str("coordinates are Web Mercator: they go back to degrees exactly, and nothing is measured in it")
            }
            Self::Mixture { angles, lengths } => {
                write!(f, "{angles} coordinates look like degrees and {lengths} like lengths")
            }
            Self::SeveralZones(first, last) => write!(f, "eastings carry zone numbers from {first} to {last}"),
            Self::Wide { lon_deg, lat_deg } => {
                write!(f, "the data extend over {lon_deg:.1}° by {lat_deg:.1}°, which is much for parcels")
            }
        }
    }
}

/// Which system coordinates are in, and what was found on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    /// All that was found, refusals included, in the order of examination.
    pub findings: Vec<Finding>,
    /// The system the coordinates are in, or why that cannot be said.
    pub source: Result<SourceCrs, CrsError>,
}

/// Finds out which system coordinates are in.
///
/// The caller's declaration wins over the file's `crs` member, which wins over GeoJSON's rule (longitude and latitude on
/// WGS 84). Whichever it is, the coordinates must be able to lie in it.
///
/// # Complexity
/// O(1): everything was counted in [`CoordinateStats`].
///
/// ```
/// use landuse::crs::identify::{CoordinateStats, Evidence, identify};
///
/// let coordinates = CoordinateStats::of([[38_535_941.0, 2_511_383.0], [38_536_000.0, 2_511_500.0]]);
/// let identified = identify(&Evidence { crs_member: None, unread: None, declared: None, coordinates, tags: &[] });
/// let refusal = identified.source.unwrap_err().to_string();
/// assert!(refusal.contains("`EPSG:4526`"), "{refusal}");
/// ```
pub fn identify(evidence: &Evidence<'_>) -> Identified {
    let mut findings = Vec::new();
    for tag in evidence.tags {
        let plain: String =
            tag.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if ["gcj02", "bd09", "火星坐标"].iter().any(|name| plain.contains(name)) {
            findings.push(Finding::OffsetDatum((*tag).into()));
        }
    }
    let stats = &evidence.coordinates;
    if stats.non_finite > 0 {
        findings.push(Finding::NonFinite(stats.non_finite));
    }
    let source = named(evidence, &mut findings).and_then(|named| match named {
        Some(crs) => against(crs, stats, &mut findings),
        None => unnamed(stats, evidence.unread, &mut findings),
    });
    let source = source.map_err(|(finding, readings)| {
        let reason = finding.to_string().into();
        findings.push(finding);
        CrsError::Unsettled { reason, readings: readings.into() }
    });
    Identified { findings, source }
}

type Refusal = (Finding, Vec<Reading>);

/// The system the caller or the file names.
fn named(evidence: &Evidence<'_>, findings: &mut Vec<Finding>) -> Result<Option<SourceCrs>, Refusal> {
    let member = evidence.crs_member.map(|name| (name, name.parse::<SourceCrs>().ok()));
    match (evidence.declared, member) {
        (Some(declared), Some((name, crs))) => {
            if crs.as_ref() != Some(declared) {
                findings.push(Finding::Overruled { member: name.into(), declared: declared.name().into() });
            }
            Ok(Some(declared.clone()))
        }
        (Some(declared), None) => Ok(Some(declared.clone())),
        (None, Some((name, Some(crs)))) => {
            findings.push(Finding::CrsMember { name: name.into(), crs: crs.name().into() });
            Ok(Some(crs))
        }
        (None, Some((name, None))) => {
            Err((Finding::UnknownCrsMember(name.into()), candidates(&evidence.coordinates)))
        }
        (None, None) => Ok(None),
    }
}

/// Whether coordinates can lie in a system.
enum Fit {
    Inside(Option<Envelope>),
    Outside { area: String, at: Envelope },
    Impossible,
}

fn against(
    crs: SourceCrs,
    stats: &CoordinateStats,
    findings: &mut Vec<Finding>,
) -> Result<SourceCrs, Refusal> {
    if stats.finite() == 0 {
        return Ok(crs);
    }
    let Some(definition) = crs.definition() else {
        let degrees = stats.lengths == 0 && stats.angle_extent.width() < WIDE_DEG;
        if crs.is_geographic() == Some(false) && degrees {
            findings.push(Finding::LooksLikeDegrees);
        }
        return Ok(crs);
    };
    let mut extent = stats.extent();
    if definition.is_geographic() && stats.lengths > 0 {
        let angles = stats.angles + stats.swapped_angles;
        if (stats.lengths as f64) < STRAY_SHARE * stats.finite() as f64 {
            findings.push(Finding::Strays(stats.lengths));
            extent = stats.angle_extent;
        } else if angles as f64 >= STRAY_SHARE * stats.finite() as f64 {
            return Err((Finding::Mixture { angles, lengths: stats.lengths }, Vec::new()));
        }
    } else if !definition.is_geographic() && stats.lengths > 0 {
        let angles = stats.angles + stats.swapped_angles;
        let clear = matches!(fit(&crs, definition, &extent), Fit::Inside(_));
        if !clear && angles > 0 {
            if angles as f64 >= STRAY_SHARE * stats.finite() as f64 {
                return Err((Finding::Mixture { angles, lengths: stats.lengths }, Vec::new()));
            }
            findings.push(Finding::Strays(angles));
            extent = stats.length_extent;
        }
    }
    let fitted = fit(&crs, definition, &extent);
    if let Fit::Inside(place) = fitted {
        if definition.is_web_mercator() {
            findings.push(Finding::WebMercator);
        }
        note_width(place.as_ref(), findings);
        return Ok(crs);
    }
    // Something is wrong: what else could it be?
    let mut readings = Vec::new();
    let swapped = swap(&extent);
    if !definition.is_geographic() && matches!(fit(&crs, definition, &swapped), Fit::Inside(_)) {
        let why = "fits with northing and easting exchanged";
        return Err((Finding::SwappedAxes(extent), vec![Reading::swapped(crs.name(), why)]));
    }
    if let Some((sibling, wants_prefix)) = sibling(crs.name()) {
        let other = format!("EPSG:{sibling}");
        let fits = other.parse::<SourceCrs>().is_ok_and(|other| {
            other.definition().is_some_and(|d| matches!(fit(&other, d, &extent), Fit::Inside(_)))
        });
        if fits {
            let (why, found) = if wants_prefix {
                ("the same zone without the zone number in the easting", None)
            } else {
                ("the same zone with its number in the easting", prefix(extent.min[0]))
            };
            return Err((
                Finding::ZonePrefix { crs: crs.name().into(), found },
                vec![Reading::new(other, why)],
            ));
        }
    }
    readings.extend(candidates(stats));
    readings.retain(|reading| *reading.crs != *crs.name() || reading.swapped);
    match fitted {
        Fit::Outside { area, at } => {
            if let (Some(zone), true) = (prefix(extent.min[0]), sibling(crs.name()).is_some()) {
                return Err((Finding::ZonePrefix { crs: crs.name().into(), found: Some(zone) }, readings));
            }
            findings.push(Finding::OutsideAreaOfUse { crs: crs.name().into(), area: area.into(), at });
            Ok(crs)
        }
        _ if stats.swapped_angles > 0 && stats.lengths == 0 => Err((Finding::SwappedAxes(extent), readings)),
        _ => match (prefix(extent.min[0]), sibling(crs.name())) {
            (found @ Some(_), Some(_)) => {
                Err((Finding::ZonePrefix { crs: crs.name().into(), found }, readings))
            }
            _ => Err((Finding::Contradiction { crs: crs.name().into(), extent }, readings)),
        },
    }
}

/// A file that names nothing that is understood: longitude and latitude, or refused.
fn unnamed(
    stats: &CoordinateStats,
    unread: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<SourceCrs, Refusal> {
    let crs = SourceCrs::wgs84();
    if stats.finite() == 0 {
        return Ok(crs);
    }
    let undeclared = |extent| match unread {
        Some(name) => Finding::UnreadLengths { name: name.into(), extent },
        None => Finding::UndeclaredLengths(extent),
    };
    if stats.lengths > 0 && stats.angles + stats.swapped_angles == 0 {
        if let (Some(first), Some(last)) =
            (prefix(stats.length_extent.min[0]), prefix(stats.length_extent.max[0]))
            && first != last
        {
            return Err((Finding::SeveralZones(first, last), candidates(stats)));
        }
        return Err((undeclared(stats.length_extent), candidates(stats)));
    }
    if stats.lengths as f64 >= (1.0 - STRAY_SHARE) * stats.finite() as f64 && stats.lengths > 0 {
        findings.push(Finding::Strays(stats.angles + stats.swapped_angles));
        return Err((undeclared(stats.length_extent), candidates(stats)));
    }
    findings.extend(unread.map(|name| Finding::Unread(name.into())));
    let extent = stats.angle_extent;
    let inhabited = |low: f64, high: f64| low >= INHABITED_LAT[0] && high <= INHABITED_LAT[1];
    let nobody_there = extent.max[1] < INHABITED_LAT[0] || extent.min[1] > INHABITED_LAT[1];
    if stats.swapped_angles == 0 && nobody_there && inhabited(extent.min[0], extent.max[0]) {
        let mut readings = candidates(stats);
        readings.push(Reading::new("EPSG:4326", "as the coordinates stand, where nobody builds"));
        return Err((Finding::SwappedAxes(extent), readings));
    }
    against(crs, stats, findings)
}

fn note_width(place: Option<&Envelope>, findings: &mut Vec<Finding>) {
    if let Some(place) = place
        && (place.width() > WIDE_DEG || place.height() > WIDE_DEG)
    {
        findings.push(Finding::Wide { lon_deg: place.width(), lat_deg: place.height() });
    }
}

fn swap(extent: &Envelope) -> Envelope {
    let turn = |c: Coord| [c[1], c[0]];
    Envelope { min: turn(extent.min), max: turn(extent.max) }
}

/// Zone number at the head of an easting of 8 digits: 38 of 38,535,941.
fn prefix(easting: f64) -> Option<u32> {
    let zone = (easting / 1e6).floor();
    let rest = easting - zone * 1e6;
    ((13.0..=45.0).contains(&zone) && (100_000.0..=900_000.0).contains(&rest)).then_some(zone as u32)
}

/// The same CGCS2000 zone with and without its number in the easting, and whether `name` is the one with it.
fn sibling(name: &str) -> Option<(u32, bool)> {
    match name.strip_prefix("EPSG:")?.parse().ok()? {
        code @ (4491..=4501) => Some((code + 11, true)),
        code @ (4502..=4512) => Some((code - 11, false)),
        code @ (4513..=4533) => Some((code + 21, true)),
        code @ (4534..=4554) => Some((code - 21, false)),
        _ => None,
    }
}

/// The system of a zone number, CGCS2000: zones 25 to 45 are 3 degrees wide, 13 to 23 are 6.
fn zone_crs(zone: u32) -> Option<(u32, u32)> {
    match zone {
        13..=23 => Some((4491 + zone - 13, 6)),
        25..=45 => Some((4513 + zone - 25, 3)),
        _ => None,
    }
}

/// The box of the data in longitude and latitude, where the system has a place for all of it.
fn place(definition: &Definition, extent: &Envelope) -> Option<Envelope> {
    let named = Named::new(&definition.without_datum()).ok()?;
    let middle = extent.center();
    let xs = [extent.min[0], middle[0], extent.max[0]];
    let mut coords = [[0.0; 2]; 9];
    for (i, coord) in coords.iter_mut().enumerate() {
        *coord = [xs[i % 3], [extent.min[1], middle[1], extent.max[1]][i / 3]];
    }
    let mut angles = coords;
    named.inverse(&mut angles);
    let mut back = angles;
    named.forward(&mut back);
    let same = |(a, b): (&Coord, &Coord)| (a[0] - b[0]).abs() < 1.0 && (a[1] - b[1]).abs() < 1.0;
    coords.iter().zip(&back).all(same).then(|| Envelope::of(angles))
}

fn fit(crs: &SourceCrs, definition: &Definition, extent: &Envelope) -> Fit {
    let small =
        extent.min[0] >= -180.0 && extent.max[0] <= 180.0 && extent.min[1] >= -90.0 && extent.max[1] <= 90.0;
    let at = if definition.is_geographic() {
        if !small {
            return Fit::Impossible;
        }
        *extent
    } else {
        // A plane in metres that holds only numbers of degrees would be 180 m wide at its origin.
        if small {
            return Fit::Impossible;
        }
        let Some(at) = place(definition, extent) else { return Fit::Impossible };
        at
    };
    if let Some(meridian) = zone_meridian(definition) {
        let reach = (at.min[0] - meridian).abs().max((at.max[0] - meridian).abs());
        if reach > 30.0 {
            return Fit::Impossible;
        }
        if reach > ZONE_REACH_DEG {
            return Fit::Outside { area: format!("{ZONE_REACH_DEG}° from its meridian {meridian}°"), at };
        }
    }
    if is_chinese(crs.name()) && !CHINA.intersects(&at) {
        return Fit::Outside { area: "China".to_owned(), at };
    }
    Fit::Inside(Some(at))
}

/// Systems of China: geographic CGCS2000, Xi'an 1980 and Beijing 1954, and CGCS2000's Gauss-Krüger zones.
fn is_chinese(name: &str) -> bool {
    name.strip_prefix("EPSG:")
        .and_then(|code| code.parse().ok())
        .is_some_and(|code: u32| matches!(code, 4490 | 4610 | 4214 | 4491..=4554))
}

/// Central meridian of a UTM or Gauss-Krüger zone; other transverse Mercators serve whole countries.
fn zone_meridian(definition: &Definition) -> Option<f64> {
    match definition.projection() {
        "utm" => definition.number("zone").map(|zone| zone * 6.0 - 183.0),
        "tmerc" => {
            let scale = definition.number("k").or_else(|| definition.number("k_0")).unwrap_or(1.0);
            let zone = scale == 1.0 && definition.number("x_0").is_some_and(|x| x % 1e6 == 500_000.0);
            zone.then(|| definition.number("lon_0").unwrap_or(0.0))
        }
        _ => None,
    }
}

/// Systems that coordinates could be in by their look alone, most telling first.
fn candidates(stats: &CoordinateStats) -> Vec<Reading> {
    let mut readings = Vec::new();
    if stats.lengths == 0 {
        let extent = stats.angle_extent;
        if stats.swapped_angles > 0 || extent.max[1] < INHABITED_LAT[0] || extent.min[1] > INHABITED_LAT[1] {
            readings.push(Reading::swapped("EPSG:4326", "latitude stands first"));
        } else if stats.angles > 0 {
            readings.push(Reading::new("EPSG:4326", "numbers are those of degrees"));
        }
        return readings;
    }
    let extent = stats.length_extent;
    let zones = |low: f64, high: f64| [prefix(low), prefix(high)].into_iter().flatten();
    let mut last = None;
    for zone in zones(extent.min[0], extent.max[0]) {
        if let (Some((code, width)), true) = (zone_crs(zone), last != Some(zone)) {
            let why = format!("eastings begin with {zone}: {width}-degree zone {zone} of CGCS2000");
            readings.push(Reading::new(format!("EPSG:{code}"), why));
        }
        last = Some(zone);
    }
    if let (Some(zone), true) = (prefix(extent.min[1]), readings.is_empty())
        && let Some((code, width)) = zone_crs(zone)
    {
        let why = format!("y begins with {zone}: {width}-degree zone {zone} of CGCS2000, northing first");
        readings.push(Reading::swapped(format!("EPSG:{code}"), why));
    }
    let zone_like = |e: &Envelope| {
        e.min[0] >= 150_000.0 && e.max[0] <= 850_000.0 && e.min[1] >= 300_000.0 && e.max[1] <= 9_400_000.0
    };
    let swapped = swap(&extent);
    if zone_like(&extent) {
        readings.push(Reading::new(
            "EPSG:4534 … EPSG:4554",
            "3-degree zone of CGCS2000 without zone number: 75° east is 4534, 114° 4547, 135° 4554",
        ));
        readings.push(Reading::new("EPSG:32601 … EPSG:32660", "UTM zone, northern hemisphere"));
    } else if zone_like(&swapped) && swapped.min[1] > 850_000.0 {
        readings.push(Reading::swapped(
            "EPSG:4534 … EPSG:4554",
            "3-degree zone of CGCS2000 without zone number, northing first",
        ));
    }
    // Near the origin, Web Mercator means the Gulf of Guinea.
    if extent.min[0].abs().max(extent.max[0].abs()) > 900_000.0
        && let Ok(mercator) = SourceCrs::epsg(3857)
        && let Some(at) = mercator.definition().and_then(|d| place(d, &extent))
        && extent.min[0].abs().max(extent.max[0].abs()) <= 20_037_508.4
    {
        let [lon, lat] = at.center();
        if inhabited_latitude(lat) {
            readings.push(Reading::new(
                "EPSG:3857",
                format!("Web Mercator, at longitude {lon:.1}, latitude {lat:.1}"),
            ));
        }
    }
    readings
}

fn inhabited_latitude(lat: f64) -> bool {
    (INHABITED_LAT[0]..=INHABITED_LAT[1]).contains(&lat)
}

#[cfg(test)]
#[path = "identify_tests.rs"]
mod tests;

//! Names of reference systems, and what their definitions say.

use std::fmt;
use std::str::FromStr;

use crate::text_form::serde_as_text;

use super::{CrsError, Ellipsoid};

/// Codes that all mean spherical ("Web") Mercator.
const WEB_MERCATOR: [u32; 6] = [3857, 3785, 900_913, 102_100, 102_113, 3587];

/// The reference system coordinates are given in.
///
/// Understood are `EPSG:4547`, `urn:ogc:def:crs:EPSG::4547`, `http://www.opengis.net/def/crs/EPSG/0/4547`, the longitude
/// and latitude of GeoJSON (`CRS84` in all its spellings, the same as `EPSG:4326` here), PROJ strings (`+proj=… `), with
/// the feature `proj` also WKT, and `local` for a plane in metres whose place on the Earth is not known.
///
/// **Axis order is always x = east, y = north**, whatever the authority says: `EPSG:4326` here is longitude, latitude, and
/// `EPSG:4547` is easting, northing.
///
/// ```
/// use landuse::crs::SourceCrs;
/// let urn: SourceCrs = "urn:ogc:def:crs:EPSG::4547".parse()?;
/// assert_eq!(urn.to_string(), "EPSG:4547");
/// assert_eq!("urn:ogc:def:crs:OGC:1.3:CRS84".parse::<SourceCrs>()?, SourceCrs::wgs84());
/// assert!("EPSG:999999".parse::<SourceCrs>().is_err());
/// # Ok::<(), landuse::crs::CrsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SourceCrs {
    name: Box<str>,
    kind: Kind,
}

/// Two systems are equal when their definitions are, whatever they are called.
impl PartialEq for SourceCrs {
    fn eq(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Known(a), Kind::Known(b)) => a.text == b.text,
            (Kind::Local, Kind::Local) => true,
            #[cfg(feature = "proj")]
            (Kind::Foreign, Kind::Foreign) => self.name == other.name,
            _ => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A plane in metres of no known place.
    Local,
    /// A definition the default engine can read.
    Known(Definition),
    /// Only PROJ knows it.
    #[cfg(feature = "proj")]
    Foreign,
}

impl SourceCrs {
    /// Longitude and latitude on WGS 84: what GeoJSON is in by RFC 7946.
    pub fn wgs84() -> Self {
        let text = "+proj=longlat +datum=WGS84 +no_defs";
        Self { name: "EPSG:4326".into(), kind: Kind::Known(Definition { text: text.into() }) }
    }

    /// The system of an EPSG code.
    ///
    /// # Errors
    /// [`CrsError::Unknown`] for a code the engine has no definition of.
    pub fn epsg(code: u32) -> Result<Self, CrsError> {
        let code = if WEB_MERCATOR.contains(&code) { 3857 } else { code };
        let name = format!("EPSG:{code}").into_boxed_str();
        if let Some(text) = u16::try_from(code).ok().and_then(crs_definitions::from_code).map(|d| d.proj4) {
            let definition = Definition { text: text.into() };
            // Geocentric systems are in the table and are no map.
            if definition.value("proj") != Some("geocent") {
                return Ok(Self { name, kind: Kind::Known(definition) });
            }
        }
        Self::foreign(name)
    }

    #[cfg(feature = "proj")]
    fn foreign(name: Box<str>) -> Result<Self, CrsError> {
        super::engine_proj::check(&name)?;
        Ok(Self { name, kind: Kind::Foreign })
    }

    #[cfg(not(feature = "proj"))]
    fn foreign(name: Box<str>) -> Result<Self, CrsError> {
        Err(CrsError::Unknown(name))
    }

    /// Whether coordinates are angles in degrees; `None` where only PROJ knows.
    pub fn is_geographic(&self) -> Option<bool> {
        match &self.kind {
            Kind::Known(definition) => Some(definition.is_geographic()),
            Kind::Local => Some(false),
            #[cfg(feature = "proj")]
            Kind::Foreign => None,
        }
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn definition(&self) -> Option<&Definition> {
        match &self.kind {
            Kind::Known(definition) => Some(definition),
            Kind::Local => None,
            #[cfg(feature = "proj")]
            Kind::Foreign => None,
        }
    }
}

impl fmt::Display for SourceCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for SourceCrs {
    type Err = CrsError;

    fn from_str(text: &str) -> Result<Self, CrsError> {
        let text = text.trim();
        let unknown = || CrsError::Unknown(text.into());
        if text.contains("+proj=") {
            super::engine::Named::new(text)?;
            return Ok(Self { name: text.into(), kind: Kind::Known(Definition { text: text.into() }) });
        }
        let upper = text.to_ascii_uppercase();
        if upper == "LOCAL" {
            return Ok(Self { name: "local".into(), kind: Kind::Local });
        }
        if ["PROJCS[", "GEOGCS[", "PROJCRS[", "GEOGCRS[", "GEODCRS[", "BOUNDCRS[", "COMPD_CS["]
            .iter()
            .any(|start| upper.starts_with(start))
        {
            return Self::foreign(text.into());
        }
        // `EPSG:4547`, `urn:ogc:def:crs:EPSG::4547`, `http://…/EPSG/0/4547`: the authority, then the code at the end.
        let mut parts = upper.split([':', '/']);
        let code = parts.next_back().unwrap_or_default();
        match code {
            "CRS84" | "WGS84" => return Ok(Self::wgs84()),
            "CRS83" => return Self::epsg(4269),
            _ => {}
        }
        let authority = parts.any(|part| part == "EPSG" || part == "ESRI");
        if !authority {
            return Err(unknown());
        }
        let code = code.parse().map_err(|_| unknown())?;
        Self::epsg(code).map_err(|_| unknown())
    }
}

/// The plane to compute in.
///
/// Parsed from `auto`, `laea:22.7,114.3` (latitude and longitude of the centre, degrees) or `EPSG:4547`.
///
/// ```
/// use landuse::crs::WorkingCrs;
/// assert_eq!("auto".parse::<WorkingCrs>()?, WorkingCrs::Auto);
/// assert_eq!("EPSG:4547".parse::<WorkingCrs>()?, WorkingCrs::Epsg(4547));
/// let centred = WorkingCrs::Laea { lat_0_deg: 22.7, lon_0_deg: 114.3 };
/// assert_eq!(("laea:22.7,114.3".parse::<WorkingCrs>()?, centred.to_string()), (centred, "laea:22.7,114.3".into()));
/// # Ok::<(), landuse::crs::CrsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum WorkingCrs {
    /// Lambert's azimuthal equal-area projection centred on the data.
    #[default]
    Auto,
    /// The same with a centre of its own, on the source's ellipsoid: what `Auto` came to in an earlier run.
    Laea {
        /// Latitude of the centre, degrees.
        lat_0_deg: f64,
        /// Longitude of the centre, degrees.
        lon_0_deg: f64,
    },
    /// A projected system in metres, by its EPSG code.
    Epsg(u32),
}

/// The centre in `laea:22.7,114.3`.
fn centre(text: &str) -> Option<WorkingCrs> {
    let (name, centre) = text.trim().split_once(':')?;
    let (lat, lon) = centre.split_once(',').filter(|_| name.eq_ignore_ascii_case("laea"))?;
    let number = |text: &str, most: f64| {
        text.trim().parse().ok().filter(|value: &f64| value.is_finite() && value.abs() <= most)
    };
    Some(WorkingCrs::Laea { lat_0_deg: number(lat, 90.0)?, lon_0_deg: number(lon, 180.0)? })
}

impl FromStr for WorkingCrs {
    type Err = CrsError;

    fn from_str(text: &str) -> Result<Self, CrsError> {
        if text.trim().eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        if let Some(centred) = centre(text) {
            return Ok(centred);
        }
        let crs: SourceCrs = text.parse()?;
        crs.name()
            .strip_prefix("EPSG:")
            .and_then(|code| code.parse().ok())
            .map(Self::Epsg)
            .ok_or_else(|| CrsError::Unknown(text.trim().into()))
    }
}

impl fmt::Display for WorkingCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Laea { lat_0_deg, lon_0_deg } => write!(f, "laea:{lat_0_deg},{lon_0_deg}"),
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
        }
    }
}

serde_as_text!(SourceCrs);
serde_as_text!(WorkingCrs);

/// A PROJ string and what can be read off it.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    text: Box<str>,
}

/// The surface a system's angles are measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Datum {
    /// WGS 84 or a system fixed to it within a metre or two: CGCS2000, ETRS89, NAD83, Korea 2000 …
    Modern,
    /// Any other, by the terms that define it.
    Other(String),
}

impl Definition {
    /// The value of `+key=value`.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        terms(&self.text).find_map(|(k, v)| (k == key).then_some(v))
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.value(key).and_then(|v| v.parse().ok())
    }

    #[cfg(feature = "proj")]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn projection(&self) -> &str {
        self.value("proj").unwrap_or_default()
    }

    pub(super) fn is_geographic(&self) -> bool {
        matches!(self.projection(), "longlat" | "latlong" | "lonlat" | "latlon")
    }

    /// Spherical Mercator over latitudes of the ellipsoid: Web Mercator.
    pub(super) fn is_web_mercator(&self) -> bool {
        self.projection() == "webmerc"
            || (self.projection() == "merc" && self.value("nadgrids") == Some("@null"))
    }

    /// Any projection that stretches areas with latitude beyond use.
    pub(super) fn is_mercator(&self) -> bool {
        matches!(self.projection(), "merc" | "webmerc" | "mill")
    }

    pub(super) fn is_equal_area(&self) -> bool {
        matches!(self.projection(), "laea" | "aea" | "cea" | "sinu" | "moll" | "leac" | "eqearth")
    }

    /// The meridian of a transverse Mercator, degrees.
    pub(super) fn meridian(&self) -> Option<f64> {
        match self.projection() {
            "utm" => self.number("zone").map(|zone| zone * 6.0 - 183.0),
            "tmerc" | "etmerc" => Some(self.number("lon_0").unwrap_or(0.0)),
            _ => None,
        }
    }

    pub(super) fn is_metric(&self) -> bool {
        !self.is_geographic()
            && self.value("units").is_none_or(|unit| unit == "m")
            && self.number("to_meter").is_none_or(|scale| scale == 1.0)
    }

    pub(super) fn datum(&self) -> Datum {
        if self.is_web_mercator() || matches!(self.value("datum"), Some("WGS84" | "NAD83")) {
            return Datum::Modern;
        }
        let unshifted = self
            .value("towgs84")
            .is_none_or(|shift| shift.split(',').all(|part| part.trim().parse::<f64>() == Ok(0.0)));
        let modern_ellipsoid = matches!(self.value("ellps"), None | Some("GRS80" | "WGS84"))
            && self.value("a").is_none()
            && self.value("R").is_none();
        let plain = self.value("nadgrids").is_none() && self.value("datum").is_none();
        if unshifted && modern_ellipsoid && plain {
            return Datum::Modern;
        }
        let mut key = String::new();
        for name in ["datum", "ellps", "a", "b", "rf", "R", "towgs84", "nadgrids"] {
            if let Some(value) = self.value(name) {
                key.push_str(name);
                key.push('=');
                key.push_str(value);
                key.push(' ');
            }
        }
        Datum::Other(key)
    }

    /// The string without any shift of datum: the bare map from angles on its own ellipsoid to its plane.
    pub(super) fn without_datum(&self) -> String {
        let mut bare = String::with_capacity(self.text.len());
        for (key, value) in terms(&self.text) {
            let (key, value) = match key {
                "towgs84" | "nadgrids" | "wktext" | "no_defs" | "type" => continue,
                "datum" => ("ellps", datum_ellipsoid(value)),
                _ => (key, value),
            };
            bare.push('+');
            bare.push_str(key);
            if !value.is_empty() {
                bare.push('=');
                bare.push_str(value);
            }
            bare.push(' ');
        }
        bare
    }

    /// The ellipsoid its angles are measured on, by the default engine's own table.
    pub(super) fn ellipsoid(&self) -> Result<Ellipsoid, CrsError> {
        if self.is_web_mercator() {
            return Ok(Ellipsoid::WGS84);
        }
        match self.value("datum").map(datum_ellipsoid).or_else(|| self.value("ellps")) {
            Some("WGS84") => Ok(Ellipsoid::WGS84),
            Some("GRS80") => Ok(Ellipsoid::CGCS2000),
            _ => super::engine::ellipsoid_axes(&self.without_datum())
                .and_then(|(a, b)| Ellipsoid::from_axes(a, b))
                .ok_or_else(|| CrsError::Unknown(self.text.clone())),
        }
    }
}

fn terms(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace()
        .map(|term| term.trim_start_matches('+'))
        .map(|t| t.split_once('=').unwrap_or((t, "")))
}

fn datum_ellipsoid(datum: &str) -> &str {
    match datum {
        "NAD83" | "GGRS87" => "GRS80",
        "NAD27" => "clrk66",
        "potsdam" | "hermannskogel" | "ch1903" | "s_jtsk" => "bessel",
        "carthage" => "clrk80ign",
        "nzgd49" | "rassadiran" => "intl",
        "ire65" => "mod_airy",
        "OSGB36" | "osni52" => "airy",
        _ => "WGS84",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        text.parse::<SourceCrs>().map_or_else(|e| format!("error: {e}"), |c| c.to_string())
    }

    #[test]
    fn spellings() {
        for text in ["EPSG:4547", "epsg:4547", "urn:ogc:def:crs:EPSG::4547", "urn:ogc:def:crs:EPSG:6.9:4547"]
        {
            assert_eq!(name(text), "EPSG:4547");
        }
        assert_eq!(name("http://www.opengis.net/def/crs/EPSG/0/4490"), "EPSG:4490");
        for text in
            ["CRS84", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "wgs84"]
        {
            assert_eq!(name(text), "EPSG:4326");
        }
        for text in ["EPSG:900913", "EPSG:102100", "ESRI:102100", "EPSG:3785", "EPSG:3857"] {
            assert_eq!(name(text), "EPSG:3857");
        }
        for text in [
            "",
            "4547",
            "EPSG:",
            "EPSG:x",
            "EPSG:65536",
            "Amersfoort",
            "urn:ogc:def:crs:XYZ::4547",
            "+proj=nosuch",
        ] {
            assert!(text.parse::<SourceCrs>().is_err(), "{text}");
        }
        assert_eq!(name("+proj=utm +zone=50 +datum=WGS84"), "+proj=utm +zone=50 +datum=WGS84");
        assert_eq!(name("local"), "local");
    }

    #[test]
    fn datums() {
        let datum = |code| SourceCrs::epsg(code).unwrap().definition().unwrap().datum();
        for code in [4326, 4490, 4547, 4526, 26986, 3035, 3857, 5186, 6668, 2193] {
            assert_eq!(datum(code), Datum::Modern, "{code}");
        }
        for code in [4214, 4267, 4610, 2326, 27700] {
            assert_ne!(datum(code), Datum::Modern, "{code}");
        }
        assert_eq!(datum(4214), datum(2437));
        assert_ne!(datum(4214), datum(4610));
    }

    #[cfg(not(feature = "proj"))]
    #[test]
    fn wkt_names_the_feature() {
        assert!(name("PROJCS[\"x\"]").contains("feature `proj`"));
    }
}

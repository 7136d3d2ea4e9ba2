//! Names of reference systems, and what their definitions say.

use std::fmt;
use std::str::FromStr;

use crate::text_form::serde_as_text;

use super::CrsError;
use super::proj_text::Definition;

/// Codes that all mean spherical ("Web") Mercator.
const WEB_MERCATOR: [u32; 6] = [3857, 3785, 900_913, 102_100, 102_113, 3587];

/// The reference system coordinates are given in.
///
/// Understood are `EPSG:4547`, `urn:ogc:def:crs:EPSG::4547`, `http://www.opengis.net/def/crs/EPSG/0/4547`, the longitude
/// and latitude of GeoJSON (`CRS84` in all its spellings, the same as `EPSG:4326` here), PROJ strings (`+proj=… `), with
/// WKT as far as its parameters are understood here (with the feature `proj` as far as PROJ does), and `local` for a plane in metres whose place on the Earth is not known.
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
            (Kind::Known(a), Kind::Known(b)) => a.text() == b.text(),
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
        Self { name: "EPSG:4326".into(), kind: Kind::Known(Definition::new(text)) }
    }

    /// The system of an EPSG code.
    ///
    /// # Errors
    /// [`CrsError::Unknown`] for a code the engine has no definition of.
    pub fn epsg(code: u32) -> Result<Self, CrsError> {
        let code = if WEB_MERCATOR.contains(&code) { 3857 } else { code };
        let name = format!("EPSG:{code}").into_boxed_str();
        if let Some(text) = u16::try_from(code).ok().and_then(crs_definitions::from_code).map(|d| d.proj4) {
            let definition = Definition::new(text);
            // Geocentric systems are in the table and are no map.
            if definition.value("proj") != Some("geocent") {
                return Ok(Self { name, kind: Kind::Known(definition) });
            }
        }
        Self::foreign(name)
    }

    /// The definition of an EPSG code as well-known text, where there is one.
    #[cfg(any(feature = "gpkg", feature = "parquet"))]
    pub(crate) fn wkt(code: u32) -> Option<&'static str> {
        u16::try_from(code).ok().and_then(crs_definitions::from_code).map(|definition| definition.wkt)
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
        let upper = text.to_ascii_uppercase();
        if upper == "LOCAL" {
            return Ok(Self { name: "local".into(), kind: Kind::Local });
        }
        if ["PROJCS[", "GEOGCS[", "PROJCRS[", "GEOGCRS[", "GEODCRS[", "BOUNDCRS[", "COMPD_CS["]
            .iter()
            .any(|start| upper.starts_with(start))
        {
            return super::wkt::understand(text)
                .and_then(|name| name.parse().ok())
                .map_or_else(|| Self::foreign(text.into()), Ok);
        }
        if text.contains("+proj=") {
            super::engine::Named::new(text)?;
            return Ok(Self { name: text.into(), kind: Kind::Known(Definition::new(text)) });
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

#[cfg(test)]
mod tests {
    use super::super::proj_text::Datum;
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

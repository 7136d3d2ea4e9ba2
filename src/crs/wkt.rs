//! Reference systems written as WKT, as `.prj` files carry them: understood by their parameters, never by their names.
//!
//! Sources: OGC 01-009 for the notation; the EPSG codes of China's zones are counted from the first of each series.

use super::proj_text::Definition;

/// Depth to which brackets are followed.
const DEEPEST: usize = 24;
/// What still is the same angle in degrees, length in metres, scale.
const SAME_DEG: f64 = 1e-7;
const SAME_M: f64 = 0.02;
const SAME_SCALE: f64 = 1e-8;
/// The least code of a plane.
const FIRST_PLANE: u16 = 2_000;

/// An element: a keyword with what stands in its brackets.
#[derive(Debug, Default)]
struct Node<'a> {
    keyword: &'a str,
    values: Vec<&'a str>,
    children: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    /// The element that a text begins with, and what is behind it.
    fn read(text: &'a str, depth: usize) -> Option<(Self, &'a str)> {
        let text = text.trim_start();
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        let (keyword, rest) = text.split_at(end);
        let mut rest = rest.trim_start().strip_prefix(['[', '('])?;
        if keyword.is_empty() || depth > DEEPEST {
            return None;
        }
        let mut node = Node { keyword, ..Node::default() };
        loop {
            rest = rest.trim_start();
            if let Some(behind) = rest.strip_prefix([']', ')']) {
                return Some((node, behind));
            }
            if let Some(behind) = rest.strip_prefix(',') {
                rest = behind;
            } else if let Some(quoted) = rest.strip_prefix('"') {
                let (value, behind) = quoted.split_once('"')?;
                node.values.push(value);
                rest = behind;
            } else {
                let end = rest.find([',', '[', '(', ']', ')', '"'])?;
                if matches!(rest.as_bytes().get(end), Some(b'[' | b'(')) {
                    let (child, behind) = Node::read(rest, depth + 1)?;
                    node.children.push(child);
                    rest = behind;
                } else {
                    node.values.push(rest[..end].trim());
                    rest = &rest[end..];
                }
            }
        }
    }

    fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }

    fn child(&self, keyword: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(keyword))
    }

    fn number(&self, at: usize) -> Option<f64> {
        self.values.get(at)?.parse().ok().filter(|x: &f64| x.is_finite())
    }

    /// The code that an authority gives it.
    fn epsg(&self) -> Option<u32> {
        let authority = self.child("AUTHORITY").or_else(|| self.child("ID"))?;
        let [name, code, ..] = authority.values[..] else { return None };
        if name.eq_ignore_ascii_case("EPSG") { code.parse().ok() } else { None }
    }
}

/// A name in lower case without what only separates.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '+').flat_map(char::to_lowercase).collect()
}

/// The geographic system of a datum, by all names that programs give it.
fn geographic_of(datum: &str) -> Option<u32> {
    let name = plain(datum);
    // Esri begins every datum so.
    let name = if datum.starts_with("D_") { &name[1..] } else { &name[..] };
    Some(match name {
        "wgs1984" | "wgs84" | "worldgeodeticsystem1984" => 4326,
        "china2000" | "cgcs2000" | "chinageodeticcoordinatesystem2000" => 4490,
        "xian1980" | "xian80" | "xi'an1980" => 4610,
        "beijing1954" | "beijing54" => 4214,
        "northamerican1983" | "northamericandatum1983" | "nad83" => 4269,
        "northamerican1927" | "northamericandatum1927" | "nad27" => 4267,
        "northamerican1983harn" | "nad83highaccuracyreferencenetwork" => 4152,
        "northamerican1983csrs" | "nad83canadianspatialreferencesystem" => 4617,
        "nad1983nsrs2007" | "nad83nationalspatialreferencesystem2007" => 4759,
        "nad19832011" | "nad83nationalspatialreferencesystem2011" => 6318,
        "etrs1989" | "europeanterrestrialreferencesystem1989" => 4258,
        "european1950" | "europeandatum1950" => 4230,
        "osgb1936" => 4277,
        "deutscheshauptdreiecksnetz" => 4314,
        "amersfoort" => 4289,
        "mgi" | "militargeographischeinstitut" | "militargeographischeinstitute" => 4312,
        "ch1903" => 4149,
        "ch1903+" => 4150,
        "rgf1993" | "reseaugeodesiquefrancais1993" => 4171,
        "montemario" => 4265,
        "pulkovo1942" => 4284,
        "jgd2000" | "japanesegeodeticdatum2000" => 4612,
        "jgd2011" | "japanesegeodeticdatum2011" => 6668,
        "tokyo" => 4301,
        "korea2000" | "geocentricdatumofkorea" => 4737,
        "twd1997" | "taiwandatum1997" => 3824,
        "hongkong1980" => 4611,
        "vietnam2000" => 4756,
        "svy21" => 4757,
        "gda1994" | "geocentricdatumofaustralia1994" => 4283,
        "gda2020" | "geocentricdatumofaustralia2020" => 7844,
        "nzgd2000" | "newzealandgeodeticdatum2000" => 4167,
        "sirgas2000" | "sistemadereferenciageocentricoparalasamericas2000" => 4674,
        "southamerican1969" | "southamericandatum1969" => 4618,
        "hartebeesthoek1994" => 4148,
        _ => return None,
    })
}

/// Series of codes to look at first, of a datum that has several for one plane.
fn series(geographic: u32) -> &'static [[u16; 2]] {
    match geographic {
        4490 => &[[4513, 4554], [4491, 4512]],
        4610 => &[[2349, 2390], [2327, 2348]],
        4214 => &[[2401, 2442], [21413, 21423], [21453, 21463]],
        4326 => &[[32601, 32660], [32701, 32760]],
        _ => &[],
    }
}

/// The name of a code that the tables have.
fn code_name(code: u32) -> Option<String> {
    Definition::of_code(u16::try_from(code).ok()?).map(|_| format!("EPSG:{code}"))
}

/// The system that a text describes, as a code or in the notation of PROJ; none where it is not understood.
pub(super) fn understand(text: &str) -> Option<String> {
    let (root, _) = Node::read(text, 0)?;
    if root.child("ID").is_some_and(|id| id.values == ["OGC", "CRS84"]) {
        return code_name(4326);
    }
    if let Some(name) = root.epsg().and_then(code_name) {
        return Some(name);
    }
    let root = if root.is("COMPD_CS") {
        root.children.into_iter().find(|child| child.is("PROJCS") || child.is("GEOGCS"))?
    } else {
        root
    };
    if let Some(name) = root.epsg().and_then(code_name) {
        return Some(name);
    }
    if root.is("GEOGCS") {
        let surface = Surface::of(&root).filter(|surface| surface.degree == 1.0)?;
        let spelt = || Some(format!("+proj=longlat {} +no_defs", surface.terms()));
        return surface.known.map_or_else(spelt, code_name);
    }
    let surface = Surface::of(root.child("GEOGCS")?)?;
    let plane = Plane::of_node(&root, surface.degree)?;
    if plane.projection == "webmerc" {
        return code_name(3857);
    }
    // What is no datum with a name has no code: one would claim more than the text says.
    let Some(known) = surface.known else {
        return Some(format!("{} {} +no_defs", plane.terms(), surface.terms()));
    };
    let terms = Definition::of_code(u16::try_from(known).ok()?)?.surface_terms();
    let fits = |code: u16| {
        let definition = Definition::of_code(code)?;
        let same = definition.surface_terms() == terms && Plane::of_definition(&definition)?.is_same(&plane);
        same.then_some(code)
    };
    let first = series(known).iter().find_map(|&[from, to]| (from..=to).find_map(fits));
    let found = first.or_else(|| (FIRST_PLANE..=u16::MAX).find_map(fits));
    Some(found.map_or_else(|| format!("{} {terms} +no_defs", plane.terms()), |code| format!("EPSG:{code}")))
}

/// What a system and its parts are called, and the codes they have.
#[cfg(feature = "parquet")]
#[derive(Debug)]
pub(super) struct Named {
    pub(super) plane: String,
    pub(super) plane_code: Option<u32>,
    pub(super) geographic: String,
    pub(super) geographic_code: Option<u32>,
    pub(super) datum: String,
    pub(super) datum_code: Option<u32>,
    pub(super) spheroid: String,
    pub(super) flattening: Option<f64>,
}

#[cfg(feature = "parquet")]
impl Default for Named {
    fn default() -> Self {
        let [plane, geographic, datum, spheroid] = ["unknown"; 4].map(str::to_owned);
        let [plane_code, geographic_code, datum_code] = [None; 3];
        let flattening = None;
        Self { plane, plane_code, geographic, geographic_code, datum, datum_code, spheroid, flattening }
    }
}

#[cfg(feature = "parquet")]
impl Named {
    /// The names in a text; what it does not name is unknown.
    pub(super) fn of(text: &str) -> Self {
        let mut named = Self::default();
        let Some((root, _)) = Node::read(text, 0) else { return named };
        let name = |node: &Node<'_>| node.values.first().map_or("unknown", |name| name).to_owned();
        let geographic = if root.is("GEOGCS") {
            Some(&root)
        } else {
            (named.plane, named.plane_code) = (name(&root), root.epsg());
            root.child("GEOGCS")
        };
        let Some(geographic) = geographic else { return named };
        (named.geographic, named.geographic_code) = (name(geographic), geographic.epsg());
        let Some(datum) = geographic.child("DATUM") else { return named };
        (named.datum, named.datum_code) = (name(datum).replace('_', " "), datum.epsg());
        if let Some(spheroid) = datum.child("SPHEROID") {
            named.spheroid = name(spheroid);
            named.flattening = spheroid.number(2).filter(|flattening| *flattening > 0.0);
        }
        named
    }
}

/// The surface angles are measured on.
#[derive(Debug)]
struct Surface {
    /// The geographic system of the datum, where its name is known.
    known: Option<u32>,
    a: f64,
    b: f64,
    to_wgs84: Option<String>,
    /// Degrees of its unit.
    degree: f64,
}

impl Surface {
    fn of(node: &Node<'_>) -> Option<Self> {
        let datum = node.child("DATUM")?;
        let spheroid = datum.child("SPHEROID").or_else(|| datum.child("ELLIPSOID"))?;
        let (a, flattening) = (spheroid.number(1)?, spheroid.number(2)?);
        let b = if flattening == 0.0 { a } else { a - a / flattening };
        // Longitudes that do not begin in Greenwich are another question.
        if node.child("PRIMEM").and_then(|meridian| meridian.number(1)).unwrap_or(0.0) != 0.0 {
            return None;
        }
        let unit = node.child("UNIT").and_then(|unit| unit.number(1)).unwrap_or(1f64.to_radians());
        let degree = unit.to_degrees();
        let degree = if (degree - 1.0).abs() < 1e-9 { 1.0 } else { degree };
        let known = geographic_of(datum.values.first()?).filter(|&code| {
            // A name that stands on another ellipsoid is not the one that is known.
            Definition::of_code(code as u16)
                .and_then(|definition| definition.axes())
                .is_some_and(|(own_a, own_b)| (own_a - a).abs() < 0.5 && (own_b - b).abs() < 0.5)
        });
        let to_wgs84 = datum.child("TOWGS84").map(|shift| shift.values.join(","));
        (a > 0.0 && b > 0.0).then_some(Self { known, a, b, to_wgs84, degree })
    }

    /// The ellipsoid of GRS 80 or WGS 84, with no shift between it and the latter.
    fn is_modern(&self) -> bool {
        let unshifted =
            self.to_wgs84.as_ref().is_none_or(|shift| shift.split(',').all(|x| x.parse() == Ok(0.0)));
        unshifted && (self.a - 6_378_137.0).abs() < 0.01 && (self.b - 6_356_752.314).abs() < 0.01
    }

    fn terms(&self) -> String {
        if self.is_modern() {
            return "+ellps=GRS80".into();
        }
        let shift = self.to_wgs84.as_ref().map_or(String::new(), |shift| format!(" +towgs84={shift}"));
        format!("+a={} +b={}{shift}", self.a, self.b)
    }
}

/// A projection with its parameters: degrees and metres.
#[derive(Debug, PartialEq)]
pub(super) struct Plane {
    pub(super) projection: &'static str,
    pub(super) lat_0: f64,
    pub(super) lon_0: f64,
    pub(super) lat_1: f64,
    pub(super) lat_2: f64,
    pub(super) scale: f64,
    pub(super) x_0: f64,
    pub(super) y_0: f64,
    /// Metres of its unit.
    pub(super) unit: f64,
}

impl Plane {
    fn of_node(node: &Node<'_>, degree: f64) -> Option<Self> {
        let unit = node.child("UNIT")?.number(1).filter(|&unit| unit > 0.0)?;
        let method = plain(node.child("PROJECTION")?.values.first()?);
        let projection = match &method[..] {
            "transversemercator" | "gausskruger" => "tmerc",
            "lambertconformalconic" | "lambertconformalconic1sp" | "lambertconformalconic2sp" => "lcc",
            "albers" | "albersconicequalarea" => "aea",
            "lambertazimuthalequalarea" => "laea",
            "mercatorauxiliarysphere" | "popularvisualisationpseudomercator" => "webmerc",
            "mercator" | "mercator1sp" | "mercator2sp" => "merc",
            "cassini" | "cassinisoldner" => "cass",
            "doublestereographic" | "obliquestereographic" => "sterea",
            "polyconic" => "poly",
            _ => return None,
        };
        let mut plane = Self {
            projection,
            lat_0: 0.0,
            lon_0: 0.0,
            lat_1: f64::NAN,
            lat_2: f64::NAN,
            scale: 1.0,
            x_0: 0.0,
            y_0: 0.0,
            unit,
        };
        for parameter in node.children.iter().filter(|child| child.is("PARAMETER")) {
            let value = parameter.number(1)?;
            match &plain(parameter.values.first()?)[..] {
                "latitudeoforigin" | "latitudeofcenter" => plane.lat_0 = value * degree,
                "centralmeridian" | "longitudeoforigin" | "longitudeofcenter" => plane.lon_0 = value * degree,
                "standardparallel1" => plane.lat_1 = value * degree,
                "standardparallel2" => plane.lat_2 = value * degree,
                "scalefactor" => plane.scale = value,
                "falseeasting" => plane.x_0 = value * unit,
                "falsenorthing" => plane.y_0 = value * unit,
                "auxiliaryspheretype" if value == 0.0 => {}
                _ => return None,
            }
        }
        Some(plane.settled())
    }

    /// Web Mercator, which lies on a sphere that no parameter tells of.
    #[cfg(feature = "parquet")]
    pub(super) fn web_mercator() -> Self {
        let [lat_0, lon_0, lat_1, lat_2, x_0, y_0] = [0.0; 6];
        Self { projection: "webmerc", lat_0, lon_0, lat_1, lat_2, scale: 1.0, x_0, y_0, unit: 1.0 }
    }

    pub(super) fn of_definition(definition: &Definition) -> Option<Self> {
        let number = |key: &str| definition.number(key);
        let unit = match (definition.number("to_meter"), definition.value("units")) {
            (Some(unit), _) => unit,
            (None, None | Some("m")) => 1.0,
            (None, Some("us-ft")) => 1200.0 / 3937.0,
            (None, Some("ft")) => 0.3048,
            _ => return None,
        };
        if definition.value("pm").is_some() || definition.value("axis").is_some() {
            return None;
        }
        if definition.projection() == "utm" {
            let south = definition.value("south").is_some();
            return Some(Self {
                projection: "tmerc",
                lat_0: 0.0,
                lon_0: number("zone")? * 6.0 - 183.0,
                lat_1: 0.0,
                lat_2: 0.0,
                scale: 0.9996,
                x_0: 500_000.0,
                y_0: if south { 10_000_000.0 } else { 0.0 },
                unit,
            });
        }
        let projection = ["tmerc", "lcc", "aea", "laea", "merc", "cass", "sterea", "poly"]
            .into_iter()
            .find(|name| *name == definition.projection())?;
        let scale = number("k").or_else(|| number("k_0")).unwrap_or(1.0);
        let plane = Self {
            projection,
            lat_0: number("lat_0").unwrap_or(0.0),
            lon_0: number("lon_0").unwrap_or(0.0),
            lat_1: number("lat_1").or_else(|| number("lat_ts")).unwrap_or(f64::NAN),
            lat_2: number("lat_2").unwrap_or(f64::NAN),
            scale,
            x_0: number("x_0").unwrap_or(0.0),
            y_0: number("y_0").unwrap_or(0.0),
            unit,
        };
        Some(plane.settled())
    }

    /// The same with the parallels that others imply.
    fn settled(mut self) -> Self {
        match self.projection {
            "lcc" if self.lat_1.is_nan() => self.lat_1 = self.lat_0,
            "merc" if self.lat_1.is_nan() => self.lat_1 = 0.0,
            "lcc" | "aea" | "merc" => {}
            _ => self.lat_1 = 0.0,
        }
        if !matches!(self.projection, "lcc" | "aea") {
            self.lat_2 = 0.0;
        } else if self.lat_2.is_nan() {
            self.lat_2 = self.lat_1;
        }
        self
    }

    fn is_same(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance;
        // The parallels of a cone stand in either order.
        let parallels = |a: f64, b: f64| near(self.lat_1, a, SAME_DEG) && near(self.lat_2, b, SAME_DEG);
        self.projection == other.projection
            && near(self.lat_0, other.lat_0, SAME_DEG)
            && near(self.lon_0, other.lon_0, SAME_DEG)
            && (parallels(other.lat_1, other.lat_2) || parallels(other.lat_2, other.lat_1))
            && near(self.scale, other.scale, SAME_SCALE)
            && near(self.x_0, other.x_0, SAME_M)
            && near(self.y_0, other.y_0, SAME_M)
            && near(self.unit, other.unit, 1e-9)
    }

    fn terms(&self) -> String {
        let Self { projection, lat_0, lon_0, lat_1, lat_2, scale, x_0, y_0, unit } = self;
        let parallels = match *projection {
            "lcc" | "aea" => format!(" +lat_1={lat_1} +lat_2={lat_2}"),
            "merc" => format!(" +lat_ts={lat_1}"),
            _ => String::new(),
        };
        let unit = if *unit == 1.0 { "+units=m".to_owned() } else { format!("+to_meter={unit}") };
        format!(
            "+proj={projection} +lat_0={lat_0} +lon_0={lon_0}{parallels} +k_0={scale} +x_0={x_0} +y_0={y_0} {unit}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CGCS: &str = r#"GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    const XIAN: &str = r#"GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    const BEIJING: &str = r#"GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",SPHEROID["Krasovsky_1940",6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
    const NAD83: &str = r#"GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

    fn taken(text: &str) -> String {
        understand(text).unwrap_or_else(|| "nothing".into())
    }

    fn zone(geographic: &str, meridian: u32, easting: f64) -> String {
        taken(&format!(
            r#"PROJCS["whatever",{geographic},PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{easting:?}],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
        ))
    }

    #[test]
    fn zones_of_china_by_their_parameters() {
        for number in 25..=45u32 {
            let (meridian, prefixed) = (number * 3, f64::from(number) * 1e6 + 5e5);
            for (geographic, with, without) in
                [(CGCS, 4513 - 25, 4534), (XIAN, 2349 - 25, 2370), (BEIJING, 2401 - 25, 2422)]
            {
                assert_eq!(zone(geographic, meridian, prefixed), format!("EPSG:{}", with + number));
                assert_eq!(
                    zone(geographic, meridian, 5e5),
                    format!("EPSG:{}", without + (meridian - 75) / 3)
                );
            }
        }
        for number in 13..=23u32 {
            let (meridian, prefixed) = (number * 6 - 3, f64::from(number) * 1e6 + 5e5);
            for (geographic, with) in [(CGCS, 4491 - 13), (XIAN, 2327 - 13), (BEIJING, 21413 - 13)] {
                assert_eq!(zone(geographic, meridian, prefixed), format!("EPSG:{}", with + number));
            }
        }
        // A city's own meridian has no code.
        assert!(zone(CGCS, 116, 5e5).starts_with("+proj=tmerc +lat_0=0 +lon_0=116 "));
    }

    #[test]
    fn systems_of_other_countries() {
        assert_eq!(
            [CGCS, XIAN, BEIJING, NAD83].map(taken),
            ["EPSG:4490", "EPSG:4610", "EPSG:4214", "EPSG:4269"]
        );
        let massachusetts = |easting: &str, northing: &str, unit: &str| {
            taken(&format!(
                r#"PROJCS["NAD_1983_StatePlane_Massachusetts_Mainland_FIPS_2001",{NAD83},PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",{easting}],PARAMETER["False_Northing",{northing}],PARAMETER["Central_Meridian",-71.5],PARAMETER["Standard_Parallel_1",41.71666666666667],PARAMETER["Standard_Parallel_2",42.68333333333333],PARAMETER["Latitude_Of_Origin",41.0],{unit}]"#
            ))
        };
        assert_eq!(massachusetts("200000.0", "750000.0", r#"UNIT["Meter",1.0]"#), "EPSG:26986");
        let foot = r#"UNIT["Foot_US",0.3048006096012192]"#;
        assert_eq!(massachusetts("656166.6666666665", "2460625.0", foot), "EPSG:2249");
        let utm = r#"PROJCS["x",GEOGCS["x",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000],PARAMETER["False_Northing",0],PARAMETER["Central_Meridian",117],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0],UNIT["Meter",1]]"#;
        assert_eq!(taken(utm), "EPSG:32650");
        let web = r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],UNIT["Meter",1.0]]"#;
        assert_eq!(taken(web), "EPSG:3857");
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for text in [
            "",
            "PROJCS",
            "PROJCS[",
            "PROJCS[\"x\"]",
            "GEOGCS[\"x\",DATUM[\"x\"]]",
            &"PROJCS[".repeat(100_000),
            &CGCS[..CGCS.len() - 40],
            r#"PROJCS["x",PROJECTION["Krovak"],UNIT["m",1]]"#,
        ] {
            assert_eq!(taken(text), "nothing", "{}", &text[..text.len().min(80)]);
        }
        for end in 0..CGCS.len() {
            assert_eq!(taken(&CGCS[..end]), "nothing");
        }
    }
}

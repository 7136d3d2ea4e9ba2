//! Reference systems written as PROJJSON, as GeoArrow and GeoParquet carry them: known by the code they state or by their parameters,
//! and written in full.
//!
//! Source: PROJJSON 0.7 for the notation; names and codes of methods and parameters are those of the EPSG dataset.

use serde_json::Value;
#[cfg(feature = "parquet")]
use serde_json::json;

use super::SourceCrs;
use super::wkt::plain;
#[cfg(feature = "parquet")]
use super::wkt::{Named, Plane};

/// Systems inside others that are followed.
const DEEPEST: usize = 4;

/// The system that a PROJJSON object states, in a form that [`SourceCrs`] reads.
///
/// A compound system is its horizontal part, one that is bound to another its source.
///
/// # Errors
/// What the object calls itself, where it states no code that is known here and its parameters are not understood.
pub(crate) fn name_of(crs: &Value) -> Result<String, Box<str>> {
    let called = crs.get("name").and_then(Value::as_str).unwrap_or("a system without a name");
    let by_parameters = || Some(well_known(crs)?.parse::<SourceCrs>().ok()?.to_string());
    stated(crs, 0).or_else(by_parameters).ok_or_else(|| called.into())
}

fn stated(crs: &Value, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let id = crs.get("id").or_else(|| crs.pointer("/ids/0"));
    let code = id.and_then(|id| {
        let authority = id.get("authority")?.as_str()?;
        let code = id.get("code")?;
        let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
        let name = format!("{authority}:{code}");
        name.parse::<SourceCrs>().is_ok().then_some(name)
    });
    code.or_else(|| stated(crs.pointer("/components/0").or_else(|| crs.get("source_crs"))?, depth + 1))
}

/// What a system is called in well-known text, and how PROJJSON describes its projection.
#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "who writes needs all of it"))]
struct Method {
    /// As PROJ calls it.
    projection: &'static str,
    /// As well-known text calls it.
    wkt: &'static str,
    name: &'static str,
    code: u32,
    parameters: &'static [Parameter],
}

/// A parameter of a projection.
#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "who writes needs all of it"))]
#[derive(Clone, Copy)]
struct Parameter {
    name: &'static str,
    code: u32,
    /// As well-known text calls it.
    wkt: &'static str,
    of: Quantity,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Angle,
    Scale,
    Length,
}

const fn parameter(name: &'static str, code: u32, wkt: &'static str, of: Quantity) -> Parameter {
    Parameter { name, code, wkt, of }
}

const LAT_0: Parameter = parameter("Latitude of natural origin", 8801, "latitude_of_origin", Quantity::Angle);
const LON_0: Parameter = parameter("Longitude of natural origin", 8802, "central_meridian", Quantity::Angle);
const SCALE: Parameter = parameter("Scale factor at natural origin", 8805, "scale_factor", Quantity::Scale);
const X_0: Parameter = parameter("False easting", 8806, "false_easting", Quantity::Length);
const Y_0: Parameter = parameter("False northing", 8807, "false_northing", Quantity::Length);
const LAT_FALSE: Parameter =
    parameter("Latitude of false origin", 8821, "latitude_of_origin", Quantity::Angle);
const LON_FALSE: Parameter =
    parameter("Longitude of false origin", 8822, "central_meridian", Quantity::Angle);
const LAT_1: Parameter =
    parameter("Latitude of 1st standard parallel", 8823, "standard_parallel_1", Quantity::Angle);
const LAT_2: Parameter =
    parameter("Latitude of 2nd standard parallel", 8824, "standard_parallel_2", Quantity::Angle);
const X_FALSE: Parameter = parameter("Easting at false origin", 8826, "false_easting", Quantity::Length);
const Y_FALSE: Parameter = parameter("Northing at false origin", 8827, "false_northing", Quantity::Length);

const METHODS: [Method; 10] = [
    Method {
        projection: "tmerc",
        wkt: "Transverse_Mercator",
        name: "Transverse Mercator",
        code: 9807,
        parameters: &[LAT_0, LON_0, SCALE, X_0, Y_0],
    },
    Method {
        projection: "lcc",
        wkt: "Lambert_Conformal_Conic_2SP",
        name: "Lambert Conic Conformal (2SP)",
        code: 9802,
        parameters: &[LAT_FALSE, LON_FALSE, LAT_1, LAT_2, X_FALSE, Y_FALSE],
    },
    Method {
        projection: "lcc",
        wkt: "Lambert_Conformal_Conic_1SP",
        name: "Lambert Conic Conformal (1SP)",
        code: 9801,
        parameters: &[LAT_0, LON_0, SCALE, X_0, Y_0],
    },
    Method {
        projection: "aea",
        wkt: "Albers_Conic_Equal_Area",
        name: "Albers Equal Area",
        code: 9822,
        parameters: &[LAT_FALSE, LON_FALSE, LAT_1, LAT_2, X_FALSE, Y_FALSE],
    },
    Method {
        projection: "laea",
        wkt: "Lambert_Azimuthal_Equal_Area",
        name: "Lambert Azimuthal Equal Area",
        code: 9820,
        parameters: &[LAT_0, LON_0, X_0, Y_0],
    },
    Method {
        projection: "webmerc",
        wkt: "Popular_Visualisation_Pseudo_Mercator",
        name: "Popular Visualisation Pseudo Mercator",
        code: 1024,
        parameters: &[LAT_0, LON_0, X_0, Y_0],
    },
    Method {
        projection: "merc",
        wkt: "Mercator_1SP",
        name: "Mercator (variant A)",
        code: 9804,
        parameters: &[LAT_0, LON_0, SCALE, X_0, Y_0],
    },
    Method {
        projection: "cass",
        wkt: "Cassini_Soldner",
        name: "Cassini-Soldner",
        code: 9806,
        parameters: &[LAT_0, LON_0, X_0, Y_0],
    },
    Method {
        projection: "sterea",
        wkt: "Oblique_Stereographic",
        name: "Oblique Stereographic",
        code: 9809,
        parameters: &[LAT_0, LON_0, SCALE, X_0, Y_0],
    },
    Method {
        projection: "poly",
        wkt: "Polyconic",
        name: "American Polyconic",
        code: 9818,
        parameters: &[LAT_0, LON_0, X_0, Y_0],
    },
];

/// A member as a text.
fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

impl SourceCrs {
    /// The system that PROJJSON describes, by its code or by its parameters; none where it is not understood.
    #[cfg(feature = "parquet")]
    pub(crate) fn from_projjson(value: &Value) -> Option<Self> {
        name_of(value).ok()?.parse().ok()
    }

    /// The system as PROJJSON; null for a place that is not known, none where its projection cannot be described. The axes of a code are in
    /// the order of its authority as far as that is known here, which tells readers nothing of the coordinates: x is first in all of them.
    #[cfg(feature = "parquet")]
    pub(crate) fn to_projjson(&self) -> Option<Value> {
        let Some(definition) = self.definition() else {
            return (self.name() == "local").then_some(Value::Null);
        };
        let named = self.name().strip_prefix("EPSG:").and_then(|code| code.parse().ok()).and_then(Self::wkt);
        let named = named.map_or_else(Named::default, Named::of);
        let (a, b) = definition.axes()?;
        let mut crs = if self.name() == "EPSG:4326" { crs84() } else { geographic(&named, a, b) };
        if !definition.is_geographic() {
            let web = definition.is_web_mercator();
            let plane = if web { Plane::web_mercator() } else { Plane::of_definition(definition)? };
            crs = projected(&named, &plane, &crs)?;
        }
        if let Value::Object(crs) = &mut crs {
            let schema = "https://proj.org/schemas/v0.7/projjson.schema.json";
            crs.insert("$schema".into(), schema.into());
        }
        Some(crs)
    }
}

/// PROJJSON in the older notation, as far as a reader of that needs it.
fn well_known(value: &Value) -> Option<String> {
    let quoted = |name: &str| name.replace('"', "'");
    let number = |value: &Value| value.as_f64().filter(|x| x.is_finite());
    let kind = text(value, "type")?;
    if kind == "GeographicCRS" || kind == "GeodeticCRS" {
        let datum = value.get("datum").or_else(|| value.get("datum_ensemble"))?;
        let ellipsoid = datum.get("ellipsoid")?;
        let a = ellipsoid.get("semi_major_axis").or_else(|| ellipsoid.get("radius")).and_then(measure)?;
        let flattening = if let Some(given) = ellipsoid.get("inverse_flattening") {
            number(given)?
        } else {
            let b = ellipsoid.get("semi_minor_axis").map_or(Some(a), measure)?;
            if a == b { 0.0 } else { a / (a - b) }
        };
        let name = text(datum, "name")?.trim_end_matches(" ensemble");
        let meridian =
            datum.get("prime_meridian").and_then(|of| of.get("longitude")).map_or(Some(0.0), measure)?;
        // Units of axes: none but degrees is a system of its own.
        let unit = value.get("coordinate_system")?.get("axis")?.get(0)?.get("unit")?;
        if unit != "degree" {
            return None;
        }
        let name = quoted(name);
        return Some(format!(
            "GEOGCS[\"x\",DATUM[\"{name}\",SPHEROID[\"x\",{a},{flattening}]],PRIMEM[\"x\",{meridian}],UNIT[\"degree\",{}]]",
            1f64.to_radians()
        ));
    }
    if kind != "ProjectedCRS" {
        return None;
    }
    let base = well_known(value.get("base_crs")?)?;
    let conversion = value.get("conversion")?;
    let named = plain(text(conversion.get("method")?, "name")?);
    let method = METHODS.iter().find(|method| plain(method.name) == named || plain(method.wkt) == named)?;
    let unit = value.get("coordinate_system")?.get("axis")?.get(0)?.get("unit").and_then(metres)?;
    let mut wkt = format!("PROJCS[\"x\",{base},PROJECTION[\"{}\"]", method.wkt);
    for given in conversion.get("parameters")?.as_array()? {
        let named = plain(text(given, "name")?);
        let parameter = method.parameters.iter().find(|parameter| plain(parameter.name) == named)?;
        let value = number(given.get("value")?)?;
        let own = given.get("unit");
        let value = match parameter.of {
            Quantity::Angle => value * own.map_or(Some(1.0), degrees)?,
            Quantity::Scale => value,
            Quantity::Length => value * own.map_or(Some(1.0), metres)? / unit,
        };
        wkt.push_str(&format!(",PARAMETER[\"{}\",{value}]", parameter.wkt));
    }
    wkt.push_str(&format!(",UNIT[\"x\",{unit}]]"));
    Some(wkt)
}

/// A number, or one with a unit, in metres or degrees.
fn measure(value: &Value) -> Option<f64> {
    let Some(number) = value.get("value") else { return value.as_f64() };
    let unit = value.get("unit")?;
    Some(number.as_f64()? * degrees(unit).or_else(|| metres(unit))?)
}

fn metres(unit: &Value) -> Option<f64> {
    factor(unit, "metre", "LinearUnit")
}

fn degrees(unit: &Value) -> Option<f64> {
    if unit == "degree" { Some(1.0) } else { factor(unit, "radian", "AngularUnit").map(f64::to_degrees) }
}

/// What a unit is of the one that its kind is measured in.
fn factor(unit: &Value, base: &str, kind: &str) -> Option<f64> {
    if unit == base {
        return Some(1.0);
    }
    let factor = unit.get("conversion_factor").filter(|_| text(unit, "type") == Some(kind))?;
    factor.as_f64().filter(|factor| *factor > 0.0)
}

#[cfg(feature = "parquet")]
fn axis(name: &str, abbreviation: &str, direction: &str, unit: &Value) -> Value {
    json!({"name": name, "abbreviation": abbreviation, "direction": direction, "unit": unit})
}

/// Longitude and latitude in degrees, in one order or the other.
#[cfg(feature = "parquet")]
fn angles(latitude_first: bool) -> Value {
    let degree = json!("degree");
    let mut axes = vec![
        axis("Geodetic longitude", "Lon", "east", &degree),
        axis("Geodetic latitude", "Lat", "north", &degree),
    ];
    if latitude_first {
        axes.reverse();
    }
    json!({"subtype": "ellipsoidal", "axis": axes})
}

#[cfg(feature = "parquet")]
fn crs84() -> Value {
    json!({
        "type": "GeographicCRS",
        "name": "WGS 84 (CRS84)",
        "datum": {
            "type": "GeodeticReferenceFrame",
            "name": "World Geodetic System 1984",
            "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6_378_137, "inverse_flattening": 298.257_223_563},
            "id": {"authority": "EPSG", "code": 6326},
        },
        "coordinate_system": angles(false),
        "id": {"authority": "OGC", "code": "CRS84"},
    })
}

#[cfg(feature = "parquet")]
fn id(code: Option<u32>) -> Option<Value> {
    code.map(|code| json!({"authority": "EPSG", "code": code}))
}

/// Sets a member that is known.
#[cfg(feature = "parquet")]
fn set(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Value::Object(object), Some(value)) = (object, value) {
        object.insert(key.into(), value);
    }
}

#[cfg(feature = "parquet")]
fn geographic(named: &Named, a: f64, b: f64) -> Value {
    let mut ellipsoid = json!({"name": named.spheroid, "semi_major_axis": a});
    if a == b {
        set(&mut ellipsoid, "semi_minor_axis", Some(b.into()));
    } else {
        let flattening = named.flattening.unwrap_or_else(|| a / (a - b));
        set(&mut ellipsoid, "inverse_flattening", Some(flattening.into()));
    }
    let mut datum = json!({"type": "GeodeticReferenceFrame", "name": named.datum, "ellipsoid": ellipsoid});
    set(&mut datum, "id", id(named.datum_code));
    let mut crs = json!({
        "type": "GeographicCRS",
        "name": named.geographic,
        "datum": datum,
        // The EPSG dataset has latitude first in every geographic system.
        "coordinate_system": angles(named.geographic_code.is_some()),
    });
    set(&mut crs, "id", id(named.geographic_code));
    crs
}

#[cfg(feature = "parquet")]
fn projected(named: &Named, plane: &Plane, base: &Value) -> Option<Value> {
    let one_parallel = plane.projection == "lcc" && [plane.lat_1, plane.lat_2] == [plane.lat_0; 2];
    let code = if one_parallel { Some(9801) } else { None };
    let method = METHODS.iter().find(|method| {
        method.projection == plane.projection && code.is_none_or(|code| method.code == code)
    })?;
    // What the table has no parameter for must not be left out.
    let told = |parameter: Parameter| method.parameters.iter().any(|own| own.code == parameter.code);
    if (plane.scale != 1.0 && !told(SCALE)) || (plane.projection == "merc" && plane.lat_1 != 0.0) {
        return None;
    }
    let unit = match plane.unit {
        1.0 => json!("metre"),
        unit => {
            let name = if (unit - 1200.0 / 3937.0).abs() < 1e-9 { "US survey foot" } else { "unit" };
            json!({"type": "LinearUnit", "name": name, "conversion_factor": unit})
        }
    };
    let parameters: Vec<Value> = (method.parameters.iter())
        .map(|parameter| {
            let (value, unit) = match parameter.code {
                8801 | 8821 => (plane.lat_0, json!("degree")),
                8802 | 8822 => (plane.lon_0, json!("degree")),
                8823 => (plane.lat_1, json!("degree")),
                8824 => (plane.lat_2, json!("degree")),
                8805 => (plane.scale, json!("unity")),
                8806 | 8826 => (plane.x_0 / plane.unit, unit.clone()),
                _ => (plane.y_0 / plane.unit, unit.clone()),
            };
            // Feet and metres are turned into each other with a few last digits too many.
            let value = if parameter.of == Quantity::Length { (value * 1e4).round() / 1e4 } else { value };
            json!({
                "name": parameter.name, "value": value, "unit": unit,
                "id": {"authority": "EPSG", "code": parameter.code},
            })
        })
        .collect();
    let mut axes = vec![axis("Easting", "E", "east", &unit), axis("Northing", "N", "north", &unit)];
    if named.plane.contains("Gauss-Kruger")
        || ["ETRS89 / LAEA Europe", "ETRS89 / LCC Europe"].contains(&&*named.plane)
    {
        axes.reverse();
    }
    let mut crs = json!({
        "type": "ProjectedCRS",
        "name": named.plane,
        "base_crs": base,
        "conversion": {
            "name": named.plane,
            "method": {"name": method.name, "id": {"authority": "EPSG", "code": method.code}},
            "parameters": parameters,
        },
        "coordinate_system": {"subtype": "Cartesian", "axis": axes},
    });
    set(&mut crs, "id", id(named.plane_code));
    Some(crs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn systems_are_known_by_their_codes() {
        let id = |authority: &str, code: Value| json!({"name": "of", "id": {"authority": authority, "code": code}});
        for (crs, name) in [
            (id("EPSG", json!(4547)), Ok("EPSG:4547")),
            (id("OGC", json!("CRS84")), Ok("OGC:CRS84")),
            (
                json!({"name": "both", "components": [id("EPSG", json!(2326)), {"name": "height"}]}),
                Ok("EPSG:2326"),
            ),
            (json!({"name": "bound", "source_crs": id("EPSG", json!(4490))}), Ok("EPSG:4490")),
            (json!({"name": "own plane"}), Err("own plane")),
            (id("EPSG", json!(999_999)), Err("of")),
            (json!(7), Err("a system without a name")),
        ] {
            assert_eq!(name_of(&crs), name.map(str::to_owned).map_err(Into::into), "{crs}");
        }
        let mut nested = id("EPSG", json!(4326));
        for _ in 0..9 {
            nested = json!({"name": "deep", "source_crs": nested});
        }
        assert_eq!(name_of(&nested), Err("deep".into()));
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn what_is_written_is_understood_again_with_and_without_codes() {
        for code in [4490, 4547, 4526, 32_650, 2249, 26_986, 3035, 28_992, 3857, 4269, 2154, 5186, 3347] {
            let crs = SourceCrs::epsg(code).unwrap();
            let mut value = crs.to_projjson().unwrap();
            assert_eq!(SourceCrs::from_projjson(&value).unwrap().to_string(), format!("EPSG:{code}"));
            // By its parameters alone.
            let object = value.as_object_mut().unwrap();
            assert!(object.remove("id").is_some() && object.contains_key("$schema"), "{code}");
            if let Some(found) = SourceCrs::from_projjson(&value) {
                let same = found.definition().unwrap().axes() == crs.definition().unwrap().axes();
                assert!(same, "{code}: {found}");
            } else {
                assert!([28_992].contains(&code), "{code}");
            }
        }
        let own: SourceCrs =
            "+proj=tmerc +lat_0=0 +lon_0=116 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +no_defs"
                .parse()
                .unwrap();
        let again = SourceCrs::from_projjson(&own.to_projjson().unwrap()).unwrap();
        assert!(again.to_string().starts_with("+proj=tmerc +lat_0=0 +lon_0=116 "), "{again}");
        let local: SourceCrs = "local".parse().unwrap();
        assert_eq!(local.to_projjson(), Some(Value::Null));
        assert_eq!(SourceCrs::wgs84().to_projjson().unwrap()["id"]["code"], "CRS84");
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn what_is_no_system_is_nothing() {
        for text in [
            "{}",
            "7",
            r#"{"type":"ProjectedCRS"}"#,
            r#"{"type":"BoundCRS","source_crs":{}}"#,
            r#"{"id":{"authority":"EPSG","code":999999}}"#,
            r#"{"type":"EngineeringCRS","name":"site"}"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(SourceCrs::from_projjson(&value).is_none(), "{text}");
        }
    }
}

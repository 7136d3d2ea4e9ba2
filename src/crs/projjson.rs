//! Reference systems written as PROJJSON, as GeoArrow and GeoParquet carry them: known by the code they state.

use serde_json::Value;

use super::SourceCrs;

/// Systems inside others that are followed.
const DEEPEST: usize = 4;

/// The system that a PROJJSON object states, in a form that [`SourceCrs`] reads.
///
/// A compound system is its horizontal part, one that is bound to another its source.
///
/// # Errors
/// What the object calls itself, where it states no code that is known here.
pub(crate) fn name_of(crs: &Value) -> Result<String, Box<str>> {
    let called = crs.get("name").and_then(Value::as_str).unwrap_or("a system without a name");
    stated(crs, 0).ok_or_else(|| called.into())
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
}

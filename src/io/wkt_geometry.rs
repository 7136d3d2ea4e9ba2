//! Polygons in well-known text, as `GeoJSON` text.

use super::geojson::push_unreadable;
use super::transcode::push_position;

/// The number of the system that stands before a text.
pub(super) fn srid_of(text: &str) -> Option<u32> {
    let (srid, _) = text.trim().split_once(';')?;
    let number = srid.get(..5).filter(|key| key.eq_ignore_ascii_case("SRID=")).and_then(|_| srid.get(5..))?;
    number.trim().parse().ok()
}

/// Adds a geometry; an empty one is null, one that cannot be read a fault of its feature alone. Gives how many ordinates
/// beyond the second were left out.
pub(super) fn push_geometry(text: &mut Vec<u8>, wkt: &str) -> u64 {
    let start = text.len();
    let rest = if srid_of(wkt).is_some() { wkt.split_once(';').map_or("", |(_, rest)| rest) } else { wkt };
    match geometry(text, rest.trim()) {
        Ok(Some(dropped)) => return dropped,
        Ok(None) => {
            text.truncate(start);
            text.extend_from_slice(b"null");
        }
        Err(reason) => {
            text.truncate(start);
            push_unreadable(text, &reason);
        }
    }
    0
}

/// Adds a geometry, and gives how many ordinates were left out; none for an empty one.
fn geometry(text: &mut Vec<u8>, wkt: &str) -> Result<Option<u64>, String> {
    if wkt.is_empty() {
        return Ok(None);
    }
    let end = wkt.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(wkt.len());
    let (kind, rest) = wkt.split_at(end);
    let depth = match &*kind.to_ascii_uppercase() {
        "POLYGON" | "POLYGONZ" | "POLYGONM" | "POLYGONZM" => 2,
        "MULTIPOLYGON" | "MULTIPOLYGONZ" | "MULTIPOLYGONM" | "MULTIPOLYGONZM" => 3,
        _ => {
            let found: String = wkt.chars().take(24).collect();
            return Err(format!("the geometry begins with `{found}`, expected POLYGON or MULTIPOLYGON"));
        }
    };
    let mut parser = Parser { rest, dropped: 0 };
    if ["Z", "M", "ZM", "EMPTY"].iter().any(|word| parser.word().eq_ignore_ascii_case(word)) {
        let word = parser.word();
        parser.rest = parser.rest.trim_start().strip_prefix(word).unwrap_or_default();
        if word.eq_ignore_ascii_case("EMPTY") || parser.word().eq_ignore_ascii_case("EMPTY") {
            return Ok(None);
        }
    }
    let name = if depth == 2 { "Polygon" } else { "MultiPolygon" };
    text.extend_from_slice(format!("{{\"type\":\"{name}\",\"coordinates\":").as_bytes());
    parser.list(text, depth)?;
    if !parser.rest.trim().is_empty() {
        return Err("the geometry has text behind its last bracket, expected its end".into());
    }
    text.push(b'}');
    Ok(Some(parser.dropped))
}

struct Parser<'t> {
    rest: &'t str,
    dropped: u64,
}

impl<'t> Parser<'t> {
    /// The letters that stand next.
    fn word(&self) -> &'t str {
        let rest = self.rest.trim_start();
        rest.get(..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())).unwrap_or_default()
    }

    fn take(&mut self, mark: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A list in brackets: of positions at depth 1, of such lists above.
    fn list(&mut self, text: &mut Vec<u8>, depth: usize) -> Result<(), String> {
        if !self.take('(') {
            let found: String = self.rest.trim_start().chars().take(12).collect();
            return Err(format!("the geometry has `{found}`, expected an opening bracket"));
        }
        text.push(b'[');
        loop {
            if depth == 1 {
                self.position(text)?;
            } else {
                self.list(text, depth - 1)?;
            }
            if !self.take(',') {
                break;
            }
            text.push(b',');
        }
        text.push(b']');
        if self.take(')') {
            Ok(())
        } else {
            Err("the geometry has a list that does not end, expected a closing bracket".into())
        }
    }

    /// The first two ordinates of a position; others are left out.
    fn position(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        let end = self.rest.find([',', ')', '(']).unwrap_or(self.rest.len());
        let (position, rest) = self.rest.split_at(end);
        self.rest = rest;
        let mut ordinates = position.split_ascii_whitespace();
        let mut ordinate = || -> Result<f64, String> {
            let found = ordinates.next().unwrap_or_default();
            found.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                let found: String = found.chars().take(24).collect();
                format!("the geometry has the ordinate `{found}`, expected a finite number")
            })
        };
        let at = [ordinate()?, ordinate()?];
        self.dropped += ordinates.count() as u64;
        push_position(text, at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wkt: &str) -> String {
        let mut text = Vec::new();
        push_geometry(&mut text, wkt);
        String::from_utf8(text).unwrap_or_default()
    }

    #[test]
    fn polygons_in_text_are_read() {
        let expected = r#"{"type":"Polygon","coordinates":[[[0.0,0.0],[4.5,0.0],[4.0,-40.0],[0.0,0.0]]]}"#;
        for wkt in [
            "POLYGON((0 0,4.5 0,4 -4e1,0 0))",
            " SRID=4326;polygon ( ( 0 0 , 4.5 0 , 4 -40 , 0 0 ) ) ",
            "POLYGON Z ((0 0 1, 4.5 0 1, 4 -40 1, 0 0 1))",
            "POLYGONZM((0 0 1 2,4.5 0 1 2,4 -40 1 2,0 0 1 2))",
        ] {
            assert_eq!(read(wkt), expected, "{wkt}");
        }
        assert_eq!(read("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))").matches("]]]").count(), 2);
        for wkt in ["", "POLYGON EMPTY", "MULTIPOLYGON Z EMPTY"] {
            assert_eq!(read(wkt), "null", "{wkt}");
        }
        for (wkt, reason) in [
            ("POINT(0 0)", "expected POLYGON"),
            ("POLYGON((0 0,1", "`` , expected"),
            ("POLYGON((0 0,NaN 1,1 1,0 0))", "`NaN`"),
            ("POLYGON((0 0,1 0,1 1,0 0)) x", "behind its last"),
            ("POLYGON(((0 0)))", "ordinate"),
            ("POLYGON((0 0,1 0,1 1,0 0)", "closing bracket"),
            ("地块", "地块"),
        ] {
            let found = read(wkt);
            let reason = reason.replace("` , ", "`, ");
            assert!(found.contains("landuse_unreadable") && found.contains(&reason), "{wkt}: {found}");
        }
    }
}

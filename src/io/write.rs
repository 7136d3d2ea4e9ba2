use std::io::Write;

use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::Error;
use crate::geometry::{Coord, MultiPolygonArray, MultiPolygonRef};

/// Features that one thread puts into words at a time, and how many such runs are in memory.
const RUN: (usize, usize) = (256, 64);

/// Adds a number as JSON: the shortest decimal that reads back to the same double; `null` for unknown, NaN and infinity.
///
/// ```
/// let mut text = Vec::new();
/// landuse::io::push_number(&mut text, Some(0.1));
/// text.push(b' ');
/// landuse::io::push_number(&mut text, Some(f64::NAN));
/// assert_eq!(text, b"0.1 null");
/// ```
pub fn push_number(text: &mut Vec<u8>, number: impl Into<Option<f64>>) {
    match number.into().filter(|x| x.is_finite()) {
        // Whole numbers and noughts are frequent, and their digits are at hand.
        Some(x) if x.abs() < 1e9 && (x as i64) as f64 == x && !(x == 0.0 && x.is_sign_negative()) => {
            push_decimal(text, x as i64, 0);
        }
        x => push_json(text, &x),
    }
}

/// Adds a count as JSON; `null` for none.
pub fn push_count(text: &mut Vec<u8>, count: impl Into<Option<u32>>) {
    match count.into() {
        Some(count) => push_digits(text, count.into(), 1),
        None => text.extend_from_slice(b"null"),
    }
}

/// Adds a text as JSON, in quotes and escaped; `null` for none.
pub fn push_text<'a>(text: &mut Vec<u8>, value: impl Into<Option<&'a str>>) {
    let Some(value) = value.into() else { return text.extend_from_slice(b"null") };
    let escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Without a way out of the run the bytes are looked at side by side.
    let is_escaped = |run: &[u8]| run.iter().fold(false, |any, &byte| any | escaped(byte));
    if value.as_bytes().chunks(32).any(is_escaped) {
        return push_json(text, &value);
    }
    text.reserve(value.len() + 2);
    text.push(b'"');
    text.extend_from_slice(value.as_bytes());
    text.push(b'"');
}

/// Adds the digits of a number, at least `least` of them, at most 20.
fn push_digits(text: &mut Vec<u8>, mut number: u64, least: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 || digits.len() - start < least {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text.extend_from_slice(&digits[start..]);
}

/// Adds `units` · 10^−`decimals` as JSON, of at most nine decimals, with one decimal at least and no further noughts at the end.
fn push_decimal(text: &mut Vec<u8>, units: i64, decimals: usize) {
    let mut digits = [b'0'; 32];
    let mut rest = units.unsigned_abs();
    // Before the point the digits end at 21, behind it at 31.
    let mut end = 22 + decimals.max(1);
    for place in (22..22 + decimals).rev() {
        digits[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    while end > 23 && digits[end - 1] == b'0' {
        end -= 1;
    }
    digits[21] = b'.';
    let mut start = 21;
    while rest > 0 || start == 21 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if units < 0 {
        start -= 1;
        digits[start] = b'-';
    }
    text.extend_from_slice(&digits[start..end]);
}

#[expect(
    clippy::expect_used,
    reason = "numbers, texts and JSON values always serialise, and memory takes them"
)]
pub(crate) fn push_json(text: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(text, value).expect("no value here can fail");
}

/// How coordinates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// As they are, with as many digits as it takes to read them back exactly.
    #[default]
    Exact,
    /// To 9 decimals of a degree, 0.1 mm on the ground.
    Degrees,
    /// To 4 decimals of a metre.
    Metres,
}

impl Rounding {
    /// Adds an ordinate as [`push_number`] does, rounded.
    fn push(self, text: &mut Vec<u8>, x: f64) {
        let decimals = match self {
            Self::Exact => return push_number(text, x),
            Self::Degrees => 9,
            Self::Metres => 4,
        };
        let unit = 10_f64.powi(decimals);
        let scaled = x * unit;
        // Of at most 15 digits the decimal that was rounded to is the shortest that reads back to its double.
        if scaled.abs() < 1e15 {
            let mut units = scaled as i64;
            let rest = scaled - units as f64;
            units += i64::from(rest >= 0.5) - i64::from(rest <= -0.5);
            if units == 0 || units.unsigned_abs() as f64 >= unit / 1e3 {
                return push_decimal(text, units, decimals as usize);
            }
        }
        let rounded = scaled.round() / unit;
        // Far out a double is coarser than the rounding; -0 and 0 are one place.
        push_number(text, if rounded.is_finite() { rounded + 0.0 } else { x });
    }
}

/// Opening of a collection up to its features.
pub(super) fn push_opening(text: &mut Vec<u8>, crs: Option<&str>) {
    text.extend_from_slice(b"{\"type\":\"FeatureCollection\",\n");
    if let Some(crs) = crs {
        text.extend_from_slice(b"\"crs\":");
        text.extend_from_slice(crs.as_bytes());
        text.extend_from_slice(b",\n");
    }
    text.extend_from_slice(b"\"features\":[");
}

/// Writes a layer of computed features as a GeoJSON `FeatureCollection`, one feature a line, keys of properties in order.
///
/// ```
/// use landuse::geometry::MultiPolygonArray;
/// use landuse::io::{FeatureWriter, Rounding};
/// # let mut array = MultiPolygonArray::new();
/// # array.push_ring([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
/// # array.end_polygon();
/// # array.end_geometry();
/// let mut layer = FeatureWriter::new(Vec::new(), None, Rounding::Degrees)?;
/// let properties = serde_json::from_str(r#"{"area_m2": 0.5}"#).unwrap();
/// layer.write(Some(array.get(0)), &properties)?;
/// assert!(layer.finish()?.ends_with(b"]}\n"));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug)]
pub struct FeatureWriter<W> {
    out: W,
    rounding: Rounding,
    text: Vec<u8>,
    /// How many features there are.
    count: usize,
}

impl<W: Write> FeatureWriter<W> {
    /// Begins a layer. `crs_name` is written as the member `crs` of GeoJSON 2008; leave it out for longitude and latitude.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn new(mut out: W, crs_name: Option<&str>, rounding: Rounding) -> Result<Self, Error> {
        let crs = crs_name
            .map(|name| serde_json::json!({"type": "name", "properties": {"name": name}}).to_string());
        let mut text = Vec::new();
        push_opening(&mut text, crs.as_deref());
        out.write_all(&text).map_err(Error::Write)?;
        Ok(Self { out, rounding, text, count: 0 })
    }

    /// Adds a feature; one polygon is written as a `Polygon`, more or none as a `MultiPolygon`.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::NotFinite`] for a coordinate that is no finite number.
    pub fn write(
        &mut self,
        geometry: Option<MultiPolygonRef<'_>>,
        properties: &Map<String, Value>,
    ) -> Result<(), Error> {
        self.text.clear();
        let properties = |text: &mut Vec<u8>| push_json(text, properties);
        push_feature(&mut self.text, geometry, properties, self.rounding)
            .map_err(|at| not_finite(self.count, at))?;
        let text = std::mem::take(&mut self.text);
        let written = self.put(&text, 1);
        self.text = text;
        written
    }

    /// Adds a feature for each geometry, on all threads: `properties(i, text)` adds the object of properties at a position as JSON.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_all(
        &mut self,
        geometry: &MultiPolygonArray,
        properties: impl Fn(usize, &mut Vec<u8>) + Sync,
    ) -> Result<(), Error> {
        let (run, runs) = RUN;
        for start in (0..geometry.len()).step_by(run * runs) {
            let end = geometry.len().min(start + run * runs);
            let starts: Vec<usize> = (start..end).step_by(run).collect();
            let (rounding, before) = (self.rounding, self.count);
            let texts: Vec<Result<(Vec<u8>, usize), Error>> = (starts.into_par_iter())
                .map(|first| {
                    let mut text = Vec::new();
                    let features = first..end.min(first + run);
                    for i in features.clone() {
                        let properties = |text: &mut Vec<u8>| properties(i, text);
                        push_feature(&mut text, Some(geometry.get(i)), properties, rounding)
                            .map_err(|at| not_finite(before + i - start, at))?;
                    }
                    Ok((text, features.len()))
                })
                .collect();
            for text in texts {
                let (text, features) = text?;
                self.put(&text, features)?;
            }
        }
        Ok(())
    }

    /// Writes features, each with a comma before it.
    fn put(&mut self, text: &[u8], features: usize) -> Result<(), Error> {
        let text = if self.count == 0 { text.strip_prefix(b",").unwrap_or(text) } else { text };
        self.count += features;
        self.out.write_all(text).map_err(Error::Write)
    }

    /// Closes the layer, and gives the writer back.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(mut self) -> Result<W, Error> {
        self.out.write_all(b"\n]}\n").and_then(|()| self.out.flush()).map_err(Error::Write)?;
        Ok(self.out)
    }
}

fn not_finite(feature: usize, [x, y]: Coord) -> Error {
    Error::NotFinite { feature, x, y }
}

/// Adds one feature with a comma and a line break before it; fails at a coordinate that is no finite number.
fn push_feature(
    text: &mut Vec<u8>,
    geometry: Option<MultiPolygonRef<'_>>,
    properties: impl FnOnce(&mut Vec<u8>),
    rounding: Rounding,
) -> Result<(), Coord> {
    let mut coords = geometry.iter().flat_map(MultiPolygonRef::coords);
    if let Some(&at) = coords.find(|c| !c.iter().all(|x| x.is_finite())) {
        return Err(at);
    }
    text.extend_from_slice(b",\n{\"type\":\"Feature\",\"properties\":");
    properties(text);
    text.extend_from_slice(b",\"geometry\":");
    match geometry {
        None => text.extend_from_slice(b"null"),
        Some(geometry) => push_geometry(text, geometry, rounding),
    }
    text.push(b'}');
    Ok(())
}

fn push_geometry(text: &mut Vec<u8>, geometry: MultiPolygonRef<'_>, rounding: Rounding) {
    let multi = geometry.polygons().len() != 1;
    text.extend_from_slice(b"{\"type\":\"");
    text.extend_from_slice(if multi {
        b"MultiPolygon\",\"coordinates\":["
    } else {
        b"Polygon\",\"coordinates\":"
    });
    push_list(text, geometry.polygons(), |text, polygon| {
        text.push(b'[');
        push_list(text, polygon.rings(), |text, ring| {
            text.push(b'[');
            push_list(text, ring.iter(), |text, &[x, y]: &Coord| {
                text.push(b'[');
                rounding.push(text, x);
                text.push(b',');
                rounding.push(text, y);
                text.push(b']');
            });
            text.push(b']');
        });
        text.push(b']');
    });
    text.extend_from_slice(if multi { b"]}" } else { b"}" });
}

fn push_list<T>(text: &mut Vec<u8>, items: impl Iterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
    for (i, item) in items.enumerate() {
        if i > 0 {
            text.push(b',');
        }
        push(text, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_what_serde_json_writes() {
        let pushed = |push: &dyn Fn(&mut Vec<u8>)| {
            let mut text = Vec::new();
            push(&mut text);
            String::from_utf8(text).unwrap()
        };
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut draw = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..100_000 {
            let size = 10_f64.powi(draw(24) as i32 - 8);
            let sign = [1.0, -1.0][draw(2) as usize];
            let exact = sign * draw(1 << 30) as f64 / (1 << 30) as f64 * size;
            let x = [exact, exact.round(), (exact * 1e9).round() / 1e9, (exact * 1e8).trunc() / 1e8 + 5e-10]
                [draw(4) as usize];
            assert_eq!(pushed(&|text| push_number(text, x)), serde_json::to_string(&x).unwrap());
            for (rounding, unit) in [(Rounding::Degrees, 1e9), (Rounding::Metres, 1e4)] {
                let rounded = (x * unit).round() / unit + 0.0;
                let expected = serde_json::to_string(&rounded).unwrap();
                assert_eq!(pushed(&|text| rounding.push(text, x)), expected, "{x:e}");
            }
            let count = (draw(u64::from(u32::MAX)) >> draw(32)) as u32;
            assert_eq!(pushed(&|text| push_count(text, count)), count.to_string());
            let word: String =
                (0..draw(80))
                    .map(|_| {
                        if draw(60) == 0 { ['"', '\\', '\n', '\u{7f}', '地'][draw(5) as usize] } else { 'a' }
                    })
                    .collect();
            assert_eq!(pushed(&|text| push_text(text, &*word)), serde_json::to_string(&word).unwrap());
        }
        for x in [0.0, -0.0, 1e9, -1e9, 1e15, 1e16, 5e-324, f64::MAX, 0.001, 1e-9, 4e-10] {
            assert_eq!(pushed(&|text| push_number(text, x)), serde_json::to_string(&x).unwrap());
        }
        assert_eq!(pushed(&|text| Rounding::Degrees.push(text, -4e-10)), "0.0");
    }
}

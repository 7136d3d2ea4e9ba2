use std::io::Write;

use serde_json::{Map, Value};

use crate::Error;
use crate::geometry::{Coord, MultiPolygonArray, MultiPolygonRef};
use crate::json_text::{push_decimal, push_json, push_number};
use crate::parallel;

/// Features that one thread puts into words at a time, and how many such runs are in memory.
const RUN: (usize, usize) = (256, 64);

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
    /// An ordinate, rounded: the value of what [`push`](Self::push) adds.
    pub(crate) fn round(self, x: f64) -> f64 {
        let unit = match self {
            Self::Exact => return x,
            Self::Degrees => 1e9,
            Self::Metres => 1e4,
        };
        let rounded = (x * unit).round() / unit;
        if rounded.is_finite() { rounded + 0.0 } else { x }
    }

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
        let crs = crs_name.map(|name| crs_member(name).to_string());
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
        self.write_rows(geometry.len(), Some(geometry), properties)
    }

    /// Adds `len` features, with or without geometries.
    pub(crate) fn write_rows(
        &mut self,
        len: usize,
        geometry: Option<&MultiPolygonArray>,
        properties: impl Fn(usize, &mut Vec<u8>) + Sync,
    ) -> Result<(), Error> {
        let (rounding, before) = (self.rounding, self.count);
        let push = |i: usize, text: &mut Vec<u8>| {
            let properties = |text: &mut Vec<u8>| properties(i, text);
            push_feature(text, geometry.map(|geometry| geometry.get(i)), properties, rounding)
                .map_err(|at| not_finite(before + i, at))
        };
        write_runs(len, push, |text, features| self.put(text, features))
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

/// Hands `len` rows on in their order, as runs of text that `push` makes on all threads.
pub(crate) fn write_runs(
    len: usize,
    push: impl Fn(usize, &mut Vec<u8>) -> Result<(), Error> + Sync,
    mut put: impl FnMut(&[u8], usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let (run, runs) = RUN;
    for start in (0..len).step_by(run * runs) {
        let end = len.min(start + run * runs);
        let rows = |number: usize| start + number * run..end.min(start + (number + 1) * run);
        let texts: Vec<Result<Vec<u8>, Error>> =
            parallel::collect((end - start).div_ceil(run), 1, &|number| {
                let mut text = Vec::new();
                rows(number).try_for_each(|i| push(i, &mut text)).map(|()| text)
            });
        for (number, text) in texts.into_iter().enumerate() {
            put(&text?, rows(number).len())?;
        }
    }
    Ok(())
}

/// The member `crs` of GeoJSON 2008.
pub(crate) fn crs_member(name: &str) -> Value {
    serde_json::json!({"type": "name", "properties": {"name": name}})
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
    use crate::random::Random;

    #[test]
    fn rounded_ordinates_are_the_shortest_that_read_back() {
        let pushed = |rounding: Rounding, x: f64| {
            let mut text = Vec::new();
            rounding.push(&mut text, x);
            String::from_utf8(text).unwrap()
        };
        let mut random = Random::new(1);
        for _ in 0..100_000 {
            let size = 10_f64.powf(random.below(24) as f64 - 8.0);
            let exact = random.between(-1.0, 1.0) * size;
            let x = [exact, exact.round(), (exact * 1e9).round() / 1e9, (exact * 1e8).trunc() / 1e8 + 5e-10]
                [random.below(4)];
            for (rounding, unit) in [(Rounding::Degrees, 1e9), (Rounding::Metres, 1e4)] {
                let rounded = (x * unit).round() / unit + 0.0;
                assert_eq!(pushed(rounding, x), serde_json::to_string(&rounded).unwrap(), "{x:e}");
                assert_eq!(rounding.round(x), rounded);
            }
        }
        assert_eq!(pushed(Rounding::Degrees, -4e-10), "0.0");
    }
}

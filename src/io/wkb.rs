//! Geometries in well-known binary, of ISO and of `PostGIS`: their heads and runs, and all of one as `GeoJSON` text.

use super::transcode::push_finite_position;
use crate::geometry::Coord;
#[cfg(feature = "parquet")]
use crate::geometry::MultiPolygonArray;

/// Collections in each other that are followed.
pub(super) const MAX_DEPTH: usize = 8;
/// The shortest part of a collection: byte order, kind and count.
pub(super) const LEAST_PART: usize = 9;

/// What was made of a geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Made {
    /// Ordinates beyond the second, which are left out.
    pub(super) dropped: u64,
    /// Whether it has no position.
    pub(super) is_empty: bool,
}

/// Adds a geometry as `GeoJSON`.
///
/// # Errors
/// What is wrong with it and what was expected, in words; `text` then holds a part of it.
///
/// # Complexity
/// O(bytes): no count is believed beyond the bytes that are left.
pub(super) fn push_geometry(text: &mut Vec<u8>, wkb: &[u8]) -> Result<Made, String> {
    let mut reader = Reader::new(wkb);
    reader.geometry(text, 0, None)?;
    Ok(Made { dropped: reader.dropped, is_empty: reader.positions == 0 })
}

/// Adds the polygons of a geometry behind the finished ones of an array; how many ordinates were left out. None where it is another thing
/// than polygons of rings with finite positions: [`push_geometry`] says what then, and what was added has to be rolled back.
#[cfg(feature = "parquet")]
pub(super) fn push_polygons(array: &mut MultiPolygonArray, wkb: &[u8]) -> Option<u64> {
    let mut reader = Reader { rest: wkb, dropped: 0, positions: 0 };
    let (kind, layout) = reader.head().ok()?;
    match kind {
        Kind::Polygon => reader.rings(array, layout)?,
        Kind::MultiPolygon => {
            for _ in 0..reader.count(layout, LEAST_PART, "parts").ok()? {
                let (Kind::Polygon, layout) = reader.head().ok()? else { return None };
                reader.rings(array, layout)?;
            }
        }
        _ => return None,
    }
    (reader.positions > 0).then_some(reader.dropped)
}

/// The kinds that `GeoJSON` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    Collection,
}

impl Kind {
    fn of(code: u32) -> Result<Self, String> {
        Ok(match code {
            1 => Self::Point,
            2 => Self::LineString,
            // A triangle is stored as a polygon.
            3 | 17 => Self::Polygon,
            4 => Self::MultiPoint,
            5 => Self::MultiLineString,
            6 => Self::MultiPolygon,
            7 => Self::Collection,
            8..=14 => {
                let name = match code {
                    8 => "CircularString",
                    9 => "CompoundCurve",
                    10 => "CurvePolygon",
                    11 => "MultiCurve",
                    12 => "MultiSurface",
                    13 => "Curve",
                    _ => "Surface",
                };
                return Err(format!(
                    "the geometry is a {name}, whose arcs are not taken as straight lines, expected a Polygon or a MultiPolygon \
                     (GDAL makes them: `ogr2ogr -nlt CONVERT_TO_LINEAR`)"
                ));
            }
            15 | 16 => {
                let name = if code == 15 { "PolyhedralSurface" } else { "TIN" };
                return Err(format!("the geometry is a {name}, expected a Polygon or a MultiPolygon"));
            }
            _ => {
                return Err(format!(
                    "the geometry is of the unknown kind {code}, expected one of WKB, 1 to 7"
                ));
            }
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::LineString => "LineString",
            Self::Polygon => "Polygon",
            Self::MultiPoint => "MultiPoint",
            Self::MultiLineString => "MultiLineString",
            Self::MultiPolygon => "MultiPolygon",
            Self::Collection => "GeometryCollection",
        }
    }

    /// The kind of the parts, where only coordinates of them are written.
    fn part(self) -> Option<Self> {
        match self {
            Self::MultiPoint => Some(Self::Point),
            Self::MultiLineString => Some(Self::LineString),
            Self::MultiPolygon => Some(Self::Polygon),
            _ => None,
        }
    }
}

/// How the numbers of a geometry are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) little: bool,
    /// Bytes of a position.
    pub(super) stride: usize,
}

/// What is left of a geometry.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
    dropped: u64,
    positions: u64,
}

impl<'b> Reader<'b> {
    pub(super) fn new(wkb: &'b [u8]) -> Self {
        Self { rest: wkb, dropped: 0, positions: 0 }
    }

    /// Adds a geometry; one of an expected kind as its coordinates alone.
    fn geometry(&mut self, text: &mut Vec<u8>, depth: usize, expected: Option<Kind>) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("the geometry has collections in each other, expected at most {MAX_DEPTH}"));
        }
        let (kind, layout) = self.head()?;
        if let Some(expected) = expected.filter(|&expected| expected != kind) {
            let (found, expected) = (kind.name(), expected.name());
            return Err(format!("a part of the geometry is a {found}, expected a {expected}"));
        }
        if expected.is_none() {
            text.extend_from_slice(b"{\"type\":\"");
            text.extend_from_slice(kind.name().as_bytes());
            let key: &[u8] =
                if kind == Kind::Collection { b"\",\"geometries\":" } else { b"\",\"coordinates\":" };
            text.extend_from_slice(key);
        }
        match kind {
            Kind::Point => self.point(text, layout)?,
            Kind::LineString => self.positions(text, layout)?,
            Kind::Polygon => {
                let rings = self.count(layout, 4, "rings")?;
                self.list(text, rings, |reader, text| reader.positions(text, layout))?;
            }
            Kind::MultiPoint | Kind::MultiLineString | Kind::MultiPolygon | Kind::Collection => {
                let parts = self.count(layout, LEAST_PART, "parts")?;
                let part = kind.part();
                self.list(text, parts, |reader, text| reader.geometry(text, depth + 1, part))?;
            }
        }
        if expected.is_none() {
            text.push(b'}');
        }
        Ok(())
    }

    /// Byte order, kind, and which ordinates positions have.
    pub(super) fn head(&mut self) -> Result<(Kind, Layout), String> {
        let [order] = self.take::<1>()?;
        let little = match order {
            0 => false,
            1 => true,
            other => return Err(format!("the geometry has the byte order {other}, expected 0 or 1")),
        };
        let code = self.whole(little)?;
        // PostGIS marks ordinates, and a number of the system, in the highest bits; ISO counts in thousands.
        let (marks, code) = (code >> 29, code & 0x1fff_ffff);
        if marks & 1 == 1 {
            self.whole(little)?;
        }
        let by_thousands = match code / 1000 {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => {
                return Err(format!(
                    "the geometry is of the unknown kind {code}, expected one of WKB, 1 to 7"
                ));
            }
        };
        let marked = (marks >> 1 & 1) + (marks >> 2 & 1);
        let kind = Kind::of(code % 1000)?;
        Ok((kind, Layout { little, stride: 16 + 8 * marked.max(by_thousands) as usize }))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) =
            self.rest.split_first_chunk::<N>().ok_or("the geometry ends too early, expected more bytes")?;
        self.rest = rest;
        Ok(*taken)
    }

    fn whole(&mut self, little: bool) -> Result<u32, String> {
        let bytes = self.take::<4>()?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// A count of things that have at least `least` bytes each.
    pub(super) fn count(&mut self, layout: Layout, least: usize, what: &str) -> Result<usize, String> {
        let count = self.whole(layout.little)? as usize;
        if count.checked_mul(least).is_none_or(|bytes| bytes > self.rest.len()) {
            let left = self.rest.len();
            return Err(format!(
                "the geometry says that it has {count} {what}, but has {left} bytes for them"
            ));
        }
        Ok(count)
    }

    fn list(
        &mut self,
        text: &mut Vec<u8>,
        count: usize,
        mut push: impl FnMut(&mut Self, &mut Vec<u8>) -> Result<(), String>,
    ) -> Result<(), String> {
        text.push(b'[');
        for i in 0..count {
            if i > 0 {
                text.push(b',');
            }
            push(self, text)?;
        }
        text.push(b']');
        Ok(())
    }

    /// The bytes of the positions of a line or ring.
    pub(super) fn run(&mut self, layout: Layout) -> Result<&'b [u8], String> {
        let count = self.count(layout, layout.stride, "positions")?;
        let Some((run, rest)) = self.rest.split_at_checked(count * layout.stride) else {
            return Err("the geometry ends too early, expected more bytes".into());
        };
        self.rest = rest;
        Ok(run)
    }

    /// Adds the positions of a line or ring.
    fn positions(&mut self, text: &mut Vec<u8>, layout: Layout) -> Result<(), String> {
        let run = self.run(layout)?;
        text.push(b'[');
        for (i, position) in run.chunks_exact(layout.stride).enumerate() {
            if i > 0 {
                text.push(b',');
            }
            push_finite_position(text, coord(position, layout.little))?;
        }
        text.push(b']');
        self.note(run.len() / layout.stride, layout);
        Ok(())
    }

    /// Adds a point; one of NaN alone has no position.
    fn point(&mut self, text: &mut Vec<u8>, layout: Layout) -> Result<(), String> {
        let Some((position, rest)) = self.rest.split_at_checked(layout.stride) else {
            return Err("the geometry ends too early, expected more bytes".into());
        };
        self.rest = rest;
        let [x, y] = coord(position, layout.little);
        if x.is_nan() && y.is_nan() {
            text.extend_from_slice(b"[]");
            return Ok(());
        }
        self.note(1, layout);
        push_finite_position(text, [x, y])
    }

    /// Adds the rings of a polygon; none where one of them is empty or has a coordinate that is not finite.
    #[cfg(feature = "parquet")]
    fn rings(&mut self, array: &mut MultiPolygonArray, layout: Layout) -> Option<()> {
        let rings = self.count(layout, 4, "rings").ok().filter(|rings| *rings > 0)?;
        for _ in 0..rings {
            let count = self.count(layout, layout.stride, "positions").ok().filter(|count| *count > 0)?;
            let (run, rest) = self.rest.split_at_checked(count * layout.stride)?;
            self.rest = rest;
            for position in run.chunks_exact(layout.stride) {
                let [x, y] = coord(position, layout.little);
                if !(x.is_finite() && y.is_finite()) {
                    return None;
                }
                array.push_coord([x, y]);
            }
            array.end_ring();
            self.note(count, layout);
        }
        array.end_polygon();
        Some(())
    }

    fn note(&mut self, positions: usize, layout: Layout) {
        self.positions += positions as u64;
        self.dropped += (positions * (layout.stride / 8 - 2)) as u64;
    }
}

/// The first two ordinates of a position.
pub(super) fn coord(position: &[u8], little: bool) -> Coord {
    let ordinate = |at: usize| {
        let bytes = position.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) }
    };
    [ordinate(0), ordinate(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wkb: &[u8]) -> Result<(String, Made), String> {
        let mut text = Vec::new();
        let made = push_geometry(&mut text, wkb)?;
        Ok((String::from_utf8(text).unwrap_or_default(), made))
    }

    fn head(code: u32, count: u32) -> Vec<u8> {
        [&[1][..], &code.to_le_bytes(), &count.to_le_bytes()].concat()
    }

    fn numbers(of: &[f64]) -> Vec<u8> {
        of.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn triangle(code: u32, positions: &[f64], count: u32) -> Vec<u8> {
        [head(code, 1), count.to_le_bytes().to_vec(), numbers(positions)].concat()
    }

    #[test]
    fn polygons_are_read_in_every_dress() {
        let flat = [0.0, 0.0, 4.5, 0.0, 4.0, 4.0, 0.0, 0.0];
        let expected = r#"{"type":"Polygon","coordinates":[[[0.0,0.0],[4.5,0.0],[4.0,4.0],[0.0,0.0]]]}"#;
        let (text, made) = read(&triangle(3, &flat, 4)).unwrap();
        assert_eq!((text.as_str(), made), (expected, Made { dropped: 0, is_empty: false }));
        let deep: Vec<f64> = flat.chunks(2).flat_map(|at| [at[0], at[1], f64::NAN]).collect();
        for code in [1003, 2003, 3 | 1 << 31, 3 | 1 << 30] {
            let (text, made) = read(&triangle(code, &deep, 4)).unwrap();
            assert_eq!((text.as_str(), made.dropped), (expected, 4), "{code}");
        }
        let deeper: Vec<f64> = flat.chunks(2).flat_map(|at| [at[0], at[1], 7.0, 8.0]).collect();
        assert_eq!(read(&triangle(3003, &deeper, 4)).unwrap().1.dropped, 8);
        // With the number of a system.
        let mut numbered = head(3 | 1 << 29, 4326);
        numbered.extend([1_u32, 4].iter().flat_map(|count| count.to_le_bytes()));
        numbered.extend(numbers(&flat));
        assert_eq!(read(&numbered).unwrap().0, expected);
        // The other byte order.
        let mut big = vec![0];
        big.extend([3_u32, 1, 4].iter().flat_map(|x| x.to_be_bytes()));
        big.extend(flat.iter().flat_map(|x| x.to_be_bytes()));
        assert_eq!(read(&big).unwrap().0, expected);
        let multi = [head(6, 1), triangle(3, &flat, 4)].concat();
        let expected =
            expected.replace("Polygon", "MultiPolygon").replace("[[[", "[[[[").replace("]]]", "]]]]");
        assert_eq!(read(&multi).unwrap().0, expected);
        let collected = read(&[head(7, 1), multi].concat()).unwrap().0;
        assert_eq!(collected, format!(r#"{{"type":"GeometryCollection","geometries":[{expected}]}}"#));
    }

    #[test]
    fn what_is_empty_has_no_position() {
        for code in [2, 3, 4, 5, 6, 7] {
            assert!(read(&head(code, 0)).unwrap().1.is_empty, "{code}");
        }
        let point = [&[1][..], &1_u32.to_le_bytes(), &numbers(&[f64::NAN, f64::NAN])].concat();
        assert!(read(&point).unwrap().1.is_empty);
    }

    #[test]
    fn what_lies_is_refused_in_words() {
        let flat = [0.0, 0.0, f64::NAN, 0.0, 4.0, 4.0, 0.0, 0.0];
        let nested = (0..20).fold(head(1, 0), |inner, _| [head(7, 1), inner].concat());
        for (wkb, reason) in [
            (vec![], "ends too early"),
            (vec![7], "byte order 7"),
            (head(3, 1_000_000_000), "1000000000 rings"),
            (triangle(3, &[0.0; 8], 1_000_000_000), "1000000000 positions"),
            (triangle(3, &flat, 4), "NaN"),
            (triangle(3, &[f64::INFINITY; 8], 4), "inf"),
            (head(6, u32::MAX), "parts"),
            (head(10, 1), "CurvePolygon"),
            (head(12, 1), "MultiSurface"),
            (head(1010, 1), "CurvePolygon"),
            (head(16, 1), "TIN"),
            (head(99, 1), "unknown kind"),
            (head(9003, 1), "unknown kind"),
            ([head(6, 1), head(2, 0)].concat(), "a LineString, expected a Polygon"),
            (nested, "collections in each other"),
        ] {
            let refused = read(&wkb).map(|(text, _)| text);
            assert!(refused.as_ref().is_err_and(|why| why.contains(reason)), "{reason}: {refused:?}");
        }
        // Cut at any byte it is refused, and never more.
        let whole = triangle(3, &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 0.0], 4);
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
    }
}

//! Columns of geometries: well-known binary and text, and the nested lists of `GeoArrow` and `GeoParquet`.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray, LargeStringArray,
    StringArray, StringViewArray,
};
use arrow_schema::DataType;

use crate::geometry::{Coord, MultiPolygonArray};
use crate::io::geojson::push_unreadable;
use crate::io::transcode::push_finite_position;
use crate::io::{wkb, wkt_geometry};

/// How the geometries of a column are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Wkb,
    Wkt,
    Native(Native),
}

/// Geometries as nested lists of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
}

impl Native {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "point" => Self::Point,
            "linestring" => Self::LineString,
            "polygon" => Self::Polygon,
            "multipoint" => Self::MultiPoint,
            "multilinestring" => Self::MultiLineString,
            "multipolygon" => Self::MultiPolygon,
            _ => return None,
        })
    }

    /// What `GeoJSON` calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::LineString => "LineString",
            Self::Polygon => "Polygon",
            Self::MultiPoint => "MultiPoint",
            Self::MultiLineString => "MultiLineString",
            Self::MultiPolygon => "MultiPolygon",
        }
    }

    /// Lists around a position.
    fn depth(self) -> usize {
        match self {
            Self::Point => 0,
            Self::LineString | Self::MultiPoint => 1,
            Self::Polygon | Self::MultiLineString => 2,
            Self::MultiPolygon => 3,
        }
    }
}

/// Whether a column of a type can hold geometries that are stored so.
pub(super) fn fits(encoding: Encoding, kind: &DataType) -> bool {
    match encoding {
        Encoding::Wkb => matches!(
            kind,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
        ),
        Encoding::Wkt => matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
        Encoding::Native(native) => {
            let mut kind = kind;
            for _ in 0..native.depth() {
                match kind {
                    DataType::List(field) | DataType::LargeList(field) => kind = field.data_type(),
                    _ => return false,
                }
            }
            match kind {
                DataType::Struct(fields) => {
                    let mut names = fields.iter().map(|field| (&**field.name(), field.data_type()));
                    (2..=4).contains(&fields.len())
                        && names.by_ref().take(2).eq([("x", &DataType::Float64), ("y", &DataType::Float64)])
                }
                DataType::FixedSizeList(field, 2..=4) => field.data_type() == &DataType::Float64,
                _ => false,
            }
        }
    }
}

/// The geometries of a batch.
pub(super) enum Shapes<'b> {
    Binary(&'b BinaryArray),
    LargeBinary(&'b LargeBinaryArray),
    BinaryView(&'b BinaryViewArray),
    FixedBinary(&'b FixedSizeBinaryArray),
    Text(&'b StringArray),
    LargeText(&'b LargeStringArray),
    TextView(&'b StringViewArray),
    Nested(Nested<'b>),
}

/// A geometry as it is stored.
enum Stored<'b> {
    Null,
    Wkb(&'b [u8]),
    Wkt(&'b str),
}

impl<'b> Shapes<'b> {
    /// The geometries of a column.
    ///
    /// # Errors
    /// What does not hold together, in words.
    pub(super) fn of(array: &'b ArrayRef, encoding: Encoding) -> Result<Self, String> {
        if !fits(encoding, array.data_type()) {
            return Err(format!("the column of geometries is of the type {}", array.data_type()));
        }
        Ok(match array.data_type() {
            DataType::Binary => Self::Binary(array.as_binary()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary()),
            DataType::BinaryView => Self::BinaryView(array.as_binary_view()),
            DataType::FixedSizeBinary(_) => Self::FixedBinary(array.as_fixed_size_binary()),
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string()),
            DataType::Utf8View => Self::TextView(array.as_string_view()),
            _ => match encoding {
                Encoding::Native(native) => Self::Nested(Nested::of(array, native)?),
                _ => return Err("the column of geometries is of no type that it can have".into()),
            },
        })
    }

    fn stored(&self, row: usize) -> Stored<'b> {
        macro_rules! known {
            ($array:expr, $kind:ident) => {
                if $array.is_null(row) { Stored::Null } else { Stored::$kind($array.value(row)) }
            };
        }
        match self {
            Self::Binary(array) => known!(array, Wkb),
            Self::LargeBinary(array) => known!(array, Wkb),
            Self::BinaryView(array) => known!(array, Wkb),
            Self::FixedBinary(array) => known!(array, Wkb),
            Self::Text(array) => known!(array, Wkt),
            Self::LargeText(array) => known!(array, Wkt),
            Self::TextView(array) => known!(array, Wkt),
            Self::Nested(_) => Stored::Null,
        }
    }

    /// The first geometry in well-known binary.
    pub(super) fn first_binary(&self, rows: usize) -> Option<&'b [u8]> {
        (0..rows).find_map(|row| match self.stored(row) {
            Stored::Wkb(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Adds a geometry as `GeoJSON`; how many ordinates were left out. One that cannot be read is a fault of its feature alone.
    pub(super) fn push_text(&self, row: usize, text: &mut Vec<u8>) -> u64 {
        let start = text.len();
        let made = match (self, self.stored(row)) {
            (Self::Nested(nested), _) => nested.push_text(row, text),
            (_, Stored::Null) => Ok((0, true)),
            (_, Stored::Wkt(wkt)) => return wkt_geometry::push_geometry(text, wkt),
            (_, Stored::Wkb(bytes)) => {
                wkb::push_geometry(text, bytes).map(|made| (made.dropped, made.is_empty))
            }
        };
        match made {
            Ok((dropped, false)) => return dropped,
            Ok((_, true)) => {
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

    /// Adds the polygons of a geometry behind the finished ones of an array; how many ordinates were left out. None where it is another
    /// thing than plain polygons: its text says what then, and what was added has to be rolled back.
    pub(super) fn push_polygons(&self, row: usize, array: &mut MultiPolygonArray) -> Option<u64> {
        match (self, self.stored(row)) {
            (Self::Nested(nested), _) => nested.push_polygons(row, array),
            (_, Stored::Wkb(bytes)) => wkb::push_polygons(array, bytes),
            _ => None,
        }
    }
}

/// Offsets of lists into what they hold.
enum Offsets<'b> {
    Short(&'b [i32]),
    Long(&'b [i64]),
}

impl Offsets<'_> {
    fn range(&self, at: usize) -> std::ops::Range<usize> {
        match self {
            Self::Short(offsets) => offsets[at] as usize..offsets[at + 1] as usize,
            Self::Long(offsets) => offsets[at] as usize..offsets[at + 1] as usize,
        }
    }
}

/// Positions, apart by ordinate or one behind another.
enum Positions<'b> {
    Apart { x: &'b [f64], y: &'b [f64], dimensions: usize },
    Together { values: &'b [f64], dimensions: usize },
}

impl Positions<'_> {
    fn get(&self, at: usize) -> Coord {
        match self {
            Self::Apart { x, y, .. } => [x[at], y[at]],
            Self::Together { values, dimensions } => [values[at * dimensions], values[at * dimensions + 1]],
        }
    }

    /// Ordinates beyond the second.
    fn more(&self) -> u64 {
        match self {
            Self::Apart { dimensions, .. } | Self::Together { dimensions, .. } => *dimensions as u64 - 2,
        }
    }
}

/// Geometries as nested lists.
pub(super) struct Nested<'b> {
    kind: Native,
    outer: &'b ArrayRef,
    levels: Vec<Offsets<'b>>,
    positions: Positions<'b>,
}

impl<'b> Nested<'b> {
    fn of(array: &'b ArrayRef, kind: Native) -> Result<Self, String> {
        let mut levels = Vec::new();
        let mut at = array;
        let gap = "the geometries have nulls in them, expected lists of positions";
        for level in 0..kind.depth() {
            if level > 0 && at.null_count() > 0 {
                return Err(gap.into());
            }
            at = if let Some(list) = at.as_list_opt::<i32>() {
                levels.push(Offsets::Short(list.value_offsets()));
                list.values()
            } else if let Some(list) = at.as_list_opt::<i64>() {
                levels.push(Offsets::Long(list.value_offsets()));
                list.values()
            } else {
                return Err("the column of geometries has too few lists in each other".into());
            };
        }
        if kind.depth() > 0 && at.null_count() > 0 {
            return Err(gap.into());
        }
        let positions = if let Some(apart) = at.as_struct_opt() {
            let ordinate = |at: usize| apart.column(at).as_primitive::<Float64Type>();
            let (x, y) = (ordinate(0), ordinate(1));
            if kind.depth() > 0 && x.null_count() + y.null_count() > 0 {
                return Err(gap.into());
            }
            Positions::Apart { x: x.values(), y: y.values(), dimensions: apart.num_columns() }
        } else if let Some(together) = at.as_fixed_size_list_opt() {
            let dimensions = together.value_length() as usize;
            let start = together.value_offset(0) as usize;
            let values = together.values().as_primitive::<Float64Type>().values();
            let values = values.get(start..start + together.len() * dimensions).unwrap_or_default();
            Positions::Together { values, dimensions }
        } else {
            return Err("the column of geometries has no positions".into());
        };
        Ok(Self { kind, outer: array, levels, positions })
    }

    fn push_text(&self, row: usize, text: &mut Vec<u8>) -> Result<(u64, bool), String> {
        if self.outer.is_null(row) {
            return Ok((0, true));
        }
        text.extend_from_slice(b"{\"type\":\"");
        text.extend_from_slice(self.kind.name().as_bytes());
        text.extend_from_slice(b"\",\"coordinates\":");
        let positions = self.push_level(0, row, text)?;
        text.push(b'}');
        Ok((positions * self.positions.more(), positions == 0))
    }

    /// Adds what stands at a place of a level; how many positions that were.
    fn push_level(&self, level: usize, at: usize, text: &mut Vec<u8>) -> Result<u64, String> {
        let Some(offsets) = self.levels.get(level) else {
            let [x, y] = self.positions.get(at);
            if self.kind == Native::Point && x.is_nan() && y.is_nan() {
                text.extend_from_slice(b"[]");
                return Ok(0);
            }
            push_finite_position(text, [x, y])?;
            return Ok(1);
        };
        let mut positions = 0;
        text.push(b'[');
        for (i, inner) in offsets.range(at).enumerate() {
            if i > 0 {
                text.push(b',');
            }
            positions += self.push_level(level + 1, inner, text)?;
        }
        text.push(b']');
        Ok(positions)
    }

    fn push_polygons(&self, row: usize, array: &mut MultiPolygonArray) -> Option<u64> {
        if self.outer.is_null(row) {
            return None;
        }
        let (polygons, rings, positions) = match (self.kind, &self.levels[..]) {
            (Native::Polygon, [rings, positions]) => (row..row + 1, rings, positions),
            (Native::MultiPolygon, [polygons, rings, positions]) => (polygons.range(row), rings, positions),
            _ => return None,
        };
        let mut count = 0;
        for polygon in polygons {
            let rings = rings.range(polygon);
            if rings.is_empty() {
                return None;
            }
            for ring in rings {
                let ring = positions.range(ring);
                if ring.is_empty() {
                    return None;
                }
                count += ring.len() as u64;
                for at in ring {
                    let position = self.positions.get(at);
                    if !position.iter().all(|x| x.is_finite()) {
                        return None;
                    }
                    array.push_coord(position);
                }
                array.end_ring();
            }
            array.end_polygon();
        }
        (count > 0).then(|| count * self.positions.more())
    }
}

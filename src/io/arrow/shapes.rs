//! Geometries of Arrow columns, row by row into a column of ours: well-known binary, and the layouts of GeoArrow.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::wkb;
use crate::geometry::{Coord, MultiPolygonArray};
use crate::io::geojson::{EMPTY, Geometry, Kind, NO_EXTERIOR};

/// How a column holds geometries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Wkb,
    Native(Shape),
}

/// The kinds that GeoArrow has a layout for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Point,
    MultiPoint,
    LineString,
    MultiLineString,
    Polygon,
    MultiPolygon,
}

impl Encoding {
    /// The encoding by the name of an Arrow extension.
    pub(super) fn of(extension: &str) -> Option<Self> {
        Some(match extension {
            "geoarrow.wkb" | "ogc.wkb" => Self::Wkb,
            "geoarrow.point" => Self::Native(Shape::Point),
            "geoarrow.multipoint" => Self::Native(Shape::MultiPoint),
            "geoarrow.linestring" => Self::Native(Shape::LineString),
            "geoarrow.multilinestring" => Self::Native(Shape::MultiLineString),
            "geoarrow.polygon" => Self::Native(Shape::Polygon),
            "geoarrow.multipolygon" => Self::Native(Shape::MultiPolygon),
            _ => return None,
        })
    }

    /// Whether a column of this type can hold it.
    pub(super) fn fits(self, kind: &DataType) -> bool {
        match self {
            Self::Wkb => is_binary(kind),
            Self::Native(shape) => {
                let innermost = (0..shape.lists()).try_fold(kind, |kind, _| match kind {
                    DataType::List(item) | DataType::LargeList(item) => Some(item.data_type()),
                    _ => None,
                });
                innermost.is_some_and(are_coordinates)
            }
        }
    }

    /// What such a column is, in words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Wkb => "binary",
            Self::Native(_) => "lists of coordinates as doubles, interleaved or by ordinate",
        }
    }
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::MultiPoint => "MultiPoint",
            Self::LineString => "LineString",
            Self::MultiLineString => "MultiLineString",
            Self::Polygon => "Polygon",
            Self::MultiPolygon => "MultiPolygon",
        }
    }

    /// How many lists are around its coordinates.
    fn lists(self) -> usize {
        match self {
            Self::Point => 0,
            Self::MultiPoint | Self::LineString => 1,
            Self::MultiLineString | Self::Polygon => 2,
            Self::MultiPolygon => 3,
        }
    }
}

/// Whether values are bytes.
pub(super) fn is_binary(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

fn are_coordinates(kind: &DataType) -> bool {
    match kind {
        DataType::FixedSizeList(item, 2..=4) => item.data_type() == &DataType::Float64,
        DataType::Struct(fields) => {
            let named = |at: usize, name: &str| fields.get(at).is_some_and(|field| field.name() == name);
            let doubles = fields.iter().all(|field| field.data_type() == &DataType::Float64);
            doubles && named(0, "x") && named(1, "y") && fields.len() <= 4
        }
        _ => false,
    }
}

/// The geometries of one batch.
#[derive(Clone, Copy)]
pub(super) enum Shapes<'a> {
    Wkb(&'a dyn Array),
    Native(Shape, &'a dyn Array),
}

impl<'a> Shapes<'a> {
    pub(super) fn new(encoding: Encoding, array: &'a dyn Array) -> Self {
        match encoding {
            Encoding::Wkb => Self::Wkb(array),
            Encoding::Native(shape) => Self::Native(shape, array),
        }
    }

    /// How many coordinates its rows have at most.
    pub(super) fn most_coordinates(self) -> u64 {
        match self {
            Self::Wkb(array) => (0..array.len()).map(|row| bytes(array, row).len() as u64 / 16).sum(),
            Self::Native(shape, array) => coordinates_of(shape, array),
        }
    }

    /// How many coordinates its polygons have.
    pub(super) fn coordinates(self) -> u64 {
        match self {
            Self::Wkb(array) => (0..array.len()).map(|row| wkb::count_positions(bytes(array, row))).sum(),
            Self::Native(shape, array) => coordinates_of(shape, array),
        }
    }

    /// Adds the polygons of a row behind the finished ones. On a reason, what was added has to be rolled back.
    pub(super) fn read(self, row: usize, geometry: &mut Geometry<'_>) -> Result<Kind, String> {
        let (Self::Wkb(array) | Self::Native(_, array)) = self;
        if array.is_null(row) {
            return Err("the geometry is null, expected a Polygon or a MultiPolygon".into());
        }
        let kind = match self {
            Self::Wkb(array) => wkb::read(geometry, bytes(array, row))?,
            Self::Native(shape, array) => {
                let before = geometry.array.coords().len();
                let kind = native(geometry, shape, array, row)?;
                if geometry.array.coords().len() == before { Kind::Empty } else { kind }
            }
        };
        if kind == Kind::Empty { Err(EMPTY.into()) } else { Ok(kind) }
    }

    /// Adds the lines of a row; geometries of other kinds have none.
    pub(super) fn read_lines(self, row: usize, lines: &mut Vec<Vec<Coord>>) -> Result<(), String> {
        match self {
            Self::Wkb(array) if array.is_valid(row) => wkb::read_lines(lines, bytes(array, row)),
            Self::Native(Shape::LineString, array) if array.is_valid(row) => {
                let mut line = Vec::new();
                run(array, row, |coord| line.push(coord))?;
                lines.push(line);
                Ok(())
            }
            Self::Native(Shape::MultiLineString, array) if array.is_valid(row) => {
                let (parts, values) = items(array, row);
                for part in parts {
                    let mut line = Vec::new();
                    run(values, part, |coord| line.push(coord))?;
                    lines.push(line);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// How many coordinates the rows of a column span.
fn coordinates_of(shape: Shape, array: &dyn Array) -> u64 {
    let range = (0..shape.lists()).fold((0..array.len(), array), |(range, array), _| {
        let ends = [range.start, range.end.saturating_sub(1)].map(|row| items(array, row));
        match ends {
            _ if range.is_empty() => (0..0, array),
            [(first, values), (last, _)] => (first.start..last.end.max(first.start), values.as_ref()),
        }
    });
    range.0.len() as u64
}

/// A polygon that is added ring by ring.
pub(super) struct PolygonParts<'g> {
    array: &'g mut MultiPolygonArray,
    dropped: &'g mut u64,
    before: usize,
    start: usize,
    rings: usize,
    hollow: bool,
}

impl Geometry<'_> {
    pub(super) fn polygon_parts(&mut self) -> PolygonParts<'_> {
        let before = self.array.coords().len();
        let dropped = &mut self.tally.dropped_ordinates;
        PolygonParts { array: self.array, dropped, before, start: before, rings: 0, hollow: false }
    }
}

impl PolygonParts<'_> {
    #[inline]
    pub(super) fn push(&mut self, coord: Coord) {
        self.array.push_coord(coord);
    }

    /// Ends a ring whose positions had so many ordinates too many.
    pub(super) fn end_ring(&mut self, dropped: usize) {
        let end = self.array.coords().len();
        *self.dropped += dropped as u64;
        self.hollow |= end == self.start && self.rings == 0;
        self.rings += 1;
        if end > self.start {
            self.array.end_ring();
        }
        self.start = end;
    }

    pub(super) fn end(self) -> Result<(), String> {
        let filled = self.start > self.before;
        if filled && self.hollow {
            return Err(NO_EXTERIOR.into());
        }
        if filled {
            self.array.end_polygon();
        }
        Ok(())
    }
}

fn native(geometry: &mut Geometry<'_>, shape: Shape, array: &dyn Array, row: usize) -> Result<Kind, String> {
    match shape {
        Shape::Polygon => polygon(geometry, array, row).map(|()| Kind::Polygons),
        Shape::MultiPolygon => {
            let (parts, values) = items(array, row);
            for part in parts {
                polygon(geometry, values, part)?;
            }
            Ok(Kind::Polygons)
        }
        Shape::LineString if geometry.closed_lines => closed_line(geometry, array, row),
        Shape::MultiLineString if geometry.closed_lines => {
            let (parts, values) = items(array, row);
            for part in parts {
                closed_line(geometry, values, part)?;
            }
            Ok(Kind::ClosedLines)
        }
        other => Err(format!("the geometry is a {}, expected a Polygon or a MultiPolygon", other.name())),
    }
}

fn polygon(geometry: &mut Geometry<'_>, array: &dyn Array, row: usize) -> Result<(), String> {
    let (rings, values) = items(array, row);
    let mut polygon = geometry.polygon_parts();
    for ring in rings {
        let dropped = run(values, ring, |coord| polygon.push(coord))?;
        polygon.end_ring(dropped);
    }
    polygon.end()
}

fn closed_line(geometry: &mut Geometry<'_>, array: &dyn Array, row: usize) -> Result<Kind, String> {
    let start = geometry.array.coords().len();
    let dropped = run(array, row, |coord| geometry.array.push_coord(coord))?;
    geometry.tally.dropped_ordinates += dropped as u64;
    geometry.end_closed_line(start)?;
    Ok(Kind::ClosedLines)
}

/// The positions of a list of coordinates; how many ordinates beyond the second they had.
fn run(array: &dyn Array, row: usize, mut push: impl FnMut(Coord)) -> Result<usize, String> {
    let (range, values) = items(array, row);
    let count = range.len();
    let mut checked = |x: f64, y: f64| {
        if !(x.is_finite() && y.is_finite()) {
            return Err(format!("the geometry has the coordinate {x}, {y}, expected finite numbers"));
        }
        push([x, y]);
        Ok(())
    };
    if let Some(positions) = values.as_fixed_size_list_opt() {
        let ordinates = positions.values().as_primitive::<Float64Type>().values();
        let stride = positions.value_length() as usize;
        let start = positions.value_offset(range.start) as usize;
        for position in ordinates[start..start + count * stride].chunks_exact(stride) {
            checked(position[0], position[1])?;
        }
        return Ok(count * (stride - 2));
    }
    let ordinates = values.as_struct();
    let [x, y] = [0, 1].map(|at| ordinates.column(at).as_primitive::<Float64Type>().values());
    for (&x, &y) in x[range.clone()].iter().zip(&y[range]) {
        checked(x, y)?;
    }
    Ok(count * (ordinates.num_columns() - 2))
}

/// The items of a list: where they stand among the values of its column. An absent list has none.
fn items(array: &dyn Array, row: usize) -> (Range<usize>, &ArrayRef) {
    let (range, values) = if let Some(lists) = array.as_list_opt::<i32>() {
        let offsets = lists.value_offsets();
        (offsets[row] as usize..offsets[row + 1] as usize, lists.values())
    } else {
        let lists = array.as_list::<i64>();
        let offsets = lists.value_offsets();
        (offsets[row] as usize..offsets[row + 1] as usize, lists.values())
    };
    if array.is_null(row) { (range.start..range.start, values) } else { (range, values) }
}

/// The bytes of a row; none where it is null.
fn bytes(array: &dyn Array, row: usize) -> &[u8] {
    match array.data_type() {
        _ if array.is_null(row) => &[],
        DataType::Binary => array.as_binary::<i32>().value(row),
        DataType::LargeBinary => array.as_binary::<i64>().value(row),
        _ => array.as_binary_view().value(row),
    }
}

//! Layers and tables of what was found, in the forms that files and other programs take.

use std::borrow::Cow;
use std::io::Write;
use std::str::FromStr;

use super::columns::{self, Cell, Found, MemberOrder, OutputColumn, Rows, Table};
use crate::control::{ControlLines, Relation};
use crate::crs::{WorkingPlane, cut_there};
use crate::error::nearest;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef};
use crate::io::{FeatureWriter, Rounding, crs_member, write_runs};
use crate::json_text::{push_number, push_whole};
use crate::land::LandStatus;
use crate::{Analysis, Error, ParamError};

/// A layer or table that an analysis gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutputLayer {
    /// The records of the parcels in the order of the input: what is recorded of each, and what was computed of its parcel.
    Parcels,
    /// Low-efficiency sites, dissolved.
    Sites,
    /// Study units that have a shape, with their accounts.
    Districts,
    /// Control lines that were given, with effect and tier.
    ControlLines,
    /// Parcels that are, or may be, construction land and share land with a line that excludes it.
    InsideLines,
    /// The certain part of construction land inside each such line, permitted or not, with its standing and the reason.
    Encroachments,
    /// The accounts of all study units, of what lies in none, and of the whole. A table.
    Intensity,
    /// The same land by distance from the lines. A table.
    Gradient,
    /// The fewest parcels whose withdrawal brings each unit back within its limit, from the largest down. A table.
    Withdrawals,
}

impl OutputLayer {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Parcels,
        Self::Sites,
        Self::Districts,
        Self::ControlLines,
        Self::InsideLines,
        Self::Encroachments,
        Self::Intensity,
        Self::Gradient,
        Self::Withdrawals,
    ];

    /// Name of its file, without the ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parcels => "parcels",
            Self::Sites => "clusters",
            Self::Districts => "districts",
            Self::ControlLines => "control_lines",
            Self::InsideLines => "inside_lines",
            Self::Encroachments => "encroachments",
            Self::Intensity => "intensity",
            Self::Gradient => "gradient",
            Self::Withdrawals => "withdrawals",
        }
    }

    /// The layer of a name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }

    /// What an analysis must have been given to have it; none where it always has it.
    const fn needs(self) -> Option<&'static str> {
        match self {
            Self::Parcels | Self::Sites | Self::Intensity => None,
            Self::Districts => Some("districts, or cells as study units"),
            Self::ControlLines | Self::InsideLines => Some("control lines"),
            Self::Encroachments => Some("control lines, and a review of what stands inside them"),
            Self::Gradient => Some("control lines, and distances where bands end"),
            Self::Withdrawals => Some("a warning line, or limits of units"),
        }
    }
}

impl FromStr for OutputLayer {
    type Err = ParamError;

    /// By its [name](OutputLayer::name).
    fn from_str(name: &str) -> Result<Self, ParamError> {
        Self::named(name.trim()).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let near = nearest(name, names).map_or(String::new(), |near| format!(" (`{near}`?)"));
            ParamError::new("layer", name, &format!("one of {}{near}", names.join(", ")))
        })
    }
}

/// A form in which a layer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A `FeatureCollection`, one feature a line; the features of a table have no geometry.
    GeoJson,
    /// RFC 4180, `\n` ends a line, no geometry; unknown is empty, a nested value is JSON.
    Csv,
    /// The same for programs that show tables: with a byte-order mark, so that they take it for UTF-8, and an apostrophe before each text
    /// that they would take for a formula, which is one that begins with `=`, `+`, `-`, `@`, a tabulator or a carriage return.
    SpreadsheetCsv,
    /// GeoParquet 1.1, Zstandard, in groups of 65,536 rows: the columns of [`Layer::to_arrow`], the boxes of the geometries (`bbox`), and
    /// their system as PROJJSON; plain Parquet for a table.
    #[cfg(feature = "parquet")]
    GeoParquet,
}

/// A layer of what was found: columns, and for most a geometry per row. Nothing is computed or copied before it is asked for.
///
/// Coordinates that leave it are those of the input, rounded to 0.1 mm on the ground.
pub struct Layer<'a> {
    name: &'static str,
    /// What would have to be given for the layer to be there.
    missing: Option<&'static str>,
    rows: Box<dyn Rows + 'a>,
    /// Position of each row in its table; without, all of them in order.
    items: Option<Vec<u32>>,
    /// Position of the geometry of each row; without, that in the table.
    shape_items: Option<Vec<u32>>,
    len: usize,
    shapes: Option<(&'a WorkingPlane, Cow<'a, MultiPolygonArray>)>,
    /// Whether CSV has whole numbers without a decimal.
    bare: bool,
}

impl std::fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, missing, len, .. } = self;
        f.debug_struct("Layer")
            .field("name", name)
            .field("missing", missing)
            .field("len", len)
            .finish_non_exhaustive()
    }
}

impl Analysis {
    /// A layer of what was found.
    ///
    /// ```no_run
    /// use landuse::report::{Format, OutputLayer};
    /// # fn show(analysis: &landuse::Analysis) -> Result<(), landuse::Error> {
    /// let sites = analysis.layer(OutputLayer::Sites);
    /// let features: geojson::FeatureCollection = sites.to_geojson()?;
    /// sites.write(Format::Csv, std::io::stdout())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Complexity
    /// O(n) in rows to choose them; values are had when they are asked for.
    pub fn layer(&self, which: OutputLayer) -> Layer<'_> {
        let set = self.parcels();
        let found = Found(self);
        let by_name = MemberOrder::ByName;
        let layer = match which {
            OutputLayer::Parcels => {
                let records = set.record_counts().records;
                let mut rows: Vec<u32> = (0..records as u32).collect();
                rows.sort_unstable_by_key(|&record| set.record(record as usize).source_row());
                let parcels = rows.iter().map(|&record| set.parcel_of_record(record as usize).0).collect();
                let mut groups = columns::recorded();
                groups.extend(columns::computed());
                Layer::new(which.name(), Table::new(found, groups, MemberOrder::AsListed), records)
                    .with_shapes(set.plane(), Cow::Borrowed(set.geometry()))
                    .of_items(rows)
                    .with_shapes_at(parcels)
            }
            OutputLayer::Sites => {
                Layer::new(which.name(), Table::new(found, columns::sites(), by_name), self.sites().len())
                    .with_shapes(set.plane(), Cow::Borrowed(self.sites().outlines()))
            }
            OutputLayer::Districts => {
                let districts = self.cells().or(self.inputs().districts());
                let units = columns::Units::of_shapes(self.ledger(), districts);
                let len = units.len();
                let layer = Layer::new(which.name(), Table::new(units, columns::units(), by_name), len);
                match districts {
                    Some(districts) => layer.with_shapes(set.plane(), Cow::Borrowed(districts.geometry())),
                    None => layer.absent(),
                }
            }
            OutputLayer::ControlLines => {
                let lines = self.inputs().control_lines();
                let drawn = columns::DrawnLines(lines.into_iter().flat_map(ControlLines::iter).collect());
                let len = drawn.0.len();
                let layer =
                    Layer::new(which.name(), Table::new(drawn, columns::control_lines(), by_name), len);
                match lines {
                    Some(lines) => layer.with_shapes(set.plane(), Cow::Borrowed(lines.features().geometry())),
                    None => layer.absent(),
                }
            }
            OutputLayer::InsideLines => {
                let layer = Layer::new(which.name(), Table::new(found, columns::inside_lines(), by_name), 0)
                    .with_shapes(set.plane(), Cow::Borrowed(set.geometry()));
                let Some(overlay) = self.overlay() else { return layer.absent().needing(which) };
                let inside = |&i: &usize| {
                    overlay.relation[i] != Relation::Outside && self.status()[i] != LandStatus::Other
                };
                layer.of_items((0..set.len()).filter(inside).map(|i| i as u32).collect())
            }
            OutputLayer::Encroachments => {
                let certain = columns::Certain::new(self);
                let layer =
                    Layer::new(which.name(), Table::new(certain, columns::encroachments(), by_name), 0);
                let Some(found) = self.encroachments() else {
                    return layer.absent().needing(which);
                };
                let shapes = &found.certain;
                let any = |&i: &usize| shapes.get(i).polygons().len() > 0;
                let rows = (0..found.findings.len()).filter(any).map(|i| i as u32).collect();
                layer.with_shapes(set.plane(), Cow::Borrowed(shapes)).of_items(rows)
            }
            OutputLayer::Intensity | OutputLayer::Gradient => {
                let ledger =
                    if which == OutputLayer::Intensity { Some(self.ledger()) } else { self.gradient() };
                let named = self.units().filter(|_| which == OutputLayer::Intensity);
                let units = columns::Units::of_ledger(ledger, named);
                let len = units.len();
                let layer = Layer::new(which.name(), Table::new(units, columns::units(), by_name), len);
                if ledger.is_some() { layer } else { layer.absent() }
            }
            OutputLayer::Withdrawals => {
                let rows = columns::Withdrawals::new(self);
                let len = rows.len();
                let layer = Layer::new(which.name(), Table::new(rows, columns::withdrawals(), by_name), len);
                if self.outlooks().is_empty() { layer.absent() } else { layer }
            }
        };
        layer.needing(which)
    }
}

impl<'a> Layer<'a> {
    pub(super) fn new(name: &'static str, rows: impl Rows + 'a, len: usize) -> Self {
        Self {
            name,
            missing: None,
            rows: Box::new(rows),
            items: None,
            shape_items: None,
            len,
            shapes: None,
            bare: false,
        }
    }

    pub(super) fn with_shapes(self, plane: &'a WorkingPlane, shapes: Cow<'a, MultiPolygonArray>) -> Self {
        Self { shapes: Some((plane, shapes)), ..self }
    }

    pub(super) fn of_items(self, items: Vec<u32>) -> Self {
        Self { len: items.len(), items: Some(items), ..self }
    }

    pub(super) fn with_shapes_at(self, items: Vec<u32>) -> Self {
        Self { shape_items: Some(items), ..self }
    }

    /// With whole numbers written bare in CSV.
    pub(super) fn with_bare_numbers(self) -> Self {
        Self { bare: true, ..self }
    }

    fn absent(self) -> Self {
        Self { missing: Some(""), len: 0, items: None, shape_items: None, shapes: None, ..self }
    }

    fn needing(self, which: OutputLayer) -> Self {
        Self { missing: self.missing.and(which.needs()), ..self }
    }

    /// The same rows without their geometries, for whoever has them.
    #[must_use]
    pub fn without_geometry(self) -> Self {
        Self { shapes: None, ..self }
    }

    /// Name of its file, without the ending.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the analysis was asked for it. An available layer without rows is a finding.
    pub fn is_available(&self) -> bool {
        self.missing.is_none()
    }

    /// Whether its rows have a geometry.
    pub fn has_geometry(&self) -> bool {
        self.shapes.is_some()
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its columns, in the order of CSV and Arrow.
    pub fn columns(&self) -> &[OutputColumn] {
        self.rows.columns()
    }

    /// Writes it. What is buffered in `out` is flushed.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::NoLayer`] where it is not [available](Self::is_available); [`Error::NotFinite`] for a coordinate
    /// that does not come back from the working plane.
    pub fn write(&self, format: Format, out: impl Write) -> Result<(), Error> {
        self.check()?;
        match format {
            Format::GeoJson => self.write_geojson(out),
            Format::Csv => self.write_csv(out, Field::Plain),
            Format::SpreadsheetCsv => self.write_csv(out, Field::Harmless),
            #[cfg(feature = "parquet")]
            Format::GeoParquet => self.write_geoparquet(out),
        }
    }

    fn write_geojson(&self, out: impl Write) -> Result<(), Error> {
        let (crs, rounding) = self.crs();
        let mut writer = FeatureWriter::new(out, crs, rounding)?;
        let properties = |row: usize, text: &mut Vec<u8>| {
            text.push(b'{');
            self.rows.push_members(self.item(row), text);
            text.push(b'}');
        };
        writer.write_rows(self.len, self.shapes().as_ref(), properties)?;
        writer.finish().map(drop)
    }

    fn write_csv(&self, mut out: impl Write, field: Field) -> Result<(), Error> {
        let mut text = Vec::new();
        if field == Field::Harmless {
            text.extend_from_slice("\u{feff}".as_bytes());
        }
        let columns = self.rows.columns();
        for (position, &at) in self.rows.flat().iter().enumerate() {
            if position > 0 {
                text.push(b',');
            }
            field.push(&mut text, &columns[at].name);
        }
        text.push(b'\n');
        out.write_all(&text).map_err(Error::Write)?;
        let push = |row: usize, text: &mut Vec<u8>| {
            for (position, &at) in self.rows.flat().iter().enumerate() {
                if position > 0 {
                    text.push(b',');
                }
                self.push_cell(&self.rows.cell(at, self.item(row)), field, text);
            }
            text.push(b'\n');
            Ok(())
        };
        write_runs(self.len, push, |text, _| out.write_all(text).map_err(Error::Write))?;
        out.flush().map_err(Error::Write)
    }

    fn push_cell(&self, cell: &Cell<'_>, field: Field, text: &mut Vec<u8>) {
        match cell {
            Cell::Unknown => {}
            Cell::Number(x) => {
                push_number(text, *x);
                if self.bare && text.ends_with(b".0") {
                    text.truncate(text.len() - 2);
                }
            }
            Cell::Count(count) => push_whole(text, *count),
            Cell::Flag(flag) => text.extend_from_slice(if *flag { b"true" } else { b"false" }),
            Cell::Text(value) => field.push(text, value),
            Cell::Json(json) => field.push(text, &String::from_utf8_lossy(json)),
        }
    }

    /// It as a collection of features in memory, equal to what [`Format::GeoJson`] writes.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    ///
    /// # Complexity
    /// O(rows · columns + positions), each value an allocation of its own; write a million parcels instead.
    pub fn to_geojson(&self) -> Result<geojson::FeatureCollection, Error> {
        self.check()?;
        let shapes = self.rounded_shapes()?;
        let (columns, members) = (self.rows.columns(), self.rows.members());
        let features = (0..self.len).map(|row| {
            let mut properties = geojson::JsonObject::new();
            for &at in members {
                let value = value(self.rows.cell(at, self.item(row)));
                if !(value.is_null() && self.rows.is_sparse(at)) {
                    properties.insert(columns[at].name.clone(), value);
                }
            }
            let geometry = shapes.as_ref().map(|shapes| geometry(shapes.get(row)));
            geojson::Feature { geometry, properties: Some(properties), ..geojson::Feature::default() }
        });
        let foreign_members = self.crs().0.map(|name| {
            let mut members = geojson::JsonObject::new();
            members.insert("crs".to_owned(), crs_member(name));
            members
        });
        Ok(geojson::FeatureCollection { bbox: None, features: features.collect(), foreign_members })
    }

    /// Refuses a layer that is not [available](Self::is_available).
    ///
    /// # Errors
    /// [`Error::NoLayer`] with what the analysis would have had to be given.
    pub fn check(&self) -> Result<(), Error> {
        self.missing.map_or(Ok(()), |needs| Err(Error::NoLayer { layer: self.name, needs }))
    }

    pub(super) fn item(&self, row: usize) -> usize {
        self.items.as_ref().map_or(row, |items| items[row] as usize)
    }

    #[cfg(any(feature = "arrow", feature = "gpkg", feature = "xlsx"))]
    pub(super) fn rows(&self) -> &dyn Rows {
        &*self.rows
    }

    /// The system of its coordinates; longitude and latitude on WGS 84 where it has none.
    #[cfg(feature = "gpkg")]
    pub(super) fn crs_name(&self) -> &str {
        self.shapes.as_ref().map_or("EPSG:4326", |(plane, _)| plane.source())
    }

    /// The system of its coordinates where it is not longitude and latitude, and how they are rounded.
    pub(super) fn crs(&self) -> (Option<&str>, Rounding) {
        match self.shapes.as_ref().map(|(plane, _)| (plane, plane.source())) {
            None => (None, Rounding::Exact),
            Some((_, "EPSG:4326" | "OGC:CRS84")) => (None, Rounding::Degrees),
            Some((plane, name)) if plane.source_is_geographic() => (Some(name), Rounding::Degrees),
            Some((_, name)) => (Some(name), Rounding::Metres),
        }
    }

    /// The geometries of its rows in the coordinates of the input.
    fn shapes(&self) -> Option<MultiPolygonArray> {
        let (plane, shapes) = self.shapes.as_ref()?;
        let mut shapes = match self.shape_items.as_ref().or(self.items.as_ref()) {
            Some(items) => shapes.take(items),
            None => shapes.clone().into_owned(),
        };
        plane.inverse(shapes.coords_mut());
        Some(if plane.source_is_geographic() { cut_there(shapes) } else { shapes })
    }

    /// The same, rounded as they are written.
    pub(super) fn rounded_shapes(&self) -> Result<Option<MultiPolygonArray>, Error> {
        let rounding = self.crs().1;
        let Some(mut shapes) = self.shapes() else { return Ok(None) };
        for feature in 0..shapes.len() {
            if let Some(&[x, y]) =
                shapes.get(feature).coords().iter().find(|c| !c.iter().all(|x| x.is_finite()))
            {
                return Err(Error::NotFinite { feature, x, y });
            }
        }
        shapes.coords_mut().iter_mut().flatten().for_each(|x| *x = rounding.round(*x));
        Ok(Some(shapes))
    }
}

/// How texts stand in CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Plain,
    /// With an apostrophe before what a spreadsheet would take for a formula.
    Harmless,
}

impl Field {
    /// Adds a text, quoted where it must be.
    fn push(self, text: &mut Vec<u8>, field: &str) {
        let formula = self == Self::Harmless && field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let guard: &[u8] = if formula { b"'" } else { b"" };
        if field.contains([',', '"', '\n', '\r']) {
            text.push(b'"');
            text.extend_from_slice(guard);
            text.extend_from_slice(field.replace('"', "\"\"").as_bytes());
            text.push(b'"');
        } else {
            text.extend_from_slice(guard);
            text.extend_from_slice(field.as_bytes());
        }
    }
}

fn value(cell: Cell<'_>) -> serde_json::Value {
    match cell {
        Cell::Unknown => serde_json::Value::Null,
        Cell::Number(x) => x.into(),
        Cell::Count(count) => count.into(),
        Cell::Flag(flag) => flag.into(),
        Cell::Text(text) => text.into_owned().into(),
        Cell::Json(json) => serde_json::from_slice(&json).unwrap_or_default(),
    }
}

fn geometry(shape: MultiPolygonRef<'_>) -> geojson::Geometry {
    let polygons = shape.polygons().map(|polygon| {
        let ring = |ring: &[[f64; 2]]| ring.iter().map(|&position| position.into()).collect();
        polygon.rings().map(ring).collect()
    });
    let mut polygons: Vec<geojson::PolygonType> = polygons.collect();
    let value = match polygons.len() {
        1 => geojson::GeometryValue::Polygon { coordinates: polygons.swap_remove(0) },
        _ => geojson::GeometryValue::MultiPolygon { coordinates: polygons },
    };
    geojson::Geometry::new(value)
}

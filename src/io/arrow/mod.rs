//! Features in memory as Arrow record batches: what data frames, databases and other programs hold.

mod read;
mod shapes;
mod value;
mod wkb;

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{Field, SchemaRef};
use serde_json::Value;

use self::shapes::{Encoding, is_binary};
use crate::Error;
use crate::crs::{SourceCrs, projjson};

/// Names of columns that hold geometries in well-known binary where nothing says so.
const USUAL_NAMES: [&str; 6] = ["geometry", "geom", "wkb_geometry", "the_geom", "shape", "wkb"];

/// Features as Arrow record batches: one column of geometries, every other column a property.
///
/// *Geometries* are those of GeoArrow: well-known binary (`geoarrow.wkb`, or a column of bytes called `geometry` or alike), or its
/// layouts for points, lines and polygons (`geoarrow.polygon`, `geoarrow.multipolygon` …), interleaved or by ordinate. Edges are straight
/// in the working plane, whatever the column says of them. Which features are taken, and the reasons for those that are not, are the same
/// as for a text of GeoJSON.
///
/// *Properties* are read as those of GeoJSON: by the name of their column, null and NaN as missing, categories as their values, dates
/// as their texts (ISO 8601).
///
/// *The coordinate system* is that of the column's metadata (PROJJSON with a code, `EPSG:…`, WKT).
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, BinaryArray, Float64Array, RecordBatch};
/// use landuse::io::ArrowFeatures;
/// use landuse::{Analysis, Inputs, Options};
///
/// // A square of 100 m in well-known binary.
/// let mut square = [&[1][..], &[3, 1, 5].map(u32::to_le_bytes).concat()].concat();
/// for x in [0.0, 0.0, 100.0, 0.0, 100.0, 100.0, 0.0, 100.0, 0.0, 0.0_f64] {
///     square.extend(x.to_le_bytes());
/// }
/// let geometry: ArrayRef = Arc::new(BinaryArray::from(vec![&square[..]]));
/// let tax: ArrayRef = Arc::new(Float64Array::from(vec![12.5]));
/// let batch = RecordBatch::try_from_iter([("tax_yuan", tax), ("geometry", geometry)])?;
/// let parcels = ArrowFeatures::new("parcels", batch.schema(), [batch])?;
/// let inputs = Inputs::from_arrow(parcels).source_crs("local".parse()?).load()?;
/// assert_eq!(inputs.parcels().area_m2(), [10_000.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArrowFeatures {
    name: Box<str>,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    geometry: usize,
    encoding: Encoding,
    crs: Option<Result<String, Box<str>>>,
}

impl ArrowFeatures {
    /// Takes the batches of one schema; `name` is what messages call them. The column of geometries is the one that its metadata names
    /// so; of several the one called `geometry`.
    ///
    /// # Errors
    /// [`Error::File`] where there is no such column, or several, or one of an encoding that is not read here; [`Error::Arrow`] where
    /// a batch is not of the schema, or its offsets reach beyond its values.
    ///
    /// # Complexity
    /// O(1) per batch and column, but for the column of geometries, whose offsets are looked at.
    pub fn new(
        name: &str,
        schema: SchemaRef,
        batches: impl IntoIterator<Item = RecordBatch>,
    ) -> Result<Self, Error> {
        let geometry = geometry_column(name, &schema)?;
        Self::with_geometry(name, schema, batches, geometry)
    }

    /// As [`new`](Self::new), with the column of geometries named.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::File`] where no column has that name.
    pub fn with_geometry_column(
        name: &str,
        schema: SchemaRef,
        batches: impl IntoIterator<Item = RecordBatch>,
        column: &str,
    ) -> Result<Self, Error> {
        let geometry = schema.index_of(column).map_err(|_| {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            fault(name, format!("there is no column `{column}`, expected one of {}", list(names)))
        })?;
        Self::with_geometry(name, schema, batches, geometry)
    }

    fn with_geometry(
        name: &str,
        schema: SchemaRef,
        batches: impl IntoIterator<Item = RecordBatch>,
        geometry: usize,
    ) -> Result<Self, Error> {
        let field = schema.field(geometry);
        let encoding = match extension(field) {
            Some(extension) => Encoding::of(extension).ok_or_else(|| {
                let column = field.name();
                let expected = "expected geoarrow.wkb, geoarrow.polygon or geoarrow.multipolygon";
                fault(name, format!("the geometries of `{column}` are {extension}, {expected}"))
            })?,
            None => Encoding::Wkb,
        };
        if !encoding.fits(field.data_type()) {
            let (column, found, expected) = (field.name(), field.data_type(), encoding.expected());
            let reason = format!("the geometries of `{column}` are of the type {found}, expected {expected}");
            return Err(fault(name, reason));
        }
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        for batch in &batches {
            let own = batch.schema();
            let same = own.fields().len() == schema.fields().len()
                && own.fields().iter().zip(schema.fields()).all(|(a, b)| a.data_type() == b.data_type());
            if !same {
                return Err(fault(
                    name,
                    "a batch has other columns than the first, expected the same".into(),
                ));
            }
            batch.column(geometry).to_data().validate_full()?;
        }
        let crs = stated_crs(field);
        Ok(Self { name: name.into(), schema, batches, geometry, encoding, crs })
    }

    /// The system of the coordinates as the column of geometries states it, in a form that [`SourceCrs`] reads, or what it is called
    /// where that is not understood; none where nothing is stated.
    pub fn crs(&self) -> Option<&str> {
        self.crs.as_ref().map(|crs| match crs {
            Ok(name) => name.as_str(),
            Err(called) => called,
        })
    }

    /// The same in a system that the caller knows, whatever the column states.
    #[must_use]
    pub fn in_crs(self, crs: &SourceCrs) -> Self {
        Self { crs: Some(Ok(crs.to_string())), ..self }
    }

    /// How many features there are.
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Positions and names of the columns that are properties.
    fn properties(&self) -> impl Iterator<Item = (usize, &str)> {
        let fields = self.schema.fields().iter().map(|field| field.name().as_str()).enumerate();
        fields.filter(|&(at, _)| at != self.geometry)
    }
}

fn fault(name: &str, reason: String) -> Error {
    Error::File { file: name.into(), reason: reason.into() }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    crate::error::few(&names)
}

fn extension(field: &Field) -> Option<&str> {
    field.metadata().get("ARROW:extension:name").map(String::as_str)
}

/// Where the geometries are.
fn geometry_column(name: &str, schema: &SchemaRef) -> Result<usize, Error> {
    let fields = || schema.fields().iter().map(Arc::as_ref).enumerate();
    let is_geometry =
        |field: &Field| extension(field).is_some_and(|e| e.starts_with("geoarrow.") || e == "ogc.wkb");
    let mut found: Vec<(usize, &Field)> = fields().filter(|(_, field)| is_geometry(field)).collect();
    if found.is_empty() {
        let usual = |field: &Field| USUAL_NAMES.iter().any(|usual| usual.eq_ignore_ascii_case(field.name()));
        found = fields().filter(|(_, field)| is_binary(field.data_type()) && usual(field)).collect();
    }
    if found.len() > 1 {
        let called = found.iter().position(|(_, field)| field.name() == USUAL_NAMES[0]);
        found = called.map_or(found.clone(), |at| vec![found[at]]);
    }
    match found[..] {
        [(at, _)] => Ok(at),
        [] => {
            let names = list(fields().map(|(_, field)| field.name().as_str()));
            let reason = format!("no column is one of geometries, expected `geometry` among {names}");
            Err(fault(name, reason))
        }
        _ => {
            let names = list(found.iter().map(|(_, field)| field.name().as_str()));
            Err(fault(
                name,
                format!("several columns are geometries, expected one of them to be named: {names}"),
            ))
        }
    }
}

/// What the metadata of a column say of its system: a name that is understood, or what it is called.
fn stated_crs(field: &Field) -> Option<Result<String, Box<str>>> {
    let metadata = field.metadata().get("ARROW:extension:metadata")?;
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    let crs = match metadata.get("crs")? {
        Value::Null => return None,
        // PROJJSON may be given as its text.
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ Value::Object(_)) => inner,
            _ => return Some(understood(text)),
        },
        other => other.clone(),
    };
    Some(projjson::name_of(&crs))
}

fn understood(text: &str) -> Result<String, Box<str>> {
    if text.parse::<SourceCrs>().is_ok() { Ok(text.to_owned()) } else { Err(text.into()) }
}

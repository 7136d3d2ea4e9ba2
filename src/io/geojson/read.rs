use std::borrow::Cow;
use std::cell::RefCell;

use super::append::OWN;
use super::geometry::{Geometry, Tally};
use super::json::{Fault, Json, KeyCache};
use super::pieces::{Parsed, Piece, Stop};
use super::scan::{GEOMETRIES, Scanner, crs_name};
use super::spans::{FeatureSpan, Spans};
use super::text::GeoJsonText;
use crate::Error;
use crate::error::FeaturePos;
use crate::geometry::MultiPolygonArray;
use crate::io::columns::{ColumnPlan, Row, TableBuilder};
use crate::io::schema::Schema;
use crate::io::value::Value;
use crate::io::{Layer, OnBadFeature, ReadOptions, ReadReport, Source};
use crate::parcel::Rejected;

/// Reads GeoJSON into columns: a `FeatureCollection`, a `Feature`, a geometry, or features one after another (one a line,
/// with or without the record separators of RFC 8142); plain or gzip; with or without a byte order mark.
///
/// Memory is bounded by the columns and a few blocks of text: the file is neither mapped nor held. One thread reads a block
/// while the others parse the one before. The result is the same for any number of threads.
///
/// *What is taken*: `Polygon`, `MultiPolygon`, a `GeometryCollection` of nothing else (as one multipolygon), closed lines
/// where the options ask for it. Rings are taken as given, even unclosed or too short: whether they bound land is the
/// question of [`ParcelSet::new`](crate::ParcelSet::new). Ordinates beyond the second are left out and counted.
///
/// *What is put aside* (in `table.rejected`, in file order): features without polygons, with coordinates that are no finite
/// numbers, with properties that are neither object nor null. A value that the schema cannot read is unknown and listed in
/// [`ReadReport::property_faults`]: it does not cost the land.
///
/// Without a field for the id in the schema, the feature's own `id` is the id.
///
/// # Errors
/// [`Error::Io`] where the source cannot be read, [`Error::Syntax`] where it is not JSON, not UTF-8 or not GeoJSON (nothing
/// of such a file is used), [`Error::Feature`] for the first unusable feature where the options say stop, and
/// [`Error::TooLarge`] from 2,147,483,648 coordinates or 4,294,967,296 features on.
///
/// # Complexity
/// O(bytes) time; besides the columns three blocks of text and the columns of one.
///
/// # Source
/// RFC 8259 (JSON), RFC 7946 (GeoJSON), RFC 8142 (text sequences), GeoJSON 2008 for `crs`.
///
/// # Examples
/// ```
/// use landuse::io::{ReadOptions, Source, read, schema::Schema};
///
/// let text = r#"{"type": "Feature", "id": "A-104", "properties": null,
///     "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}"#;
/// let layer = read(&Source::bytes("parcel", text.as_bytes()), &Schema::default(), &ReadOptions::default())?;
/// assert_eq!(layer.table.attributes.id.get(0), Some("A-104"));
/// assert_eq!(layer.table.geometry.coords().len(), 4);
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn read(source: &Source, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error> {
    let file = source.feature_file()?;
    if let Some(columns) = file.as_ref().and_then(|file| file.columns()) {
        let mut layer = columns.read(schema, options)?;
        // Its text is made where it is asked for.
        layer.text = Some(GeoJsonText::of(source.clone(), layer.report.hash.clone(), None));
        return Ok(layer);
    }
    read_text(source, schema, options)
}

/// [`read`] of the text of a source, whatever else it may be.
fn read_text(source: &Source, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error> {
    let (mut layer, spans) =
        read_scanned(Scanner::open(source, options.block_bytes.max(1))?, schema, options)?;
    layer.text = Some(GeoJsonText::of(source.clone(), layer.report.hash.clone(), spans));
    Ok(layer)
}

/// [`read`] with a scanner that was opened already; with the spans of the features, if each is plain.
pub(super) fn read_scanned(
    mut scanner: Scanner,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Layer, Option<Spans>), Error> {
    scanner.enter()?;
    let early_crs = scanner.crs().is_some();
    let plan = ColumnPlan::new(schema);
    let name = scanner.name().to_owned();
    let mut merged = Batch::new(&plan);
    let parse = |piece: &mut Piece<'_>| parse_piece(piece, &plan, options, &name);
    let mut spans = Some(Spans::default());
    scanner.run(parse, |Parsed { text, base, row, pieces }| {
        let mut first_row = row as u32;
        for piece in pieces {
            let found = piece.of.spans.as_deref().zip(spans.as_mut());
            if found.and_then(|(found, all)| all.extend(base + piece.range.start as u64, found)).is_none() {
                spans = None;
            }
            merged.append(piece.of, first_row)?;
            first_row += piece.features as u32;
        }
        Ok(text)
    })?;
    if let Some(spans) = &mut spans {
        (spans.crs, spans.early_crs) = (scanner.crs().map(str::to_owned), early_crs);
    }
    Ok((merged.finish(&scanner), spans))
}

/// Reads the features of a piece; their positions are counted from its first.
fn parse_piece<'p>(
    piece: &mut Piece<'_>,
    plan: &'p ColumnPlan,
    options: &ReadOptions,
    file: &str,
) -> Result<Batch<'p>, Stop> {
    let mut reader = Reader::new(plan, options, piece.len());
    let mut row = 0;
    while piece.feature(|json| reader.feature(json, row))?.is_some() {
        row += 1;
        if options.on_bad_feature == OnBadFeature::Stop && !reader.batch.rows.table.rejected.is_empty() {
            let first_row = piece.row().ok_or(Stop::Doubt)?;
            let Rejected { mut at, reason } = reader.batch.rows.table.rejected.swap_remove(0);
            at.row += first_row as u32;
            return Err(Stop::Fault(Error::Feature { file: file.into(), at, reason }));
        }
    }
    Ok(reader.batch)
}

pub(in crate::io) fn syntax(file: &str, base: u64, text: &str, fault: Fault) -> Error {
    Error::Syntax { file: file.into(), offset: base + fault.at as u64, reason: fault.describe(text).into() }
}

/// Reads a value; an empty text is a missing one.
pub(in crate::io) fn read_value<'a>(json: &mut Json<'a>) -> Result<Value<'a>, Fault> {
    Ok(match json.token() {
        Some(b'"') => match json.string()?.text() {
            text if text.is_empty() => Value::Missing,
            text => Value::Text(text),
        },
        Some(b'-' | b'0'..=b'9') => {
            let start = json.pos();
            let number = json.number()?;
            Value::Number(number, json.since(start).into())
        }
        Some(b'{' | b'[') => {
            let start = json.pos();
            json.skip()?;
            Value::Nested(json.since(start).into())
        }
        _ => json.literal()?.map_or(Value::Missing, Value::Bool),
    })
}

/// Features of a piece of text.
struct Batch<'p> {
    rows: TableBuilder<'p>,
    tally: Tally,
    repeated: u64,
    /// Where the features of a piece stand in it; none where one of them is not plain.
    spans: Option<Vec<FeatureSpan>>,
}

impl<'p> Batch<'p> {
    fn new(plan: &'p ColumnPlan) -> Self {
        Self { rows: TableBuilder::new(plan), tally: Tally::default(), repeated: 0, spans: Some(Vec::new()) }
    }

    /// Adds features whose positions are counted from `row`.
    fn append(&mut self, other: Self, row: u32) -> Result<(), Error> {
        self.rows.append(other.rows, row)?;
        self.tally.add(&other.tally);
        self.repeated += other.repeated;
        Ok(())
    }

    fn finish(self, scanner: &Scanner) -> Layer {
        let about = scanner.about();
        let (table, report) = self.rows.finish(ReadReport {
            features: scanner.rows(),
            bytes: scanner.bytes(),
            hash: scanner.hash(),
            crs_member: scanner.crs().and_then(crs_name),
            dropped_ordinates: self.tally.dropped_ordinates,
            closed_lines: self.tally.closed_lines,
            collections: self.tally.collections,
            repeated_properties: self.repeated,
            unread_crs: about.and_then(|about| about.unread_crs.clone()),
            settled: about.map_or_else(Vec::new, |about| about.settled.clone()),
            noticed: scanner.warnings(),
            ..ReadReport::default()
        });
        Layer { table, report, text: None }
    }
}

/// What stands under `properties`.
enum Properties {
    Readable,
    Wrong(String),
}

/// What a member of a feature is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member {
    Type,
    Id,
    Properties,
    Geometry,
    Other,
}

impl Member {
    pub(super) fn of(key: &str) -> Self {
        match key {
            "type" => Self::Type,
            "id" => Self::Id,
            "properties" => Self::Properties,
            "geometry" => Self::Geometry,
            _ => Self::Other,
        }
    }
}

/// Reads features of one piece of text into one batch.
struct Reader<'p, 'a> {
    plan: &'p ColumnPlan,
    batch: Batch<'p>,
    row: Row<'p, 'a>,
    members: KeyCache<'a, Member>,
    /// Which value a property is, if any; whether it is of an earlier run.
    properties: KeyCache<'a, (Option<usize>, bool)>,
    closed_lines: bool,
    /// The brace that closes the properties of a feature that is plain so far.
    brace: Brace,
}

/// The brace that closes the properties of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brace {
    /// There were no properties yet.
    Awaited,
    At(usize),
    /// The feature is not plain.
    Odd,
}

impl<'p, 'a> Reader<'p, 'a> {
    fn new(plan: &'p ColumnPlan, options: &ReadOptions, bytes: usize) -> Self {
        let mut batch = Batch::new(plan);
        // Room for parcels of the densest kind, so that columns seldom move.
        batch.rows.table.geometry = MultiPolygonArray::with_capacity(bytes / 512, bytes / 26);
        Self {
            plan,
            batch,
            row: Row::new(plan),
            members: KeyCache::default(),
            properties: KeyCache::default(),
            closed_lines: options.closed_lines_as_polygons,
            brace: Brace::Awaited,
        }
    }

    /// Reads one feature: it is taken or put aside. A fault is one of syntax.
    fn feature(&mut self, json: &mut Json<'a>, row: u32) -> Result<(), Fault> {
        self.row.clear();
        json.token();
        let start = json.pos();
        self.brace = Brace::Awaited;
        let verdict = self.read_feature(json);
        match (&mut self.batch.spans, self.brace) {
            (Some(spans), Brace::At(brace)) => spans.push([start, brace, json.pos()]),
            (spans, _) => *spans = None,
        }
        if !matches!(verdict, Ok(Ok(()))) {
            self.batch.rows.table.geometry.rollback();
        }
        if let Err(reason) = verdict? {
            let at = FeaturePos { row, id: self.row.id() };
            self.batch.rows.table.rejected.push(Rejected { at, reason: reason.into() });
            return Ok(());
        }
        self.batch.rows.table.geometry.end_geometry();
        self.row.add_to(&mut self.batch.rows, row);
        Ok(())
    }

    fn read_feature(&mut self, json: &mut Json<'a>) -> Result<Result<(), String>, Fault> {
        let whole = *json;
        if json.token() != Some(b'{') {
            let found = json.found();
            json.skip()?;
            return Ok(Err(format!("found {found}, expected a Feature")));
        }
        let mut kind: Option<Cow<'a, str>> = None;
        let mut geometry: Option<Result<(), String>> = None;
        let mut properties = Properties::Readable;
        let mut members = std::mem::take(&mut self.members);
        json.object_with_cache(&mut members, Member::of, |json, member| {
            match member {
                Member::Type if json.token() == Some(b'"') => kind = Some(json.string()?.text()),
                Member::Type => {
                    let found = json.found();
                    json.skip()?;
                    kind = Some(found.into());
                }
                Member::Id => self.row.set(0, read_value(json)?),
                Member::Properties => properties = self.properties(json)?,
                Member::Geometry => {
                    self.batch.rows.table.geometry.rollback();
                    geometry = Some(self.geometry(json)?);
                }
                Member::Other => json.skip()?,
            }
            Ok::<(), Fault>(())
        })?;
        self.members = members;
        Ok(match (kind.as_deref(), properties) {
            (Some("Feature"), Properties::Wrong(found)) => {
                Err(format!("`properties` is {found}, expected an object or null"))
            }
            (Some("Feature"), Properties::Readable) => geometry.unwrap_or_else(|| {
                Err("there is no `geometry`, expected a Polygon or a MultiPolygon".into())
            }),
            (Some(kind), _) if GEOMETRIES.contains(&kind) => {
                self.brace = Brace::Odd;
                self.batch.rows.table.geometry.rollback();
                self.row.clear();
                self.geometry(&mut { whole })?
            }
            (kind, _) => {
                self.brace = Brace::Odd;
                Err(match kind {
                    Some(kind) => format!("`type` is {kind}, expected Feature"),
                    None => "there is no `type`, expected Feature".into(),
                })
            }
        })
    }

    fn geometry(&mut self, json: &mut Json<'a>) -> Result<Result<(), String>, Fault> {
        let mut geometry = Geometry {
            array: &mut self.batch.rows.table.geometry,
            tally: &mut self.batch.tally,
            closed_lines: self.closed_lines,
        };
        geometry.take(json)
    }

    fn properties(&mut self, json: &mut Json<'a>) -> Result<Properties, Fault> {
        if json.token() != Some(b'{') {
            self.brace = Brace::Odd;
            let found = json.found();
            json.skip()?;
            return Ok(if found == "null" { Properties::Readable } else { Properties::Wrong(found) });
        }
        // `properties` a second time replaces the first.
        self.row.clear_properties();
        let mut keys = std::mem::take(&mut self.properties);
        let slots = &self.plan.slots;
        let rows = RefCell::new(&mut self.batch.rows);
        let mut odd = self.brace != Brace::Awaited;
        json.object_with_cache(
            &mut keys,
            |key| {
                rows.borrow_mut().met(key);
                (slots.get(key).copied(), key.starts_with(OWN))
            },
            |json, (slot, own)| {
                odd |= own;
                let Some(slot) = slot else { return json.skip() };
                self.batch.repeated += u64::from(self.row.is_set(slot));
                self.row.set(slot, read_value(json)?);
                Ok(())
            },
        )?;
        self.properties = keys;
        self.brace = if odd { Brace::Odd } else { Brace::At(json.pos() - 1) };
        Ok(Properties::Readable)
    }
}

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::geometry::{Geometry, Kind, Tally};
use super::json::{Fault, Habit, Json};
use super::places::{Places, Stand};
use super::schema::{Field, Meaning, Scalar, Schema, Target};
use super::source::Source;
use super::splice::OWN;
use super::walk::{BLOCK, GEOMETRIES, Parsed, Piece, Stop, Walk, crs_name};
use crate::Error;
use crate::error::FeaturePos;
use crate::geometry::MultiPolygonArray;
use crate::parcel::{Attributes, CategoryColumn, Column, FeatureTable, NamedNumbers, Rejected, TextColumn};
use crate::zoning::LandUseCode;

/// What a schema calls the feature's own id.
pub(super) const OWN_ID: &str = "$id";
/// Characters of a value that a message quotes.
const QUOTED: usize = 40;

/// What to do with a feature that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadFeature {
    /// Put it aside with its position and the reason, and go on.
    #[default]
    Quarantine,
    /// Stop at the first one in the file with [`Error::Feature`].
    Stop,
}

/// How to read features.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// What to do with a feature that cannot be used. Default: put it aside.
    pub on_bad_feature: OnBadFeature,
    /// Take a closed line as the polygon it encloses, as control lines are often drawn. Default: no.
    pub closed_lines_as_polygons: bool,
    /// Bytes of text in memory at a time, a multiple of which is used; no result depends on it. Default: 8 MiB.
    pub block_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { on_bad_feature: OnBadFeature::default(), closed_lines_as_polygons: false, block_bytes: BLOCK }
    }
}

impl ReadOptions {
    /// Sets what to do with a feature that cannot be used.
    #[must_use]
    pub fn on_bad_feature(mut self, on_bad_feature: OnBadFeature) -> Self {
        self.on_bad_feature = on_bad_feature;
        self
    }

    /// Sets whether a closed line is taken as the polygon it encloses.
    #[must_use]
    pub fn closed_lines_as_polygons(mut self, yes: bool) -> Self {
        self.closed_lines_as_polygons = yes;
        self
    }

    /// Sets how much text is read at a time.
    #[must_use]
    pub fn block_bytes(mut self, bytes: usize) -> Self {
        self.block_bytes = bytes;
        self
    }
}

/// Features of one file, with what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Layer {
    /// The features as columns, in file order, and those that could not be taken.
    pub table: FeatureTable,
    /// What was noticed.
    pub report: ReadReport,
}

/// What was noticed while reading.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[non_exhaustive]
pub struct ReadReport {
    /// Features in the file: taken + rejected.
    pub features: u64,
    /// Bytes of text, decompressed.
    pub bytes: u64,
    /// Hash of the file as stored, `algorithm:hex`. Not cryptographic: it tells files apart, it does not seal them.
    pub hash: String,
    /// The name in the member `crs` that files from before RFC 7946 carry.
    pub crs_member: Option<String>,
    /// Ordinates beyond the second that were left out.
    pub dropped_ordinates: u64,
    /// Features whose closed lines were taken as polygons.
    pub closed_lines: u64,
    /// Features whose collection of polygons was taken as one multipolygon.
    pub collections: u64,
    /// Properties of the schema that stood twice in one feature; the last counts.
    pub repeated_properties: u64,
    /// Values that are of a wrong kind and so unknown.
    pub property_faults: Vec<PropertyFault>,
    /// The above in words, one line each: equal for files that differ in the order of their features only.
    pub warnings: Vec<String>,
    /// Where to look: the first feature that cannot be used and the first value of each property that is of a wrong kind.
    pub examples: Vec<String>,
}

/// Values of one property that are not what the schema says; they are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PropertyFault {
    /// The property.
    pub property: Box<str>,
    /// What its values should be.
    pub expected: Box<str>,
    /// How many are not.
    pub count: u64,
    /// The first feature with such a value.
    pub first: FeaturePos,
    /// The value there, as written.
    pub found: Box<str>,
}

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
/// [`Error::TooLarge`] from 4,294,967,295 coordinates or features on.
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
    source.set_places(None);
    let (layer, places) = read_walked(Walk::open(source, options.block_bytes.max(1))?, schema, options)?;
    source.set_places(places);
    Ok(layer)
}

/// [`read`] along a walk that was opened already; with the places of the features, if each is plain.
pub(super) fn read_walked(
    mut walk: Walk,
    schema: &Schema,
    options: &ReadOptions,
) -> Result<(Layer, Option<Places>), Error> {
    walk.enter()?;
    let early_crs = walk.crs().is_some();
    let plan = Plan::new(schema);
    let name = walk.name().to_owned();
    let mut merged = Batch::new(&plan);
    let parse = |piece: &mut Piece<'_>| parse_piece(piece, &plan, options, &name);
    let mut places = Some(Places::default());
    walk.run(parse, |Parsed { text, base, row, pieces }| {
        let mut first_row = row as u32;
        for piece in pieces {
            let stands = piece.of.stands.as_deref().zip(places.as_mut());
            if stands.and_then(|(stands, all)| all.extend(base + piece.range.start as u64, stands)).is_none()
            {
                places = None;
            }
            merged.append(piece.of, first_row)?;
            first_row += piece.features as u32;
        }
        Ok(text)
    })?;
    if let Some(places) = &mut places {
        (places.crs, places.early_crs) = (walk.crs().map(str::to_owned), early_crs);
    }
    Ok((merged.finish(&walk), places))
}

/// Reads the features of a piece; their positions are counted from its first.
fn parse_piece<'p>(
    piece: &mut Piece<'_>,
    plan: &'p Plan,
    options: &ReadOptions,
    file: &str,
) -> Result<Batch<'p>, Stop> {
    let mut reader = Reader::new(plan, options, piece.len());
    let mut row = 0;
    while piece.feature(|json| reader.feature(json, row))?.is_some() {
        row += 1;
        if options.on_bad_feature == OnBadFeature::Stop && !reader.batch.table.rejected.is_empty() {
            let first_row = piece.row().ok_or(Stop::Doubt)?;
            let Rejected { mut at, reason } = reader.batch.table.rejected.swap_remove(0);
            at.row += first_row as u32;
            return Err(Stop::Fault(Error::Feature { file: file.into(), at, reason }));
        }
    }
    Ok(reader.batch)
}

/// Properties of a file with sample values, for a look at it before there is a schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    names: Vec<String>,
    values: Vec<Vec<Value<'static>>>,
}

impl Samples {
    /// Names of the properties in order of first appearance, each with the values it had, as
    /// [`Schema::infer`](Schema::infer) takes them. The features' own id is `$id`.
    pub fn scalars(&self) -> Vec<(&str, Vec<Scalar<'_>>)> {
        let named = self.names.iter().map(String::as_str);
        let scalars =
            self.values.iter().map(|values| values.iter().map(|v| v.scalar(&Target::Floors)).collect());
        named.zip(scalars).collect()
    }
}

/// Looks at the properties of the first `limit` features.
///
/// # Errors
/// As [`read`], for the part of the text that is looked at: geometries are passed over.
pub fn sample(source: &Source, limit: usize) -> Result<Samples, Error> {
    let mut walk = Walk::open(source, BLOCK / 8)?.strict();
    let mut samples = Samples::default();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut add = |name: Cow<'_, str>, value: Value<'_>| {
        let i = *positions.entry(name.into_owned()).or_insert_with_key(|name| {
            samples.names.push(name.clone());
            samples.values.push(Vec::new());
            samples.names.len() - 1
        });
        samples.values[i].push(value.into_owned());
    };
    let mut seen = 0;
    while seen < limit {
        let Some(block) = walk.next()? else { break };
        let (text, base) = block.found_text(walk.name())?;
        for span in block.spans().iter().take(limit - seen) {
            seen += 1;
            let mut json = Json::at(text, span.start);
            if json.token() != Some(b'{') {
                continue;
            }
            let walked = json.object(|json, key| {
                match &*key.text() {
                    "id" => add(OWN_ID.into(), Value::read(json)?),
                    "properties" if json.token() == Some(b'{') => json.object(|json, key| {
                        add(key.text(), Value::read(json)?);
                        Ok::<(), Fault>(())
                    })?,
                    // A geometry may be most of the file, and whoever reads it will find its faults.
                    "geometry" if json.token() == Some(b'{') && json.pass_object() => {}
                    _ => json.skip()?,
                }
                Ok(())
            });
            walked.map_err(|fault| syntax(walk.name(), base, text, fault))?;
        }
    }
    Ok(samples)
}

pub(super) fn syntax(file: &str, base: u64, text: &str, fault: Fault) -> Error {
    Error::Syntax { file: file.into(), offset: base + fault.at as u64, reason: fault.describe(text).into() }
}

/// A schema turned the way the reader needs it: from properties to columns.
struct Plan {
    /// Names of properties that feed a column; the first is the feature's own id.
    properties: Vec<Box<str>>,
    slots: HashMap<Box<str>, usize>,
    columns: Vec<PlannedColumn>,
    /// Which of the columns is the id.
    id: usize,
}

struct PlannedColumn {
    target: Target,
    /// Properties that feed it; the first known value counts.
    fields: Vec<(usize, Field)>,
}

impl Plan {
    fn new(schema: &Schema) -> Self {
        let mut plan = Self {
            properties: vec![OWN_ID.into()],
            slots: HashMap::from([(OWN_ID.into(), 0)]),
            columns: Vec::new(),
            id: 0,
        };
        for field in &schema.fields {
            let slot = *plan.slots.entry(field.property.clone()).or_insert_with(|| {
                plan.properties.push(field.property.clone());
                plan.properties.len() - 1
            });
            let column = plan.columns.iter().position(|column| column.target == field.target);
            let column = column.unwrap_or_else(|| {
                plan.columns.push(PlannedColumn { target: field.target.clone(), fields: Vec::new() });
                plan.columns.len() - 1
            });
            plan.columns[column].fields.push((slot, field.clone()));
        }
        // A property may be called `$id` too; it would hide the feature's own id, so it is not looked for by name.
        plan.slots.remove(OWN_ID);
        plan.id = plan.columns.iter().position(|column| column.target == Target::Id).unwrap_or_else(|| {
            let own_id = Field::new(OWN_ID, Target::Id);
            plan.columns.push(PlannedColumn { target: Target::Id, fields: vec![(0, own_id)] });
            plan.columns.len() - 1
        });
        plan
    }
}

/// A column being filled.
enum Cells {
    Text(TextColumn),
    Number(Column<f64>),
    Bool(Column<bool>),
    Code(CategoryColumn<LandUseCode>),
    Category(CategoryColumn<Box<str>>),
}

impl Cells {
    fn of(target: &Target) -> Self {
        match target {
            Target::Id => Self::Text(TextColumn::new()),
            Target::CurrentUse | Target::ZonedUse => Self::Code(CategoryColumn::new()),
            Target::Construction => Self::Bool(Column::new()),
            Target::District | Target::Text(_) => Self::Category(CategoryColumn::new()),
            _ => Self::Number(Column::new()),
        }
    }

    fn push(&mut self, meaning: &Meaning<'_>) {
        match (self, meaning) {
            (Self::Text(column), Meaning::Text(text)) => column.push(Some(text)),
            (Self::Text(column), _) => column.push(None),
            (Self::Number(column), Meaning::Number(number)) => column.push(Some(*number)),
            (Self::Number(column), _) => column.push(None),
            (Self::Bool(column), Meaning::Bool(flag)) => column.push(Some(*flag)),
            (Self::Bool(column), _) => column.push(None),
            (Self::Code(column), Meaning::Code(code)) => column.push(Some(code)),
            (Self::Code(column), _) => column.push::<LandUseCode>(None),
            (Self::Category(column), Meaning::Text(text)) => column.push(Some(&**text)),
            (Self::Category(column), _) => column.push::<str>(None),
        }
    }

    /// Positions of the values among the distinct ones, in a column that keeps those.
    fn keys(&self) -> Option<&[u32]> {
        match self {
            Self::Code(column) => Some(column.keys()),
            Self::Category(column) => Some(column.keys()),
            _ => None,
        }
    }

    /// Adds the value whose position among the distinct ones is known.
    fn push_key(&mut self, key: u32) {
        match self {
            Self::Code(column) => column.push_key(key),
            Self::Category(column) => column.push_key(key),
            _ => {}
        }
    }

    fn append(&mut self, other: &Self) {
        match (self, other) {
            (Self::Text(own), Self::Text(theirs)) => own.append(theirs),
            (Self::Number(own), Self::Number(theirs)) => own.append(theirs),
            (Self::Bool(own), Self::Bool(theirs)) => own.append(theirs),
            (Self::Code(own), Self::Code(theirs)) => own.append(theirs),
            (Self::Category(own), Self::Category(theirs)) => own.append(theirs),
            _ => unreachable!("both come from one plan"),
        }
    }
}

/// Features that were read, with the columns of the plan in place of attributes.
struct Batch<'p> {
    plan: &'p Plan,
    table: FeatureTable,
    cells: Vec<Cells>,
    tally: Tally,
    repeated: u64,
    faults: Vec<PropertyFault>,
    /// Where the features of a piece stand in it; none where one of them is not plain.
    stands: Option<Vec<Stand>>,
}

impl<'p> Batch<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            table: FeatureTable::default(),
            cells: plan.columns.iter().map(|column| Cells::of(&column.target)).collect(),
            tally: Tally::default(),
            repeated: 0,
            faults: Vec::new(),
            stands: Some(Vec::new()),
        }
    }

    /// Adds features whose positions are counted from `row`.
    fn append(&mut self, mut other: Self, row: u32) -> Result<(), Error> {
        let extra = other.table.geometry.coords().len();
        if !self.table.geometry.fits(extra) {
            let found = self.table.geometry.coords().len() as u64 + extra as u64;
            return Err(Error::TooLarge { what: "coordinates", found, limit: u32::MAX.into() });
        }
        self.table.geometry.append(&other.table.geometry);
        self.table.source_row.extend(other.table.source_row.iter().map(|own| own + row));
        other.table.rejected.iter_mut().for_each(|rejected| rejected.at.row += row);
        self.table.rejected.append(&mut other.table.rejected);
        self.cells.iter_mut().zip(&other.cells).for_each(|(own, theirs)| own.append(theirs));
        self.tally.dropped_ordinates += other.tally.dropped_ordinates;
        self.tally.closed_lines += other.tally.closed_lines;
        self.tally.collections += other.tally.collections;
        self.repeated += other.repeated;
        for mut fault in other.faults {
            fault.first.row += row;
            match same_fault(&mut self.faults, &fault.property, &fault.expected) {
                Some(own) => own.count += fault.count,
                None => self.faults.push(fault),
            }
        }
        Ok(())
    }

    fn finish(self, walk: &Walk) -> Layer {
        let mut table = self.table;
        table.attributes = attributes(self.plan, self.cells, table.source_row.len());
        let mut report = ReadReport {
            features: walk.rows(),
            bytes: walk.bytes(),
            hash: walk.hash(),
            crs_member: walk.crs().and_then(crs_name),
            dropped_ordinates: self.tally.dropped_ordinates,
            closed_lines: self.tally.closed_lines,
            collections: self.tally.collections,
            repeated_properties: self.repeated,
            property_faults: self.faults,
            warnings: Vec::new(),
            examples: Vec::new(),
        };
        report.warnings = warnings(&report);
        report.examples = examples(&report, &table.rejected);
        Layer { table, report }
    }
}

fn same_fault<'a>(
    faults: &'a mut [PropertyFault],
    property: &str,
    expected: &str,
) -> Option<&'a mut PropertyFault> {
    faults.iter_mut().find(|fault| *fault.property == *property && *fault.expected == *expected)
}

fn examples(report: &ReadReport, rejected: &[Rejected]) -> Vec<String> {
    let unusable = rejected.first().map(|first| format!("{}: {}", first.at, first.reason));
    let unreadable = report.property_faults.iter().map(|fault| {
        let PropertyFault { property, expected, first, found, .. } = fault;
        format!("{first}: property `{property}` is {found}, expected {expected}")
    });
    unusable.into_iter().chain(unreadable).collect()
}

fn warnings(report: &ReadReport) -> Vec<String> {
    let mut lines: Vec<String> = (report.property_faults.iter())
        .map(|fault| {
            format!("{} values of `{}` are not {}: unknown", fault.count, fault.property, fault.expected)
        })
        .collect();
    lines.sort();
    let mut count = |n: u64, what: &str| {
        if n > 0 {
            lines.push(format!("{n} {what}"));
        }
    };
    count(report.dropped_ordinates, "ordinates beyond the second were left out");
    count(report.closed_lines, "features of closed lines were taken as polygons");
    count(report.collections, "collections of polygons were taken as multipolygons");
    count(report.repeated_properties, "properties stood twice in one feature; the last value was taken");
    lines
}

/// The columns of a plan as attributes of `len` rows; what no field feeds is unknown.
fn attributes(plan: &Plan, cells: Vec<Cells>, len: usize) -> Attributes {
    let mut all = Attributes {
        id: TextColumn::new(),
        current_use: CategoryColumn::unknown(len),
        zoned_use: CategoryColumn::unknown(len),
        construction: Column::unknown(len),
        floor_area_m2: Column::unknown(len),
        footprint_m2: Column::unknown(len),
        floors: Column::unknown(len),
        height_m: Column::unknown(len),
        allowed_far: Column::unknown(len),
        year_built: Column::unknown(len),
        district: CategoryColumn::unknown(len),
        ..Attributes::default()
    };
    for (column, cells) in plan.columns.iter().zip(cells) {
        match (&column.target, cells) {
            (Target::Id, Cells::Text(values)) => all.id = values,
            (Target::CurrentUse, Cells::Code(values)) => all.current_use = values,
            (Target::ZonedUse, Cells::Code(values)) => all.zoned_use = values,
            (Target::Construction, Cells::Bool(values)) => all.construction = values,
            (Target::FloorArea, Cells::Number(values)) => all.floor_area_m2 = values,
            (Target::Footprint, Cells::Number(values)) => all.footprint_m2 = values,
            (Target::Floors, Cells::Number(values)) => all.floors = values,
            (Target::Height, Cells::Number(values)) => all.height_m = values,
            (Target::AllowedFar, Cells::Number(values)) => all.allowed_far = values,
            (Target::YearBuilt, Cells::Number(values)) => all.year_built = values,
            (Target::District, Cells::Category(values)) => all.district = values,
            (Target::Number(name), Cells::Number(values)) => {
                let unit = column.fields.first().map_or_else(Box::default, |(_, field)| field.unit.clone());
                all.numbers.insert(name.clone(), NamedNumbers { unit, values });
            }
            (Target::Text(name), Cells::Category(values)) => {
                all.texts.insert(name.clone(), values);
            }
            _ => unreachable!("cells are made for their target"),
        }
    }
    all
}

/// A value of a property as it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Missing,
    Bool(bool),
    /// With the digits as written, which an id may need.
    Number(f64, Cow<'a, str>),
    Text(Cow<'a, str>),
    Nested(Cow<'a, str>),
}

impl<'a> Value<'a> {
    pub(super) fn read(json: &mut Json<'a>) -> Result<Self, Fault> {
        Ok(match json.token() {
            Some(b'"') => match json.string()?.text() {
                text if text.is_empty() => Self::Missing,
                text => Self::Text(text),
            },
            Some(b'-' | b'0'..=b'9') => {
                let start = json.pos();
                let number = json.number()?;
                Self::Number(number, json.since(start).into())
            }
            Some(b'{' | b'[') => {
                let start = json.pos();
                json.skip()?;
                Self::Nested(json.since(start).into())
            }
            _ => json.literal()?.map_or(Self::Missing, Self::Bool),
        })
    }

    /// The value as a field of this target takes it: a whole number that a double would blur is a text to those that want
    /// texts (ids of 18 digits).
    pub(super) fn scalar(&self, target: &Target) -> Scalar<'_> {
        let textual = || {
            matches!(
                target,
                Target::Id | Target::CurrentUse | Target::ZonedUse | Target::District | Target::Text(_)
            )
        };
        match self {
            Self::Missing => Scalar::Null,
            Self::Bool(flag) => Scalar::Bool(*flag),
            Self::Number(x, written) if x.abs() > 9_007_199_254_740_991.0 && textual() => {
                Scalar::Text(written)
            }
            Self::Number(x, _) => Scalar::Number(*x),
            Self::Text(text) => Scalar::Text(text),
            Self::Nested(text) => Scalar::Nested(text),
        }
    }

    /// The text where it is one and stands unescaped in the file.
    fn borrowed_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    /// The same value on its own memory.
    fn into_owned(self) -> Value<'static> {
        match self {
            Self::Missing => Value::Missing,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Number(x, written) => Value::Number(x, written.into_owned().into()),
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Nested(text) => Value::Nested(text.into_owned().into()),
        }
    }

    /// As a message quotes it.
    fn quoted(&self) -> Box<str> {
        let text = match self {
            Self::Missing => "null".into(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(_, written) | Self::Nested(written) => written.to_string(),
            Self::Text(text) => format!("\"{text}\""),
        };
        match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", &text[..end]).into(),
            None => text.into(),
        }
    }
}

/// What stands under `properties`.
enum Properties {
    Readable,
    Wrong(String),
}

/// What a member of a feature is.
#[derive(Debug, Clone, Copy)]
enum Member {
    Type,
    Id,
    Properties,
    Geometry,
    Other,
}

impl Member {
    fn of(key: &str) -> Self {
        match key {
            "type" => Self::Type,
            "id" => Self::Id,
            "properties" => Self::Properties,
            "geometry" => Self::Geometry,
            _ => Self::Other,
        }
    }
}

/// Texts met lately, each with a key. A text may be forgotten for another.
#[derive(Clone, Default)]
struct Memo<'a>(Vec<Option<(&'a str, u32)>>);

impl<'a> Memo<'a> {
    const SLOTS: usize = 256;

    fn get(&self, text: &str) -> Option<u32> {
        let (seen, key) = (*self.0.get(Self::slot(text))?)?;
        (seen == text).then_some(key)
    }

    fn set(&mut self, text: &'a str, key: u32) {
        self.0.resize(Self::SLOTS, None);
        self.0[Self::slot(text)] = Some((text, key));
    }

    /// By the length, the first eight and the last eight bytes.
    fn slot(text: &str) -> usize {
        let bytes = text.as_bytes();
        let [first, last] = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(&first), Some(&last)) => [first, last].map(u64::from_le_bytes),
            _ => [bytes.iter().fold(0, |all, &byte| all << 8 | u64::from(byte)), 0],
        };
        let mixed = (first ^ last.rotate_left(29)).wrapping_add(bytes.len() as u64);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % Self::SLOTS
    }
}

/// Reads features of one piece of text into one batch.
struct Reader<'p, 'a> {
    plan: &'p Plan,
    batch: Batch<'p>,
    values: Vec<Value<'a>>,
    /// For each column that keeps distinct values: texts met lately with their keys in it.
    memos: Vec<Memo<'a>>,
    members: Habit<'a, Member>,
    /// Which value a property is, if any; whether it is of an earlier run.
    properties: Habit<'a, (Option<usize>, bool)>,
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
    fn new(plan: &'p Plan, options: &ReadOptions, bytes: usize) -> Self {
        let mut batch = Batch::new(plan);
        // Room for parcels of the densest kind, so that columns seldom move.
        batch.table.geometry = MultiPolygonArray::with_capacity(bytes / 512, bytes / 26);
        Self {
            plan,
            batch,
            values: Vec::new(),
            memos: vec![Memo::default(); plan.columns.len()],
            members: Habit::default(),
            properties: Habit::default(),
            closed_lines: options.closed_lines_as_polygons,
            brace: Brace::Awaited,
        }
    }

    /// Reads one feature: it is taken or put aside. A fault is one of syntax.
    fn feature(&mut self, json: &mut Json<'a>, row: u32) -> Result<(), Fault> {
        self.values.clear();
        self.values.resize_with(self.plan.properties.len(), || Value::Missing);
        json.token();
        let start = json.pos();
        self.brace = Brace::Awaited;
        let verdict = self.read_feature(json);
        match (&mut self.batch.stands, self.brace) {
            (Some(stands), Brace::At(brace)) => stands.push([start, brace, json.pos()]),
            (stands, _) => *stands = None,
        }
        if !matches!(verdict, Ok(Ok(()))) {
            self.batch.table.geometry.rollback();
        }
        if let Err(reason) = verdict? {
            let at = FeaturePos { row, id: self.id() };
            self.batch.table.rejected.push(Rejected { at, reason: reason.into() });
            return Ok(());
        }
        self.batch.table.geometry.end_geometry();
        self.batch.table.source_row.push(row);
        for i in 0..self.plan.columns.len() {
            self.cell(i, row);
        }
        Ok(())
    }

    /// Adds what the values say for one column.
    fn cell(&mut self, i: usize, row: u32) {
        let column = &self.plan.columns[i];
        let cells = &mut self.batch.cells[i];
        // What one field makes of a text is the same each time.
        let text = match column.fields[..] {
            [(slot, _)] if cells.keys().is_some() => self.values[slot].borrowed_text(),
            _ => None,
        };
        if let Some(text) = text
            && let Some(key) = self.memos[i].get(text)
        {
            cells.push_key(key);
            return;
        }
        let mut meaning = Meaning::Unknown;
        for (slot, field) in &column.fields {
            let value = &self.values[*slot];
            match read_value(field, value) {
                Ok(Meaning::Unknown) => {}
                Ok(known) => {
                    meaning = known;
                    break;
                }
                Err(expected) => match same_fault(&mut self.batch.faults, &field.property, expected) {
                    Some(fault) => fault.count += 1,
                    None => self.batch.faults.push(PropertyFault {
                        property: field.property.clone(),
                        expected: expected.into(),
                        count: 1,
                        first: FeaturePos { row, id: id_of(self.plan, &self.values) },
                        found: value.quoted(),
                    }),
                },
            }
        }
        let known = !matches!(meaning, Meaning::Unknown);
        match (cells, meaning, text) {
            // A value that the memo forgot stands twice then; where columns are joined it is one again.
            (Cells::Category(column), Meaning::Text(value), Some(_)) => column.push_unseen(value.into()),
            (cells, meaning, _) => cells.push(&meaning),
        }
        if let Some(text) = text
            && let Some(key) = self.batch.cells[i].keys().and_then(|keys| keys.last().copied())
            && known
        {
            self.memos[i].set(text, key);
        }
    }

    fn id(&self) -> Option<Box<str>> {
        id_of(self.plan, &self.values)
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
        json.object_by_habit(&mut members, Member::of, |json, member| {
            match member {
                Member::Type if json.token() == Some(b'"') => kind = Some(json.string()?.text()),
                Member::Type => {
                    let found = json.found();
                    json.skip()?;
                    kind = Some(found.into());
                }
                Member::Id => self.values[0] = Value::read(json)?,
                Member::Properties => properties = self.properties(json)?,
                Member::Geometry => {
                    self.batch.table.geometry.rollback();
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
                self.batch.table.geometry.rollback();
                self.values.iter_mut().for_each(|value| *value = Value::Missing);
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
        let tally = self.batch.tally.clone();
        let mut geometry = Geometry {
            array: &mut self.batch.table.geometry,
            tally: &mut self.batch.tally,
            closed_lines: self.closed_lines,
        };
        let kind = geometry.read(json)?;
        Ok(match kind {
            Ok(Kind::Empty) => Err("the geometry is empty, expected a Polygon or a MultiPolygon".into()),
            Ok(kind) => {
                geometry.count(kind);
                Ok(())
            }
            Err(reason) => Err(reason),
        }
        .inspect_err(|_| self.batch.tally = tally))
    }

    fn properties(&mut self, json: &mut Json<'a>) -> Result<Properties, Fault> {
        if json.token() != Some(b'{') {
            self.brace = Brace::Odd;
            let found = json.found();
            json.skip()?;
            return Ok(if found == "null" { Properties::Readable } else { Properties::Wrong(found) });
        }
        // `properties` a second time replaces the first.
        self.values[1..].iter_mut().for_each(|value| *value = Value::Missing);
        let mut habit = std::mem::take(&mut self.properties);
        let slots = &self.plan.slots;
        let mut odd = self.brace != Brace::Awaited;
        json.object_by_habit(
            &mut habit,
            |key| (slots.get(key).copied(), key.starts_with(OWN)),
            |json, (slot, own)| {
                odd |= own;
                let Some(slot) = slot else { return json.skip() };
                if !matches!(self.values[slot], Value::Missing) {
                    self.batch.repeated += 1;
                }
                self.values[slot] = Value::read(json)?;
                Ok(())
            },
        )?;
        self.properties = habit;
        self.brace = if odd { Brace::Odd } else { Brace::At(json.pos() - 1) };
        Ok(Properties::Readable)
    }
}

/// What a field makes of a value; a number no double can hold is none.
fn read_value<'v>(field: &'v Field, value: &'v Value<'_>) -> Result<Meaning<'v>, &'static str> {
    match value.scalar(&field.target) {
        Scalar::Number(x) if !x.is_finite() => Err("a finite number"),
        scalar => field.read(scalar),
    }
}

fn id_of(plan: &Plan, values: &[Value<'_>]) -> Option<Box<str>> {
    plan.columns[plan.id].fields.iter().find_map(|(slot, field)| match read_value(field, &values[*slot]) {
        Ok(Meaning::Text(id)) => Some(id.into()),
        _ => None,
    })
}

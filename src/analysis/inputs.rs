//! Every layer an analysis looks at, brought into one plane here and nowhere else.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::options::{InputOptions, Options, Records};
use crate::adjacency::Barriers;
use crate::control::{ControlLines, Permits};
use crate::crs::{SourceCrs, WorkingCrs};
use crate::efficiency::FieldChecks;
use crate::error::{Error, ParamError};
use crate::expr::{ColumnRef, Expr, NamedColumns};
use crate::geometry::Coord;
use crate::io::schema::{Field, Inference, Schema, Target};
use crate::io::{
    Contents, ContentsOptions, FeatureSource, GeoJsonText, Loaded, Loader, OWN_ID, ReadOptions, ReadReport,
    Settled, Source, Table, Unreadable, features_of, infer_features,
};
use crate::join::{Buildings, Firms, FirmsOnParcels};
use crate::parcel::{
    FeatureTable, Laid, Parcel, ParcelColumns, ParcelIdx, ParcelSet, RecordCounts, Repair, Unlaid, lay_beside,
};
use crate::warning::{Warning, WarningKind};
use crate::zoning::Schemes;

/// Where a layer comes from: a file, text, features in memory, or a set in a plane of its own.
#[derive(Debug, Clone)]
pub struct LayerSource(Origin);

#[derive(Clone)]
enum Origin {
    Here(Content),
    Later(Arc<dyn Fn() -> Result<Source, Error> + Send + Sync>),
}

/// A layer at hand; a clone shares it.
#[derive(Clone)]
enum Content {
    Text(Source),
    Features(Arc<dyn FeatureSource + Send + Sync>),
    Table(Arc<FeatureTable>, SourceCrs),
    Set(Arc<ParcelSet>),
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(Content::Text(source)) => f.debug_tuple("Text").field(source).finish(),
            Self::Here(Content::Features(source)) => f.debug_tuple("Features").field(&source.name()).finish(),
            Self::Here(Content::Table(table, crs)) => {
                f.debug_tuple("Table").field(&table.len()).field(crs).finish()
            }
            Self::Here(Content::Set(set)) => f.debug_tuple("Set").field(&set.len()).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

impl LayerSource {
    /// A source that is opened once its turn comes: layers beside the parcels after the parcels, tables after the layers.
    pub fn later(open: impl Fn() -> Result<Source, Error> + Send + Sync + 'static) -> Self {
        Self(Origin::Later(Arc::new(open)))
    }

    /// Features of any source, read by a schema as those of a file.
    pub fn features(source: impl FeatureSource + Send + Sync + 'static) -> Self {
        Self(Origin::Here(Content::Features(Arc::new(source))))
    }

    fn opened(&self, options: &InputOptions) -> Result<Content, Error> {
        let content = match &self.0 {
            Origin::Here(content) => content.clone(),
            Origin::Later(open) => Content::Text(open()?),
        };
        Ok(match (content, options.encoding.as_deref()) {
            (Content::Text(source), encoding @ Some(_)) => Content::Text(source.encoding(encoding)),
            (content, _) => content,
        })
    }
}

impl From<Source> for LayerSource {
    fn from(source: Source) -> Self {
        Self(Origin::Here(Content::Text(source)))
    }
}

impl From<&str> for LayerSource {
    /// A path.
    fn from(path: &str) -> Self {
        Source::file(path).into()
    }
}

impl From<&Path> for LayerSource {
    fn from(path: &Path) -> Self {
        Source::file(path).into()
    }
}

impl From<PathBuf> for LayerSource {
    fn from(path: PathBuf) -> Self {
        Source::file(path).into()
    }
}

impl From<geojson::FeatureCollection> for LayerSource {
    fn from(features: geojson::FeatureCollection) -> Self {
        Source::collection("features", &features).into()
    }
}

#[cfg(feature = "arrow")]
impl From<crate::io::ArrowFeatures> for LayerSource {
    fn from(features: crate::io::ArrowFeatures) -> Self {
        Self::features(features)
    }
}

impl From<ParcelSet> for LayerSource {
    fn from(set: ParcelSet) -> Self {
        Arc::new(set).into()
    }
}

impl From<Arc<ParcelSet>> for LayerSource {
    fn from(set: Arc<ParcelSet>) -> Self {
        Self(Origin::Here(Content::Set(set)))
    }
}

/// Where field checks come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CheckSource {
    /// A table: `parcel`, `status`, `reason`, `date`.
    Table(LayerSource),
    /// Checks in memory.
    Checks(FieldChecks),
}

impl From<Source> for CheckSource {
    fn from(table: Source) -> Self {
        Self::Table(table.into())
    }
}

impl From<FieldChecks> for CheckSource {
    fn from(checks: FieldChecks) -> Self {
        Self::Checks(checks)
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct InputFile {
    /// Its name as the caller gave it.
    pub name: String,
    /// What it was read as: `parcels`, `control lines` …
    pub role: Box<str>,
    /// Hash of its bytes as stored, `algorithm:hex`; empty for features in memory.
    pub hash: String,
    /// Bytes of text, decompressed.
    pub bytes: u64,
    /// Questions that the file left open, such as the encoding of its texts, and how they were settled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
    /// The first feature that cannot be used, the first value of each property that is of a wrong kind.
    pub examples: Vec<String>,
    /// Boundaries that were mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
}

impl InputFile {
    /// A table, as read.
    pub fn of_table(table: &Table, role: &str) -> Self {
        Self {
            name: table.file().into(),
            role: role.into(),
            hash: table.hash().into(),
            bytes: table.bytes(),
            settled: table.settled().to_vec(),
            examples: Vec::new(),
            repairs: Vec::new(),
        }
    }
}

/// Every layer an analysis looks at, in the plane of the parcels. A clone shares them.
///
/// ```
/// use landuse::{Analysis, Inputs, Options};
///
/// let inputs = Inputs::open("data/city/parcels.geojson")
///     .control_lines("data/city/control_lines.geojson")
///     .districts("data/city/districts.geojson")
///     .load()?;
/// let options = Options::builder().score("tax_yuan / area_m2").permutations(99).build()?;
/// let found = Analysis::new(&inputs, options).run()?;
/// assert!(found.sites().len() >= 2);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Clone)]
pub struct Inputs {
    parcels: Arc<ParcelSet>,
    beside: Arc<Beside>,
    text: Option<GeoJsonText>,
    id_property: Option<Box<str>>,
    files: Arc<[InputFile]>,
    warnings: Arc<[Warning]>,
    firms: Option<Arc<(Firms, FirmsOnParcels)>>,
    buildings: Option<Arc<(ParcelSet, Buildings)>>,
    /// Shared by inputs whose parcels have the same shapes.
    shapes: Arc<()>,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("parcels", &self.parcels.len())
            .field("plane", &self.parcels.plane().definition())
            .field("control_lines", &self.control_lines().map(ControlLines::len))
            .field("districts", &self.districts().map(ParcelSet::len))
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// The parcels, and what was read with them.
struct ReadParcels {
    set: Arc<ParcelSet>,
    schemes: Schemes,
    id_property: Option<Box<str>>,
    text: Option<GeoJsonText>,
}

/// What lies beside the parcels.
#[derive(Debug, Clone, Default)]
struct Beside {
    schemes: Schemes,
    lines: Option<ControlLines>,
    districts: Option<ParcelSet>,
    unsuitable: Option<ParcelSet>,
    barriers: Option<Barriers>,
    field_checks: Option<FieldChecks>,
}

impl Inputs {
    /// Begins with a layer of parcels.
    pub fn open(parcels: impl Into<LayerSource>) -> InputsBuilder {
        InputsBuilder {
            parcels: parcels.into(),
            lines: Vec::new(),
            districts: Vec::new(),
            unsuitable: Vec::new(),
            barriers: Vec::new(),
            lanes: Vec::new(),
            buildings: Vec::new(),
            firms: None,
            field_checks: None,
            schema: SchemaChoice::Inferred,
            schemes: None,
            columns: Vec::new(),
            named_lines: Vec::new(),
            options: InputOptions::default(),
            plane_of: None,
            date: None,
        }
    }

    /// Begins with parcels in memory, whose coordinates are in `crs`, x east and y north.
    pub fn from_parcels(parcels: impl IntoIterator<Item = Parcel>, crs: SourceCrs) -> InputsBuilder {
        let table = Arc::new(FeatureTable::from_parcels(parcels));
        Self::open(LayerSource(Origin::Here(Content::Table(table, crs))))
    }

    /// Begins with GeoJSON features in memory, read by the schema as those of a file.
    pub fn from_features(features: impl IntoIterator<Item = geojson::Feature>) -> InputsBuilder {
        Self::open(features.into_iter().collect::<geojson::FeatureCollection>())
    }

    /// Begins with record batches in memory, read by the schema as the features of a file.
    #[cfg(feature = "arrow")]
    pub fn from_arrow(features: crate::io::ArrowFeatures) -> InputsBuilder {
        Self::open(features)
    }

    /// The parcels.
    pub fn parcels(&self) -> &Arc<ParcelSet> {
        &self.parcels
    }

    /// What land-use codes mean.
    pub fn schemes(&self) -> &Schemes {
        &self.beside.schemes
    }

    /// Control lines.
    pub fn control_lines(&self) -> Option<&ControlLines> {
        self.beside.lines.as_ref()
    }

    /// Study units.
    pub fn districts(&self) -> Option<&ParcelSet> {
        self.beside.districts.as_ref()
    }

    /// Land that cannot be built on for other reasons, such as water.
    pub fn unsuitable(&self) -> Option<&ParcelSet> {
        self.beside.unsuitable.as_ref()
    }

    /// What cuts neighbours across a gap off from each other.
    pub fn barriers(&self) -> Option<&Barriers> {
        self.beside.barriers.as_ref()
    }

    /// What was found on the spot: it wins over what is computed.
    pub fn field_checks(&self) -> Option<&FieldChecks> {
        self.beside.field_checks.as_ref()
    }

    /// The firms that were joined to the parcels, and what became of them.
    pub fn firms(&self) -> Option<(&Firms, &FirmsOnParcels)> {
        self.firms.as_deref().map(|(firms, joined)| (firms, joined))
    }

    /// The buildings that were joined to the parcels, and what became of them.
    pub fn buildings(&self) -> Option<(&ParcelSet, &Buildings)> {
        self.buildings.as_deref().map(|(buildings, joined)| (buildings, joined))
    }

    /// The files that were read, in the order of reading.
    pub fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// What was noticed while reading. It depends neither on names of files nor on the order of features.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The text that the parcels were read from; none where they came from memory.
    pub fn parcel_text(&self) -> Option<&GeoJsonText> {
        self.text.as_ref()
    }

    /// The property of the parcels that is their id, `$id` for the feature's own; none where no property was read as id.
    pub fn id_property(&self) -> Option<&str> {
        self.id_property.as_deref()
    }

    /// These inputs with one parcel changed; its coordinates are metres in the plane of the parcels. The others keep their order.
    ///
    /// # Errors
    /// [`Error::Param`] where the parcel is not of this set; [`Error::Feature`] where its boundary cannot be used.
    ///
    /// # Complexity
    /// O(n) copies.
    pub fn with_parcel(&self, parcel: ParcelIdx, changed: &Parcel) -> Result<Self, Error> {
        let parcels = Arc::new(self.parcels.with_parcel(parcel, changed)?);
        Ok(Self { parcels, text: None, shapes: Arc::default(), ..self.clone() })
    }

    /// These inputs with other attributes of some parcels, whose shapes and ids stay: [`Run::after`](super::Run::after) an earlier analysis takes
    /// over all that hangs on shapes alone, neighbours, overlaps, and what lines take.
    ///
    /// # Errors
    /// As [`ParcelSet::with_attributes`].
    ///
    /// # Complexity
    /// O(n) copies.
    pub fn with_attributes(&self, changed: &[(ParcelIdx, Parcel)]) -> Result<Self, Error> {
        let parcels = Arc::new(self.parcels.with_attributes(changed)?);
        Ok(Self { parcels, text: None, ..self.clone() })
    }

    /// These inputs without the control lines of some ids.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an id that no line has.
    ///
    /// # Complexity
    /// O(vertices) copies of the layers beside the parcels.
    pub fn without_lines(&self, ids: &[Box<str>]) -> Result<Self, Error> {
        let mut beside = Beside::clone(&self.beside);
        let missing =
            |id: &str| Error::NotFound { place: "control lines".into(), what: "line", id: id.into() };
        match (beside.lines.take(), ids) {
            (None, [first, ..]) => return Err(missing(first)),
            (None, []) => {}
            (Some(lines), _) => {
                let (lines, without) = lines.without(ids);
                if let Some(id) = without.first() {
                    return Err(missing(id));
                }
                beside.lines = Some(lines).filter(|lines| !lines.is_empty());
            }
        }
        Ok(Self { beside: Arc::new(beside), ..self.clone() })
    }

    /// Whether two inputs share the shapes of their parcels and all layers beside them.
    pub(super) fn same_shapes_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shapes, &other.shapes) && Arc::ptr_eq(&self.beside, &other.beside)
    }

    /// Whether two inputs share their parcels and all layers beside them.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parcels, &other.parcels) && Arc::ptr_eq(&self.beside, &other.beside)
    }
}

/// Gathers layers; [`load`](Self::load) reads them.
#[derive(Debug)]
pub struct InputsBuilder {
    parcels: LayerSource,
    lines: Vec<LayerSource>,
    districts: Vec<LayerSource>,
    unsuitable: Vec<LayerSource>,
    barriers: Vec<LayerSource>,
    lanes: Vec<LayerSource>,
    buildings: Vec<LayerSource>,
    firms: Option<LayerSource>,
    field_checks: Option<CheckSource>,
    schema: SchemaChoice,
    schemes: Option<Schemes>,
    columns: Vec<Box<str>>,
    /// Ids of control lines that permits name.
    named_lines: Vec<Box<str>>,
    options: InputOptions,
    plane_of: Option<Arc<ParcelSet>>,
    date: Option<Box<str>>,
}

#[derive(Debug)]
enum SchemaChoice {
    Inferred,
    Profile(Box<str>),
    Given(Schema),
}

impl InputsBuilder {
    /// Adds control lines: features with the properties id, name, tier and effect.
    #[must_use]
    pub fn control_lines(mut self, layer: impl Into<LayerSource>) -> Self {
        self.lines.push(layer.into());
        self
    }

    /// Adds study units: features with the properties id and name.
    #[must_use]
    pub fn districts(mut self, layer: impl Into<LayerSource>) -> Self {
        self.districts.push(layer.into());
        self
    }

    /// Adds land that cannot be built on for other reasons, such as water.
    #[must_use]
    pub fn unsuitable(mut self, layer: impl Into<LayerSource>) -> Self {
        self.unsuitable.push(layer.into());
        self
    }

    /// Adds lines or areas that cut neighbours across a gap off from each other, such as railways and rivers.
    #[must_use]
    pub fn barriers(mut self, layer: impl Into<LayerSource>) -> Self {
        self.barriers.push(layer.into());
        self
    }

    /// Adds areas where barriers can be crossed: bridges, underpasses.
    #[must_use]
    pub fn lanes(mut self, layer: impl Into<LayerSource>) -> Self {
        self.lanes.push(layer.into());
        self
    }

    /// Adds footprints of buildings, spread onto parcels by overlap.
    #[must_use]
    pub fn buildings(mut self, layer: impl Into<LayerSource>) -> Self {
        self.buildings.push(layer.into());
        self
    }

    /// Sets the table of firms and the parcels they stand on.
    #[must_use]
    pub fn firms(mut self, table: impl Into<LayerSource>) -> Self {
        self.firms = Some(table.into());
        self
    }

    /// Sets what was found on the spot, or the table of it: it wins over what is computed.
    #[must_use]
    pub fn field_checks(mut self, checks: impl Into<CheckSource>) -> Self {
        self.field_checks = Some(checks.into());
        self
    }

    /// Sets which property of the parcels is what. Default: inferred.
    #[must_use]
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = SchemaChoice::Given(schema);
        self
    }

    /// Sets a built-in schema ([`Schema::builtin`]).
    #[must_use]
    pub fn profile(mut self, name: &str) -> Self {
        self.schema = SchemaChoice::Profile(name.into());
        self
    }

    /// Sets what land-use codes mean. Default: the built-in schemes.
    #[must_use]
    pub fn schemes(mut self, schemes: Schemes) -> Self {
        self.schemes = Some(schemes);
        self
    }

    /// Keeps properties of the parcels that no field of the schema feeds.
    #[must_use]
    pub fn columns(mut self, names: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        self.columns.extend(names.into_iter().map(Into::into));
        self
    }

    /// Reads as these options say, and keeps every property that one of their expressions names.
    ///
    /// # Errors
    /// [`Error::Param`] for an expression that is none.
    pub fn options(mut self, options: &Options) -> Result<Self, Error> {
        self.options = options.input.clone();
        self.columns.extend(options.columns()?);
        let permits = options.review.permits.iter();
        self.named_lines = permits.flat_map(Permits::lines).map(Into::into).collect();
        Ok(self)
    }

    /// Sets the coordinate system of all layers; it wins over what files say.
    #[must_use]
    pub fn source_crs(mut self, crs: SourceCrs) -> Self {
        self.options.source_crs = Some(crs);
        self
    }

    /// Sets the plane to compute in. Default: the equal-area plane around the parcels.
    #[must_use]
    pub fn crs(mut self, crs: WorkingCrs) -> Self {
        self.options.crs = crs;
        self
    }

    /// Computes in the plane of another set, as two dates do that are compared.
    #[must_use]
    pub fn in_plane_of(mut self, set: &Arc<ParcelSet>) -> Self {
        self.plane_of = Some(Arc::clone(set));
        self
    }

    /// What warnings call these layers, such as `old`, where there are several of a kind.
    #[must_use]
    pub fn called(mut self, date: &str) -> Self {
        self.date = Some(date.into());
        self
    }

    /// What is in the file of parcels, and how it would be understood; none for parcels in memory.
    ///
    /// # Errors
    /// As [`load`](Self::load), for reading the parcels.
    pub fn contents(&self) -> Result<Option<Contents>, Error> {
        let mut options = ContentsOptions::default();
        options.source_crs.clone_from(&self.options.source_crs);
        let chosen = |options: &mut ContentsOptions, features: &dyn FeatureSource| {
            if !matches!(self.schema, SchemaChoice::Inferred) {
                let (schema, schemes) = self.schema_for(&infer_features(features)?)?;
                (options.schema, options.schemes) = (Some(schema), Some(schemes));
            }
            Ok::<(), Error>(())
        };
        match self.parcels.opened(&self.options)? {
            Content::Text(source) => {
                chosen(&mut options, &*features_of(&source)?)?;
                Contents::of(&source, &options).map(Some)
            }
            Content::Features(source) => {
                chosen(&mut options, &*source)?;
                Contents::of_features(&*source, &options).map(Some)
            }
            Content::Table(..) | Content::Set(_) => Ok(None),
        }
    }

    /// Reads every layer, moves it into the plane of the parcels, and brings firms and buildings onto them.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Syntax`], [`Error::Feature`] for files that cannot be read; [`Error::Crs`] where coordinates are in
    /// no known system or no plane fits; [`Error::Planes`] for a set of another plane; [`Error::Config`] and [`Error::Param`] for a
    /// schema, an effect or a table that cannot be used.
    pub fn load(self) -> Result<Inputs, Error> {
        let date = self.date.as_deref();
        let mut reading = Reading { options: &self.options, date, files: Vec::new(), warnings: Vec::new() };
        let ReadParcels { set, schemes, id_property, text } = self.read_parcels(&mut reading)?;
        let mut parcels = reading.land_of(set, self.options.records);
        let (lines_where, districts_where) = (&self.options.lines_where, &self.options.districts_where);
        let lines = reading.merged("control lines", &self.lines, &parcels, lines_where.as_deref())?;
        let districts = reading.merged("districts", &self.districts, &parcels, districts_where.as_deref())?;
        let unsuitable = reading.merged("unsuitable land", &self.unsuitable, &parcels, None)?;
        let lines = lines.map(ControlLines::new).transpose()?.map(|lines| lines.once(&self.named_lines));
        if let Some((_, count @ 1..)) = lines {
            reading.warn("control lines", WarningKind::LinesRepeated { count });
        }
        let lines = lines.map(|(lines, _)| lines);
        if let Some(count) = lines.as_ref().map(ControlLines::without_effect).filter(|&count| count > 0) {
            reading.warn("control lines", WarningKind::EffectNotStated { count });
        }
        // Buildings first: firms may be split by floor area.
        let buildings = self.join_buildings(&mut parcels, &mut reading)?;
        let firms = self.join_firms(&mut parcels, &mut reading)?;
        let field_checks = match &self.field_checks {
            Some(CheckSource::Table(source)) => {
                Some(FieldChecks::from_table(&reading.table(source, "field checks")?)?)
            }
            Some(CheckSource::Checks(checks)) => Some(checks.clone()),
            None => None,
        };
        let barriers = self.read_barriers(&parcels, &mut reading)?;
        let Reading { files, warnings, .. } = reading;
        Ok(Inputs {
            parcels,
            beside: Arc::new(Beside { schemes, lines, districts, unsuitable, barriers, field_checks }),
            text,
            id_property,
            files: files.into(),
            warnings: warnings.into(),
            firms: firms.map(Arc::new),
            buildings: buildings.map(Arc::new),
            shapes: Arc::default(),
        })
    }

    fn read_parcels(&self, reading: &mut Reading<'_>) -> Result<ReadParcels, Error> {
        let of_memory = |set: Arc<ParcelSet>| ReadParcels {
            set,
            schemes: self.schemes.clone().unwrap_or_else(Schemes::builtin),
            id_property: None,
            text: None,
        };
        match &self.parcels.opened(&self.options)? {
            Content::Text(source) => self.parcels_of(&*features_of(source)?, reading),
            Content::Features(source) => self.parcels_of(&**source, reading),
            Content::Table(table, crs) => {
                let unlaid = Unlaid::new((**table).clone(), Some(crs));
                let Laid { set, bend } = match &self.plane_of {
                    Some(other) => unlaid.like(crs, other)?,
                    None => unlaid.around(crs, &self.options.crs)?,
                };
                usable(&set, IN_MEMORY, "parcels")?;
                held(&set, IN_MEMORY)?;
                bend.into_iter().for_each(|bend| reading.warn("parcels", WarningKind::from(bend)));
                Ok(of_memory(Arc::new(set)))
            }
            Content::Set(set) => {
                if let Some(other) = &self.plane_of {
                    other.plane().check_same(set.plane(), "parcels")?;
                }
                held(set, IN_MEMORY)?;
                Ok(of_memory(Arc::clone(set)))
            }
        }
    }

    /// Parcels that are read by a schema.
    fn parcels_of(
        &self,
        source: &dyn FeatureSource,
        reading: &mut Reading<'_>,
    ) -> Result<ReadParcels, Error> {
        let (schema, schemes) = self.schema_for(&infer_features(source)?)?;
        let id = schema.fields.iter().find(|field| field.target == Target::Id);
        let id_property = Some(id.map_or_else(|| OWN_ID.into(), |field| field.property.clone()));
        let loader = reading.loader(schema, false);
        let loaded = match &self.plane_of {
            Some(other) => loader.load_features_like(source, other)?,
            None => loader.load_features(source)?,
        };
        usable(&loaded.set, &source.name(), "parcels")?;
        held(&loaded.set, &source.name())?;
        let text = loaded.text.clone();
        let set = Arc::new(reading.take(loaded, "parcels", &source.name()));
        Ok(ReadParcels { set, schemes, id_property, text })
    }

    /// The schema that was chosen, with a column for each property that an expression names and no field feeds.
    fn schema_for(&self, inference: &Inference) -> Result<(Schema, Schemes), Error> {
        let schemes = self.schemes.clone().unwrap_or_else(Schemes::builtin);
        let mut schema = match &self.schema {
            SchemaChoice::Given(schema) => schema.clone(),
            SchemaChoice::Profile(name) => {
                let properties = inference.decisions.iter().map(|decision| &*decision.property);
                Schema::builtin(name)?.fit(properties)
            }
            SchemaChoice::Inferred => inference.schema.clone(),
        };
        add_columns(&mut schema, inference, self.columns.iter().map(|name| &**name));
        Ok((schema, schemes))
    }

    fn join_buildings(
        &self,
        parcels: &mut Arc<ParcelSet>,
        reading: &mut Reading<'_>,
    ) -> Result<Option<(ParcelSet, Buildings)>, Error> {
        let mut sets = Vec::new();
        for layer in &self.buildings {
            sets.push(reading.beside("buildings", layer, parcels, building_schema)?);
        }
        let merged = ParcelSet::merged(sets)?.filter(|set| !set.is_empty());
        let Some(buildings) = merged else { return Ok(None) };
        let (buildings, repeated) = buildings.without_repeated();
        if repeated > 0 {
            reading.warn("buildings", WarningKind::BuildingsRepeated { count: repeated });
        }
        if !reading.near("buildings", &buildings, parcels) {
            return Ok(None);
        }
        let joined = Buildings::join(Arc::make_mut(parcels), &buildings, &self.options.buildings)?;
        let report = &joined.report;
        let found = WarningKind::BuildingsJoined {
            buildings: report.buildings,
            on_parcels: report.buildings - report.on_no_parcel,
            on_none: report.on_no_parcel,
            unknown: report.floor_area_unknown,
        };
        reading.warn("buildings", found);
        if report.on_no_parcel == report.buildings {
            reading.warn("buildings", WarningKind::BuildingsMeetNothing);
        }
        Ok(Some((buildings, joined)))
    }

    fn join_firms(
        &self,
        parcels: &mut Arc<ParcelSet>,
        reading: &mut Reading<'_>,
    ) -> Result<Option<(Firms, FirmsOnParcels)>, Error> {
        let Some(source) = &self.firms else { return Ok(None) };
        let firms = Firms::from_table(&reading.table(source, "firms")?, self.options.firms_by)?;
        let joined = firms.join(Arc::make_mut(parcels))?;
        let report = &joined.report;
        let found = WarningKind::FirmsJoined {
            rows: report.join.rows,
            matched: report.join.matched,
            on_none: report.join.firms_without_parcel,
            unsplit: report.join.firms_without_split,
            contradictions: report.contradictions.len(),
        };
        reading.warn("firms", found);
        for Unreadable { column, count, known, .. } in &report.unreadable {
            let (column, count, known) = (column.clone(), *count, *known);
            reading.warn("firms", WarningKind::NumbersNotRead { column, count, known });
        }
        let examples = report.unreadable.iter().map(|Unreadable { column, first, found, .. }| {
            format!("row {}: `{column}` is `{found}`, expected a number", first.row)
        });
        if let Some(file) = reading.files.last_mut() {
            file.examples.extend(examples);
        }
        Ok(Some((firms, joined)))
    }

    fn read_barriers(
        &self,
        parcels: &ParcelSet,
        reading: &mut Reading<'_>,
    ) -> Result<Option<Barriers>, Error> {
        if self.barriers.is_empty() {
            return Ok(None);
        }
        let mut barriers = Barriers::new();
        for layer in &self.barriers {
            let (set, lines) = reading.areas_and_lines("barriers", layer, parcels)?;
            barriers = barriers.lines(&lines)?.areas(set.geometry());
        }
        for layer in &self.lanes {
            let (set, _) = reading.areas_and_lines("lanes", layer, parcels)?;
            barriers = barriers.lanes(set.geometry());
        }
        Ok(Some(barriers))
    }
}

/// Reads layers, and keeps what was read and noticed.
struct Reading<'a> {
    options: &'a InputOptions,
    date: Option<&'a str>,
    files: Vec<InputFile>,
    warnings: Vec<Warning>,
}

impl Reading<'_> {
    /// A role as it is called among several dates.
    fn called(&self, role: &str) -> String {
        self.date.map_or_else(|| role.into(), |date| format!("{date} {role}"))
    }

    /// Keeps a warning of the layers of a role.
    fn warn(&mut self, role: &str, warning: impl Into<Warning>) {
        let warning = warning.into().of(role);
        self.warnings.push(match self.date {
            Some(date) => warning.dated(date),
            None => warning,
        });
    }

    /// The land that the records of parcels lie on, with what their reader should know.
    fn land_of(&mut self, set: Arc<ParcelSet>, records: Records) -> Arc<ParcelSet> {
        let set = Arc::unwrap_or_clone(set);
        let set = Arc::new(match records {
            Records::OneParcel => set.with_records_as_parcels(),
            Records::JudgedAlone => return Arc::new(set.with_records_judged_alone()),
        });
        let RecordCounts { records, stacks, most, repeated, mixed, one_as_all } = set.record_counts();
        let told = [
            (stacks, WarningKind::RecordsOnOneLand { records, pieces: set.len(), stacks, most }),
            (repeated, WarningKind::RecordsRepeated { count: repeated }),
            (mixed, WarningKind::RecordsMixed { pieces: mixed }),
            (one_as_all, WarningKind::OneRecordAsAll { pieces: one_as_all }),
        ];
        let told = told.into_iter().filter(|(count, _)| *count > 0);
        told.for_each(|(_, kind)| self.warn("parcels", kind));
        set
    }

    /// A loader of parcels, or of a layer beside them, whose closed lines are areas.
    fn loader(&self, schema: Schema, closed_lines_as_polygons: bool) -> Loader {
        let read = ReadOptions::default()
            .on_bad_feature(self.options.on_bad_feature)
            .closed_lines_as_polygons(closed_lines_as_polygons);
        Loader::new(schema)
            .read_options(read)
            .source_crs(self.options.source_crs.clone())
            .working_crs(self.options.crs)
    }

    /// The layers of one role as one set in the plane of the parcels, of the features that fulfil a condition; none where there is none.
    fn merged(
        &mut self,
        role: &'static str,
        layers: &[LayerSource],
        parcels: &ParcelSet,
        condition: Option<&str>,
    ) -> Result<Option<ParcelSet>, Error> {
        let condition = condition.map(|text| Ok::<_, Error>((text, Expr::parse(text)?))).transpose()?;
        let (mut sets, mut of, mut unknown) = (Vec::new(), 0, 0);
        for layer in layers {
            let set = self.beside(role, layer, parcels, |inference| {
                let properties = inference.decisions.iter().map(|decision| &*decision.property);
                let mut schema = Schema::layer()?.fit(properties);
                let named = condition.iter().flat_map(|(_, condition)| condition.columns());
                add_columns(&mut schema, inference, named);
                Ok(schema)
            })?;
            let Some((_, condition)) = &condition else {
                sets.push(set);
                continue;
            };
            let columns = ParcelColumns { set: &set, schemes: &Schemes::builtin() };
            let selection = condition.select(&Named { columns, role })?;
            of += set.len();
            unknown += selection.unknown;
            sets.push(set.with_rows(&selection.mask).0);
        }
        if let Some((text, _)) = condition.filter(|_| of > 0) {
            let taken: usize = sets.iter().map(ParcelSet::len).sum();
            if taken == 0 {
                let expected = format!("a condition that holds of some of the {of} {role}");
                return Err(ParamError::new("condition", text, &expected).into());
            }
            let condition = text.into();
            self.warn(role, WarningKind::LayerChosen { condition, taken, of, unknown });
        }
        let Some(set) = ParcelSet::merged(sets)?.filter(|set| !set.is_empty()) else { return Ok(None) };
        Ok(self.near(role, &set, parcels).then_some(set))
    }

    /// Whether a layer lies where the parcels are; one that does not says nothing of them, and is warned of.
    fn near(&mut self, role: &str, set: &ParcelSet, parcels: &ParcelSet) -> bool {
        let near = parcels.extent().grown(REACH_M).intersects(&set.extent());
        if !near {
            self.warn(role, WarningKind::LayerFarAway { reach_m: REACH_M });
        }
        near
    }

    /// One layer in the plane of the parcels.
    fn beside(
        &mut self,
        role: &'static str,
        layer: &LayerSource,
        parcels: &ParcelSet,
        schema: impl FnOnce(&Inference) -> Result<Schema, Error>,
    ) -> Result<ParcelSet, Error> {
        let set = match &layer.opened(self.options)? {
            Content::Text(source) => self.features_beside(role, &*features_of(source)?, parcels, schema)?,
            Content::Features(source) => self.features_beside(role, &**source, parcels, schema)?,
            Content::Table(table, crs) => {
                let set = lay_beside((**table).clone(), crs, parcels)?;
                usable(&set, IN_MEMORY, role)?;
                set
            }
            Content::Set(set) => {
                parcels.plane().check_same(set.plane(), role)?;
                ParcelSet::clone(set)
            }
        };
        if set.is_empty() {
            self.is_empty(role);
        }
        Ok(set)
    }

    /// Features that are read by a schema, in the plane of the parcels.
    fn features_beside(
        &mut self,
        role: &'static str,
        source: &dyn FeatureSource,
        parcels: &ParcelSet,
        schema: impl FnOnce(&Inference) -> Result<Schema, Error>,
    ) -> Result<ParcelSet, Error> {
        let schema = schema(&infer_features(source)?)?;
        let loaded = self.loader(schema, true).load_features_beside(source, parcels)?;
        usable(&loaded.set, &source.name(), role)?;
        Ok(self.take(loaded, role, &source.name()))
    }

    /// Notes that a layer says nothing of anything.
    fn is_empty(&mut self, role: &str) {
        self.warn(role, WarningKind::LayerEmpty);
    }

    /// The areas of a layer of barriers or lanes, and its lines.
    fn areas_and_lines(
        &mut self,
        role: &'static str,
        layer: &LayerSource,
        parcels: &ParcelSet,
    ) -> Result<(ParcelSet, Vec<Vec<Coord>>), Error> {
        match &layer.opened(self.options)? {
            Content::Text(source) => self.mixed(role, &*features_of(source)?, parcels),
            Content::Features(source) => self.mixed(role, &**source, parcels),
            Content::Table(..) | Content::Set(_) => {
                Ok((self.beside(role, layer, parcels, |_| Schema::layer())?, Vec::new()))
            }
        }
    }

    /// The areas of features that are read by a schema, and their lines.
    fn mixed(
        &mut self,
        role: &'static str,
        source: &dyn FeatureSource,
        parcels: &ParcelSet,
    ) -> Result<(ParcelSet, Vec<Vec<Coord>>), Error> {
        let loader = self.loader(Schema::layer()?, false);
        let lines = loader.lines_of_features_beside(source, parcels)?;
        let noticed = self.warnings.len();
        let loaded = loader.load_features_beside(source, parcels)?;
        let set = self.take(loaded, role, &source.name());
        // Lines are no faults here.
        if set.rejected().len() <= lines.len() {
            let told = self.warnings.split_off(noticed);
            let is_of_lines =
                |warning: &Warning| matches!(warning.kind(), WarningKind::FeaturesRejected { .. });
            self.warnings.extend(told.into_iter().filter(|warning| !is_of_lines(warning)));
        }
        if set.is_empty() && set.rejected().is_empty() && lines.is_empty() {
            self.is_empty(role);
        }
        Ok((set, lines))
    }

    fn table(&mut self, source: &LayerSource, role: &str) -> Result<Table, Error> {
        let Content::Text(source) = &source.opened(self.options)? else {
            return Err(ParamError::new(role, "a layer in memory", "a table").into());
        };
        let table = Table::read(source)?;
        table.warnings().iter().for_each(|kind| self.warn(role, kind.clone()));
        self.files.push(InputFile::of_table(&table, &self.called(role)));
        Ok(table)
    }

    /// Keeps what was noticed while a file was read: warnings for the summary, with places to look at for whoever keeps a record.
    fn take(&mut self, loaded: Loaded, role: &str, name: &str) -> ParcelSet {
        loaded.warnings().for_each(|warning| self.warn(role, warning));
        let role = self.called(role);
        let ReadReport { hash, bytes, settled, examples, .. } = loaded.report;
        let repairs = loaded.set.repaired().to_vec();
        self.files.push(InputFile {
            name: name.into(),
            role: role.into(),
            hash,
            bytes,
            settled,
            examples,
            repairs,
        });
        loaded.set
    }
}

/// Adds a column for each property that an expression names and no field feeds.
fn add_columns<'n>(schema: &mut Schema, inference: &Inference, names: impl IntoIterator<Item = &'n str>) {
    for name in names {
        let targets = [Target::Number(name.into()), Target::Text(name.into())];
        let fed = schema.fields.iter().any(|field| targets.contains(&field.target));
        let decision = inference.decisions.iter().find(|decision| *decision.property == *name);
        if let Some(decision) = decision.filter(|_| !fed && name.parse::<Target>().is_err()) {
            let [number, text] = targets;
            schema.fields.push(Field::new(name, if decision.is_numeric() { number } else { text }));
        }
    }
}

/// Columns of a layer beside the parcels, under the name that its faults are told by.
struct Named<'a> {
    columns: ParcelColumns<'a>,
    role: &'static str,
}

impl NamedColumns for Named<'_> {
    fn len(&self) -> usize {
        self.columns.len()
    }

    fn rows_are(&self) -> &str {
        self.role
    }

    fn names(&self) -> Vec<&str> {
        self.columns.names()
    }

    fn column(&self, name: &str) -> Option<ColumnRef<'_>> {
        self.columns.column(name)
    }
}

/// How far from all parcels a layer may lie and still be taken to be of the same place, m.
const REACH_M: f64 = 1_000.0;

/// Refuses a layer of which no feature can be used: its figures would be those of a layer that finds nothing.
fn usable(set: &ParcelSet, file: &str, role: &str) -> Result<(), Error> {
    match set.rejected() {
        [first, ..] if set.is_empty() => Err(Error::NothingUsable {
            file: file.into(),
            role: role.into(),
            rejected: set.rejected().len(),
            first: format!("{}: {}", first.at, first.reason).into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses parcels of which there are none: every figure would be nought.
fn held(parcels: &ParcelSet, file: &str) -> Result<(), Error> {
    if parcels.is_empty() {
        return Err(Error::NoFeature { file: file.into(), role: "parcels".into() });
    }
    Ok(())
}

/// What errors call a layer that came from no file.
const IN_MEMORY: &str = "layer in memory";

/// What buildings say of themselves: id, floors, height, floor area, by the names of all profiles and those of open maps.
#[expect(clippy::unnecessary_wraps, reason = "one of the ways to a schema, of which others can fail")]
fn building_schema(inference: &Inference) -> Result<Schema, Error> {
    const OPEN_MAPS: [(&str, Target); 6] = [
        ("building:levels", Target::Floors),
        ("levels", Target::Floors),
        ("num_floors", Target::Floors),
        ("height", Target::Height),
        ("building_height", Target::Height),
        ("osm_id", Target::Id),
    ];
    let mut schema = inference.schema.clone();
    let wanted = [Target::Id, Target::Floors, Target::Height, Target::FloorArea];
    schema.fields.retain(|field| wanted.contains(&field.target));
    for (name, target) in OPEN_MAPS {
        let named = inference.decisions.iter().any(|decision| &*decision.property == name);
        if named && !schema.fields.iter().any(|field| field.target == target) {
            schema.fields.push(Field::new(name, target));
        }
    }
    Ok(schema)
}

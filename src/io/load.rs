use super::format::{FeatureSource, features_of};
use super::schema::{Inference, Schema};
use super::{GeoJsonText, Layer, OnBadFeature, ReadOptions, ReadReport, Source};
use crate::Error;
use crate::crs::identify::{CoordinateStats, Evidence, Finding, Identified, identify};
use crate::crs::{Bend, SourceCrs, WorkingCrs};
use crate::geometry::{Coord, Envelope};
use crate::parcel::{Laid, ParcelSet, Rejected, Repairs, Unlaid, lay_beside};
use crate::warning::{Warning, WarningKind};

/// From a file to parcels in a plane: reads, identifies the system of the coordinates, projects, validates.
///
/// ```
/// use landuse::io::{Loader, Source, schema::Schema};
///
/// let text = r#"{"type": "Feature", "id": "A-104", "properties": null, "geometry": {"type": "Polygon",
///     "coordinates": [[[114.05, 22.54], [114.06, 22.54], [114.06, 22.55], [114.05, 22.55], [114.05, 22.54]]]}}"#;
/// let loaded = Loader::new(Schema::default()).load(&Source::bytes("parcel", text.as_bytes()))?;
/// assert!((loaded.set.area_m2()[0] - 1_139_080.0).abs() < 1.0);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Loader {
    schema: Schema,
    read: ReadOptions,
    source_crs: Option<SourceCrs>,
    working_crs: WorkingCrs,
}

/// Infers the schema of a file from all values of its properties ([`Schema::infer`]).
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::Format`] where it is of a format that is not read here; as
/// [`inspect`](super::inspect).
///
/// # Complexity
/// As [`inspect`](super::inspect): the text is read once more, its geometries passed over.
pub fn infer(source: &Source) -> Result<Inference, Error> {
    infer_features(&*features_of(source)?)
}

/// Infers the schema of features of any source from all values of their properties.
///
/// # Errors
/// As [`FeatureSource::inspect`].
pub fn infer_features(source: &dyn FeatureSource) -> Result<Inference, Error> {
    Ok(Schema::infer(&source.inspect()?))
}

/// What a [`Loader`] made of a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The features in the plane.
    pub set: ParcelSet,
    /// What was noticed while reading.
    pub report: ReadReport,
    /// The system that was taken, and what was found on the way.
    pub identified: Identified,
    /// What the plane does to the features, where that is worth a word.
    pub bend: Option<Bend>,
    /// The text they stand in, to be written again with more properties; none where they come from no text.
    pub text: Option<GeoJsonText>,
}

impl Loaded {
    /// What a reader should know: of the text, of the coordinates, of the boundaries.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        let noticed = self.identified.findings.iter().filter_map(Finding::warning).map(Warning::from);
        let bend = self.bend.map(|bend| Warning::from(WarningKind::from(bend)));
        let told = |count: usize, kind: WarningKind| (count > 0).then(|| Warning::from(kind));
        let mended = self.set.repaired();
        let mended = told(mended.len(), Repairs::of(mended).into());
        let rejected = self.set.rejected().len();
        let rejected = told(rejected, WarningKind::FeaturesRejected { count: rejected });
        self.report.warnings.iter().cloned().chain(noticed).chain(bend).chain(mended).chain(rejected)
    }
}

impl Loader {
    /// A loader for files of one schema, in the system the file states (longitude and latitude where it states none), into
    /// the equal-area plane around the data.
    pub fn new(schema: Schema) -> Self {
        Self { schema, ..Self::default() }
    }

    /// Sets how features are read.
    #[must_use]
    pub fn read_options(mut self, read: ReadOptions) -> Self {
        self.read = read;
        self
    }

    /// Declares the system of the coordinates; it wins over what the file says.
    #[must_use]
    pub fn source_crs(mut self, crs: Option<SourceCrs>) -> Self {
        self.source_crs = crs;
        self
    }

    /// Sets the plane to compute in.
    #[must_use]
    pub fn working_crs(mut self, crs: WorkingCrs) -> Self {
        self.working_crs = crs;
        self
    }

    /// Loads a file into a plane of its own.
    ///
    /// # Errors
    /// [`Error::Format`] where the file is of a format that is not read here; those of [`read`](fn@super::read) and [`ParcelSet::new`]; [`Error::Crs`] where no system fits the coordinates or no plane fits.
    pub fn load(&self, source: &Source) -> Result<Loaded, Error> {
        self.load_features(&*features_of(source)?)
    }

    /// Loads features of any source into a plane of their own.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_features(&self, source: &dyn FeatureSource) -> Result<Loaded, Error> {
        self.place(source, Lay::Around)
    }

    /// Loads a file that is compared with `other`, as another date is, into its plane.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_like(&self, source: &Source, other: &ParcelSet) -> Result<Loaded, Error> {
        self.load_features_like(&*features_of(source)?, other)
    }

    /// Loads features of any source that are compared with `other` into its plane.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_features_like(&self, source: &dyn FeatureSource, other: &ParcelSet) -> Result<Loaded, Error> {
        self.place(source, Lay::Like(other))
    }

    /// Loads a further layer into the plane of `other`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_beside(&self, source: &Source, other: &ParcelSet) -> Result<Loaded, Error> {
        self.load_features_beside(&*features_of(source)?, other)
    }

    /// Loads features of any source into the plane of `other`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_features_beside(
        &self,
        source: &dyn FeatureSource,
        other: &ParcelSet,
    ) -> Result<Loaded, Error> {
        self.place(source, Lay::Beside(other))
    }

    /// The lines of a file (`LineString`, `MultiLineString`), such as railways, in the plane of `other`; other geometries are passed
    /// over.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Syntax`] as [`read`](fn@super::read); [`Error::Crs`] where no system fits the coordinates.
    pub fn lines_beside(&self, source: &Source, other: &ParcelSet) -> Result<Vec<Vec<Coord>>, Error> {
        self.lines_of_features_beside(&*features_of(source)?, other)
    }

    /// The lines among features of any source, in the plane of `other`.
    ///
    /// # Errors
    /// As [`lines_beside`](Self::lines_beside).
    pub fn lines_of_features_beside(
        &self,
        source: &dyn FeatureSource,
        other: &ParcelSet,
    ) -> Result<Vec<Vec<Coord>>, Error> {
        let found = source.lines()?;
        let mut lines = found.lines;
        if lines.is_empty() {
            return Ok(lines);
        }
        let identified = identify(&Evidence {
            crs_member: found.crs_member.as_deref(),
            unread: found.unread_crs.as_deref(),
            declared: self.source_crs.as_ref(),
            coordinates: CoordinateStats::of(lines.iter().flatten().copied()),
            tags: &[&source.name()],
        });
        let plane = other.plane().for_source(&identified.source.map_err(Error::Crs)?)?;
        lines.iter_mut().for_each(|line| plane.forward(line));
        Ok(lines)
    }

    fn place(&self, source: &dyn FeatureSource, lay: Lay<'_>) -> Result<Loaded, Error> {
        let Layer { table, report, text } = source.read(&self.schema, &self.read)?;
        let stated = report.crs_member.as_deref().and_then(|name| name.parse::<SourceCrs>().ok());
        let known = self.source_crs.as_ref().or(stated.as_ref());
        let unlaid = match lay {
            Lay::Beside(_) => Unlaid { table, extent: Envelope::EMPTY },
            Lay::Around | Lay::Like(_) => Unlaid::new(table, known),
        };
        let identified = identify(&Evidence {
            crs_member: report.crs_member.as_deref(),
            unread: report.unread_crs.as_deref(),
            declared: self.source_crs.as_ref(),
            coordinates: CoordinateStats::from(&unlaid.table.geometry),
            tags: &[&source.name()],
        });
        let crs = identified.source.clone().map_err(Error::Crs)?;
        let Laid { set, bend } = match lay {
            Lay::Around => unlaid.around(&crs, &self.working_crs)?,
            Lay::Like(other) => unlaid.like(&crs, other)?,
            Lay::Beside(parcels) => Laid { set: lay_beside(unlaid.table, &crs, parcels)?, bend: None },
        };
        if let (OnBadFeature::Stop, Some(first)) = (self.read.on_bad_feature, set.rejected().first()) {
            let Rejected { at, reason } = first.clone();
            return Err(Error::Feature { file: source.name().into(), at, reason });
        }
        Ok(Loaded { set, report, identified, bend, text })
    }
}

/// What a layer is to the plane.
#[derive(Clone, Copy)]
enum Lay<'a> {
    /// The plane is laid around it.
    Around,
    /// It is compared with that set.
    Like(&'a ParcelSet),
    /// It says something of those parcels.
    Beside(&'a ParcelSet),
}

//! What a reader should know: warnings as values, each of a kind, about a subject, with a figure.
//!
//! A warning is one entry of the table below, with its English sentence, and one sentence per further language in `report/words`.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::error::few;

/// Something a reader should know.
///
/// ```
/// use landuse::{Inputs, Language};
///
/// let inputs = Inputs::open("data/city/parcels.geojson").load()?;
/// for warning in inputs.warnings() {
///     println!("{} {} {:?}", warning.kind().name(), warning.subject(), warning.figure());
///     println!("{}", warning.text(Language::Chinese));
/// }
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    date: Option<Box<str>>,
    layer: Option<Box<str>>,
    kind: WarningKind,
}

impl Warning {
    /// What kind it is, with all that is known.
    pub fn kind(&self) -> &WarningKind {
        &self.kind
    }

    /// The date whose layers it is about, where several are compared.
    pub fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }

    /// The layer, study unit or rule it is about, where one is named.
    pub fn layer(&self) -> Option<&str> {
        self.layer.as_deref()
    }

    /// What it is about: a column, a condition or another name of its kind; else the layer, study unit or rule.
    pub fn subject(&self) -> &str {
        match self.kind.subject() {
            Subject::Own(name) => name,
            Subject::Usual(name) => self.layer().unwrap_or(name),
        }
    }

    /// Its figure; none for a kind without one.
    pub fn figure(&self) -> Option<f64> {
        self.kind.figure()
    }

    /// The same about a layer, a study unit or a rule.
    pub(crate) fn of(self, layer: impl Into<Box<str>>) -> Self {
        Self { layer: Some(layer.into()), ..self }
    }

    /// The same about one of several dates.
    pub(crate) fn dated(self, date: &str) -> Self {
        Self { date: Some(date.into()), ..self }
    }
}

impl From<WarningKind> for Warning {
    fn from(kind: WarningKind) -> Self {
        Self { date: None, layer: None, kind }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.date, &self.layer) {
            (Some(date), Some(layer)) => write!(f, "{date} {layer}: {}", self.kind),
            (Some(name), None) | (None, Some(name)) => write!(f, "{name}: {}", self.kind),
            (None, None) => self.kind.fmt(f),
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Warning", 4 + usize::from(self.date.is_some()))?;
        if let Some(date) = &self.date {
            members.serialize_field("date", date)?;
        }
        members.serialize_field("kind", self.kind.name())?;
        members.serialize_field("subject", self.subject())?;
        members.serialize_field("figure", &self.figure())?;
        members.serialize_field("text", &self.to_string())?;
        members.end()
    }
}

/// Why a property whose name is known was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the sentence says what each is")]
pub enum WhyLeftOut {
    /// Another property feeds the attribute.
    Taken { target: Box<str>, property: Box<str> },
    /// Half of its values or more are not what the attribute holds.
    Values { target: Box<str>, unreadable: u64, known: u64, expected: &'static str },
    /// No known scheme has more than half of its codes.
    Codes { target: Box<str>, codes: u64, values: u64 },
    /// Its codes are each county's own.
    NoScheme { target: Box<str> },
}

impl fmt::Display for WhyLeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { target, property } => write!(f, "`{target}` is `{property}` already"),
            Self::Values { target, unreadable, known, expected } => write!(
                f,
                "the name is known as `{target}`, but {unreadable} of {known} known values are not {expected}"
            ),
            Self::Codes { target, codes, values } => write!(
                f,
                "the name is known as `{target}`, but only {codes} of {values} values are codes of one known scheme"
            ),
            Self::NoScheme { target } => write!(
                f,
                "the name is known as `{target}`, but what its codes mean differs from place to place: a scheme has to say"
            ),
        }
    }
}

impl Serialize for WhyLeftOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a warning of a kind is about.
enum Subject<'a> {
    /// A name that the warning carries.
    Own(&'a str),
    /// What the kind is about where no layer is named.
    Usual(&'static str),
}

macro_rules! subject {
    ($usual:literal) => {
        Subject::Usual($usual)
    };
    ($own:ident) => {
        Subject::Own($own)
    };
}

/// What can be the figure of a warning.
trait Figure {
    fn figure(&self) -> f64;
}

impl Figure for f64 {
    fn figure(&self) -> f64 {
        *self
    }
}

impl Figure for u64 {
    fn figure(&self) -> f64 {
        *self as f64
    }
}

impl Figure for usize {
    fn figure(&self) -> f64 {
        *self as f64
    }
}

impl Figure for Vec<Box<str>> {
    fn figure(&self) -> f64 {
        self.len() as f64
    }
}

macro_rules! figure {
    (none) => {
        None
    };
    ($field:ident) => {
        Some(Figure::figure($field))
    };
}

/// A kind of warning, as the list of all kinds shows it.
pub(crate) struct KindEntry {
    pub(crate) name: &'static str,
    pub(crate) meaning: &'static str,
    /// The field that is the subject, or in quotes the usual subject.
    pub(crate) subject: &'static str,
    /// The field that is the figure, or `none`.
    pub(crate) figure: &'static str,
    pub(crate) english: &'static str,
}

/// Makes the kinds of their table: fields, name in files, subject, figure, English sentence.
macro_rules! kinds {
    ($(
        #[doc = $meaning:literal]
        $kind:ident $({ $($field:ident: $type:ty),* })? = $name:literal of $subject:tt, figure $figure:tt,
        $english:literal $(, $word:ident = $value:expr)*;
    )*) => {
        /// A kind of warning, with all that is known.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the sentence says what each field is")]
        pub enum WarningKind {
            $(#[doc = $meaning] $kind $({ $($field: $type),* })?,)*
        }

        /// All kinds.
        pub(crate) const KINDS: &[KindEntry] = &[$(KindEntry {
            name: $name,
            meaning: $meaning,
            subject: stringify!($subject),
            figure: stringify!($figure),
            english: $english,
        },)*];

        impl WarningKind {
            /// Its name in files.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind $({ $($field: _),* })? => $name,)*
                }
            }

            #[expect(unused_variables, reason = "one field is the subject")]
            fn subject(&self) -> Subject<'_> {
                match self {
                    $(Self::$kind $({ $($field),* })? => subject!($subject),)*
                }
            }

            #[expect(unused_variables, reason = "one field is the figure")]
            fn figure(&self) -> Option<f64> {
                match self {
                    $(Self::$kind $({ $($field),* })? => figure!($figure),)*
                }
            }

            /// One of each kind, whose texts are the names of their fields.
            #[cfg(test)]
            pub(crate) fn examples() -> Vec<Self> {
                vec![$(Self::$kind $({ $($field: tests::Example::example(stringify!($field))),* })?,)*]
            }
        }

        impl fmt::Display for WarningKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$kind $({ $($field),* })? => write!(f, $english $(, $word = $value)*),)*
                }
            }
        }
    };
}

kinds! {
    /// Values of a property are not what the schema says; they are unknown.
    ValuesNotRead { property: Box<str>, count: u64, expected: Box<str> } = "values_not_read" of property, figure count,
    "{count} values of `{property}` are not {expected}: unknown";

    /// A property that the schema names occurs nowhere; the nearest name there is may be meant.
    PropertyAbsent { property: Box<str>, features: u64, nearest: Option<Box<str>> } = "property_absent" of property, figure features,
    "property `{property}` occurs in 0 of {features} features{guess}",
    guess = nearest.as_ref().map_or(String::new(), |name| format!(" (`{name}`?)"));

    /// A property whose name is known was left out when the schema was inferred.
    PropertyLeftOut { property: Box<str>, reason: WhyLeftOut } = "property_left_out" of property, figure none,
    "property `{property}` was left out: {reason}";

    /// Positions had more than two ordinates; the further ones were left out.
    OrdinatesDropped { count: u64 } = "ordinates_dropped" of "features", figure count,
    "{count} ordinates beyond the second were left out";

    /// Closed lines stood where areas are expected.
    ClosedLinesTaken { count: u64 } = "closed_lines_taken" of "features", figure count,
    "{count} features of closed lines were taken as polygons";

    /// Geometry collections held polygons only.
    CollectionsTaken { count: u64 } = "collections_taken" of "features", figure count,
    "{count} collections of polygons were taken as multipolygons";

    /// A property stood twice in a feature.
    PropertiesRepeated { count: u64 } = "properties_repeated" of "features", figure count,
    "{count} properties stood twice in one feature; the last value was taken";

    /// Boundaries crossed or touched themselves.
    BoundariesRepaired { count: usize, added_m2: f64, taken_m2: f64 } = "boundaries_repaired" of "features", figure count,
    "{count} boundaries were not valid and were repaired, which added {added_m2:.2} m² and took {taken_m2:.2} m²";

    /// Features have no usable land.
    FeaturesRejected { count: usize } = "features_rejected" of "features", figure count,
    "{count} features cannot be used and were put aside";

    /// A layer holds nothing, and counts as not given.
    LayerEmpty = "layer_empty" of "features", figure none,
    "the layer holds no feature and counts as not given";

    /// A condition says which features of a layer are taken.
    LayerChosen { condition: Box<str>, taken: usize, of: usize, unknown: usize } = "layer_chosen" of "features", figure taken,
    "{taken} of {of} features are taken, where `{condition}`{aside}",
    aside = if *unknown > 0 { format!("; of {unknown} it is not known") } else { String::new() };

    /// The data reach far from the centre of the plane: areas hold, distances do not.
    PlaneReach { reach_m: f64, error: f64 } = "plane_reach" of "features", figure reach_m,
    "the data reach {km:.0} km from the centre of the plane, where distances are wrong by up to {percent:.2}%",
    km = reach_m / 1e3, percent = 100.0 * error;

    /// The named system does not keep areas or lengths where the data lie; the figure is the relative error of areas.
    PlaneScale { areas: f64, lengths: f64 } = "plane_scale" of "features", figure areas,
    "in the plane areas are wrong by up to {area:.2}% and lengths by up to {length:.2}%, the plane `auto` keeps areas",
    area = 100.0 * areas, length = 100.0 * lengths;

    /// Features of one boundary are records of one piece of land; the figure is the pieces with several records.
    RecordsOnOneLand { records: usize, pieces: usize, stacks: usize, most: usize } = "records_on_one_land" of "features", figure stacks,
    "{records} records lie on {pieces} pieces of land: {stacks} hold several, one of them {most}; amounts of records on one piece are added up";

    /// Records repeat another on the same land.
    RecordsRepeated { count: usize } = "records_repeated" of "features", figure count,
    "{count} records repeat another on the same land in id and everything known, and count once";

    /// Records on one piece of land differ in use or district.
    RecordsMixed { pieces: usize } = "records_mixed" of "features", figure pieces,
    "{pieces} pieces of land hold records of several uses or districts of which none has the majority: mixed, and counted as unknown";

    /// One record has as much floor area as all others of its land.
    OneRecordAsAll { pieces: usize } = "one_record_as_all" of "features", figure pieces,
    "on {pieces} pieces of land the floor area of one record is that of all others together: it may be the whole building's, counted twice";

    /// Control lines are given twice.
    LinesRepeated { count: usize } = "lines_repeated" of "control lines", figure count,
    "{count} are the same as another in boundary, effect and tier, and count once";

    /// Buildings are given twice.
    BuildingsRepeated { count: usize } = "buildings_repeated" of "buildings", figure count,
    "{count} repeat another of the same boundary in id and everything known, and count once";

    /// The file names another coordinate system than the caller.
    CrsOverruled { member: Box<str>, declared: Box<str> } = "crs_overruled" of member, figure none,
    "the file's `crs` member says {member}, the caller says {declared} and is believed";

    /// What a file says of its coordinate system is not understood.
    CrsNotUnderstood { name: Box<str> } = "crs_not_understood" of name, figure none,
    "the file calls its coordinate system `{name}`, which is not understood: taken for longitude and latitude on WGS 84";

    /// The texts of a table are not in the encoding that its file states.
    EncodingOverruled { stated: Box<str>, taken: Box<str> } = "encoding_overruled" of stated, figure none,
    "the file says that its texts are in {stated}, but they are in {taken}, and are read so";

    /// Nothing states the encoding of the texts of a table; it is told by what they are.
    EncodingGuessed { taken: Box<str> } = "encoding_guessed" of taken, figure none,
    "nothing says which encoding texts are in: they are taken for {taken}; the option `encoding` names another";

    /// Texts of a table are not in the encoding that the caller asked for.
    TextsNotDecoded { count: u64, encoding: Box<str> } = "texts_not_decoded" of encoding, figure count,
    "{count} texts are not all in {encoding}: what is not is written as `�`";

    /// Rows of a table are marked as deleted; they are left out, and so are their shapes.
    DeletedRecords { count: u64 } = "deleted_records" of "features", figure count,
    "{count} records are marked as deleted and were left out with their shapes";

    /// A Shapefile came without its table.
    TableMissing = "table_missing" of "features", figure none,
    "there is no .dbf beside the .shp: features have no properties";

    /// The data lie where their coordinate system is not made for.
    OutsideAreaOfUse { crs: Box<str>, area: Box<str>, longitude: [f64; 2], latitude: [f64; 2] } = "outside_area_of_use" of crs, figure none,
    "x {west:.4} to {east:.4}, y {south:.4} to {north:.4} (longitude, latitude) lies outside the area of {crs}: {area}",
    west = longitude[0], east = longitude[1], south = latitude[0], north = latitude[1];

    /// A name in the data is that of an offset system of Chinese web maps.
    OffsetDatum { tag: Box<str> } = "offset_datum" of tag, figure none,
    "`{tag}` names an offset system of web maps (GCJ-02, BD-09): coordinates may lie 100 to 700 m off; \
     nothing was converted, do not lay such data over others";

    /// A few coordinates are degrees among lengths, or lengths among degrees.
    StrayCoordinates { count: u64 } = "stray_coordinates" of "coordinates", figure count,
    "{count} coordinates are of another kind than the rest";

    /// Coordinates are no numbers.
    NonFiniteCoordinates { count: u64 } = "non_finite_coordinates" of "coordinates", figure count,
    "{count} coordinates are no numbers";

    /// Coordinates that were declared metres look like degrees.
    LooksLikeDegrees = "looks_like_degrees" of "coordinates", figure none,
    "coordinates declared `local` (metres) look like degrees";

    /// A layer lies far from all parcels, so it is taken for one of another place and left out.
    LayerFarAway { reach_m: f64 } = "layer_far_away" of "layer", figure reach_m,
    "lie more than {reach_m} m away from all parcels, so that nothing is known by them";

    /// Control lines do not say whether they exclude, confine or reserve.
    EffectNotStated { count: usize } = "effect_not_stated" of "control lines", figure count,
    "{count} state no effect and are taken to exclude construction";

    /// What became of the buildings; the figure is those on no parcel.
    BuildingsJoined { buildings: usize, on_parcels: usize, on_none: usize, unknown: usize } = "buildings_joined" of "buildings", figure on_none,
    "of {buildings} on parcels {on_parcels}, on none {on_none}; floor area unknown for {unknown}";

    /// No building shares land with a parcel.
    BuildingsMeetNothing = "buildings_meet_nothing" of "buildings", figure none,
    "none of them stands on a parcel";

    /// What became of the firms; the figure is those on no parcel.
    FirmsJoined { rows: usize, matched: usize, on_none: usize, unsplit: usize, contradictions: usize } = "firms_joined" of "firms", figure on_none,
    "of {rows} rows {matched} matched; {on_none} firms on no parcel, {unsplit} that cannot be split, {contradictions} contradictions";

    /// Cells of a table that should be numbers are none; they are unknown.
    NumbersNotRead { column: Box<str>, count: usize, known: usize } = "numbers_not_read" of column, figure count,
    "{count} of {known} values of `{column}` are no numbers, and so unknown";

    /// Codes of current use are in no scheme at hand; the land of their parcels is unknown.
    CodesUnknown { codes: Vec<Box<str>> } = "codes_unknown" of "current use", figure codes,
    "current use: no scheme knows {list}", list = few(codes);

    /// A condition that says who is compared cannot be decided for parcels.
    CandidatesUnknown { condition: Box<str>, count: usize } = "candidates_unknown" of condition, figure count,
    "candidates: `{condition}` is unknown for {count} parcels, which are left out";

    /// No current use tells industry from other land, so every parcel is compared.
    AllAreCandidates = "all_are_candidates" of "candidates", figure none,
    "candidates: no parcel is known to be industrial or logistics land, so all are candidates";

    /// Parcels that would be compared are unused land.
    UnusedNotRanked { count: usize } = "unused_not_ranked" of "candidates", figure count,
    "candidates: {count} parcels are idle, or approved and not supplied: classes of their own, not ranked";

    /// Columns of contracts that should hold flags hold other values.
    FlagsIgnored { columns: Vec<Box<str>> } = "flags_ignored" of "unused land", figure columns,
    "unused land: {list} hold more than true and false and do not count", list = few(columns);

    /// A rule pack gives scores and no grades.
    PackWithoutGrades { pack: Box<str> } = "pack_without_grades" of pack, figure none,
    "the rule pack `{pack}` has no grades: low is judged by the score";

    /// Nothing says what low-efficiency is.
    NothingJudged = "nothing_judged" of "parcels", figure none,
    "no score and no rule is given, and neither tax, output nor floor area is known to make one of: no parcel is judged";

    /// A quantile among few candidates would mark chance.
    TooFewToRank { known: usize, least: usize } = "too_few_to_rank" of "rule", figure known,
    "{known} known candidates are too few to rank (at least {least})";

    /// Several candidates have the value of the threshold.
    TiesAtThreshold { count: usize } = "ties_at_threshold" of "rule", figure count,
    "{count} candidates stand exactly at the threshold and pass";

    /// Rows whose group a rule pack cannot decide.
    GroupUnknown { rows: usize } = "group_unknown" of "appraisal", figure rows,
    "{rows} rows: their group is not known, as its condition is unknown; not ranked";

    /// Rows that no group of a rule pack takes.
    NoGroup { rows: usize } = "no_group" of "appraisal", figure rows,
    "{rows} rows: no group takes them; not ranked";

    /// Rows that a rule pack may exempt.
    ExemptionUnknown { rows: usize } = "exemption_unknown" of "appraisal", figure rows,
    "{rows} rows: whether they are exempt is not known; appraised as if they were not";

    /// Rows without the values that a score takes.
    ScoreUnknown { rows: usize } = "score_unknown" of "appraisal", figure rows,
    "{rows} rows: too little is known of them for a score; not ranked";

    /// Rows with a value below 0 that a rule pack refuses.
    ScoreRefused { rows: usize } = "score_refused" of "appraisal", figure rows,
    "{rows} rows: a value below 0 leaves them without a score; not ranked";

    /// Rows whose grade a limit would change, were its condition known.
    LimitUnknown { condition: Box<str>, rows: usize } = "limit_unknown" of condition, figure rows,
    "{rows} rows: whether `{condition}` limits their grade is not known";

    /// Field checks name ids that no parcel has.
    ChecksOfNoParcel { ids: Vec<Box<str>> } = "checks_of_no_parcel" of "field checks", figure ids,
    "field checks: {count} name ids that no parcel has: {list}", count = ids.len(), list = few(ids);

    /// Field checks name ids that several parcels have.
    ChecksOfSeveralParcels { ids: Vec<Box<str>> } = "checks_of_several_parcels" of "field checks", figure ids,
    "field checks: {count} name ids that several parcels have: {list}", count = ids.len(), list = few(ids);

    /// What field checks change; the figure is the parcels that were checked.
    ChecksApplied { applied: usize, changed: usize } = "checks_applied" of "field checks", figure applied,
    "field checks: {applied} parcels were checked on the spot, which wins; {changed} of them change class";

    /// No parcel of one date shares land with any of the other.
    DatesShareNoLand = "dates_share_no_land" of "parcels", figure none,
    "no parcel of one date shares land with any of the other: they may lie in different places, or apart by an offset";

    /// No control line shares land with a parcel.
    LinesMeetNothing = "lines_meet_nothing" of "control lines", figure none,
    "control lines: none of them meets a parcel";

    /// Distance bands were asked for without a line.
    BandsWithoutLine = "bands_without_line" of "bands", figure none,
    "bands: no line is given, so there is no distance from one";

    /// Districts overlap by slivers, as separate digitising leaves them.
    DistrictSlivers { count: usize, area_m2: f64 } = "district_slivers" of "districts", figure area_m2,
    "districts overlap in {count} slivers ({area_m2:.1} m² in all), counted for the first by id";

    /// More is built in a study unit than may be built on; the figure is construction over developable land.
    BuiltBeyondDevelopable { ratio: f64, at_least_m2: f64 } = "built_beyond_developable" of "unit", figure ratio,
    "construction land is {ratio:.3} of the developable land: at least {at_least_ha:.1} ha of it stands where building is \
     excluded or unsuitable", at_least_ha = at_least_m2 / 10_000.0;

    /// Further study units with more construction land than developable land.
    MoreBuiltBeyond { count: usize } = "more_built_beyond" of "units", figure count,
    "{count} more units have more construction land than developable land";

    /// Sites hang together over the gap; the figure is the share of the largest in all low-efficiency land.
    OneLargeSite { share: f64, gap_m: f64 } = "one_large_site" of "sites", figure share,
    "one site holds {percent:.0}% of all low-efficiency land at a gap of {gap_m} m: look at the gap sweep", percent = share * 100.0;

    /// Parcels whose current use does not say whether they are built on.
    StatusUnknown { count: usize } = "status_unknown" of "parcels", figure count,
    "of {count} parcels it is not known whether they are construction land";

    /// No parcel is to be redeveloped.
    NothingToRedevelop = "nothing_to_redevelop" of "sites", figure none,
    "no parcel is to be redeveloped: there is no low-efficiency site, or the condition holds for none";

    /// No source knows the target floor area ratio of parcels: their land adds no floor.
    TargetFarUnknown { count: usize, parcels: usize } = "target_far_unknown" of "sites", figure count,
    "of {count} of {parcels} parcels to be redeveloped no target floor area ratio is known: their land adds no floor";

    /// The floor area that stands on parcels is not known: they add no uplift.
    PresentFloorUnknown { count: usize, parcels: usize } = "present_floor_unknown" of "sites", figure count,
    "of {count} of {parcels} parcels to be redeveloped the present floor area is not known: they add new floor, but no uplift";

    /// Sites lie inside the lines or their setback with all their land.
    SitesWithoutUsableLand { count: usize } = "sites_without_usable_land" of "sites", figure count,
    "{count} sites have no usable land: all of it lies inside the lines that exclude construction or nearer to them than the setback";

    /// More floor stands on sites than may be built on them.
    SitesOverTarget { count: usize } = "sites_over_target" of "sites", figure count,
    "on {count} sites more floor area stands today than the target ratio allows: their uplift is negative";

    /// From some parcels more sets start than were looked at: assemblies may be missing.
    AssemblySearchCut { seeds: usize, eligible: usize } = "assembly_search_cut" of "assemblies", figure seeds,
    "from {seeds} of {eligible} parcels more sets start than `max_visits` lets the search look at: assemblies may be missing, of which one was grown for each";

    /// Assemblies were found and not kept.
    AssembliesDropped { count: usize, kept: usize } = "assemblies_dropped" of "assemblies", figure count,
    "{count} assemblies beyond the best `max_kept` of their first parcel were not kept, {kept} were";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A value that says what it stands for.
    pub(crate) trait Example {
        fn example(name: &'static str) -> Self;
    }

    impl Example for Box<str> {
        fn example(name: &'static str) -> Self {
            name.into()
        }
    }

    impl Example for Option<Box<str>> {
        fn example(name: &'static str) -> Self {
            Some(name.into())
        }
    }

    impl Example for Vec<Box<str>> {
        fn example(name: &'static str) -> Self {
            vec![name.into(); 12]
        }
    }

    impl Example for WhyLeftOut {
        fn example(name: &'static str) -> Self {
            Self::Taken { target: name.into(), property: name.into() }
        }
    }

    macro_rules! numbers {
        ($($type:ty = $value:expr),*) => {$(
            impl Example for $type {
                fn example(_: &'static str) -> Self {
                    $value
                }
            }
        )*};
    }

    numbers!(u64 = 3, usize = 3, f64 = 0.5, [f64; 2] = [1.0, 2.0]);

    #[test]
    fn kinds_have_names_of_their_own_and_meanings() {
        let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for (entry, kind) in KINDS.iter().zip(WarningKind::examples()) {
            assert_eq!(entry.name, kind.name());
            assert!(entry.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", entry.name);
            assert!(entry.meaning.ends_with('.') && !entry.english.ends_with('.'), "{}", entry.name);
            assert_eq!(entry.figure == "none", kind.figure().is_none(), "{}", entry.name);
        }
    }

    #[test]
    fn a_warning_says_what_it_is_about() {
        let warning =
            Warning::from(WarningKind::BoundariesRepaired { count: 2, added_m2: 8.0, taken_m2: 0.5 });
        assert_eq!((warning.subject(), warning.figure()), ("features", Some(2.0)));
        assert_eq!(
            warning.to_string(),
            "2 boundaries were not valid and were repaired, which added 8.00 m² and took 0.50 m²"
        );
        let warning = warning.of("parcels").dated("old");
        assert_eq!(warning.subject(), "parcels");
        assert_eq!(
            warning.to_string(),
            "old parcels: 2 boundaries were not valid and were repaired, which added 8.00 m² and took 0.50 m²"
        );
        let absent = WarningKind::PropertyAbsent {
            property: "tax_yaun".into(),
            features: 9,
            nearest: Some("tax".into()),
        };
        let absent = Warning::from(absent).of("parcels");
        assert_eq!(absent.subject(), "tax_yaun");
        let expected = serde_json::json!({
            "kind": "property_absent", "subject": "tax_yaun", "figure": 9.0,
            "text": "parcels: property `tax_yaun` occurs in 0 of 9 features (`tax`?)"
        });
        assert_eq!(serde_json::to_value(&absent).unwrap(), expected);
        assert_eq!(serde_json::to_value(absent.dated("new")).unwrap()["date"], "new");
    }
}

//! What reading a file gives: features as columns, and what was noticed.

use serde::Serialize;

use super::Settled;
use super::geojson::GeoJsonText;
use super::schema::LeftOut;
use crate::error::FeaturePos;
use crate::parcel::{FeatureTable, Rejected};
use crate::warning::{Warning, WarningKind};

/// Text read at a time.
pub(super) const BLOCK: usize = 8 << 20;

/// What to do with a feature that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadFeature {
    /// Put it aside with its position and the reason, and go on.
    #[default]
    Quarantine,
    /// Stop at the first one in the file with [`Error::Feature`](crate::Error::Feature).
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
    /// The text the features stand in, to be written again with more properties; none where they come from no text.
    pub text: Option<GeoJsonText>,
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
    /// What a file of another format calls the system of its coordinates, where that could not be understood.
    pub unread_crs: Option<Box<str>>,
    /// Questions that the file left open, such as the encoding of its texts, and how they were settled.
    pub settled: Vec<Settled>,
    /// Ordinates beyond the second that were left out.
    pub dropped_ordinates: u64,
    /// Features whose closed lines were taken as polygons.
    pub closed_lines: u64,
    /// Features whose collection of polygons was taken as one multipolygon.
    pub collections: u64,
    /// Properties of the schema that stood twice in one feature; the last counts.
    pub repeated_properties: u64,
    /// Properties of the schema that no feature has.
    pub absent_properties: Vec<AbsentProperty>,
    /// Properties whose names are known and that inference left out.
    pub left_out: Vec<LeftOut>,
    /// Values that are of a wrong kind and so unknown.
    pub property_faults: Vec<PropertyFault>,
    /// What was noticed while a format other than `GeoJSON` was decoded.
    #[serde(skip)]
    pub(super) noticed: Vec<WarningKind>,
    /// The above as warnings: equal for files that differ in the order of their features only.
    pub warnings: Vec<Warning>,
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

/// A property that the schema names and no feature has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AbsentProperty {
    /// The property.
    pub property: Box<str>,
    /// The property of the file whose name is nearest, if one is near.
    pub nearest: Option<Box<str>>,
}

pub(super) fn same_fault<'a>(
    faults: &'a mut [PropertyFault],
    property: &str,
    expected: &str,
) -> Option<&'a mut PropertyFault> {
    faults.iter_mut().find(|fault| *fault.property == *property && *fault.expected == *expected)
}

pub(super) fn examples(report: &ReadReport, rejected: &[Rejected]) -> Vec<String> {
    let unusable = rejected.first().map(|first| format!("{}: {}", first.at, first.reason));
    let unreadable = report.property_faults.iter().map(|fault| {
        let PropertyFault { property, expected, first, found, .. } = fault;
        format!("{first}: property `{property}` is {found}, expected {expected}")
    });
    unusable.into_iter().chain(unreadable).collect()
}

pub(super) fn warnings(report: &ReadReport) -> Vec<Warning> {
    use WarningKind as Kind;
    let faults = report.property_faults.iter().map(|PropertyFault { property, expected, count, .. }| {
        Kind::ValuesNotRead { property: property.clone(), count: *count, expected: expected.clone() }
    });
    let absent =
        report.absent_properties.iter().map(|AbsentProperty { property, nearest }| Kind::PropertyAbsent {
            property: property.clone(),
            features: report.features,
            nearest: nearest.clone(),
        });
    let left_out = report.left_out.iter().map(|LeftOut { property, reason }| Kind::PropertyLeftOut {
        property: property.clone(),
        reason: reason.clone(),
    });
    let mut found: Vec<Warning> = faults.chain(absent).chain(left_out).map(Warning::from).collect();
    found.sort_by_cached_key(Warning::to_string);
    found.splice(0..0, report.noticed.iter().cloned().map(Warning::from));
    let counts = [
        (report.dropped_ordinates, Kind::OrdinatesDropped { count: report.dropped_ordinates }),
        (report.closed_lines, Kind::ClosedLinesTaken { count: report.closed_lines }),
        (report.collections, Kind::CollectionsTaken { count: report.collections }),
        (report.repeated_properties, Kind::PropertiesRepeated { count: report.repeated_properties }),
    ];
    found.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, kind)| Warning::from(kind)));
    found
}

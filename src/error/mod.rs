//! What can go wrong, in words a planner can act on: which file, feature, id, property, value, and what was expected.

mod crs;
mod limits;

use std::fmt;
use std::path::{Path, PathBuf};

pub use crs::{CrsError, Reading};
pub use limits::Limits;

/// Any failure of this library.
///
/// Faults of single features are no errors of this kind unless the caller asks to stop at the first one: they are
/// collected as [`Rejected`](crate::parcel::Rejected) beside the result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to open, read, write or rename a file.
    #[error("cannot {action} `{path}`")]
    Io {
        /// What was tried: `open`, `read`, `write`, `rename` …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own reason.
        #[source]
        source: std::io::Error,
    },
    /// A writer did not take what it was given. Where it leads, its owner knows.
    #[error("cannot write")]
    Write(#[source] std::io::Error),
    /// A layer of an analysis that was not asked for it.
    #[error("there is no layer `{layer}`, expected an analysis with {needs}")]
    NoLayer {
        /// The layer.
        layer: &'static str,
        /// What the analysis would have needed.
        needs: &'static str,
    },
    /// A feature with a coordinate that no file can hold.
    #[error("feature {feature} of the layer has the coordinate {x}, {y}, expected finite numbers")]
    NotFinite {
        /// Position in the layer, from 0.
        feature: usize,
        /// First ordinate.
        x: f64,
        /// Second ordinate.
        y: f64,
    },
    /// The text is not JSON, not GeoJSON, or not of the shape this reader takes.
    #[error("{file}: {reason} (at byte {offset})")]
    Syntax {
        /// The file as the caller named it.
        file: Box<str>,
        /// Byte offset into the (decompressed) text.
        offset: u64,
        /// What was found and what was expected.
        reason: Box<str>,
    },
    /// A file of a format that is not read here.
    #[error("{file}: found {found}, expected {expected}")]
    Format {
        /// The file as the caller named it.
        file: Box<str>,
        /// The format it has.
        found: &'static str,
        /// The formats that are read.
        expected: &'static str,
    },
    /// A file that does not hold together, or of which it is not clear what to read.
    #[error("{file}: {reason}")]
    File {
        /// The file as the caller named it.
        file: Box<str>,
        /// What was found and what was expected.
        reason: Box<str>,
    },
    /// A file of several layers of which it is not clear which one is meant.
    #[error("{file}: {reason}, expected the name of one of its layers: {}", few(layers))]
    WhichLayer {
        /// The file as the caller named it.
        file: Box<str>,
        /// What was asked for and what was found.
        reason: Box<str>,
        /// Its layers, each with the kind of its geometries.
        layers: Vec<Box<str>>,
    },
    /// A record that does not hold together, so that nothing of its file is used.
    #[error("{file}: record {record}: {reason}")]
    Record {
        /// The file as the caller named it.
        file: Box<str>,
        /// The record, counted from 1.
        record: u64,
        /// What was found and what was expected.
        reason: Box<str>,
    },
    /// Texts in an encoding that nothing tells beyond doubt.
    #[error("{file}: {reason}")]
    Encoding {
        /// The file as the caller named it.
        file: Box<str>,
        /// What is stated, what the texts would be, and what was expected.
        reason: Box<str>,
    },
    /// A file geodatabase of Esri: only GDAL reads it.
    #[error(
        "{path} is a file geodatabase, which is not read here; GDAL writes a layer of it into a pipe: \
         `ogr2ogr -f GeoJSONSeq /vsistdout/ {path} LAYER | landuse analyze - --out OUT` (`ogrinfo {path}` lists the layers)"
    )]
    Geodatabase {
        /// The folder or file as the caller named it.
        path: Box<str>,
    },
    /// A text is another than the one that was read before.
    #[error("`{file}` has changed since it was read, expected the same text")]
    Changed {
        /// The file as the caller named it.
        file: Box<str>,
    },
    /// A compressed text that is larger than it may be.
    #[error("{file}: the decompressed text is larger than {limit} bytes, the most that was allowed")]
    Decompressed {
        /// The file as the caller named it.
        file: Box<str>,
        /// How many bytes there may be.
        limit: u64,
    },
    /// A table that does not hold together.
    #[error("{file}: {reason}")]
    Table {
        /// The file as the caller named it.
        file: Box<str>,
        /// What was found and what was expected.
        reason: Box<str>,
    },
    /// A table without a column that is needed.
    #[error("{file}: expected {expected} among its columns, found {found}")]
    MissingColumn {
        /// The file as the caller named it.
        file: Box<str>,
        /// Names the column could have.
        expected: &'static str,
        /// The columns there are.
        found: Box<str>,
    },
    /// A table whose numbers can be read in two ways.
    #[error(
        "{file}: `{value}` in column `{column}` and `{other_value}` in column `{other_column}` do not say whether the decimal sign \
         is a point or a comma, expected numbers of one format, such as 1234.5"
    )]
    NumberFormat {
        /// The file as the caller named it.
        file: Box<str>,
        /// A column.
        column: Box<str>,
        /// A number in it.
        value: Box<str>,
        /// The same or another column.
        other_column: Box<str>,
        /// A number in that.
        other_value: Box<str>,
    },
    /// A feature that cannot be used, where the caller asked to stop at the first one.
    #[error("{file}: {at}: {reason}")]
    Feature {
        /// The file as the caller named it.
        file: Box<str>,
        /// Which feature.
        at: FeaturePos,
        /// What is wrong with it and what was expected.
        reason: Box<str>,
    },
    /// A coordinate reference system that is unknown, ambiguous or unfit for the question.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// A land-use scheme, schema or rule file that does not hold together.
    #[error("{file}: {reason}")]
    Config {
        /// The file as the caller named it, or `built-in …`.
        file: Box<str>,
        /// Key, value and what was expected.
        reason: Box<str>,
    },
    /// A parameter outside its range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Options of which several are out of range.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Options(Vec<ParamError>),
    /// Two layers that lie in different planes cannot be laid over each other.
    #[error("{what} lie in the plane `{found}`, expected `{expected}`, that of the parcels")]
    Planes {
        /// The layer: `control lines`, `districts` …
        what: &'static str,
        /// Its plane.
        found: Box<str>,
        /// The plane it should lie in.
        expected: Box<str>,
    },
    /// A layer of which no feature can be used.
    #[error("{file}: none of {rejected} features can be used as {role}; the first, {first}")]
    NothingUsable {
        /// The file as the caller named it.
        file: Box<str>,
        /// What it was read as: `parcels`, `control lines` …
        role: Box<str>,
        /// How many features it has.
        rejected: usize,
        /// Which feature, and what is wrong with it.
        first: Box<str>,
    },
    /// A layer without any feature.
    #[error("{file}: holds no feature, expected {role}")]
    NoFeature {
        /// The file as the caller named it.
        file: Box<str>,
        /// What it was read as.
        role: Box<str>,
    },
    /// Targets that no choice meets.
    #[error("the programme cannot be met: {reason}")]
    Infeasible {
        /// The year that binds, from 1, where one does.
        year: Option<usize>,
        /// The rule that binds.
        rule: &'static str,
        /// Year, what is asked for, what there can be, and what stands in the way.
        reason: Box<str>,
    },
    /// The caller cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// A value that a property or cell cannot have.
    #[error("{place}: `{property}` is {value}, expected {expected}")]
    Value {
        /// File and row, or feature, with the id where there is one.
        place: Box<str>,
        /// The property or column.
        property: Box<str>,
        /// What was found; texts in backquotes.
        value: Box<str>,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// Something that is named and is not there.
    #[error("{place}: there is no {what} `{id}`")]
    NotFound {
        /// Where it was looked for.
        place: Box<str>,
        /// Unit, parcel, firm …
        what: &'static str,
        /// Its name.
        id: Box<str>,
    },
    /// Two units that share land.
    #[error("districts `{a}` and `{b}` overlap by {area_m2:.1} m², expected none")]
    UnitsOverlap {
        /// One of them, the first by id.
        a: Box<str>,
        /// The other.
        b: Box<str>,
        /// The land they share, m².
        area_m2: f64,
    },
    /// A link of spatial weights that cannot be.
    #[error("weights: row {row}: neighbour {neighbour} {fault}")]
    Link {
        /// The observation, from 0.
        row: usize,
        /// The neighbour it names.
        neighbour: u32,
        /// What is wrong with it.
        fault: Box<str>,
    },
    /// More work than one of the [`Limits`] allows.
    #[error("more than {limit} {what}, which is the limit `{name}`")]
    OverLimit {
        /// Pairs, crossings …
        what: &'static str,
        /// How many there may be.
        limit: u64,
        /// The field of [`Limits`] that allows more.
        name: &'static str,
    },
    /// Arrays that do not make a record batch.
    #[cfg(feature = "arrow")]
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
    /// More coordinates or parcels than 32-bit positions can address.
    #[error("too many {what}: {found}, at most {limit}")]
    TooLarge {
        /// Coordinates, rings, parcels …
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        limit: u64,
    },
}

impl Error {
    /// Wraps an [`std::io::Error`] with the action and the path it belongs to.
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { action, path: path.as_ref().to_owned(), source }
    }

    /// The message with all its causes on one line, outermost first.
    ///
    /// ```
    /// let cause = std::io::Error::other("disk full");
    /// let error = landuse::Error::io("write", "out/map.png", cause);
    /// assert_eq!(error.chain(), "cannot write `out/map.png`: disk full");
    /// ```
    pub fn chain(&self) -> String {
        use std::error::Error as _;
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// The first few of many, as words.
pub(crate) fn few(items: &[impl fmt::Display]) -> String {
    let mut text: Vec<String> = items.iter().take(8).map(ToString::to_string).collect();
    if items.len() > text.len() {
        text.push(format!("and {} more", items.len() - text.len()));
    }
    text.join(", ")
}

/// The candidate that `name` most likely meant: within half of its letters, at most three,
/// by insertions, deletions and replacements.
pub(crate) fn nearest<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let letters: Vec<char> = name.to_lowercase().chars().take(64).collect();
    let limit = (letters.len() / 2).min(3);
    let whole: String = letters.iter().collect();
    let begins = |candidate: &str| letters.len() >= 3 && candidate.to_lowercase().starts_with(&whole);
    candidates
        .into_iter()
        .map(|candidate| (distance(&letters, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= limit || begins(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, case aside.
fn distance(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, letter) in b.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, own) in a.iter().enumerate() {
            let replaced = diagonal + usize::from(*own != letter);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[a.len()]
}

/// A parameter outside its range.
///
/// ```
/// let error = landuse::ParamError::new("gap_m", -1.0, "a finite length of at least 0 m");
/// assert_eq!(error.to_string(), "`gap_m` is -1, expected a finite length of at least 0 m");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is {value}, expected {expected}")]
pub struct ParamError {
    name: Box<str>,
    value: Box<str>,
    expected: Box<str>,
}

impl ParamError {
    /// Names the parameter, the value it was given, and what would have been accepted.
    pub fn new(name: &str, value: impl fmt::Display, expected: &str) -> Self {
        Self { name: name.into(), value: value.to_string().into(), expected: expected.into() }
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value it was given.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What would have been accepted.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

/// Where a feature stands in its file: position from 0, and the id if it has one.
///
/// ```
/// use landuse::error::FeaturePos;
/// assert_eq!(FeaturePos { row: 17, id: Some("A-104".into()) }.to_string(), "feature 17 (id `A-104`)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FeaturePos {
    /// Position in the file, from 0.
    pub row: u32,
    /// The feature's id.
    pub id: Option<Box<str>>,
}

impl fmt::Display for FeaturePos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feature {}", self.row)?;
        self.id.as_ref().map_or(Ok(()), |id| write!(f, " (id `{id}`)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_found_within_reason() {
        let names = ["property", "target", "unit", "unknown"];
        assert_eq!(nearest("propety", names), Some("property"));
        assert_eq!(nearest("Unknwon", names), Some("unknown"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("E", ["A", "D"]), None, "one letter says nothing");
        assert_eq!(distance(&"kitten".chars().collect::<Vec<_>>(), "sitting"), 3);
    }
}

use std::path::Path;

use geojson::FeatureCollection;
use serde_json::Value;

use crate::report::{OutputLayer, Summary};
use crate::{Analysis, Error};

/// Parcels are drawn one by one up to this many; beyond it the picture shows them.
const MOST_PARCELS: u64 = 3_000;

/// A picture of more bytes is left out.
const MOST_PICTURE_BYTES: u64 = 3 << 20;

/// What a page is made of: the contents of the files that an analysis wrote.
///
/// A layer that was not written is empty; everything but the summary may be.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PageInput {
    /// `summary.json`.
    pub summary: Value,
    /// `manifest.json`: versions, inputs with their hashes, options.
    pub manifest: Value,
    /// `clusters.geojson`.
    pub sites: Option<FeatureCollection>,
    /// `districts.geojson`.
    pub districts: Option<FeatureCollection>,
    /// `control_lines.geojson`.
    pub control_lines: Option<FeatureCollection>,
    /// `encroachments.geojson`, or `inside_lines.geojson` where there is none.
    pub inside_lines: Option<FeatureCollection>,
    /// `parcels.geojson`, where they are few.
    pub parcels: Option<FeatureCollection>,
    /// `map.png`, where there are too many parcels to draw them one by one.
    pub picture: Option<Vec<u8>>,
}

impl PageInput {
    /// Of an analysis in memory, with a manifest of what is known of it: version, inputs, options.
    ///
    /// # Errors
    /// As [`Layer::to_geojson`](crate::report::Layer::to_geojson).
    ///
    /// # Complexity
    /// O(n) in the rows of the layers.
    pub fn of(analysis: &Analysis) -> Result<Self, Error> {
        let layer = |which: OutputLayer| {
            let layer = analysis.layer(which);
            layer.is_available().then(|| layer.to_geojson()).transpose()
        };
        let are_few = analysis.parcels().record_counts().records as u64 <= MOST_PARCELS;
        let inside_lines = match layer(OutputLayer::Encroachments)? {
            Some(found) => Some(found),
            None => layer(OutputLayer::InsideLines)?,
        };
        Ok(Self {
            summary: serde_json::to_value(Summary::of(analysis)).unwrap_or_default(),
            manifest: serde_json::json!({
                "landuse": env!("CARGO_PKG_VERSION"),
                "inputs": analysis.inputs().files(),
                "features_rejected": analysis.parcels().rejected().len(),
                "options": analysis.options(),
            }),
            sites: layer(OutputLayer::Sites)?,
            districts: layer(OutputLayer::Districts)?,
            control_lines: layer(OutputLayer::ControlLines)?,
            inside_lines,
            parcels: if are_few { layer(OutputLayer::Parcels)? } else { None },
            picture: None,
        })
    }

    /// Reads the files of a folder that `landuse analyze` wrote; the manifest too, unless its text is given.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that is there and cannot be read, and where there is no `summary.json`; [`Error::Config`] for one that
    /// is not what its name says.
    pub fn read(folder: &Path, manifest: Option<&[u8]>) -> Result<Self, Error> {
        let summary: Value = json(&folder.join("summary.json"))?;
        let manifest = match manifest {
            Some(text) => parsed(text, Path::new("manifest.json"))?,
            None => optional(&folder.join("manifest.json"), json)?.unwrap_or_default(),
        };
        let layer = |name: &str| optional(&folder.join(name), json::<FeatureCollection>);
        let records = summary.pointer("/parcels/records").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let are_few = records <= MOST_PARCELS;
        let inside_lines = match layer("encroachments.geojson")? {
            Some(found) => Some(found),
            None => layer("inside_lines.geojson")?,
        };
        Ok(Self {
            sites: layer("clusters.geojson")?,
            districts: layer("districts.geojson")?,
            control_lines: layer("control_lines.geojson")?,
            inside_lines,
            parcels: if are_few { layer("parcels.geojson")? } else { None },
            picture: if are_few { None } else { optional(&folder.join("map.png"), picture)?.flatten() },
            summary,
            manifest,
        })
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| Error::io("read", path, error))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    parsed(&bytes(path)?, path)
}

fn parsed<T: serde::de::DeserializeOwned>(text: &[u8], path: &Path) -> Result<T, Error> {
    serde_json::from_slice(text).map_err(|error| Error::Config {
        file: path.display().to_string().into(),
        reason: error.to_string().into(),
    })
}

/// A picture that is not too large for a page.
fn picture(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let size = std::fs::metadata(path).map_err(|error| Error::io("read", path, error))?.len();
    if size > MOST_PICTURE_BYTES { Ok(None) } else { bytes(path).map(Some) }
}

/// What a file holds; none where there is no such file.
fn optional<T>(path: &Path, read: impl Fn(&Path) -> Result<T, Error>) -> Result<Option<T>, Error> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => read(path).map(Some),
    }
}

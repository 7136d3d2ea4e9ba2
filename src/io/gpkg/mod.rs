//! `GeoPackages`: an `SQLite` database with layers of features and tables without geometry.
//!
//! The file is opened so that nothing is written, locked or left beside it. A thread of its own reads rows and makes text of them, while
//! the threads that ask for the text parse what came before.

mod database;
mod layers;
mod rows;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use layers::LayerTable;
use rows::Batch;
pub(super) use rows::Message;

use super::Source;
use super::source::Origin;
use super::transcode::{About, FeatureDecoder, FeatureFile, Settled, StoredFiles, Wanted};
use crate::Error;
use crate::crs::SourceCrs;
use crate::warning::WarningKind;

/// Batches of rows that wait to be parsed.
const WAITING: usize = 4;

/// Longitude and latitude on WGS 84.
const LONGITUDE_LATITUDE: &str = "urn:ogc:def:crs:OGC:1.3:CRS84";

/// A layer of a `GeoPackage`, found and not read yet.
#[derive(Debug)]
struct GeoPackage {
    origin: Origin,
    layer: Arc<LayerTable>,
    about: About,
}

/// Finds the layer that a source asks for, or the one that there is.
///
/// # Errors
/// [`Error::Io`], [`Error::File`] where it is no `GeoPackage` or does not hold together, [`Error::WhichLayer`].
pub(super) fn open(source: &Source) -> Result<Arc<dyn FeatureFile>, Error> {
    let origin = source.origin().clone();
    let file = database::Database::open(&origin)?;
    let found = layers::find(&file, source.asked_layer())?;
    let kind = match &found.table.geometry {
        Some(geometry) => format!("GeoPackage, {}", geometry.kind.to_ascii_lowercase()),
        None => "GeoPackage, a table without geometry".into(),
    };
    let mut about = About { settled: vec![Settled::new("format", kind, "")], ..About::default() };
    about.settled.push(Settled::new("layer", &*found.table.name, found.reason));
    if let Some(system) = found.system {
        coordinate_system(&system, &mut about);
    }
    Ok(Arc::new(GeoPackage { origin, layer: Arc::new(found.table), about }))
}

/// What a file says of the system of a layer.
struct System {
    id: i64,
    name: Box<str>,
    /// Who numbers it, and its number.
    code: Option<(Box<str>, i64)>,
    definition: Box<str>,
}

fn coordinate_system(system: &System, about: &mut About) {
    let System { id, name, code, definition } = system;
    let said = format!("the file says `{name}`");
    // -1 and 0 stand for a plane and for degrees of no known system.
    let known = match code {
        _ if matches!(id, -1 | 0) => None,
        Some((organization, number)) if organization.eq_ignore_ascii_case("EPSG") => {
            format!("EPSG:{number}").parse::<SourceCrs>().ok()
        }
        _ => None,
    };
    let known = known.or_else(|| if matches!(id, -1 | 0) { None } else { definition.parse().ok() });
    let Some(crs) = known else {
        let reason = format!("{said}, which names no known system");
        about.settled.push(Settled::new("crs", "not known", reason));
        about.unread_crs = Some(name.clone());
        return;
    };
    let name = crs.to_string();
    about.settled.push(Settled::new("crs", &*name, said));
    // Degrees on WGS 84 have a name that says which ordinate comes first.
    about.crs = Some(if name == "EPSG:4326" { LONGITUDE_LATITUDE.into() } else { name.into() });
}

impl FeatureFile for GeoPackage {
    fn about(&self) -> &About {
        &self.about
    }

    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error> {
        let (send, rows) = sync_channel(WAITING);
        let (origin, layer, stored) = (self.origin.clone(), Arc::clone(&self.layer), stored.clone());
        let work = move || {
            let last = match rows::read(&origin, &layer, wanted, &stored, &send) {
                Ok(()) => Ok(Message::End),
                Err(error) => Err(error),
            };
            // Nobody listens any more where reading was given up.
            let _ = send.send(last);
        };
        std::thread::Builder::new()
            .name("landuse-gpkg".into())
            .spawn(work)
            .map_err(|error| Error::io("start a thread for", self.origin.path(), error))?;
        let name = self.origin.name().into();
        Ok(Box::new(Decoder {
            name,
            rows,
            batch: Batch::default(),
            at: 0,
            dropped: 0,
            broken: 0,
            done: false,
        }))
    }
}

/// Rows as they come from their thread.
struct Decoder {
    name: Box<str>,
    rows: Receiver<Result<Message, Error>>,
    batch: Batch,
    /// How many rows of the batch were handed on.
    at: usize,
    dropped: u64,
    broken: u64,
    done: bool,
}

impl FeatureDecoder for Decoder {
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            if let Some(row) = self.batch.row(self.at) {
                text.extend_from_slice(row);
                self.at += 1;
                return Ok(true);
            }
            if self.done {
                return Ok(false);
            }
            let message = self.rows.recv().unwrap_or_else(|_| {
                let reason = "the thread that reads it stopped".into();
                Err(Error::File { file: self.name.clone(), reason })
            });
            match message? {
                Message::Rows(batch) => {
                    self.dropped += batch.dropped;
                    self.broken += batch.broken;
                    (self.batch, self.at) = (batch, 0);
                }
                Message::End => self.done = true,
            }
        }
    }

    fn noticed(&self) -> Vec<WarningKind> {
        let dropped = (self.dropped > 0).then_some(WarningKind::OrdinatesDropped { count: self.dropped });
        let broken = self.broken;
        let broken =
            (broken > 0).then(|| WarningKind::TextsNotDecoded { count: broken, encoding: "UTF-8".into() });
        dropped.into_iter().chain(broken).collect()
    }
}

//! `GeoPackages`: an `SQLite` database with layers of features and tables without geometry.
//!
//! The file is opened so that nothing is written, locked or left beside it. A thread of its own reads rows and makes text of them, while
//! the threads that ask for the text parse what came before.

mod database;
mod layers;
mod rows;

use std::sync::Arc;

use layers::LayerTable;

use super::Source;
use super::row_thread::{self, TextRows};
use super::source::Origin;
use super::transcode::{About, FeatureDecoder, FeatureFile, Settled, StoredFiles, Wanted};
use crate::Error;
use crate::crs::SourceCrs;

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
    about.take_crs(&crs, said);
}

impl FeatureFile for GeoPackage {
    fn about(&self) -> &About {
        &self.about
    }

    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error> {
        let (origin, layer, stored) = (self.origin.clone(), Arc::clone(&self.layer), stored.clone());
        let rows = row_thread::start("landuse-gpkg", &self.origin, move |to| {
            rows::read(&origin, &layer, wanted, &stored, to)
        })?;
        Ok(Box::new(TextRows::new(rows)))
    }
}

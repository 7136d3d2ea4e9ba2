//! Columns in files: GeoParquet 1.0 and 1.1, other Parquet, and Arrow IPC, with geometries as well-known binary or text or as nested lists.
//!
//! Batches of rows are decoded on a thread of their own. For a layer their columns are taken as they are; where text is asked for, to
//! write features again, the thread makes `GeoJSON` of them.

mod batches;
mod cells;
mod columns;
mod layout;
mod messages;
mod schema;
mod shapes;

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;

use batches::{Container, Head, ROWS};
use cells::Cells;
use layout::Layout;
use shapes::{Encoding, Shapes};

use super::Source;
use super::format::FileFormat;
use super::row_thread::{self, Batches, Message, Outlet, TextBatch, TextRows, read_unchanged};
use super::source::{Origin, fill};
use super::transcode::{About, ColumnFile, FeatureDecoder, FeatureFile, StoredFiles, Wanted};
use super::wkb;
use crate::Error;

/// Parts that a folder may have.
const MOST_PARTS: usize = 10_000;

/// A file of columns, or a folder of such files: found and not read yet.
#[derive(Debug)]
pub(super) struct ArrowFile {
    name: Box<str>,
    container: Container,
    parts: Arc<[Origin]>,
    layout: Arc<Layout>,
    about: About,
}

/// Opens a file of the format that it was told to have.
///
/// # Errors
/// [`Error::Io`]; [`Error::File`] where it does not hold together, or has what is not read here.
pub(super) fn open(source: &Source, format: FileFormat) -> Result<Arc<dyn FeatureFile>, Error> {
    let origin = source.origin().clone();
    let container = if format == FileFormat::ArrowIpc { Container::Ipc } else { Container::Parquet };
    Ok(Arc::new(ArrowFile::open(origin.name().into(), container, vec![origin])?))
}

/// Opens a folder of Parquet files as one layer, in the order of their names; none where it is no such folder.
///
/// # Errors
/// As [`open`]; where their columns are not the same.
pub(super) fn open_folder(source: &Source) -> Result<Option<Arc<dyn FeatureFile>>, Error> {
    let Origin::File(folder) = source.origin() else { return Ok(None) };
    let parts = parts(folder)?;
    if parts.is_empty() {
        return Ok(None);
    }
    let name = source.origin().name().into();
    Ok(Some(Arc::new(ArrowFile::open(name, Container::Parquet, parts)?)))
}

/// The Parquet files of a folder, those aside that programs hide.
fn parts(folder: &Path) -> Result<Vec<Origin>, Error> {
    let failed = |error| Error::io("read folder", folder, error);
    let mut parts = Vec::new();
    let mut shapefile = false;
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ends = |own: &str| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(own));
        shapefile |= ends("shp");
        if ends("parquet") && !name.starts_with(['.', '_']) && path.is_file() {
            parts.push(path);
        }
        if parts.len() > MOST_PARTS {
            return Err(Error::TooLarge {
                what: "parts of one layer",
                found: parts.len() as u64,
                limit: MOST_PARTS as u64,
            });
        }
    }
    if shapefile && !parts.is_empty() {
        let reason = "it holds a Shapefile and Parquet files, expected one of them".into();
        return Err(Error::File { file: folder.display().to_string().into(), reason });
    }
    parts.sort();
    Ok(parts.into_iter().map(Origin::File).collect())
}

impl ArrowFile {
    fn open(name: Box<str>, container: Container, parts: Vec<Origin>) -> Result<Self, Error> {
        let Some(first) = parts.first() else {
            return Err(Error::File { file: name, reason: "it has no parts".into() });
        };
        let (layout, about) = look(first, container)?;
        for part in parts.iter().skip(1) {
            let (other, other_about) = look(part, container)?;
            let same = other.columns == layout.columns
                && other_about.crs == about.crs
                && other_about.unread_crs == about.unread_crs;
            if !same {
                let first = first.name();
                return Err(Error::File {
                    file: part.name().into(),
                    reason: format!("its columns or their coordinate system are not those of `{first}`, expected the same in all parts")
                        .into(),
                });
            }
        }
        Ok(Self { name, container, parts: parts.into(), layout: Arc::new(layout), about })
    }

    /// Starts a thread that decodes batches and makes something of each.
    fn start<B: Send + 'static>(
        &self,
        stored: &StoredFiles,
        shapes: bool,
        make: impl Fn(&RecordBatch, &Layout) -> Result<B, String> + Send + 'static,
    ) -> Result<Batches<B>, Error> {
        let (parts, layout) = (Arc::clone(&self.parts), Arc::clone(&self.layout));
        let (stored, container) = (stored.clone(), self.container);
        let first = parts.first().cloned().unwrap_or_else(|| Origin::File(Path::new(&*self.name).into()));
        row_thread::start("landuse-arrow", &first, move |to| {
            for part in parts.iter() {
                let read = || read_part(part, container, &layout, shapes, &make, to);
                if !read_unchanged(part, &stored, read)? {
                    return Ok(());
                }
            }
            Ok(())
        })
    }
}

/// Reads the head of a file.
fn look(origin: &Origin, container: Container) -> Result<(Layout, About), Error> {
    let mut start = [0; 6];
    let len =
        fill(&mut origin.open()?, &mut start).map_err(|error| Error::io("read", origin.path(), error))?;
    let fault = |reason: String| Error::File { file: origin.name().into(), reason: reason.into() };
    match start.get(..len).unwrap_or_default() {
        [b'P', b'A', b'R', b'E', ..] => {
            return Err(fault("it is an encrypted Parquet file, expected one that is not".into()));
        }
        [b'F', b'E', b'A', b'1', ..] => {
            return Err(fault(
                "it is a Feather file of the first version, expected the second, which is Arrow IPC".into(),
            ));
        }
        start if container == Container::Parquet && !start.starts_with(b"PAR1") => {
            return Err(fault("it is no Parquet file, though its name says so".into()));
        }
        _ => {}
    }
    let head = Head::open(origin, container)?;
    let has_wkb = |at: usize| first_is_wkb(origin, container, at).unwrap_or(false);
    Layout::of(&head, container, has_wkb).map_err(fault)
}

/// Whether the first known value of a column, among the first rows, is well-known binary.
fn first_is_wkb(origin: &Origin, container: Container, at: usize) -> Result<bool, Error> {
    let head = Head::open(origin, container)?;
    let fault = |reason: String| Error::File { file: origin.name().into(), reason: reason.into() };
    let Some(batch) = head.batches(&[at]).map_err(fault)?.next() else { return Ok(false) };
    let batch = batch.map_err(fault)?;
    let shapes = Shapes::of(batch.column(0), Encoding::Wkb).map_err(fault)?;
    let first = shapes.first_binary(batch.num_rows());
    Ok(first.is_some_and(|bytes| wkb::push_geometry(&mut Vec::new(), bytes).is_ok()))
}

/// Reads the batches of one file; false where nobody takes them any more.
fn read_part<B>(
    part: &Origin,
    container: Container,
    layout: &Layout,
    shapes: bool,
    make: &impl Fn(&RecordBatch, &Layout) -> Result<B, String>,
    to: &Outlet<B>,
) -> Result<bool, Error> {
    let file = || part.name().into();
    let mut row = 0u64;
    let batches = Head::open(part, container)?
        .batches(&layout.positions(shapes))
        .map_err(|reason| Error::File { file: file(), reason: reason.into() })?;
    for batch in batches {
        let fault = |reason: String| Error::Record { file: file(), record: row + 1, reason: reason.into() };
        let batch = batch
            .map_err(|reason| fault(format!("from here on the file does not hold together: {reason}")))?;
        let mut start = 0;
        while start < batch.num_rows() {
            let len = ROWS.min(batch.num_rows() - start);
            let made = make(&batch.slice(start, len), layout).map_err(fault)?;
            if to.send(Ok(Message::Rows(made))).is_err() {
                return Ok(false);
            }
            start += len;
        }
        row += batch.num_rows() as u64;
    }
    Ok(true)
}

/// A batch whose columns are at hand by what they are.
struct Rows<'b> {
    len: usize,
    /// One for each property of the layout.
    cells: Vec<Cells<'b>>,
    shapes: Option<Shapes<'b>>,
}

impl<'b> Rows<'b> {
    /// The columns of a batch of exactly the wanted positions.
    fn of(batch: &'b RecordBatch, layout: &Layout, shapes: bool) -> Result<Self, String> {
        let positions = layout.positions(shapes);
        let column = |position: usize| {
            let at = positions.binary_search(&position).ok().and_then(|at| batch.columns().get(at));
            at.ok_or_else(|| "a column is missing".to_owned())
        };
        let cells = layout.properties.iter().map(|property| Ok(Cells::of(&**column(property.position)?)));
        let cells = cells.collect::<Result<_, String>>()?;
        let shape = layout.shape.filter(|_| shapes);
        let shapes = shape.map(|shape| Shapes::of(column(shape.position)?, shape.encoding)).transpose()?;
        Ok(Self { len: batch.num_rows(), cells, shapes })
    }
}

impl FeatureFile for ArrowFile {
    fn about(&self) -> &About {
        &self.about
    }

    fn columns(&self) -> Option<&dyn ColumnFile> {
        Some(self)
    }

    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error> {
        let shapes = wanted == Wanted::Features;
        let rows = self.start(stored, shapes, move |batch, layout| {
            Ok(features(&Rows::of(batch, layout, shapes)?, layout))
        })?;
        Ok(Box::new(TextRows::new(rows)))
    }
}

/// The rows of a batch as `GeoJSON`.
fn features(rows: &Rows<'_>, layout: &Layout) -> TextBatch {
    let mut batch = TextBatch::default();
    for row in 0..rows.len {
        let text = &mut batch.text;
        text.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
        for (i, (property, cells)) in layout.properties.iter().zip(&rows.cells).enumerate() {
            if i > 0 {
                text.push(b',');
            }
            text.extend_from_slice(&property.key);
            cells.push_json(row, text);
        }
        text.extend_from_slice(b"},\"geometry\":");
        match &rows.shapes {
            Some(shapes) => batch.dropped += shapes.push_text(row, text),
            None => text.extend_from_slice(b"null"),
        }
        batch.text.push(b'}');
        batch.ends.push(batch.text.len());
    }
    batch
}

//! Shapefiles: a folder that holds one, its `.shp`, or a zip archive with one.

mod rings;
mod shapes;
mod table;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rings::Ring;
use shapes::{Kind, Shape, Shapes};
use table::{Layout, Rows};

use super::encoding::{Stated, asked, decide};
use super::source::Origin;
use super::transcode::{About, FeatureDecoder, FeatureFile, Settled, StoredFiles, Wanted, push_position};
use super::zip::{self, Entry};
use super::{FileFormat, Source};
use crate::Error;
use crate::crs::SourceCrs;
use crate::error::few;
use crate::geometry::Coord;
use crate::warning::WarningKind;

/// The most that is read of a `.cpg` or `.prj`.
const SMALL: u64 = 1 << 16;

/// A file of a Shapefile.
#[derive(Debug, Clone)]
enum Part {
    Stored(Origin),
    Packed(Origin, Entry),
}

impl Part {
    fn name(&self) -> String {
        match self {
            Self::Stored(origin) => origin.name(),
            Self::Packed(archive, entry) => format!("{}: {}", archive.name(), entry.path()),
        }
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, Error> {
        match self {
            Self::Stored(origin) => Ok(Box::new(origin.open()?)),
            Self::Packed(archive, entry) => entry.open(archive),
        }
    }

    /// Opens it so that what is stored is hashed; an archive is hashed as a whole.
    fn open_through(&self, stored: &StoredFiles) -> Result<Box<dyn Read + Send>, Error> {
        let plain = self.open()?;
        Ok(match self {
            Self::Stored(_) => Box::new(stored.through(plain)),
            Self::Packed(..) => plain,
        })
    }

    /// Its beginning as text.
    fn text(&self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        let read = self.open()?.take(SMALL).read_to_end(&mut bytes);
        read.map_err(|error| Error::io("read", self.name(), error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The files of one Shapefile.
#[derive(Debug)]
struct Parts {
    shp: Part,
    dbf: Option<Part>,
    cpg: Option<Part>,
    prj: Option<Part>,
}

/// A Shapefile whose head was read.
#[derive(Debug)]
struct Shapefile {
    parts: Parts,
    table: Option<Arc<Layout>>,
    about: About,
}

/// Finds the Shapefile of a source and reads what stands before its features.
///
/// # Errors
/// [`Error::File`] where there is none, or more than one; [`Error::Table`], [`Error::Record`] where it does not hold together.
pub(super) fn open(source: &Source, format: FileFormat) -> Result<Arc<dyn FeatureFile>, Error> {
    let parts = match format {
        FileFormat::Zip => in_archive(source)?,
        FileFormat::Folder => in_folder(source)?,
        _ => beside(source.origin())?,
    };
    let kind = Shapes::open(&parts.shp.name(), parts.shp.open()?)?.kind;
    let mut about = About {
        settled: vec![Settled::new("format", format!("Shapefile of {}", kind.name()), "")],
        ..About::default()
    };
    let table =
        parts.dbf.as_ref().map(|dbf| table(dbf, &parts, source, &mut about)).transpose()?.map(Arc::new);
    if table.is_none() {
        about.warnings.push(WarningKind::TableMissing);
    }
    if let Some(prj) = &parts.prj {
        coordinate_system(&prj.text()?, &mut about);
    }
    Ok(Arc::new(Shapefile { parts, table, about }))
}

/// The head of the table, and the encoding of its texts.
fn table(dbf: &Part, parts: &Parts, source: &Source, about: &mut About) -> Result<Layout, Error> {
    let name = dbf.name();
    let asked = source.asked_encoding().map(asked).transpose()?;
    let mut layout = Layout::read(&name, &mut dbf.open()?)?;
    let stated =
        Stated { cpg: parts.cpg.as_ref().map(Part::text).transpose()?, ldid: Some(layout.language_driver) };
    let mut evidence = stated.evidence();
    layout.show(&mut Rows::open(&name, dbf.open()?, &layout)?, &mut evidence)?;
    let decision = decide(asked, &stated, &evidence)
        .map_err(|reason| Error::Encoding { file: name.into(), reason: reason.into() })?;
    layout.name_columns(decision.encoding);
    about.settled.push(Settled::new("encoding", decision.name, decision.reason));
    about.warnings.extend(decision.warning);
    Ok(layout)
}

/// The coordinate system that a `.prj` states.
fn coordinate_system(text: &str, about: &mut About) {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    if text.is_empty() {
        return;
    }
    let name: Box<str> = text.split('"').nth(1).unwrap_or(text).chars().take(80).collect::<String>().into();
    let (answer, reason) = if let Ok(crs) = text.parse::<SourceCrs>() {
        about.crs = Some(crs.to_string().into());
        (crs.to_string(), format!("the .prj says `{name}`"))
    } else {
        about.unread_crs = Some(name.clone());
        ("not known".to_owned(), format!("the .prj says `{name}`, which is not understood"))
    };
    about.settled.push(Settled::new("crs", answer, reason));
}

/// The files beside a `.shp` that have its name, whatever the case of their endings.
fn beside(shp: &Origin) -> Result<Parts, Error> {
    let mut parts = Parts { shp: Part::Stored(shp.clone()), dbf: None, cpg: None, prj: None };
    let Origin::File(path) = shp else { return Ok(parts) };
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("shx")) {
        let reason = "it is the index of a Shapefile, expected the .shp".into();
        return Err(Error::File { file: shp.name().into(), reason });
    }
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Ok(parts),
    };
    for other in files(folder)? {
        let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
        let same = other.file_stem() == path.file_stem();
        if same || stem(&other) == stem(path) {
            let ending =
                other.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
            let own = path.with_file_name(other.file_name().unwrap_or_default());
            parts.set(&ending, same, Part::Stored(Origin::File(own)));
        }
    }
    Ok(parts)
}

impl Parts {
    /// Takes a file by its ending; one whose name is the same in case too comes before others.
    fn set(&mut self, ending: &str, exact: bool, part: Part) {
        let place = match &*ending.to_ascii_lowercase() {
            "dbf" => &mut self.dbf,
            "cpg" => &mut self.cpg,
            "prj" => &mut self.prj,
            _ => return,
        };
        if exact || place.is_none() {
            *place = Some(part);
        }
    }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = || {
        let mut files =
            folder.read_dir()?.map(|file| Ok(file?.path())).collect::<std::io::Result<Vec<_>>>()?;
        files.sort();
        Ok(files)
    };
    list().map_err(|error| Error::io("read", folder, error))
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
}

/// The one Shapefile in a folder.
fn in_folder(source: &Source) -> Result<Parts, Error> {
    let all = files(source.origin().path())?;
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let shapes: Vec<&PathBuf> = all.iter().filter(|path| is_shapes(&name(path))).collect();
    match shapes[..] {
        [one] => beside(&Origin::File(one.clone())),
        _ => Err(not_one(source, "folder", &shapes.into_iter().map(name).collect::<Vec<_>>())),
    }
}

/// Whether a name is that of a `.shp`, and not of what a Mac puts beside one.
fn is_shapes(name: &str) -> bool {
    has_ending(name, "shp") && !name.starts_with("._")
}

fn not_one(source: &Source, what: &str, shapes: &[String]) -> Error {
    let reason = if shapes.is_empty() {
        format!("the {what} holds no Shapefile, expected a .shp in it")
    } else {
        format!("the {what} holds {} Shapefiles, expected one: {}", shapes.len(), few(shapes))
    };
    Error::File { file: source.name().into(), reason: reason.into() }
}

/// The one Shapefile in an archive.
fn in_archive(source: &Source) -> Result<Parts, Error> {
    let archive = source.origin();
    let entries = zip::entries(archive)?;
    let paths: Vec<String> = entries.iter().map(Entry::path).collect();
    let file = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let found = |ending: &str| paths.iter().any(|path| has_ending(path, ending));
    if found("gdbtable") {
        return Err(Error::Geodatabase { path: source.name().into() });
    }
    let shapes: Vec<usize> = (0..paths.len())
        .filter(|&i| is_shapes(&file(&paths[i])) && !paths[i].starts_with("__MACOSX/"))
        .collect();
    let [shp] = shapes[..] else {
        if shapes.is_empty() && paths.iter().any(|path| path == "xl/workbook.xml") {
            let (file, expected) = (source.name().into(), "a layer: GeoJSON or a Shapefile");
            return Err(Error::Format { file, found: "an Excel workbook", expected });
        }
        return Err(not_one(
            source,
            "archive",
            &shapes.into_iter().map(|i| paths[i].clone()).collect::<Vec<_>>(),
        ));
    };
    let part = |i: usize| Part::Packed(archive.clone(), entries[i].clone());
    let mut parts = Parts { shp: part(shp), dbf: None, cpg: None, prj: None };
    let stem = |path: &str| path.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    let own = stem(&paths[shp]);
    let lower = |stem: Option<String>| stem.map(|stem| stem.to_lowercase());
    for (i, path) in paths.iter().enumerate() {
        let other = stem(path);
        if lower(other.clone()) == lower(own.clone()) {
            let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
            parts.set(ending, other == own, part(i));
        }
    }
    let used = [Some(&parts.shp), parts.dbf.as_ref(), parts.cpg.as_ref(), parts.prj.as_ref()];
    let (mut packed, mut size) = (0, 0);
    for part in used.into_iter().flatten() {
        if let Part::Packed(_, entry) = part {
            packed += entry.packed;
            size += entry.size;
        }
    }
    let limit = source.decompressed_limit(packed);
    if size > limit {
        return Err(Error::Decompressed { file: source.name().into(), limit });
    }
    Ok(parts)
}

impl FeatureFile for Shapefile {
    fn about(&self) -> &About {
        &self.about
    }

    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error> {
        let Parts { shp, dbf, cpg, prj } = &self.parts;
        // Small files, and archives, are hashed before; the others while they are read.
        let whole = |mut input: Box<dyn Read + Send>, name: String| {
            std::io::copy(&mut input, &mut std::io::sink()).map_err(|error| Error::io("read", name, error))
        };
        if stored.hashing() {
            for part in [cpg, prj].into_iter().flatten() {
                whole(part.open_through(stored)?, part.name())?;
            }
            if let Part::Packed(archive, _) = shp {
                whole(Box::new(stored.through(archive.open()?)), archive.name())?;
            }
        }
        let rows = match (dbf, &self.table) {
            (Some(dbf), Some(layout)) => {
                let rows = Rows::open(&dbf.name(), dbf.open_through(stored)?, layout)?;
                Some(Table { rows, layout: Arc::clone(layout), name: dbf.name().into() })
            }
            _ => None,
        };
        // Properties can be had without the shapes.
        let shapes = (wanted == Wanted::Features || rows.is_none())
            .then(|| Shapes::open(&shp.name(), shp.open_through(stored)?))
            .transpose()?;
        Ok(Box::new(Decoder { shapes, table: rows, deleted: 0, broken: 0 }))
    }
}

/// Rows, and what their columns are.
struct Table {
    rows: Rows,
    layout: Arc<Layout>,
    name: Box<str>,
}

/// Shapes with their rows, one after another.
struct Decoder {
    /// None where only properties are wanted.
    shapes: Option<Shapes>,
    table: Option<Table>,
    /// Rows marked as deleted, and texts that could not be decoded.
    deleted: u64,
    broken: u64,
}

impl Decoder {
    /// Goes on to the next shape and the next row; false behind the last of both.
    fn advance(&mut self) -> Result<bool, Error> {
        let shape = self.shapes.as_mut().map(Shapes::next).transpose()?;
        let Some(table) = &mut self.table else { return Ok(shape.unwrap_or(false)) };
        let row = table.rows.next()?;
        match shape {
            Some(true) if !row => {
                let shapes = self.shapes.as_mut();
                let count = shapes.map_or(Ok(0), |shapes| {
                    while shapes.next()? {}
                    Ok::<u64, Error>(shapes.count)
                })?;
                Err(table.unequal(count))
            }
            Some(false) if row => Err(table.unequal(self.shapes.as_ref().map_or(0, |shapes| shapes.count))),
            _ => Ok(row),
        }
    }
}

impl Table {
    fn unequal(&self, shapes: u64) -> Error {
        let reason = format!(
            "it has {} rows, but the .shp has {shapes} shapes: expected as many, as the nth row is of the nth shape",
            self.layout.rows
        );
        Error::Table { file: self.name.clone(), reason: reason.into() }
    }
}

impl FeatureDecoder for Decoder {
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            if !self.advance()? {
                if let Some(table) = &mut self.table {
                    table.rows.finish()?;
                }
                return Ok(false);
            }
            match &self.table {
                Some(table) if table.rows.is_deleted() => self.deleted += 1,
                _ => break,
            }
        }
        text.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
        if let Some(Table { rows, layout, .. }) = &self.table {
            self.broken += rows.push(text, layout);
        }
        text.extend_from_slice(b"},\"geometry\":");
        match &self.shapes {
            Some(shapes) => push_geometry(text, &shapes.shape, shapes.kind),
            None => text.extend_from_slice(b"null"),
        }
        text.push(b'}');
        Ok(true)
    }

    fn noticed(&self) -> Vec<WarningKind> {
        let deleted = (self.deleted > 0).then_some(WarningKind::DeletedRecords { count: self.deleted });
        let encoding = self.table.as_ref().map_or("", |table| table.layout.encoding_name());
        let broken = (self.broken > 0)
            .then(|| WarningKind::TextsNotDecoded { count: self.broken, encoding: encoding.into() });
        deleted.into_iter().chain(broken).collect()
    }
}

fn push_geometry(text: &mut Vec<u8>, shape: &Shape, kind: Kind) {
    let coords = &shape.coords[..];
    if shape.is_null {
        return text.extend_from_slice(b"null");
    }
    let mut open = |name: &str| {
        text.extend_from_slice(b"{\"type\":\"");
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\",\"coordinates\":");
    };
    let part = |part: &std::ops::Range<usize>| coords.get(part.clone()).unwrap_or_default();
    match (kind, &shape.parts[..]) {
        (Kind::Points, _) => {
            open("Point");
            coords.iter().for_each(|&at| push_position(text, at));
        }
        (Kind::MultiPoints | Kind::Nothing, _) => {
            open("MultiPoint");
            push_positions(text, coords.iter());
        }
        (Kind::Lines, [one]) => {
            open("LineString");
            push_positions(text, part(one).iter());
        }
        (Kind::Lines, parts) => {
            open("MultiLineString");
            push_list(text, parts, |text, of| push_positions(text, part(of).iter()));
        }
        (Kind::Polygons, parts) => {
            let polygons = rings::polygons(coords, parts);
            let push = |text: &mut Vec<u8>, rings: &Vec<Ring>| {
                let mut is_shell = true;
                push_list(text, rings, |text, ring| {
                    // Shells run against the clock in GeoJSON, holes with it.
                    let ring_coords = part(&ring.coords).iter();
                    if std::mem::take(&mut is_shell) == ring.against_clock {
                        push_positions(text, ring_coords);
                    } else {
                        push_positions(text, ring_coords.rev());
                    }
                });
            };
            match &polygons[..] {
                [one] => {
                    open("Polygon");
                    push(text, one);
                }
                several => {
                    open("MultiPolygon");
                    push_list(text, several, push);
                }
            }
        }
    }
    text.push(b'}');
}

fn push_list<T>(
    text: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    text.push(b'[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            text.push(b',');
        }
        push(text, item);
    }
    text.push(b']');
}

fn push_positions<'a>(text: &mut Vec<u8>, coords: impl IntoIterator<Item = &'a Coord>) {
    push_list(text, coords, |text, &at| push_position(text, at));
}

//! Which column holds the geometries, how, in which system; and which columns are properties.
//!
//! Sources: GeoParquet 1.0 and 1.1 (metadata `geo`), GeoArrow 0.2 (extension types), Parquet 2.12 (logical types for geometries).

use arrow_schema::{DataType, Field};
use serde_json::Value;

use super::batches::{Container, Head};
use super::cells::is_read;
use super::shapes::{Encoding, Native, fits};
use crate::crs::SourceCrs;
use crate::error::few;
use crate::io::transcode::{About, Settled};
use crate::json_text::push_text;

/// Names of columns that may hold well-known binary where nothing marks one, in lower case.
const NAMES: [&str; 7] = ["geometry", "geom", "wkb_geometry", "wkb", "the_geom", "shape", "geo"];

/// What to read of a file.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) shape: Option<Shape>,
    pub(super) properties: Vec<Property>,
    /// All columns, with their types: what parts of one layer have in common.
    pub(super) columns: Vec<(String, DataType)>,
}

/// The column of geometries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Where it stands in the file.
    pub(super) position: usize,
    pub(super) encoding: Encoding,
}

/// A column that is a property.
#[derive(Debug, Clone)]
pub(super) struct Property {
    /// Where it stands in the file.
    pub(super) position: usize,
    pub(super) name: Box<str>,
    /// The name as the key of a member.
    pub(super) key: Box<[u8]>,
}

/// What is said of the system of the coordinates.
enum System<'m> {
    /// Nothing.
    Silent,
    /// Longitude and latitude, by what the format says of files that name none.
    Implied,
    Said(&'m Value),
    /// That it is not known.
    Unknown,
}

impl Layout {
    /// Looks at the head of a file; `has_wkb` says whether the first known value of a column is well-known binary.
    ///
    /// # Errors
    /// What is not read here, in words.
    pub(super) fn of(
        head: &Head,
        container: Container,
        has_wkb: impl Fn(usize) -> bool,
    ) -> Result<(Self, About), String> {
        let fields = head.schema.fields();
        for (i, field) in fields.iter().enumerate() {
            if fields.iter().take(i).any(|other| other.name() == field.name()) {
                return Err(format!("the column `{}` stands twice, expected a name for each", field.name()));
            }
        }
        let mut about = About::default();
        let kind = match container {
            Container::Parquet => "Parquet",
            Container::Ipc => "Arrow IPC",
        };
        let geo = head.metadata.get("geo").map(|text| {
            serde_json::from_str::<Value>(text).map_err(|error| {
                format!("its metadata `geo` are no JSON ({error}), expected those of GeoParquet")
            })
        });
        let geo = geo.transpose()?;
        let found = match &geo {
            Some(geo) => Some(described(geo, fields)?),
            None => match extended(fields)? {
                Some(found) => Some(found),
                None => marked(head).or_else(|| by_name(fields, has_wkb)),
            },
        };
        let Some(found) = found else {
            about.settled.push(Settled::new("format", format!("{kind}, a table without geometry"), ""));
            let layout = Self::without(head, None, &[], &mut about);
            return Ok((layout, about));
        };
        let encoding = match found.encoding {
            Encoding::Wkb => "well-known binary".to_owned(),
            Encoding::Wkt => "well-known text".to_owned(),
            Encoding::Native(native) => format!("nested lists ({native:?})"),
        };
        let version = geo.as_ref().and_then(|geo| geo.get("version")?.as_str());
        let format = version.map_or_else(|| kind.to_owned(), |version| format!("GeoParquet {version}"));
        about.settled.push(Settled::new("format", format!("{format}, {encoding}"), ""));
        let field = &fields[found.position];
        about.settled.push(Settled::new("geometry", &**field.name(), found.reason));
        let extension = extension(field)?;
        let named =
            head.marked[found.position].as_ref().and_then(|marked| marked.crs.clone()).map(Value::from);
        let (system, spherical) = match (&geo, &extension, &head.marked[found.position]) {
            (Some(geo), ..) => {
                let column = geo.get("columns").and_then(|columns| columns.get(&**field.name()));
                let system = match column.and_then(|column| column.get("crs")) {
                    None => System::Implied,
                    Some(Value::Null) => System::Unknown,
                    Some(crs) => System::Said(crs),
                };
                (system, column.is_some_and(is_spherical))
            }
            (None, _, Some(marked)) => {
                (named.as_ref().map_or(System::Implied, System::Said), marked.spherical)
            }
            (None, Some(extension), None) => {
                let system = match extension.get("crs") {
                    None | Some(Value::Null) => System::Unknown,
                    Some(crs) => System::Said(crs),
                };
                (system, is_spherical(extension))
            }
            (None, None, None) => (System::Silent, false),
        };
        settle(&system, &mut about);
        if spherical {
            let reason =
                "the file says along great circles; sides of parcels are too short to tell them apart";
            about.settled.push(Settled::new("edges", "straight", reason));
        }
        let shape = Shape { position: found.position, encoding: found.encoding };
        let layout = Self::without(head, Some(shape), &found.beside, &mut about);
        Ok((layout, about))
    }

    /// The columns that are left as properties.
    fn without(head: &Head, shape: Option<Shape>, beside: &[String], about: &mut About) -> Self {
        let fields = head.schema.fields();
        let mut unread = Vec::new();
        let mut properties = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            if shape.is_some_and(|shape| shape.position == position) || beside.contains(field.name()) {
                continue;
            }
            if head.marked[position].is_some() || !is_read(field.data_type()) {
                unread.push(format!("`{}` ({})", field.name(), field.data_type()));
                continue;
            }
            let mut key = Vec::new();
            push_text(&mut key, &**field.name());
            key.push(b':');
            properties.push(Property { position, name: field.name().as_str().into(), key: key.into() });
        }
        if !unread.is_empty() {
            about.settled.push(Settled::new(
                "columns",
                format!("without {}", few(&unread)),
                "of types that no property has",
            ));
        }
        let columns = fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
        Self { shape, properties, columns }
    }

    /// Positions of the columns to read, ascending.
    pub(super) fn positions(&self, shapes: bool) -> Vec<usize> {
        let shape = self.shape.filter(|_| shapes).map(|shape| shape.position);
        let mut all: Vec<usize> =
            self.properties.iter().map(|property| property.position).chain(shape).collect();
        all.sort_unstable();
        all
    }
}

/// A column that was found.
struct Found {
    position: usize,
    encoding: Encoding,
    reason: &'static str,
    /// Names of columns that only say where its geometries lie.
    beside: Vec<String>,
}

/// The column that the metadata of `GeoParquet` describe.
fn described(geo: &Value, fields: &[std::sync::Arc<Field>]) -> Result<Found, String> {
    let columns = geo.get("columns").and_then(Value::as_object);
    let name = geo.get("primary_column").and_then(Value::as_str);
    let column = columns.zip(name).and_then(|(columns, name)| columns.get(name));
    let Some((name, column)) = name.zip(column) else {
        return Err("its metadata `geo` describe no primary column, expected those of GeoParquet".into());
    };
    let Some(position) = fields.iter().position(|field| field.name() == name) else {
        return Err(format!("its metadata `geo` name the column `{name}`, which is not there"));
    };
    let said = column.get("encoding").and_then(Value::as_str).unwrap_or_default();
    let encoding = match &*said.to_ascii_lowercase() {
        "wkb" => Encoding::Wkb,
        "wkt" => Encoding::Wkt,
        other => Native::of(other).map(Encoding::Native).ok_or_else(|| {
            format!("its geometries are encoded as `{said}`, expected WKB, polygon, multipolygon or another of GeoParquet 1.1")
        })?,
    };
    check(&fields[position], encoding)?;
    let covering = || column.get("covering")?.get("bbox")?.get("xmin")?.get(0)?.as_str();
    let mut beside: Vec<String> = covering().into_iter().map(str::to_owned).collect();
    beside.extend(fields.iter().filter(|field| is_box(field)).map(|field| field.name().clone()));
    Ok(Found { position, encoding, reason: "the primary column", beside })
}

fn check(field: &Field, encoding: Encoding) -> Result<(), String> {
    if fits(encoding, field.data_type()) {
        return Ok(());
    }
    let (name, kind) = (field.name(), field.data_type());
    Err(format!(
        "its geometries in the column `{name}` are of the type {kind}, which is not what they are said to be"
    ))
}

/// Whether a column is a box around geometries, as Overture and others carry.
fn is_box(field: &Field) -> bool {
    let DataType::Struct(fields) = field.data_type() else { return false };
    field.name() == "bbox" && ["xmin", "ymin", "xmax", "ymax"].iter().all(|name| fields.find(name).is_some())
}

/// The column that an extension type marks.
fn extended(fields: &[std::sync::Arc<Field>]) -> Result<Option<Found>, String> {
    let mut refused = None;
    for (position, field) in fields.iter().enumerate() {
        let Some(name) = field.extension_type_name() else { continue };
        let encoding = match name {
            "geoarrow.wkb" | "ogc.wkb" => Encoding::Wkb,
            "geoarrow.wkt" | "ogc.wkt" => Encoding::Wkt,
            name => {
                let Some(native) = name.strip_prefix("geoarrow.") else { continue };
                let Some(native) = Native::of(native) else {
                    refused = Some(format!(
                        "its geometries in the column `{}` are of the type `{name}`, expected geoarrow.wkb, .polygon, .multipolygon or .wkt",
                        field.name()
                    ));
                    continue;
                };
                Encoding::Native(native)
            }
        };
        check(field, encoding)?;
        return Ok(Some(Found { position, encoding, reason: "its type says so", beside: Vec::new() }));
    }
    refused.map_or(Ok(None), Err)
}

/// The column that Parquet marks as geometries.
fn marked(head: &Head) -> Option<Found> {
    let position = head.marked.iter().position(Option::is_some)?;
    fits(Encoding::Wkb, head.schema.field(position).data_type()).then_some(Found {
        position,
        encoding: Encoding::Wkb,
        reason: "its type says so",
        beside: Vec::new(),
    })
}

/// The column of well-known binary that nothing marks.
fn by_name(fields: &[std::sync::Arc<Field>], has_wkb: impl Fn(usize) -> bool) -> Option<Found> {
    let binary: Vec<usize> =
        (0..fields.len()).filter(|&at| fits(Encoding::Wkb, fields[at].data_type())).collect();
    let rank = |&at: &usize| {
        let name = fields[at].name().to_lowercase();
        NAMES.iter().position(|own| *own == name).unwrap_or(NAMES.len())
    };
    let mut ranked = binary;
    ranked.sort_by_key(rank);
    let position = ranked.into_iter().find(|&at| has_wkb(at))?;
    let reason = "its values are well-known binary";
    let beside = fields.iter().filter(|field| is_box(field)).map(|field| field.name().clone()).collect();
    Some(Found { position, encoding: Encoding::Wkb, reason, beside })
}

/// The metadata of an extension type of `GeoArrow`.
fn extension(field: &Field) -> Result<Option<Value>, String> {
    let marked = field
        .extension_type_name()
        .is_some_and(|name| name.starts_with("geoarrow.") || name.starts_with("ogc."));
    let text = field.extension_type_metadata().unwrap_or_default();
    match text {
        _ if !marked => Ok(None),
        "" => Ok(Some(Value::Object(serde_json::Map::new()))),
        text => serde_json::from_str(text).map(Some).map_err(|error| {
            format!(
                "the metadata of its column `{}` are no JSON ({error}), expected those of GeoArrow",
                field.name()
            )
        }),
    }
}

fn is_spherical(column: &Value) -> bool {
    column.get("edges").and_then(Value::as_str).is_some_and(|edges| edges != "planar")
}

fn settle(system: &System<'_>, about: &mut About) {
    match system {
        System::Silent => {}
        System::Implied => {
            let reason = "the file names none, which in its format means longitude and latitude on WGS 84";
            about.take_crs(&SourceCrs::wgs84(), reason);
        }
        System::Unknown => {
            about.settled.push(Settled::new("crs", "not known", "the file says that it is not"));
            about.unread_crs = Some("null".into());
        }
        System::Said(said) => {
            let (crs, name) = match said {
                Value::String(text) => (text.parse().ok(), text.clone()),
                object => {
                    let name = object.get("name").and_then(Value::as_str);
                    (SourceCrs::from_projjson(object), name.map_or_else(|| object.to_string(), str::to_owned))
                }
            };
            let name = shortened(&name);
            if let Some(crs) = crs {
                about.take_crs(&crs, format!("the file says `{name}`"));
            } else {
                let reason = format!("the file says `{name}`, which is not understood");
                about.settled.push(Settled::new("crs", "not known", reason));
                about.unread_crs = Some(name.into());
            }
        }
    }
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

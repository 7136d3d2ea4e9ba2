//! Which layers a `GeoPackage` has, and which one is meant.

use rusqlite::OptionalExtension as _;

use super::System;
use super::database::Database;
use crate::Error;
use crate::error::nearest;

/// A layer as a table.
#[derive(Debug)]
pub(super) struct LayerTable {
    pub(super) name: Box<str>,
    pub(super) geometry: Option<Geometry>,
    /// The column that numbers the rows, if they are numbered.
    pub(super) key: Option<Box<str>>,
    /// All other columns.
    pub(super) columns: Vec<TableColumn>,
}

#[derive(Debug)]
pub(super) struct Geometry {
    pub(super) column: Box<str>,
    /// What the file calls the kind of its geometries.
    pub(super) kind: Box<str>,
}

#[derive(Debug)]
pub(super) struct TableColumn {
    pub(super) name: Box<str>,
    /// Whether its numbers stand for false and true.
    pub(super) is_flag: bool,
}

/// A layer that was found.
pub(super) struct Found {
    pub(super) table: LayerTable,
    /// Why this one; empty where there is no other.
    pub(super) reason: String,
    pub(super) system: Option<System>,
}

/// A layer as the file lists it.
struct Listed {
    name: Box<str>,
    geometry: Option<(Geometry, i64)>,
}

impl Listed {
    /// Whether its geometries may be polygons.
    fn may_be_polygons(&self) -> bool {
        const OTHERS: [&str; 9] = [
            "POINT",
            "MULTIPOINT",
            "LINESTRING",
            "MULTILINESTRING",
            "CIRCULARSTRING",
            "COMPOUNDCURVE",
            "CURVE",
            "MULTICURVE",
            "TIN",
        ];
        let is_other = |kind: &str| OTHERS.iter().any(|other| other.eq_ignore_ascii_case(kind));
        self.geometry.as_ref().is_some_and(|(geometry, _)| !is_other(&geometry.kind))
    }

    fn words(&self) -> Box<str> {
        let kind = self.geometry.as_ref().map_or("a table".into(), |(of, _)| of.kind.to_ascii_lowercase());
        format!("`{}` ({kind})", self.name).into()
    }
}

/// The layer of a name, or without one the only layer, or else the only one of polygons.
pub(super) fn find(file: &Database, asked: Option<&str>) -> Result<Found, Error> {
    if !has_table(file, "gpkg_contents")? {
        let reason = "it is an SQLite database without the table `gpkg_contents`, expected a GeoPackage";
        return Err(file.fault(reason));
    }
    let mut all = list(file)?;
    let (at, reason) = choose(file, &all, asked)?;
    let listed = all.swap_remove(at);
    let (geometry, system) = match listed.geometry {
        Some((geometry, id)) => (Some(geometry), system(file, id)?),
        None => (None, None),
    };
    let table = columns(file, listed.name, geometry)?;
    Ok(Found { table, reason, system })
}

fn choose(file: &Database, all: &[Listed], asked: Option<&str>) -> Result<(usize, String), Error> {
    let unclear = |reason: String| Error::WhichLayer {
        file: file.name.clone(),
        reason: reason.into(),
        layers: all.iter().map(Listed::words).collect(),
    };
    if let Some(asked) = asked {
        let same = |at: &usize| all.get(*at).is_some_and(|layer| layer.name.eq_ignore_ascii_case(asked));
        let exact = all.iter().position(|layer| &*layer.name == asked);
        return exact.or_else(|| (0..all.len()).find(same)).map(|at| (at, "asked for".into())).ok_or_else(
            || {
                let near = nearest(asked, all.iter().map(|layer| &*layer.name));
                let near = near.map_or_else(String::new, |near| format!(" (is `{near}` meant?)"));
                unclear(format!("there is no layer `{asked}`{near}"))
            },
        );
    }
    let of = |wanted: fn(&Listed) -> bool| -> Vec<usize> {
        all.iter().enumerate().filter(|(_, layer)| wanted(layer)).map(|(at, _)| at).collect()
    };
    let features = of(|layer| layer.geometry.is_some());
    let polygons = of(Listed::may_be_polygons);
    let tables = of(|layer| layer.geometry.is_none());
    match (&features[..], &polygons[..], &tables[..]) {
        (&[only], ..) => Ok((only, String::new())),
        (_, &[only], _) => Ok((only, format!("the only one of polygons among {}", features.len()))),
        ([], _, &[only]) => Ok((only, String::new())),
        ([], _, []) => Err(file.fault("it holds no layer of features, expected one")),
        ([], ..) => Err(unclear(format!("it has {} tables, and none is named", tables.len()))),
        (_, [], _) => Err(unclear(format!("it has {} layers, and none is named", features.len()))),
        _ => Err(unclear(format!("it has {} layers of polygons, and none is named", polygons.len()))),
    }
}

fn has_table(file: &Database, name: &str) -> Result<bool, Error> {
    let query = "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND lower(name) = ?1";
    let found = file.connection.query_row(query, [name], |_| Ok(())).optional();
    found.map(|found| found.is_some()).map_err(|error| file.broken(&error))
}

fn list(file: &Database) -> Result<Vec<Listed>, Error> {
    let geometries = if has_table(file, "gpkg_geometry_columns")? {
        "SELECT c.table_name, g.column_name, g.geometry_type_name, g.srs_id FROM gpkg_contents c \
         LEFT JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)"
    } else {
        "SELECT c.table_name, NULL, NULL, NULL FROM gpkg_contents c"
    };
    let query = format!(
        "{geometries} WHERE c.data_type IN ('features', 'attributes', 'aspatial') ORDER BY lower(c.table_name)"
    );
    let read = || {
        let mut statement = file.connection.prepare(&query)?;
        let rows = statement.query_map([], |row| {
            let column: Option<Box<str>> = row.get(1)?;
            let kind: Option<Box<str>> = row.get(2)?;
            let system: Option<i64> = row.get(3)?;
            let geometry = column.map(|column| {
                (Geometry { column, kind: kind.unwrap_or_else(|| "GEOMETRY".into()) }, system.unwrap_or(-1))
            });
            Ok(Listed { name: row.get(0)?, geometry })
        })?;
        rows.collect::<rusqlite::Result<Vec<Listed>>>()
    };
    read().map_err(|error| file.broken(&error))
}

fn system(file: &Database, id: i64) -> Result<Option<System>, Error> {
    let query = "SELECT srs_name, organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys \
                 WHERE srs_id = ?1";
    let found = file.connection.query_row(query, [id], |row| {
        let name: Option<Box<str>> = row.get(0)?;
        let organization: Option<Box<str>> = row.get(1)?;
        let number: Option<i64> = row.get(2)?;
        let definition: Option<Box<str>> = row.get(3)?;
        let code = organization.zip(number);
        let name = name.unwrap_or_default();
        Ok(System { id, name, code, definition: definition.unwrap_or_default() })
    });
    let unlisted = || System { id, name: format!("system {id}").into(), code: None, definition: "".into() };
    found.optional().map(|found| Some(found.unwrap_or_else(unlisted))).map_err(|error| file.broken(&error))
}

fn columns(file: &Database, name: Box<str>, geometry: Option<Geometry>) -> Result<LayerTable, Error> {
    struct Stated {
        name: Box<str>,
        kind: String,
        key: i64,
    }
    let read = || {
        let mut statement = file.connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
        let rows = statement.query_map([&*name], |row| {
            let kind: Option<String> = row.get(1)?;
            Ok(Stated {
                name: row.get(0)?,
                kind: kind.unwrap_or_default().to_ascii_uppercase(),
                key: row.get(2)?,
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<Stated>>>()
    };
    let all = read().map_err(|error| file.broken(&error))?;
    if all.is_empty() {
        return Err(file.fault(format!("it lists the layer `{name}`, but has no such table")));
    }
    let shape = |column: &Stated| {
        geometry.as_ref().is_some_and(|geometry| geometry.column.eq_ignore_ascii_case(&column.name))
    };
    if let Some(geometry) = &geometry
        && !all.iter().any(shape)
    {
        let column = &geometry.column;
        return Err(file.fault(format!(
            "the layer `{name}` has no column `{column}`, which should hold its geometries"
        )));
    }
    let mut keys = all.iter().filter(|column| column.key > 0);
    let key = match (keys.next(), keys.next()) {
        // Only such a column is the number of the row itself.
        (Some(key), None) if key.kind == "INTEGER" => Some(key.name.clone()),
        _ => None,
    };
    // Numbers that GDAL and others gave out say nothing beside the feature's id.
    let is_plain_key = |column: &Stated| {
        key.as_ref() == Some(&column.name)
            && ["fid", "ogc_fid"].iter().any(|plain| column.name.eq_ignore_ascii_case(plain))
    };
    let columns = all
        .iter()
        .filter(|column| !shape(column) && !is_plain_key(column))
        .map(|column| TableColumn { name: column.name.clone(), is_flag: column.kind == "BOOLEAN" })
        .collect();
    Ok(LayerTable { name, geometry, key, columns })
}

//! The tables that make a database a `GeoPackage`, and those of each layer.

use rusqlite::Connection;

use super::Bounds;
use super::style::Style;
use crate::crs::SourceCrs;
use crate::report::columns::{ColumnKind, OutputColumn, distinct_names};

/// The file is new and belongs to whoever writes it: nothing has to be restored, and nothing is made beside it.
pub(super) const SETTINGS: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA application_id = 0x47504B47;
    PRAGMA user_version = 10400;
";

/// When layers were changed last: no time of the clock, so that the same analysis gives the same bytes.
const TIME: &str = "2000-01-01T00:00:00.000Z";

pub(super) const BASE: &str = "
    CREATE TABLE gpkg_spatial_ref_sys (
        srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
    INSERT INTO gpkg_spatial_ref_sys VALUES
        ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'metres of no known place'),
        ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'degrees on no known datum');
    CREATE TABLE gpkg_contents (
        table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
        last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
        CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
    CREATE TABLE gpkg_geometry_columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
        z TINYINT NOT NULL, m TINYINT NOT NULL,
        CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
        CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
        CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
    CREATE TABLE gpkg_extensions (
        table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
        CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
    INSERT INTO gpkg_extensions VALUES
        ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write'),
        ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write');
    CREATE TABLE gpkg_data_columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
        constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
        CONSTRAINT gdc_tn UNIQUE (table_name, name));
    CREATE TABLE gpkg_data_column_constraints (
        constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
        max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
        CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
    CREATE TABLE gpkg_ogr_contents (table_name TEXT NOT NULL PRIMARY KEY, feature_count INTEGER DEFAULT NULL);
    CREATE TABLE layer_styles (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
        f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
        useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
        update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
    INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
        VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles of the layers, as QGIS keeps them', '2000-01-01T00:00:00.000Z');
";

/// A system of coordinates as the file lists it.
pub(super) struct System {
    pub(super) id: i32,
    name: String,
    organization: &'static str,
    number: i32,
    definition: String,
}

impl System {
    /// The system that a layer names.
    pub(super) fn of(name: &str) -> Self {
        let code = if name == "OGC:CRS84" {
            Some(4326)
        } else {
            name.strip_prefix("EPSG:").and_then(|code| code.parse().ok())
        };
        if let Some(code) = code {
            let definition = SourceCrs::wkt(code).unwrap_or("undefined");
            let called = definition.split('"').nth(1).map_or_else(|| name.to_owned(), str::to_owned);
            let id = i32::try_from(code).unwrap_or(-1);
            return Self {
                id,
                name: called,
                organization: "EPSG",
                number: id,
                definition: definition.into(),
            };
        }
        if name == "local" {
            return Self {
                id: -1,
                name: String::new(),
                organization: "NONE",
                number: -1,
                definition: String::new(),
            };
        }
        // A system of no code: readers that know its text know the place.
        let id = 100_000;
        Self {
            id,
            name: "system of the input".into(),
            organization: "NONE",
            number: id,
            definition: name.into(),
        }
    }
}

/// A layer as a table of the file.
pub(super) struct LayerTable<'a> {
    name: &'static str,
    system: Option<&'a System>,
    columns: Vec<(String, &'a OutputColumn)>,
}

const KEY: &str = "fid";
const SHAPE: &str = "geom";

impl<'a> LayerTable<'a> {
    pub(super) fn new(
        name: &'static str,
        columns: impl Iterator<Item = &'a OutputColumn>,
        system: Option<&'a System>,
    ) -> Self {
        let columns: Vec<&OutputColumn> = columns.collect();
        let names = distinct_names(columns.iter().copied(), &[KEY, SHAPE]);
        let columns = names.into_iter().zip(columns).collect();
        Self { name, system, columns }
    }

    pub(super) fn create(&self, file: &Connection) -> rusqlite::Result<()> {
        let Self { name, system, columns } = self;
        let shape = if system.is_some() { format!(", {SHAPE} MULTIPOLYGON") } else { String::new() };
        let mut table =
            format!("CREATE TABLE {name} ({KEY} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL{shape}");
        for (column, of) in columns {
            let kind = match of.kind {
                ColumnKind::Number => "REAL",
                ColumnKind::Count => "INTEGER",
                ColumnKind::Flag => "BOOLEAN",
                ColumnKind::Text | ColumnKind::Nested => "TEXT",
            };
            table.push_str(&format!(", {} {kind}", quoted(column)));
        }
        table.push(')');
        file.execute_batch(&table)?;
        if let Some(system) = system {
            let System { id, name: called, organization, number, definition } = system;
            file.execute(
                "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
                (called, id, organization, number, definition),
            )?;
            file.execute_batch(&format!(
                "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy)",
                self.index()
            ))?;
        }
        let mut describe =
            file.prepare("INSERT INTO gpkg_data_columns VALUES (?1, ?2, ?2, NULL, ?3, ?4, NULL)")?;
        for (column, of) in columns {
            let unit = match &*of.unit {
                "" => String::new(),
                "1" => " (ratio)".into(),
                unit => format!(" ({unit})"),
            };
            let kind = (of.kind == ColumnKind::Nested).then_some("application/json");
            describe.execute((*name, column, format!("{}{unit}", of.meaning), kind))?;
        }
        Ok(())
    }

    fn index(&self) -> String {
        format!("rtree_{}_{SHAPE}", self.name)
    }

    pub(super) fn insert(&self) -> String {
        let count = 1 + usize::from(self.system.is_some()) + self.columns.len();
        format!("INSERT INTO {} VALUES ({})", self.name, vec!["?"; count].join(", "))
    }

    pub(super) fn insert_box(&self) -> String {
        format!("INSERT INTO {} VALUES (?, ?, ?, ?, ?)", self.index())
    }

    /// Lists the table with what is known now, and lets other programs keep its index and its count.
    pub(super) fn finish(
        &self,
        file: &Connection,
        rows: i64,
        extent: Option<Bounds>,
    ) -> rusqlite::Result<()> {
        let Self { name, system, .. } = self;
        let [min_x, min_y, max_x, max_y] = extent.map_or([None; 4], |extent| extent.map(Some));
        let kind = if system.is_some() { "features" } else { "attributes" };
        file.execute(
            "INSERT INTO gpkg_contents VALUES (?1, ?2, ?1, '', ?3, ?4, ?5, ?6, ?7, ?8)",
            (name, kind, TIME, min_x, min_y, max_x, max_y, system.map(|system| system.id)),
        )?;
        file.execute("INSERT INTO gpkg_ogr_contents VALUES (?1, ?2)", (name, rows))?;
        for (event, sign) in [("INSERT", '+'), ("DELETE", '-')] {
            let trigger = format!("trigger_{}_feature_count_{name}", event.to_lowercase());
            file.execute_batch(&format!(
                "CREATE TRIGGER {trigger} AFTER {event} ON {name} BEGIN \
                 UPDATE gpkg_ogr_contents SET feature_count = feature_count {sign} 1 WHERE lower(table_name) = '{name}'; END"
            ))?;
        }
        if let Some(system) = system {
            file.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, 'MULTIPOLYGON', ?3, 0, 0)",
                (name, SHAPE, system.id),
            )?;
            file.execute(
                "INSERT INTO gpkg_extensions VALUES (?1, ?2, 'gpkg_rtree_index', \
                 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
                (name, SHAPE),
            )?;
            file.execute_batch(&self.triggers())?;
        }
        Ok(())
    }

    /// What keeps the index right when another program changes rows: it has the functions that these need.
    fn triggers(&self) -> String {
        let (table, index) = (self.name, self.index());
        let filled = |row: &str| format!("({row}.{SHAPE} NOTNULL AND NOT ST_IsEmpty({row}.{SHAPE}))");
        let hollow = |row: &str| format!("({row}.{SHAPE} ISNULL OR ST_IsEmpty({row}.{SHAPE}))");
        let of_new = |function: &str| format!("ST_{function}(NEW.{SHAPE})");
        let [min_x, max_x, min_y, max_y] = ["MinX", "MaxX", "MinY", "MaxY"].map(of_new);
        let put = |verb: &str| {
            format!("{verb} INTO {index} VALUES (NEW.{KEY}, {min_x}, {max_x}, {min_y}, {max_y});")
        };
        let (same, moved) = (format!("OLD.{KEY} = NEW.{KEY}"), format!("OLD.{KEY} != NEW.{KEY}"));
        let drop_old = format!("DELETE FROM {index} WHERE id = OLD.{KEY};");
        let shape = format!("UPDATE OF {SHAPE}");
        let all = [
            ("insert", "INSERT", filled("NEW"), put("INSERT OR REPLACE")),
            ("update2", &*shape, format!("{same} AND {}", hollow("NEW")), drop_old.clone()),
            (
                "update4",
                "UPDATE",
                format!("{moved} AND {}", hollow("NEW")),
                format!("DELETE FROM {index} WHERE id IN (OLD.{KEY}, NEW.{KEY});"),
            ),
            (
                "update5",
                "UPDATE",
                format!("{moved} AND {}", filled("NEW")),
                format!("{drop_old} {}", put("INSERT OR REPLACE")),
            ),
            (
                "update6",
                &*shape,
                format!("{same} AND {} AND {}", filled("NEW"), filled("OLD")),
                format!(
                    "UPDATE {index} SET minx = {min_x}, maxx = {max_x}, miny = {min_y}, maxy = {max_y} WHERE id = NEW.{KEY};"
                ),
            ),
            (
                "update7",
                &*shape,
                format!("{same} AND {} AND {}", filled("NEW"), hollow("OLD")),
                put("INSERT"),
            ),
            ("delete", "DELETE", format!("OLD.{SHAPE} NOT NULL"), drop_old.clone()),
        ];
        let trigger = |(name, event, when, work): &(&str, &str, String, String)| {
            format!("CREATE TRIGGER {index}_{name} AFTER {event} ON {table} WHEN {when} BEGIN {work} END;\n")
        };
        all.iter().map(trigger).collect()
    }

    pub(super) fn add_style(&self, file: &Connection, style: &Style) -> rusqlite::Result<()> {
        let Style { description, qml } = style;
        let insert = "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, \
                      styleQML, styleSLD, useAsDefault, description, owner, update_time) \
                      VALUES ('', '', ?1, ?2, ?1, ?3, '', 1, ?4, '', ?5)";
        file.execute(insert, (self.name, SHAPE, qml, description, TIME)).map(drop)
    }
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

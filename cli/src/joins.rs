//! Files that say more of the parcels: firms, buildings, field checks.

use std::path::{Path, PathBuf};

use clap::Args;
use landuse::efficiency::{AllocationBasis, FieldChecks};
use landuse::io::schema::{Field, Schema, Target};
use landuse::io::{OutputDir, Table, infer};
use landuse::join::{BuildingOptions, Buildings, Firms};
use landuse::{Error, ParcelSet, report};
use serde::Serialize;

use crate::layers::{ParcelArguments, source};
use crate::manifest::{Input, take};

/// What is joined to the parcels.
#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// Firms and the parcels they stand on (CSV, or GeoJSON whose properties are the columns): `firm`, `parcel`, amounts that add up.
    #[arg(long, value_name = "FILE")]
    pub(crate) firms: Option<PathBuf>,

    /// What amounts of firms on several parcels are split by: land (`land_m2` or `land_mu`), floor area (`floor_area_m2`) or jobs.
    #[arg(long, value_name = "BASIS", value_enum, default_value_t = Basis::Land, requires = "firms")]
    pub(crate) firms_by: Basis,

    /// Buildings as GeoJSON footprints with floors, height or floor area, spread onto parcels by overlap.
    #[arg(long, value_name = "FILE")]
    pub(crate) buildings: Option<PathBuf>,

    /// Height of a storey where only a building's height is known, m.
    #[arg(long, value_name = "M", default_value_t = BuildingOptions::default().storey_height_m, requires = "buildings")]
    pub(crate) storey_height: f64,

    /// The file of buildings holds every one there is: a parcel without any has a floor area of 0.
    #[arg(long, requires = "buildings")]
    pub(crate) buildings_complete: bool,
}

/// Words of the command line for the basis of allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Basis {
    Land,
    FloorArea,
    Jobs,
}

impl From<Basis> for AllocationBasis {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Land => Self::Land,
            Basis::FloorArea => Self::FloorArea,
            Basis::Jobs => Self::Jobs,
        }
    }
}

/// Outputs that joins write.
pub(crate) const OUTPUTS: [&str; 3] = ["joins.json", "firms.csv", "buildings.csv"];

/// What became of the joins, as it is written.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Joins {
    #[serde(skip_serializing_if = "Option::is_none")]
    firms: Option<landuse::join::FirmReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buildings: Option<landuse::join::BuildingReport>,
    #[serde(skip)]
    firms_csv: Option<String>,
    #[serde(skip)]
    buildings_csv: Option<String>,
}

impl JoinArguments {
    /// Reads what was named and brings it onto the parcels. Buildings first: firms may be split by floor area.
    pub(crate) fn join(
        &self,
        arguments: &ParcelArguments,
        parcels: &mut ParcelSet,
        inputs: &mut Vec<Input>,
        notes: &mut Vec<String>,
    ) -> Result<Joins, Error> {
        let mut joins = Joins::default();
        if let Some(path) = &self.buildings {
            let file = source(path)?;
            let loaded = arguments.layer_loader(building_schema(&file)?)?.load_beside(&file, parcels)?;
            let buildings = take(loaded, "buildings", &file, inputs, notes);
            let mut options = BuildingOptions::default();
            options.storey_height_m = self.storey_height;
            options.complete = self.buildings_complete;
            let joined = Buildings::join(parcels, &buildings, &options)?;
            let report = &joined.report;
            notes.push(format!(
                "buildings: of {} on parcels {}, on none {}; floor area unknown for {}",
                report.buildings,
                report.buildings - report.on_no_parcel,
                report.on_no_parcel,
                report.floor_area_unknown
            ));
            joins.buildings_csv = Some(report::buildings_csv(parcels, &buildings, &joined));
            joins.buildings = Some(joined.report);
        }
        if let Some(path) = &self.firms {
            let table = table(path, "firms", inputs)?;
            let firms = Firms::from_table(&table, self.firms_by.into())?;
            let joined = firms.join(parcels)?;
            let report = &joined.report;
            notes.push(format!(
                "firms: of {} rows {} matched; {} firms on no parcel, {} that cannot be split, {} contradictions",
                report.join.rows,
                report.join.matched,
                report.join.firms_without_parcel,
                report.join.firms_without_split,
                report.contradictions.len()
            ));
            joins.firms_csv = Some(report::firms_csv(&firms, &joined));
            joins.firms = Some(joined.report);
        }
        Ok(joins)
    }
}

impl Joins {
    /// Writes the report and the tables of what was joined.
    pub(crate) fn write(&self, out: &OutputDir) -> Result<(), Error> {
        if self.firms.is_none() && self.buildings.is_none() {
            return Ok(());
        }
        let mut report = serde_json::to_string_pretty(self).unwrap_or_default();
        report.push('\n');
        let tables = [("firms.csv", &self.firms_csv), ("buildings.csv", &self.buildings_csv)];
        for (name, text) in std::iter::once((OUTPUTS[0], &Some(report))).chain(tables) {
            if let Some(text) = text {
                let mut file = out.file(name)?;
                file.write(text.as_bytes())?;
                file.finish()?;
            }
        }
        Ok(())
    }
}

/// Reads a table and notes it among the inputs.
pub(crate) fn table(path: &Path, role: &str, inputs: &mut Vec<Input>) -> Result<Table, Error> {
    let source = source(path)?;
    let table = Table::read(&source)?;
    inputs.push(Input::of_table(&table, role));
    Ok(table)
}

/// Field checks, where a file of them was named.
pub(crate) fn field_checks(
    path: Option<&PathBuf>,
    inputs: &mut Vec<Input>,
) -> Result<Option<FieldChecks>, Error> {
    path.map(|path| FieldChecks::from_table(&table(path, "field checks", inputs)?)).transpose()
}

/// What buildings say of themselves: id, floors, height, floor area, by the names of all profiles and those of open maps.
fn building_schema(file: &landuse::io::Source) -> Result<Schema, Error> {
    const OPEN_MAPS: [(&str, Target); 6] = [
        ("building:levels", Target::Floors),
        ("levels", Target::Floors),
        ("num_floors", Target::Floors),
        ("height", Target::Height),
        ("building_height", Target::Height),
        ("osm_id", Target::Id),
    ];
    let inference = infer(file)?;
    let mut schema = inference.schema;
    let wanted = [Target::Id, Target::Floors, Target::Height, Target::FloorArea];
    schema.fields.retain(|field| wanted.contains(&field.target));
    for (name, target) in OPEN_MAPS {
        let named = inference.decisions.iter().any(|decision| &*decision.property == name);
        if named && !schema.fields.iter().any(|field| field.target == target) {
            schema.fields.push(Field::new(name, target));
        }
    }
    Ok(schema)
}

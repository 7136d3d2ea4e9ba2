//! Files that say more of the parcels: firms, buildings, field checks.

use std::path::{Path, PathBuf};

use clap::Args;
use landuse::analysis::{InputFile, InputOptions};
use landuse::efficiency::AllocationBasis;
use landuse::io::Table;
use landuse::join::{BuildingReport, FirmReport};
use landuse::report::{self, Format};
use landuse::{Error, Inputs};
use serde::Serialize;

use crate::layers::source;
use crate::output::OutputDir;

/// What is joined to the parcels.
#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// Firms and the parcels they stand on (CSV, a workbook, or properties of features): `firm`, `parcel`, amounts that add up.
    #[arg(long, value_name = "FILE")]
    pub(crate) firms: Option<PathBuf>,

    /// What amounts of firms on several parcels are split by: land (`land_m2` or `land_mu`), floor area (`floor_area_m2`) or jobs.
    /// By default land.
    #[arg(long, value_name = "BASIS", value_enum, requires = "firms")]
    pub(crate) firms_by: Option<Basis>,

    /// Footprints of buildings with floors, height or floor area, spread onto parcels by overlap.
    #[arg(long, value_name = "FILE")]
    pub(crate) buildings: Option<PathBuf>,

    /// Height of a storey where only a building's height is known, m; 3.5 by default.
    #[arg(long, value_name = "M", requires = "buildings")]
    pub(crate) storey_height: Option<f64>,

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

/// What became of the joins, as it is written.
#[derive(Debug, Serialize)]
struct Joins<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    firms: Option<&'a FirmReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buildings: Option<&'a BuildingReport>,
}

impl JoinArguments {
    /// Lays what the command line says over the options.
    pub(crate) fn set(&self, options: &mut InputOptions) {
        if let Some(basis) = self.firms_by {
            options.firms_by = basis.into();
        }
        if let Some(height_m) = self.storey_height {
            options.buildings.storey_height_m = height_m;
        }
        options.buildings.complete |= self.buildings_complete;
    }
}

/// Writes the report and the tables of what was joined; nothing where nothing was.
pub(crate) fn write(inputs: &Inputs, out: &OutputDir, csv: Format) -> Result<(), Error> {
    let (firms, buildings) = (inputs.firms(), inputs.buildings());
    if firms.is_none() && buildings.is_none() {
        return Ok(());
    }
    let joins = Joins {
        firms: firms.map(|(_, joined)| &joined.report),
        buildings: buildings.map(|(_, joined)| &joined.report),
    };
    let mut report = serde_json::to_vec_pretty(&joins).unwrap_or_default();
    report.push(b'\n');
    out.put("joins.json", &report)?;
    let layers = [
        firms.map(|(firms, joined)| report::firms_layer(firms, joined)),
        buildings.map(|(set, joined)| report::buildings_layer(inputs.parcels(), set, joined)),
    ];
    for layer in layers.into_iter().flatten() {
        out.write(&format!("{}.csv", layer.name()), |file| layer.write(csv, file))?;
    }
    Ok(())
}

/// Reads a table and notes it among the inputs.
pub(crate) fn table(path: &Path, role: &str, inputs: &mut Vec<InputFile>) -> Result<Table, Error> {
    let source = source(path)?;
    let table = Table::read(&source)?;
    inputs.push(InputFile::of_table(&table, role));
    Ok(table)
}

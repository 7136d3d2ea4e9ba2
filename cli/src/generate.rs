//! `landuse generate`: an open synthetic city with planted low-efficiency sites.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use landuse::Error;
use landuse::generate::{City, CityOptions, Fabric, Faults, Fill};
use landuse::units::people_number;

use crate::manifest::{Clock, Manifest};
use crate::output::{OutputDir, names};
use crate::say;

/// Makes an open synthetic city with planted low-efficiency sites.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Number of parcels.
    #[arg(long, value_name = "N")]
    parcels: u32,

    /// Same seed, same city.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// Folder for the files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace the outputs of an earlier run.
    #[arg(long)]
    overwrite: bool,

    /// Shape of the parcels.
    #[arg(long, value_enum, default_value_t = FabricName::Cadastral)]
    fabric: FabricName,

    /// Vertices of the control lines together; by default 0.35 times the parcels.
    #[arg(long, value_name = "N")]
    line_vertices: Option<u32>,

    /// Plant no cadastral trouble: no overlaps, invalid rings, duplicates or missing values.
    #[arg(long)]
    clean: bool,

    /// Write the city some years later as well, and what changed: `parcels_later.geojson` and `changes.json`.
    #[arg(long)]
    later: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FabricName {
    /// Blocks of parcels along streets.
    Cadastral,
    /// An old town of small parcels in a sparse country.
    Clustered,
    /// Long thin strips.
    Slivers,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let mut options = CityOptions::new(arguments.parcels, arguments.seed).fabric(match arguments.fabric {
        FabricName::Cadastral => Fabric::Cadastral,
        FabricName::Clustered => Fabric::Clustered,
        FabricName::Slivers => Fabric::Slivers,
    });
    if let Some(vertices) = arguments.line_vertices {
        options = options.line_vertices(vertices);
    }
    if arguments.clean {
        options = options.faults(Faults::NONE);
    }
    let out = OutputDir::create(&arguments.out, &names::GENERATE, arguments.overwrite)?;
    let mut clock = Clock::start();
    let city = City::new(options)?;
    let mut save = |name: &str, fill: Fill<'_>| out.write(name, |file| fill(file).map_err(Error::Write));
    let written = city.write_files(&mut save)?;
    let later = arguments.later.then(|| city.write_later_files(&mut save)).transpose()?;
    clock.lap("write");
    let bytes = out.commit(Manifest::new(Vec::new(), None, &[], clock))?;
    say(&format!(
        "{} parcels with {} positions, {} planted sites, control lines of {} positions: {} MB in {}\n",
        written.parcels,
        written.positions,
        written.sites,
        written.line_positions,
        people_number(bytes as f64 / 1e6, 1),
        arguments.out.display()
    ));
    if let Some(later) = later {
        say(&format!("{} parcels some years later, after {} changes\n", later.parcels, later.changes));
    }
    Ok(ExitCode::SUCCESS)
}

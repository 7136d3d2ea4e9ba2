//! Pingshan: floor area ratio of a site, supply against the task, and a target that is no ratio.

use std::error::Error;

use crate::figures::{Case, row};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let case = Case::open(include_str!("../../data/cases/pingshan.toml"))?;
    let site_m2 = case.get("site")?;
    row("new industrial land, floor area ratio", case.get("floor")? / site_m2, "");
    row("pilot, floor area ratio", case.get("pilot_floor")? / case.get("pilot_site")?, "");
    let (supplied, task) = (case.get("supplied")?, case.get("annual_task")?);
    row("land supplied against the task", 100.0 * supplied / task, "%");
    row("  as published", 100.0 * case.get("supplied_to_task")?, "%");
    row("that site in the land supplied", 100.0 * site_m2 / 1e4 / supplied, "%");
    let planned = case.get("new_floor")? / (case.get("integrated_land")? * 1e6);
    row("new floor area per land to be integrated", planned, "");
    if planned < 2.0 {
        println!(
            "! far below the ratio of the site above: the floor area is probably only part of what the land will bear"
        );
    }
    #[cfg(feature = "programme")]
    programme(site_m2, case.get("floor")?, case.get("integrated_land")? * 1e6, case.get("new_floor")?);
    row("value added in output", 100.0 * case.get("value_added")? / case.get("output")?, "%");
    let (firms, added) = (case.get("firms")?, case.get("firms_added")?);
    row("firms above scale, growth", 100.0 * added / (firms - added), "%");
    Ok(())
}

/// The land to be integrated as projects like the site above, over five years: what the target asks, and what the land would bear.
#[cfg(feature = "programme")]
fn programme(site_m2: f64, floor_m2: f64, land_m2: f64, target_m2: f64) {
    use landuse::redevelop::{ProgrammeOptions, Project};
    let mut project = Project::new("");
    (project.value, project.supply_m2, project.built_m2, project.cost) =
        (floor_m2, floor_m2, floor_m2, site_m2);
    let mut options = ProgrammeOptions::default();
    options.cost.per_land = 1.0;
    (options.budget, options.carry_over) = (vec![land_m2 / 5.0], true);
    options.supply_m2 = vec![target_m2 / 5.0];
    let projects = (land_m2 / site_m2).floor() as usize;
    println!(
        "\n{projects} sites of that size, 2 km² a year, at least {:.1} million m² of floor a year",
        target_m2 / 5e6
    );
    crate::figures::programme(projects, &project, &options, ("million m²", 1e6));
}

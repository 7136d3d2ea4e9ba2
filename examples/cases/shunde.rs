//! Shunde: what the village parks contribute compared with the land they take.

use std::error::Error;

use landuse::efficiency::location_quotient;
use landuse::units::{AreaUnit, people_area};

use crate::figures::{Case, row};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let case = Case::open(include_str!("../../data/cases/shunde.toml"))?;
    let land = case.get("park_land_share")?;
    for (name, share) in [("output", case.get("park_output_share")?), ("tax", case.get("park_tax_share")?)] {
        let parks = location_quotient(share, land)?;
        let rest = location_quotient(1.0 - share, 1.0 - land)?;
        row(&format!("{name}: location quotient of the village parks"), parks, "");
        row(&format!("{name}: location quotient of the other industrial land"), rest, "");
        row(&format!("{name}: yield per land, other to village parks"), rest / parks, "times");
        row(&format!("{name}: shares times quotients"), land * parks + (1.0 - land) * rest, "(must be 1)");
    }
    println!();
    row("firms per park", case.get("firms")? / case.get("parks")?, "");
    let released = case.get("released")?;
    println!("released in three years: {}", people_area(AreaUnit::Mu.to_m2(released)));
    row("per project", released / case.get("renewal_projects")?, "mu");
    #[cfg(feature = "programme")]
    programme(AreaUnit::Mu.to_m2(released), case.get("renewal_projects")?, case.get("first_year_projects")?);
    row("of all industrial land", 100.0 * released / case.get("industrial_land")?, "%");
    Ok(())
}

/// The projects over three years, each of their mean size: as many a year at most as would do, then as few in the first year as there were.
#[cfg(feature = "programme")]
fn programme(released_m2: f64, projects: f64, first_year: f64) {
    use landuse::redevelop::{ProgrammeOptions, Project};
    let mut project = Project::new("");
    let mean_m2 = released_m2 / projects;
    (project.value, project.supply_m2, project.cost) = (mean_m2, mean_m2, 1.0);
    let mut options = ProgrammeOptions::default();
    options.years = 3;
    options.cost.per_land = 1.0;
    let even = projects / 3.0;
    let later = (projects - first_year) / 2.0;
    for budget in [vec![even.ceil()], vec![first_year, later.ceil(), later.ceil()]] {
        println!("\nprojects that can be begun: {budget:?} a year");
        options.budget = budget;
        crate::figures::programme(projects as usize, &project, &options, ("mu", AreaUnit::Mu.to_m2(1.0)));
    }
}

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
    row("of all industrial land", 100.0 * released / case.get("industrial_land")?, "%");
    Ok(())
}

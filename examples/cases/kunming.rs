//! Kunming: "upstairs" in one formula, the site constant and the ratio up. The text gives counts of firms and no land.

use std::error::Error;

use landuse::efficiency::Redevelopment;

use crate::figures::{Case, row};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let case = Case::open(include_str!("../../data/cases/kunming.toml"))?;
    row("firms settled of those contacted", 100.0 * case.get("settled")? / case.get("contacted")?, "%");
    let site_m2 = case.get("site")?;
    println!(
        "\nsite of {site_m2} m², floor gained (dG = S · (f1 − f0)) and land freed at constant floor area"
    );
    println!("{:>6} {:>6} {:>14} {:>14}", "f0", "f1", "floor, m²", "land, m²");
    for (from, to) in [(0.8, 2.0), (1.0, 2.5), (1.4, 3.0), (2.0, 4.0), (3.0, 2.0)] {
        let plan = Redevelopment::new(from, to, 0.0)?;
        let (gain, freed) = (plan.uplift_m2(site_m2), plan.land_released_m2(site_m2));
        let remark = if gain < 0.0 { "over target" } else { "" };
        println!("{from:>6} {to:>6} {gain:>14.0} {freed:>14.0} {remark}");
    }
    Ok(())
}

//! Kunshan: output and tax per mu of a small park, in both readings of its unit.

use std::error::Error;

use landuse::units::{AreaUnit, people_area};

use crate::figures::{Case, row};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let case = Case::open(include_str!("../../data/cases/kunshan.toml"))?;
    let (park, output) = (case.get("park")?, case.get("output")?);
    let tax = case.get("tax_three_years")? / 3.0;
    let (benchmark, target) = (case.get("sales_benchmark")?, case.get("tax_target")?);
    for unit in [AreaUnit::Mu, AreaUnit::Acre] {
        let mu = AreaUnit::Mu.from_m2(unit.to_m2(park));
        println!("read as {unit}: {}", people_area(unit.to_m2(park)));
        row("  output", output / mu / 1e6, "million yuan/mu");
        row("  against the sales benchmark of Linhai", output / mu / benchmark, "times");
        row("  tax a year", tax / mu / 1e6, "million yuan/mu");
        row("  against the target of Zhejiang", tax / mu / target, "times");
    }
    println!(
        "! as mu the tax is five times the target, as acres it misses it: the unit decides, so both stand"
    );
    let growth = 1.0 + case.get("growth")?;
    let three_years = output * (1.0 + 1.0 / growth + 1.0 / (growth * growth));
    row("tax to output over three years", 100.0 * 3.0 * tax / three_years, "%");
    println!("low-efficiency land put to use: {}", people_area(AreaUnit::Mu.to_m2(case.get("activated")?)));
    row("firms per incubator, over", case.get("incubated")? / case.get("platforms")?, "");
    Ok(())
}

//! Jiaojiang: a park whose unit is doubtful, and a firm under the rules of the neighbouring district.

use std::error::Error;

use landuse::efficiency::Appraisal;
use landuse::expr::ColumnTable;
use landuse::units::{AreaUnit, people_area};

use crate::figures::{Case, row};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let case = Case::open(include_str!("../../data/cases/jiaojiang.toml"))?;
    let (park, firms) = (case.get("park")?, case.get("firms")?);
    for unit in [AreaUnit::Mu, AreaUnit::Acre] {
        let area_m2 = unit.to_m2(park);
        println!("read as {unit}: {}", people_area(area_m2));
        row("  firms", firms / AreaUnit::Hectare.from_m2(area_m2), "per ha");
        row("  firms", firms / AreaUnit::Mu.from_m2(area_m2), "per mu");
    }
    println!("! acre and mu differ by 6.07: no density is quoted without its reading");
    row("firms multiplied by more than", firms / case.get("firms_before")?, "");

    println!();
    let pack = Appraisal::builtin("huangyan-2022")?;
    println!("{} {}: {}", pack.name(), pack.version(), pack.source());
    let values = [12.0, 150.0, 2.0, 2500.0, 20.0, 0.02];
    let mut table = ColumnTable::new(1).flag("above_scale", [Some(true)])?;
    for (indicator, value) in pack.groups()[0].indicators.iter().zip(values) {
        table = table.number(&indicator.key, [Some(value)])?;
    }
    let found = pack.run(1, &table)?;
    println!("{:<28} {:>12} {:>10} {:>10}", "a firm (made up)", "value", "points", "of");
    for item in found.items(0) {
        let (value, points) = item.value.zip(item.points).ok_or("a value is missing")?;
        println!("{:<28} {value:>12} {points:>10.4} {:>10}", item.key, item.weight);
    }
    row("score", found.score.get(0).ok_or("no score")?, "of 100 at every benchmark");
    Ok(())
}

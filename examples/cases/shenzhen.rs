//! Shenzhen: what the published figures say of intensity and of the land that five years of building upstairs take.

use std::error::Error;

use landuse::efficiency::{HighRiseFactory, Redevelopment};

use crate::figures::{Case, row};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let case = Case::open(include_str!("../../data/cases/shenzhen.toml"))?;
    let (land, developable) = (case.get("land")?, case.get("developable")?);
    let construction = land * case.get("construction_share")?;
    row("construction land, gross intensity 50 %", construction, "km²");
    row("over the warning line", construction - land * case.get("warning_line")?, "km²");
    let net = construction / developable;
    row("construction land / developable land", 100.0 * net, "%");
    if net > 1.0 {
        println!(
            "! more construction than developable land: one figure is not what it is called, or part lies inside the line"
        );
    }
    row("ecological line + developable land", case.get("ecological_line")? + developable, "km²");
    row("land", land, "km²");
    row("implied developable land of Shanghai", developable / case.get("developable_to_shanghai")?, "km²");
    row("implied developable land of Suzhou", developable / case.get("developable_to_suzhou")?, "km²");

    println!();
    let (target, years) = (case.get("annual_target")?, case.get("years")?);
    row("floor area in all", target * years / 1e6, "million m²");
    row("floor area per project", target * years / case.get("projects")? / 1e6, "million m²");
    let now = case.get("mean_far")?;
    println!("{:<10} {:>22} {:>22}", "FAR", "km² a year, gross", "km² a year, net");
    for far in [2.0, 2.5, 3.0, 3.5, 4.0] {
        let plan = Redevelopment::new(now, far, 0.0)?;
        let net = plan.site_for_net_m2(target).ok_or("no gain")?;
        println!("{far:<10} {:>22.2} {:>22.2}", plan.site_for_gross_m2(target) / 1e6, net / 1e6);
    }

    #[cfg(feature = "programme")]
    programme(target, years as usize, case.get("projects")?);
    println!();
    let rule = HighRiseFactory {
        above_m: case.get("high_rise_above")?,
        floors: case.get("high_rise_floors")?,
        at_most_m: None,
    };
    for (height, floors) in [(24.0, 5.0), (24.5, 5.0), (23.0, 6.0), (30.0, 1.0)] {
        println!(
            "{height} m, {floors} floors: high-rise factory: {:?}",
            rule.holds(Some(height), Some(floors))
        );
    }
    let (before, after) = (case.get("bao_an_before")?, case.get("bao_an_after")?);
    row("Bao'an, floor area multiplied by", after / before, "");
    println!(
        "! a site does not grow: the figures can only be floor area, and without a site there is no ratio"
    );
    Ok(())
}

/// The 72 projects over five years, each of their mean size: 20 million m² a year are 14.4 of them.
#[cfg(feature = "programme")]
fn programme(target_m2: f64, years: usize, projects: f64) {
    use landuse::redevelop::{Objective, ProgrammeOptions, Project, Supply};
    let mut project = Project::new("");
    let mean_m2 = target_m2 * years as f64 / projects;
    (project.value, project.supply_m2, project.built_m2) = (mean_m2, mean_m2, mean_m2);
    let mut options = ProgrammeOptions::default();
    (options.years, options.objective, options.supply) = (years, Objective::Gross, Supply::Gross);
    for whole in [(projects / years as f64).floor(), projects / years as f64 + 0.1] {
        let asked_m2 = whole * mean_m2;
        println!(
            "\nat least {:.2} million m² a year from {projects} projects of {:.3} million m²",
            asked_m2 / 1e6,
            mean_m2 / 1e6
        );
        options.supply_m2 = vec![asked_m2];
        crate::figures::programme(projects as usize, &project, &options, ("million m²", 1e6));
    }
    println!(
        "! 20 million m² each year leave nothing to spare: the sum of all projects is exactly five times that"
    );
}

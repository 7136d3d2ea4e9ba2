//! Reads a table of `data/cases` and prints rows of a small table.

use std::error::Error;

/// A table of figures as published.
pub(crate) struct Case(toml::Table);

impl Case {
    /// Reads the text and prints place and source.
    pub(crate) fn open(text: &str) -> Result<Self, Box<dyn Error>> {
        let table: toml::Table = text.parse()?;
        for key in ["place", "source"] {
            println!("{}", table.get(key).and_then(|value| value.as_str()).ok_or(format!("no `{key}`"))?);
        }
        println!();
        Ok(Self(table))
    }

    /// The figure of that name; prints its note, if it has one.
    pub(crate) fn get(&self, name: &str) -> Result<f64, Box<dyn Error>> {
        let figure =
            self.0.get("figures").and_then(|all| all.get(name)).ok_or(format!("no figure `{name}`"))?;
        if let Some(note) = figure.get("note").and_then(toml::Value::as_str) {
            println!("  note on {name}: {note}");
        }
        let value = figure.get("value").and_then(|v| v.as_float().or(v.as_integer().map(|i| i as f64)));
        Ok(value.ok_or(format!("figure `{name}` has no value"))?)
    }
}

/// One row: name, value, unit.
pub(crate) fn row(name: &str, value: f64, unit: &str) {
    println!("{name:<58} {value:>14.3} {unit}");
}

/// Prints a programme of equal projects over years: what starts and is delivered in each, and that no programme is worth more than its bound.
#[cfg(feature = "programme")]
pub(crate) fn programme(
    projects: usize,
    project: &landuse::redevelop::Project,
    options: &landuse::redevelop::ProgrammeOptions,
    (unit, size): (&str, f64),
) {
    use landuse::redevelop::{Programme, ProgrammeInput};
    let mut input = ProgrammeInput::default();
    for i in 1..=projects {
        let mut own = project.clone();
        own.name = i.to_string().into();
        input.projects.push(own);
    }
    match Programme::choose(&input, options) {
        Ok(found) => {
            println!("{:>6} {:>10} {:>22}", "year", "projects", format!("delivered, {unit}"));
            for year in &found.years {
                println!("{:>6} {:>10} {:>22.3}", year.year, year.delivered, year.supply_m2 / size);
            }
            println!("{} of {projects} projects, gap {:.3}%", found.started(), found.gap * 100.0);
        }
        Err(reason) => println!("! {reason}"),
    }
}

//! `landuse rules`: the rule packs there are, and what one needs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use landuse::control::Permits;
use landuse::efficiency::Appraisal;
use landuse::{Error, report};

use crate::layers::read_with;
use crate::say;

/// The built-in rule packs; for one, the columns it needs with units and sources, and every test.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A built-in pack such as `huangyan-2022`, or a file (TOML).
    #[arg(value_name = "NAME|FILE")]
    name: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let text = match &arguments.name {
        None => list()?,
        Some(name) => match name.to_str() {
            Some(name) if Permits::builtin_names().any(|own| own == name) => permits(name)?,
            _ => pack(name).and_then(|pack| report::rules(&pack))?,
        },
    };
    say(&text);
    Ok(ExitCode::SUCCESS)
}

/// A pack from a file, or a built-in one by its name.
pub(crate) fn pack(path: &Path) -> Result<Appraisal, Error> {
    match path.to_str() {
        Some(name) if path.extension().is_none() && !path.exists() => Appraisal::builtin(name),
        _ => read_with(path, Appraisal::from_toml),
    }
}

fn list() -> Result<String, Error> {
    let mut text =
        String::from("Packs of the per-mu appraisal (`analyze --rules NAME`, `appraise --rules NAME`)\n");
    for name in Appraisal::builtin_names() {
        text.push_str(&format!("  {name}  {}\n", Appraisal::builtin(name)?.source()));
    }
    text.push_str("Permits inside control lines (`analyze --permits NAME`)\n");
    for name in Permits::builtin_names() {
        text.push_str(&format!("  {name}  {}\n", Permits::builtin(name)?.source()));
    }
    text.push_str("\nNext\n  landuse rules NAME says what one needs and tests\n");
    Ok(text)
}

fn permits(name: &str) -> Result<String, Error> {
    let permits = Permits::builtin(name)?;
    Ok(format!(
        "{}: {}\n  needs: control lines, with `tier` where rules differ by it; of each parcel the current use and, where years \
         count, `year_built`\n\n{}",
        permits.name(),
        permits.source(),
        permits.to_toml()
    ))
}

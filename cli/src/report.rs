//! `landuse report`: the outputs of an analysis as one page.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use landuse::report::{PageInput, page};
use landuse::{Error, Language};

use crate::output::{PAGE, check_no_run, put_page};
use crate::say;

/// One HTML page to hand in, made of the outputs of an analysis. It opens from a disk and asks nothing of a network.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder that `landuse analyze` wrote; nothing else in it is touched.
    dir: PathBuf,

    /// File for the page; `report.html` in the folder by default.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Language of the page: `en` or `zh`.
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = language)]
    lang: Language,
}

/// A language by its code.
pub(crate) fn language(code: &str) -> Result<Language, String> {
    match code {
        "en" => Ok(Language::English),
        "zh" => Ok(Language::Chinese),
        _ => Err("expected `en` or `zh`".into()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    check_no_run(&arguments.dir)?;
    let input = PageInput::read(&arguments.dir, None)?;
    let path = arguments.out.clone().unwrap_or_else(|| arguments.dir.join(PAGE));
    let page = page(&input, arguments.lang);
    put_page(&path, page.as_bytes())?;
    say(&format!("{} ({} bytes)\n", path.display(), page.len()));
    Ok(ExitCode::SUCCESS)
}

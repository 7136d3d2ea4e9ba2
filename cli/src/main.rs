//! The command `landuse`: parcels in, tables, layers and a map out.

mod analyze;
mod appraise;
mod audit;
mod check;
mod explain;
mod generate;
mod joins;
mod layers;
mod manifest;
mod next;
mod output;
mod redevelop;
mod report;
mod rules;
mod schema;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use landuse::Error;

/// Finds low-efficiency land, the contiguous sites it forms, and development intensity against ecological control lines.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From parcels to tables, layers and a map.
    Analyze(Box<analyze::Arguments>),
    /// What is in a file, and a schema file to begin with.
    Schema(schema::Arguments),
    /// The built-in rule packs, and what a pack needs.
    Rules(rules::Arguments),
    /// Scores, ranks and grades firms by a rule pack, and says what stands on each parcel.
    Appraise(appraise::Arguments),
    /// One HTML page to hand in, made of the outputs of an analysis.
    Report(report::Arguments),
    /// From the sites of an analysis to a programme: what each could become, what can be assembled, what to build when.
    Redevelop(redevelop::Arguments),
    /// The card of one parcel or firm: from its verdict back to its inputs.
    Explain(explain::Arguments),
    /// Compares two dates: what became of parcels, what changed inside the lines, why intensity changed.
    Audit(audit::Arguments),
    /// Looks at parcels without analysing them: validity, overlaps, coordinate system.
    Check(check::Arguments),
    /// Makes an open synthetic city with planted low-efficiency sites.
    Generate(generate::Arguments),
}

impl Command {
    /// What it was asked, as far as a next command depends on it.
    fn asked(&self) -> next::Asked<'_> {
        let parcels = match self {
            Self::Analyze(arguments) => return arguments.asked(),
            Self::Check(arguments) => &arguments.parcels,
            Self::Audit(arguments) => &arguments.parcels,
            Self::Appraise(arguments) => {
                return next::Asked { rules: Some(&arguments.rules), ..next::Asked::default() };
            }
            _ => return next::Asked::default(),
        };
        next::Asked { parcels: Some(&parcels.parcels), schema: parcels.schema.as_deref(), rules: None }
    }
}

fn main() -> ExitCode {
    output::clean_up_on_signals();
    let command = Cli::parse().command;
    let outcome = match &command {
        Command::Analyze(arguments) => in_threads(arguments.parcels.threads, || analyze::run(arguments)),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Rules(arguments) => rules::run(arguments),
        Command::Appraise(arguments) => appraise::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Redevelop(arguments) => redevelop::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Audit(arguments) => in_threads(arguments.parcels.threads, || audit::run(arguments)),
        Command::Check(arguments) => in_threads(arguments.parcels.threads, || check::run(arguments)),
        Command::Generate(arguments) => generate::run(arguments),
    };
    match outcome {
        Ok(status) => status,
        Err(error) => {
            say_aside(&format!("error: {}", error.chain()));
            if let Some(next) = next::after_error(&error, &command.asked()) {
                say_aside(&next);
            }
            ExitCode::from(1)
        }
    }
}

/// The arguments of an earlier `landuse analyze`; none for another command.
fn analyze_arguments(command: &[String]) -> Option<Box<analyze::Arguments>> {
    match Cli::try_parse_from(command).ok()?.command {
        Command::Analyze(arguments) => Some(arguments),
        _ => None,
    }
}

/// Runs a command in a pool of its own where a number of threads is given, else in that of all cores.
fn in_threads(
    threads: Option<u16>,
    run: impl FnOnce() -> Result<ExitCode, Error> + Send,
) -> Result<ExitCode, Error> {
    let Some(threads) = threads else { return run() };
    match rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build() {
        Ok(pool) => pool.install(run),
        Err(error) => Err(Error::io("start threads for", "landuse", std::io::Error::other(error))),
    }
}

/// Writes results to standard output. A reader that has gone away is no failure.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(printable(text).as_bytes());
}

/// Writes a line to standard error.
fn say_aside(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(line));
}

/// A text in which characters that would steer a terminal, or turn the order of what it shows, stand as `\u001b`: names and
/// values come from files of strangers.
fn printable(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Names what is being done on a terminal's last line; silent in a pipe.
struct Terminal {
    shown: bool,
}

impl Terminal {
    fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal() }
    }

    fn step(&self, name: &str) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{name} …");
        }
    }

    fn share(&self, name: &str, done_ratio: f64) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{name} {:.0} %", done_ratio * 100.0);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}

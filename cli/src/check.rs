//! `landuse check`: looks at parcels without analysing them.

use std::process::ExitCode;

use clap::Args;
use landuse::adjacency::overlapping_pairs;
use landuse::units::people_area;
use landuse::{Error, Options};

use crate::layers::ParcelArguments;
use crate::say;

/// Looks at parcels without analysing them: validity, overlaps, coordinate system. Exit status 1 where something is wrong.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) parcels: ParcelArguments,
}

/// Faults listed one by one.
const LISTED: usize = 20;

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let mut options = Options::default();
    arguments.parcels.set(&mut options.input)?;
    let layers = arguments.parcels.open(&arguments.parcels.parcels)?;
    let inputs = layers.options(&options)?.load()?;
    let set = &**inputs.parcels();
    let overlaps = overlapping_pairs(set)?;
    let area_m2: f64 = set.area_m2().iter().sum();
    let mut text = format!(
        "{}: {} features, {} accepted, {} repaired, {} rejected\n  parcels      {}\n  coordinates  {}\n  plane        {}\n  area         {}\n",
        arguments.parcels.parcels.display(),
        set.record_counts().records + set.rejected().len(),
        set.record_counts().records,
        set.repaired().len(),
        set.rejected().len(),
        set.len(),
        set.plane().source(),
        set.plane().definition(),
        people_area(area_m2),
    );
    for settled in inputs.files().iter().flat_map(|file| &file.settled) {
        let (question, answer) = (settled.question, &settled.answer);
        let reason = if settled.reason.is_empty() { String::new() } else { format!(" ({})", settled.reason) };
        text.push_str(&format!("  {question:<12} {answer}{reason}\n"));
    }
    let rejected = set.rejected().iter().map(|r| format!("{}: rejected: {}", r.at, r.reason));
    let repaired = set.repaired().iter().map(|r| {
        format!(
            "{}: repaired: {} ({:.2} m² before, {:.2} m² after)",
            r.at, r.reason, r.area_before_m2, r.area_after_m2
        )
    });
    let name = |parcel| {
        let parcel = set.get(parcel);
        parcel.id().map_or_else(
            || format!("feature {}", set.source_row()[parcel.idx().index()]),
            |id| format!("`{id}`"),
        )
    };
    let overlapping =
        overlaps.iter().map(|&(a, b, m2)| format!("{} and {} overlap by {m2:.2} m²", name(a), name(b)));
    let noticed = inputs.warnings().iter().map(ToString::to_string);
    let examples = inputs.files().iter().flat_map(|file| file.examples.iter().cloned());
    let sections: [(&str, Vec<String>); 4] = [
        ("Rejected", rejected.collect()),
        ("Repaired", repaired.collect()),
        ("Overlaps", overlapping.collect()),
        ("Noticed", noticed.chain(examples).collect()),
    ];
    for (title, lines) in &sections {
        text.push_str(&format!("{title}: {}\n", lines.len()));
        for line in lines.iter().take(LISTED) {
            text.push_str(&format!("  - {line}\n"));
        }
        if lines.len() > LISTED {
            text.push_str(&format!("  … and {} more\n", lines.len() - LISTED));
        }
    }
    say(&text);
    let sound = set.rejected().is_empty() && set.repaired().is_empty() && overlaps.is_empty();
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

//! A service that keeps a city in memory: answers by window, point and id, changes a parcel, asks again under another gap,
//! and gives up a run that takes too long.
//!
//! `cargo run --example city_service`

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use landuse::geometry::Envelope;
use landuse::{Analysis, Error, Inputs, Options, ParcelIndex};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = Inputs::open("data/city/parcels.geojson")
        .control_lines("data/city/control_lines.geojson")
        .districts("data/city/districts.geojson")
        .load()?;
    let options = Options::builder().score("tax_yuan / area_m2").permutations(999).seed(7).build()?;
    let found = Analysis::new(&inputs, options).run()?;
    let index = ParcelIndex::new(inputs.parcels().clone());

    // Where is it, what lies around it, what is known of it?
    let site = found.sites().iter().next().ok_or("no site")?;
    let parcel = inputs.parcels().get(site.members[0]);
    let center = parcel.envelope().center();
    let window = Envelope { min: center, max: center }.grown(100.0);
    println!("within 100 m of {:?}: {} parcels", parcel.id(), index.window(window).len());
    println!("nearest three: {:?}", index.nearest(center, 3));
    for idx in index.with_id(parcel.id().unwrap_or_default()) {
        println!("{:?} is {}", parcel.id(), found.verdict(idx).name());
    }
    assert!(index.at(center).iter().all(|idx| index.window(window).contains(idx)));

    // Its tax is corrected: what becomes of its site?
    let mut corrected = parcel.to_parcel();
    corrected.numbers.insert("tax_yuan".into(), 5e6);
    let changed = inputs.with_parcel(parcel.idx(), &corrected)?;
    let after = Analysis::new(&changed, found.options().clone()).run()?;
    println!("{} sites before, {} after the correction", found.sites().len(), after.sites().len());

    // The same city under another gap: verdicts and balances are taken over.
    let wider = after.with(|options| options.gap_m(30.0))?;
    println!("{} sites at a gap of 30 m", wider.sites().len());

    // A run that is no longer wanted ends between two blocks of work.
    let deadline = Instant::now() + Duration::from_millis(1);
    let run = Analysis::new(&inputs, Options::builder().permutations(1_000_000).build()?)
        .observe(
            |_| if Instant::now() > deadline { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
        )
        .run();
    assert!(matches!(run, Err(Error::Cancelled)));
    println!("given up in time");
    Ok(())
}

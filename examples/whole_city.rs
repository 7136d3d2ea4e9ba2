//! From files to sites and balances, and the same city under a wider gap.
//!
//! `cargo run --example whole_city`

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::efficiency::Rule;
use landuse::report::OutputLayer;
use landuse::{Analysis, Inputs, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = Inputs::open("data/city/parcels.geojson")
        .control_lines("data/city/control_lines.geojson")
        .districts("data/city/districts.geojson")
        .load()?;
    inputs.warnings().iter().for_each(|warning| println!("! {warning}"));

    let options = Options::builder()
        .score("tax_yuan / area_m2")
        .low(Rule::worst_share(0.2))
        .gap_m(15.0)
        .warning_line(0.30, "an example, no standard")
        .seed(7)
        .build()?;
    let found = Analysis::new(&inputs, options).run()?;
    let sites = found.layer(OutputLayer::Sites).to_geojson()?;
    println!("{} sites, the first: {:?}", sites.features.len(), sites.features[0].properties);
    println!("gross {:?} to {:?}", found.ledger().total.gross, found.ledger().total.gross_upper);

    let wider = found.with(|options| options.gap_m(30.0))?;
    println!("{} sites at a gap of 30 m", wider.sites().len());
    Ok(())
}

//! How hard is each district worked against the land that may be worked, and what stands inside the lines?
//!
//! `cargo run --example control_report`

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::{Analysis, Inputs, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = Inputs::open("data/city/parcels.geojson")
        .control_lines("data/city/control_lines.geojson")
        .districts("data/city/districts.geojson")
        .unsuitable("data/city/water.geojson")
        .load()?;
    let options = Options::builder().warning_line(0.30, "an example, no standard").build()?;
    let analysis = Analysis::new(&inputs, options).run()?;

    let percent = |share: Option<f64>| share.map_or("-".into(), |share| format!("{:.1}%", share * 100.0));
    println!("{:<8} {:>9} {:>8} {:>8} {:>8}  status", "unit", "land ha", "gross", "at most", "net");
    for unit in analysis.ledger().units.iter().chain([&analysis.ledger().total]) {
        println!(
            "{:<8} {:>9.1} {:>8} {:>8} {:>8}  {:?}",
            unit.id.as_deref().unwrap_or("(none)"),
            unit.land_m2 / 1e4,
            percent(unit.gross),
            percent(unit.gross_upper),
            percent(unit.net),
            unit.status
        );
    }
    println!("largest residual of any balance: {:.1e} of the land", analysis.ledger().residual());
    for warning in &analysis.ledger().warnings {
        println!("! {warning}");
    }
    Ok(())
}

//! How hard is each district worked against the land that may be worked, and what stands inside the lines?
//!
//! `cargo run --example control_report`

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::Analysis;
use landuse::analysis::{Layers, Options};
use landuse::control::ControlLines;
use landuse::intensity::WarningLine;
use landuse::io::{Loader, Source, schema::Schema};
use landuse::zoning::Schemes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parcels =
        Loader::new(Schema::builtin("generated")?).load(&Source::file("data/city/parcels.geojson"))?.set;
    let beside = Loader::new(Schema::layer()?);
    let layer = |name: &str| beside.load_beside(&Source::file(format!("data/city/{name}.geojson")), &parcels);
    let lines = ControlLines::new(layer("control_lines")?.set)?;
    let districts = layer("districts")?.set;
    let water = layer("water")?.set;

    let mut options = Options::default();
    options.warning_line = Some(WarningLine { share: 0.30, source: "an example, no standard".into() });
    let layers = Layers {
        parcels,
        schemes: Schemes::builtin(),
        lines: Some(lines),
        districts: Some(districts),
        unsuitable: Some(water),
    };
    let analysis = Analysis::run(layers, options, |_| {})?;

    let percent = |share: Option<f64>| share.map_or("-".into(), |share| format!("{:.1}%", share * 100.0));
    println!("{:<8} {:>9} {:>8} {:>8} {:>8}  status", "unit", "land ha", "gross", "at most", "net");
    for unit in analysis.ledger.units.iter().chain([&analysis.ledger.total]) {
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
    println!("largest residual of any balance: {:.1e} of the land", analysis.ledger.residual());
    for warning in &analysis.ledger.warnings {
        println!("! {warning}");
    }
    Ok(())
}

//! What does it look like?
//!
//! `cargo run --features map --example write_map` writes `landuse-map.png` into the system's temporary folder.

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::Analysis;
use landuse::analysis::{Layers, Options};
use landuse::control::ControlLines;
use landuse::io::{Loader, Source, schema::Schema};
use landuse::report::picture;
use landuse::zoning::Schemes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parcels =
        Loader::new(Schema::builtin("generated")?).load(&Source::file("data/city/parcels.geojson"))?.set;
    let beside = Loader::new(Schema::layer()?);
    let lines = beside.load_beside(&Source::file("data/city/control_lines.geojson"), &parcels)?.set;
    let districts = beside.load_beside(&Source::file("data/city/districts.geojson"), &parcels)?.set;

    let mut options = Options::default();
    options.efficiency.score = Some("tax_yuan / area_m2".into());
    let layers = Layers {
        parcels,
        schemes: Schemes::builtin(),
        lines: Some(ControlLines::new(lines)?),
        districts: Some(districts),
        unsuitable: None,
    };
    let analysis = Analysis::run(layers, options, |_| {})?;

    let path = std::env::temp_dir().join("landuse-map.png");
    let picture = picture(&analysis, "Low-efficiency industrial land", &[])?;
    picture.write_png(&path)?;
    println!("{} sites drawn to {}", analysis.sites.len(), path.display());
    for note in picture.notes() {
        println!("note: {note}");
    }
    Ok(())
}

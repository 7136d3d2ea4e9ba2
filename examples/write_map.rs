//! What does it look like?
//!
//! `cargo run --features map --example write_map` writes `landuse-map.png` into the system's temporary folder.

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::report::{Frame, picture};
use landuse::{Analysis, Inputs, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = Inputs::open("data/city/parcels.geojson")
        .control_lines("data/city/control_lines.geojson")
        .districts("data/city/districts.geojson")
        .load()?;
    let options = Options::builder().score("tax_yuan / area_m2").build()?;
    let analysis = Analysis::new(&inputs, options).run()?;

    let path = std::env::temp_dir().join("landuse-map.png");
    let picture = picture(&analysis, &Frame::new("Low-efficiency industrial land"))?;
    picture.write_png(&path)?;
    println!("{} sites drawn to {}", analysis.sites().len(), path.display());
    for note in picture.notes() {
        println!("note: {note}");
    }
    Ok(())
}

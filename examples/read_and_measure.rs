//! How much land is there, how much of it is built on, and what do we not know?
//!
//! `cargo run --example read_and_measure`

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::io::{Loader, Source, schema::Schema};
use landuse::land::{LandStatus, land_status};
use landuse::units::people_area;
use landuse::zoning::Schemes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = Source::file("data/city/parcels.geojson");
    let loaded = Loader::new(Schema::builtin("generated")?).load(&source)?;
    let parcels = &loaded.set;

    println!("{} parcels in the plane {}", parcels.len(), parcels.plane().definition());
    for rejected in parcels.rejected() {
        println!("  rejected {}: {}", rejected.at, rejected.reason);
    }
    for repair in parcels.repaired() {
        println!("  repaired {}: {}", repair.at, repair.reason);
    }

    let status = land_status(parcels, &Schemes::builtin(), false);
    for kind in [LandStatus::Construction, LandStatus::Other, LandStatus::Unknown] {
        let area_m2: f64 = parcels
            .area_m2()
            .iter()
            .zip(&status)
            .filter(|(_, status)| **status == kind)
            .map(|(area, _)| area)
            .sum();
        println!("  {:<12} {:>24}", kind.name(), people_area(area_m2));
    }

    let floor_area = &parcels.attributes().floor_area_m2;
    let known_m2: f64 = floor_area.iter().flatten().sum();
    println!("  floor area   {:>24}, known for {} parcels", people_area(known_m2), floor_area.known());
    Ok(())
}

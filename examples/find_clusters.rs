//! Where does low-efficiency industrial land lie together, so that it can be assembled?
//!
//! `cargo run --example find_clusters`

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use landuse::adjacency::within_gap;
use landuse::cluster::{SiteOptions, Sites};
use landuse::efficiency::{Assessment, Rule, Verdict};
use landuse::expr::Expr;
use landuse::io::{Loader, Source, schema::Schema};
use landuse::parcel::ParcelColumns;
use landuse::zoning::Schemes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = Source::file("data/city/parcels.geojson");
    let parcels = Loader::new(Schema::builtin("generated")?).load(&source)?.set;
    let schemes = Schemes::builtin();

    let columns = ParcelColumns { set: &parcels, schemes: &schemes };
    let tax = Expr::parse("tax_yuan / area_m2")?.numbers(&columns)?;
    let candidates = Expr::parse("class in (industrial, logistics)")?.select(&columns)?.mask;
    let rule: Rule = toml::from_str("metric = 'tax_yuan / area_m2'\nworst_share = 0.2")?;
    let found = Assessment::judge(&rule, &candidates, &|_: &str| tax.clone())?;
    println!(
        "{} of {} candidates are low: {rule}, below {:.2} yuan/m²",
        found.count(Verdict::Low),
        candidates.iter().filter(|is| **is).count(),
        found.tests[0].threshold.unwrap_or(f64::NAN)
    );

    let options = SiteOptions::default();
    let graph = within_gap(&parcels, options.gap_m)?;
    let sites = Sites::find(&parcels, &found.low(), &graph, &options)?;
    println!("{:>4} {:>8} {:>8} {:>9}  first parcel", "site", "parcels", "net ha", "gross ha");
    for site in sites.iter() {
        let first = parcels.get(site.members[0]);
        println!(
            "{:>4} {:>8} {:>8.2} {:>9.2}  {}",
            site.number,
            site.members.len(),
            site.net_area_m2 / 1e4,
            site.gross_area_m2 / 1e4,
            first.id().unwrap_or("-")
        );
    }
    Ok(())
}

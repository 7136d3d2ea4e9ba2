//! Small scenes: parcels in metres, all of them low.

use geo::{Polygon, Rect, coord};
use landuse::efficiency::Rule;
use landuse::redevelop::{Capacity, RedevelopOptions};
use landuse::{Analysis, Inputs, Options, Parcel, ParcelSet};

/// A rectangle from its lower left corner, width and height, m.
pub(crate) fn land(x: f64, y: f64, width: f64, height: f64) -> Polygon {
    Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + height }).to_polygon()
}

/// A parcel that is low.
pub(crate) fn low(id: &str, shape: Polygon) -> Parcel {
    Parcel::new(id, shape).construction(true).number("score", 0.0)
}

/// Parcels whose score is below 1 are low; sites of any size, over gaps up to 15 m.
pub(crate) fn analysis(parcels: Vec<Parcel>, lines: Vec<Polygon>, districts: Vec<Parcel>) -> Analysis {
    let mut inputs = Inputs::open(ParcelSet::local(parcels));
    if !lines.is_empty() {
        let lines = lines.into_iter().map(|shape| Parcel::new("line", shape).text("effect", "exclude"));
        inputs = inputs.control_lines(ParcelSet::local(lines));
    }
    if !districts.is_empty() {
        inputs = inputs.districts(ParcelSet::local(districts));
    }
    let mut options = Options::default();
    options.efficiency.score = Some("score".into());
    options.efficiency.low = Some(Rule::worse_than(1.0));
    options.sites.min_area_m2 = 0.0;
    options.significance.draws = Some(9);
    options.statistics.permutations = 9;
    Analysis::new(&inputs.load().unwrap(), options).run().unwrap()
}

pub(crate) fn plan(text: &str) -> RedevelopOptions {
    RedevelopOptions::from_toml(text, "plan.toml").unwrap()
}

pub(crate) fn capacity(analysis: &Analysis, text: &str) -> Capacity {
    Capacity::of(analysis, &plan(text).capacity).unwrap()
}

pub(crate) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

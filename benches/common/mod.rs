//! Fabrics for benches: made in code, the same on every run.

use landuse::ParcelSet;
use landuse::crs::WorkingPlane;
use landuse::geometry::{Coord, MultiPolygonArray};
use landuse::parcel::{Attributes, FeatureTable, Parcel};

/// Lower left corner of every fabric, m: coordinates as large as a national grid's.
pub(crate) const ORIGIN: Coord = [500_000.0, 2_500_000.0];
const PARCEL: Coord = [26.0, 40.0];
const STREET_M: f64 = 14.0;

/// A well-mixed number in [0, 1) for a key.
pub(crate) fn noise(key: u64) -> f64 {
    let mut z = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Side of the square that [`fabric`] fills, m.
pub(crate) fn side_m(parcels: usize) -> f64 {
    (parcels as f64).sqrt() * 38.0
}

/// Parcels in blocks of five by two between streets, 8 to 20 vertices each; neighbours share theirs exactly.
pub(crate) fn fabric(parcels: usize) -> MultiPolygonArray {
    let columns = (side_m(parcels) / (PARCEL[0] + STREET_M / 5.0)).ceil() as u64;
    let mut array = MultiPolygonArray::with_capacity(parcels, parcels * 16);
    for i in 0..parcels as u64 {
        let (column, row) = (i % columns, i / columns);
        // A grid node or edge is named by the block and the place in it, so that streets stay straight gaps.
        let node = |dx: u64, dy: u64| {
            let key = ((column + dx) << 32 | (row + dy)) * 16 + (column % 5 + dx) + 6 * (row % 2 + dy);
            let (x, y) = ((column + dx) as f64, (row + dy) as f64);
            let at = [
                ORIGIN[0] + x * PARCEL[0] + (column / 5) as f64 * STREET_M + 3.0 * (noise(key) - 0.5),
                ORIGIN[1] + y * PARCEL[1] + (row / 2) as f64 * STREET_M + 3.0 * (noise(!key) - 0.5),
            ];
            (key, at)
        };
        let corners = [node(0, 0), node(1, 0), node(1, 1), node(0, 1)];
        for side in 0..4 {
            let (from, to) = (corners[side], corners[(side + 1) % 4]);
            array.push_coord(from.1);
            // Both sides of an edge must see the same vertices: from the node of lower key.
            let (low, high) = if from.0 < to.0 { (from, to) } else { (to, from) };
            let key = low.0.wrapping_mul(31).wrapping_add(high.0);
            let count = 1 + (noise(key) * 4.0) as u64;
            let vertex = |k: u64| {
                let share = (k + 1) as f64 / (count + 1) as f64;
                let bend = 0.6 * (noise(key ^ (k + 1) << 40) - 0.5);
                let along = [high.1[0] - low.1[0], high.1[1] - low.1[1]];
                let length = along[0].hypot(along[1]);
                [
                    low.1[0] + share * along[0] - bend * along[1] / length,
                    low.1[1] + share * along[1] + bend * along[0] / length,
                ]
            };
            for k in 0..count {
                array.push_coord(vertex(if from.0 < to.0 { k } else { count - 1 - k }));
            }
        }
        array.push_coord(corners[0].1);
        array.end_ring();
        array.end_polygon();
        array.end_geometry();
    }
    array
}

/// The fabric as a set of parcels without attributes.
#[allow(dead_code, reason = "not every bench needs a set")]
pub(crate) fn parcels(count: usize) -> ParcelSet {
    let geometry = fabric(count);
    let mut attributes = Attributes::default();
    let nameless = Parcel::new("", geo::MultiPolygon::new(Vec::new()));
    (0..count).for_each(|_| attributes.push(&nameless));
    let source_row = (0..count as u32).collect();
    let table = FeatureTable { geometry, attributes, source_row, rejected: Vec::new() };
    #[expect(clippy::expect_used, reason = "benches are of sizes that fit")]
    ParcelSet::new(table, WorkingPlane::local()).expect("a fabric of this size fits")
}

/// Star-shaped areas on a grid over the square of a fabric, each with `vertices` in its exterior and a hole of a quarter.
#[allow(dead_code, reason = "not every bench needs lines")]
pub(crate) fn stars(side_m: f64, per_axis: usize, vertices: usize) -> MultiPolygonArray {
    let mut array = MultiPolygonArray::new();
    let cell = side_m / per_axis as f64;
    for star in 0..per_axis * per_axis {
        let center = [
            ORIGIN[0] + ((star % per_axis) as f64 + 0.5) * cell,
            ORIGIN[1] + ((star / per_axis) as f64 + 0.5) * cell,
        ];
        let mut ring = |count: usize, radius: f64, turn: f64| {
            let point = |k: usize| {
                let angle = turn * std::f64::consts::TAU * k as f64 / count as f64;
                let seed = (star as u64) << 3;
                let waves: f64 = (1..6u64)
                    .map(|w| (angle * (w * 7) as f64 + 6.0 * noise(seed ^ w << 50)).sin() / w as f64)
                    .sum();
                let r = radius * (1.0 + 0.12 * waves + 0.02 * (noise(seed << 32 ^ k as u64) - 0.5));
                [center[0] + r * angle.cos(), center[1] + r * angle.sin()]
            };
            array.push_ring((0..count).chain([0]).map(point));
        };
        ring(vertices, 0.36 * cell, 1.0);
        ring(vertices / 4, 0.1 * cell, -1.0);
        array.end_polygon();
        array.end_geometry();
    }
    array
}

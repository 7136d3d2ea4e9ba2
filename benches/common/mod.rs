//! Fabrics of parcels for benches: made in code, the same on every run.
#![allow(dead_code, reason = "each bench takes what it needs")]
#![expect(clippy::expect_used, reason = "benches stop where something is wrong")]

use std::fmt::Write as _;

use landuse::ParcelSet;
use landuse::crs::WorkingPlane;
use landuse::geometry::{Coord, MultiPolygonArray};
use landuse::parcel::{Attributes, FeatureTable, Parcel};

/// Lower left corner of every fabric, m: coordinates as large as a national grid's.
pub(crate) const ORIGIN: Coord = [500_000.0, 2_500_000.0];
/// Where the origin lies on the Earth, degrees, and how long a degree is there, m.
const PLACE: (Coord, Coord) = ([114.0, 22.5], [102_800.0, 110_750.0]);

const PARCEL: Coord = [26.0, 40.0];
const STREET_M: f64 = 14.0;

/// What the parcels of a city look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fabric {
    /// Cadastral blocks: five by two parcels between streets, 8 to 20 vertices each; neighbours share theirs exactly.
    Blocks,
    /// A grown town: dense cores between loose outskirts, areas over three orders of magnitude, 4 to 30 vertices, T-junctions
    /// where a boundary ends at another, now and then a courtyard or a parcel in two parts.
    Town,
    /// Slivers: bundles of bent strips along roads and rivers, 0.4 to 3 m wide and 90 m long, 26 vertices each; neighbours
    /// share theirs exactly.
    Slivers,
}

impl Fabric {
    /// All of them, as arguments of a bench.
    pub(crate) const ALL: [Self; 3] = [Self::Blocks, Self::Town, Self::Slivers];

    /// `parcels` of it in metres: every boundary valid, every exterior counter-clockwise.
    pub(crate) fn geometry(self, parcels: usize) -> MultiPolygonArray {
        match self {
            Self::Blocks => blocks(parcels),
            Self::Town => town(parcels),
            Self::Slivers => slivers(parcels),
        }
    }

    /// `parcels` of it as features without attributes, in metres.
    pub(crate) fn table(self, parcels: usize) -> FeatureTable {
        let geometry = self.geometry(parcels);
        let mut attributes = Attributes::default();
        let nameless = Parcel::new("", geo::MultiPolygon::new(Vec::new()));
        (0..parcels).for_each(|_| attributes.push(&nameless));
        FeatureTable { geometry, attributes, source_row: (0..parcels as u32).collect(), rejected: Vec::new() }
    }

    /// `parcels` of it as a set without attributes, in metres.
    pub(crate) fn parcels(self, parcels: usize) -> ParcelSet {
        let set =
            ParcelSet::new(self.table(parcels), WorkingPlane::local()).expect("a fabric of this size fits");
        assert_eq!((set.len(), set.repaired().len()), (parcels, 0), "{self:?} is not valid");
        set
    }

    /// `parcels` of it as GeoJSON: longitude and latitude with 8 decimals, 11 properties, as a cadastre exports them.
    pub(crate) fn geojson(self, parcels: usize) -> String {
        let geometry = self.geometry(parcels);
        let mut text = String::with_capacity(geometry.coords().len() * 28 + parcels * 320);
        text.push_str("{\"type\":\"FeatureCollection\",\"features\":[");
        for (i, shape) in geometry.iter().enumerate() {
            let n = i as f64;
            let comma = if i == 0 { "" } else { "," };
            write!(
                text,
                "{comma}\n{{\"type\":\"Feature\",\"properties\":{{\"id\":\"A-{i:07}\",\"current_use\":\"0601\",\"zoned_use\":\"1301\",\
                 \"floor_area_m2\":{:.1},\"footprint_m2\":{:.1},\"year_built\":{},\"output_yuan\":{:.2},\"tax_yuan\":{:.2},\"jobs\":{},\
                 \"owner\":\"owner {}\",\"district\":\"街道{}\"}},\"geometry\":",
                n * 1.37 + 100.0, n * 0.31 + 10.0, 1950 + i % 75, n * 377.13, n * 31.7, i % 900, i % 5000, i % 12
            )
            .expect("a string takes all text");
            let multi = shape.polygons().len() > 1;
            text.push_str(if multi {
                "{\"type\":\"MultiPolygon\",\"coordinates\":["
            } else {
                "{\"type\":\"Polygon\",\"coordinates\":"
            });
            let mut before = "[";
            for polygon in shape.polygons() {
                for ring in polygon.rings() {
                    let mut before_position = "[";
                    text.push_str(before);
                    for at in ring {
                        let [lon, lat] =
                            [0, 1].map(|axis| PLACE.0[axis] + (at[axis] - ORIGIN[axis]) / PLACE.1[axis]);
                        write!(text, "{before_position}[{lon:.8},{lat:.8}]")
                            .expect("a string takes all text");
                        before_position = ",";
                    }
                    text.push(']');
                    before = ",";
                }
                text.push(']');
                before = ",[";
            }
            text.push_str(if multi { "]}}" } else { "}}" });
        }
        text.push_str("\n]}\n");
        text
    }
}

/// One argument of a bench: a fabric and how many parcels of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case(pub(crate) Fabric, pub(crate) usize);

/// Every fabric with 10,000 and 100,000 parcels; with a million too where `LANDUSE_BENCH_MILLION` is set.
pub(crate) fn cases() -> Vec<Case> {
    let million = std::env::var_os("LANDUSE_BENCH_MILLION").map(|_| 1_000_000);
    let sizes = [10_000, 100_000].into_iter().chain(million);
    sizes.flat_map(|size| Fabric::ALL.map(|fabric| Case(fabric, size))).collect()
}

/// Greater side of the box around a geometry column, m.
pub(crate) fn span_m(array: &MultiPolygonArray) -> f64 {
    let all = landuse::geometry::Envelope::of(array.coords().iter().copied());
    all.width().max(all.height())
}

/// A well-mixed number in [0, 1) for a key.
pub(crate) fn noise(key: u64) -> f64 {
    let mut z = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Side of the square that [`Fabric::Blocks`] fills, and [`Fabric::Town`], m.
pub(crate) fn side_m(parcels: usize) -> f64 {
    (parcels as f64).sqrt() * 38.0
}

fn blocks(parcels: usize) -> MultiPolygonArray {
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

/// A rectangle of the town before it is turned.
#[derive(Clone, Copy)]
struct Plot {
    min: Coord,
    max: Coord,
}

fn town(parcels: usize) -> MultiPolygonArray {
    let mut array = MultiPolygonArray::with_capacity(parcels, parcels * 14);
    let side = side_m(parcels);
    let mut open = vec![(Plot { min: [0.0; 2], max: [side; 2] }, parcels, 1u64)];
    while let Some((plot, count, key)) = open.pop() {
        if count == 0 {
            continue;
        }
        if count == 1 {
            push_plot(&mut array, plot, key);
            continue;
        }
        let spans = [plot.max[0] - plot.min[0], plot.max[1] - plot.min[1]];
        let axis = usize::from(spans[1] > spans[0]);
        let share = 0.35 + 0.3 * noise(key);
        // Above the block, people gather on one side; below, parcels of a block are alike.
        let pull = if count > 40 { 0.5 * (noise(key ^ 1 << 60) - 0.5) } else { 0.0 };
        let first = ((count as f64 * (share + pull)).round() as usize).clamp(1, count - 1);
        let street = if count >= 12 { (0.03 * spans[axis]).clamp(1.0, 20.0) } else { 0.0 };
        let cut = plot.min[axis] + share * spans[axis];
        let (mut low, mut high) = (plot, plot);
        low.max[axis] = cut - street / 2.0;
        high.min[axis] = cut + street / 2.0;
        let child = |bit: u64| key.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ bit;
        open.push((high, count - first, child(1)));
        open.push((low, first, child(2)));
    }
    array
}

fn push_plot(array: &mut MultiPolygonArray, plot: Plot, key: u64) {
    // A turn by the angle of the triangle 3-4-5, so that no edge runs along an axis.
    let turned = |[x, y]: Coord| [ORIGIN[0] + 0.8 * x - 0.6 * y, ORIGIN[1] + 0.6 * x + 0.8 * y];
    let ring = |plot: Plot, per_side: u64, hole: bool| {
        let corners = [plot.min, [plot.max[0], plot.min[1]], plot.max, [plot.min[0], plot.max[1]], plot.min];
        let mut ring: Vec<Coord> = Vec::new();
        for (side, edge) in (0u64..).zip(corners.windows(2)) {
            ring.push(turned(edge[0]));
            let count = (noise(key ^ (side + 1) << 48) * per_side as f64) as u64;
            ring.extend((1..=count).map(|k| {
                let share = k as f64 / (count + 1) as f64;
                turned([0, 1].map(|axis| edge[0][axis] + share * (edge[1][axis] - edge[0][axis])))
            }));
        }
        ring.push(ring[0]);
        if hole {
            ring.reverse();
        }
        ring
    };
    let within = |low: f64, high: f64| Plot {
        min: [0, 1].map(|axis| plot.min[axis] + low * (plot.max[axis] - plot.min[axis])),
        max: [0, 1].map(|axis| plot.min[axis] + high * (plot.max[axis] - plot.min[axis])),
    };
    match (noise(key ^ 3 << 61) * 100.0) as u32 {
        0..2 => {
            array.push_ring(ring(plot, 4, false));
            array.push_ring(ring(within(0.3, 0.6), 3, true));
        }
        2 => {
            array.push_ring(ring(within(0.0, 0.45), 4, false));
            array.end_polygon();
            array.push_ring(ring(within(0.55, 1.0), 4, false));
        }
        _ => array.push_ring(ring(plot, 6, false)),
    }
    array.end_polygon();
    array.end_geometry();
}

fn slivers(parcels: usize) -> MultiPolygonArray {
    const VERTICES: u64 = 13;
    const LENGTH_M: f64 = 90.0;
    const BUNDLE: u64 = 24;
    let mut array = MultiPolygonArray::with_capacity(parcels, parcels * 27);
    let per_row = ((parcels as f64).sqrt() * 0.8).ceil() as u64;
    for i in 0..parcels as u64 {
        let (row, place) = (i / per_row, i % per_row);
        let (bundle, strip) = (place / BUNDLE, place % BUNDLE);
        // Lines of one bundle differ by their distance only: they never meet.
        let offset = |line: u64| {
            (0..line).map(|l| 0.4 + 2.6 * noise(row << 40 | bundle << 8 | l).powi(2)).sum::<f64>()
        };
        let point = |line: u64, k: u64| {
            let along = LENGTH_M * k as f64 / (VERTICES - 1) as f64;
            let bend =
                6.0 * (along / 25.0 + 6.0 * noise(row << 20 | bundle)).sin() + 0.1 * noise(k ^ row << 30);
            [
                ORIGIN[0] + bundle as f64 * (BUNDLE as f64 * 1.3 + 40.0) + offset(line) + bend,
                ORIGIN[1] + row as f64 * (LENGTH_M + 10.0) + along,
            ]
        };
        let left = (0..VERTICES).rev().map(|k| point(strip, k));
        let right = (0..VERTICES).map(|k| point(strip + 1, k));
        let mut ring: Vec<Coord> = right.chain(left).collect();
        ring.push(ring[0]);
        array.push_ring(ring);
        array.end_polygon();
        array.end_geometry();
    }
    array
}

/// Star-shaped areas on a grid over the square of a fabric, each with `vertices` in its exterior and a hole of a quarter.
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

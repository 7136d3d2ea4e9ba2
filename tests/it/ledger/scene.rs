//! Random towns with everything that digitised layers have: shared borders, slivers, overlaps, holes, parts, duplicates.

use geo::{Coord as GeoCoord, LineString, MultiPolygon, Polygon};
use landuse::adjacency;
use landuse::control::{ControlLines, Overlay};
use landuse::geometry::partition::Partition;
use landuse::geometry::{Coord, MultiPolygonArray, boolean};
use landuse::intensity::{Ledger, LedgerInput, StudyUnits, WarningLine};
use landuse::land::{LandStatus, land_status};
use landuse::zoning::Schemes;
use landuse::{Parcel, ParcelSet};

use super::sweep::{Rings, trapezoids};
use crate::support::Random;

/// A feature: one list of rings per polygon.
#[derive(Clone)]
pub(crate) struct Feature {
    pub(crate) id: String,
    pub(crate) polygons: Vec<Rings>,
    pub(crate) construction: Option<bool>,
    pub(crate) effect: &'static str,
    pub(crate) district: Option<String>,
}

impl Feature {
    pub(crate) fn new(id: impl Into<String>, polygons: Vec<Rings>) -> Self {
        Self { id: id.into(), polygons, construction: None, effect: "exclude", district: None }
    }

    fn rings(&self) -> Rings {
        self.polygons.concat()
    }

    fn parcel(&self) -> Parcel {
        let line =
            |ring: &Vec<Coord>| LineString::new(ring.iter().map(|c| GeoCoord { x: c[0], y: c[1] }).collect());
        let polygon = |rings: &Rings| Polygon::new(line(&rings[0]), rings[1..].iter().map(line).collect());
        let shape = MultiPolygon::new(self.polygons.iter().map(polygon).collect());
        let mut parcel = Parcel::new(self.id.clone(), shape).text("effect", self.effect);
        parcel.construction = self.construction;
        parcel.district.clone_from(&self.district);
        parcel
    }
}

pub(crate) fn set(features: &[Feature]) -> ParcelSet {
    let set = ParcelSet::local(features.iter().map(Feature::parcel));
    assert_eq!((set.rejected().len(), set.repaired().len()), (0, 0), "the scene is valid");
    set
}

pub(crate) fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<Coord> {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

/// Star-shaped around its centre, on a grid of 1/1024 m.
pub(crate) fn star(random: &mut Random, center: Coord, radius: f64, count: usize) -> Vec<Coord> {
    let snap = |v: f64| (v * 1024.0).round() / 1024.0;
    (0..count)
        .map(|k| {
            let angle = std::f64::consts::TAU * (k as f64 + random.within(0.0, 0.4)) / count as f64;
            let r = radius * random.within(0.6, 1.0);
            [snap(center[0] + r * angle.cos()), snap(center[1] + r * angle.sin())]
        })
        .collect()
}

#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) parcels: Vec<Feature>,
    pub(crate) lines: Vec<Feature>,
    pub(crate) districts: Vec<Feature>,
    pub(crate) unsuitable: Vec<Feature>,
}

/// Side of a scene, m.
pub(crate) const SIDE: f64 = 600.0;

impl Scene {
    pub(crate) fn random(seed: u64, origin: Coord) -> Self {
        let mut random = Random(seed);
        let r = &mut random;
        let mut parcels = Vec::new();
        // A skewed fabric of parcels that share borders; some are left out (roads), some given twice.
        let corner = |i: u32, j: u32| {
            let (x, y) = (f64::from(i) * 80.0, f64::from(j) * 75.0);
            [x + 9.5 * f64::from((i * 7 + j * 3) % 4), y + 6.25 * f64::from((i * 5 + j * 11) % 4)]
        };
        for i in 0..6 {
            for j in 0..6 {
                let ring = vec![corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
                if r.below(6) == 0 {
                    continue;
                }
                let twice = r.below(12) == 0;
                parcels.push(Feature::new(format!("f{i}-{j}"), vec![vec![ring.clone()]]));
                if twice {
                    parcels.push(Feature::new(format!("t{i}-{j}"), vec![vec![ring]]));
                }
            }
        }
        for k in 0..10 {
            let center = [r.within(40.0, SIDE - 40.0), r.within(40.0, SIDE - 40.0)];
            let (radius, count) = (r.within(15.0, 60.0), 5 + r.below(8) as usize);
            let mut rings = vec![star(r, center, radius, count)];
            if k % 2 == 0 {
                rings.push(star(r, center, 0.4 * radius, 5));
            }
            let mut polygons = vec![rings];
            if k % 3 == 0 {
                polygons.push(vec![star(r, [center[0] + 2.5 * radius, center[1]], radius, 6)]);
            }
            parcels.push(Feature::new(format!("s{k}"), polygons));
        }
        for parcel in &mut parcels {
            parcel.construction = [Some(true), Some(true), Some(false), None][r.below(4) as usize];
            parcel.district = [None, Some("n"), Some("s"), Some("w")][r.below(4) as usize].map(Into::into);
        }

        let mut lines = Vec::new();
        for k in 0..6 {
            let center = [r.within(0.0, SIDE), r.within(0.0, SIDE)];
            let radius = r.within(60.0, 180.0);
            let mut rings = vec![star(r, center, radius, 7 + k)];
            if k % 2 == 0 {
                rings.push(star(r, center, 0.5 * radius, 6));
            }
            let mut line = Feature::new(format!("l{k}"), vec![rings]);
            line.effect = ["exclude", "exclude", "exclude", "confine", "exclude", "reserve"][k];
            lines.push(line);
        }
        // A whole line inside a parcel, a line on a parcel's border, and one that is a parcel.
        lines.push(Feature::new("tiny", vec![vec![star(r, [40.0, 40.0], 6.0, 5)]]));
        lines.push(Feature::new("beside", vec![vec![vec![corner(2, 2), corner(2, 3), [150.0, 200.0]]]]));
        lines.push(Feature::new("same", vec![parcels[r.below(8) as usize].polygons[0].clone()]));

        // Districts tile a part of the land, with bent borders; one has two parts, one a hole that another fills.
        let bend = |i: u32, j: u32| {
            let (x, y) = (f64::from(i) * 180.0, f64::from(j) * 170.0);
            [x + 11.0 * f64::from((i * 3 + j) % 3), y + 13.0 * f64::from((i + j * 2) % 3)]
        };
        let tile = |i, j| vec![bend(i, j), bend(i + 1, j), bend(i + 1, j + 1), bend(i, j + 1)];
        let island = star(r, [270.0, 250.0], 30.0, 7);
        let districts = vec![
            Feature::new("a", vec![vec![tile(0, 0)], vec![tile(2, 1)]]),
            Feature::new("b", vec![vec![tile(1, 0)]]),
            Feature::new("c", vec![vec![tile(2, 0)]]),
            Feature::new("d", vec![vec![tile(0, 1)]]),
            Feature::new("e", vec![vec![tile(1, 1), island.clone()]]),
            Feature::new("f", vec![vec![island]]),
            Feature::new("g", vec![vec![tile(0, 2)], vec![tile(2, 2)]]),
        ];
        let unsuitable = (0..3)
            .map(|k| {
                let center = [r.within(0.0, SIDE), r.within(0.0, SIDE)];
                Feature::new(format!("w{k}"), vec![vec![star(r, center, 90.0, 9)]])
            })
            .collect();
        Self { parcels, lines, districts, unsuitable }.moved(origin)
    }

    fn moved(mut self, by: Coord) -> Self {
        let layers = [&mut self.parcels, &mut self.lines, &mut self.districts, &mut self.unsuitable];
        for coord in layers.into_iter().flatten().flat_map(|f| f.polygons.iter_mut().flatten().flatten()) {
            *coord = [coord[0] + by[0], coord[1] + by[1]];
        }
        self
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Units {
    Districts,
    Attribute,
    Whole,
}

/// Everything a ledger is drawn up from.
pub(crate) struct Drawn {
    pub(crate) set: ParcelSet,
    pub(crate) status: Vec<LandStatus>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) ledger: Ledger,
}

pub(crate) fn compute(scene: &Scene, units: Units, with_lines: bool, with_unsuitable: bool) -> Drawn {
    let set = set(&scene.parcels);
    let status = land_status(&set, &Schemes::builtin(), false);
    let pairs: Vec<[u32; 2]> =
        adjacency::overlapping_pairs(&set).unwrap().iter().map(|(a, b, _)| [a.0, b.0]).collect();
    let priority: Vec<u8> = status.iter().map(|&s| s as u8).collect();
    let partition = Partition::new(set.geometry(), &pairs, &priority).unwrap();
    let lines = ControlLines::new(self::set(&scene.lines)).unwrap();
    let overlay = with_lines.then(|| Overlay::new(&set, &lines).unwrap());
    let districts = self::set(&scene.districts);
    let unsuitable: Option<MultiPolygonArray> =
        with_unsuitable.then(|| boolean::dissolve(self::set(&scene.unsuitable).geometry()));
    let units = match units {
        Units::Districts => StudyUnits::Districts(&districts),
        Units::Attribute => StudyUnits::Attribute,
        Units::Whole => StudyUnits::Whole,
    };
    let ledger = Ledger::compute(&LedgerInput {
        exclusion: overlay.as_ref().map(|o| (&o.exclusion, o.excluded_m2.as_slice())),
        unsuitable: unsuitable.as_ref(),
        warning_line: Some(WarningLine { share: 0.3, source: "test".into() }),
        ..LedgerInput::new(&set, &status, &partition, units)
    })
    .unwrap();
    Drawn { set, status, overlay, ledger }
}

/// Areas of one unit by the slab oracle, m².
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Truth {
    pub(crate) land: f64,
    pub(crate) control: f64,
    pub(crate) blocked: f64,
    pub(crate) construction: f64,
    pub(crate) construction_inside: f64,
    pub(crate) other: f64,
    pub(crate) unknown: f64,
}

/// One entry per unit by id, and last what lies in no unit.
pub(crate) fn truth(
    scene: &Scene,
    drawn: &Drawn,
    units: Units,
    with_unsuitable: bool,
) -> Vec<(Option<String>, Truth)> {
    let Drawn { set, status, .. } = drawn;
    let origin = scene.parcels[0].polygons[0][0][0];
    // Near the origin the oracle loses no digits; the way there is exact.
    let near = |feature: &Feature| -> Rings {
        let back = |c: &Coord| [c[0] - origin[0], c[1] - origin[1]];
        feature.rings().iter().map(|ring| ring.iter().map(back).collect()).collect()
    };
    // Parcels in the order in which they win a place.
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by_key(|&i| (status[i], i));
    let feature_of = |i: usize| &scene.parcels[set.source_row()[i] as usize];
    let mut layers: Vec<Rings> = order.iter().map(|&i| near(feature_of(i))).collect();
    let parcels = layers.len();
    layers.extend(scene.lines.iter().filter(|l| l.effect == "exclude").map(near));
    let lines = layers.len();
    if with_unsuitable {
        layers.extend(scene.unsuitable.iter().map(near));
    }
    let wet = layers.len();
    layers.extend(scene.districts.iter().map(near));

    let mut ids: Vec<String> = match units {
        Units::Districts => scene.districts.iter().map(|d| d.id.clone()).collect(),
        Units::Attribute => scene.parcels.iter().filter_map(|p| p.district.clone()).collect(),
        Units::Whole => vec!["all".into()],
    };
    ids.sort();
    ids.dedup();
    let mut rows = vec![Truth::default(); ids.len() + 1];
    trapezoids(&layers, |area, inside| {
        let parcel = inside[..parcels].iter().position(|&is| is).map(|k| order[k]);
        let in_line = inside[parcels..lines].contains(&true);
        let blocked = in_line || inside[lines..wet].contains(&true);
        let unit = match units {
            Units::Districts => inside[wet..]
                .iter()
                .position(|&is| is)
                .map_or(ids.len(), |d| ids.iter().position(|id| *id == scene.districts[d].id).unwrap()),
            Units::Attribute => parcel
                .and_then(|i| ids.iter().position(|id| feature_of(i).district.as_ref() == Some(id)))
                .unwrap_or(ids.len()),
            Units::Whole => 0,
        };
        let row = &mut rows[unit];
        let add = |sum: &mut f64, counts: bool| *sum += if counts { area } else { 0.0 };
        let is_land = parcel.is_some() || units == Units::Districts && unit < ids.len();
        add(&mut row.land, is_land);
        add(&mut row.control, is_land && in_line);
        add(&mut row.blocked, is_land && blocked);
        let is = |what| parcel.is_some_and(|i| status[i] == what);
        add(&mut row.construction, is(LandStatus::Construction));
        add(&mut row.construction_inside, is(LandStatus::Construction) && in_line);
        add(&mut row.other, is(LandStatus::Other));
        add(&mut row.unknown, is(LandStatus::Unknown));
    });
    ids.into_iter().map(Some).chain([None]).zip(rows).collect()
}

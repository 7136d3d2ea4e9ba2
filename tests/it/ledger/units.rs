//! Bands, grids, what stands on land, limits: on random scenes against the ledger of districts, and on rectangles with whole
//! coordinates against counted cells, which is exact.

use geo::{Rect, coord};
use landuse::adjacency;
use landuse::control::{ControlLines, Overlay};
use landuse::geometry::MultiPolygonArray;
use landuse::geometry::boolean;
use landuse::geometry::partition::Partition;
use landuse::intensity::{
    Account, Bands, Carried, CellShape, Ledger, LedgerInput, Limit, Nature, StudyUnits, UnitLimit,
    WarningLine, WarningStatus, clipped_grid,
};
use landuse::land::land_status;
use landuse::parcel::Column;
use landuse::zoning::Schemes;
use landuse::{Error, Parcel, ParcelSet};

use super::scene::{Scene, set};
use crate::support::Random;

const TOLERANCE: f64 = 1e-9;

/// All that a ledger is made of.
struct Stage {
    set: ParcelSet,
    status: Vec<landuse::land::LandStatus>,
    partition: Partition,
    overlay: Overlay,
    unsuitable: MultiPolygonArray,
    districts: ParcelSet,
}

impl Stage {
    fn new(set: ParcelSet, lines: ParcelSet, unsuitable: &ParcelSet, districts: ParcelSet) -> Self {
        let status = land_status(&set, &Schemes::builtin(), false);
        let pairs: Vec<[u32; 2]> =
            adjacency::overlapping_pairs(&set).unwrap().iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let priority: Vec<u8> = status.iter().map(|&s| s as u8).collect();
        let partition = Partition::new(set.geometry(), &pairs, &priority).unwrap();
        let overlay = Overlay::new(&set, &ControlLines::new(lines).unwrap()).unwrap();
        let unsuitable = boolean::dissolve(unsuitable.geometry());
        Self { set, status, partition, overlay, unsuitable, districts }
    }

    fn random(seed: u64) -> Self {
        let scene = Scene::random(seed, [500_000.0, 2_500_000.0]);
        let mut random = Random(seed + 1_000);
        let bare = set(&scene.parcels);
        let with_floors = bare.iter().map(|parcel| {
            let mut parcel = parcel.to_parcel();
            if random.below(4) > 0 {
                parcel.floor_area_m2 = Some(random.within(0.0, 9_000.0));
            }
            if random.below(3) > 0 {
                parcel.footprint_m2 = Some(random.within(0.0, 900.0));
            }
            parcel.number("jobs", random.within(1.0, 90.0)).number("price", 7.0)
        });
        Self::new(
            ParcelSet::local(with_floors),
            set(&scene.lines),
            &set(&scene.unsuitable),
            set(&scene.districts),
        )
    }

    fn input<'a>(&'a self, units: StudyUnits<'a>) -> LedgerInput<'a> {
        LedgerInput {
            exclusion: Some((&self.overlay.exclusion, &self.overlay.excluded_m2)),
            unsuitable: Some(&self.unsuitable),
            warning_line: Some(WarningLine { share: 0.3, source: "test".into() }),
            ..LedgerInput::new(&self.set, &self.status, &self.partition, units)
        }
    }

    fn bands(&self) -> Bands {
        Bands::new(self.overlay.exclusion.dissolved(), &[0.0, 15.0, 40.0, 90.0]).unwrap()
    }
}

fn areas(account: &Account) -> [(&'static str, f64); 11] {
    [
        ("land", account.land_m2),
        ("control", account.control_m2.unwrap()),
        ("unrestricted", account.unrestricted_m2.unwrap()),
        ("developable", account.developable_m2.unwrap()),
        ("construction", account.construction_m2),
        ("inside", account.construction_inside_m2.unwrap()),
        ("other", account.other_m2),
        ("other inside", account.other_inside_m2.unwrap()),
        ("unknown", account.unknown_m2),
        ("unknown inside", account.unknown_inside_m2.unwrap()),
        ("floor area", account.density.floor_area_m2.unwrap_or(0.0)),
    ]
}

fn same(a: &Account, b: &Account, scale: f64, what: &str) {
    for ((name, a), (_, b)) in areas(a).into_iter().zip(areas(b)) {
        assert!((a - b).abs() <= TOLERANCE * scale, "{what}: {name} is {a}, expected {b}");
    }
    assert_eq!(a.density.floor_area_unknown, b.density.floor_area_unknown, "{what}");
}

/// Sums of all units that count must be the whole.
fn check_sums(ledger: &Ledger, scale: f64, what: &str) {
    let names = areas(&ledger.total);
    for (k, (name, total)) in names.iter().enumerate() {
        let counted = ledger.units.iter().filter(|unit| unit.id.is_some());
        let sum: f64 = counted.map(|unit| areas(unit)[k].1).sum();
        assert!((sum - total).abs() <= TOLERANCE * scale, "{what}: {name} sums to {sum}, not {total}");
    }
    assert!(ledger.residual() <= TOLERANCE, "{what}: {}", ledger.residual());
}

#[test]
fn bands_and_cells_divide_the_land_of_the_districts() {
    let mut greatest = 0.0_f64;
    for seed in 0..8 {
        let stage = Stage::random(seed);
        let scale = 600.0 * 600.0;
        let districts = Ledger::compute(&stage.input(StudyUnits::Districts(&stage.districts))).unwrap();
        let bands = stage.bands();
        let banded =
            Ledger::compute(&stage.input(StudyUnits::Bands(&bands, Some(&stage.districts)))).unwrap();
        same(&banded.total, &districts.total, scale, &format!("bands of seed {seed}"));
        check_sums(&banded, scale, &format!("bands of seed {seed}"));
        // All land inside the lines is in the first band, and nothing else.
        let inside = &banded.units[0];
        assert_eq!(inside.id.as_deref(), Some("inside"));
        assert!((inside.land_m2 - banded.total.control_m2.unwrap()).abs() <= TOLERANCE * scale);
        assert!(banded.units[1..5].iter().all(|band| band.control_m2 == Some(0.0)));

        let free = Ledger::compute(&stage.input(StudyUnits::Bands(&bands, None))).unwrap();
        let whole = Ledger::compute(&stage.input(StudyUnits::Whole)).unwrap();
        same(&free.total, &whole.total, scale, &format!("bands of the parcels of seed {seed}"));

        let shape = [CellShape::Square, CellShape::Hexagon][seed as usize % 2];
        let cells = clipped_grid(&stage.set, Some(stage.districts.geometry()), shape, 110.0).unwrap();
        let celled = Ledger::compute(&stage.input(StudyUnits::Grid(&cells))).unwrap();
        same(&celled.total, &districts.total, scale, &format!("cells of seed {seed}"));
        check_sums(&celled, scale, &format!("cells of seed {seed}"));
        greatest = greatest.max(celled.residual()).max(banded.residual());
    }
    println!("greatest residual of 16 ledgers of bands and cells: {greatest:.2e}");
}

#[test]
fn land_in_a_band_is_as_far_from_the_line_as_it_says() {
    let rect = |x0: f64, x1: f64| Rect::new(coord! { x: x0, y: 0.0 }, coord! { x: x1, y: 10.0 }).to_polygon();
    let hill = Parcel::new(
        "hill",
        Rect::new(coord! { x: -50.0, y: -500.0 }, coord! { x: 0.0, y: 500.0 }).to_polygon(),
    );
    let parcels = [
        Parcel::new("across", rect(-10.0, 30.0)).construction(true),
        Parcel::new("near", rect(60.0, 120.0)).construction(true),
        Parcel::new("far", rect(400.0, 700.0)).construction(false),
    ];
    let none = ParcelSet::local(std::iter::empty());
    let stage = Stage::new(ParcelSet::local(parcels), ParcelSet::local([hill]), &none, none.clone());
    let bands = Bands::new(stage.overlay.exclusion.dissolved(), &[0.0, 20.0, 100.0, 500.0]).unwrap();
    let ledger = Ledger::compute(&stage.input(StudyUnits::Bands(&bands, None))).unwrap();
    let found: Vec<_> = ledger
        .units
        .iter()
        .map(|unit| (unit.id.as_deref().unwrap(), unit.construction_m2.round(), unit.other_m2.round()))
        .collect();
    let expected = [
        ("inside", 100.0, 0.0),
        ("0-20 m", 200.0, 0.0),
        ("20-100 m", 100.0 + 400.0, 0.0),
        ("100-500 m", 200.0, 1_000.0),
        ("over 500 m", 0.0, 2_000.0),
    ];
    assert_eq!(found, expected);
    let without_lines =
        LedgerInput { exclusion: None, unsuitable: None, ..stage.input(StudyUnits::Bands(&bands, None)) };
    assert!(matches!(Ledger::compute(&without_lines), Err(Error::Param(error)) if error.name() == "bands"));
}

/// Amounts are split by area and lost nowhere; levels stay what they are.
#[test]
fn amounts_add_up_and_levels_average() {
    for seed in 0..6 {
        let stage = Stage::random(seed);
        let column = |name: &str| stage.set.attributes().numbers[name].values.clone();
        let carried = [
            Carried { name: "jobs".into(), nature: Nature::Extensive, values: column("jobs") },
            Carried { name: "price".into(), nature: Nature::Intensive, values: column("price") },
        ];
        let population = column("jobs");
        let units = StudyUnits::Districts(&stage.districts);
        let input = LedgerInput { carried: &carried, population: Some(&population), ..stage.input(units) };
        let ledger = Ledger::compute(&input).unwrap();
        // What is covered by others stands there all the same.
        assert!(!stage.partition.replaced().is_empty());
        let all: f64 = column("jobs").iter().flatten().sum();
        let sum: f64 = ledger.units.iter().filter_map(|unit| unit.density.amounts[0].value).sum();
        assert!((sum / all - 1.0).abs() < 1e-9, "seed {seed}: {sum} of {all}");
        let floors = &stage.set.attributes().floor_area_m2;
        let all: f64 = floors.iter().flatten().sum();
        let sum: f64 = ledger.units.iter().filter_map(|unit| unit.density.floor_area_m2).sum();
        assert!((sum / all - 1.0).abs() < 1e-9, "seed {seed}: {sum} of {all}");
        for unit in ledger.units.iter().chain([&ledger.total]) {
            let density = &unit.density;
            if let Some(price) = density.amounts[1].value {
                assert!((price - 7.0).abs() < 1e-9);
            }
            if let (Some(fsi), Some(gsi), Some(l), Some(osr)) =
                (density.fsi, density.gsi, density.l, density.osr)
            {
                assert!((fsi - l * gsi).abs() <= 1e-12 * fsi && (osr * fsi - (1.0 - gsi)).abs() < 1e-12);
            }
            if let Some(far) = density.gross_far {
                assert!((far * unit.land_m2 / density.floor_area_m2.unwrap() - 1.0).abs() < 1e-12);
            }
            if let Some(each) = density.land_per_person_m2 {
                assert!((each * density.population.unwrap() / unit.land_m2 - 1.0).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn units_have_limits_of_their_own() {
    let rect = |x: f64| Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 100.0, y: 100.0 }).to_polygon();
    let set = ParcelSet::local([
        Parcel::new("a", rect(0.0)).construction(true).district("west"),
        Parcel::new("b", rect(100.0)).construction(false).district("west"),
        Parcel::new("c", rect(200.0)).construction(true).district("east"),
        Parcel::new("d", rect(300.0)).construction(true).district("east"),
    ]);
    let status = land_status(&set, &Schemes::builtin(), false);
    let partition = Partition::new(set.geometry(), &[], &[0; 4]).unwrap();
    let limit = |unit: &str, limit| UnitLimit { unit: unit.into(), limit, source: "plan".into() };
    let limits = [limit("west", Limit::Share(0.6)), limit("east", Limit::AreaM2(15_000.0))];
    let input =
        LedgerInput { limits: &limits, ..LedgerInput::new(&set, &status, &partition, StudyUnits::Attribute) };
    let ledger = Ledger::compute(&input).unwrap();
    let [east, west] = &ledger.units[..] else { panic!("two units") };
    assert_eq!(
        (west.status, west.headroom_m2, west.limit_m2),
        (WarningStatus::Below, Some(2_000.0), Some(12_000.0))
    );
    assert_eq!(
        (east.status, east.headroom_m2, east.warning_line),
        (WarningStatus::Exceeded, Some(-5_000.0), Some(0.75))
    );
    assert_eq!((ledger.total.limit_m2, ledger.total.status), (Some(27_000.0), WarningStatus::Exceeded));
    assert_eq!(ledger.total.limit_source.as_deref(), Some("the sum of the units' limits"));

    let outlooks = ledger.outlooks(Some(2.0), Some(0.1)).unwrap();
    let ids: Vec<&str> = outlooks.iter().map(|unit| &*unit.id).collect();
    assert_eq!(ids, ["east", "west", "all"]);
    assert_eq!(outlooks[1].outlook.headroom_floor_area_m2, Some(4_000.0));
    assert_eq!(outlooks[1].outlook.years_until_passed, Some(2.0));
    let east = &outlooks[0];
    assert_eq!(
        (east.withdrawals.as_ref().unwrap().len(), east.withdrawn_m2, east.carriers.len()),
        (1, 10_000.0, 1)
    );

    // The warning line of all is for those without one, and for the whole.
    let line = Some(WarningLine { share: 0.3, source: "news".into() });
    let ledger = Ledger::compute(&LedgerInput { warning_line: line, limits: &limits[..1], ..input }).unwrap();
    assert_eq!((ledger.units[0].warning_line, ledger.units[1].warning_line), (Some(0.3), Some(0.6)));
    assert_eq!(ledger.total.limit_source.as_deref(), Some("news"));

    let bad = [limit("north", Limit::Share(0.5))];
    let input =
        LedgerInput { limits: &bad, ..LedgerInput::new(&set, &status, &partition, StudyUnits::Attribute) };
    assert!(Ledger::compute(&input).unwrap_err().to_string().contains("no unit `north`"));
    let short = Column::unknown(3);
    let input = LedgerInput {
        population: Some(&short),
        ..LedgerInput::new(&set, &status, &partition, StudyUnits::Whole)
    };
    assert!(Ledger::compute(&input).unwrap_err().to_string().contains("population"));
}

/// Rectangles with whole coordinates: every area is a number of unit cells, counted one by one.
#[test]
fn rectangles_agree_with_counted_cells() {
    const SIDE: u64 = 24;
    struct Box([u64; 4]);
    impl Box {
        fn draw(random: &mut Random) -> Self {
            let mut axis = || {
                let (a, b) = (random.below(SIDE), random.below(SIDE));
                (a.min(b), a.max(b) + 1)
            };
            let ((x0, x1), (y0, y1)) = (axis(), axis());
            Self([x0, y0, x1, y1])
        }
        fn holds(&self, x: u64, y: u64) -> bool {
            let [x0, y0, x1, y1] = self.0;
            (x0..x1).contains(&x) && (y0..y1).contains(&y)
        }
        fn shape(&self) -> geo::Polygon<f64> {
            let [x0, y0, x1, y1] = self.0.map(|v| v as f64);
            Rect::new(coord! { x: x0, y: y0 }, coord! { x: x1, y: y1 }).to_polygon()
        }
    }
    for seed in 0..40 {
        let mut random = Random(seed + 7_000);
        let mut boxes = |n| (0..n).map(|_| Box::draw(&mut random)).collect::<Vec<_>>();
        let (parcels, lines, water) = (boxes(6), boxes(3), boxes(2));
        let kinds: Vec<Option<bool>> =
            (0..6).map(|_| [Some(true), Some(false), None][random.below(3) as usize]).collect();
        let cut = 1 + random.below(SIDE - 1);
        let halves = [Box([0, 0, cut, SIDE]), Box([cut, 0, SIDE, SIDE])];
        let layer = |boxes: &[Box]| -> ParcelSet {
            ParcelSet::local(boxes.iter().enumerate().map(|(i, b)| Parcel::new(i.to_string(), b.shape())))
        };
        let set: ParcelSet =
            ParcelSet::local((parcels.iter().zip(&kinds).enumerate()).map(|(i, (shape, kind))| {
                let mut parcel = Parcel::new(i.to_string(), shape.shape());
                parcel.construction = *kind;
                parcel
            }));
        let stage = Stage::new(set, layer(&lines), &layer(&water), layer(&halves));
        let ledger = Ledger::compute(&stage.input(StudyUnits::Districts(&stage.districts))).unwrap();
        for (unit, half) in ledger.units.iter().zip(&halves) {
            let mut counted = [0_u32; 8];
            for (x, y) in
                (0..SIDE).flat_map(|x| (0..SIDE).map(move |y| (x, y))).filter(|&(x, y)| half.holds(x, y))
            {
                let inside = lines.iter().any(|line| line.holds(x, y));
                let blocked = inside || water.iter().any(|water| water.holds(x, y));
                let kinds = || {
                    parcels.iter().zip(&kinds).filter(|(shape, _)| shape.holds(x, y)).map(|(_, kind)| *kind)
                };
                let construction = kinds().any(|kind| kind == Some(true));
                let unknown = !construction && kinds().any(|kind| kind.is_none());
                let other = !construction && !unknown && kinds().next().is_some();
                let marks = [
                    true,
                    inside,
                    !blocked,
                    construction,
                    construction && inside,
                    other,
                    unknown,
                    unknown && inside,
                ];
                for (count, mark) in counted.iter_mut().zip(marks) {
                    *count += u32::from(mark);
                }
            }
            let found = [
                unit.land_m2,
                unit.control_m2.unwrap(),
                unit.developable_m2.unwrap(),
                unit.construction_m2,
                unit.construction_inside_m2.unwrap(),
                unit.other_m2,
                unit.unknown_m2,
                unit.unknown_inside_m2.unwrap(),
            ];
            for (found, counted) in found.into_iter().zip(counted) {
                assert!(
                    (found - f64::from(counted)).abs() < 1e-9,
                    "seed {seed}: {found} instead of {counted}"
                );
            }
        }
    }
}

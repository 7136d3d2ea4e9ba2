//! Two years of a generated town with planted changes: all of them found, nothing else, and every balance closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use geo::{Rect, coord};
use landuse::audit::{Audit, AuditOptions, Fate, InsideChange, Year};
use landuse::control::{ControlLines, Exclusion};
use landuse::generate::{City, CityOptions, Faults};
use landuse::geometry::boolean;
use landuse::io::schema::Schema;
use landuse::io::{Loader, Source};
use landuse::land::{LandStatus, land_status};
use landuse::parcel::NamedTexts;
use landuse::report::AuditSummary;
use landuse::warning::WarningKind;
use landuse::zoning::Schemes;
use landuse::{Parcel, ParcelIdx, ParcelSet};

use crate::support::Random;

const W: f64 = 40.0;
const H: f64 = 30.0;
const COLUMNS: u32 = 30;
const ROWS: u32 = 20;
/// The line takes the columns from here on, and half of the one before.
const LINE_FROM: u32 = 20;

#[derive(Clone)]
struct Plot {
    name: String,
    rect: [f64; 4],
    built: Option<bool>,
    floors: f64,
}

impl Plot {
    fn parcel(&self) -> Parcel {
        let [x0, y0, x1, y1] = self.rect;
        let shape = Rect::new(coord! { x: x0, y: y0 }, coord! { x: x1, y: y1 }).to_polygon();
        let mut parcel = Parcel::new(self.name.clone(), shape).floor_area_m2(self.floors);
        parcel.construction = self.built;
        parcel
    }

    fn inside(&self, line_x: f64) -> f64 {
        let [x0, y0, x1, y1] = self.rect;
        (x1 - x0.max(line_x)).max(0.0) * (y1 - y0)
    }
}

/// What was planted at a place, by the name of a parcel of the later year (of the earlier where it vanished).
type Planted = BTreeMap<String, (Fate, InsideChange)>;

#[expect(clippy::too_many_lines, reason = "one arm per kind of change")]
fn years(seed: u64) -> (Vec<Plot>, Vec<Plot>, Planted) {
    let mut random = Random(seed);
    let line_x = f64::from(LINE_FROM) * W - W / 2.0;
    let (mut old, mut new, mut planted) = (Vec::new(), Vec::new(), Planted::new());
    let mut number = 0;
    for row in 0..ROWS {
        let mut column = 0;
        while column < COLUMNS {
            let rect = |c: u32, part: [f64; 2]| {
                let (x, y) = (f64::from(c) * W, f64::from(row) * H + 8.0 * f64::from(row / 3));
                [x + part[0] * W, y, x + part[1] * W, y + H]
            };
            let whole = |name: String, c: u32, built: Option<bool>| Plot {
                name,
                rect: rect(c, [0.0, 1.0]),
                built,
                floors: if built == Some(true) { 900.0 } else { 0.0 },
            };
            number += 1;
            let old_name = |k: u32| format!("o{number}-{k}");
            let new_name = |k: u32| format!("n{number}-{k}");
            let built = [Some(true), Some(false), Some(true), None][random.below(4) as usize];
            let before = whole(old_name(0), column, built);
            let is_in = before.inside(line_x) > 0.0;
            let standing = |plot: &Plot| match plot.built {
                Some(true) if plot.inside(line_x) > 0.0 => InsideChange::Standing,
                _ => InsideChange::None,
            };
            let mut plant = |plot: Plot, fate: Fate, inside: InsideChange| {
                planted.insert(plot.name.clone(), (fate, inside));
                if fate != Fate::Vanished {
                    new.push(plot);
                }
            };
            match random.below(10) {
                0 => {
                    // Built up, or on unknown land known to be built.
                    let after = whole(new_name(0), column, Some(true));
                    let change = match (is_in, built) {
                        (false, _) => InsideChange::None,
                        (true, Some(true)) => InsideChange::Standing,
                        (true, _) => InsideChange::New,
                    };
                    plant(after, Fate::Same, change);
                    old.push(before);
                }
                1 => {
                    let after = whole(new_name(0), column, Some(false));
                    let gone = is_in && built == Some(true);
                    plant(after, Fate::Same, if gone { InsideChange::Removed } else { InsideChange::None });
                    old.push(before);
                }
                2 => {
                    // Split; the right half keeps its status, the left half is built.
                    let halves = [([0.0, 0.4], Some(true)), ([0.4, 1.0], built)];
                    for (k, (part, built_now)) in halves.into_iter().enumerate() {
                        let after = Plot {
                            name: new_name(k as u32),
                            rect: rect(column, part),
                            built: built_now,
                            floors: 300.0,
                        };
                        let inside = after.inside(line_x) > 0.0;
                        let change = match (inside && built_now == Some(true), built == Some(true)) {
                            (false, _) => InsideChange::None,
                            (true, true) => InsideChange::Standing,
                            (true, false) => InsideChange::New,
                        };
                        plant(after, Fate::Split, change);
                    }
                    old.push(before);
                }
                3 if column + 1 < COLUMNS => {
                    // Merged: what was built on one of them becomes construction on both.
                    let twin = whole(old_name(1), column + 1, Some(false));
                    let [x0, y0, ..] = rect(column, [0.0, 1.0]);
                    let [.., x1, y1] = rect(column + 1, [0.0, 1.0]);
                    let after = Plot {
                        name: new_name(0),
                        rect: [x0, y0, x1, y1],
                        built: Some(true),
                        floors: 2_000.0,
                    };
                    let before_m2 = if built == Some(true) { before.inside(line_x) } else { 0.0 };
                    let after_m2 = after.inside(line_x);
                    let change = match (before_m2 > 0.0, after_m2 > before_m2) {
                        (_, false) if after_m2 > 0.0 => InsideChange::Standing,
                        (_, false) => InsideChange::None,
                        (true, true) => InsideChange::Worsened,
                        (false, true) => InsideChange::New,
                    };
                    plant(after, Fate::Merged, change);
                    old.extend([before, twin]);
                    column += 1;
                }
                4 => {
                    let change = match (is_in, built) {
                        (true, Some(true)) => InsideChange::Removed,
                        _ => InsideChange::None,
                    };
                    plant(before.clone(), Fate::Vanished, change);
                    old.push(before);
                }
                5 => {
                    let after = whole(new_name(0), column, Some(true));
                    let change = if is_in { InsideChange::New } else { InsideChange::None };
                    plant(after, Fate::Appeared, change);
                }
                6 => {
                    // The right border draws back by a fifth: what was inside there is gone.
                    let mut after = before.clone();
                    after.name = new_name(0);
                    after.rect = rect(column, [0.0, 0.8]);
                    let (a, b) = (before.inside(line_x), after.inside(line_x));
                    let change = match built {
                        Some(true) if a - b > 10.0 && b > 0.0 => InsideChange::Standing,
                        _ => standing(&after),
                    };
                    plant(after, Fate::Moved, change);
                    old.push(before);
                }
                7 => {
                    // A hair's breadth: drawn again, nothing else.
                    let mut after = before.clone();
                    after.name = new_name(0);
                    after.rect[2] -= 0.05;
                    let change = standing(&after);
                    plant(after, Fate::Same, change);
                    old.push(before);
                }
                _ => {
                    let mut after = before.clone();
                    after.name = new_name(0);
                    let change = standing(&after);
                    plant(after, Fate::Same, change);
                    old.push(before);
                }
            }
            column += 1;
        }
    }
    (old, new, planted)
}

fn excluded(lines: &ControlLines) -> Arc<Exclusion> {
    Arc::new(Exclusion::new(lines.excluded()))
}

fn year(plots: &[Plot]) -> Year {
    let set = ParcelSet::local(plots.iter().map(Plot::parcel));
    let status = land_status(&set, &Schemes::builtin(), false);
    let mut label = NamedTexts::new();
    for status in &status {
        label.push(Some(status.name()));
    }
    let x = f64::from(LINE_FROM) * W - W / 2.0;
    let hill = Rect::new(coord! { x: x, y: -1_000.0 }, coord! { x: 1e5, y: 1e5 }).to_polygon();
    let lines = ControlLines::new(ParcelSet::local([Parcel::new("hill", hill)])).unwrap();
    let half = |id: &str, y0: f64, y1: f64| {
        Parcel::new(id, Rect::new(coord! { x: -10.0, y: y0 }, coord! { x: 1_300.0, y: y1 }).to_polygon())
    };
    let districts = ParcelSet::local([half("south", -10.0, 333.0), half("north", 333.0, 800.0)]);
    Year::new(set, status, label, Some(&excluded(&lines)), Some(&districts)).unwrap()
}

#[test]
fn every_planted_change_is_found_and_nothing_else() {
    let mut found_of = BTreeMap::<(Fate, InsideChange), usize>::new();
    for seed in 0..4 {
        let (old_plots, new_plots, planted) = years(seed);
        let (old, new) = (year(&old_plots), year(&new_plots));
        let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
        assert!(audit.residual <= 1e-9, "{}", audit.residual);
        assert_eq!(audit.parcels.len(), planted.len());
        for change in &audit.parcels {
            let side = if change.fate == Fate::Vanished { &old } else { &new };
            let name = side.set.get(change.parcel).id().unwrap();
            assert_eq!((change.fate, change.inside), planted[name], "seed {seed}, {name}: {change:?}");
            *found_of.entry((change.fate, change.inside)).or_default() += 1;
        }
        check_areas(&audit, &old_plots, &new_plots);
        for change in &audit.changes {
            for found in [change.gross, change.net, change.far].into_iter().flatten() {
                assert!(found.residual() <= 1e-14, "{found:?}");
            }
        }
        assert_eq!(audit.changes.len(), 3);
        let shapes = audit.changed_shapes(&old, &new);
        for (change, shape) in audit.parcels.iter().zip(shapes.iter()) {
            let expected = match change.inside {
                InsideChange::None | InsideChange::Standing => 0.0,
                InsideChange::Removed => change.inside_before_m2,
                _ => change.inside_after_m2,
            };
            assert!((shape.signed_area() - expected).abs() < 1e-6, "{change:?}");
        }
    }
    println!("planted and found, by fate and change inside the lines: {found_of:?}");
    let kinds = |fate| found_of.keys().filter(|(of, _)| *of == fate).count();
    let elsewhere = [Fate::Rearranged, Fate::Covered];
    assert!(Fate::ALL.iter().all(|&fate| elsewhere.contains(&fate) || kinds(fate) >= 2), "{found_of:?}");
    let all = [InsideChange::New, InsideChange::Worsened, InsideChange::Removed, InsideChange::Standing];
    assert!(all.iter().all(|&change| found_of.keys().any(|(_, of)| *of == change)));
}

/// Areas straight from the rectangles.
fn check_areas(audit: &Audit, old: &[Plot], new: &[Plot]) {
    let area = |[x0, y0, x1, y1]: [f64; 4]| (x1 - x0).max(0.0) * (y1 - y0).max(0.0);
    let status = |plot: &Plot| match plot.built {
        Some(true) => 0,
        None => 1,
        Some(false) => 2,
    };
    let line_x = f64::from(LINE_FROM) * W - W / 2.0;
    let mut ground = [[0.0; 4]; 4];
    let mut both = 0.0;
    for a in old {
        ground[status(a)][3] += area(a.rect);
        for b in new {
            let (p, q) = (a.rect, b.rect);
            let common = [p[0].max(q[0]), p[1].max(q[1]), p[2].min(q[2]), p[3].min(q[3])];
            let shared = area([common[0], common[1], common[2].max(common[0]), common[3].max(common[1])]);
            ground[status(a)][status(b)] += shared;
            ground[status(a)][3] -= shared;
            ground[3][status(b)] -= shared;
            if status(a) == 0 && status(b) == 0 && shared > 0.0 {
                both += Plot { rect: common, ..a.clone() }.inside(line_x);
            }
        }
    }
    for b in new {
        ground[3][status(b)] += area(b.rect);
    }
    for (found, expected) in audit.ground.iter().flatten().zip(ground.iter().flatten()) {
        assert!((found - expected).abs() < 1e-6, "{:?} instead of {ground:?}", audit.ground);
    }
    let inside = |plots: &[Plot]| -> f64 {
        plots.iter().filter(|plot| status(plot) == 0).map(|plot| plot.inside(line_x)).sum()
    };
    let (before, after) = (inside(old), inside(new));
    let expected = [before, after, after - both, before - both];
    for (found, expected) in audit.inside_m2.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{:?} instead of {expected}", audit.inside_m2);
    }
}

/// A generated city and itself some years later, as files: every change that `changes.json` tells is found, of its kind and
/// with what it means inside the lines, and nothing else.
#[test]
#[expect(clippy::too_many_lines, reason = "from the files to the verdicts, to be read from top to bottom")]
fn every_change_of_a_generated_city_is_found_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let city = City::new(CityOptions::new(4_000, 11).faults(Faults::NONE)).unwrap();
    city.write(dir.path()).unwrap();
    let written = city.write_later(dir.path()).unwrap();
    let source = |name: &str| Source::file(dir.path().join(name));
    let parcels = Loader::new(Schema::builtin("generated").unwrap());
    let new_set = parcels.load(&source("parcels_later.geojson")).unwrap().set;
    let old_set = parcels.load_beside(&source("parcels.geojson"), &new_set).unwrap().set;
    assert_eq!((old_set.len(), new_set.len()), (4_000, written.parcels as usize));
    let layer = Loader::new(Schema::layer().unwrap());
    let lines = layer.load_beside(&source("control_lines.geojson"), &new_set).unwrap().set;
    let union = excluded(&ControlLines::new(lines).unwrap());
    let year = |set: ParcelSet| {
        let status = land_status(&set, &Schemes::builtin(), false);
        let label = NamedTexts::unknown(set.len());
        Year::new(set, status, label, Some(&union), None).unwrap()
    };
    let row_of = |set: &ParcelSet| -> BTreeMap<String, usize> {
        (0..set.len()).map(|i| (set.get(ParcelIdx(i as u32)).id().unwrap().to_owned(), i)).collect()
    };
    let (old_rows, new_rows) = (row_of(&old_set), row_of(&new_set));
    let inside_of = |set: &ParcelSet, row: usize, built: bool| {
        if built {
            boolean::intersection(&set.geometry().get(row), &union.dissolved().get(0)).get(0).signed_area()
        } else {
            0.0
        }
    };

    let told: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("changes.json")).unwrap()).unwrap();
    let changes = told["changes"].as_array().unwrap();
    assert!(changes.len() == written.changes && changes.len() > 30, "{}", changes.len());
    let mut fates: BTreeMap<&str, Fate> = BTreeMap::new();
    let mut expected_inside: BTreeMap<&str, InsideChange> = BTreeMap::new();
    let built = |holding: &serde_json::Value| {
        let code = holding["current_use"].as_str().unwrap();
        matches!(&code[..2], "07" | "08" | "09" | "10" | "11" | "12" | "13" | "14") || code == "2301"
    };
    for change in changes {
        let [before, after] = ["before", "after"].map(|side| change[side].as_array().unwrap());
        let ids = |list: &'_ [serde_json::Value]| -> Vec<String> {
            list.iter().map(|holding| holding["id"].as_str().unwrap().to_owned()).collect()
        };
        for (id, holding) in ids(before).iter().zip(before) {
            assert_eq!(u64::from(old_set.source_row()[old_rows[id]]), holding["row"].as_u64().unwrap());
        }
        for (id, holding) in ids(after).iter().zip(after) {
            assert_eq!(u64::from(new_set.source_row()[new_rows[id]]), holding["row"].as_u64().unwrap());
        }
        let fate = match change["kind"].as_str().unwrap() {
            "built" | "cleared" => Fate::Same,
            "split" => Fate::Split,
            "merged" => Fate::Merged,
            "vanished" => Fate::Vanished,
            "appeared" => Fate::Appeared,
            other => panic!("{other}"),
        };
        let named = if fate == Fate::Vanished { before } else { after };
        for holding in named {
            let id = holding["id"].as_str().unwrap();
            fates.insert(id, fate);
            // Within one change all land before is of the uses before: what a split parcel was, each of its halves was.
            let set_after =
                (fate != Fate::Vanished).then(|| inside_of(&new_set, new_rows[id], built(holding)));
            let was: f64 = match fate {
                Fate::Split => inside_of(&new_set, new_rows[id], built(&before[0])),
                _ => before
                    .iter()
                    .map(|old| inside_of(&old_set, old_rows[old["id"].as_str().unwrap()], built(old)))
                    .sum(),
            };
            let is = set_after.unwrap_or(0.0);
            let inside = match (was > 10.0, is > 10.0) {
                (false, false) => InsideChange::None,
                (false, true) => InsideChange::New,
                (true, false) => InsideChange::Removed,
                _ if is - was > 10.0 => InsideChange::Worsened,
                _ if was - is > 10.0 => InsideChange::Eased,
                _ => InsideChange::Standing,
            };
            expected_inside.insert(id, inside);
        }
    }

    let (old, new) = (year(old_set.clone()), year(new_set.clone()));
    let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
    assert!(audit.residual <= 1e-9, "{}", audit.residual);
    let mut found = 0;
    for change in &audit.parcels {
        let side = if change.fate == Fate::Vanished { &old } else { &new };
        let id = side.set.get(change.parcel).id().unwrap();
        if let Some(&fate) = fates.get(id) {
            found += 1;
            assert_eq!((change.fate, change.inside), (fate, expected_inside[id]), "{id}: {change:?}");
        } else {
            assert_eq!(change.fate, Fate::Same, "{id}: {change:?}");
            let stays = matches!(change.inside, InsideChange::None | InsideChange::Standing);
            assert!(stays, "{id}: {change:?}");
        }
    }
    assert_eq!(found, fates.len());
    let kinds: BTreeSet<(Fate, InsideChange)> =
        fates.iter().map(|(id, &fate)| (fate, expected_inside[id])).collect();
    println!(
        "{} changes, all found: {}; by kind and change inside: {kinds:?}",
        changes.len(),
        told["counts"]
    );
    assert!(
        kinds.contains(&(Fate::Same, InsideChange::New))
            && kinds.contains(&(Fate::Same, InsideChange::Removed))
    );
}

/// Two cuts that cross: two became two others.
#[test]
fn land_cut_anew_is_rearranged() {
    let plot = |name: &str, rect| Plot { name: name.into(), rect, built: Some(true), floors: 1.0 };
    let old = year(&[plot("w", [0.0, 0.0, 50.0, 100.0]), plot("e", [50.0, 0.0, 100.0, 100.0])]);
    let new = year(&[plot("s", [0.0, 0.0, 100.0, 50.0]), plot("n", [0.0, 50.0, 100.0, 100.0])]);
    let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
    assert_eq!((audit.count(Fate::Rearranged), audit.pieces.len()), (2, 4));
    assert_eq!(audit.old_fate, [Fate::Rearranged; 2]);
    assert!(audit.pieces.iter().all(|piece| (piece.area_m2 - 2_500.0).abs() < 1e-9));
}

/// A parcel registered twice is no parcel that came or went.
#[test]
fn duplicates_are_covered_at_either_date() {
    let plot =
        |name: &str| Plot { name: name.into(), rect: [0.0, 0.0, 50.0, 40.0], built: Some(true), floors: 1.0 };
    let (old, new) = (year(&[plot("a"), plot("a again")]), year(&[plot("b"), plot("b again")]));
    let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
    assert_eq!((audit.count(Fate::Same), audit.count(Fate::Covered), audit.parcels.len()), (1, 1, 2));
    assert!(audit.old_fate.contains(&Fate::Covered) && !audit.old_fate.contains(&Fate::Vanished));
}

/// The line moves and nothing is built: what changes is called new and removed all the same, and the balance closes.
#[test]
fn a_line_that_moves_is_a_change_too() {
    let parcels = || -> ParcelSet {
        let at = |x: f64| Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 100.0, y: 100.0 }).to_polygon();
        ParcelSet::local(
            [0.0, 100.0, 200.0].iter().map(|&x| Parcel::new(format!("{x}"), at(x)).construction(true)),
        )
    };
    let line = |x0: f64, x1: f64| {
        let shape = Rect::new(coord! { x: x0, y: -10.0 }, coord! { x: x1, y: 200.0 }).to_polygon();
        ControlLines::new(ParcelSet::local([Parcel::new("line", shape)])).unwrap()
    };
    let year = |line: &ControlLines| {
        let label = NamedTexts::unknown(3);
        Year::new(parcels(), vec![LandStatus::Construction; 3], label, Some(&excluded(line)), None).unwrap()
    };
    let (old, new) = (year(&line(0.0, 150.0)), year(&line(130.0, 260.0)));
    let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
    let found: BTreeMap<&str, InsideChange> =
        audit.parcels.iter().map(|c| (new.set.get(c.parcel).id().unwrap(), c.inside)).collect();
    assert_eq!(found["0"], InsideChange::Removed);
    assert_eq!(found["100"], InsideChange::Worsened);
    assert_eq!(found["200"], InsideChange::New);
    assert!(audit.residual < 1e-12);
    let net = audit.changes[0].net.unwrap();
    assert!(net.residual() < 1e-15 && net.before == 1.0 && net.after == 1.0);
}

#[test]
fn nothing_depends_on_order_or_threads() {
    let (mut old_plots, mut new_plots, _) = years(9);
    let run = |old: &[Plot], new: &[Plot]| {
        let (old, new) = (year(old), year(new));
        let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
        format!("{:?} {:?} {:?}", audit.ground, audit.inside_m2, audit.changes)
    };
    let first = run(&old_plots, &new_plots);
    old_plots.reverse();
    new_plots.rotate_left(7);
    assert_eq!(run(&old_plots, &new_plots), first);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| run(&old_plots, &new_plots)), first);
}

#[test]
fn options_out_of_range_are_named() {
    let year = || year(&[]);
    for (options, name) in [
        (AuditOptions { min_share: 0.0, ..AuditOptions::default() }, "min_share"),
        (AuditOptions { same_share: 1.5, ..AuditOptions::default() }, "same_share"),
        (AuditOptions { least_change_m2: f64::NAN, ..AuditOptions::default() }, "least_change_m2"),
    ] {
        assert!(Audit::compare(&year(), &year(), &options).unwrap_err().to_string().contains(name));
    }
}

#[test]
fn dates_that_share_no_land_are_told() {
    let plot = |x: f64| Plot { name: "p".into(), rect: [x, 0.0, x + W, H], built: Some(true), floors: 1.0 };
    for (offset, told) in [(0.0, false), (W / 2.0, false), (500.0, true)] {
        let (old, new) = (year(&[plot(0.0)]), year(&[plot(offset)]));
        let audit = Audit::compare(&old, &new, &AuditOptions::default()).unwrap();
        let warnings = AuditSummary::of(&audit, &old, &new, &[]).warnings;
        assert_eq!(warnings.contains(&WarningKind::DatesShareNoLand.into()), told, "{offset}");
    }
}

//! Scenarios against full runs, and what is told of their differences.

use landuse::redevelop::{Capacity, Differences, Outcome, Scenario, Weighed, pareto_front};
use landuse::report::{Format, RedevelopSummary, scenario_layers};
use landuse::{Analysis, Inputs, Parcel, ParcelIdx};

use super::support::{analysis, land, low, plan};
use crate::support::Random;

/// Six lots in a row, the first three low; a line over the first, another over the second.
fn base() -> Analysis {
    let lot = |i: usize| {
        let mut lot = low(&format!("p{i}"), land(100.0 * i as f64, 0.0, 100.0, 100.0));
        lot.numbers.insert("score".into(), if i < 3 { 0.0 } else { 5.0 });
        lot.floor_area_m2(2_000.0).text("owner", format!("o{}", i % 2))
    };
    analysis(
        (0..6).map(lot).collect(),
        vec![land(0.0, 0.0, 50.0, 100.0), land(100.0, 0.0, 20.0, 100.0)],
        vec![],
    )
}

fn scenario(text: &str) -> Scenario {
    Scenario::from_toml(text, "scenario.toml").unwrap()
}

fn of_base() -> Outcome {
    Outcome::of("base", base(), plan("capacity.far = [{ value = 2.0 }]")).unwrap()
}

#[test]
fn a_scenario_of_nothing_is_its_base() {
    let base = of_base();
    let same = scenario("name = 'same'").run(&base.analysis, &base.plan).unwrap();
    assert_eq!(same.capacity, base.capacity);
    let found = Differences::between(&base, &same);
    assert!(found.parcels.is_empty());
    assert!(
        found.sites.iter().all(|site| site.added + site.removed == 0 && site.gross_m2[0] == site.gross_m2[1])
    );
    assert!(found.units.iter().all(|unit| unit.gross_m2[0] == unit.gross_m2[1]));
    assert!(found.lines.iter().all(|line| line.land_m2[0] == line.land_m2[1]));
}

#[test]
fn edits_are_what_a_run_of_edited_parcels_gives() {
    let mut random = Random(31);
    let base = of_base();
    for round in 0..8 {
        let floor = random.within(0.0, 9_000.0);
        let score = if random.below(2) == 0 { 0.5 } else { 7.0 };
        let text = format!(
            "name = 'edited'\n[[edit]]\nparcel = 'p{}'\nset = {{ floor_area_m2 = {floor:?}, score = {score:?} }}\n\
             [[edit]]\nparcel = 'p1'\nunset = ['floor_area_m2', 'owner']",
            random.below(6)
        );
        let found = scenario(&text).run(&base.analysis, &base.plan).unwrap();
        let parcels: Vec<Parcel> =
            found.analysis.parcels().iter().map(landuse::ParcelRef::to_parcel).collect();
        let lines = base.analysis.inputs().control_lines().unwrap().features().clone();
        let inputs = Inputs::open(landuse::ParcelSet::local(parcels)).control_lines(lines).load().unwrap();
        let full = Analysis::new(&inputs, base.analysis.options().clone()).run().unwrap();
        let capacity = Capacity::of(&full, &base.plan.capacity).unwrap();
        assert_eq!(capacity, found.capacity, "round {round}: {text}");
        let json =
            |analysis: &Analysis, capacity: &Capacity| RedevelopSummary::of(analysis, capacity).to_json();
        assert!(json(&full, &capacity) == json(&found.analysis, &found.capacity));
    }
}

#[test]
fn differences_are_told_by_parcel_site_unit_and_line() {
    let base = of_base();
    let id = |parcel: ParcelIdx| base.analysis.parcels().get(parcel).id().unwrap().to_owned();
    let text = "name = 'more'\n[[edit]]\nparcel = 'p3'\nset = { score = 0.0 }\n[plan.capacity]\nfar = [{ value = 3.0 }]";
    let more = scenario(text).run(&base.analysis, &base.plan).unwrap();
    let found = Differences::between(&base, &more);
    assert_eq!(found.parcels.len(), 4);
    let new = found.parcels.iter().find(|own| id(own.parcel) == "p3").unwrap();
    assert_eq!((new.site, new.gross_m2), ([None, Some(1)], [None, Some(30_000.0)]));
    let [site] = &found.sites[..] else { panic!("{:?}", found.sites) };
    assert_eq!((site.shared, site.added, site.removed), (3, 1, 0));
    // 23,000 m² outside the lines at 2, then 33,000 at 3.
    assert_eq!(site.gross_m2, [Some(46_000.0), Some(99_000.0)]);
    // Without one line more can be built, and nothing is given back there.
    let ids: Vec<String> =
        base.analysis.inputs().control_lines().unwrap().iter().map(|line| line.id().into_owned()).collect();
    assert_eq!(ids, ["line", "line"]);
    let open =
        scenario("name = 'open'\n[lines]\nwithout = ['line']").run(&base.analysis, &base.plan).unwrap();
    let found = Differences::between(&base, &open);
    assert_eq!(found.lines.len(), 1);
    assert_eq!(found.lines[0].land_m2, [Some(7_000.0), None]);
    let weighed = [base.weighed(), open.weighed(), more.weighed()].map(Option::unwrap);
    assert_eq!(weighed.map(|own| own.ecological_m2), [7_000.0, 0.0, 7_000.0]);
    // As much given back and more built: the base is dominated.
    assert_eq!(pareto_front(&weighed.map(Some)), [false, false, true]);
    let differences = [Differences::between(&base, &open), Differences::between(&base, &more)];
    let scenarios = [open, more];
    for layer in scenario_layers(&base, &scenarios, &differences) {
        let mut text = Vec::new();
        layer.write(Format::Csv, &mut text).unwrap();
        assert!(text.len() > 60, "{}", layer.name());
    }
}

#[test]
fn none_on_the_front_is_dominated_and_all_others_are() {
    let mut random = Random(6);
    for _ in 0..50 {
        let base = of_base().weighed().unwrap();
        let all: Vec<Option<Weighed>> = (0..8)
            .map(|_| {
                let mut own = base;
                own.supply_m2 = random.below(4) as f64;
                own.cost = Some(random.below(4) as f64);
                own.ecological_m2 = random.below(4) as f64;
                (random.below(6) > 0).then_some(own)
            })
            .collect();
        let front = pareto_front(&all);
        for (own, on) in all.iter().zip(&front) {
            let beaten = |a: &Weighed| {
                all.iter().flatten().any(|b| {
                    let worse =
                        b.supply_m2 < a.supply_m2 || b.cost > a.cost || b.ecological_m2 < a.ecological_m2;
                    let better =
                        b.supply_m2 > a.supply_m2 || b.cost < a.cost || b.ecological_m2 > a.ecological_m2;
                    !worse && better
                })
            };
            assert_eq!(*on, own.as_ref().is_some_and(|own| !beaten(own)));
        }
    }
}

#[test]
fn targets_beyond_reach_are_an_outcome_with_its_reason() {
    let base = of_base();
    let text = "name = 'greedy'\n[plan.programme]\nyears = 2\nsupply_m2 = [1e6]";
    let greedy = scenario(text).run(&base.analysis, &base.plan).unwrap();
    assert!(greedy.programme.is_none() && greedy.weighed().is_none());
    assert!(greedy.infeasible.unwrap().contains("year 1"));
}

#[test]
fn a_scenario_that_fits_nothing_is_refused() {
    let base = of_base();
    for (text, expected) in [
        ("name = 'x'\n[[edit]]\nparcel = 'nobody'", "there is no parcel `nobody`"),
        (
            "name = 'x'\n[[edit]]\nparcel = 'p1'\nset = { flor_area_m2 = 1.0 }",
            "did you mean `floor_area_m2`?",
        ),
        ("name = 'x'\n[[edit]]\nparcel = 'p1'\nset = { floor_area_m2 = -1.0 }", "at least 0"),
        ("name = 'x'\n[[edit]]\nparcel = 'p1'\nset = { score = 'low' }", "a finite number"),
        ("name = 'x'\n[[edit]]\nparcel = 'p1'\nset = { current_use = '1001' }", "a code of the scheme"),
        ("name = 'x'\n[lines]\nwithout = ['L9']", "there is no line `L9`"),
        ("name = 'x'\n[analysis]\nsede = 3", "unknown field `sede`"),
        ("name = 'x'\n[analysis.sites]\ngap_m = -3.0", "gap_m"),
        ("name = 'x'\n[analysis.input]\nrecords = 'judged_alone'", "how files are read"),
        ("name = 'x'\n[plan.capacity]\ndedicated_share = 2.0", "below 1"),
    ] {
        let error = scenario(text).run(&base.analysis, &base.plan).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(Scenario::from_toml("name = ' '", "s.toml").unwrap_err().to_string().contains("expected a name"));
    let typo = Scenario::from_toml("name = 'x'\n[plans]", "s.toml").unwrap_err().to_string();
    assert!(typo.contains("did you mean `plan`?"), "{typo}");
}

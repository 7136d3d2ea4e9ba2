//! Programmes against every choice of few projects.

use landuse::Error;
use landuse::redevelop::{
    Decant, DistrictShare, Programme, ProgrammeInput, ProgrammeOptions, Project, Proof, RedevelopOptions,
    Required,
};

use crate::support::Random;

fn project(name: &str, supply: f64, cost: f64) -> Project {
    let mut project = Project::new(name);
    (project.value, project.supply_m2, project.built_m2, project.cost) = (supply, supply, supply, cost);
    project
}

fn instance(random: &mut Random, n: usize) -> (ProgrammeInput, ProgrammeOptions) {
    let mut input = ProgrammeInput::default();
    input.units = vec![Some("west".into()), Some("east".into())];
    input.existing_floor_m2 = Some(400.0);
    for i in 0..n {
        // Whole numbers, so that sums meet limits exactly.
        let number = |random: &mut Random, low: u64, high: u64| (low + random.below(high - low)) as f64;
        let mut own = project(&format!("p{i}"), number(random, 5, 60), number(random, 1, 30));
        own.value = number(random, 1, 80) - 10.0;
        own.demolished_m2 = number(random, 0, 40);
        own.unit = Some(random.below(2) as u32);
        own.line_share = random.unit();
        input.projects.push(own);
    }
    let mut options = ProgrammeOptions::default();
    options.years = 1 + random.below(3) as usize;
    let maybe = |random: &mut Random, of: u64| random.below(of) == 0;
    if maybe(random, 4) {
        options.lag_years = random.below(options.years as u64) as usize;
    }
    options.discount = if maybe(random, 2) { 0.05 } else { 0.0 };
    options.cost.per_land = 1.0;
    if !maybe(random, 3) {
        options.budget = vec![(10 + random.below(40)) as f64];
        options.carry_over = maybe(random, 2);
    }
    if maybe(random, 2) {
        let from = options.lag_years;
        let least =
            |year: usize, random: &mut Random| if year < from { 0.0 } else { random.below(50) as f64 };
        options.supply_m2 = (0..options.years).map(|year| least(year, random)).collect();
    }
    if maybe(random, 4) {
        options.max_demolished_m2 = vec![random.below(60) as f64];
    }
    if maybe(random, 4) {
        options.max_demolished_share = Some(0.2);
    }
    if maybe(random, 4) {
        options.max_build_ratio = Some(2.0);
    }
    if maybe(random, 4) {
        let mut decant = Decant::default();
        (decant.vacant_m2, decant.share) = (random.below(40) as f64, 1.0);
        options.decant = Some(decant);
    }
    if maybe(random, 4) {
        options.districts = vec![DistrictShare { unit: "west".into(), min: 0.25, max: 0.75 }];
    }
    if maybe(random, 3) {
        options.conflicts = vec![vec!["p0".into(), "p1".into()]];
    }
    if maybe(random, 4) {
        options.exclude = vec!["p2".into()];
    }
    if maybe(random, 5) {
        options.require = vec![Required { project: "p0".into(), year: None }];
    }
    if maybe(random, 5) {
        options.max_line_share = Some(0.8);
    }
    (input, options)
}

/// What a choice is worth; none where it breaks a rule. `starts` from 0.
fn worth(input: &ProgrammeInput, options: &ProgrammeOptions, starts: &[Option<usize>]) -> Option<f64> {
    let (years, lag) = (options.years, options.lag_years);
    let at = |list: &[f64], year: usize| -> Option<f64> {
        if list.len() == 1 { list.first().copied() } else { list.get(year).copied() }
    };
    let begun: Vec<(&Project, usize)> =
        input.projects.iter().zip(starts).filter_map(|(own, start)| Some((own, (*start)?))).collect();
    let sum = |of: &dyn Fn(&Project) -> f64, is: &dyn Fn(usize) -> bool| -> f64 {
        begun.iter().filter(|(_, start)| is(*start)).map(|(own, _)| of(own)).sum()
    };
    let is_begun = |name: &str| begun.iter().any(|(own, _)| &*own.name == name);
    let within = |left: f64, most: f64| left <= most + 1e-9 * most.abs().max(1.0);
    let mut holds = begun.iter().all(|(own, start)| {
        start + lag < years
            && !options.exclude.contains(&own.name)
            && options.max_line_share.is_none_or(|most| own.line_share <= most)
    });
    holds &= options.conflicts.iter().all(|set| set.iter().filter(|name| is_begun(name)).count() <= 1);
    holds &= options.require.iter().all(|required| {
        begun
            .iter()
            .any(|(own, start)| own.name == required.project && required.year.is_none_or(|y| y == start + 1))
    });
    let mut purse = 0.0;
    for year in 0..years {
        if let Some(least) = at(&options.supply_m2, year) {
            holds &= within(least, sum(&|own| own.supply_m2, &|start| start + lag == year));
        }
        if let Some(budget) = at(&options.budget, year) {
            purse = if options.carry_over { purse + budget } else { budget };
            let cost = sum(&|own| own.cost, &|start| start == year);
            holds &= within(cost, purse);
            purse -= cost;
        }
        if let Some(most) = at(&options.max_demolished_m2, year) {
            holds &= within(sum(&|own| own.demolished_m2, &|start| start == year), most);
        }
        if let Some(decant) = options.decant {
            let displaced = decant.share * sum(&|own| own.demolished_m2, &|start| start <= year);
            let room = decant.vacant_m2 + sum(&|own| own.built_m2, &|start| start + lag <= year);
            holds &= within(displaced, room);
        }
    }
    let all = |of: &dyn Fn(&Project) -> f64| sum(of, &|_| true);
    if let Some(share) = options.max_demolished_share {
        holds &= within(all(&|own| own.demolished_m2), share * input.existing_floor_m2.unwrap());
    }
    if let Some(ratio) = options.max_build_ratio {
        holds &= within(all(&|own| own.built_m2), ratio * all(&|own| own.demolished_m2));
    }
    for district in &options.districts {
        let west = all(&|own| if own.unit == Some(0) { own.supply_m2 } else { 0.0 });
        let supply = all(&|own| own.supply_m2);
        holds &= within(district.min * supply, west) && within(west, district.max * supply);
    }
    let value = |(own, start): &(&Project, usize)| {
        own.value / (1.0 + options.discount).powi(i32::try_from(start + lag).unwrap())
    };
    holds.then(|| begun.iter().map(value).sum())
}

/// The best of all choices.
fn best(input: &ProgrammeInput, options: &ProgrammeOptions) -> Option<f64> {
    let (n, base) = (input.projects.len(), options.years + 1);
    (0..base.pow(n as u32))
        .filter_map(|code| {
            let start = |i: usize| (code / base.pow(i as u32) % base).checked_sub(1);
            worth(input, options, &(0..n).map(start).collect::<Vec<_>>())
        })
        .reduce(f64::max)
}

#[test]
fn the_best_of_all_choices_is_found_and_the_bound_holds() {
    let mut random = Random(2026);
    let (mut met, mut unmet) = (0, 0);
    for round in 0..300 {
        let (input, options) = instance(&mut random, 3 + round % 3);
        let expected = best(&input, &options);
        match (Programme::choose(&input, &options), expected) {
            (Ok(found), Some(most)) => {
                let starts: Vec<Option<usize>> =
                    found.starts.iter().map(|start| start.map(|year| year as usize - 1)).collect();
                let own = worth(&input, &options, &starts);
                assert!(own.is_some(), "round {round}: {starts:?} breaks a rule of {options:?}");
                assert!((found.value - own.unwrap()).abs() < 1e-9);
                assert!(found.bound >= most - 1e-9, "round {round}: bound {} below {most}", found.bound);
                assert!((found.value - most).abs() < 1e-9, "round {round}: {} of {most}", found.value);
                assert_eq!((found.proof, found.gap), (Proof::Optimal, 0.0), "round {round}");
                met += 1;
            }
            (Err(Error::Infeasible { reason, .. }), None) => {
                assert!(!reason.is_empty());
                unmet += 1;
            }
            // Rules that contradict each other are refused before anything is searched.
            (Err(Error::Param(_)), None) => unmet += 1,
            (found, expected) => {
                panic!("round {round}: {found:?} against {expected:?}\n{options:?}\n{input:?}")
            }
        }
    }
    println!("{met} met, {unmet} could not be");
    assert!(met > 100 && unmet > 20);
}

#[test]
fn a_larger_programme_keeps_every_rule_below_its_bound() {
    let mut random = Random(5);
    let mut input = ProgrammeInput::default();
    for i in 0..60 {
        let mut own = project(&format!("p{i}"), random.within(1e4, 2e5), 0.0);
        own.cost = own.supply_m2 * random.within(2_000.0, 5_000.0);
        own.demolished_m2 = own.supply_m2 * random.within(0.2, 0.6);
        own.value = own.supply_m2 - own.demolished_m2;
        input.projects.push(own);
    }
    let mut options = ProgrammeOptions::default();
    options.budget = vec![1.2e9];
    options.supply_m2 = vec![2e5];
    options.lag_years = 1;
    options.supply_m2 = vec![0.0, 2e5, 2e5, 2e5, 2e5];
    (options.carry_over, options.cost.per_new_floor, options.max_branches) = (true, 1.0, 200);
    let found = Programme::choose(&input, &options).unwrap();
    println!(
        "value {:.0}, bound {:.0}, gap {:.5}, branches {}",
        found.value, found.bound, found.gap, found.branches
    );
    assert!(found.bound >= found.value && found.gap < 0.02);
    for year in &found.years {
        assert!(year.cost <= year.budget.unwrap() * (1.0 + 1e-9));
        assert!(year.supply_m2 >= year.target_m2.unwrap() * (1.0 - 1e-9));
    }
    // The same again, from projects in another order.
    let mut turned = input.clone();
    turned.projects = random.shuffled(turned.projects);
    assert_eq!(Programme::choose(&input, &options).unwrap(), found);
    let again = Programme::choose(&turned, &options).unwrap();
    assert!(again.bound >= found.value && found.bound >= again.value);
}

/// Many rules at once, near what the budget can bear: a dive along relaxations finds what greedy choice does not.
#[test]
fn a_tight_programme_with_shares_and_decanting_is_met() {
    let mut random = Random(7);
    let mut input = ProgrammeInput::default();
    input.units = (0..5).map(|i| Some(format!("d{i}").into())).collect();
    for i in 0..120_u32 {
        let mut own = project(&i.to_string(), random.within(1e4, 2e5), 0.0);
        own.cost = own.supply_m2 * random.within(2_000.0, 5_000.0);
        own.demolished_m2 = own.supply_m2 * random.within(0.2, 0.6);
        own.value = own.supply_m2 - own.demolished_m2;
        own.unit = Some(i % 5);
        input.projects.push(own);
    }
    let mut options = ProgrammeOptions::default();
    (options.lag_years, options.carry_over, options.discount) = (1, true, 0.04);
    options.cost.per_new_floor = 1.0;
    options.budget = vec![1.3e9];
    options.supply_m2 = vec![0.0, 4.9e5, 4.9e5, 4.9e5, 4.9e5];
    options.max_branches = 20;
    options.districts = vec![DistrictShare { unit: "d0".into(), min: 0.15, max: 0.3 }];
    let mut decant = Decant::default();
    (decant.vacant_m2, decant.share) = (1e6, 0.5);
    options.decant = Some(decant);
    let found = Programme::choose(&input, &options).unwrap();
    println!("value {:.0}, bound {:.0}, gap {:.5}", found.value, found.bound, found.gap);
    let starts: Vec<_> = found.starts.iter().map(|start| start.map(|year| year as usize - 1)).collect();
    assert!(worth(&input, &options, &starts).is_some() && found.bound >= found.value && found.gap < 0.02);
}

/// Where nothing else binds, taking every project that gains is best, and the bound says so.
#[test]
fn without_rules_everything_that_gains_is_built() {
    let mut input = ProgrammeInput::default();
    input.projects = vec![project("a", 5.0, 1.0), project("b", 7.0, 1.0), project("c", 1.0, 1.0)];
    input.projects[2].value = -3.0;
    let found = Programme::choose(&input, &ProgrammeOptions::default()).unwrap();
    assert_eq!((found.value, found.bound, found.started()), (12.0, 12.0, 2));
}

fn reason(input: &ProgrammeInput, options: &ProgrammeOptions) -> (Option<usize>, String) {
    match Programme::choose(input, options) {
        Err(Error::Infeasible { year, reason, .. }) => (year, reason.into()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_met_names_the_year_and_the_rule() {
    let mut input = ProgrammeInput::default();
    input.projects = (0..6).map(|i| project(&format!("p{i}"), 10.0, 10.0)).collect();
    let mut options = ProgrammeOptions::default();
    (options.years, options.supply_m2, options.cost.per_land) = (3, vec![20.0, 20.0, 30.0], 1.0);
    let (year, words) = reason(&input, &options);
    assert_eq!(year, Some(3));
    assert!(words.contains("30 m² of floor are asked for, at most 20 m²"), "{words}");
    assert!(words.contains("the targets of earlier years"), "{words}");
    options.supply_m2 = vec![20.0, 30.0, 10.0];
    options.budget = vec![20.0];
    let (year, words) = reason(&input, &options);
    assert_eq!(year, Some(2));
    assert!(words.contains("the budget: without it there would be 40 m²"), "{words}");
    options.budget = vec![0.0];
    options.supply_m2 = vec![1.0];
    let (year, words) = reason(&input, &options);
    assert!(year == Some(1) && words.contains("at most 0 m²"), "{words}");
    options.budget = Vec::new();
    options.lag_years = 1;
    let (year, words) = reason(&input, &options);
    assert!(year == Some(1) && words.contains("a project takes 1 years"), "{words}");
    // Parts of projects would do.
    let mut options = ProgrammeOptions::default();
    (options.years, options.supply_m2, options.cost.per_land) = (1, vec![15.0], 1.0);
    options.budget = vec![15.0];
    let (year, words) = reason(&input, &options);
    assert!(year == Some(1) && words.contains("whole projects cannot"), "{words}");
    // More than all there is.
    let mut options = ProgrammeOptions::default();
    (options.years, options.supply_m2) = (1, vec![100.0]);
    let (_, words) = reason(&input, &options);
    assert!(words.contains("the projects themselves hold no more"), "{words}");
}

#[test]
fn contradictions_are_refused_before_any_search() {
    let fault = |text: &str| RedevelopOptions::from_toml(text, "plan.toml").unwrap_err().to_string();
    for (text, expected) in [
        ("programme.years = 0", "from 1 to 50"),
        ("programme.supply_m2 = [1.0, 2.0]", "one for each of 5 years"),
        ("programme.budget = [-1.0]", "at least 0"),
        ("programme.budget = [5.0]", "a cost per m²"),
        ("programme.carry_over = true", "a budget to carry over"),
        ("programme = { exclude = ['1'], require = [{ project = '1' }] }", "not excluded"),
        ("programme.require = [{ project = '1', year = 9 }]", "a year from 1 to 5"),
        (
            "programme.districts = [{ unit = 'a', min = 0.7 }, { unit = 'b', min = 0.7 }]",
            "at most 1 together",
        ),
        ("programme.districts = [{ unit = 'a', min = 0.7, max = 0.2 }]", "not above the greatest"),
        ("programme.projects = 'assemblies'", "what assemblies must be like"),
        ("programme.discount = -0.1", "at least 0"),
    ] {
        let found = fault(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
    let mut input = ProgrammeInput::default();
    input.projects = vec![project("a", 1.0, 1.0), project("b", 1.0, 1.0)];
    let refused = |change: &dyn Fn(&mut ProgrammeOptions), expected: &str| {
        let mut options = ProgrammeOptions::default();
        change(&mut options);
        let error = Programme::choose(&input, &options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let required = |name: &str| Required { project: name.into(), year: None };
    refused(&|options| options.exclude = vec!["z".into()], "the name of one of 2 projects");
    refused(
        &|options| {
            options.require = vec![required("a"), required("b")];
            options.conflicts = vec![vec!["a".into(), "b".into()]];
        },
        "of which only one may be begun",
    );
    refused(
        &|options| options.districts = vec![DistrictShare { unit: "z".into(), min: 0.1, max: 1.0 }],
        "study unit",
    );
    refused(&|options| options.max_demolished_share = Some(0.2), "known floor area");
    let none = Programme::choose(&ProgrammeInput::default(), &ProgrammeOptions::default()).unwrap_err();
    assert!(none.to_string().contains("at least one site"), "{none}");
}

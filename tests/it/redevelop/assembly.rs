//! Assemblies against every subset of few parcels.

use std::collections::BTreeSet;

use landuse::cluster::Shape;
use landuse::efficiency::Verdict;
use landuse::geometry::boolean;
use landuse::geometry::distance::measure;
use landuse::redevelop::{Assemblies, AssemblyOptions, Rank};
use landuse::{Analysis, Parcel, ParcelIdx};

use super::support::{analysis, close, land, low, plan};
use crate::support::Random;

/// A block of up to 4 × 3 lots of unequal widths, some across a lane, of a few owners, some unknown, most of them low.
fn block(random: &mut Random) -> Analysis {
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut x = 0.0;
    for column in 0..4 {
        let width = random.within(30.0, 90.0);
        for row in 0..3 {
            let height = random.within(35.0, 40.0);
            let shape = land(x, 40.0 * f64::from(row), width, height);
            let score = if random.below(3) > 0 { 0.0 } else { 5.0 };
            let mut parcel =
                Parcel::new(format!("{column}-{row}"), shape).number("score", score).construction(true);
            if random.below(5) > 0 {
                parcel = parcel.text("owner", format!("o{}", random.below(4)));
            }
            parcel =
                parcel.number("industry", random.below(2) as f64).floor_area_m2(random.within(0.0, 900.0));
            parcels.push(parcel);
        }
        x += width + [0.0, 8.0, 25.0][random.below(3) as usize];
    }
    parcels.push(Parcel::new("far", land(5_000.0, 0.0, 10.0, 10.0)).number("score", 0.0).text("owner", "o0"));
    analysis(parcels, vec![], vec![])
}

fn options(random: &mut Random) -> AssemblyOptions {
    let mut options = AssemblyOptions::default();
    options.min_area_m2 = random.within(500.0, 6_000.0);
    options.max_parcels = 2 + random.below(6) as usize;
    (options.max_visits, options.max_kept, options.max_described) = (100_000, 100_000, 3);
    let maybe = |random: &mut Random| random.below(2) == 0;
    options.max_area_m2 = maybe(random).then(|| options.min_area_m2 + random.within(0.0, 8_000.0));
    options.max_span_m = maybe(random).then(|| random.within(90.0, 260.0));
    options.max_owners = maybe(random).then(|| 1 + random.below(4) as usize);
    options.min_low_share = if maybe(random) { 0.0 } else { random.within(0.2, 0.9) };
    options.min_frontage_m = if maybe(random) { 0.0 } else { random.within(50.0, 250.0) };
    options.min_compactness = if maybe(random) { 0.0 } else { random.within(0.3, 0.6) };
    options
}

/// Whether a set of parcels meets all limits, by what is measured of its shapes.
fn meets(analysis: &Analysis, members: &[usize], options: &AssemblyOptions, industry: f64) -> bool {
    let set = analysis.parcels();
    let area = |is: &dyn Fn(usize) -> bool| -> f64 {
        members.iter().filter(|&&i| is(i)).map(|&i| set.area_m2()[i]).sum()
    };
    let area_m2 = area(&|_| true);
    let coords: Vec<_> = members.iter().flat_map(|&i| set.geometry().get(i).coords()).collect();
    let mut span_m: f64 = 0.0;
    for a in &coords {
        for b in &coords {
            span_m = span_m.max((a[0] - b[0]).hypot(a[1] - b[1]));
        }
    }
    let owner = &set.attributes().texts["owner"];
    let known: BTreeSet<_> = members.iter().filter_map(|&i| owner.get(i)).collect();
    let owners = known.len() + members.iter().filter(|&&i| owner.get(i).is_none()).count();
    let rows: Vec<u32> = members.iter().map(|&i| i as u32).collect();
    let outline = boolean::dissolve(&set.geometry().take(&rows));
    let length = |e: &[[f64; 2]]| (e[1][0] - e[0][0]).hypot(e[1][1] - e[0][1]);
    let around: f64 = outline.get(0).rings().flat_map(|ring| ring.windows(2)).map(length).sum();
    let others = (0..set.len()).filter(|i| !members.contains(i));
    let shared: f64 = others
        .flat_map(|o| members.iter().map(move |&i| (i, o)))
        .filter_map(|(i, o)| measure(set.geometry().get(i), set.geometry().get(o), 0.0))
        .map(|measured| measured.shared_m)
        .sum();
    let is_low = |i: usize| analysis.verdict(ParcelIdx(i as u32)) == Verdict::Low;
    let numbers = &set.attributes().numbers["industry"].values;
    let compactness = || Shape::over_gaps(outline.get(0), 15.0).unwrap().unwrap().polsby_popper;
    members.len() <= options.max_parcels
        && area_m2 >= options.min_area_m2
        && options.max_area_m2.is_none_or(|most| area_m2 <= most)
        && options.max_span_m.is_none_or(|most| span_m <= most)
        && options.max_owners.is_none_or(|most| owners <= most)
        && area(&is_low) >= options.min_low_share * area_m2
        && area(&|i| numbers.get(i) == Some(1.0)) >= industry * area_m2
        && around - shared >= options.min_frontage_m
        && (options.min_compactness == 0.0 || compactness() >= options.min_compactness)
}

fn connected(analysis: &Analysis, members: &[usize]) -> bool {
    let mut reached = vec![members[0]];
    let mut at = 0;
    while let Some(&i) = reached.get(at) {
        at += 1;
        for neighbour in analysis.contiguity().neighbours(ParcelIdx(i as u32)) {
            let other = neighbour.index();
            if members.contains(&other) && !reached.contains(&other) {
                reached.push(other);
            }
        }
    }
    reached.len() == members.len()
}

#[test]
fn no_set_within_the_limits_is_missed() {
    let mut random = Random(17);
    let mut counts = Vec::new();
    for round in 0..24 {
        let analysis = block(&mut random);
        let mut options = options(&mut random);
        let industry = if random.below(2) == 0 { 0.0 } else { 0.5 };
        let text = format!("[[shares]]\nwhere = \"industry == 1\"\nmin = {industry:?}");
        options.shares = toml::from_str::<AssemblyOptions>(&text).unwrap().shares;
        let far = plan("capacity.far = [{ value = 2.0 }]");
        let found = Assemblies::find(&analysis, &options, &far.capacity).unwrap();
        assert_eq!((found.seeds_cut, found.dropped), (0, 0));
        let own: BTreeSet<Vec<usize>> = found
            .found
            .iter()
            .map(|assembly| assembly.parcels.iter().map(|parcel| parcel.index()).collect())
            .collect();
        assert_eq!(own.len(), found.found.len(), "none comes twice");
        let n = analysis.parcels().len();
        let every: BTreeSet<Vec<usize>> = (1_u32..1 << n)
            .filter(|set| set.count_ones() as usize <= options.max_parcels)
            .map(|set| (0..n).filter(|i| set >> i & 1 == 1).collect::<Vec<_>>())
            .filter(|members| connected(&analysis, members) && meets(&analysis, members, &options, industry))
            .collect();
        assert_eq!(own, every, "round {round}: {options:?}");
        counts.push(own.len());
    }
    println!("assemblies by round: {counts:?}");
    assert!(counts.iter().filter(|&&count| count > 5).count() > 5 && counts.contains(&0));
}

#[test]
fn the_best_come_first_and_those_apart_share_no_parcel() {
    let mut random = Random(4);
    for rank in [Rank::Area, Rank::AreaPerOwner, Rank::Uplift, Rank::UpliftPerOwner] {
        let analysis = block(&mut random);
        let mut options = AssemblyOptions::default();
        (options.min_area_m2, options.rank, options.min_low_share) = (2_000.0, Some(rank), 0.0);
        let far = plan("capacity.far = [{ value = 2.0 }]");
        let found = Assemblies::find(&analysis, &options, &far.capacity).unwrap();
        let score = |assembly: &landuse::redevelop::Assembly| match rank {
            Rank::Area => assembly.area_m2,
            Rank::AreaPerOwner => assembly.area_m2 / assembly.owners as f64,
            Rank::Uplift => assembly.uplift_m2.unwrap(),
            _ => assembly.uplift_m2.unwrap() / assembly.owners as f64,
        };
        assert!(found.found.len() > 20);
        assert!(found.found.windows(2).all(|pair| score(&pair[0]) >= score(&pair[1])));
        let mut taken: BTreeSet<ParcelIdx> = BTreeSet::new();
        for assembly in &found.found {
            let free = assembly.parcels.iter().all(|parcel| !taken.contains(parcel));
            assert_eq!(assembly.apart, free);
            if free {
                taken.extend(assembly.parcels.iter().copied());
            }
        }
        for (assembly, described) in found.found.iter().zip(&found.described) {
            assert!(close(assembly.uplift_m2.unwrap(), described.figures.uplift_m2.unwrap()));
            assert!((assembly.area_m2 - described.figures.land.site_m2).abs() < 1e-4);
        }
    }
}

/// Two lots of one owner in a row, then one of another whose next lot lies behind, then one of a third.
#[test]
fn one_more_owner_opens_what_lies_behind_him() {
    let lot = |id: &str, x: f64, owner: &str| {
        low(id, land(x, 0.0, 100.0, 100.0)).floor_area_m2(0.0).text("owner", owner)
    };
    let parcels = vec![
        lot("a1", 0.0, "a"),
        lot("a2", 100.0, "a"),
        lot("b1", 200.0, "b"),
        lot("b2", 300.0, "b"),
        lot("c1", -100.0, "c"),
        lot("b3", 600.0, "b"),
    ];
    let analysis = analysis(parcels, vec![], vec![]);
    let find = |more: &str| {
        let text = format!(
            "[assembly]\nmin_area_m2 = 20000.0\nmax_owners = 1\n{more}\n[capacity]\nfar = [{{ value = 2.0 }}]"
        );
        let plan = plan(&text);
        Assemblies::find(&analysis, plan.assembly.as_ref().unwrap(), &plan.capacity).unwrap()
    };
    let id = |parcel: &ParcelIdx| analysis.parcels().get(*parcel).id().unwrap().to_owned();
    let found = find("");
    let own = |at: usize| found.found[at].parcels.iter().map(id).collect::<BTreeSet<_>>();
    let a = (0..found.found.len()).find(|&at| own(at).contains("a1")).unwrap();
    assert_eq!(found.found.len(), 2, "b3 lies apart");
    let holdouts: Vec<(BTreeSet<String>, f64, Option<f64>)> = found.described[a]
        .holdouts
        .iter()
        .map(|own| (own.parcels.iter().map(id).collect(), own.area_m2, own.uplift_m2))
        .collect();
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(
        holdouts,
        [(set(&["b1", "b2"]), 20_000.0, Some(40_000.0)), (set(&["c1"]), 10_000.0, Some(20_000.0)),]
    );
    // A span leaves room for the first lot of b alone.
    let found = find("max_span_m = 320.0");
    let a = found.found.iter().position(|assembly| assembly.parcels.iter().any(|p| id(p) == "a1")).unwrap();
    let opened: Vec<f64> = found.described[a].holdouts.iter().map(|own| own.area_m2).collect();
    assert_eq!(opened, [10_000.0, 10_000.0]);
}

#[test]
fn a_cut_search_says_so_and_still_grows_what_fits() {
    let mut random = Random(8);
    let analysis = block(&mut random);
    let mut options = AssemblyOptions::default();
    (options.min_area_m2, options.min_low_share, options.max_visits) = (4_000.0, 0.0, 2);
    let far = plan("capacity.far = [{ value = 2.0 }]");
    let cut = Assemblies::find(&analysis, &options, &far.capacity).unwrap();
    assert!(cut.seeds_cut > 0 && !cut.found.is_empty());
    (options.max_visits, options.max_kept) = (100_000, 100_000);
    let whole = Assemblies::find(&analysis, &options, &far.capacity).unwrap();
    assert!(cut.found.iter().all(|own| whole.found.iter().any(|other| other.parcels == own.parcels)));
}

#[test]
fn assemblies_that_cannot_be_asked_for_are_refused() {
    let fault = |text: &str| {
        landuse::redevelop::RedevelopOptions::from_toml(text, "plan.toml").unwrap_err().to_string()
    };
    for (text, expected) in [
        ("assembly.max_area_m2 = 5.0", "at least `min_area_m2`"),
        ("assembly.max_parcels = 0", "from 1 to 64"),
        ("assembly.max_owners = 0", "at least 1"),
        ("assembly.min_low_share = 2.0", "from 0 to 1"),
        ("assembly.max_span_m = -1.0", "at least 0"),
        ("assembly.where = 'area_m2 >'", "found the end"),
    ] {
        let found = fault(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
    let analysis = analysis(vec![low("a", land(0.0, 0.0, 100.0, 100.0))], vec![], vec![]);
    let plan = plan("capacity.far = [{ value = 2.0 }]\nassembly.max_owners = 2");
    let error = Assemblies::find(&analysis, plan.assembly.as_ref().unwrap(), &plan.capacity).unwrap_err();
    assert!(error.to_string().contains("a column of texts"), "{error}");
}

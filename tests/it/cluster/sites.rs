use landuse::adjacency::{Adjacency, Rule, within_gap};
use landuse::cluster::{Shape, SiteInput, SiteOptions, Sites, net_area_m2, sweep};
use landuse::{ParamError, ParcelIdx, ParcelSet};

use super::support::{arranged, given, lattice, rectangles};
use crate::support::Random;

fn options(gap_m: f64, min_area_m2: f64) -> SiteOptions {
    let mut options = SiteOptions::default();
    options.gap_m = gap_m;
    options.min_area_m2 = min_area_m2;
    options
}

/// Members of each site as positions given, sorted.
fn members(set: &ParcelSet, sites: &Sites) -> Vec<Vec<usize>> {
    let rows = given(set);
    let names = |parcels: &[ParcelIdx]| {
        let mut names: Vec<usize> = parcels.iter().map(|p| rows[p.index()]).collect();
        names.sort_unstable();
        names
    };
    sites.iter().map(|site| names(&site.members)).collect()
}

#[test]
fn shape_is_that_of_the_closed_outline() {
    // Four squares of 45 m with streets of 10 m between: closed, a square of 100 m.
    let set = lattice(2, 2, 45.0, 10.0);
    let graph = within_gap(&set, 15.0).unwrap();
    let sites = Sites::find(&set, &[true; 4], &graph, &options(15.0, 0.0)).unwrap();
    assert_eq!(sites.len(), 1);
    let site = sites.get(0);
    let square = std::f64::consts::FRAC_PI_4;
    assert!((site.shape.polsby_popper - square).abs() < 0.03, "{:?}", site.shape);
    assert!((site.shape.span_m - 100.0 * 2f64.sqrt()).abs() < 1e-3);
    // Its parts alone have four times the perimeter at 81 % of the area.
    let parts = Shape::of(sites.outlines().get(0)).unwrap();
    assert!((parts.polsby_popper - square * 0.25).abs() < 1e-3, "{parts:?}");
}

#[test]
fn span_and_compactness_are_minima_and_maxima() {
    // A block of 3 × 3 and a strip of 9 × 1 squares.
    let block = (0..9).map(|i| [f64::from(i % 3) * 20.0, f64::from(i / 3) * 20.0, 20.0, 20.0]);
    let strip = (0..9).map(|i| [f64::from(i) * 20.0, 200.0, 20.0, 20.0]);
    let set = rectangles(block.chain(strip));
    let graph = within_gap(&set, 5.0).unwrap();
    let find =
        |options: &SiteOptions| members(&set, &Sites::find(&set, &[true; 18], &graph, options).unwrap());
    let (block, strip): (Vec<usize>, Vec<usize>) = ((0..9).collect(), (9..18).collect());
    let mut wanted = options(5.0, 0.0);
    assert_eq!(find(&wanted).len(), 2);
    wanted.max_span_m = Some(100.0);
    assert_eq!(find(&wanted), std::slice::from_ref(&block));
    wanted.max_span_m = Some(200.0);
    wanted.min_compactness = 0.5;
    assert_eq!(find(&wanted), [block]);
    wanted.min_compactness = 0.0;
    wanted.min_parcels = 9;
    assert!(find(&wanted).contains(&strip));
    wanted.min_parcels = 10;
    assert!(find(&wanted).is_empty());
}

#[test]
fn only_parcels_of_one_class_are_linked_if_asked() {
    let set = lattice(4, 1, 20.0, 0.0);
    let graph = within_gap(&set, 1.0).unwrap();
    let class = arranged(&set, &[Some(1), Some(1), Some(2), None]);
    let mut wanted = options(1.0, 0.0);
    wanted.same_class = true;
    let mut input = SiteInput::new(&set, &[true; 4], &graph);
    let error = Sites::find_in(&input, &wanted).unwrap_err();
    assert_eq!(error.name(), "class");
    input.class = Some(&class);
    let mut found = members(&set, &Sites::find_in(&input, &wanted).unwrap());
    found.sort();
    assert_eq!(found, [vec![0, 1], vec![2], vec![3]]);
    wanted.same_class = false;
    assert_eq!(Sites::find_in(&input, &wanted).unwrap().len(), 1);
}

#[test]
fn land_under_two_parcels_counts_once() {
    // Two parcels on the same 100 m² and one beside them, which shares 20 m² with the first two.
    let rectangle = |x: f64, width: f64| [x, 0.0, width, 10.0];
    let set = rectangles([rectangle(0.0, 10.0), rectangle(0.0, 10.0), rectangle(8.0, 10.0)]);
    let low = [true; 3];
    let adjacency = Adjacency::new(Rule::Gap { gap_m: 1.0 }).unwrap();
    let (graph, overlaps) = adjacency.graph_and_overlaps(&set).unwrap();
    let net_m2 = net_area_m2(&set, &overlaps, &low, |_| true).unwrap();
    let input = SiteInput { net_area_m2: Some(&net_m2), ..SiteInput::new(&set, &low, &graph) };
    let found = Sites::find_in(&input, &options(1.0, 0.0)).unwrap();
    assert_eq!((found.len(), found.get(0).members.len()), (1, 3));
    assert!(
        (found.get(0).net_area_m2 - 180.0).abs() < 1e-9 && (found.get(0).union_area_m2 - 180.0).abs() < 1e-9
    );
    // 300 m² on paper are no site of 200 m².
    assert!(Sites::find_in(&input, &options(1.0, 200.0)).unwrap().is_empty());
    assert_eq!(sweep(&net_m2, &low, &graph, &[1.0], 200.0)[0].sites, 0);
    // Alone, each keeps its land.
    assert_eq!(net_area_m2(&set, &overlaps, &low, |parcel| parcel.0 == 0).unwrap(), [100.0, 100.0, 100.0]);
}

#[test]
fn bridges_join_within_their_share() {
    // Low, small, low, large, low: areas 100, 10, 100, 50, 100.
    let widths = [10.0, 1.0, 10.0, 5.0, 10.0];
    let starts = [0.0, 10.0, 11.0, 21.0, 26.0];
    let set = rectangles(starts.iter().zip(widths).map(|(&x, width)| [x, 0.0, width, 10.0]));
    let low = arranged(&set, &[true, false, true, false, true]);
    let graph = within_gap(&set, 0.5).unwrap();
    let find = |share: f64, may: Option<[bool; 5]>| {
        let mut wanted = options(0.5, 0.0);
        wanted.max_bridge_share = share;
        let may = may.map(|may| arranged(&set, &may));
        let input = SiteInput { may_bridge: may.as_deref(), ..SiteInput::new(&set, &low, &graph) };
        let sites = Sites::find_in(&input, &wanted).unwrap();
        let mut found = members(&set, &sites);
        found.sort();
        let bridging: f64 = sites.iter().map(|site| site.bridge_area_m2).sum();
        (found, bridging)
    };
    assert_eq!(find(0.0, None), (vec![vec![0], vec![2], vec![4]], 0.0));
    assert_eq!(find(0.04, None), (vec![vec![0], vec![2], vec![4]], 0.0));
    // 10 / 210 = 0.048; with both bridges 60 / 360 = 0.167.
    assert_eq!(find(0.05, None), (vec![vec![0, 2], vec![4]], 10.0));
    assert_eq!(find(0.16, None), (vec![vec![0, 2], vec![4]], 10.0));
    assert_eq!(find(0.17, None), (vec![vec![0, 2, 4]], 60.0));
    // 50 / 250 = 0.2, when the small one may not bridge.
    assert_eq!(find(0.2, Some([true, false, true, true, true])), (vec![vec![0], vec![2, 4]], 50.0));

    let sites = {
        let mut wanted = options(0.5, 0.0);
        wanted.max_bridge_share = 0.05;
        Sites::find(&set, &low, &graph, &wanted).unwrap()
    };
    let joined = sites.get(0);
    assert_eq!((joined.net_area_m2, joined.union_area_m2), (200.0, 210.0));
    assert_eq!(joined.bridges.iter().map(|b| sites.of_parcel()[b.index()]).collect::<Vec<_>>(), [None]);
}

/// On random lattices: no site passes its share, every bridge touches at least two of its parts, and nothing that was one falls apart.
#[test]
fn bridging_keeps_its_promises() {
    let mut random = Random(11);
    let mut bridged = 0;
    for share in [0.1, 0.25, 0.5] {
        let sides: Vec<[f64; 4]> = (0..400u32)
            .map(|i| {
                let (width, height) = (2.0 + random.below(8) as f64, 10.0);
                [f64::from(i % 20) * 10.0, f64::from(i / 20) * 10.0, width, height]
            })
            .collect();
        let set = rectangles(sides);
        let low: Vec<bool> = (0..400).map(|_| random.below(3) == 0).collect();
        let graph = within_gap(&set, 0.5).unwrap();
        let mut wanted = options(0.5, 0.0);
        let plain = Sites::find(&set, &low, &graph, &wanted).unwrap();
        wanted.max_bridge_share = share;
        let sites = Sites::find(&set, &low, &graph, &wanted).unwrap();
        for site in sites.iter() {
            bridged += site.bridges.len();
            assert!(site.bridge_area_m2 <= share * (site.net_area_m2 + site.bridge_area_m2) + 1e-9);
            for &bridge in &site.bridges {
                assert!(!low[bridge.index()]);
                let beside = graph.neighbours(bridge).iter().filter(|n| low[n.index()]);
                let mut parts: Vec<_> = beside.map(|n| plain.of_parcel()[n.index()]).collect();
                parts.sort_unstable();
                parts.dedup();
                assert!(parts.len() > 1);
            }
        }
        for part in plain.iter() {
            let now: Vec<_> = part.members.iter().map(|m| sites.of_parcel()[m.index()]).collect();
            assert!(now.iter().all(|site| site.is_some() && *site == now[0]));
        }
        assert!(sites.len() < plain.len());
    }
    assert!(bridged > 20, "{bridged}");
}

#[test]
fn options_out_of_range_are_named() {
    let set = lattice(2, 1, 1.0, 0.0);
    let graph = within_gap(&set, 1.0).unwrap();
    let fault = |change: fn(&mut SiteOptions)| -> ParamError {
        let mut wanted = options(1.0, 0.0);
        change(&mut wanted);
        Sites::find(&set, &[true; 2], &graph, &wanted).unwrap_err()
    };
    assert_eq!(fault(|o| o.max_span_m = Some(f64::NAN)).name(), "max_span_m");
    assert_eq!(fault(|o| o.min_compactness = 1.5).name(), "min_compactness");
    assert_eq!(fault(|o| o.max_bridge_share = 1.0).name(), "max_bridge_share");
    assert_eq!(fault(|o| o.max_bridge_share = f64::NAN).name(), "max_bridge_share");
}

use landuse::ParcelIdx;
use landuse::cluster::{MergeTree, TreeSite};

use super::support::{graph, random_graph};
use crate::support::Random;

const WIDEST_M: f64 = 9.0;

/// At every gap the tree's sites are the components of the links up to it that have the minimum area; a site lasts as long as no
/// other joins it.
#[test]
fn agrees_with_components_at_every_gap() {
    let mut random = Random(17);
    let (mut deaths, mut late) = (0, 0);
    for _ in 0..200 {
        let n = 3 + random.below(30) as usize;
        let graph = random_graph(&mut random, n, 6);
        let low: Vec<bool> = (0..n).map(|_| random.below(6) > 0).collect();
        let areas: Vec<f64> = (0..n).map(|_| 1.0 + random.below(9) as f64).collect();
        let least = random.below(25) as f64;
        let tree = MergeTree::new(&areas, &low, &graph, least, WIDEST_M).unwrap();
        let place = |site: &TreeSite| tree.sites().iter().position(|s| std::ptr::eq(s, site)).unwrap();
        let mut before: Vec<Option<usize>> = vec![None; n];
        for step in 0..=9 {
            let gap_m = f64::from(step);
            let linked = graph.filtered(|l| low[l.a.index()] && low[l.b.index()] && l.gap_m <= gap_m);
            let labels = linked.components().labels;
            let now: Vec<Option<usize>> =
                (0..n).map(|i| tree.site_of(ParcelIdx(i as u32), gap_m).map(place)).collect();
            for i in 0..n {
                let group: Vec<usize> = (0..n).filter(|&j| low[j] && labels[j] == labels[i]).collect();
                let area: f64 = group.iter().map(|&j| areas[j]).sum();
                assert_eq!(now[i].is_some(), low[i] && area >= least);
                let Some(site) = now[i] else { continue };
                assert!((0..n).all(|j| (now[j] == Some(site)) == group.contains(&j)));
                let s = tree.sites()[site];
                assert!(s.birth_m <= gap_m && s.death_m.is_none_or(|death| gap_m < death));
                // It is the site of before exactly where one site of before is in the group.
                let mut old: Vec<usize> = group.iter().filter_map(|&j| before[j]).collect();
                old.sort_unstable();
                old.dedup();
                match old[..] {
                    [one] => assert_eq!(one, site),
                    _ => assert_eq!(s.birth_m, gap_m),
                }
                late += usize::from(s.birth_m > 0.0);
                for &ended in old.iter().filter(|_| old.len() > 1) {
                    let ended = tree.sites()[ended];
                    assert_eq!((ended.death_m, ended.parent), (Some(gap_m), Some(site as u32)));
                    deaths += 1;
                }
                if step == 9 {
                    assert_eq!((s.parcels as usize, s.death_m), (group.len(), None));
                    assert!((s.area_m2 - area).abs() < 1e-9);
                    assert_eq!(tree.persistence_m(&s), WIDEST_M - s.birth_m);
                }
            }
            before = now;
        }
    }
    assert!(deaths > 100 && late > 100, "{deaths} {late}");
}

#[test]
fn small_parcels_make_sites_grow_and_end_none() {
    // 5 + 5 within 1 m make a site; a kiosk joins at 2 m, another site of 10 at 4 m, which is one parcel alone.
    let graph = graph(4, &[(0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.0)]);
    let tree = MergeTree::new(&[5.0, 5.0, 1.0, 10.0], &[true; 4], &graph, 10.0, 30.0).unwrap();
    let found: Vec<_> = tree.sites().iter().map(|s| (s.birth_m, s.death_m, s.parcels, s.area_m2)).collect();
    assert_eq!(found, [(0.0, Some(4.0), 1, 10.0), (1.0, Some(4.0), 3, 11.0), (4.0, None, 4, 21.0)]);
    assert_eq!(tree.sites().iter().map(|s| tree.persistence_m(s)).collect::<Vec<_>>(), [4.0, 3.0, 26.0]);
    assert_eq!(tree.site_of(ParcelIdx(2), 1.5), None);
    assert_eq!(tree.site_of(ParcelIdx(2), 2.0), tree.site_of(ParcelIdx(0), 3.0));
    assert_eq!(tree.site_of(ParcelIdx(9), 2.0), None);
}

#[test]
fn faults_are_named() {
    let graph = graph(2, &[(0, 1, 1.0)]);
    let fault = |areas: &[f64], least, widest| {
        MergeTree::new(areas, &[true; 2], &graph, least, widest).unwrap_err().name().to_owned()
    };
    assert_eq!(fault(&[1.0], 1.0, 1.0), "area_m2");
    assert_eq!(fault(&[1.0; 2], f64::NAN, 1.0), "min_area_m2");
    assert_eq!(fault(&[1.0; 2], 1.0, f64::INFINITY), "widest_m");
}

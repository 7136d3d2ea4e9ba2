use geo::Area;
use landuse::geometry::boolean;
use landuse::geometry::distance::{Contact, measure};
use landuse::geometry::partition::Partition;
use landuse::geometry::validity::{find_fault, repair};
use landuse::geometry::{MultiPolygonArray, MultiPolygonRef};

use crate::Bytes;

/// Rings of whole metres on a small grid, so that vertices meet, edges lie on each other and rings cross themselves: what is repaired is
/// valid, areas of a union, an intersection and a difference are those of each other, a partition divides the union.
pub fn geometry(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut raw = MultiPolygonArray::new();
    for _ in 0..1 + bytes.below(6) {
        for _ in 0..1 + bytes.below(2) {
            let ring: Vec<[f64; 2]> = (0..3 + bytes.below(6))
                .map(|_| [f64::from(bytes.below(16)), f64::from(bytes.below(16))])
                .collect();
            raw.push_ring(ring.iter().copied().chain(ring.first().copied()));
            raw.end_polygon();
        }
        raw.end_geometry();
    }
    let mut land = MultiPolygonArray::new();
    for shape in raw.iter() {
        match find_fault(&shape) {
            None => land.push_oriented(shape),
            Some(_) => {
                if let Some(repaired) = repair(&shape) {
                    let repaired = repaired.geometry;
                    assert_eq!(
                        find_fault(&repaired.get(0)),
                        None,
                        "what is repaired has a fault: {:?}",
                        shape.to_geo()
                    );
                    land.push_oriented(repaired.get(0));
                }
            }
        }
    }
    let mut overlaps = Vec::new();
    for a in 0..land.len() {
        for b in 0..a {
            if pair(land.get(b), land.get(a)) {
                overlaps.push([b as u32, a as u32]);
            }
        }
    }
    let all: Vec<MultiPolygonRef<'_>> = land.iter().collect();
    let union = boolean::union(&all);
    check(&union);
    let priority: Vec<u8> = (0..land.len()).map(|i| (i % 3) as u8).collect();
    match Partition::new(&land, &overlaps, &priority) {
        Ok(parts) => {
            let whole: f64 = union.iter().map(|shape| shape.signed_area()).sum();
            let sum: f64 = parts.area_m2().iter().sum();
            assert!((sum - whole).abs() <= 1e-6 * whole.max(1.0), "parts {sum}, union {whole}");
        }
        Err(error) => panic!("a few small shapes are refused: {error}"),
    }
    if let Ok(closed) = boolean::closing(&all, 1.5) {
        check(&closed);
        let (before, after) = (area(&union), area(&closed));
        assert!(after >= before * (1.0 - 1e-6), "a closing lost land: {before} to {after}");
    }
}

/// Whether the interiors of two shapes share land.
fn pair(a: MultiPolygonRef<'_>, b: MultiPolygonRef<'_>) -> bool {
    let (both, union) = (boolean::intersection(&a, &b), boolean::union(&[a, b]));
    let only = boolean::difference(&a, &[b]);
    for made in [&both, &union, &only] {
        check(made);
    }
    let [a_m2, b_m2] = [a, b].map(|shape| shape.to_geo().unsigned_area());
    let near = |x: f64, y: f64| (x - y).abs() <= 1e-6;
    assert!(near(area(&both) + area(&union), a_m2 + b_m2), "{:?} {:?}", a.to_geo(), b.to_geo());
    assert!(near(area(&only) + area(&both), a_m2), "{:?} {:?}", a.to_geo(), b.to_geo());
    let overlaps = measure(a, b, 0.5).is_some_and(|found| found.contact == Contact::Overlap);
    assert_eq!(overlaps, area(&both) > 0.01, "{} m²: {:?} {:?}", area(&both), a.to_geo(), b.to_geo());
    area(&both) > 0.0
}

fn area(array: &MultiPolygonArray) -> f64 {
    array.iter().map(|shape| shape.signed_area()).sum()
}

fn check(array: &MultiPolygonArray) {
    for shape in array.iter().filter(|shape| !shape.coords().is_empty()) {
        assert_eq!(find_fault(&shape), None, "what was made has a fault: {:?}", shape.to_geo());
    }
}

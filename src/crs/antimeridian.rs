//! Shapes that cross the antimeridian, as files hold them.

use crate::geometry::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef, boolean};

/// Longitudes this near to 180° are on it.
const ON_IT_DEG: f64 = 1e-9;

/// Shapes in longitude and latitude, those that cross the antimeridian cut along it as RFC 7946 (3.1.9) asks; all others, and those
/// around a pole, as they are.
pub(crate) fn cut_there(shapes: MultiPolygonArray) -> MultiPolygonArray {
    let crosses = |shape: &MultiPolygonRef<'_>| shape.envelope().width() > 180.0;
    if !shapes.iter().any(|shape| crosses(&shape)) {
        return shapes;
    }
    let mut cut = MultiPolygonArray::with_capacity(shapes.len(), shapes.coords().len());
    for shape in shapes.iter() {
        match halves(&shape).filter(|_| crosses(&shape)) {
            Some(halves) => push_polygons(&mut cut, &halves),
            None => cut.push(shape),
        }
    }
    cut
}

/// The parts of a shape on both sides; none for one around a pole.
fn halves(shape: &MultiPolygonRef<'_>) -> Option<[MultiPolygonArray; 2]> {
    let mut whole = MultiPolygonArray::new();
    whole.push(*shape);
    for [lon, _] in whole.coords_mut() {
        let turned = if *lon < 0.0 { *lon + 360.0 } else { *lon };
        *lon = if (turned - 180.0).abs() < ON_IT_DEG { 180.0 } else { turned };
    }
    let leads_on = |edge: &[Coord]| (edge[0][0] - edge[1][0]).abs() < 180.0;
    if !whole.get(0).rings().all(|ring| ring.windows(2).all(leads_on)) {
        return None;
    }
    let Envelope { min, max } = whole.get(0).envelope();
    let mut east = if min[0] >= 180.0 { whole.clone() } else { side(&whole, [180.0, max[0].max(180.0)]) };
    let west = if max[0] <= 180.0 { whole } else { side(&whole, [min[0].min(180.0), 180.0]) };
    east.coords_mut().iter_mut().for_each(|coord| coord[0] -= 360.0);
    Some([west, east])
}

/// What lies between two longitudes.
fn side(whole: &MultiPolygonArray, [from, to]: Coord) -> MultiPolygonArray {
    if to - from <= ON_IT_DEG {
        return MultiPolygonArray::new();
    }
    let mut half = MultiPolygonArray::new();
    half.push_ring([[from, -90.0], [to, -90.0], [to, 90.0], [from, 90.0], [from, -90.0]]);
    half.end_polygon();
    half.end_geometry();
    boolean::intersection(&whole.get(0), &half.get(0))
}

/// Adds all polygons as one shape.
fn push_polygons(shapes: &mut MultiPolygonArray, parts: &[MultiPolygonArray]) {
    for polygon in parts.iter().flat_map(MultiPolygonArray::iter).flat_map(|shape| shape.polygons()) {
        polygon.rings().for_each(|ring| shapes.push_ring(ring.iter().copied()));
        shapes.end_polygon();
    }
    shapes.end_geometry();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rings: &[&[Coord]]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for ring in rings {
            array.push_ring(ring.iter().copied());
            array.end_polygon();
        }
        array.end_geometry();
        array
    }

    #[test]
    fn what_crosses_is_cut_and_what_touches_stays_on_its_side() {
        let across = shape(&[&[[179.0, 0.0], [-178.0, 0.0], [-178.0, 1.0], [179.0, 1.0], [179.0, 0.0]]]);
        let cut = cut_there(across);
        assert_eq!(cut.get(0).polygons().len(), 2);
        assert!((cut.get(0).signed_area() - 3.0).abs() < 1e-8, "{cut:?}");
        assert!(cut.coords().iter().all(|c| c[0].abs() >= 178.0 && c[0].abs() <= 180.0));
        let east = shape(&[&[[180.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [180.0, 1.0], [180.0, 0.0]]]);
        let cut = cut_there(east);
        assert!(cut.get(0).envelope() == Envelope { min: [-180.0, 0.0], max: [-179.0, 1.0] }, "{cut:?}");
        let plain = shape(&[&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]);
        assert_eq!(cut_there(plain.clone()), plain);
    }

    #[test]
    fn a_ring_around_a_pole_is_left_alone() {
        let around: Vec<Coord> =
            (-18..=18).map(|i| [f64::from(i) * 10.0, 89.0]).chain([[-180.0, 89.0]]).collect();
        let around = shape(&[&around]);
        assert_eq!(cut_there(around.clone()), around);
    }
}

//! The kernels against brute force, exact arithmetic, `geo`, and GEOS on a real town.

#![expect(clippy::cast_possible_wrap, clippy::type_complexity, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;

use geo::{Area, BooleanOps, Distance, Euclidean, MultiPolygon, Point, coord};
use landuse::adjacency::{
    Adjacency, Contact, Link, Rule, candidate_pairs, overlapping_pairs, within_gap, within_gap_among,
};
use landuse::crs::WorkingPlane;
use landuse::geometry::EnvelopeIndex;
use landuse::geometry::distance::{self, PairMeasure, Shape, measure};
use landuse::geometry::prepared::PreparedArea;
use landuse::geometry::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};
use landuse::parcel::{Attributes, FeatureTable, Parcel, ParcelIdx, ParcelSet};
use landuse::{ParcelIndex, ParcelRef};

use crate::support::{Random, data_text};

/// As large as coordinates of a national grid are; a multiple of every grid used below, so that moving there is exact.
const FAR: Coord = [500_000.0, 2_500_000.0];

type Rings = Vec<Vec<Coord>>;

fn closed(ring: &[Coord]) -> impl Iterator<Item = Coord> + '_ {
    ring.iter().chain(ring.first()).copied()
}

/// One geometry per entry: exterior and holes, closed here.
fn array(geometries: &[Rings]) -> MultiPolygonArray {
    let mut array = MultiPolygonArray::new();
    for rings in geometries {
        for ring in rings {
            array.push_ring(closed(ring));
        }
        array.end_polygon();
        array.end_geometry();
    }
    array
}

fn moved(rings: &Rings, by: Coord) -> Rings {
    rings.iter().map(|ring| ring.iter().map(|c| [c[0] + by[0], c[1] + by[1]]).collect()).collect()
}

fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<Coord> {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

fn reversed(ring: &[Coord]) -> Vec<Coord> {
    ring.iter().rev().copied().collect()
}

/// A star-shaped ring, counter-clockwise, on a grid of 1/1024 m.
fn star(random: &mut Random, center: Coord, radius: f64, count: usize, spread: f64) -> Vec<Coord> {
    let snap = |v: f64| (v * 1024.0).round() / 1024.0;
    (0..count)
        .map(|k| {
            let angle = std::f64::consts::TAU * (k as f64 + 0.4 * random.unit()) / count as f64;
            let r = radius * random.within(1.0 - spread, 1.0);
            [snap(center[0] + r * angle.cos()), snap(center[1] + r * angle.sin())]
        })
        .collect()
}

/// A star with a hole in its middle, which no vertex of the exterior reaches.
fn holed_star(random: &mut Random, center: Coord, radius: f64, count: usize) -> Rings {
    let exterior = star(random, center, radius, count, 0.5);
    let hole = star(random, center, 0.35 * radius, count.div_ceil(3).max(4), 0.4);
    vec![exterior, reversed(&hole)]
}

/// Area of an intersection by the definition: all pairs of edges of whole polygons, above a line below both.
fn brute_overlap(a: MultiPolygonRef<'_>, b: MultiPolygonRef<'_>) -> f64 {
    let edges = |g: MultiPolygonRef<'_>| -> Vec<(f64, f64, f64, f64, f64)> {
        let all = g.rings().flat_map(|ring| ring.windows(2));
        let [ox, oy] = [a.coords()[0][0], a.coords()[0][1] - 1e4];
        all.filter(|e| e[0][0] != e[1][0])
            .map(|e| {
                let (sign, l, r) = if e[0][0] > e[1][0] { (1.0, e[1], e[0]) } else { (-1.0, e[0], e[1]) };
                (sign, l[0] - ox, l[1] - oy, r[0] - ox, r[1] - oy)
            })
            .collect()
    };
    let (ours, theirs) = (edges(a), edges(b));
    let mut sum = 0.0;
    for &(s, x0, y0, x1, y1) in &ours {
        for &(t, u0, v0, u1, v1) in &theirs {
            let (left, right) = (x0.max(u0), x1.min(u1));
            if left < right {
                let e = |x: f64| y0 + (x - x0) / (x1 - x0) * (y1 - y0);
                let f = |x: f64| v0 + (x - u0) / (u1 - u0) * (v1 - v0);
                let (d0, d1) = (e(left) - f(left), e(right) - f(right));
                let low = |x: f64| e(x).min(f(x));
                let area = if d0 * d1 < 0.0 {
                    let cut = left + (right - left) * d0 / (d0 - d1);
                    (cut - left) * (low(left) + low(cut)) / 2.0
                        + (right - cut) * (low(cut) + low(right)) / 2.0
                } else {
                    (right - left) * (low(left) + low(right)) / 2.0
                };
                sum += s * t * area;
            }
        }
    }
    sum
}

/// An exact fraction, always in lowest terms.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ratio(i128, i128);

impl Ratio {
    fn new(n: i128, d: i128) -> Self {
        let (mut a, mut b) = (n.abs(), d.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let a = a.max(1) * d.signum();
        Self(n / a, d / a)
    }
    fn plus(self, o: Self) -> Self {
        Self::new(self.0 * o.1 + o.0 * self.1, self.1 * o.1)
    }
    fn times(self, o: Self) -> Self {
        Self::new(self.0 * o.0, self.1 * o.1)
    }
    fn minus(self, o: Self) -> Self {
        self.plus(Self(-o.0, o.1))
    }
    fn over(self, o: Self) -> Self {
        Self::new(self.0 * o.1, self.1 * o.0)
    }
    fn less(self, o: Self) -> bool {
        self.minus(o).0 < 0
    }
    fn lower(self, o: Self) -> Self {
        if self.less(o) { self } else { o }
    }
    fn value(self) -> f64 {
        self.0 as f64 / self.1 as f64
    }
}

/// Area of the intersection of two rings of small whole coordinates: clip one convex ring by the other's sides.
fn exact_convex_overlap(subject: &[[i64; 2]], clip: &[[i64; 2]]) -> Ratio {
    let whole = |v: i64| Ratio(i128::from(v), 1);
    let mut ring: Vec<[Ratio; 2]> = subject.iter().map(|c| c.map(whole)).collect();
    for i in 0..clip.len() {
        let (p, q) = (clip[i].map(whole), clip[(i + 1) % clip.len()].map(whole));
        let side = |c: [Ratio; 2]| {
            let a = q[0].minus(p[0]).times(c[1].minus(p[1]));
            a.minus(q[1].minus(p[1]).times(c[0].minus(p[0])))
        };
        let mut kept = Vec::new();
        for j in 0..ring.len() {
            let (c, d) = (ring[j], ring[(j + 1) % ring.len()]);
            let (sc, sd) = (side(c), side(d));
            if sc.0 >= 0 {
                kept.push(c);
            }
            if (sc.0 < 0) != (sd.0 < 0) && sc.0 != 0 && sd.0 != 0 {
                let t = sc.over(sc.minus(sd));
                kept.push([0, 1].map(|k| c[k].plus(t.times(d[k].minus(c[k])))));
            }
        }
        ring = kept;
    }
    let mut twice = Ratio(0, 1);
    for j in 0..ring.len() {
        let (c, d) = (ring[j], ring[(j + 1) % ring.len()]);
        twice = twice.plus(c[0].times(d[1]).minus(d[0].times(c[1])));
    }
    assert!(!Ratio(0, 1).lower(twice).less(Ratio(0, 1)), "clipping turned the ring");
    twice.times(Ratio(1, 2))
}

fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} instead of {expected}, off by {}",
        found - expected
    );
}

// ---- areas ----

#[test]
fn overlap_is_exact_on_small_whole_coordinates() {
    let mut random = Random(1);
    let mut seen = 0;
    for _ in 0..3_000 {
        let mut triangle = || loop {
            let c: Vec<[i64; 2]> = (0..3).map(|_| [0, 1].map(|_| (random.next() % 12) as i64)).collect();
            let twice = (c[1][0] - c[0][0]) * (c[2][1] - c[0][1]) - (c[2][0] - c[0][0]) * (c[1][1] - c[0][1]);
            if twice > 0 {
                return c;
            }
        };
        let (a, b) = (triangle(), triangle());
        let expected = exact_convex_overlap(&a, &b).value();
        let floats = |t: &[[i64; 2]]| vec![t.iter().map(|c| c.map(|v| v as f64)).collect::<Vec<_>>()];
        for origin in [[0.0, 0.0], FAR] {
            let both = array(&[moved(&floats(&a), origin), moved(&floats(&b), origin)]);
            let (a, b) = (both.get(0), both.get(1));
            assert_near(PairMeasure::new().overlap_area(a.into(), b.into()), expected, 1e-11, "pair");
            let prepared = PreparedArea::new(&both.take(&[1]));
            assert_near(prepared.overlap_area(a), expected, 1e-11, "prepared");
        }
        seen += usize::from(expected > 0.0);
    }
    assert!(seen > 1_000, "only {seen} pairs overlap");
}

#[test]
fn prepared_area_agrees_with_brute_force_far_from_the_origin() {
    let mut random = Random(2);
    // Two disjoint lines with holes, of more vertices than a leaf takes.
    let lines = [
        holed_star(&mut random, [0.0, 0.0], 900.0, 1_500),
        holed_star(&mut random, [2_000.0, 300.0], 1_000.0, 700),
    ];
    let near = array(&lines);
    let far = array(&lines.each_ref().map(|l| moved(l, FAR)));
    let prepared = PreparedArea::new(&far);
    let (mut partial, mut inside, mut outside) = (0, 0, 0);
    for i in 0..600 {
        let radius = if i % 50 == 0 { 700.0 } else { random.within(5.0, 60.0) };
        let center = [random.within(-1_100.0, 3_200.0), random.within(-1_100.0, 1_400.0)];
        let count = 4 + (random.next() % 16) as usize;
        let parcel = holed_star(&mut random, center, radius, if i % 50 == 0 { 400 } else { count });
        let local = array(std::slice::from_ref(&parcel));
        let parcel = array(&[moved(&parcel, FAR)]);
        let expected: f64 = near.iter().map(|line| brute_overlap(local.get(0), line)).sum();
        let found = prepared.overlap_area(parcel.get(0));
        let area = local.get(0).signed_area();
        assert_near(found, expected, 1e-9 * area, "overlap");
        if !prepared.meets_boundary(&parcel.get(0).envelope()) {
            assert!(found == 0.0 || found == parcel.get(0).signed_area());
        }
        let share = found / area;
        *(if share < 1e-9 {
            &mut outside
        } else if share > 1.0 - 1e-9 {
            &mut inside
        } else {
            &mut partial
        }) += 1;
    }
    assert!(partial > 100 && inside > 50 && outside > 50, "{partial} {inside} {outside}");
}

#[test]
fn prepared_area_and_its_complement_add_up() {
    let mut random = Random(3);
    let line = holed_star(&mut random, [0.0, 0.0], 1_000.0, 3_000);
    let whole = rectangle(-1_500.0, -1_500.0, 1_500.0, 1_500.0);
    let inside = PreparedArea::new(&array(&[moved(&line, FAR)]));
    let rest: Rings = std::iter::once(whole).chain(line.iter().map(|ring| reversed(ring))).collect();
    let outside = PreparedArea::new(&array(&[moved(&rest, FAR)]));
    for i in 0..1_500 {
        let center = [random.within(-900.0, 900.0), random.within(-900.0, 900.0)];
        let parcel = if i % 100 == 0 {
            star(&mut random, center, 500.0, 300, 0.6)
        } else {
            star(&mut random, center, 40.0, 9, 0.6)
        };
        let parcel = array(&[moved(&vec![parcel], FAR)]);
        let parcel = parcel.get(0);
        let sum = inside.overlap_area(parcel) + outside.overlap_area(parcel);
        assert_near(sum, parcel.signed_area(), 1e-9 * parcel.signed_area(), "inside + outside");
    }
}

#[test]
fn prepared_area_in_odd_places() {
    // A line on the cells' own borders, with a square hole and a lake in the hole's corner; coincident edges throughout.
    let line: Rings = vec![rectangle(0.0, 0.0, 64.0, 64.0), reversed(&rectangle(16.0, 16.0, 48.0, 48.0))];
    let lake = vec![rectangle(16.0, 16.0, 32.0, 32.0)];
    let cases = [
        ("the line itself", line.clone(), 64.0 * 64.0 - 32.0 * 32.0 + 256.0 - 256.0),
        ("the lake", lake.clone(), 256.0),
        ("all around", vec![rectangle(-10.0, -10.0, 80.0, 80.0)], 64.0 * 64.0 - 32.0 * 32.0 + 256.0),
        ("around the hole", vec![rectangle(8.0, 8.0, 56.0, 56.0)], 48.0 * 48.0 - 32.0 * 32.0 + 256.0),
        ("the rest of the hole", vec![rectangle(32.0, 16.0, 48.0, 48.0)], 0.0),
        ("beside", vec![rectangle(64.0, 0.0, 70.0, 64.0)], 0.0),
        ("far away", vec![rectangle(1e3, 1e3, 2e3, 2e3)], 0.0),
        ("a corner", vec![rectangle(-1.0, -1.0, 1.0, 1.0)], 1.0),
    ];
    // More vertices along the same sides, so that the plane is quartered.
    let dense = |rings: &Rings| -> Rings {
        let side = |a: Coord, b: Coord| {
            (0..64).map(move |k| [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * f64::from(k) / 64.0))
        };
        let ring = |r: &Vec<Coord>| (0..4).flat_map(|i| side(r[i], r[(i + 1) % 4])).collect();
        rings.iter().map(ring).collect()
    };
    for origin in [[0.0, 0.0], FAR] {
        for lines in [[line.clone(), lake.clone()], [dense(&line), dense(&lake)]] {
            let prepared = PreparedArea::new(&array(&lines.map(|l| moved(&l, origin))));
            for (name, parcel, expected) in &cases {
                let parcel = array(&[moved(parcel, origin)]);
                assert_near(prepared.overlap_area(parcel.get(0)), *expected, 1e-8, name);
            }
        }
    }
    let nothing = PreparedArea::new(&MultiPolygonArray::new());
    assert_eq!(nothing.overlap_area(array(&[lake]).get(0)), 0.0);
    assert!(!nothing.meets_boundary(&Envelope { min: [0.0; 2], max: [1.0; 2] }));
}

#[test]
fn pair_area_agrees_with_boolean_operations() {
    let mut random = Random(4);
    for _ in 0..200 {
        let center = [random.within(-50.0, 50.0), random.within(-50.0, 50.0)];
        let both = array(&[
            holed_star(&mut random, [0.0, 0.0], 50.0, 40),
            holed_star(&mut random, center, 40.0, 25),
        ]);
        let (a, b) = (both.get(0), both.get(1));
        let found = PairMeasure::new().overlap_area(a.into(), b.into());
        // The boolean operation snaps to a grid of 2^-31 of the extent: 1e-7 m × some hundred metres of boundary.
        assert_near(found, a.to_geo().intersection(&b.to_geo()).unsigned_area(), 1e-4, "pair");
        assert_near(found, brute_overlap(a, b), 1e-8, "pair");
    }
}

// ---- distance and contact ----

/// Distance and area by other means: `geo`'s own distance, the brute area.
fn expected_gap(a: MultiPolygonRef<'_>, b: MultiPolygonRef<'_>) -> (f64, f64) {
    (Euclidean.distance(&a.to_geo(), &b.to_geo()), brute_overlap(a, b))
}

#[test]
fn measured_distance_is_the_distance() {
    let mut random = Random(5);
    let mut counts = BTreeMap::new();
    for i in 0..1_500 {
        let sizes = if i % 75 == 0 { [300, 200] } else { [4 + i % 17, 4 + i % 9] };
        let center = [random.within(-90.0, 90.0), random.within(-90.0, 90.0)];
        let radius = random.within(1.0, 30.0);
        let both = [
            holed_star(&mut random, [0.0, 0.0], 50.0, sizes[0]),
            holed_star(&mut random, center, radius, sizes[1]),
        ];
        let local = array(&both);
        let both = array(&both.map(|rings| moved(&rings, FAR)));
        let (a, b) = (both.get(0), both.get(1));
        let (gap, area) = expected_gap(local.get(0), local.get(1));
        for within in [0.0, 5.0, 60.0] {
            let found = measure(a, b, within);
            assert_eq!(found, measure(b, a, within), "the order matters");
            let contact = found.map(|m| m.contact);
            *counts.entry((contact, within as i32)).or_insert(0) += 1;
            if area > 0.01 {
                assert_eq!(contact, Some(Contact::Overlap), "area {area}");
            } else if gap <= 1e-3 {
                assert!(matches!(contact, Some(Contact::Edge | Contact::Corner)), "gap {gap}");
            } else if gap <= within {
                assert_eq!(contact, Some(Contact::Gap));
                assert_near(found.map_or(f64::NAN, |m| m.gap_m), gap, 1e-9, "gap");
            } else {
                assert_eq!(contact, None, "gap {gap} within {within}");
            }
        }
    }
    for seen in [(None, 5), (Some(Contact::Gap), 5), (Some(Contact::Gap), 60), (Some(Contact::Overlap), 0)] {
        assert!(counts.get(&seen).is_some_and(|&n| n > 20), "{seen:?} in {counts:?}");
    }
}

#[test]
fn contacts_are_told_apart() {
    let square = vec![rectangle(0.0, 0.0, 40.0, 40.0)];
    let ring = vec![rectangle(0.0, 0.0, 40.0, 40.0), reversed(&rectangle(10.0, 10.0, 30.0, 30.0))];
    let thin =
        |offset: f64| vec![vec![[40.0, 0.0], [80.0, 0.0], [80.0, 40.0], [40.0, 40.0], [40.0 + offset, 20.0]]];
    let cases: [(&str, &Rings, Rings, Option<(Contact, f64, f64)>); 18] = [
        ("whole side", &square, vec![rectangle(40.0, 0.0, 50.0, 40.0)], Some((Contact::Edge, 0.0, 40.0))),
        ("T-junctions", &square, vec![rectangle(40.0, 13.0, 50.0, 27.0)], Some((Contact::Edge, 0.0, 14.0))),
        ("shifted side", &square, vec![rectangle(40.0, 30.0, 50.0, 70.0)], Some((Contact::Edge, 0.0, 10.0))),
        (
            "side at half a millimetre",
            &square,
            vec![rectangle(40.0005, 0.0, 50.0, 40.0)],
            Some((Contact::Edge, 0.0, 40.0)),
        ),
        (
            "sliver of half a millimetre",
            &square,
            vec![rectangle(39.9999, 0.0, 50.0, 40.0)],
            Some((Contact::Edge, 0.0, 40.0)),
        ),
        (
            "sliver of 0.4 m²",
            &square,
            vec![rectangle(39.99, 0.0, 50.0, 40.0)],
            Some((Contact::Overlap, 0.0, 0.02)),
        ),
        ("dent of 3 mm", &square, thin(0.003), Some((Contact::Edge, 0.0, 40.0 / 3.0))),
        ("bump of 3 mm", &square, thin(-0.0003), Some((Contact::Edge, 0.0, 40.0))),
        ("corner", &square, vec![rectangle(40.0, 40.0, 50.0, 50.0)], Some((Contact::Corner, 0.0, 0.0))),
        (
            "tip on a side",
            &square,
            vec![vec![[40.0, 20.0], [50.0, 15.0], [50.0, 25.0]]],
            Some((Contact::Corner, 0.0, 0.0)),
        ),
        (
            "tip 3 cm inside",
            &square,
            vec![vec![[39.97, 20.0], [50.0, 15.0], [50.0, 25.0]]],
            Some((Contact::Corner, 0.0, 0.0)),
        ),
        (
            "two millimetres apart",
            &square,
            vec![rectangle(40.002, 0.0, 50.0, 40.0)],
            Some((Contact::Gap, 0.002, 0.0)),
        ),
        (
            "corner to corner",
            &square,
            vec![rectangle(43.0, 44.0, 50.0, 50.0)],
            Some((Contact::Gap, 5.0, 0.0)),
        ),
        ("too far", &square, vec![rectangle(40.0, 61.0, 50.0, 70.0)], None),
        ("inside", &square, vec![rectangle(10.0, 10.0, 30.0, 30.0)], Some((Contact::Overlap, 0.0, 0.0))),
        (
            "speck inside",
            &square,
            vec![rectangle(20.0, 20.0, 20.05, 20.05)],
            Some((Contact::Corner, 0.0, 0.0)),
        ),
        ("fills the hole", &ring, vec![rectangle(10.0, 10.0, 30.0, 30.0)], Some((Contact::Edge, 0.0, 80.0))),
        ("in the hole", &ring, vec![rectangle(14.0, 14.0, 26.0, 26.0)], Some((Contact::Gap, 4.0, 0.0))),
    ];
    for origin in [[0.0, 0.0], FAR] {
        for (name, a, b, expected) in &cases {
            let both = array(&[moved(a, origin), moved(b, origin)]);
            for (i, j) in [(0, 1), (1, 0)] {
                let found = measure(both.get(i), both.get(j), 20.0);
                assert_eq!(found.map(|m| m.contact), expected.map(|e| e.0), "{name}");
                if let (Some(found), Some((_, gap, shared))) = (found, expected) {
                    assert_near(found.gap_m, *gap, 1e-9, name);
                    assert_near(found.shared_m, *shared, 1e-6, name);
                }
            }
        }
    }
    // The same square overlaps itself, and runs beside itself all around.
    let twice = array(&[square.clone(), square]);
    let itself = measure(twice.get(0), twice.get(1), 0.0).expect("they overlap");
    assert_eq!((itself.contact, itself.shared_m), (Contact::Overlap, 160.0));
}

#[test]
fn parts_of_multipolygons_are_seen() {
    let mut array = MultiPolygonArray::new();
    for x in [0.0, 100.0] {
        array.push_ring(closed(&rectangle(x, 0.0, x + 40.0, 40.0)));
        array.end_polygon();
    }
    array.end_geometry();
    for x in [60.0, 110.0] {
        array.push_ring(closed(&rectangle(x, 10.0, x + 5.0, 15.0)));
        array.end_polygon();
    }
    array.end_geometry();
    // One part of the second stands inside a part of the first, 10 m from its boundary: more than the distance asked for.
    let found = measure(array.get(0), array.get(1), 1.0).map(|m| m.contact);
    assert_eq!(found, Some(Contact::Overlap));
    assert_eq!(measure(array.get(1), array.get(0), 1.0).map(|m| m.contact), found);
}

#[test]
fn long_boundaries_are_swept() {
    // Two banks of a river, of up to 20,000 vertices each: all pairs would be 4e8.
    let bank = |count: i32, near: f64, far: f64, phase: f64| {
        let wave = |k: i32| 3.0 * (f64::from(k) * 0.05).sin() + phase * f64::from(k).cos();
        let mut ring: Vec<Coord> = (0..count).map(|k| [near + wave(k), f64::from(k)]).collect();
        ring.extend([[far, f64::from(count - 1)], [far, 0.0]]);
        ring
    };
    let both = array(&[vec![bank(1_500, 0.0, -50.0, 0.0)], vec![reversed(&bank(1_500, 25.0, 80.0, 0.5))]]);
    let found = measure(both.get(0), both.get(1), 30.0).expect("a river of 25 m");
    let expected = Euclidean.distance(&both.get(0).to_geo(), &both.get(1).to_geo());
    assert_eq!(found.contact, Contact::Gap);
    assert_near(found.gap_m, expected, 1e-9, "river");
    let both = array(&[vec![bank(20_000, 0.0, -50.0, 0.0)], vec![reversed(&bank(20_000, 0.0, 80.0, 0.0))]]);
    let found = measure(both.get(0), both.get(1), 30.0).expect("a common bank");
    let ring = both.get(0).coords();
    let length: f64 = ring[..20_000].windows(2).map(|e| (e[0][0] - e[1][0]).hypot(e[0][1] - e[1][1])).sum();
    assert_eq!(found.contact, Contact::Edge);
    assert_near(found.shared_m, length, 1e-3, "common bank");
}

// ---- pairs, graph, index ----

fn random_envelopes(random: &mut Random, count: usize, huge: usize) -> Vec<Envelope> {
    let snap = |v: f64| v.round();
    (0..count)
        .map(|i| {
            let size = if i < huge { random.within(100.0, 900.0) } else { random.within(0.0, 20.0) };
            let min = [snap(random.within(0.0, 1_000.0)), snap(random.within(0.0, 1_000.0))];
            Envelope { min, max: [min[0] + snap(size), min[1] + snap(size * random.unit())] }
        })
        .collect()
}

#[test]
fn candidates_are_those_of_the_tree() {
    let mut random = Random(6);
    for (count, huge) in [(0, 0), (1, 0), (2, 0), (50, 50), (700, 0), (1_500, 7), (1_500, 200)] {
        let mut boxes = random_envelopes(&mut random, count, huge);
        if count > 60 {
            boxes[40] = Envelope::EMPTY;
        }
        let index = EnvelopeIndex::new(&boxes);
        for gap in [0.0, 1.0, 15.0] {
            let mut expected: Vec<(ParcelIdx, ParcelIdx)> = Vec::new();
            for (i, envelope) in boxes.iter().enumerate().filter(|(_, e)| !e.is_empty()) {
                let partners = index.candidates(envelope.grown(gap)).filter(|&j| j as usize > i);
                expected.extend(partners.map(|j| (ParcelIdx(i as u32), ParcelIdx(j))));
            }
            expected.sort_unstable();
            assert_eq!(candidate_pairs(&boxes, gap), expected, "{count} boxes, {huge} huge, gap {gap}");
        }
    }
    assert!(candidate_pairs(&random_envelopes(&mut random, 10, 0), f64::NAN).is_empty());
    let points = vec![Envelope { min: [1.0; 2], max: [1.0; 2] }; 4];
    assert_eq!(candidate_pairs(&points, 0.0).len(), 6);
}

/// Small random parcels that overlap, touch, hold and enclose each other.
fn muddle(seed: u64, count: usize) -> ParcelSet {
    let mut random = Random(seed);
    let mut parcels: Vec<Rings> = Vec::new();
    for i in 0..count {
        let [x, y] = [0, 1].map(|_| random.within(0.0, 300.0).round());
        match i % 4 {
            0 => parcels.push(holed_star(&mut random, [x, y], 25.0, 12)),
            1 => parcels.push(vec![rectangle(x, y, x + 10.0, y + 8.0)]),
            2 => {
                let hole = rectangle(x + 5.0, y + 5.0, x + 15.0, y + 15.0);
                parcels.push(vec![rectangle(x, y, x + 20.0, y + 20.0), reversed(&hole)]);
                parcels.push(vec![hole]);
            }
            _ => {
                parcels.push(vec![rectangle(x, y, x + 10.0, y + 10.0)]);
                parcels.push(vec![rectangle(
                    x + 10.0,
                    y + random.within(-5.0, 15.0).round(),
                    x + 30.0,
                    y + 20.0 + 8.0,
                )]);
            }
        }
    }
    ParcelSet::local(
        parcels.iter().map(|rings| Parcel::new("", array(std::slice::from_ref(rings)).get(0).to_geo())),
    )
}

fn all_links(set: &ParcelSet, gap_m: f64, takes_part: impl Fn(u32) -> bool) -> Vec<Link> {
    let mut links = Vec::new();
    for a in (0..set.len() as u32).filter(|&a| takes_part(a)) {
        for b in (a + 1..set.len() as u32).filter(|&b| takes_part(b)) {
            let (a, b) = (ParcelIdx(a), ParcelIdx(b));
            if let Some(m) = measure(set.get(a).geometry(), set.get(b).geometry(), gap_m) {
                links.push(Link { a, b, contact: m.contact, gap_m: m.gap_m, shared_m: m.shared_m });
            }
        }
    }
    links
}

#[test]
fn the_graph_is_that_of_all_pairs() {
    let set = muddle(7, 160);
    assert!(set.rejected().is_empty());
    for gap in [0.0, 5.0, 15.0] {
        let graph = within_gap(&set, gap).expect("a good gap");
        assert_eq!(graph.links(), all_links(&set, gap, |_| true));
        let mask: Vec<bool> = (0..set.len()).map(|i| i % 3 == 0).collect();
        let among = within_gap_among(&set, &mask, gap).expect("a good gap");
        assert_eq!(among.links(), all_links(&set, gap, |i| mask[i as usize]));
        assert_eq!(among.len(), set.len());
        // Against another implementation altogether.
        let geometries: Vec<MultiPolygon> = set.iter().map(|p| p.geometry().to_geo()).collect();
        let mut near = 0;
        for (i, a) in geometries.iter().enumerate() {
            near += geometries[i + 1..].iter().filter(|b| Euclidean.distance(a, *b) <= gap.max(1e-3)).count();
        }
        assert_eq!(graph.links().len(), near);
    }
    let all = all_links(&set, 0.0, |_| true);
    let kept = |keep: &dyn Fn(&Link) -> bool| all.iter().copied().filter(|l| keep(l)).collect::<Vec<_>>();
    let by = |rule| Adjacency::new(rule).expect("a good rule").graph(&set).expect("few pairs");
    assert_eq!(by(Rule::SharedPoint).links(), kept(&|_| true));
    let edges = kept(&|l| l.contact == Contact::Overlap || l.contact == Contact::Edge && l.shared_m >= 9.0);
    assert_eq!(by(Rule::SharedEdge { min_shared_m: 9.0 }).links(), edges);

    let overlaps = overlapping_pairs(&set).expect("few pairs");
    let expected: Vec<_> = all.iter().filter(|l| l.contact == Contact::Overlap).map(|l| (l.a, l.b)).collect();
    assert!(expected.len() > 20);
    assert_eq!(overlaps.iter().map(|o| (o.0, o.1)).collect::<Vec<_>>(), expected);
    let both = Adjacency::new(Rule::Gap { gap_m: 15.0 })
        .expect("a good rule")
        .graph_and_overlaps(&set)
        .expect("few pairs");
    assert_eq!(both, (within_gap(&set, 15.0).expect("a good gap"), overlaps.clone()));
    for &(a, b, area) in &overlaps {
        assert_near(area, brute_overlap(set.get(a).geometry(), set.get(b).geometry()), 1e-8, "overlap");
    }
}

#[test]
fn threads_make_no_difference() {
    let mut random = Random(8);
    let set = muddle(9, 120);
    let lines = array(&[holed_star(&mut random, [150.0, 150.0], 140.0, 30_000)]);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let area = PreparedArea::new(&lines);
            let inside: Vec<u64> = set.iter().map(|p| area.overlap_area(p.geometry()).to_bits()).collect();
            (inside, within_gap(&set, 15.0).expect("a good gap"), overlapping_pairs(&set).expect("few pairs"))
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn bad_lengths_are_refused() {
    let set = muddle(10, 4);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = within_gap(&set, bad).expect_err("a bad gap").to_string();
        assert!(error.starts_with("`gap_m` is "), "{error}");
        let rule = Rule::SharedEdge { min_shared_m: bad };
        assert_eq!(Adjacency::new(rule).expect_err("a bad length").name(), "min_shared_m");
    }
    let nobody = ParcelSet::local(std::iter::empty::<Parcel>());
    assert!(within_gap(&nobody, 1.0).expect("a good gap").is_empty());
    assert!(overlapping_pairs(&nobody).expect("few pairs").is_empty());
}

#[test]
fn the_index_finds_what_all_parcels_hold() {
    let set = muddle(11, 120);
    let index = ParcelIndex::new(set.clone());
    let mut random = Random(12);
    for i in 0..300 {
        let point = if i % 5 == 0 {
            set.geometry().coords()[(random.next() % set.geometry().coords().len() as u64) as usize]
        } else {
            [random.within(-40.0, 350.0), random.within(-40.0, 350.0)]
        };
        let distance_m =
            |p: MultiPolygonRef<'_>| Euclidean.distance(&Point::new(point[0], point[1]), &p.to_geo());
        let mut expected: Vec<(ParcelIdx, f64)> =
            set.iter().map(|p| (p.idx(), distance::to_point(p.geometry(), point))).collect();
        for (parcel, found) in set.iter().zip(&expected) {
            assert_near(found.1, distance_m(parcel.geometry()), 1e-9, "point");
        }
        let held: Vec<ParcelIdx> = expected.iter().filter(|e| e.1 <= 1e-3).map(|e| e.0).collect();
        assert_eq!(index.at(point), held);
        expected.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        for k in [0, 1, 7] {
            assert_eq!(index.nearest(point, k), expected[..k]);
        }
    }
    assert!(index.nearest([f64::NAN, 0.0], 3).is_empty());
    assert_eq!(index.nearest([0.0, 0.0], usize::MAX).len(), set.len());
    assert!(index.window(Envelope::EMPTY).is_empty());
    for _ in 0..100 {
        let (x, y) = (random.within(-40.0, 350.0), random.within(-40.0, 350.0));
        let (width, height) = (random.within(0.0, 60.0), random.within(0.0, 60.0));
        let window = Envelope { min: [x, y], max: [x + width, y + height] };
        let all = |holds: &dyn Fn(ParcelRef<'_>) -> bool| -> Vec<ParcelIdx> {
            set.iter().filter(|parcel| holds(*parcel)).map(ParcelRef::idx).collect()
        };
        let meets = |e: Envelope| (0..2).all(|a| e.min[a] <= window.max[a] && e.max[a] >= window.min[a]);
        assert_eq!(index.window(window), all(&|parcel| meets(parcel.envelope())));
        let corner = |x: f64, y: f64| coord! { x: x, y: y };
        let rect = geo::Rect::new(corner(x, y), corner(x + width, y + height));
        let area = MultiPolygon::new(vec![rect.to_polygon()]);
        let apart = |parcel: ParcelRef<'_>| Euclidean.distance(&area, &parcel.geometry().to_geo());
        assert_eq!(index.polygon(&area), all(&|parcel| apart(parcel) <= 1e-3));
    }
    let ids: Vec<&str> = set.iter().filter_map(ParcelRef::id).collect();
    for id in ids.iter().chain(&["", "nobody"]) {
        let expected: Vec<ParcelIdx> =
            set.iter().filter(|parcel| parcel.id() == Some(id)).map(ParcelRef::idx).collect();
        assert_eq!(index.with_id(id), expected);
    }
}

// ---- a real town ----

/// Parcels of Cambridge that GEOS calls valid, in a plane good enough for distances between neighbours; none where the data
/// are not at hand.
fn cambridge() -> Option<ParcelSet> {
    /// Features that shapely cannot build or calls invalid, by position in the file.
    const INVALID: [u32; 39] = [
        107, 204, 943, 946, 974, 1020, 1024, 1264, 1311, 1895, 1988, 2017, 2036, 2162, 2302, 2584, 2979,
        3134, 3697, 4407, 5304, 5854, 6381, 6785, 7990, 8041, 8457, 8634, 9123, 9594, 9904, 10179, 10599,
        10670, 10779, 10952, 10974, 11949, 12163,
    ];
    let text = data_text("cambridge-ma/parcels_fy2014.geojson")?;
    let geojson::GeoJson::FeatureCollection(features) = text.parse().expect("GeoJSON") else {
        panic!("no collection")
    };
    let (mut table, nameless) = (FeatureTable::default(), Parcel::new("", MultiPolygon::new(Vec::new())));
    table.attributes = Attributes::default();
    for (feature, row) in features.features.into_iter().zip(0u32..) {
        let polygons = match feature.geometry.map(|g| g.value) {
            Some(geojson::GeometryValue::Polygon { coordinates }) => vec![coordinates],
            Some(geojson::GeometryValue::MultiPolygon { coordinates }) => coordinates,
            _ => continue,
        };
        if INVALID.contains(&row) {
            continue;
        }
        let k = 42.377f64.to_radians().cos();
        let plane = |c: &[f64]| {
            const EARTH_M: f64 = 6_371_008.8;
            [(c[0] + 71.11).to_radians() * EARTH_M * k, (c[1] - 42.377).to_radians() * EARTH_M]
        };
        for polygon in polygons {
            for ring in polygon {
                table.geometry.push_ring(ring.iter().map(|c| plane(c.as_slice())));
            }
            table.geometry.end_polygon();
        }
        table.geometry.end_geometry();
        table.attributes.push(&nameless);
        table.source_row.push(row);
    }
    let set = ParcelSet::new(table, WorkingPlane::local()).expect("a town fits");
    assert_eq!((set.len(), set.rejected().len()), (13_077, 0));
    Some(set)
}

/// Neighbours in Cambridge, against GEOS 3 by shapely 2: with the parcels in the plane of `cambridge()`,
/// `a, b = STRtree(parcels).query(parcels, predicate="dwithin", distance=gap)`, `a < b`; the checksum is the wrapping sum of
/// `mix(a, b)` over positions in the file. No pair is between 0 and 1 mm apart, so gap 0 was asked for as 0.001.
/// Contacts: overlap where the intersection is over 0.01 m² (none lies between 0.001 and 0.05), edge where
/// `length(intersection(boundary(a), boundary(b)))` is over 1 mm.
#[test]
fn cambridge_has_the_neighbours_that_geos_finds() {
    fn mix(a: u32, b: u32) -> u64 {
        let mut z = (u64::from(a.min(b)) << 32 | u64::from(a.max(b))).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z ^= z >> 29;
        z = z.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z ^ (z >> 32)
    }
    let Some(set) = cambridge() else { return };
    let golden = [
        (0.0, 24_559, 0xc65e_63a4_5619_5667),
        (5.0, 27_259, 0x9258_2a85_7d8c_bbfb),
        (15.0, 57_411, 0xe44e_f540_0c9b_020c),
    ];
    for (gap, count, checksum) in golden {
        let graph = within_gap(&set, gap).expect("a good gap");
        let row = |idx: ParcelIdx| set.source_row()[idx.index()];
        let sum = graph.links().iter().fold(0u64, |sum, l| sum.wrapping_add(mix(row(l.a), row(l.b))));
        assert_eq!((graph.links().len(), sum), (count, checksum), "gap {gap}");
        if gap == 0.0 {
            let of = |contact| graph.links().iter().filter(move |l| l.contact == contact);
            // Four corners of GEOS are so acute that the edges stay within 1 mm for over 0.1 m, which makes them edges here.
            let counts = [Contact::Overlap, Contact::Edge, Contact::Corner].map(|c| of(c).count());
            assert_eq!(counts, [26, 23_069 + 4, 1_464 - 4]);
            let shared: f64 = of(Contact::Edge).map(|l| l.shared_m).sum();
            assert_near(shared, 506_018.135_482_587_98, 5.0, "shared length");
        }
        if gap == 15.0 {
            let gaps: f64 = graph.links().iter().map(|l| l.gap_m).sum();
            assert_near(gaps, 354_401.148_002_851_6, 1e-4, "sum of gaps");
        }
    }
    let overlaps = overlapping_pairs(&set).expect("few pairs");
    assert_eq!(overlaps.len(), 26);
    assert_near(overlaps.iter().map(|o| o.2).sum(), 648.783_731_777_598_4, 1e-5, "overlaps");
    assert_near(set.area_m2().iter().sum(), 13_726_671.740_223_285, 1e-2, "area");
    let shapes: Vec<Shape> =
        set.iter().map(|p| Shape { geometry: p.geometry(), envelope: p.envelope() }).collect();
    let mut gauge = PairMeasure::new();
    let own =
        |(i, s): (usize, &Shape)| (gauge.overlap_area(*s, *s) - set.area_m2()[i]).abs() / set.area_m2()[i];
    assert!(shapes.iter().enumerate().map(own).fold(0.0, f64::max) < 1e-9, "each parcel covers itself");
}

use landuse::ParcelSet;
use landuse::adjacency::{Barriers, Contact, Link, within_gap};
use landuse::geometry::{Coord, MultiPolygonArray};

use super::support::{given, on_threads, rectangles};
use crate::support::Random;

type Box = [Coord; 2];

fn boxes(boxes: &[Box]) -> MultiPolygonArray {
    let mut array = MultiPolygonArray::new();
    for [[x0, y0], [x1, y1]] in boxes.iter().copied() {
        array.push_ring([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]);
        array.end_polygon();
        array.end_geometry();
    }
    array
}

/// The shortest connection of two boxes that are apart: along an axis through the middle of what they share along the other,
/// else from corner to corner.
fn connection(a: Box, b: Box) -> [Coord; 2] {
    let mut ends = [[0.0; 2]; 2];
    for k in 0..2 {
        let (low, high) = (a[0][k].max(b[0][k]), a[1][k].min(b[1][k]));
        (ends[0][k], ends[1][k]) = if low <= high {
            (f64::midpoint(low, high), f64::midpoint(low, high))
        } else if a[1][k] < b[0][k] {
            (a[1][k], b[0][k])
        } else {
            (a[0][k], b[1][k])
        };
    }
    ends
}

/// Shares of a segment, from 0 to 1, between which it lies in a box; clipped side by side.
fn within(segment: [Coord; 2], area: Box) -> Option<(f64, f64)> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for k in 0..2 {
        let along = segment[1][k] - segment[0][k];
        let (low, high) = (area[0][k] - segment[0][k], area[1][k] - segment[0][k]);
        if along == 0.0 {
            if low > 0.0 || high < 0.0 {
                return None;
            }
        } else {
            from = from.max((low / along).min(high / along));
            to = to.min((low / along).max(high / along));
        }
    }
    (to > from).then_some((from, to))
}

/// Share along `s` at which `t` crosses it.
fn crossing(s: [Coord; 2], t: [Coord; 2]) -> Option<f64> {
    let (dx, dy) = (s[1][0] - s[0][0], s[1][1] - s[0][1]);
    let (ex, ey) = (t[1][0] - t[0][0], t[1][1] - t[0][1]);
    let (ox, oy) = (t[0][0] - s[0][0], t[0][1] - s[0][1]);
    let turn = dx * ey - dy * ex;
    let (along_s, along_t) = ((ox * ey - oy * ex) / turn, (ox * dy - oy * dx) / turn);
    ((0.0..=1.0).contains(&along_s) && (0.0..=1.0).contains(&along_t)).then_some(along_s)
}

struct Town {
    set: ParcelSet,
    /// In the order of the set.
    land: Vec<Box>,
    lines: Vec<Vec<Coord>>,
    areas: Vec<Box>,
    lanes: Vec<Box>,
}

impl Town {
    fn new(random: &mut Random, lines: usize, areas: usize, lanes: usize) -> Self {
        let mut length =
            |low: f64, high: f64| low + (high - low) * random.below(1 << 40) as f64 / (1u64 << 40) as f64;
        let sides: Vec<[f64; 4]> = (0..64u32)
            .map(|i| {
                let (x, y) = (f64::from(i % 8) * 20.0, f64::from(i / 8) * 20.0);
                [x + length(0.0, 6.0), y + length(0.0, 6.0), length(5.0, 12.0), length(5.0, 12.0)]
            })
            .collect();
        let mut place = || [length(0.0, 160.0), length(0.0, 160.0)];
        let lines = (0..lines).map(|_| vec![place(), place(), place()]).collect();
        let mut area = |size: f64| {
            let [x, y] = place();
            [[x, y], [x + size, y + size * 0.7]]
        };
        let areas = (0..areas).map(|i| area(6.0 + i as f64)).collect();
        let lanes = (0..lanes).map(|i| area(5.0 + i as f64)).collect();
        let set = rectangles(sides.iter().copied());
        let land = given(&set).into_iter().map(|row| sides[row]);
        let land = land.map(|[x, y, w, h]| [[x, y], [x + w, y + h]]).collect();
        Self { set, land, lines, areas, lanes }
    }

    fn barriers(&self) -> Barriers {
        let barriers = Barriers::new().lines(&self.lines).unwrap();
        barriers.areas(&boxes(&self.areas)).lanes(&boxes(&self.lanes))
    }

    fn blocked(&self, link: &Link, off_parcels: bool) -> bool {
        if link.contact != Contact::Gap {
            return false;
        }
        let (a, b) = (link.a.index(), link.b.index());
        let way = connection(self.land[a], self.land[b]);
        let free: Vec<(f64, f64)> = self.lanes.iter().filter_map(|&lane| within(way, lane)).collect();
        let is_free = |share: f64| free.iter().any(|&(from, to)| from <= share && share <= to);
        let edges = self.lines.iter().flat_map(|line| line.windows(2));
        if edges.filter_map(|e| crossing(way, [e[0], e[1]])).any(|share| !is_free(share)) {
            return true;
        }
        // Two hundred places along the way, none at an end, where rounding would decide.
        let covered = |(from, to): (f64, f64)| {
            (0..200).all(|k| is_free(from + (to - from) * (f64::from(k) + 0.5) / 200.0))
        };
        if self.areas.iter().filter_map(|&area| within(way, area)).any(|part| !covered(part)) {
            return true;
        }
        let length = (way[0][0] - way[1][0]).hypot(way[0][1] - way[1][1]);
        let others = (0..self.land.len()).filter(|&i| i != a && i != b);
        let over = |i| within(way, self.land[i]).is_some_and(|(from, to)| (to - from) * length > 1e-3);
        off_parcels && others.into_iter().any(over)
    }
}

#[test]
fn agrees_with_brute_force() {
    let mut random = Random(77);
    let mut counts = [0; 4];
    for round in 0..16 {
        let lanes = [0, 60][round % 2];
        let town = Town::new(&mut random, 6, 12, lanes);
        let graph = within_gap(&town.set, 35.0).unwrap();
        for off_parcels in [false, true] {
            let mut barriers = town.barriers();
            if off_parcels {
                barriers = barriers.keep_off_parcels();
            }
            let found = barriers.apply(&town.set, &graph);
            let expected: Vec<Link> =
                graph.links().iter().filter(|link| town.blocked(link, off_parcels)).copied().collect();
            let differ = found.blocked.iter().find(|l| !expected.contains(l));
            let differ = differ.or_else(|| expected.iter().find(|l| !found.blocked.contains(l)));
            assert_eq!(differ, None, "round {round}, off parcels: {off_parcels}");
            assert_eq!(found.graph.links().len() + found.blocked.len(), graph.links().len());
            counts[usize::from(lanes > 0) * 2 + usize::from(off_parcels)] += expected.len();
        }
    }
    // Barriers block, lanes free, third parcels block more.
    assert!(counts[0] > 300 && counts[2] * 10 < counts[0] * 9 && counts[1] > counts[0], "{counts:?}");
}

#[test]
fn contacts_are_never_blocked_and_order_does_not_matter() {
    let set = rectangles([[0.0, 0.0, 10.0, 10.0], [10.0, 0.0, 10.0, 10.0], [25.0, 0.0, 10.0, 10.0]]);
    let graph = within_gap(&set, 6.0).unwrap();
    // Along the shared edge, and along the near edge of the third.
    let walls = [vec![[10.0, -5.0], [10.0, 15.0]], vec![[25.0, -5.0], [25.0, 15.0]]];
    let found = Barriers::new().lines(&walls).unwrap().apply(&set, &graph);
    assert_eq!(found.graph.links().iter().map(|l| l.contact).collect::<Vec<_>>(), [Contact::Edge]);
    assert_eq!(found.blocked.len(), 1);
    let town = Town::new(&mut Random(2), 9, 9, 9);
    let graph = within_gap(&town.set, 22.0).unwrap();
    let barriers = town.barriers().keep_off_parcels();
    let run = |threads| on_threads(threads, || barriers.apply(&town.set, &graph));
    assert_eq!(run(1), run(3));
    let nothing = Barriers::new().apply(&town.set, &graph);
    assert_eq!((nothing.graph, nothing.blocked.len()), (graph, 0));
    assert_eq!(Barriers::new().lines(&[vec![[0.0, f64::NAN]]]).unwrap_err().name(), "lines");
}

#[test]
fn a_barrier_along_the_connection_blocks_unless_all_of_it_is_free() {
    let set = rectangles([[0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 10.0, 10.0]]);
    let graph = within_gap(&set, 11.0).unwrap();
    let along = Barriers::new().lines(&[vec![[8.0, 5.0], [22.0, 5.0]]]).unwrap();
    assert_eq!(along.apply(&set, &graph).blocked.len(), 1);
    // Lanes over both ends leave the middle; one over all of it frees the way.
    let ends = along.clone().lanes(&boxes(&[[[9.0, 4.0], [12.0, 6.0]], [[18.0, 4.0], [21.0, 6.0]]]));
    assert_eq!(ends.apply(&set, &graph).blocked.len(), 1);
    let all = along.lanes(&boxes(&[[[9.0, 4.0], [21.0, 6.0]]]));
    assert_eq!(all.apply(&set, &graph).blocked.len(), 0);
}

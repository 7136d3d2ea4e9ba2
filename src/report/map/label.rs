//! Where names and numbers go: inside their area if they fit, beside it with a leader if they do not, never over each
//! other.

use crate::geometry::{Coord, Envelope, MultiPolygonRef};

use super::raster::Transform;

/// A text that looks for a place.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) text: String,
    pub(super) geometry: MultiPolygonRef<'a>,
    /// Width and height of the text, pixels.
    pub(super) size: [f64; 2],
    /// Whether it may stand beside its area, joined by a line. If not, it is left out where there is no room.
    pub(super) leader: bool,
}

/// A text that has one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// Position in the list of the wanted ones.
    pub(super) wanted: usize,
    /// The middle of the text, pixels.
    pub(super) center: Coord,
    /// The point of the area that a leader ends at.
    pub(super) leader_to: Option<Coord>,
}

/// Places the texts in order: the first ones choose first. Those outside of the frame or without room are left out.
pub(super) fn place(wanted: &[Wanted<'_>], transform: &Transform, frame: &Envelope) -> Vec<Placed> {
    let spots: Vec<Vec<(Coord, f64)>> = wanted
        .iter()
        .map(|w| spots(w.geometry, transform, frame, if w.leader { 1.0 } else { w.size[1] / w.size[0] }))
        .collect();
    let around = |[x, y]: Coord, [w, h]: [f64; 2]| Envelope {
        min: [x - w / 2.0, y - h / 2.0],
        max: [x + w / 2.0, y + h / 2.0],
    };
    let mut taken: Vec<Envelope> = Vec::new();
    let mut leaders: Vec<[Coord; 2]> = Vec::new();
    let mut placed = Vec::new();
    for (i, w) in wanted.iter().enumerate() {
        let Some(&(anchor, clearance)) = spots[i].first() else { continue };
        let free = |center: Coord, taken: &[Envelope], leaders: &[[Coord; 2]]| {
            let own = around(center, w.size);
            frame.contains(&own)
                && !taken.iter().any(|t| t.intersects(&own))
                && !leaders.iter().any(|l| touches(&own, l))
        };
        // A text with a leader need not lie wholly inside: its halo sets it off.
        let inside = if w.leader { clearance >= 0.45 * w.size[1] } else { true };
        let direct = inside
            .then(|| spots[i].iter().find(|(spot, _)| free(*spot, &taken, &leaders)))
            .flatten()
            .map(|&(spot, _)| (spot, None));
        let beside = || {
            let reach = w.size[0].hypot(w.size[1]) / 2.0;
            (0..5 * 16).map(|k| (1.5 + f64::from(k / 16) * 1.1, k % 16)).find_map(|(distance, turn)| {
                let angle = f64::from(turn) / 16.0 * std::f64::consts::TAU - 0.8;
                let r = clearance.min(3.0 * reach) + distance * reach;
                let center = [anchor[0] + r * angle.cos(), anchor[1] + r * angle.sin()];
                let line = [anchor, center];
                // Other areas' anchors stay visible, and leaders cross neither texts nor each other.
                let hides = |j: usize| {
                    let grown = around(center, w.size.map(|s| s + 6.0));
                    wanted[j].leader
                        && spots[j].first().is_some_and(|s| grown.contains(&around(s.0, [0.0; 2])))
                };
                let clear = free(center, &taken, &leaders)
                    && !taken.iter().any(|t| touches(t, &line))
                    && !leaders.iter().any(|l| cross(l, &line))
                    && !(0..wanted.len()).any(hides);
                clear.then_some((center, Some(anchor)))
            })
        };
        if let Some((center, leader_to)) = direct.or_else(|| w.leader.then(beside).flatten()) {
            taken.push(around(center, w.size.map(|s| s + 4.0)));
            leaders.extend(leader_to.map(|to| [to, center]));
            placed.push(Placed { wanted: i, center, leader_to });
        }
    }
    placed
}

/// Points inside the area and the frame, pixels, with their distance to the boundary, farthest first. Distances east count
/// `flatten` times, so that wide texts find wide places.
fn spots(
    geometry: MultiPolygonRef<'_>,
    transform: &Transform,
    frame: &Envelope,
    flatten: f64,
) -> Vec<(Coord, f64)> {
    const LINES: usize = 17;
    let edges = edges(geometry, transform);
    let seen = transform.envelope(&geometry.envelope());
    let [top, bottom] = [seen.min[1].max(frame.min[1]), seen.max[1].min(frame.max[1])];
    if seen.is_empty() || top > bottom {
        return Vec::new();
    }
    let mut spots = Vec::new();
    for line in 0..LINES {
        let y = top + (bottom - top) * (line as f64 + 0.5) / LINES as f64;
        let mut crossings: Vec<f64> = edges
            .iter()
            .filter(|[a, b]| (a[1] <= y) != (b[1] <= y))
            .map(|[a, b]| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
            .collect();
        crossings.sort_unstable_by(f64::total_cmp);
        for run in crossings.chunks_exact(2) {
            let [left, right] = [run[0].max(frame.min[0]), run[1].min(frame.max[0])];
            if left <= right {
                spots.extend([0.5, 0.25, 0.75].map(|part| [left + (right - left) * part, y]));
            }
        }
    }
    let mut spots: Vec<(Coord, f64)> = spots
        .into_iter()
        .map(|spot| {
            let nearest =
                edges.iter().map(|edge| squared_distance(spot, edge, flatten)).fold(f64::INFINITY, f64::min);
            (spot, nearest.sqrt())
        })
        .collect();
    // A polygon thinner than the scan lines still has a middle.
    if spots.is_empty() && frame.contains(&Envelope { min: seen.center(), max: seen.center() }) {
        spots.push((seen.center(), 0.0));
    }
    spots.sort_by(|a, b| b.1.total_cmp(&a.1));
    spots.truncate(24);
    spots
}

/// The edges of the geometry in pixels, without detail below a pixel.
fn edges(geometry: MultiPolygonRef<'_>, transform: &Transform) -> Vec<[Coord; 2]> {
    let mut edges = Vec::new();
    for ring in geometry.rings() {
        let Some(first) = ring.first().map(|&c| transform.apply(c)) else { continue };
        let mut from = first;
        for to in ring[1..].iter().map(|&c| transform.apply(c)) {
            if (to[0] - from[0]).abs().max((to[1] - from[1]).abs()) >= 1.0 {
                edges.push([from, to]);
                from = to;
            }
        }
        edges.push([from, first]);
    }
    edges
}

fn squared_distance(p: Coord, [a, b]: &[Coord; 2], flatten: f64) -> f64 {
    let [dx, dy] = [(b[0] - a[0]) * flatten, b[1] - a[1]];
    let [px, py] = [(p[0] - a[0]) * flatten, p[1] - a[1]];
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { ((px * dx + py * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - t * dx).powi(2) + (py - t * dy).powi(2)
}

/// Whether the segments share a point, touching ends aside.
fn cross(s: &[Coord; 2], t: &[Coord; 2]) -> bool {
    let side = |o: Coord, a: Coord, b: Coord| (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    side(s[0], s[1], t[0]) * side(s[0], s[1], t[1]) < 0.0
        && side(t[0], t[1], s[0]) * side(t[0], t[1], s[1]) < 0.0
}

/// Whether the segment meets the box.
fn touches(area: &Envelope, line: &[Coord; 2]) -> bool {
    let [min, max] = [area.min, area.max];
    let holds = |p: Coord| area.contains(&Envelope { min: p, max: p });
    holds(line[0])
        || holds(line[1])
        || cross(line, &[min, max])
        || cross(line, &[[min[0], max[1]], [max[0], min[1]]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MultiPolygonArray;

    const FRAME: Envelope = Envelope { min: [0.0, 0.0], max: [400.0, 400.0] };
    const PIXEL: Transform = Transform { scale: 1.0, origin: [0.0, 400.0] };

    fn squares(at: &[[f64; 3]]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for &[x, y, s] in at {
            array.push_ring([[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]]);
            array.end_polygon();
            array.end_geometry();
        }
        array
    }

    fn wanted(array: &MultiPolygonArray, leader: bool) -> Vec<Wanted<'_>> {
        array
            .iter()
            .map(|geometry| Wanted { text: String::new(), geometry, size: [24.0, 16.0], leader })
            .collect()
    }

    #[test]
    fn numbers_of_crowded_sites_move_aside_and_do_not_meet() {
        let sites: Vec<[f64; 3]> =
            (0..20).map(|i| [180.0 + f64::from(i % 5) * 9.0, 190.0 + f64::from(i / 5) * 9.0, 6.0]).collect();
        let array = squares(&sites);
        let placed = place(&wanted(&array, true), &PIXEL, &FRAME);
        assert!(placed.len() >= 9, "{} of 20 placed", placed.len());
        for (i, a) in placed.iter().enumerate() {
            assert!(a.leader_to.is_some());
            for b in &placed[..i] {
                let apart =
                    (a.center[0] - b.center[0]).abs() >= 24.0 || (a.center[1] - b.center[1]).abs() >= 16.0;
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn large_sites_hold_their_number_and_small_areas_lose_their_name() {
        let array = squares(&[[100.0, 100.0, 80.0]]);
        let placed = place(&wanted(&array, true), &PIXEL, &FRAME);
        assert_eq!((placed[0].center, placed[0].leader_to), ([140.0, 260.0], None));
        let array = squares(&[[100.0, 100.0, 5.0], [102.0, 100.0, 5.0], [900.0, 900.0, 5.0]]);
        assert_eq!(place(&wanted(&array, false), &PIXEL, &FRAME).len(), 1);
    }

    #[test]
    fn spots_lie_inside_and_outside_of_holes() {
        let mut array = MultiPolygonArray::new();
        array.push_ring([[100.0, 100.0], [300.0, 100.0], [300.0, 300.0], [100.0, 300.0], [100.0, 100.0]]);
        array.push_ring([[120.0, 120.0], [120.0, 280.0], [220.0, 280.0], [220.0, 120.0], [120.0, 120.0]]);
        array.end_polygon();
        array.end_geometry();
        let best = spots(array.get(0), &PIXEL, &FRAME, 1.0)[0].0;
        assert!(best[0] > 220.0 && best[0] < 300.0, "{best:?}");
    }
}

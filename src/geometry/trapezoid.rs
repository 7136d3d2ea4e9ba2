//! Exact areas of intersections as signed sums of trapezoids: no topology, no case for coincident or degenerate edges.
//!
//! A point lies in an area where the signed count of boundary edges above it is 1: edges that run left have the land
//! below them (+1), edges that run right above them (−1). The indicator of an intersection is the product of two such
//! sums, so its area is `Σ s_e·s_f ∫ min(e, f) dx` over all pairs of edges, above any common base line.

use super::{Coord, Envelope, MultiPolygonRef};

/// A boundary edge with the land on its left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub(crate) from: Coord,
    pub(crate) to: Coord,
}

/// All edges of a geometry.
pub(crate) fn edges(geometry: MultiPolygonRef<'_>) -> impl Iterator<Item = Edge> + use<'_> {
    geometry.rings().flat_map(|ring| ring.windows(2).map(|pair| Edge { from: pair[0], to: pair[1] }))
}

/// A signed edge inside a window, in coordinates relative to the window's lower left corner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    left: f64,
    right: f64,
    y_left: f64,
    slope: f64,
    sign: f64,
}

impl Piece {
    fn at(&self, x: f64) -> f64 {
        self.y_left + (x - self.left) * self.slope
    }
}

/// Area from which sorting the pieces is cheaper than looking at all pairs of them.
const SWEEP_FROM_PAIRS: usize = 4_096;

/// A window and the parts of edges in it: what lies below is left out, what lies above is pressed onto its upper side.
#[derive(Debug)]
pub(crate) struct Clipper {
    origin: Coord,
    width: f64,
    height: f64,
}

impl Clipper {
    pub(crate) fn new(window: &Envelope) -> Self {
        Self { origin: window.min, width: window.width(), height: window.height() }
    }

    /// Adds the pieces of one edge. A vertical one has none: it bounds no area from above.
    pub(crate) fn clip(&self, edge: &Edge, pieces: &mut Vec<Piece>) {
        let (sign, left, right) =
            if edge.from[0] > edge.to[0] { (1.0, edge.to, edge.from) } else { (-1.0, edge.from, edge.to) };
        let (mut x0, mut y0) = (left[0] - self.origin[0], left[1] - self.origin[1]);
        let (mut x1, mut y1) = (right[0] - self.origin[0], right[1] - self.origin[1]);
        if x1 <= 0.0 || x0 >= self.width || (y0 <= 0.0 && y1 <= 0.0) || x0 >= x1 {
            return;
        }
        let slope = (y1 - y0) / (x1 - x0);
        if x0 < 0.0 {
            y0 -= x0 * slope;
            x0 = 0.0;
        }
        if x1 > self.width {
            y1 -= (x1 - self.width) * slope;
            x1 = self.width;
        }
        if y0 <= 0.0 && y1 <= 0.0 {
            return;
        }
        // A side that is cut lies strictly between the ends, so the slope is not 0 where it divides.
        if y0 < 0.0 {
            x0 = (x0 - y0 / slope).min(x1);
            y0 = 0.0;
        } else if y1 < 0.0 {
            x1 = (x1 - y1 / slope).max(x0);
        }
        let top = self.height;
        if y0 >= top && y1 >= top {
            push_flat(pieces, x0, x1, top, sign);
            return;
        }
        if y0 > top {
            let cut = (x0 + (top - y0) / slope).min(x1);
            push_flat(pieces, x0, cut, top, sign);
            (x0, y0) = (cut, top);
        } else if y1 > top {
            let cut = (x1 - (y1 - top) / slope).max(x0);
            push_flat(pieces, cut, x1, top, sign);
            x1 = cut;
        }
        if x0 < x1 {
            pieces.push(Piece { left: x0, right: x1, y_left: y0, slope, sign });
        }
    }
}

/// Adds a piece along the upper side; where it carries on the last one, the two become one.
fn push_flat(pieces: &mut Vec<Piece>, left: f64, right: f64, y: f64, sign: f64) {
    if left >= right {
        return;
    }
    if let Some(last) = pieces.last_mut()
        && last.slope == 0.0
        && last.y_left == y
        && last.sign == sign
    {
        if last.right == left {
            last.right = right;
            return;
        }
        if last.left == right {
            last.left = left;
            return;
        }
    }
    pieces.push(Piece { left, right, y_left: y, slope: 0.0, sign });
}

/// Area inside both boundaries. The order of the pieces may change.
pub(crate) fn shared_area(a: &mut [Piece], b: &mut [Piece]) -> f64 {
    let mut sum = 0.0;
    if a.len() * b.len() < SWEEP_FROM_PAIRS {
        for e in &*a {
            for f in &*b {
                sum += below_both(e, f);
            }
        }
        return sum;
    }
    for pieces in [&mut *a, &mut *b] {
        pieces.sort_unstable_by(|p, q| {
            p.left.total_cmp(&q.left).then(p.y_left.total_cmp(&q.y_left)).then(p.slope.total_cmp(&q.slope))
        });
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i].left <= b[j].left {
            sum +=
                b[j..].iter().take_while(|f| f.left < a[i].right).map(|f| below_both(&a[i], f)).sum::<f64>();
            i += 1;
        } else {
            sum +=
                a[i..].iter().take_while(|e| e.left < b[j].right).map(|e| below_both(e, &b[j])).sum::<f64>();
            j += 1;
        }
    }
    sum
}

/// Signed area below the lower one of two pieces, over the stretch where both are.
fn below_both(e: &Piece, f: &Piece) -> f64 {
    let (left, right) = (e.left.max(f.left), e.right.min(f.right));
    if left >= right {
        return 0.0;
    }
    let (e0, e1, f0, f1) = (e.at(left), e.at(right), f.at(left), f.at(right));
    let (d0, d1) = (e0 - f0, e1 - f1);
    // ∫ min(e, f) = ∫ (e + f)/2 − ∫ |e − f|/2; the latter is one trapezoid, or two triangles where they cross.
    let apart = if d0 * d1 >= 0.0 { (d0 + d1).abs() } else { (d0 * d0 + d1 * d1) / (d0.abs() + d1.abs()) };
    e.sign * f.sign * (right - left) * ((e0 + e1 + f0 + f1) - apart) / 4.0
}

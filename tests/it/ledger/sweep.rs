//! Areas of any layering of polygons by slabs: no boolean operation, no trapezoid sum, no code of the library.
//!
//! The plane is cut at the height of every vertex and every crossing. Between two cuts edges do not cross, so that sorting
//! them along the middle gives trapezoids, each with the set of features it lies in (even-odd per feature).

use landuse::geometry::Coord;

/// Rings of one feature, closed or not.
pub(crate) type Rings = Vec<Vec<Coord>>;

struct Edge {
    feature: usize,
    low: Coord,
    high: Coord,
}

impl Edge {
    fn x_at(&self, y: f64) -> f64 {
        let t = (y - self.low[1]) / (self.high[1] - self.low[1]);
        self.low[0] + t * (self.high[0] - self.low[0])
    }
}

/// Calls `visit(area, inside)` for every trapezoid that lies in a feature; `inside[i]` tells whether it lies in feature `i`.
pub(crate) fn trapezoids(features: &[Rings], mut visit: impl FnMut(f64, &[bool])) {
    let mut edges = Vec::new();
    let mut cuts = Vec::new();
    for (feature, rings) in features.iter().enumerate() {
        for ring in rings {
            for (k, &a) in ring.iter().enumerate() {
                let b = ring[(k + 1) % ring.len()];
                cuts.push(a[1]);
                if a[1] != b[1] {
                    let (low, high) = if a[1] < b[1] { (a, b) } else { (b, a) };
                    edges.push(Edge { feature, low, high });
                }
            }
        }
    }
    edges.sort_by(|a, b| a.low[1].total_cmp(&b.low[1]));
    for (i, a) in edges.iter().enumerate() {
        for b in edges[i + 1..].iter().take_while(|b| b.low[1] < a.high[1]) {
            cuts.extend(crossing_height(a, b));
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let mut next = 0;
    let mut active: Vec<usize> = Vec::new();
    let mut inside = vec![false; features.len()];
    for slab in cuts.windows(2) {
        let (bottom, top) = (slab[0], slab[1]);
        let middle = f64::midpoint(bottom, top);
        active.retain(|&e| edges[e].high[1] > middle);
        while next < edges.len() && edges[next].low[1] < middle {
            if edges[next].high[1] > middle {
                active.push(next);
            }
            next += 1;
        }
        active.sort_by(|&a, &b| edges[a].x_at(middle).total_cmp(&edges[b].x_at(middle)));
        inside.fill(false);
        let mut within = 0_usize;
        for pair in active.windows(2) {
            let flag = &mut inside[edges[pair[0]].feature];
            *flag = !*flag;
            within = if *flag { within + 1 } else { within - 1 };
            let width = edges[pair[1]].x_at(middle) - edges[pair[0]].x_at(middle);
            if within > 0 && width > 0.0 {
                visit(width * (top - bottom), &inside);
            }
        }
    }
}

fn crossing_height(a: &Edge, b: &Edge) -> Option<f64> {
    let (bottom, top) = (a.low[1].max(b.low[1]), a.high[1].min(b.high[1]));
    if a.low[0].max(a.high[0]) < b.low[0].min(b.high[0]) || b.low[0].max(b.high[0]) < a.low[0].min(a.high[0])
    {
        return None;
    }
    let (at_bottom, at_top) = (a.x_at(bottom) - b.x_at(bottom), a.x_at(top) - b.x_at(top));
    (at_bottom * at_top < 0.0).then(|| bottom + (top - bottom) * at_bottom / (at_bottom - at_top))
}

#[test]
fn the_oracle_knows_squares_and_holes() {
    let square = |x: f64, y: f64, side: f64| vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
    let ring = vec![square(0.0, 0.0, 10.0), square(2.0, 2.0, 4.0)];
    let diamond = vec![vec![[10.0, 0.0], [15.0, 5.0], [10.0, 10.0], [5.0, 5.0]]];
    let (mut first, mut second, mut both) = (0.0, 0.0, 0.0);
    trapezoids(&[ring, diamond], |area, inside| {
        first += if inside[0] { area } else { 0.0 };
        second += if inside[1] { area } else { 0.0 };
        both += if inside[0] && inside[1] { area } else { 0.0 };
    });
    assert!((first - 84.0).abs() < 1e-12 && (second - 50.0).abs() < 1e-12, "{first} {second}");
    // Half the diamond, but for its tip in the hole: a triangle of height 1 and base 2.
    assert!((both - 24.0).abs() < 1e-12, "{both}");
}

//! Outlines of sets of blocks: rings of lattice edges, each edge drawn as one wiggly curve that all its users share.

use super::plan::Plan;
use super::plane::{Position, to_degrees};
use crate::random::{key, unit};

/// A ring of lattice nodes `(column, row)`, not closed.
pub(super) type NodeRing = Vec<(usize, usize)>;

/// Connected parts of a set, in order of their first block: for each its exterior ring and then its holes.
pub(super) fn parts(plan: &Plan, inside: &dyn Fn(usize) -> bool) -> Vec<Vec<NodeRing>> {
    let cells = plan.columns * plan.rows;
    let mut part = vec![u32::MAX; cells];
    let mut count = 0;
    for start in 0..cells {
        if part[start] != u32::MAX || !inside(start) {
            continue;
        }
        part[start] = count;
        let mut stack = vec![start];
        while let Some(cell) = stack.pop() {
            for (near, _) in plan.neighbours(cell) {
                if part[near] == u32::MAX && inside(near) {
                    part[near] = count;
                    stack.push(near);
                }
            }
        }
        count += 1;
    }
    // Edges run with the part on their left; without pinches each node starts at most one edge of one part.
    let width = plan.columns + 1;
    let mut next = vec![(u32::MAX, 0_usize); width * (plan.rows + 1)];
    let mut second = next.clone();
    let mut starts: Vec<(u32, usize)> = Vec::new();
    // A cell west or south of the lattice wraps round to a number beyond it.
    let at = |i: usize, j: usize| {
        if i < plan.columns && j < plan.rows { part[plan.cell(i, j)] } else { u32::MAX }
    };
    for j in 0..plan.rows {
        for i in 0..plan.columns {
            let own = part[plan.cell(i, j)];
            if own == u32::MAX {
                continue;
            }
            let node = |a: usize, b: usize| b * width + a;
            let sides = [
                (at(i, j.wrapping_sub(1)), node(i, j), node(i + 1, j)),
                (at(i + 1, j), node(i + 1, j), node(i + 1, j + 1)),
                (at(i, j + 1), node(i + 1, j + 1), node(i, j + 1)),
                (at(i.wrapping_sub(1), j), node(i, j + 1), node(i, j)),
            ];
            for (across, from, to) in sides {
                if across != own {
                    // Two parts may meet at a node: each keeps its own edge there.
                    let slot = if next[from].0 == u32::MAX { &mut next } else { &mut second };
                    slot[from] = (own, to);
                    starts.push((own, from));
                }
            }
        }
    }
    starts.sort_unstable();
    let mut rings: Vec<Vec<NodeRing>> = vec![Vec::new(); count as usize];
    for (own, start) in starts {
        let mut ring = Vec::new();
        let mut node = start;
        loop {
            let slot = if next[node].0 == own { &mut next[node] } else { &mut second[node] };
            if slot.0 != own {
                break;
            }
            slot.0 = u32::MAX;
            ring.push((node % width, node / width));
            node = slot.1;
        }
        // Nodes go row by row, so the first ring of a part starts at its lowest row: that one is the exterior.
        if ring.len() >= 4 {
            rings[own as usize].push(ring);
        }
    }
    rings
}

/// How an edge wiggles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiggle {
    /// Keeps layers apart.
    pub(super) salt: u64,
    /// Points between two nodes.
    pub(super) points: usize,
    /// How far a curve may leave its edge, as a share of the edge.
    pub(super) share: f64,
    /// And in metres beside half of the street's width; none where only the share counts.
    pub(super) beyond_street_m: Option<f64>,
}

/// Draws the edge from one node to the next, without the last node. A curve is a function over its edge and stays
/// within 22° of it near the nodes, so curves never meet but at nodes.
fn draw_edge(plan: &Plan, from: (usize, usize), to: (usize, usize), wiggle: Wiggle, out: &mut Vec<Position>) {
    let turned = to < from;
    let (first, last) = if turned { (to, from) } else { (from, to) };
    let (a, b) = (plan.node(first.0, first.1), plan.node(last.0, last.1));
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = (dx * dx + dy * dy).sqrt();
    let street = if first.0 == last.0 { plan.widths[0][first.0] } else { plan.widths[1][first.1] };
    let limit = wiggle
        .beyond_street_m
        .map_or(f64::INFINITY, |beyond| street / 2.0 + beyond)
        .min(wiggle.share * length);
    let stream = key([plan.seed, wiggle.salt, first.0 as u64, first.1 as u64, u64::from(first.0 == last.0)]);
    let steps = wiggle.points + 1;
    let value = |octave: u64, at: u64| 2.0 * unit(key([stream, octave, at])) - 1.0;
    let draw = |k: usize| {
        let t = k as f64 / steps as f64;
        let (mut waves, mut height, mut sum) = (3.0_f64, 1.0, 0.0);
        let mut octave = 0;
        while waves <= steps as f64 && octave < 8 {
            let x = t * waves;
            let (cell, f) = (x.floor(), x - x.floor());
            let s = f * f * (3.0 - 2.0 * f);
            sum += height * (value(octave, cell as u64) * (1.0 - s) + value(octave, cell as u64 + 1) * s);
            waves *= 2.3;
            height *= 0.45;
            octave += 1;
        }
        let bound = limit.min(0.4 * length * t.min(1.0 - t));
        let aside = (limit * sum).clamp(-bound, bound);
        to_degrees([a[0] + dx * t - dy / length * aside, a[1] + dy * t + dx / length * aside])
    };
    let start = plan.node(from.0, from.1);
    out.push(to_degrees(start));
    for k in 1..steps {
        out.push(draw(if turned { steps - k } else { k }));
    }
}

/// The closed ring of positions that a ring of nodes stands for.
pub(super) fn draw_ring(plan: &Plan, ring: &NodeRing, wiggle: Wiggle) -> Vec<Position> {
    let mut out = Vec::with_capacity(ring.len() * (wiggle.points + 1) + 1);
    for (k, &from) in ring.iter().enumerate() {
        draw_edge(plan, from, ring[(k + 1) % ring.len()], wiggle, &mut out);
    }
    out.extend(out.first().copied());
    out
}

//! Parcels for tests: rectangles, lattices and graphs.

use geo::{MultiPolygon, Rect, coord};
use landuse::adjacency::{Contact, Graph, Link};
use landuse::{Parcel, ParcelIdx, ParcelSet};

use crate::support::Random;

/// Rectangles given as x, y, width and height; the id is the position given.
pub(super) fn rectangles(sides: impl IntoIterator<Item = [f64; 4]>) -> ParcelSet {
    let parcel = |(i, [x, y, width, height]): (usize, [f64; 4])| {
        let land = Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + height });
        Parcel::new(i.to_string(), MultiPolygon::new(vec![land.to_polygon()]))
    };
    ParcelSet::local(sides.into_iter().enumerate().map(parcel))
}

/// Squares of `side` metres on a lattice, `street` metres apart.
pub(super) fn lattice(columns: usize, rows: usize, side: f64, street: f64) -> ParcelSet {
    let step = side + street;
    rectangles(
        (0..columns * rows).map(|i| [(i % columns) as f64 * step, (i / columns) as f64 * step, side, side]),
    )
}

/// For each parcel of a set of [`rectangles`], the position it was given at.
pub(super) fn given(set: &ParcelSet) -> Vec<usize> {
    set.source_row().iter().map(|&row| row as usize).collect()
}

/// A column in the order of the set, from one in the order given.
pub(super) fn arranged<T: Copy>(set: &ParcelSet, values: &[T]) -> Vec<T> {
    given(set).into_iter().map(|row| values[row]).collect()
}

/// A graph of gaps.
pub(super) fn graph(len: usize, links: &[(u32, u32, f64)]) -> Graph {
    let link = |&(a, b, gap_m): &(u32, u32, f64)| Link {
        a: ParcelIdx(a.min(b)),
        b: ParcelIdx(a.max(b)),
        contact: if gap_m > 0.0 { Contact::Gap } else { Contact::Edge },
        gap_m,
        shared_m: 0.0,
    };
    Graph::new(len, links.iter().map(link).collect())
}

/// A random graph: each pair is linked with a chance of `percent`, at a gap from 0 to 9 m.
pub(super) fn random_graph(random: &mut Random, len: usize, percent: u64) -> Graph {
    let mut links = Vec::new();
    for a in 0..len as u32 {
        for b in a + 1..len as u32 {
            if random.below(100) < percent {
                links.push((a, b, random.below(10) as f64));
            }
        }
    }
    graph(len, &links)
}

/// On so many threads.
pub(super) fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

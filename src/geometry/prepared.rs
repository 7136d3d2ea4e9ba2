//! One large area, made ready for many questions of how much of a parcel lies in it.

use super::trapezoid::{self, Clipper, Edge, Piece};
use super::{Envelope, MultiPolygonArray, MultiPolygonRef};

/// Edges below which a cell is not quartered any more.
const LEAF_EDGES: usize = 32;
/// Edges of a parcel from which it is cut along with the cells instead of being held against each of them whole.
const LARGE_PARCEL_EDGES: usize = 48;
/// Edges from which a cell's quarters are built on several threads.
const PARALLEL_EDGES: usize = 8_192;
/// Quarterings at most: 100 km become 6 mm.
const MAX_DEPTH: u32 = 24;
/// Quarterings in a row that may nearly double the edges (bundles of long parallel edges) before a cell is left as it is.
const MAX_FRUITLESS: u32 = 2;

/// A dissolved area of up to millions of vertices that tells how much of a parcel it covers.
///
/// The plane is quartered until a cell is empty, full, or holds few boundary edges. A parcel that meets only full cells
/// lies inside, one that meets only empty cells lies outside; for any other the area of the intersection is summed cell
/// by cell from signed trapezoids, exact but for the rounding of f64: there is no snapping, and no special case for
/// edges that coincide.
///
/// All geometries together are one area. They must be valid, exteriors counter-clockwise, interiors clockwise, and must
/// not overlap; land that two of them cover counts twice.
///
/// # Complexity
/// Building takes O(v log v) time for `v` vertices, on all threads, and keeps about 45 bytes per vertex. A question takes
/// O(log v) for a parcel away from the boundary, O(edges of the parcel × edges in its cells) otherwise.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, prepared::PreparedArea};
/// let square = |x: f64, side: f64| {
///     let mut array = MultiPolygonArray::new();
///     array.push_ring([[x, 0.0], [x + side, 0.0], [x + side, side], [x, side], [x, 0.0]]);
///     array.end_polygon();
///     array.end_geometry();
///     array
/// };
/// let line = PreparedArea::new(&square(0.0, 100.0));
/// assert_eq!(line.overlap_area(square(95.0, 10.0).get(0)), 50.0);
/// ```
#[derive(Debug, Clone)]
pub struct PreparedArea {
    root: Cell,
    bounds: Envelope,
}

/// A square of the plane.
#[derive(Debug, Clone)]
enum Cell {
    Empty,
    Full,
    /// The boundary in it, as edges whose signed sum is right inside the cell.
    Leaf(Box<[Edge]>),
    /// South-west, south-east, north-west, north-east.
    Split(Box<[Cell; 4]>),
}

/// What an envelope meets.
const MEETS_EMPTY: u8 = 1;
const MEETS_FULL: u8 = 2;
const MEETS_BOTH: u8 = MEETS_EMPTY | MEETS_FULL;

impl PreparedArea {
    /// Makes the union of all `polygons` ready.
    pub fn new(polygons: &MultiPolygonArray) -> Self {
        let extent = Envelope::of(polygons.coords().iter().copied());
        if extent.is_empty() {
            return Self { root: Cell::Empty, bounds: Envelope::EMPTY };
        }
        let side = extent.width().max(extent.height());
        let bounds = Envelope { min: extent.min, max: [extent.min[0] + side, extent.min[1] + side] };
        let edges = polygons.iter().flat_map(trapezoid::edges);
        // The first cut reads the coordinates in place: a copy of all edges would double the peak of memory.
        let root = if polygons.coords().len() <= LEAF_EDGES {
            let mut part = Part::new(bounds);
            edges.for_each(|edge| part.add(edge));
            part.into_cell(0, 0)
        } else {
            split(quarter(edges, &[], &bounds), polygons.coords().len(), 0, 0)
        };
        Self { root, bounds }
    }

    /// Area of the part of `parcel` that lies in this area; the square of the coordinates' unit.
    ///
    /// The parcel must be valid, exteriors counter-clockwise, interiors clockwise. Several polygons and holes are fine.
    pub fn overlap_area(&self, parcel: MultiPolygonRef<'_>) -> f64 {
        let envelope = parcel.envelope();
        match self.meets(&envelope) {
            0 | MEETS_EMPTY => 0.0,
            MEETS_FULL => parcel.signed_area(),
            _ => {
                let edges: Vec<Edge> = trapezoid::edges(parcel).collect();
                let mut overlap = Overlap { envelope, ours: Vec::new(), theirs: Vec::new() };
                overlap.sum(&self.root, &self.bounds, &edges).max(0.0)
            }
        }
    }

    /// Whether the boundary of this area may run through `envelope`, its border included.
    ///
    /// `false` is certain: the box lies wholly inside or wholly outside. `true` is not: the boundary may run only near it.
    pub fn meets_boundary(&self, envelope: &Envelope) -> bool {
        self.meets(envelope) == MEETS_BOTH
    }

    fn meets(&self, envelope: &Envelope) -> u8 {
        if envelope.is_empty() || !self.bounds.intersects(envelope) {
            return MEETS_EMPTY;
        }
        let beyond = if self.bounds.contains(envelope) { 0 } else { MEETS_EMPTY };
        meets(&self.root, &self.bounds, envelope, beyond)
    }
}

fn meets(cell: &Cell, bounds: &Envelope, envelope: &Envelope, mut seen: u8) -> u8 {
    match cell {
        Cell::Empty => seen | MEETS_EMPTY,
        Cell::Full => seen | MEETS_FULL,
        Cell::Leaf(_) => MEETS_BOTH,
        Cell::Split(children) => {
            for (child, quarter) in children.iter().zip(quarters(bounds)) {
                if seen == MEETS_BOTH {
                    break;
                }
                if quarter.intersects(envelope) {
                    seen = meets(child, &quarter, envelope, seen);
                }
            }
            seen
        }
    }
}

/// South-west, south-east, north-west, north-east.
fn quarters(bounds: &Envelope) -> [Envelope; 4] {
    let Envelope { min, max } = *bounds;
    let mid = bounds.center();
    [
        Envelope { min, max: mid },
        Envelope { min: [mid[0], min[1]], max: [max[0], mid[1]] },
        Envelope { min: [min[0], mid[1]], max: [mid[0], max[1]] },
        Envelope { min: mid, max },
    ]
}

/// One question, with the room it needs.
struct Overlap {
    envelope: Envelope,
    ours: Vec<Piece>,
    theirs: Vec<Piece>,
}

impl Overlap {
    /// Area inside `cell` and inside the boundary that `edges` are, within `bounds`.
    fn sum(&mut self, cell: &Cell, bounds: &Envelope, edges: &[Edge]) -> f64 {
        let window = Envelope {
            min: [bounds.min[0].max(self.envelope.min[0]), bounds.min[1].max(self.envelope.min[1])],
            max: [bounds.max[0].min(self.envelope.max[0]), bounds.max[1].min(self.envelope.max[1])],
        };
        if !(window.min[0] < window.max[0] && window.min[1] < window.max[1]) {
            return 0.0;
        }
        match cell {
            Cell::Empty => 0.0,
            Cell::Full => {
                self.clip(&window, edges);
                trapezoid::area(&self.theirs)
            }
            Cell::Leaf(boundary) => {
                let clipper = self.clip(&window, edges);
                self.ours.clear();
                for edge in boundary {
                    clipper.clip(edge, &mut self.ours);
                }
                trapezoid::shared_area(&mut self.ours, &mut self.theirs)
            }
            Cell::Split(children) if edges.len() > LARGE_PARCEL_EDGES => {
                let parts = quarter(edges.iter().copied(), &[], bounds);
                let mut sum = 0.0;
                for (child, part) in children.iter().zip(parts) {
                    if !matches!(child, Cell::Empty) {
                        let quarter = part.bounds;
                        let edges = part.into_edges();
                        if !edges.is_empty() {
                            sum += self.sum(child, &quarter, &edges);
                        }
                    }
                }
                sum
            }
            Cell::Split(children) => (children.iter().zip(quarters(bounds)))
                .map(|(child, quarter)| self.sum(child, &quarter, edges))
                .sum(),
        }
    }

    fn clip(&mut self, window: &Envelope, edges: &[Edge]) -> Clipper {
        let clipper = Clipper::new(window);
        self.theirs.clear();
        for edge in edges {
            clipper.clip(edge, &mut self.theirs);
        }
        clipper
    }
}

/// What is known of a boundary inside one cell.
struct Part {
    bounds: Envelope,
    edges: Vec<Edge>,
    /// By how much the number of edges above the cell changes, from each x on. Edges above are nothing but this.
    steps: Vec<(f64, i32)>,
    /// Where the last edge above the cell ended; one that starts there carries it on.
    open: Option<f64>,
}

impl Part {
    fn new(bounds: Envelope) -> Self {
        Self { bounds, edges: Vec::new(), steps: Vec::new(), open: None }
    }

    /// Adds an edge between the cell's left and right side that crosses neither its lower nor its upper side.
    fn add(&mut self, edge: Edge) {
        let (from, to) = (edge.from, edge.to);
        let (base, top) = (self.bounds.min[1], self.bounds.max[1]);
        if from[0] == to[0] || (from[1] <= base && to[1] <= base) {
            return;
        }
        if from[1] >= top && to[1] >= top {
            if self.open != Some(from[0]) {
                self.close();
                self.steps.push((from[0], -1));
            }
            self.open = Some(to[0]);
        } else {
            self.edges.push(edge);
        }
    }

    fn close(&mut self) {
        if let Some(end) = self.open.take() {
            self.steps.push((end, 1));
        }
    }

    /// Takes over the steps of the cell this one is a quarter of.
    fn inherit(&mut self, steps: &[(f64, i32)]) {
        self.steps.extend_from_slice(steps);
    }

    /// Brings the steps into their shortest form: ascending, inside the cell, none of them 0.
    fn settle(&mut self) {
        self.close();
        let [left, right] = [self.bounds.min[0], self.bounds.max[0]];
        self.steps.retain(|step| step.0 < right);
        self.steps.iter_mut().for_each(|step| step.0 = step.0.max(left));
        self.steps.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.steps.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        self.steps.retain(|step| step.1 != 0);
    }

    /// All edges, those above the cell as edges along its upper side.
    fn into_edges(mut self) -> Vec<Edge> {
        self.settle();
        let Self { bounds, mut edges, steps, .. } = self;
        let top = bounds.max[1];
        let mut count = 0i32;
        for (i, &(x, step)) in steps.iter().enumerate() {
            count += step;
            let end = steps.get(i + 1).map_or(bounds.max[0], |next| next.0);
            let (low, high) = ([x, top], [end, top]);
            let edge = if count > 0 { Edge { from: high, to: low } } else { Edge { from: low, to: high } };
            edges.extend(std::iter::repeat_n(edge, count.unsigned_abs() as usize));
        }
        edges
    }

    fn into_cell(mut self, depth: u32, fruitless: u32) -> Cell {
        self.settle();
        let size = self.edges.len() + self.steps.len();
        if self.edges.is_empty() {
            match *self.steps {
                [] => return Cell::Empty,
                [(x, 1)] if x == self.bounds.min[0] => return Cell::Full,
                _ => {}
            }
        }
        if size <= LEAF_EDGES || depth >= MAX_DEPTH || fruitless > MAX_FRUITLESS {
            return Cell::Leaf(self.into_edges().into_boxed_slice());
        }
        let parts = quarter(self.edges.iter().copied(), &self.steps, &self.bounds);
        drop(self);
        split(parts, size, depth, fruitless)
    }
}

/// Makes a cell of its quarters.
fn split(parts: [Part; 4], size: usize, depth: u32, fruitless: u32) -> Cell {
    let total: usize = parts.iter().map(|part| part.edges.len()).sum();
    let fruitless = if total * 10 > size * 17 { fruitless + 1 } else { 0 };
    let cell = |part: Part| part.into_cell(depth + 1, fruitless);
    let [sw, se, nw, ne] = parts;
    let children = if size < PARALLEL_EDGES {
        [cell(sw), cell(se), cell(nw), cell(ne)]
    } else {
        let ((sw, se), (nw, ne)) =
            rayon::join(|| rayon::join(|| cell(sw), || cell(se)), || rayon::join(|| cell(nw), || cell(ne)));
        [sw, se, nw, ne]
    };
    if children.iter().all(|child| matches!(child, Cell::Empty)) {
        Cell::Empty
    } else {
        Cell::Split(Box::new(children))
    }
}

/// Cuts a cell's boundary along the middle lines of the cell.
fn quarter(edges: impl Iterator<Item = Edge>, steps: &[(f64, i32)], bounds: &Envelope) -> [Part; 4] {
    let mid = bounds.center();
    let mut parts = quarters(bounds).map(Part::new);
    for edge in edges {
        let Edge { from, to } = edge;
        if from[0] <= mid[0] && to[0] <= mid[0] {
            add_to_column(&mut parts, 0, edge, mid[1]);
        } else if from[0] >= mid[0] && to[0] >= mid[0] {
            add_to_column(&mut parts, 1, edge, mid[1]);
        } else {
            let cut = [mid[0], between(from[1], to[1], (mid[0] - from[0]) / (to[0] - from[0]))];
            let first = usize::from(from[0] > mid[0]);
            add_to_column(&mut parts, first, Edge { from, to: cut }, mid[1]);
            add_to_column(&mut parts, 1 - first, Edge { from: cut, to }, mid[1]);
        }
    }
    let (west, east) = steps.split_at(steps.partition_point(|step| step.0 <= mid[0]));
    let carried = (mid[0], west.iter().map(|step| step.1).sum::<i32>());
    for (i, part) in parts.iter_mut().enumerate() {
        if i % 2 == 0 {
            part.inherit(west);
        } else {
            part.inherit(&[carried]);
            part.inherit(east);
        }
    }
    parts
}

fn add_to_column(parts: &mut [Part; 4], column: usize, edge: Edge, middle: f64) {
    let Edge { from, to } = edge;
    let (south, north) = (column, column + 2);
    if (from[1] < middle && to[1] > middle) || (from[1] > middle && to[1] < middle) {
        let cut = [between(from[0], to[0], (middle - from[1]) / (to[1] - from[1])), middle];
        for edge in [Edge { from, to: cut }, Edge { from: cut, to }] {
            parts[south].add(edge);
            parts[north].add(edge);
        }
    } else {
        parts[south].add(edge);
        parts[north].add(edge);
    }
}

/// The value at `share` of the way from `a` to `b`, never beyond either.
fn between(a: f64, b: f64, share: f64) -> f64 {
    (a + (b - a) * share).max(a.min(b)).min(a.max(b))
}

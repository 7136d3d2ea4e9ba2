//! Large areas, made ready for many questions of how much of a parcel lies in them.

use super::distance::Shape;
use super::near::{RingBoxes, meets};
use super::trapezoid::{self, Clipper, Edge, Piece};
use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef, boolean};
use crate::parallel;

/// Cells of a map per position of the boundary. With more, fewer parcels beside the boundary are measured that it does not meet.
const CELLS_PER_COORD: usize = 8;
/// Positions of the boundary in one tile, where an area is asked that holds much of it.
const TILE_POSITIONS: usize = 256;
/// Tiles to a side from which on that is done.
const FEWEST_TILES: usize = 8;
/// Cells of a map at most, 1 byte each.
const MOST_CELLS: usize = 1 << 24;

/// A dissolved area of up to millions of vertices that tells how much of a parcel it covers.
///
/// A map of equal cells tells which of them the boundary runs through, and whether the others lie inside. A parcel whose box meets no
/// cell of the boundary lies wholly inside or outside. For any other the boundary is cut to the parcel's box by boxes around its runs,
/// and the area of the intersection is summed from signed trapezoids, exact but for the rounding of f64: there is no
/// snapping, and no special case for edges that coincide.
///
/// All geometries together are one area. They must be valid, exteriors counter-clockwise, interiors clockwise, and must
/// not overlap; land that two of them cover counts twice.
///
/// # Complexity
/// Building takes O(v) time for `v` vertices and keeps about 26 bytes per vertex, a copy of them included. A question takes O(cells
/// that the box meets) for a parcel away from the boundary, else O(log v) for each time that the boundary runs past it, and the
/// edges in its box times those of the parcel above or below them. An area that holds tens of thousands of positions of the
/// boundary is asked tile by tile on all threads, in O(those).
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
    /// All polygons as one geometry.
    land: MultiPolygonArray,
    index: Index,
}

impl PreparedArea {
    /// Makes the union of all `polygons` ready.
    pub fn new(polygons: &MultiPolygonArray) -> Self {
        let mut land = MultiPolygonArray::with_capacity(1, polygons.coords().len());
        for polygon in polygons.iter().flat_map(|geometry| geometry.polygons()) {
            polygon.rings().for_each(|ring| land.push_ring(ring.iter().copied()));
            land.end_polygon();
        }
        land.end_geometry();
        Self::of_one(land)
    }

    /// As [`new`](Self::new) of a column of one geometry, which is not copied.
    pub(crate) fn of_one(land: MultiPolygonArray) -> Self {
        Self { index: Index::new(land.get(0)), land }
    }

    /// All its polygons, as one geometry.
    pub fn land(&self) -> &MultiPolygonArray {
        &self.land
    }

    /// Area of the part of `parcel` that lies in this area; the square of the coordinates' unit.
    ///
    /// The parcel must be valid, exteriors counter-clockwise, interiors clockwise. Several polygons and holes are fine.
    pub fn overlap_area<'p>(&self, parcel: impl Into<Shape<'p>>) -> f64 {
        self.index.overlap_area(self.land.get(0), &parcel.into())
    }

    /// As [`PreparedLand::intersection`].
    pub(crate) fn intersection(&self, parcel: &MultiPolygonRef<'_>) -> MultiPolygonArray {
        self.index.intersection(self.land.get(0), parcel)
    }

    /// Whether the boundary of this area may run through `envelope`, its border included.
    ///
    /// `false` is certain: the box lies wholly inside or wholly outside. `true` is not: the boundary may run only near it.
    pub fn meets_boundary(&self, envelope: &Envelope) -> bool {
        self.index.map.winding(envelope).is_none()
    }
}

/// As [`PreparedArea`], of land that is borrowed.
#[derive(Debug, Clone)]
pub(crate) struct PreparedLand<'a> {
    land: MultiPolygonRef<'a>,
    index: Index,
}

impl<'a> PreparedLand<'a> {
    pub(crate) fn new(land: MultiPolygonRef<'a>) -> Self {
        Self { land, index: Index::new(land) }
    }

    pub(crate) fn overlap_area<'p>(&self, parcel: impl Into<Shape<'p>>) -> f64 {
        self.index.overlap_area(self.land, &parcel.into())
    }

    /// Whether `envelope` lies inside or outside as a whole, where that can be told at once.
    pub(crate) fn is_whole(&self, envelope: &Envelope) -> Option<bool> {
        self.index.map.winding(envelope).and_then(|winding| match winding {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        })
    }

    /// Whether the boundary runs through `envelope`, its border included.
    pub(crate) fn boundary_meets(&self, envelope: &Envelope) -> bool {
        let mut found = false;
        if self.index.map.winding(envelope).is_none() {
            self.index.boxes.each_near(self.land, envelope, |ring| {
                // Edges that stand for a run lie beyond one side of the box, and so meet nothing.
                found = found || ring.windows(2).any(|edge| meets(edge[0], edge[1], envelope));
            });
        }
        found
    }

    /// The part of `parcel` that lies in the land: as [`boolean::intersection`], in O(log v) for `v` positions of the land and what that
    /// takes of those near the parcel.
    pub(crate) fn intersection(&self, parcel: &MultiPolygonRef<'_>) -> MultiPolygonArray {
        self.index.intersection(self.land, parcel)
    }
}

#[derive(Debug, Clone)]
struct Index {
    boxes: RingBoxes,
    map: Map,
}

impl Index {
    fn new(land: MultiPolygonRef<'_>) -> Self {
        let boxes = RingBoxes::new(land);
        Self { map: Map::new(land, &boxes.envelope()), boxes }
    }

    fn overlap_area(&self, land: MultiPolygonRef<'_>, parcel: &Shape<'_>) -> f64 {
        let window = parcel.envelope;
        match self.map.winding(&window) {
            Some(0) => 0.0,
            Some(winding) => f64::from(winding) * parcel.geometry.signed_area(),
            None => {
                let tiles = (self.positions_in(land, &window) / TILE_POSITIONS).isqrt();
                if tiles >= FEWEST_TILES {
                    return self.tiled_overlap_area(land, parcel, tiles);
                }
                let clipper = Clipper::new(&window);
                let (mut ours, mut theirs): (Vec<Piece>, Vec<Piece>) = (Vec::new(), Vec::new());
                self.clip(land, &window, &mut ours);
                trapezoid::edges(parcel.geometry).for_each(|edge| clipper.clip(&edge, &mut theirs));
                trapezoid::shared_area(&mut ours, &mut theirs).max(0.0)
            }
        }
    }

    /// Adds the boundary's pieces inside a window.
    fn clip(&self, land: MultiPolygonRef<'_>, window: &Envelope, pieces: &mut Vec<Piece>) {
        let clipper = Clipper::new(window);
        self.boxes.each_near(land, window, |ring| {
            for edge in ring.windows(2) {
                clipper.clip(&Edge { from: edge[0], to: edge[1] }, pieces);
            }
        });
    }

    /// About how many positions lie in a window, were they spread evenly.
    fn positions_in(&self, land: MultiPolygonRef<'_>, window: &Envelope) -> usize {
        let share = |axis: usize| {
            let bounds = &self.map.bounds;
            let common = window.max[axis].min(bounds.max[axis]) - window.min[axis].max(bounds.min[axis]);
            let length = bounds.max[axis] - bounds.min[axis];
            if length > 0.0 { (common / length).clamp(0.0, 1.0) } else { 1.0 }
        };
        (land.coords().len() as f64 * share(0) * share(1)) as usize
    }

    /// As [`overlap_area`](Self::overlap_area) of a parcel that holds much of the boundary: tile by tile of so many by so many, so
    /// that edges are only held against those near them. On all threads.
    fn tiled_overlap_area(&self, land: MultiPolygonRef<'_>, parcel: &Shape<'_>, tiles: usize) -> f64 {
        let other = Self::new(parcel.geometry);
        let bounds = &self.map.bounds;
        let window = Envelope {
            min: [0, 1].map(|axis| parcel.envelope.min[axis].max(bounds.min[axis])),
            max: [0, 1].map(|axis| parcel.envelope.max[axis].min(bounds.max[axis])),
        };
        // Neighbours share the very same sides, so that nothing between them is lost.
        let side = |axis: usize, i: usize| {
            let share = i as f64 / tiles as f64;
            if i == tiles {
                window.max[axis]
            } else {
                window.min[axis] + share * (window.max[axis] - window.min[axis])
            }
        };
        let of_row = |row: usize| {
            let (mut ours, mut theirs): (Vec<Piece>, Vec<Piece>) = (Vec::new(), Vec::new());
            let of_tile = |column: usize| {
                let tile = Envelope {
                    min: [side(0, column), side(1, row)],
                    max: [side(0, column + 1), side(1, row + 1)],
                };
                match (self.map.winding(&tile), other.map.winding(&tile)) {
                    (Some(0), _) | (_, Some(0)) => 0.0,
                    (Some(a), Some(b)) => f64::from(a) * f64::from(b) * tile.width() * tile.height(),
                    _ => {
                        ours.clear();
                        theirs.clear();
                        self.clip(land, &tile, &mut ours);
                        other.clip(parcel.geometry, &tile, &mut theirs);
                        trapezoid::shared_area(&mut ours, &mut theirs)
                    }
                }
            };
            (0..tiles).map(of_tile).sum::<f64>()
        };
        let rows: Vec<f64> = parallel::map(tiles, 1, of_row);
        rows.iter().sum::<f64>().max(0.0)
    }

    fn intersection(&self, land: MultiPolygonRef<'_>, parcel: &MultiPolygonRef<'_>) -> MultiPolygonArray {
        if parcel.coords().len() > land.coords().len() {
            return boolean::intersection(parcel, &land);
        }
        let mut near = Vec::new();
        self.boxes.each_near(land, &parcel.envelope(), |ring| near.push(ring.to_vec()));
        boolean::intersection_near(parcel, &near)
    }
}

/// The boundary drawn into equal square cells. A point belongs to the cell whose number its coordinates round down to.
#[derive(Debug, Clone)]
struct Map {
    bounds: Envelope,
    per_m: f64,
    columns: usize,
    /// How often the land winds around each cell, rows from south to north; [`Map::BOUNDARY`] where the boundary runs through it.
    cells: Vec<u8>,
}

impl Map {
    const BOUNDARY: u8 = u8::MAX;

    fn new(land: MultiPolygonRef<'_>, bounds: &Envelope) -> Self {
        let nothing = Self { bounds: Envelope::EMPTY, per_m: 0.0, columns: 0, cells: Vec::new() };
        let wanted = (land.coords().len() * CELLS_PER_COORD).clamp(1, MOST_CELLS) as f64;
        let longest = bounds.width().max(bounds.height());
        if bounds.is_empty() || longest == 0.0 {
            return nothing;
        }
        // A strip is as thick as a cell at least, so that there are never more cells than wanted.
        let cell_m = (bounds.width() * bounds.height() / wanted).sqrt().max(longest / wanted);
        let per_m = 1.0 / cell_m;
        let columns = (bounds.width() * per_m) as usize + 1;
        let rows = (bounds.height() * per_m) as usize + 1;
        let mut map = Self { bounds: *bounds, per_m, columns, cells: vec![0; columns * rows] };
        // By how much the winding changes from each cell on along the middle of its row.
        let mut steps = vec![0_i32; columns * rows];
        for ring in land.rings() {
            for edge in ring.windows(2) {
                map.draw(edge[0], edge[1], &mut steps);
            }
        }
        for (cells, steps) in map.cells.chunks_mut(columns).zip(steps.chunks(columns)) {
            let mut winding = 0;
            for (cell, step) in cells.iter_mut().zip(steps) {
                winding += step;
                if *cell != Self::BOUNDARY {
                    *cell = u8::try_from(winding).unwrap_or(Self::BOUNDARY);
                }
            }
        }
        map
    }

    fn column(&self, x: f64) -> usize {
        (((x - self.bounds.min[0]) * self.per_m).max(0.0) as usize).min(self.columns - 1)
    }

    fn row(&self, y: f64) -> usize {
        let rows = self.cells.len() / self.columns;
        (((y - self.bounds.min[1]) * self.per_m).max(0.0) as usize).min(rows - 1)
    }

    /// Marks the cells that an edge runs through, and where it crosses the middle of a row.
    fn draw(&mut self, from: Coord, to: Coord, steps: &mut [i32]) {
        let (low, high) = if from[1] <= to[1] { (from, to) } else { (to, from) };
        let (first, last) = (self.row(low[1]), self.row(high[1]));
        let cell_m = 1.0 / self.per_m;
        // What rounding may move a crossing by, many times over.
        let slack = 1e-6 * cell_m;
        let slope = if high[1] > low[1] { (high[0] - low[0]) / (high[1] - low[1]) } else { 0.0 };
        let at = |y: f64| low[0] + (y - low[1]) * slope;
        let ends = [low[0].min(high[0]), low[0].max(high[0])];
        for row in first..=last {
            let south = self.bounds.min[1] + row as f64 * cell_m;
            let (a, b) = if first == last {
                (ends[0], ends[1])
            } else {
                let enters = at((south - slack).max(low[1]));
                let leaves = at((south + cell_m + slack).min(high[1]));
                (enters.min(leaves).max(ends[0]), enters.max(leaves).min(ends[1]))
            };
            let start = row * self.columns;
            let (west, east) = (self.column(a - slack), self.column(b + slack));
            self.cells[start + west..=start + east].fill(Self::BOUNDARY);
            let middle = south + cell_m / 2.0;
            if low[1] <= middle && middle < high[1] {
                let next = self.column(at(middle).clamp(a, b)) + 1;
                if next < self.columns {
                    // Land lies to the left of an edge: east of one that runs south.
                    steps[start + next] += if from[1] > to[1] { 1 } else { -1 };
                }
            }
        }
    }

    /// How often the land winds around all of a box; none where the boundary may run through it.
    fn winding(&self, window: &Envelope) -> Option<u8> {
        if window.is_empty() || !self.bounds.intersects(window) {
            return Some(0);
        }
        let columns = self.column(window.min[0])..=self.column(window.max[0]);
        let first = if self.bounds.contains(window) {
            self.cells[self.row(window.min[1]) * self.columns + columns.start()]
        } else {
            0
        };
        let alike = (self.row(window.min[1])..=self.row(window.max[1])).all(|row| {
            let cells = &self.cells[row * self.columns..][columns.clone()];
            cells.iter().all(|&cell| cell == first)
        });
        (alike && first != Self::BOUNDARY).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, key};

    fn star(random: &mut Random, center: Coord, radius: f64, points: u32) -> Vec<Coord> {
        let at = |i: u32| {
            let angle = f64::from(i) / f64::from(points) * std::f64::consts::TAU;
            let radius = radius * random.between(0.4, 1.0);
            [center[0] + radius * angle.cos(), center[1] + radius * angle.sin()]
        };
        let mut ring: Vec<Coord> = (0..points).map(at).collect();
        ring.push(ring[0]);
        ring
    }

    #[test]
    fn tiles_hold_what_the_whole_holds() {
        let mut random = Random::new(key([31]));
        let mut stars = MultiPolygonArray::new();
        for i in 0..40 {
            for j in 0..40 {
                stars.push_ring(star(&mut random, [f64::from(i) * 20.0, f64::from(j) * 20.0], 9.0, 20));
                stars.end_polygon();
                stars.end_geometry();
            }
        }
        let area = PreparedArea::new(&stars);
        let (all, hole) =
            (star(&mut random, [400.0, 380.0], 700.0, 60), star(&mut random, [390.0; 2], 150.0, 9));
        let square = [[-1e3, -1e3], [2e3, -1e3], [2e3, 2e3], [-1e3, 2e3], [-1e3, -1e3]];
        for rings in [vec![all, hole.into_iter().rev().collect()], vec![square.to_vec()]] {
            let mut parcel = MultiPolygonArray::new();
            rings.into_iter().for_each(|ring| parcel.push_ring(ring));
            parcel.end_polygon();
            parcel.end_geometry();
            let parcel = parcel.get(0);
            let tiles = area.index.positions_in(area.land.get(0), &parcel.envelope()) / TILE_POSITIONS;
            assert!(tiles >= FEWEST_TILES * FEWEST_TILES, "{tiles} tiles");
            // Star by star nothing is large enough for tiles.
            let single = PreparedLand::new(parcel);
            let expected: f64 = stars.iter().map(|star| single.overlap_area(star)).sum();
            let found = area.overlap_area(parcel);
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} instead of {expected}");
        }
    }
}

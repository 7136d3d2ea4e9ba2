//! Polygons of a million parcels in one piece of memory, in the GeoArrow layout.

use std::ops::Range;

use geo::{Coord as GeoCoord, LineString, MultiPolygon, Polygon};

use super::{Coord, Envelope};
use crate::parallel;

/// A column of multipolygons: one buffer of coordinates and three arrays of offsets (GeoArrow's interleaved
/// multipolygon layout), so that loops walk memory in order.
///
/// Rings are stored as they were given; a [`ParcelSet`](crate::ParcelSet) holds only valid ones: closed, exterior
/// first and counter-clockwise, interiors clockwise.
///
/// Offsets are those of `GeoArrow`, 32 bits with a sign: at most 2,147,483,647 coordinates. [`MultiPolygonArray::fits`] tells before an
/// append.
///
/// ```
/// use landuse::geometry::MultiPolygonArray;
/// let mut array = MultiPolygonArray::new();
/// array.push_ring([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0], [0.0, 5.0], [0.0, 0.0]]);
/// array.end_polygon();
/// array.end_geometry();
/// assert_eq!(array.get(0).signed_area(), 50.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MultiPolygonArray {
    coords: Vec<Coord>,
    ring_offsets: Vec<i32>,
    polygon_offsets: Vec<i32>,
    geometry_offsets: Vec<i32>,
}

impl Default for MultiPolygonArray {
    fn default() -> Self {
        Self::new()
    }
}

impl MultiPolygonArray {
    /// An empty column.
    pub fn new() -> Self {
        Self {
            coords: Vec::new(),
            ring_offsets: vec![0],
            polygon_offsets: vec![0],
            geometry_offsets: vec![0],
        }
    }

    /// An empty column with room for `geometries` simple polygons of `coords` positions in all.
    pub fn with_capacity(geometries: usize, coords: usize) -> Self {
        let offsets = || {
            let mut offsets = Vec::with_capacity(geometries + 1);
            offsets.push(0);
            offsets
        };
        Self {
            coords: Vec::with_capacity(coords),
            ring_offsets: offsets(),
            polygon_offsets: offsets(),
            geometry_offsets: offsets(),
        }
    }

    /// Takes everything out, to be filled again.
    pub(super) fn clear(&mut self) {
        self.coords.clear();
        for offsets in [&mut self.ring_offsets, &mut self.polygon_offsets, &mut self.geometry_offsets] {
            offsets.truncate(1);
        }
    }

    /// How many geometries there are.
    pub fn len(&self) -> usize {
        self.geometry_offsets.len() - 1
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All coordinates of all geometries, in order.
    pub fn coords(&self) -> &[Coord] {
        &self.coords
    }

    /// All coordinates, to be moved in place (projection). Offsets stay.
    pub fn coords_mut(&mut self) -> &mut [Coord] {
        &mut self.coords
    }

    /// The most coordinates that offsets can address.
    pub const MAX_COORDS: usize = i32::MAX as usize;

    /// Offsets of rings into [`coords`](Self::coords), of polygons into rings, of geometries into polygons, as `GeoArrow` has them.
    pub fn offsets(&self) -> (&[i32], &[i32], &[i32]) {
        (&self.ring_offsets, &self.polygon_offsets, &self.geometry_offsets)
    }

    /// Geometry `i`.
    ///
    /// # Panics
    /// Where `i` is not below [`len`](Self::len), as a slice does.
    pub fn get(&self, i: usize) -> MultiPolygonRef<'_> {
        MultiPolygonRef { array: self, polygons: [self.geometry_offsets[i], self.geometry_offsets[i + 1]] }
    }

    /// All geometries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = MultiPolygonRef<'_>> + Clone {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Adds one position to the open ring.
    pub fn push_coord(&mut self, coord: Coord) {
        self.coords.push(coord);
    }

    /// Closes the list of positions that were pushed since the last ring.
    pub fn end_ring(&mut self) {
        self.ring_offsets.push(offset(self.coords.len()));
    }

    /// Adds a whole ring.
    pub fn push_ring(&mut self, ring: impl IntoIterator<Item = Coord>) {
        self.coords.extend(ring);
        self.end_ring();
    }

    /// Makes one polygon of the rings since the last one; the first is its exterior.
    pub fn end_polygon(&mut self) {
        self.polygon_offsets.push(offset(self.ring_offsets.len() - 1));
    }

    /// Makes one geometry of the polygons since the last one.
    pub fn end_geometry(&mut self) {
        self.geometry_offsets.push(offset(self.polygon_offsets.len() - 1));
    }

    /// Drops coordinates, rings and polygons that belong to no finished geometry.
    pub fn rollback(&mut self) {
        let polygons = self.geometry_offsets[self.geometry_offsets.len() - 1] as usize;
        self.polygon_offsets.truncate(polygons + 1);
        let rings = self.polygon_offsets[polygons] as usize;
        self.ring_offsets.truncate(rings + 1);
        self.coords.truncate(self.ring_offsets[rings] as usize);
    }

    /// Adds a geometry of another column.
    pub fn push(&mut self, geometry: MultiPolygonRef<'_>) {
        for polygon in geometry.polygons() {
            for ring in polygon.rings() {
                self.coords.extend_from_slice(ring);
                self.end_ring();
            }
            self.end_polygon();
        }
        self.end_geometry();
    }

    /// Adds a geometry of another column with every exterior turned counter-clockwise and every interior clockwise.
    pub fn push_oriented(&mut self, geometry: MultiPolygonRef<'_>) {
        for polygon in geometry.polygons() {
            for (position, ring) in polygon.rings().enumerate() {
                if (ring_area(ring) > 0.0) == (position == 0) {
                    self.coords.extend_from_slice(ring);
                } else {
                    self.coords.extend(ring.iter().rev());
                }
                self.end_ring();
            }
            self.end_polygon();
        }
        self.end_geometry();
    }

    /// Adds a `geo` geometry.
    pub fn push_geo(&mut self, geometry: &MultiPolygon<f64>) {
        for polygon in geometry {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                self.push_ring(ring.coords().map(|c| [c.x, c.y]));
            }
            self.end_polygon();
        }
        self.end_geometry();
    }

    /// Whether `extra` more coordinates can still be addressed.
    pub fn fits(&self, extra: usize) -> bool {
        self.coords.len().checked_add(extra).is_some_and(|n| i32::try_from(n).is_ok())
    }

    /// Adds all geometries of `other` behind the own ones. Both must hold only finished geometries.
    pub fn append(&mut self, other: &Self) {
        let shift = |own: &mut Vec<i32>, theirs: &[i32]| {
            let base = own[own.len() - 1];
            own.extend(theirs[1..].iter().map(|o| o + base));
        };
        shift(&mut self.ring_offsets, &other.ring_offsets);
        shift(&mut self.polygon_offsets, &other.polygon_offsets);
        shift(&mut self.geometry_offsets, &other.geometry_offsets);
        self.coords.extend_from_slice(&other.coords);
    }

    /// The geometries at `order`, in that order; positions may repeat or be left out.
    ///
    /// # Panics
    /// Where a position is not below [`len`](Self::len).
    #[must_use]
    pub fn take(&self, order: &[u32]) -> Self {
        let coords = order.iter().map(|&i| self.get(i as usize).coords().len()).sum();
        let mut taken = Self::with_capacity(order.len(), coords);
        for &i in order {
            taken.push(self.get(i as usize));
        }
        taken
    }
}

/// A run of a gathering: where its geometries come from and where they go.
struct Gathering<'a> {
    order: &'a [u32],
    coords: &'a mut [Coord],
    rings: &'a mut [i32],
    polygons: &'a mut [i32],
    geometries: &'a mut [i32],
    /// Coordinates, rings and polygons before the run.
    before: [usize; 3],
}

impl MultiPolygonArray {
    /// One geometry for each of `order`, as `get` gives it, every exterior turned counter-clockwise and every interior
    /// clockwise; on all threads.
    pub(crate) fn gather<'a>(order: &[u32], get: impl Fn(u32) -> MultiPolygonRef<'a> + Sync) -> Self {
        const RUN: usize = 4_096;
        let sizes: Vec<[usize; 3]> = parallel::map(order.len().div_ceil(RUN), 1, |number| {
            let run = &order[number * RUN..order.len().min((number + 1) * RUN)];
            run.iter().map(|&i| get(i)).fold([0; 3], |[coords, rings, polygons], shape| {
                [
                    coords + shape.coords().len(),
                    rings + shape.rings().len(),
                    polygons + shape.polygons().len(),
                ]
            })
        });
        let total = |part: usize| sizes.iter().map(|size| size[part]).sum::<usize>();
        let mut array = Self {
            coords: vec![[0.0; 2]; total(0)],
            ring_offsets: vec![0; total(1) + 1],
            polygon_offsets: vec![0; total(2) + 1],
            geometry_offsets: vec![0; order.len() + 1],
        };
        let mut coords = &mut array.coords[..];
        let [mut rings, mut polygons, mut geometries] =
            [&mut array.ring_offsets, &mut array.polygon_offsets, &mut array.geometry_offsets]
                .map(|offsets| &mut offsets[1..]);
        let mut before = [0; 3];
        let mut runs = Vec::with_capacity(sizes.len());
        for (order, size) in order.chunks(RUN).zip(&sizes) {
            let run = Gathering {
                order,
                coords: coords.split_off_mut(..size[0]).unwrap_or_default(),
                rings: rings.split_off_mut(..size[1]).unwrap_or_default(),
                polygons: polygons.split_off_mut(..size[2]).unwrap_or_default(),
                geometries: geometries.split_off_mut(..order.len()).unwrap_or_default(),
                before,
            };
            runs.push(run);
            before = [0, 1, 2].map(|part| before[part] + size[part]);
        }
        parallel::consume(runs, |run| run.fill(&get));
        array
    }
}

impl Gathering<'_> {
    fn fill<'a>(self, get: &impl Fn(u32) -> MultiPolygonRef<'a>) {
        let [coords_before, rings_before, polygons_before] = self.before;
        let [mut coords, mut rings, mut polygons] = [0; 3];
        for (&i, end) in self.order.iter().zip(self.geometries) {
            for polygon in get(i).polygons() {
                for (position, ring) in polygon.rings().enumerate() {
                    let target = &mut self.coords[coords..coords + ring.len()];
                    target.copy_from_slice(ring);
                    if (ring_area(ring) > 0.0) != (position == 0) {
                        target.reverse();
                    }
                    coords += ring.len();
                    self.rings[rings] = offset(coords_before + coords);
                    rings += 1;
                }
                self.polygons[polygons] = offset(rings_before + rings);
                polygons += 1;
            }
            *end = offset(polygons_before + polygons);
        }
    }
}

impl<'a> FromIterator<&'a MultiPolygon<f64>> for MultiPolygonArray {
    fn from_iter<I: IntoIterator<Item = &'a MultiPolygon<f64>>>(geometries: I) -> Self {
        let mut array = Self::new();
        for geometry in geometries {
            array.push_geo(geometry);
        }
        array
    }
}

/// A position as an offset; [`MultiPolygonArray::fits`] is asked before there are too many.
#[inline]
fn offset(position: usize) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

/// One multipolygon of a [`MultiPolygonArray`]: a cheap view.
#[derive(Clone, Copy)]
pub struct MultiPolygonRef<'a> {
    array: &'a MultiPolygonArray,
    polygons: [i32; 2],
}

impl std::fmt::Debug for MultiPolygonRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.polygons()).finish()
    }
}

impl<'a> MultiPolygonRef<'a> {
    /// Its polygons in order.
    pub fn polygons(&self) -> impl ExactSizeIterator<Item = PolygonRef<'a>> + Clone + use<'a> {
        let array = self.array;
        let [start, end] = self.polygons.map(|p| p as usize);
        (start..end).map(move |p| PolygonRef {
            array,
            rings: [array.polygon_offsets[p], array.polygon_offsets[p + 1]],
        })
    }

    /// Each of its polygons as a geometry of its own.
    pub(super) fn parts(&self) -> impl ExactSizeIterator<Item = MultiPolygonRef<'a>> + use<'a> {
        let array = self.array;
        let [start, end] = self.polygons;
        (start..end).map(move |p| MultiPolygonRef { array, polygons: [p, p + 1] })
    }

    fn ring_range(&self) -> Range<usize> {
        let offsets = &self.array.polygon_offsets;
        let [start, end] = self.polygons.map(|p| offsets[p as usize] as usize);
        start..end
    }

    /// All rings of all its polygons in order, exteriors and interiors alike.
    pub fn rings(&self) -> impl ExactSizeIterator<Item = &'a [Coord]> + Clone + use<'a> {
        let array = self.array;
        self.ring_range().map(move |r| array.ring(r))
    }

    /// Ring `i` of [`rings`](Self::rings).
    pub(super) fn ring(&self, i: usize) -> &'a [Coord] {
        self.array.ring(self.ring_range().start + i)
    }

    /// All its coordinates as one slice.
    pub fn coords(&self) -> &'a [Coord] {
        let rings = self.ring_range();
        let offsets = &self.array.ring_offsets;
        &self.array.coords[offsets[rings.start] as usize..offsets[rings.end] as usize]
    }

    /// The least box around it; [`Envelope::EMPTY`] without coordinates.
    pub fn envelope(&self) -> Envelope {
        Envelope::of(self.coords().iter().copied())
    }

    /// Sum of the signed areas of its rings (shoelace formula about the first vertex of each ring): the area with holes
    /// taken out where exteriors run counter-clockwise and interiors clockwise. Square of the coordinates' unit.
    pub fn signed_area(&self) -> f64 {
        self.rings().map(ring_area).sum()
    }

    /// The same geometry as a `geo` type.
    pub fn to_geo(&self) -> MultiPolygon<f64> {
        MultiPolygon::new(self.polygons().map(|p| p.to_geo()).collect())
    }
}

impl MultiPolygonArray {
    fn ring(&self, r: usize) -> &[Coord] {
        &self.coords[self.ring_offsets[r] as usize..self.ring_offsets[r + 1] as usize]
    }
}

/// One polygon of a [`MultiPolygonRef`]: a cheap view.
#[derive(Clone, Copy)]
pub struct PolygonRef<'a> {
    array: &'a MultiPolygonArray,
    rings: [i32; 2],
}

impl std::fmt::Debug for PolygonRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.rings()).finish()
    }
}

impl<'a> PolygonRef<'a> {
    /// Its rings: the exterior first, then the interiors.
    pub fn rings(&self) -> impl ExactSizeIterator<Item = &'a [Coord]> + Clone + use<'a> {
        let array = self.array;
        let [start, end] = self.rings.map(|r| r as usize);
        (start..end).map(move |r| array.ring(r))
    }

    /// The same polygon as a `geo` type. Without rings it is the empty polygon.
    pub fn to_geo(&self) -> Polygon<f64> {
        let mut rings = self
            .rings()
            .map(|ring| LineString::new(ring.iter().map(|c| GeoCoord { x: c[0], y: c[1] }).collect()));
        let exterior = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
        Polygon::new(exterior, rings.collect())
    }
}

/// Signed area of a closed ring: positive where it runs counter-clockwise. Shoelace formula about the first vertex, which
/// keeps the digits that coordinates of millions of metres would lose. 0 below three positions.
///
/// ```
/// let square = [[4e6, 5e6], [4e6 + 2.0, 5e6], [4e6 + 2.0, 5e6 + 2.0], [4e6, 5e6 + 2.0], [4e6, 5e6]];
/// assert_eq!(landuse::geometry::array::ring_area(&square), 4.0);
/// ```
pub fn ring_area(ring: &[Coord]) -> f64 {
    let Some(&[x0, y0]) = ring.first() else { return 0.0 };
    let twice: f64 = ring
        .windows(2)
        .map(|edge| (edge[0][0] - x0) * (edge[1][1] - y0) - (edge[1][0] - x0) * (edge[0][1] - y0))
        .sum();
    twice / 2.0
}

//! What cuts neighbours off from each other: expressways, railways, rivers, control lines.

use super::{Contact, Graph, Link};
use crate::error::ParamError;
use crate::geometry::EnvelopeIndex;
use crate::geometry::distance::{SNAP_M, to_point};
use crate::geometry::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelSet};

/// Barriers between parcels, and the lanes through them.
///
/// A [`Contact::Gap`] link is *blocked* where the shortest connection of the two parcels meets a barrier outside all lanes: a line where
/// they share a point, an area where the connection runs through its inside. A line along a parcel's edge counts. Parcels that touch or overlap are neighbours whatever is drawn between
/// them.
///
/// Where two edges run parallel there are many shortest connections: that in the middle of the stretch counts, of the longest
/// stretch where there are several that are equally near within a millimetre, and of equal ones that lowest by (x, y). A link that a
/// barrier blocks at its narrowest place stays blocked, though there may be a way around the barrier's end: draw a lane there.
///
/// ```
/// use geo::{MultiPolygon, Rect, coord};
/// use landuse::adjacency::{Barriers, within_gap};
/// use landuse::geometry::MultiPolygonArray;
/// use landuse::{Parcel, ParcelSet};
/// let square = |id: &str, x: f64| {
///     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 10.0, y: 10.0 });
///     Parcel::new(id, MultiPolygon::new(vec![land.to_polygon()]))
/// };
/// let parcels = ParcelSet::local([square("A", 0.0), square("B", 12.0), square("C", 24.0)]);
/// let graph = within_gap(&parcels, 5.0)?;
/// let railway = vec![[11.0, -50.0], [11.0, 50.0]];
/// let barriers = Barriers::new().lines(&[railway])?;
/// let barred = barriers.apply(&parcels, &graph);
/// assert_eq!((barred.graph.links().len(), barred.blocked.len()), (1, 1));
///
/// let mut underpass = MultiPolygonArray::new();
/// underpass.push_ring([[10.0, 4.0], [12.0, 4.0], [12.0, 6.0], [10.0, 6.0], [10.0, 4.0]]);
/// underpass.end_polygon();
/// underpass.end_geometry();
/// assert_eq!(barriers.lanes(&underpass).apply(&parcels, &graph).blocked.len(), 0);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Barriers {
    edges: Vec<[Coord; 2]>,
    areas: MultiPolygonArray,
    lanes: MultiPolygonArray,
    keep_off_parcels: bool,
}

/// A graph without the links that barriers block.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Barred {
    /// The links that are left.
    pub graph: Graph,
    /// The links that are blocked, by (a, b).
    pub blocked: Vec<Link>,
}

impl Barriers {
    /// No barrier.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds lines, each a list of positions, m.
    ///
    /// # Errors
    /// [`ParamError`] for a coordinate that is not finite.
    pub fn lines(mut self, lines: &[Vec<Coord>]) -> Result<Self, ParamError> {
        if let Some([x, y]) = lines.iter().flatten().find(|[x, y]| !(x.is_finite() && y.is_finite())) {
            return Err(ParamError::new("lines", format!("[{x}, {y}]"), "finite coordinates"));
        }
        for line in lines {
            self.edges.extend(line.windows(2).map(|edge| [edge[0], edge[1]]));
        }
        Ok(self)
    }

    /// Adds areas: a connection is blocked where it runs inside.
    #[must_use]
    pub fn areas(mut self, areas: &MultiPolygonArray) -> Self {
        self.areas.append(areas);
        self
    }

    /// Adds areas within which connections are free: bridges, underpasses, crossings.
    #[must_use]
    pub fn lanes(mut self, lanes: &MultiPolygonArray) -> Self {
        self.lanes.append(lanes);
        self
    }

    /// Makes a link blocked also where its shortest connection runs over a third parcel for more than a
    /// millimetre, lane or not.
    #[must_use]
    pub fn keep_off_parcels(mut self) -> Self {
        self.keep_off_parcels = true;
        self
    }

    /// Takes the blocked links out of a graph.
    ///
    /// # Panics
    /// Where the graph is not of this set.
    ///
    /// # Complexity
    /// O(log b) per gap link for b barrier edges; for links whose parcels have a barrier near the gap between them, also O(e·f) for the edges
    /// of both. On all threads; the result does not depend on their number.
    pub fn apply(&self, set: &ParcelSet, graph: &Graph) -> Barred {
        assert_eq!(graph.len(), set.len(), "one row per parcel");
        let search = Search::new(self, set);
        let blocks = parallel::map(graph.links().len(), 1, |i| search.blocks(&graph.links()[i]));
        let links = || graph.links().iter().zip(&blocks);
        Barred {
            graph: Graph::new(set.len(), links().filter(|l| !l.1).map(|l| *l.0).collect()),
            blocked: links().filter(|l| *l.1).map(|l| *l.0).collect(),
        }
    }
}

/// Barriers, lanes and parcels with their indexes.
struct Search<'a> {
    barriers: &'a Barriers,
    set: &'a ParcelSet,
    edges: EnvelopeIndex,
    areas: EnvelopeIndex,
    lanes: EnvelopeIndex,
    parcels: Option<EnvelopeIndex>,
}

impl<'a> Search<'a> {
    fn new(barriers: &'a Barriers, set: &'a ParcelSet) -> Self {
        let index = |array: &MultiPolygonArray| {
            EnvelopeIndex::new(&array.iter().map(|g| g.envelope()).collect::<Vec<_>>())
        };
        let edges: Vec<Envelope> = barriers.edges.iter().map(|edge| Envelope::of(*edge)).collect();
        Self {
            barriers,
            set,
            edges: EnvelopeIndex::new(&edges),
            areas: index(&barriers.areas),
            lanes: index(&barriers.lanes),
            parcels: barriers.keep_off_parcels.then(|| EnvelopeIndex::new(set.envelopes())),
        }
    }

    fn blocks(&self, link: &Link) -> bool {
        if link.contact != Contact::Gap {
            return false;
        }
        let [a, b] = [link.a, link.b].map(|p| (self.set.get(p).geometry(), self.set.get(p).envelope()));
        // Connections lie within the gap of both boxes.
        let reach = link.gap_m + SNAP_M;
        let (near_a, near_b) = (a.1.grown(reach), b.1.grown(reach));
        let window = Envelope {
            min: [near_a.min[0].max(near_b.min[0]), near_a.min[1].max(near_b.min[1])],
            max: [near_a.max[0].min(near_b.max[0]), near_a.max[1].min(near_b.max[1])],
        };
        let third = |index: &EnvelopeIndex, window: Envelope| {
            index.candidates(window).any(|p| p != link.a.0 && p != link.b.0)
        };
        let nothing_near = self.edges.candidates(window).next().is_none()
            && self.areas.candidates(window).next().is_none()
            && !self.parcels.as_ref().is_some_and(|index| third(index, window));
        if nothing_near {
            return false;
        }
        let Some(connection) = shortest_connection(a.0, b.0, &window) else { return false };
        self.meets_barrier(connection) || self.passes_parcel(connection, link)
    }

    fn meets_barrier(&self, connection: [Coord; 2]) -> bool {
        let window = Envelope::of(connection).grown(SNAP_M);
        let lanes: Vec<MultiPolygonRef<'_>> =
            self.lanes.candidates(window).map(|i| self.barriers.lanes.get(i as usize)).collect();
        let free = |at: Coord| lanes.iter().any(|lane| to_point(*lane, at) <= SNAP_M);
        let on_line = self.edges.candidates(window).any(|i| {
            let shared = shared_points(connection, self.barriers.edges[i as usize]);
            // Where they run together, all of the stretch must be free.
            let between = match shared[..] {
                [from, to] => stretches([from, to], &lanes),
                _ => Vec::new(),
            };
            shared.iter().chain(between.iter().map(|(middle, _)| middle)).any(|&at| !free(at))
        });
        on_line
            || self.areas.candidates(window).any(|i| {
                let area = self.barriers.areas.get(i as usize);
                let cutters: Vec<MultiPolygonRef<'_>> = lanes.iter().copied().chain([area]).collect();
                let mut parts = stretches(connection, &cutters).into_iter();
                parts.any(|(middle, _)| to_point(area, middle) == 0.0 && !free(middle))
            })
    }

    fn passes_parcel(&self, connection: [Coord; 2], link: &Link) -> bool {
        let Some(index) = &self.parcels else { return false };
        let mut others =
            index.candidates(Envelope::of(connection)).filter(|&p| p != link.a.0 && p != link.b.0);
        others.any(|other| {
            let parcel = self.set.get(ParcelIdx(other)).geometry();
            let mut parts = stretches(connection, &[parcel]).into_iter();
            parts.any(|(middle, length_m)| length_m > SNAP_M && to_point(parcel, middle) == 0.0)
        })
    }
}

/// The stretches that the boundaries of `cutters` cut a connection into: middle and length of each.
fn stretches([from, to]: [Coord; 2], cutters: &[MultiPolygonRef<'_>]) -> Vec<(Coord, f64)> {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length_m = along[0].hypot(along[1]);
    let share =
        |at: Coord| ((at[0] - from[0]) * along[0] + (at[1] - from[1]) * along[1]) / (length_m * length_m);
    let rings = cutters.iter().flat_map(MultiPolygonRef::rings);
    let met = rings.flat_map(|ring| ring.windows(2)).flat_map(|e| shared_points([from, to], [e[0], e[1]]));
    let mut cuts: Vec<f64> = met.map(share).chain([0.0, 1.0]).collect();
    cuts.sort_unstable_by(f64::total_cmp);
    let parts = cuts.windows(2).map(|pair| (f64::midpoint(pair[0], pair[1]), (pair[1] - pair[0]) * length_m));
    // A stretch that is made by rounding is none.
    parts
        .filter(|part| part.1 > 1e-6)
        .map(|(at, length_m)| ([from[0] + at * along[0], from[1] + at * along[1]], length_m))
        .collect()
}

/// What two segments share: nothing, a point, or the ends of a stretch.
fn shared_points(s: [Coord; 2], t: [Coord; 2]) -> Vec<Coord> {
    use geo::line_intersection::{LineIntersection, line_intersection};
    // Relative to a point at hand, so that the crossing keeps its digits.
    let [ox, oy] = s[0];
    let line = |e: [Coord; 2]| {
        let [a, b] = e.map(|c| geo::Coord { x: c[0] - ox, y: c[1] - oy });
        geo::Line::new(a, b)
    };
    let place = |c: geo::Coord| [c.x + ox, c.y + oy];
    match line_intersection(line(s), line(t)) {
        None => Vec::new(),
        Some(LineIntersection::SinglePoint { intersection, .. }) => vec![place(intersection)],
        Some(LineIntersection::Collinear { intersection }) => {
            vec![place(intersection.start), place(intersection.end)]
        }
    }
}

/// The shortest connection of two polygons that are apart, from `a` to `b`, by the edges that reach into the window: see
/// [`Barriers`].
fn shortest_connection(
    a: MultiPolygonRef<'_>,
    b: MultiPolygonRef<'_>,
    window: &Envelope,
) -> Option<[Coord; 2]> {
    let near = |geometry: MultiPolygonRef<'_>| -> Vec<[Coord; 2]> {
        let edges = geometry.rings().flat_map(|ring| ring.windows(2)).map(|e| [e[0], e[1]]);
        edges.filter(|e| e[0] != e[1] && Envelope::of(*e).intersects(window)).collect()
    };
    let (edges_a, edges_b) = (near(a), near(b));
    let found = edges_a.iter().flat_map(|s| edges_b.iter().map(|t| connection(*s, *t)));
    let found: Vec<Connection> = found.collect();
    let least = found.iter().map(|f| f.length_m).fold(f64::INFINITY, f64::min);
    let middle = |c: &[Coord; 2]| [f64::midpoint(c[0][0], c[1][0]), f64::midpoint(c[0][1], c[1][1])];
    let lower = |p: &&[Coord; 2], q: &&[Coord; 2]| {
        let (p, q) = (middle(p), middle(q));
        p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1]))
    };
    let shortest = found.iter().filter(|f| f.length_m <= least + SNAP_M);
    shortest
        .min_by(|p, q| q.stretch_m.total_cmp(&p.stretch_m).then_with(|| lower(&&p.ends, &&q.ends)))
        .map(|f| f.ends)
}

/// A shortest connection of two segments.
struct Connection {
    length_m: f64,
    /// Length along the first over which the segments are equally near.
    stretch_m: f64,
    ends: [Coord; 2],
}

/// The shortest connection of two segments that do not cross; in the middle of the stretch where all of
/// it is equally near, within a millimetre.
fn connection(s: [Coord; 2], t: [Coord; 2]) -> Connection {
    let onto = |e: [Coord; 2], p: Coord| {
        let along = [e[1][0] - e[0][0], e[1][1] - e[0][1]];
        let share = ((p[0] - e[0][0]) * along[0] + (p[1] - e[0][1]) * along[1])
            / (along[0] * along[0] + along[1] * along[1]);
        let share = share.clamp(0.0, 1.0);
        [e[0][0] + share * along[0], e[0][1] + share * along[1]]
    };
    let ways = [[s[0], onto(t, s[0])], [s[1], onto(t, s[1])], [onto(s, t[0]), t[0]], [onto(s, t[1]), t[1]]];
    let ways = ways.map(|[p, q]| ((p[0] - q[0]).hypot(p[1] - q[1]), [p, q]));
    let least = ways.iter().map(|w| w.0).fold(f64::INFINITY, f64::min);
    let near: Vec<[Coord; 2]> = ways.iter().filter(|w| w.0 <= least + SNAP_M).map(|w| w.1).collect();
    // The middle of the two equally short ways that lie farthest apart along `s`.
    let apart = |p: &[Coord; 2], q: &[Coord; 2]| (p[0][0] - q[0][0]).hypot(p[0][1] - q[0][1]);
    let mut pair = [near[0]; 2];
    for p in &near {
        for q in &near {
            if apart(p, q) > apart(&pair[0], &pair[1]) {
                pair = [*p, *q];
            }
        }
    }
    let mean = |end: usize| {
        let [p, q] = pair.map(|way| way[end]);
        [f64::midpoint(p[0], q[0]), f64::midpoint(p[1], q[1])]
    };
    Connection { length_m: least, stretch_m: apart(&pair[0], &pair[1]), ends: [mean(0), mean(1)] }
}

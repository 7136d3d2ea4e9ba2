//! Which parcels count as neighbours.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::candidates::Candidates;
use super::centroids::Centres;
use super::{Graph, Link};
use crate::error::{Error, Limits, ParamError};
use crate::geometry::distance::{Contact, Measured, PairMeasure, SNAP_M, Shapes};
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelSet};
use crate::progress::Watch;
use crate::text_form::serde_as_text;

/// Pairs one thread measures at a time.
const CHUNK: usize = 4_096;

/// Lists of links that are found before they are put in place: what stands in memory twice.
const BLOCK: usize = 256;

/// Which parcels count as neighbours. Every rule keeps the reason with the link.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Boundaries that run together over at least `min_shared_m` metres (rook contiguity), and parcels that overlap.
    SharedEdge {
        /// Least length, m; 0 takes any.
        min_shared_m: f64,
    },
    /// Boundaries that meet anywhere (queen contiguity), and parcels that overlap.
    SharedPoint,
    /// Parcels no farther apart than `gap_m` metres: across a street, a ditch, an error of digitising.
    Gap {
        /// Greatest distance between the boundaries, m; 0 takes contacts only.
        gap_m: f64,
    },
    /// The `k` parcels whose centres of mass are nearest, as other tools count them: every parcel has neighbours, wherever it lies. A pair is
    /// linked where either is among the other's; of equally near ones those of lower position count.
    KNearest {
        /// How many, at least 1, less than there are parcels, and at most [`Limits::neighbours`].
        k: u32,
    },
    /// Parcels whose centres of mass are at most `within_m` metres apart.
    DistanceBand {
        /// Greatest distance between the centres, m.
        within_m: f64,
    },
}

impl Rule {
    /// Its name in files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SharedEdge { .. } => "edge",
            Self::SharedPoint => "corner",
            Self::Gap { .. } => "gap",
            Self::KNearest { .. } => "knn",
            Self::DistanceBand { .. } => "band",
        }
    }

    pub(crate) fn check(&self) -> Result<(), ParamError> {
        let (name, value) = match *self {
            Self::SharedEdge { min_shared_m } => ("min_shared_m", min_shared_m),
            Self::Gap { gap_m } => ("gap_m", gap_m),
            Self::KNearest { k: 0 } => return Err(ParamError::new("k", 0, "at least 1")),
            Self::SharedPoint | Self::KNearest { .. } => return Ok(()),
            Self::DistanceBand { within_m } => ("within_m", within_m),
        };
        if value.is_finite() && value >= 0.0 {
            Ok(())
        } else {
            Err(ParamError::new(name, value, "a finite length of at least 0 m"))
        }
    }

    /// Whether it links by centres, so that neighbours need not be near each other's boundaries.
    pub const fn is_by_centres(&self) -> bool {
        matches!(self, Self::KNearest { .. } | Self::DistanceBand { .. })
    }
}

/// As the command line writes it: `gap:15`, `edge`, `edge:0.5`, `corner`, `knn:8`, `band:200`.
///
/// ```
/// use landuse::adjacency::Rule;
/// assert_eq!("knn:8".parse(), Ok(Rule::KNearest { k: 8 }));
/// assert!("knn".parse::<Rule>().is_err());
/// ```
impl std::str::FromStr for Rule {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        let (name, value) = text.split_once(':').map_or((text, None), |(name, value)| (name, Some(value)));
        let length = || value.and_then(|value| value.parse::<f64>().ok());
        let rule = match (name, value) {
            ("edge", None) => Some(Self::SharedEdge { min_shared_m: 0.0 }),
            ("edge", Some(_)) => length().map(|min_shared_m| Self::SharedEdge { min_shared_m }),
            ("corner", None) => Some(Self::SharedPoint),
            ("gap", Some(_)) => length().map(|gap_m| Self::Gap { gap_m }),
            ("knn", Some(k)) => k.parse().ok().map(|k| Self::KNearest { k }),
            ("band", Some(_)) => length().map(|within_m| Self::DistanceBand { within_m }),
            _ => None,
        };
        rule.ok_or_else(|| ParamError::new("adjacency", text, "gap:M, edge, edge:M, corner, knn:K or band:M"))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedEdge { min_shared_m } if *min_shared_m == 0.0 => f.write_str("edge"),
            Self::SharedEdge { min_shared_m } => write!(f, "edge:{min_shared_m}"),
            Self::SharedPoint => f.write_str("corner"),
            Self::Gap { gap_m } => write!(f, "gap:{gap_m}"),
            Self::KNearest { k } => write!(f, "knn:{k}"),
            Self::DistanceBand { within_m } => write!(f, "band:{within_m}"),
        }
    }
}

serde_as_text!(Rule);

/// Finds the neighbours of every parcel by a [`Rule`].
///
/// Boundaries touch where they come within [`SNAP_M`] of each other; parcels overlap where they share more than
/// [`OVERLAP_TOLERANCE_M2`]. Links are measured exactly on the boundaries, envelopes only choose whom to measure.
///
/// [`OVERLAP_TOLERANCE_M2`]: crate::geometry::distance::OVERLAP_TOLERANCE_M2
///
/// # Complexity
/// O(n log n) for the candidates, then a fraction of a microsecond for each, on all threads; 32 bytes per link, and 8 more
/// per link and 4 per parcel for the rows. The result does not depend on the number of threads.
///
/// ```
/// use geo::{MultiPolygon, Rect, coord};
/// use landuse::adjacency::{Adjacency, Contact, Rule};
/// use landuse::{Parcel, ParcelSet};
/// let square = |id: &str, x: f64| {
///     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 10.0, y: 10.0 });
///     Parcel::new(id, MultiPolygon::new(vec![land.to_polygon()]))
/// };
/// let parcels = ParcelSet::local([square("A", 0.0), square("B", 10.0), square("C", 32.0)]);
/// let graph = Adjacency::new(Rule::Gap { gap_m: 15.0 })?.graph(&parcels)?;
/// let reasons: Vec<(Contact, f64)> = graph.links().iter().map(|link| (link.contact, link.gap_m)).collect();
/// assert_eq!(reasons, [(Contact::Edge, 0.0), (Contact::Gap, 12.0)]);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjacency {
    rule: Rule,
    limits: Limits,
}

impl Adjacency {
    /// Takes a rule whose lengths are finite and not negative.
    ///
    /// # Errors
    /// [`ParamError`] naming the length that is not.
    pub fn new(rule: Rule) -> Result<Self, ParamError> {
        rule.check()?;
        Ok(Self { rule, limits: Limits::new() })
    }

    /// The same with other limits than the defaults.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// Neighbours of every parcel of the set.
    ///
    /// # Errors
    /// [`Error::OverLimit`] beyond the [`Limits`], and [`Error::Param`] where the rule asks for as many nearest neighbours as there are parcels.
    pub fn graph(&self, set: &ParcelSet) -> Result<Graph, Error> {
        self.graph_watched(set, &Watch::nobody())
    }

    /// Neighbours of every parcel of the set, and all parcels that overlap as by [`overlapping_pairs`]: no more work than the graph
    /// alone, but for rules by centres.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn graph_and_overlaps(&self, set: &ParcelSet) -> Result<(Graph, Vec<Overlap>), Error> {
        self.graph_and_overlaps_watched(set, &Watch::nobody())
    }

    /// As [`graph`](Self::graph), while somebody watches.
    pub(crate) fn graph_watched(&self, set: &ParcelSet, watch: &Watch<'_>) -> Result<Graph, Error> {
        Ok(self.link(set, |_| true, watch)?.0)
    }

    /// As [`graph_and_overlaps`](Self::graph_and_overlaps), while somebody watches.
    pub(crate) fn graph_and_overlaps_watched(
        &self,
        set: &ParcelSet,
        watch: &Watch<'_>,
    ) -> Result<(Graph, Vec<Overlap>), Error> {
        let (graph, overlaps) = self.link(set, |_| true, watch)?;
        let overlaps =
            if self.rule.is_by_centres() { overlapping_within(set, &self.limits)? } else { overlaps };
        Ok((graph, overlaps))
    }

    /// Neighbours among the parcels that `mask` marks; the others stay in the graph without links.
    ///
    /// # Errors
    /// As [`graph`](Self::graph), of the parcels that are marked.
    ///
    /// # Panics
    /// Where `mask` has not one value per parcel.
    pub fn graph_among(&self, set: &ParcelSet, mask: &[bool]) -> Result<Graph, Error> {
        assert_eq!(mask.len(), set.len(), "one mark per parcel");
        Ok(self.link(set, |i| mask[i], &Watch::nobody())?.0)
    }

    fn link(
        &self,
        set: &ParcelSet,
        takes_part: impl Fn(usize) -> bool + Sync,
        watch: &Watch<'_>,
    ) -> Result<(Graph, Vec<Overlap>), Error> {
        let centres = |takes_part| Centres::new(set.geometry(), takes_part, self.limits);
        let gap_m = match self.rule {
            Rule::Gap { gap_m } => gap_m,
            Rule::SharedEdge { .. } | Rule::SharedPoint => 0.0,
            // Whoever the centres link is measured, however far apart.
            Rule::KNearest { .. } | Rule::DistanceBand { .. } => set.extent().width() + set.extent().height(),
        };
        let keep = |link: &Link| match self.rule {
            Rule::SharedEdge { min_shared_m } => match link.contact {
                Contact::Overlap => true,
                Contact::Edge => link.shared_m >= min_shared_m,
                _ => false,
            },
            Rule::SharedPoint | Rule::Gap { .. } | Rule::KNearest { .. } | Rule::DistanceBand { .. } => true,
        };
        let pairs = match self.rule {
            Rule::KNearest { k } => Pairs::Listed(centres(takes_part).nearest(k)?),
            Rule::DistanceBand { within_m } => Pairs::Listed(centres(takes_part).within(within_m)?),
            _ => Pairs::near(set, gap_m, takes_part, &self.limits)?,
        };
        let shapes = Shapes::new(set.geometry(), set.envelopes());
        let (mut links, mut overlaps) = (Vec::new(), Vec::new());
        watch.begin(pairs.chunks().div_ceil(BLOCK));
        for first in (0..pairs.chunks()).step_by(BLOCK) {
            if !watch.block() {
                break;
            }
            let chunks = first..pairs.chunks().min(first + BLOCK);
            let found = pairs.measured(&shapes, chunks, gap_m, |a, b, found| {
                let link =
                    Link { a, b, contact: found.contact, gap_m: found.gap_m, shared_m: found.shared_m };
                keep(&link).then_some((link, found.overlap_m2))
            });
            overlaps.append(&mut parallel::gather(found.len(), 1, &|lists, overlaps| {
                let overlapping =
                    found[lists].iter().flatten().filter(|(link, _)| link.contact == Contact::Overlap);
                overlaps.extend(overlapping.map(|&(link, overlap_m2)| (link.a, link.b, overlap_m2)));
            }));
            append(&mut links, &found, |&(link, _)| link);
        }
        watch.check()?;
        drop(pairs);
        links.shrink_to_fit();
        Ok((Graph::new(set.len(), links), overlaps))
    }
}

/// Neighbours of every parcel: those no farther away than `gap_m` metres, contacts included.
///
/// The same as [`Adjacency`] with [`Rule::Gap`].
///
/// # Errors
/// [`Error::Param`] where `gap_m` is negative, NaN or infinite; [`Error::OverLimit`] beyond the [`Limits`]' defaults.
pub fn within_gap(set: &ParcelSet, gap_m: f64) -> Result<Graph, Error> {
    Adjacency::new(Rule::Gap { gap_m })?.graph(set)
}

/// As [`within_gap`], among the parcels that `mask` marks; the others stay in the graph without links.
///
/// # Errors
/// As [`within_gap`].
///
/// # Panics
/// Where `mask` has not one value per parcel.
pub fn within_gap_among(set: &ParcelSet, mask: &[bool], gap_m: f64) -> Result<Graph, Error> {
    Adjacency::new(Rule::Gap { gap_m })?.graph_among(set, mask)
}

/// Two parcels that overlap, the lower position first, and the area that they share, m².
pub type Overlap = (ParcelIdx, ParcelIdx, f64);

/// All pairs of parcels whose interiors share more than [`OVERLAP_TOLERANCE_M2`], ascending, with the area they share, m².
///
/// [`OVERLAP_TOLERANCE_M2`]: crate::geometry::distance::OVERLAP_TOLERANCE_M2
///
/// Where three parcels overlap at one place, that land is in the area of three pairs. Where a graph is wanted too,
/// [`Adjacency::graph_and_overlaps`] gives both at once.
///
/// # Errors
/// [`Error::OverLimit`] beyond the [`Limits`]' defaults.
///
/// # Complexity
/// As [`within_gap`] with a gap of 0.
pub fn overlapping_pairs(set: &ParcelSet) -> Result<Vec<Overlap>, Error> {
    overlapping_within(set, &Limits::new())
}

/// As [`overlapping_pairs`], with limits of one's own.
///
/// # Errors
/// [`Error::OverLimit`] beyond them.
pub fn overlapping_within(set: &ParcelSet, limits: &Limits) -> Result<Vec<Overlap>, Error> {
    let shapes = Shapes::new(set.geometry(), set.envelopes());
    let pairs = Pairs::near(set, 0.0, |_| true, limits)?;
    let found = pairs.measured(&shapes, 0..pairs.chunks(), 0.0, |a, b, found| {
        (found.contact == Contact::Overlap).then_some((a, b, found.overlap_m2))
    });
    Ok(found.concat())
}

/// Pairs of parcels to be measured, ascending.
enum Pairs {
    Listed(Vec<(ParcelIdx, ParcelIdx)>),
    Near(Candidates),
}

impl Pairs {
    /// Those that may be within the gap or touch.
    fn near(
        set: &ParcelSet,
        gap_m: f64,
        takes_part: impl Fn(usize) -> bool + Sync,
        limits: &Limits,
    ) -> Result<Self, Error> {
        // Twice the tolerance: a pair at the very limit is left to the measurement, whatever the boxes' rounding.
        let reach = gap_m.max(SNAP_M) + SNAP_M;
        let found = Candidates::new(set.envelopes(), reach, takes_part, limits.pairs);
        found.map(Self::Near).ok_or_else(|| limits.over_pairs())
    }

    /// How many lists they come in.
    fn chunks(&self) -> usize {
        match self {
            Self::Listed(pairs) => pairs.len().div_ceil(CHUNK),
            Self::Near(candidates) => candidates.blocks(),
        }
    }

    /// List `i` of them.
    fn chunk(&self, i: usize) -> Cow<'_, [(ParcelIdx, ParcelIdx)]> {
        match self {
            Self::Listed(pairs) => Cow::Borrowed(&pairs[i * CHUNK..pairs.len().min((i + 1) * CHUNK)]),
            Self::Near(candidates) => Cow::Owned(candidates.block(i)),
        }
    }

    /// What `take` makes of each pair of some chunks that is within the gap or touches, in the order of the pairs.
    fn measured<T: Send>(
        &self,
        shapes: &Shapes<'_>,
        chunks: Range<usize>,
        gap_m: f64,
        take: impl Fn(ParcelIdx, ParcelIdx, Measured) -> Option<T> + Sync,
    ) -> Vec<Vec<T>> {
        let first = chunks.start;
        parallel::collect(chunks.len(), 1, &|i| {
            let mut gauge = PairMeasure::new();
            let measure =
                |&(a, b): &(_, _)| take(a, b, gauge.measure_of(shapes, [a.index(), b.index()], gap_m)?);
            self.chunk(first + i).iter().filter_map(measure).collect()
        })
    }
}

/// Adds to `all` what `get` takes of each item of `lists`, in order, on all threads.
fn append<T: Sync, U: Send>(all: &mut Vec<U>, lists: &[Vec<T>], get: impl Fn(&T) -> U + Sync) {
    /// Items between those whose list is looked up.
    const STEP: usize = 256;
    let mut starts = vec![0];
    for list in lists {
        starts.push(starts[starts.len() - 1] + list.len());
    }
    let list_of = |i: usize| starts.partition_point(|&start| start <= i) - 1;
    let len = starts[lists.len()];
    let near: Vec<usize> = (0..len).step_by(STEP).map(list_of).collect();
    parallel::extend(all, len, 1, &|i| {
        let mut list = near[i / STEP];
        while starts[list + 1] <= i {
            list += 1;
        }
        get(&lists[list][i - starts[list]])
    });
}

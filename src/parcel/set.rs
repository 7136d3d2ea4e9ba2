use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::stacks::{Lands, Stacks};
use super::{Attributes, FeatureTable, Parcel, Rejected};
use crate::crs::{WorkingPlane, around_a_pole};
use crate::error::{Error, FeaturePos, Limits, ParamError};
use crate::geometry::validity::{self, RepairedGeometry};
use crate::geometry::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef, hilbert};
use crate::parallel;
use crate::zoning::LandUseCode;

/// Position of a parcel in a [`ParcelSet`], from 0, in canonical order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ParcelIdx(pub u32);

impl ParcelIdx {
    /// The position as an index into columns aligned with the set.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ParcelIdx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A parcel whose boundary was mended so that it can be measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Repair {
    /// Which feature.
    #[serde(flatten)]
    pub at: FeaturePos,
    /// What was wrong.
    pub reason: Box<str>,
    /// Area by the shoelace formula of the rings as given, m²; not a number where they hold none.
    pub area_before_m2: f64,
    /// Area after repair, m².
    pub area_after_m2: f64,
    /// Polygons that vanished in the repair.
    pub parts_dropped: u32,
}

/// Parcels as columns, in one plane, every boundary valid.
///
/// Rows stand in *canonical order*: by (Hilbert key of the envelope's centre on a fixed grid of longitude and latitude, or of the
/// plane where no data move it; id, coordinates, attributes). Neighbours lie near each other in memory, no result depends on the
/// order of the file, and one parcel more moves no other. [`source_row`](Self::source_row) maps back.
#[derive(Debug, Clone)]
pub struct ParcelSet {
    geometry: MultiPolygonArray,
    attributes: Attributes,
    source_row: Vec<u32>,
    rejected: Vec<Rejected>,
    repaired: Vec<Repair>,
    area_m2: Vec<f64>,
    envelopes: Vec<Envelope>,
    plane: Arc<WorkingPlane>,
    /// None where each parcel is one record.
    pub(super) stacks: Option<Box<Stacks>>,
    /// None unless records of one boundary are judged alone.
    pub(super) lands: Option<Box<Lands>>,
}

/// Why a feature is refused of which an edge leads along a whole parallel.
const AROUND_A_POLE: &str =
    "an edge leads round the pole along a parallel, from one place to itself: expected positions on the way";

impl ParcelSet {
    /// Projects, validates, repairs and orders features.
    ///
    /// Invalid boundaries are repaired where possible ([`repaired`](Self::repaired)); a feature without any measurable land
    /// joins [`rejected`](Self::rejected) with the reason. Accepted + rejected = features given.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where there are more features or coordinates than 32 bits can address.
    ///
    /// # Complexity
    /// O(n log n) time in coordinates, one copy of the coordinates beside the input's.
    pub fn new(mut table: FeatureTable, plane: impl Into<Arc<WorkingPlane>>) -> Result<Self, Error> {
        let plane = plane.into();
        if plane.source_is_geographic() {
            let around = around_a_pole(&table.geometry);
            table.put_aside(around.into_iter().map(|i| (i, AROUND_A_POLE.into())).collect());
        }
        plane.forward(table.geometry.coords_mut());
        Self::from_projected(table, plane)
    }

    /// Parcels whose coordinates are metres in one plane of no known place. What cannot be measured is in
    /// [`rejected`](Self::rejected), with the position among the parcels.
    ///
    /// Parcels in a known system, degrees above all, come in by [`Inputs::from_parcels`](crate::Inputs::from_parcels), and those of
    /// another set by [`from_projected`](Self::from_projected) with its plane.
    pub fn local(parcels: impl IntoIterator<Item = Parcel>) -> Self {
        Self::ordered(FeatureTable::from_parcels(parcels), Arc::new(WorkingPlane::local()))
    }

    /// As [`new`](Self::new), of features whose coordinates are metres in `plane` already.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_projected(table: FeatureTable, plane: impl Into<Arc<WorkingPlane>>) -> Result<Self, Error> {
        if u32::try_from(table.len()).is_err() {
            let limit = u32::MAX.into();
            return Err(Error::TooLarge { what: "features", found: table.len() as u64, limit });
        }
        Ok(Self::ordered(table, plane.into()))
    }

    /// Validates, repairs and orders features in a plane.
    fn ordered(table: FeatureTable, plane: Arc<WorkingPlane>) -> Self {
        let FeatureTable { geometry, attributes, source_row, mut rejected } = table;
        let (envelopes, exceptions): (Vec<Envelope>, Vec<Option<Box<Exception>>>) = parallel::unzip(
            geometry.len(),
            run(&geometry),
            &|i| match Exception::of(&geometry.get(i), &plane) {
                None => (geometry.get(i).envelope(), None),
                Some(exception) => (exception.envelope(), Some(Box::new(exception))),
            },
        );
        let order = canonical_order(&geometry, &attributes, &envelopes, &plane);
        drop(envelopes);

        let at = |i: usize| FeaturePos { row: source_row[i], id: attributes.id.get(i).map(Into::into) };
        let mut repaired = Vec::new();
        let mut given = MultiPolygonArray::new();
        for (i, exception) in exceptions.iter().enumerate() {
            match exception.as_deref() {
                None => {}
                Some(Exception::Rejected(reason)) => {
                    rejected.push(Rejected { at: at(i), reason: reason.clone() });
                }
                Some(Exception::Repaired { reason, mended }) => {
                    given.push_oriented(geometry.get(i));
                    repaired.push(Repair {
                        at: at(i),
                        reason: reason.clone(),
                        area_before_m2: given.get(repaired.len()).signed_area(),
                        area_after_m2: mended.geometry.get(0).signed_area().abs(),
                        parts_dropped: mended.parts_dropped,
                    });
                }
            }
        }
        rejected.sort_by_key(|r| r.at.row);
        repaired.sort_by_key(|r| r.at.row);

        let ordered = MultiPolygonArray::gather(&order, |i| match exceptions[i as usize].as_deref() {
            Some(Exception::Repaired { mended, .. }) => mended.geometry.get(0),
            _ => geometry.get(i as usize),
        });
        drop((geometry, exceptions));
        let attributes = attributes.take(&order);
        let source_row = order.iter().map(|&i| source_row[i as usize]).collect();
        Self::measured(ordered, attributes, source_row, rejected, repaired, plane)
    }

    /// A set of rows in canonical order.
    fn measured(
        geometry: MultiPolygonArray,
        attributes: Attributes,
        source_row: Vec<u32>,
        rejected: Vec<Rejected>,
        repaired: Vec<Repair>,
        plane: Arc<WorkingPlane>,
    ) -> Self {
        let (area_m2, envelopes) = parallel::unzip(geometry.len(), run(&geometry), &|i| {
            (geometry.get(i).signed_area(), geometry.get(i).envelope())
        });
        let (stacks, lands) = (None, None);
        Self {
            geometry,
            attributes,
            source_row,
            rejected,
            repaired,
            area_m2,
            envelopes,
            plane,
            stacks,
            lands,
        }
    }

    /// The parcels at `kept`, ascending, with other attributes and the records that lie on them.
    pub(super) fn reduced(self, kept: &[u32], attributes: Attributes, stacks: Option<Box<Stacks>>) -> Self {
        Self {
            geometry: MultiPolygonArray::gather(kept, |i| self.geometry.get(i as usize)),
            attributes,
            source_row: kept.iter().map(|&i| self.source_row[i as usize]).collect(),
            area_m2: kept.iter().map(|&i| self.area_m2[i as usize]).collect(),
            envelopes: kept.iter().map(|&i| self.envelopes[i as usize]).collect(),
            stacks,
            lands: None,
            ..self
        }
    }

    /// The set as one whose coordinates were made in the plane of `other`.
    pub(crate) fn on_plane_of(self, other: &Self) -> Self {
        Self { plane: Arc::clone(&other.plane), ..self }
    }

    /// How many parcels were accepted.
    pub fn len(&self) -> usize {
        self.source_row.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parcel at `idx`.
    ///
    /// # Panics
    /// Where `idx` is not of this set, as a slice does.
    pub fn get(&self, idx: ParcelIdx) -> ParcelRef<'_> {
        assert!(idx.index() < self.len(), "parcel {idx} of a set of {}", self.len());
        ParcelRef { set: self, idx }
    }

    /// All parcels in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ParcelRef<'_>> {
        (0..self.len() as u32).map(|i| ParcelRef { set: self, idx: ParcelIdx(i) })
    }

    /// Boundaries in the working plane, m: valid, exteriors counter-clockwise, interiors clockwise.
    pub fn geometry(&self) -> &MultiPolygonArray {
        &self.geometry
    }

    /// What is known of the parcels beside their land.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The attributes, for joins that add what other files know. Every column keeps its length, and the order of parcels stays
    /// that of what was known when the set was made.
    pub(crate) fn attributes_mut(&mut self) -> &mut Attributes {
        &mut self.attributes
    }

    /// Areas in the working plane, m², holes taken out; one per parcel.
    pub fn area_m2(&self) -> &[f64] {
        &self.area_m2
    }

    /// Boxes in the working plane, m; one per parcel.
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// The box around all parcels; [`Envelope::EMPTY`] without any.
    pub fn extent(&self) -> Envelope {
        self.envelopes.iter().fold(Envelope::EMPTY, |all, e| all.join(e))
    }

    /// Position of each parcel in its file, from 0.
    pub fn source_row(&self) -> &[u32] {
        &self.source_row
    }

    /// Features that could not be taken, in file order.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// Parcels whose boundary was mended, in file order.
    pub fn repaired(&self) -> &[Repair] {
        &self.repaired
    }

    /// The set with one parcel changed; its coordinates are metres in the plane. Several records on it become one, and one of the
    /// boundary of another parcel stays a parcel of its own.
    ///
    /// # Errors
    /// [`Error::Param`] where there is no such parcel; [`Error::Feature`] where the changed boundary cannot be used.
    ///
    /// # Complexity
    /// O(n log n): everything else is copied and put in order again.
    pub fn with_parcel(&self, idx: ParcelIdx, changed: &Parcel) -> Result<Self, Error> {
        if idx.index() >= self.len() {
            return Err(ParamError::new("parcel", idx, &format!("a position below {}", self.len())).into());
        }
        let others: Vec<u32> = (0..self.len() as u32).filter(|&i| i != idx.0).collect();
        // Positions stand in for rows of the file until all are in order.
        let mut table = FeatureTable {
            geometry: self.geometry.take(&others),
            attributes: self.attributes.take(&others),
            source_row: others,
            rejected: Vec::new(),
        };
        table.push(changed, idx.0);
        let mut set = Self::from_projected(table, Arc::clone(&self.plane))?;
        let row = self.source_row[idx.index()];
        if let Some(Rejected { mut at, reason }) = set.rejected.pop() {
            at.row = row;
            return Err(Error::Feature { file: "changed parcel".into(), at, reason });
        }
        let mut position = vec![0; self.len()];
        for (new, &old) in set.source_row.iter().enumerate() {
            position[old as usize] = new as u32;
        }
        set.stacks = (self.stacks.as_ref())
            .and_then(|stacks| stacks.moved(idx.0, |old| position[old as usize]))
            .map(Box::new);
        set.source_row.iter_mut().for_each(|old| *old = self.source_row[*old as usize]);
        set.rejected.clone_from(&self.rejected);
        set.repaired.iter_mut().for_each(|repair| repair.at.row = row);
        set.repaired.extend(self.repaired.iter().filter(|repair| repair.at.row != row).cloned());
        set.repaired.sort_by_key(|repair| repair.at.row);
        Ok(set)
    }

    /// The set with other attributes of some parcels, whose shapes and ids stay; the shapes of `changed` are not looked at. Several records on
    /// such a parcel become one. Of several changes of one parcel the last counts.
    ///
    /// # Errors
    /// [`Error::Param`] where there is no such parcel, or where it would have another id.
    ///
    /// # Complexity
    /// O(n) copies; nothing is measured or put in order again.
    pub fn with_attributes(&self, changed: &[(ParcelIdx, Parcel)]) -> Result<Self, Error> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        let mut rows = Attributes::default();
        for ((idx, parcel), at) in changed.iter().zip(self.len() as u32..) {
            let Some(place) = order.get_mut(idx.index()) else {
                return Err(
                    ParamError::new("parcel", idx, &format!("a position below {}", self.len())).into()
                );
            };
            if parcel.id.as_deref() != self.attributes.id.get(idx.index()) {
                let found = parcel.id.as_deref().unwrap_or("none");
                let own = self.attributes.id.get(idx.index()).unwrap_or("none");
                return Err(ParamError::new("id", found, &format!("that of the parcel, `{own}`")).into());
            }
            *place = at;
            rows.push(parcel);
        }
        let mut attributes = self.attributes.clone();
        attributes.append(&rows);
        let mut set = Self { attributes: attributes.take(&order), ..self.clone() };
        for (idx, _) in changed {
            set.stacks = set.stacks.and_then(|stacks| stacks.moved(idx.0, |same| same)).map(Box::new);
        }
        Ok(set)
    }

    /// Several sets in the same plane as one, none where there is none. Positions in a file are those in its own file. Parcels with
    /// several records come as one each.
    ///
    /// # Errors
    /// [`Error::Planes`] where their planes differ.
    pub fn merged(sets: Vec<Self>) -> Result<Option<Self>, Error> {
        let mut sets = sets.into_iter();
        let (Some(mut merged), more) = (sets.next(), sets.len()) else { return Ok(None) };
        if more == 0 {
            return Ok(Some(merged));
        }
        for set in sets {
            merged.plane.check_same(&set.plane, "layers to be merged")?;
            merged.geometry.append(&set.geometry);
            merged.attributes.append(&set.attributes);
            merged.source_row.extend(set.source_row);
            merged.rejected.extend(set.rejected);
            merged.repaired.extend(set.repaired);
        }
        let Self { geometry, attributes, source_row, rejected, repaired, plane, .. } = merged;
        let envelopes: Vec<Envelope> = geometry.iter().map(|shape| shape.envelope()).collect();
        let order = canonical_order(&geometry, &attributes, &envelopes, &plane);
        let source_row: Vec<u32> = order.iter().map(|&i| source_row[i as usize]).collect();
        Ok(Some(Self::measured(
            MultiPolygonArray::gather(&order, |i| geometry.get(i as usize)),
            attributes.take(&order),
            source_row,
            rejected,
            repaired,
            plane,
        )))
    }

    /// The plane everything is computed in.
    pub fn plane(&self) -> &Arc<WorkingPlane> {
        &self.plane
    }
}

/// Geometries that one thread takes at a time: a few hundred parcels, or one of many positions.
fn run(geometry: &MultiPolygonArray) -> usize {
    const POSITIONS: usize = 4_096;
    (POSITIONS * geometry.len() / geometry.coords().len().max(1)).clamp(1, 256)
}

/// What becomes of a feature whose boundary is not valid.
enum Exception {
    Repaired { reason: Box<str>, mended: RepairedGeometry },
    Rejected(Box<str>),
}

impl Exception {
    /// None for a valid boundary. The reason tells the place in the coordinates that features came in.
    fn of(geometry: &MultiPolygonRef<'_>, plane: &WorkingPlane) -> Option<Self> {
        let fault = validity::find_fault(geometry)?;
        let at = fault.at().map(|at| {
            let mut given = [at];
            plane.inverse(&mut given);
            given[0]
        });
        // A ten-millionth of a degree is a centimetre.
        let reason = fault.words(at, if plane.source_is_geographic() { 7 } else { 3 });
        Some(match validity::repair(geometry) {
            Some(mended) => Self::Repaired { reason: reason.into(), mended },
            None if validity::is_beyond_repair(geometry) => {
                let limit = Limits::DEFAULT_CROSSINGS;
                Self::Rejected(format!("{reason}, and edges cross more than {limit} times").into())
            }
            None => Self::Rejected(reason.into()),
        })
    }

    fn envelope(&self) -> Envelope {
        match self {
            Self::Repaired { mended, .. } => mended.geometry.get(0).envelope(),
            Self::Rejected(_) => Envelope::EMPTY,
        }
    }
}

/// Rows with an envelope, by (Hilbert key of its centre on a grid that no other row can move, id, coordinates, attributes).
fn canonical_order(
    geometry: &MultiPolygonArray,
    attributes: &Attributes,
    envelopes: &[Envelope],
    plane: &WorkingPlane,
) -> Vec<u32> {
    let grid = plane.fixed_grid();
    let key = |i: usize| parallel::placed(hilbert::key(grid.cell(envelopes[i].center())), i as u32);
    let mut keyed: Vec<u128> = parallel::gather(envelopes.len(), 4096, &|run, keyed| {
        keyed.extend(run.filter(|&i| !envelopes[i].is_empty()).map(key));
    });
    parallel::sort_wide(&mut keyed);
    let mut order: Vec<u32> = keyed.iter().map(|&keyed| keyed as u32).collect();
    let mut start = 0;
    // Equal keys are seldom, and put right here.
    for run in keyed.chunk_by(|a, b| a >> 32 == b >> 32) {
        let rows = &mut order[start..start + run.len()];
        start += run.len();
        rows.sort_unstable_by(|&a, &b| {
            let (row_a, row_b) = (a as usize, b as usize);
            (attributes.id.get(row_a).cmp(&attributes.id.get(row_b)))
                .then_with(|| compare_coords(geometry.get(row_a).coords(), geometry.get(row_b).coords()))
                .then_with(|| attributes.compare(row_a, row_b))
                .then_with(|| a.cmp(&b))
        });
    }
    order
}

fn compare_coords(a: &[Coord], b: &[Coord]) -> Ordering {
    let by_axes = |(a, b): (&Coord, &Coord)| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]));
    a.iter().zip(b).map(by_axes).find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// One parcel of a [`ParcelSet`]: a cheap view.
#[derive(Debug, Clone, Copy)]
pub struct ParcelRef<'a> {
    set: &'a ParcelSet,
    idx: ParcelIdx,
}

impl<'a> ParcelRef<'a> {
    /// Its position in the set.
    pub fn idx(self) -> ParcelIdx {
        self.idx
    }

    /// Its id in the cadastre, if it has one.
    pub fn id(self) -> Option<&'a str> {
        self.set.attributes.id.get(self.idx.index())
    }

    /// Its land in the working plane.
    pub fn geometry(self) -> MultiPolygonRef<'a> {
        self.set.geometry.get(self.idx.index())
    }

    /// Its area in the working plane, m².
    pub fn area_m2(self) -> f64 {
        self.set.area_m2[self.idx.index()]
    }

    /// The box around it in the working plane, m.
    pub fn envelope(self) -> Envelope {
        self.set.envelopes[self.idx.index()]
    }

    /// Its surveyed current use, if known.
    pub fn current_use(self) -> Option<&'a LandUseCode> {
        self.set.attributes.current_use.get(self.idx.index())
    }

    /// Everything known of it, copied out.
    pub fn to_parcel(self) -> Parcel {
        let mut parcel = self.set.attributes.row(self.idx.index());
        parcel.geometry = self.geometry().to_geo();
        parcel
    }
}

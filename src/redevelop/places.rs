//! Which study unit a parcel is counted for.

use std::collections::HashMap;

use crate::Analysis;
use crate::geometry::EnvelopeIndex;
use crate::geometry::distance::{PairMeasure, Shape};
use crate::intensity::{StudyArea, unit_id};
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelSet};

fn shape(set: &ParcelSet, i: usize) -> Shape<'_> {
    Shape { geometry: set.geometry().get(i), envelope: set.envelopes()[i] }
}

/// The unit of each of some parcels, as a position in the ledger: the one that most of its land lies in; none where the ledger has no
/// row for it.
pub(super) fn units_of(analysis: &Analysis, parcels: &[ParcelIdx]) -> Vec<Option<u32>> {
    let ledger = analysis.ledger();
    let positions: HashMap<&str, u32> =
        ledger.units.iter().zip(0..).filter_map(|(unit, at)| Some((unit.id.as_deref()?, at))).collect();
    let outside = ledger.units.iter().position(|unit| unit.id.is_none()).map(|at| at as u32);
    let set = analysis.parcels();
    if ledger.study_area == StudyArea::Parcels {
        return vec![(!ledger.units.is_empty()).then_some(0); parcels.len()];
    }
    let Some(shapes) = analysis.units() else {
        let district = &set.attributes().district;
        let own = |parcel: &ParcelIdx| {
            district.get(parcel.index()).map_or(outside, |id| positions.get(&**id).copied())
        };
        return parcels.iter().map(own).collect();
    };
    let of_shape: Vec<Option<u32>> =
        (0..shapes.len()).map(|i| positions.get(&*unit_id(shapes, i)).copied()).collect();
    let index = EnvelopeIndex::new(shapes.envelopes());
    parallel::collect(parcels.len(), 16, &|i| {
        let parcel = parcels[i].index();
        let mut near: Vec<u32> = index.candidates(set.envelopes()[parcel]).collect();
        near.sort_unstable();
        let mut measure = PairMeasure::new();
        let mut best: Option<(f64, u32)> = None;
        for unit in near {
            let at = unit as usize;
            let shared_m2 = measure.overlap_area(shape(set, parcel), shape(shapes, at));
            if shared_m2 > best.map_or(0.0, |(most, _)| most) {
                best = Some((shared_m2, unit));
            }
        }
        best.map_or(outside, |(_, unit)| of_shape[unit as usize])
    })
}

use std::collections::BTreeMap;

use serde::Serialize;

use crate::parcel::{Attributes, ParcelIdx, ParcelSet};
use crate::zoning::{Construction, Schemes};

/// What a parcel's land counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LandStatus {
    /// Construction land.
    Construction,
    /// Not known to be either.
    Unknown,
    /// Not construction land.
    Other,
}

impl LandStatus {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Construction => "construction",
            Self::Unknown => "unknown",
            Self::Other => "other",
        }
    }
}

/// What each parcel counts as, by its *current* use: a recorded construction flag; else the flag of its land-use code; else,
/// where `floor_area_counts`, construction if its floor area is known and above 0; else unknown. Of several records on a parcel
/// one that is construction land decides, then one of which it is not known.
///
/// A class name never decides: urban green is construction land, forest is not.
///
/// # Complexity
/// O(n); codes are resolved once each.
pub fn land_status(set: &ParcelSet, schemes: &Schemes, floor_area_counts: bool) -> Vec<LandStatus> {
    let mut status = of_rows(set.attributes(), schemes, floor_area_counts);
    if let Some((records, parcels)) = set.stacked() {
        let of_record = of_rows(records, schemes, floor_area_counts);
        let mut of_parcel: BTreeMap<ParcelIdx, LandStatus> = BTreeMap::new();
        for (parcel, own) in parcels.zip(of_record) {
            let first = of_parcel.entry(parcel).or_insert(own);
            *first = own.min(*first);
        }
        of_parcel.into_iter().for_each(|(parcel, own)| status[parcel.index()] = own);
    }
    status
}

/// What each row counts as by itself.
fn of_rows(attributes: &Attributes, schemes: &Schemes, floor_area_counts: bool) -> Vec<LandStatus> {
    let of_code: Vec<Option<LandStatus>> = attributes
        .current_use
        .distinct()
        .iter()
        .map(|code| match schemes.resolve(code)?.construction {
            Construction::Yes => Some(LandStatus::Construction),
            Construction::No => Some(LandStatus::Other),
            _ => None,
        })
        .collect();
    (0..attributes.len())
        .map(|i| {
            let recorded = attributes
                .construction
                .get(i)
                .map(|is| if is { LandStatus::Construction } else { LandStatus::Other });
            let by_code = || attributes.current_use.key(i).and_then(|key| of_code[key as usize]);
            let by_floor = || {
                let built =
                    floor_area_counts && attributes.floor_area_m2.get(i).is_some_and(|area| area > 0.0);
                built.then_some(LandStatus::Construction)
            };
            recorded.or_else(by_code).or_else(by_floor).unwrap_or(LandStatus::Unknown)
        })
        .collect()
}

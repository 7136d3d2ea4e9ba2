//! Sites that may be built anew: the soft-site rule of New York, ratios of assessed values, classes of buildable land, and how well
//! any such rule foretells what was built.

use std::fmt;

use serde::Serialize;

use super::logic::{all, any};
use crate::units::AreaUnit;

/// What the soft-site rule asks of a lot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lot {
    /// Lot area, m².
    pub area_m2: Option<f64>,
    /// Floor area ratio as built.
    pub built_far: Option<f64>,
    /// Greatest floor area ratio for housing.
    pub residential_far: Option<f64>,
    /// Greatest floor area ratio for business.
    pub commercial_far: Option<f64>,
    /// Dwellings.
    pub dwellings: Option<f64>,
    /// Year it was built.
    pub year_built: Option<f64>,
    /// Whether it is a landmark.
    pub landmark: Option<bool>,
    /// Land use as in PLUTO: `01` to `11`.
    pub land_use: Option<Box<str>>,
    /// Building class as in PLUTO.
    pub building_class: Option<Box<str>>,
}

/// The soft-site rule: large lots, half of whose floor area is unused, and that nothing holds fast.
///
/// `available = (max(residential, commercial) − built) / max(residential, commercial)`; the ratio for facilities is not used.
///
/// # Source
/// Operational rule and lists of `soft-sites`. "Soft" means reasonably expected to be developed. Its recall is poor: 77 % of the lots developed
/// from 2012 to 2022 failed it (`soft-sites`); measure yours with [`Recall`].
///
/// ```
/// use landuse::efficiency::{Lot, SoftSiteRule};
/// let lot = Lot {
///     area_m2: Some(600.0), built_far: Some(1.0), residential_far: Some(3.0), commercial_far: Some(2.0),
///     dwellings: Some(4.0), year_built: Some(1960.0), landmark: Some(false),
///     land_use: Some("06".into()), building_class: Some("F1".into()),
/// };
/// let rule = SoftSiteRule::default();
/// assert_eq!(rule.holds(&lot), Some(true));
/// assert_eq!(rule.holds(&Lot { dwellings: Some(6.0), ..lot }), Some(false));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SoftSiteRule {
    /// Least lot area, m². Default: 5,000 sq ft.
    pub min_area_m2: f64,
    /// Least available share of the allowed floor area. Default: 0.5.
    pub min_available_share: f64,
    /// So many dwellings or more, built before [`stabilised_before`](Self::stabilised_before), stand for stabilised rents. Default: 6.
    pub stabilised_dwellings: f64,
    /// Year. Default: 1974.
    pub stabilised_before: f64,
    /// Land uses that are left out. Default: 07, 08, 09.
    pub excluded_uses: Vec<Box<str>>,
    /// Building classes that are hard to move. Default: Q0 Q1 T1 T2 U1 U2 U3 W1 Z5 Z8.
    pub excluded_classes: Vec<Box<str>>,
}

impl Default for SoftSiteRule {
    fn default() -> Self {
        let boxed = |names: &[&str]| names.iter().map(|&name| name.into()).collect();
        Self {
            min_area_m2: AreaUnit::SquareFoot.to_m2(5_000.0),
            min_available_share: 0.5,
            stabilised_dwellings: 6.0,
            stabilised_before: 1974.0,
            excluded_uses: boxed(&["07", "08", "09"]),
            excluded_classes: boxed(&["Q0", "Q1", "T1", "T2", "U1", "U2", "U3", "W1", "Z5", "Z8"]),
        }
    }
}

impl SoftSiteRule {
    /// The unused share of the allowed floor area; negative where more stands than is allowed, none where none is allowed. A missing
    /// one of the two allowed ratios leaves it unknown.
    pub fn available_share(lot: &Lot) -> Option<f64> {
        let allowed = lot.residential_far?.max(lot.commercial_far?);
        (allowed > 0.0).then(|| lot.built_far.map(|built| (allowed - built) / allowed))?
    }

    /// Whether the lot is a soft site; unknown where what is known does not settle that. A lot where nothing may be built is none.
    pub fn holds(&self, lot: &Lot) -> Option<bool> {
        let nothing_allowed =
            lot.residential_far.zip(lot.commercial_far).is_some_and(|(a, b)| a.max(b) <= 0.0);
        let available = if nothing_allowed {
            Some(false)
        } else {
            Self::available_share(lot).map(|share| share >= self.min_available_share)
        };
        let stabilised = all([
            lot.dwellings.map(|dwellings| dwellings >= self.stabilised_dwellings),
            lot.year_built.map(|year| year < self.stabilised_before),
        ]);
        let excluded = any([
            stabilised,
            lot.landmark,
            lot.land_use.as_ref().map(|own| self.excluded_uses.contains(own)),
            lot.building_class.as_ref().map(|own| self.excluded_classes.contains(own)),
        ]);
        all([lot.area_m2.map(|area| area >= self.min_area_m2), available, excluded.map(|excluded| !excluded)])
    }
}

/// Improvement ratio `(total − land) / total` of assessed values: low means underused (`soft-sites`). None where the total is not above 0 (exempt
/// lots) or the land is worth more than it.
///
/// ```
/// use landuse::efficiency::improvement_ratio;
/// assert_eq!((improvement_ratio(100.0, 80.0), improvement_ratio(0.0, 0.0)), (Some(0.2), None));
/// ```
pub fn improvement_ratio(total_value: f64, land_value: f64) -> Option<f64> {
    let fits = total_value > 0.0 && (0.0..=total_value).contains(&land_value) && total_value.is_finite();
    fits.then(|| (total_value - land_value) / total_value)
}

/// Improvement-to-land ratio `(total − land) / land`; below 1 counts as redevelopable in buildable-land inventories (general knowledge). None where the
/// land is not above 0 or worth more than the total.
pub fn improvement_to_land(total_value: f64, land_value: f64) -> Option<f64> {
    let fits = land_value > 0.0 && total_value >= land_value && total_value.is_finite();
    fits.then(|| (total_value - land_value) / land_value)
}

/// Class of a parcel in a buildable-land inventory (Oregon, Washington).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildableClass {
    /// Public land: not counted.
    Public,
    /// Slope, wetland or policy leave too little of it.
    Constrained,
    /// Nothing stands on it.
    Vacant,
    /// A building stands on part of it, and the rest is large enough to divide off.
    PartiallyVacant,
    /// Built, and worth less than its land times the limit.
    Redevelopable,
    /// Built, to stay.
    Developed,
}

impl fmt::Display for BuildableClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Constrained => "constrained",
            Self::Vacant => "vacant",
            Self::PartiallyVacant => "partially vacant",
            Self::Redevelopable => "redevelopable",
            Self::Developed => "developed",
        })
    }
}

/// What the inventory asks of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BuildableFigures {
    /// Parcel area, m².
    pub area_m2: Option<f64>,
    /// Part of it that slope, wetland or policy keep free, m².
    pub constrained_m2: Option<f64>,
    /// Land the present use needs, m²; 0 where nothing stands.
    pub used_m2: Option<f64>,
    /// Assessed value in all.
    pub total_value: Option<f64>,
    /// Assessed value of the land.
    pub land_value: Option<f64>,
    /// Whether it is public.
    pub public: Option<bool>,
}

/// Limits of a buildable-land inventory. The order of classes is that of the inventories (`eugene-inventory`, `metro-2014`); the numbers are set locally,
/// and the defaults are examples (general knowledge).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BuildableRule {
    /// Least unconstrained area to build on, m². Default: 200.
    pub min_free_m2: f64,
    /// Improvement-to-land ratio below which a parcel is redevelopable. Default: 1.
    pub redevelopable_below: f64,
    /// Share of the free land that streets take. Default: 0.2.
    pub street_share: f64,
}

impl Default for BuildableRule {
    fn default() -> Self {
        Self { min_free_m2: 200.0, redevelopable_below: 1.0, street_share: 0.2 }
    }
}

impl BuildableRule {
    /// Class of a parcel and its buildable land net of streets in m²; none where what is known does not settle the class.
    ///
    /// Net land is `(area − constrained − used) · (1 − street share)` for vacant and partially vacant parcels,
    /// `(area − constrained) · (1 − street share)` for redevelopable ones, 0 for the rest.
    pub fn classify(&self, parcel: &BuildableFigures) -> Option<(BuildableClass, f64)> {
        if parcel.public? {
            return Some((BuildableClass::Public, 0.0));
        }
        let free = parcel.area_m2? - parcel.constrained_m2?.max(0.0);
        if free < self.min_free_m2 {
            return Some((BuildableClass::Constrained, 0.0));
        }
        let net = |free_m2: f64| free_m2 * (1.0 - self.street_share);
        let used = parcel.used_m2?.max(0.0);
        if used == 0.0 {
            return Some((BuildableClass::Vacant, net(free)));
        }
        let ratio = parcel.total_value.zip(parcel.land_value).and_then(|(t, l)| improvement_to_land(t, l));
        if free - used >= self.min_free_m2 {
            return Some((BuildableClass::PartiallyVacant, net(free - used)));
        }
        if ratio? < self.redevelopable_below {
            return Some((BuildableClass::Redevelopable, net(free)));
        }
        Some((BuildableClass::Developed, 0.0))
    }
}

/// How well a rule foretold what happened: developed or not, against expected or not.
///
/// ```
/// use landuse::efficiency::Recall;
/// let expected = [Some(true), Some(true), Some(false), Some(false), None];
/// let found = Recall::of(expected.iter().copied().zip([true, false, true, false, true]));
/// assert_eq!((found.recall(), found.precision(), found.unknown), (Some(0.5), Some(0.5), 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Recall {
    /// Expected, and it happened.
    pub hits: usize,
    /// Expected, and it did not happen.
    pub false_alarms: usize,
    /// Not expected, and it happened.
    pub missed: usize,
    /// Not expected, and it did not happen.
    pub quiet: usize,
    /// The rule did not say.
    pub unknown: usize,
}

impl Recall {
    /// Counts pairs of what a rule says and what happened.
    pub fn of(pairs: impl IntoIterator<Item = (Option<bool>, bool)>) -> Self {
        let mut found = Self::default();
        for pair in pairs {
            *match pair {
                (Some(true), true) => &mut found.hits,
                (Some(true), false) => &mut found.false_alarms,
                (Some(false), true) => &mut found.missed,
                (Some(false), false) => &mut found.quiet,
                (None, _) => &mut found.unknown,
            } += 1;
        }
        found
    }

    /// Share of what happened that was expected: `hits / (hits + missed)`; none where nothing happened.
    pub fn recall(&self) -> Option<f64> {
        let all = self.hits + self.missed;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }

    /// Share of the expected that happened: `hits / (hits + false alarms)`; none where nothing was expected.
    pub fn precision(&self) -> Option<f64> {
        let all = self.hits + self.false_alarms;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}

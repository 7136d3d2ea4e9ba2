use serde::Serialize;

use super::{Account, Ledger, Limit};
use crate::error::ParamError;
use crate::parcel::ParcelIdx;

/// What a limit leaves a unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outlook {
    /// The limit as an area, m².
    pub limit_m2: f64,
    /// `limit − C`, m², C with unparcelled land where that counts as construction land: negative where the limit is passed.
    pub headroom_m2: f64,
    /// Floor area that the headroom holds at the floor area ratio asked about, m²; negative where the limit is passed.
    pub headroom_floor_area_m2: Option<f64>,
    /// Years until known construction passes the limit at the rate asked about: 0 where it has, none where it never will.
    pub years_until_passed: Option<f64>,
}

/// What its limit leaves a unit of a ledger, and which parcels carry it over.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnitOutlook {
    /// Id of the unit; `all` for the whole study area.
    pub id: Box<str>,
    /// Who set the limit.
    pub source: Box<str>,
    /// What it leaves.
    pub outlook: Outlook,
    /// See [`carriers`].
    pub carriers: Vec<ParcelIdx>,
    /// See [`withdrawals`].
    pub withdrawals: Option<Vec<ParcelIdx>>,
    /// Construction land of the withdrawals in the unit, m².
    pub withdrawn_m2: f64,
}

impl Ledger {
    /// What limits leave: the units that have one in order, then the whole where it has one.
    ///
    /// # Arguments
    /// * `far`: floor area ratio at which headroom is built on.
    /// * `growth_ratio_per_year`: construction land that each unit adds a year, as a share of what it has now; the same area every
    ///   year, not compounded.
    ///
    /// # Errors
    /// As [`Account::outlook`].
    ///
    /// # Complexity
    /// O(n log n) in parcels of construction land.
    pub fn outlooks(
        &self,
        far: Option<f64>,
        growth_ratio_per_year: Option<f64>,
    ) -> Result<Vec<UnitOutlook>, ParamError> {
        let outlook = |account: &Account, areas: &dyn Fn() -> Vec<(ParcelIdx, f64)>| {
            let Some(limit_m2) = account.limit_m2 else { return Ok(None) };
            let growth = growth_ratio_per_year.map(|ratio| ratio * account.construction_m2);
            let outlook = account.outlook(Limit::AreaM2(limit_m2), far, growth)?;
            let (mut over, mut withdrawn, mut withdrawn_m2) = (Vec::new(), Some(Vec::new()), 0.0);
            if outlook.headroom_m2 < 0.0 {
                let areas = areas();
                // Streets cannot be withdrawn.
                let left_m2 = limit_m2 - account.built_streets_m2();
                over = carriers(&areas, left_m2);
                withdrawn = withdrawals(&areas, left_m2);
                let gone = withdrawn.as_deref().unwrap_or_default();
                let of = |parcel: &ParcelIdx| areas.binary_search_by_key(parcel, |area| area.0).ok();
                withdrawn_m2 = gone.iter().filter_map(of).map(|at| areas[at].1).sum();
            }
            Ok(Some(UnitOutlook {
                id: account.id.clone().unwrap_or_default(),
                source: account.limit_source.clone().unwrap_or_default(),
                outlook,
                carriers: over,
                withdrawals: withdrawn,
                withdrawn_m2,
            }))
        };
        let units = self.units.iter().enumerate().filter(|(_, account)| account.id.is_some());
        let mut found = Vec::new();
        for (unit, account) in units {
            found.extend(outlook(account, &|| self.construction_in(unit))?);
        }
        if self.units.len() > 1 {
            found.extend(outlook(&self.total, &|| self.construction_in_all())?);
        }
        Ok(found)
    }
}

impl Account {
    /// What `limit` leaves this unit: in land, in floor area at the floor area ratio `far`, and in years at a constant growth of
    /// construction land.
    ///
    /// # Errors
    /// [`ParamError`] for a limit out of range, a negative `far`, or a growth that is not finite.
    ///
    /// # Complexity
    /// O(1).
    ///
    /// ```
    /// use landuse::intensity::{Account, Limit, Totals};
    /// let account = Account::from_totals("unit", &Totals::new(1_000.0, 200.0), None)?;
    /// let outlook = account.outlook(Limit::Share(0.3), Some(2.5), Some(20.0))?;
    /// assert_eq!(outlook.headroom_m2, 100.0);
    /// assert_eq!(outlook.headroom_floor_area_m2, Some(250.0));
    /// assert_eq!(outlook.years_until_passed, Some(5.0));
    /// # Ok::<(), landuse::ParamError>(())
    /// ```
    pub fn outlook(
        &self,
        limit: Limit,
        far: Option<f64>,
        growth_m2_per_year: Option<f64>,
    ) -> Result<Outlook, ParamError> {
        if let Some(far) = far.filter(|far| !(far.is_finite() && *far >= 0.0)) {
            return Err(ParamError::new("far", far, "a finite ratio of at least 0"));
        }
        if let Some(growth) = growth_m2_per_year.filter(|growth| !growth.is_finite()) {
            return Err(ParamError::new("growth_m2_per_year", growth, "a finite area per year"));
        }
        let limit_m2 = limit.area_m2(self.land_m2)?;
        let headroom_m2 = limit_m2 - (self.construction_m2 + self.built_streets_m2());
        let years = |growth: f64| {
            if headroom_m2 < 0.0 { Some(0.0) } else { (growth > 0.0).then(|| headroom_m2 / growth) }
        };
        Ok(Outlook {
            limit_m2,
            headroom_m2,
            headroom_floor_area_m2: far.map(|far| far * headroom_m2),
            years_until_passed: growth_m2_per_year.and_then(years),
        })
    }
}

/// Parcels of construction land from the largest down, equal ones in canonical order.
fn from_the_largest(areas: &[(ParcelIdx, f64)]) -> Vec<(ParcelIdx, f64)> {
    let mut order = areas.to_vec();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order
}

/// The parcels that carry a unit over its limit: counted from the largest down, those with which the sum is above
/// `limit_m2`. Without them the unit would stand within its limit.
///
/// # Arguments
/// * `areas`: construction land of each parcel in the unit, m², as [`Ledger::construction_in`](super::Ledger::construction_in) gives.
///
/// # Complexity
/// O(n log n).
pub fn carriers(areas: &[(ParcelIdx, f64)], limit_m2: f64) -> Vec<ParcelIdx> {
    let mut sum = 0.0;
    let within = |(_, area): &(ParcelIdx, f64)| {
        sum += area;
        sum <= limit_m2
    };
    from_the_largest(areas).into_iter().skip_while(within).map(|(parcel, _)| parcel).collect()
}

/// The fewest parcels whose withdrawal brings a unit back to at most `limit_m2` of construction land; empty where it stands within.
/// None where even without any parcel the limit is passed: where it is below 0.
///
/// Parcels are taken from the largest down until enough is gone. No smaller set does: any k parcels together have at most the area
/// of the k largest, so that if the k largest do not suffice, no k parcels do. Among sets of that size it is the one that
/// frees most, and equal areas are taken in canonical order.
///
/// # Complexity
/// O(n log n).
///
/// ```
/// use landuse::ParcelIdx;
/// use landuse::intensity::withdrawals;
/// let areas = [(ParcelIdx(0), 30.0), (ParcelIdx(1), 50.0), (ParcelIdx(2), 20.0)];
/// assert_eq!(withdrawals(&areas, 60.0), Some(vec![ParcelIdx(1)]));
/// assert_eq!(withdrawals(&areas, 100.0), Some(vec![]));
/// ```
pub fn withdrawals(areas: &[(ParcelIdx, f64)], limit_m2: f64) -> Option<Vec<ParcelIdx>> {
    if limit_m2.is_nan() || limit_m2 < 0.0 {
        return None;
    }
    let order = from_the_largest(areas);
    // What is left after the k largest are gone, added from the smallest up: withdrawing all leaves exactly 0.
    let mut left = vec![0.0; order.len() + 1];
    for k in (0..order.len()).rev() {
        left[k] = left[k + 1] + order[k].1;
    }
    let count = left.iter().position(|&left| left <= limit_m2)?;
    Some(order[..count].iter().map(|(parcel, _)| *parcel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intensity::Totals;

    fn areas(of: &[f64]) -> Vec<(ParcelIdx, f64)> {
        of.iter().enumerate().map(|(i, &area)| (ParcelIdx(i as u32), area)).collect()
    }

    /// All subsets of a few parcels: none smaller brings the unit back.
    #[test]
    fn no_smaller_set_of_withdrawals_does() {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 24)
        };
        let mut sizes = [0; 9];
        for _ in 0..200 {
            let areas = areas(&(0..8).map(|_| next()).collect::<Vec<_>>());
            let sum: f64 = areas.iter().map(|a| a.1).sum();
            let limit = sum * next() / 255.0;
            let found = withdrawals(&areas, limit).unwrap();
            let gone: f64 = found.iter().map(|p| areas[p.index()].1).sum();
            assert!(sum - gone <= limit);
            let fewest = (0_u32..256)
                .filter(|set| {
                    let left = areas.iter().filter(|(p, _)| (set >> p.0) & 1 == 0).map(|a| a.1).sum::<f64>();
                    left <= limit
                })
                .map(u32::count_ones)
                .min();
            assert_eq!(Some(found.len() as u32), fewest);
            sizes[found.len()] += 1;
        }
        assert!(sizes.iter().filter(|&&n| n > 0).count() > 4, "{sizes:?}");
    }

    #[test]
    fn carriers_are_those_beyond_the_limit() {
        let areas = areas(&[10.0, 40.0, 20.0, 40.0]);
        let carriers = |limit| carriers(&areas, limit).iter().map(|p| p.0).collect::<Vec<_>>();
        assert_eq!(carriers(110.0), Vec::<u32>::new());
        assert_eq!(carriers(100.0), [0]);
        assert_eq!(carriers(90.0), [2, 0]);
        assert_eq!(carriers(39.0), [1, 3, 2, 0]);
    }

    #[test]
    fn equal_parcels_go_in_canonical_order() {
        let mut areas = areas(&[5.0; 4]);
        let first = withdrawals(&areas, 11.0);
        areas.reverse();
        assert_eq!(withdrawals(&areas, 11.0), first);
        assert_eq!(first.unwrap(), [ParcelIdx(0), ParcelIdx(1)]);
        assert_eq!(withdrawals(&areas, 0.0).unwrap().len(), 4);
        assert_eq!(withdrawals(&areas, -1.0), None);
        assert_eq!(withdrawals(&[], 0.0), Some(vec![]));
    }

    #[test]
    fn an_outlook_is_signed() {
        let account = Account::from_totals("unit", &Totals::new(1_000.0, 400.0), None).unwrap();
        let outlook = account.outlook(Limit::Share(0.3), Some(2.0), Some(10.0)).unwrap();
        assert_eq!((outlook.headroom_m2, outlook.headroom_floor_area_m2), (-100.0, Some(-200.0)));
        assert_eq!(outlook.years_until_passed, Some(0.0));
        let outlook = account.outlook(Limit::AreaM2(500.0), None, Some(-1.0)).unwrap();
        assert_eq!((outlook.headroom_m2, outlook.years_until_passed), (100.0, None));
        for (limit, far, growth, name) in [
            (Limit::Share(1.5), None, None, "limit"),
            (Limit::AreaM2(f64::NAN), None, None, "limit"),
            (Limit::Share(0.3), Some(-1.0), None, "far"),
            (Limit::Share(0.3), None, Some(f64::INFINITY), "growth_m2_per_year"),
        ] {
            assert_eq!(account.outlook(limit, far, growth).unwrap_err().name(), name);
        }
    }
}

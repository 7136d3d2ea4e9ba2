use std::collections::BTreeMap;

use serde::Serialize;

use crate::intensity::{Account, Ledger};

/// The change of a ratio as the sum of what its parts did.
///
/// A ratio is a product of factors, one per cause; each cause's effect is its Shapley value: the mean, over all orders in which the
/// factors could have changed one after the other, of what its change does. The effects sum to the change, whatever the sizes.
///
/// # Source
/// Shapley 1953, *A value for n-person games*; Shorrocks 2013, *Decomposition procedures for distributional analysis*, for its use
/// on indicators.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decomposition {
    /// The ratio at the earlier date.
    pub before: f64,
    /// At the later date.
    pub after: f64,
    /// Effect of the area of construction land.
    pub area: f64,
    /// Effect of floor area per construction land; 0 for ratios without floors.
    pub floor_area: f64,
    /// Effect of the land it is taken of: borders of the unit, and for net intensity the lines and unsuitable land.
    pub boundary: f64,
}

impl Decomposition {
    /// What the effects leave of the change: rounding.
    pub fn residual(&self) -> f64 {
        (self.after - self.before - self.area - self.floor_area - self.boundary).abs()
    }

    /// Of `construction / land`.
    fn of_ratio(before: [f64; 2], after: [f64; 2]) -> Option<Self> {
        let ([c0, a0], [c1, a1]) = (before, after);
        if !(a0 > 0.0 && a1 > 0.0) {
            return None;
        }
        let [area, boundary] = shapley([[c0, c1], [a0.recip(), a1.recip()]]);
        Some(Self { before: c0 / a0, after: c1 / a1, area, floor_area: 0.0, boundary })
    }

    /// Of `floor area / land = construction · (floor area / construction) / land`.
    fn of_far(before: [f64; 3], after: [f64; 3]) -> Option<Self> {
        let ([c0, f0, a0], [c1, f1, a1]) = (before, after);
        if !(a0 > 0.0 && a1 > 0.0) {
            return None;
        }
        // Where nothing was built there is no density to change: that of the other date stands for it.
        let density = |c: f64, f: f64| (c > 0.0).then(|| f / c);
        let densities = match (density(c0, f0), density(c1, f1)) {
            (Some(a), Some(b)) => [a, b],
            (Some(a), None) if f1 == 0.0 => [a, a],
            (None, Some(b)) if f0 == 0.0 => [b, b],
            (None, None) if f0 == 0.0 && f1 == 0.0 => [0.0, 0.0],
            // Floor area without construction land has no place in the product.
            _ => return None,
        };
        let [area, floor_area, boundary] = shapley3([c0, c1], densities, [a0.recip(), a1.recip()]);
        Some(Self { before: f0 / a0, after: f1 / a1, area, floor_area, boundary })
    }
}

/// Effects of two factors, each `[before, after]`.
fn shapley([x, y]: [[f64; 2]; 2]) -> [f64; 2] {
    [(x[1] - x[0]) * f64::midpoint(y[0], y[1]), (y[1] - y[0]) * f64::midpoint(x[0], x[1])]
}

/// Effects of three.
fn shapley3(x: [f64; 2], y: [f64; 2], z: [f64; 2]) -> [f64; 3] {
    let effect = |own: [f64; 2], p: [f64; 2], q: [f64; 2]| {
        let both = p[0] * q[0] + p[1] * q[1];
        let one = p[0] * q[1] + p[1] * q[0];
        (own[1] - own[0]) * (2.0 * both + one) / 6.0
    };
    [effect(x, y, z), effect(y, x, z), effect(z, x, y)]
}

/// How the intensity of one unit changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Id of the unit; none for what lies in no unit.
    pub id: Option<Box<str>>,
    /// Land at both dates, m².
    pub land_m2: [f64; 2],
    /// Construction land at both dates, m².
    pub construction_m2: [f64; 2],
    /// Land of which it is not known, at both dates, m².
    pub unknown_m2: [f64; 2],
    /// Known floor area at both dates, m²; none where nothing is known.
    pub floor_area_m2: Option<[f64; 2]>,
    /// Parcels of unknown floor area at both dates: where the two differ, so does what is compared.
    pub floor_area_unknown: [usize; 2],
    /// Gross intensity; none where a date has no land.
    pub gross: Option<Decomposition>,
    /// Net intensity; none without lines.
    pub net: Option<Decomposition>,
    /// Gross floor area ratio; none where no floor area is known.
    pub far: Option<Decomposition>,
}

impl Change {
    fn of(old: &Account, new: &Account) -> Self {
        let floors = old.density.floor_area_m2.zip(new.density.floor_area_m2).map(|(a, b)| [a, b]);
        let outside = |account: &Account| Some([account.construction_outside_m2?, account.developable_m2?]);
        Self {
            id: new.id.clone(),
            land_m2: [old.land_m2, new.land_m2],
            construction_m2: [old.construction_m2, new.construction_m2],
            unknown_m2: [old.unknown_m2, new.unknown_m2],
            floor_area_m2: floors,
            floor_area_unknown: [old.density.floor_area_unknown, new.density.floor_area_unknown],
            gross: Decomposition::of_ratio(
                [old.construction_m2, old.land_m2],
                [new.construction_m2, new.land_m2],
            ),
            net: outside(old).zip(outside(new)).and_then(|(old, new)| Decomposition::of_ratio(old, new)),
            far: floors.and_then(|[before, after]| {
                Decomposition::of_far(
                    [old.construction_m2, before, old.land_m2],
                    [new.construction_m2, after, new.land_m2],
                )
            }),
        }
    }
}

/// The whole, then the units that both dates have, by id.
pub(super) fn of(old: &Ledger, new: &Ledger) -> Vec<Change> {
    let earlier: BTreeMap<&str, &Account> =
        old.units.iter().filter_map(|unit| Some((unit.id.as_deref()?, unit))).collect();
    let mut changes = vec![Change::of(&old.total, &new.total)];
    if new.units.len() > 1 {
        let both = new.units.iter().filter_map(|unit| Some((*earlier.get(unit.id.as_deref()?)?, unit)));
        changes.extend(both.map(|(old, new)| Change::of(old, new)));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_sum_to_the_change() {
        let mut state = 3_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / 256.0
        };
        for _ in 0..500 {
            let [c0, c1, f0, f1, a0, a1] = [(); 6].map(|()| next() + 1e-3);
            for found in [
                Decomposition::of_ratio([c0, a0], [c1, a1]).unwrap(),
                Decomposition::of_far([c0, f0, a0], [c1, f1, a1]).unwrap(),
            ] {
                let scale = found.before.abs() + found.after.abs() + found.area.abs() + found.boundary.abs();
                assert!(found.residual() <= 1e-14 * scale, "{found:?}");
            }
        }
    }

    #[test]
    fn one_cause_has_the_whole_effect() {
        let grown = Decomposition::of_far([10.0, 20.0, 100.0], [10.0, 30.0, 100.0]).unwrap();
        assert!((grown.floor_area - 0.1).abs() < 1e-15 && grown.area == 0.0 && grown.boundary == 0.0);
        let built = Decomposition::of_ratio([10.0, 100.0], [25.0, 100.0]).unwrap();
        assert!((built.area - 0.15).abs() < 1e-15 && built.boundary == 0.0);
        let widened = Decomposition::of_ratio([10.0, 50.0], [10.0, 100.0]).unwrap();
        assert!((widened.boundary + 0.1).abs() < 1e-15 && widened.area == 0.0);
    }

    #[test]
    fn the_first_building_has_no_density_to_change() {
        let first = Decomposition::of_far([0.0, 0.0, 100.0], [10.0, 30.0, 100.0]).unwrap();
        assert!((first.area - 0.3).abs() < 1e-15 && first.floor_area == 0.0);
        assert!(Decomposition::of_far([0.0, 5.0, 100.0], [10.0, 30.0, 100.0]).is_none());
        assert!(Decomposition::of_ratio([1.0, 0.0], [1.0, 1.0]).is_none());
    }
}

//! "Industry upstairs" (工业上楼): which buildings are high-rise factories, and how much floor or land a higher ratio gives.

use serde::{Deserialize, Serialize};

use crate::error::ParamError;
use crate::parcel::Column;

/// When a factory counts as high-rise: taller than `above_m`, or of at least `floors` floors; never with a single storey.
///
/// # Source
/// Default: higher than 24 m or six floors and more (report of September 2023 on Shenzhen's "industry goes upstairs"); 24 m and
/// "not single-storey" agree with GB 50016 (`gb50016`). The district guide of Bao'an adds `at_most_m` = 100 (`baoan-guide`).
///
/// ```
/// use landuse::efficiency::HighRiseFactory;
/// let rule = HighRiseFactory::default();
/// assert_eq!(rule.holds(Some(24.0), Some(5.0)), Some(false));     // strictly above 24 m
/// assert_eq!(rule.holds(Some(24.1), Some(5.0)), Some(true));
/// assert_eq!(rule.holds(None, Some(6.0)), Some(true));
/// assert_eq!(rule.holds(Some(40.0), Some(1.0)), Some(false));     // a tall hall
/// assert_eq!(rule.holds(None, Some(5.0)), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HighRiseFactory {
    /// Height that must be exceeded, m. Default: 24.
    pub above_m: f64,
    /// Floors that suffice, whatever the height. Default: 6.
    pub floors: f64,
    /// Greatest height, m. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_m: Option<f64>,
}

impl Default for HighRiseFactory {
    fn default() -> Self {
        Self { above_m: 24.0, floors: 6.0, at_most_m: None }
    }
}

impl HighRiseFactory {
    /// Refuses limits that are none; `name` is what errors call the rule.
    pub(crate) fn check(&self, name: &str) -> Result<(), ParamError> {
        for (field, value) in
            [("above_m", Some(self.above_m)), ("floors", Some(self.floors)), ("at_most_m", self.at_most_m)]
        {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
                return Err(ParamError::new(
                    &format!("{name}.{field}"),
                    value,
                    "a finite number of at least 0",
                ));
            }
        }
        Ok(())
    }

    /// Whether a building is a high-rise factory; unknown where what is known of it does not settle that.
    pub fn holds(&self, height_m: Option<f64>, floors: Option<f64>) -> Option<bool> {
        use super::logic::{all, any};
        all([
            floors.map(|floors| floors > 1.0),
            any([height_m.map(|height| height > self.above_m), floors.map(|floors| floors >= self.floors)]),
            self.at_most_m.map_or(Some(true), |limit| height_m.map(|height| height <= limit)),
        ])
    }

    /// [`holds`](Self::holds) for columns of equal length; the longer one is cut.
    ///
    /// # Complexity
    /// O(n).
    pub fn classify(&self, height_m: &Column<f64>, floors: &Column<f64>) -> Column<bool> {
        height_m.iter().zip(floors.iter()).map(|(height, floors)| self.holds(height, floors)).collect()
    }
}

/// A site built anew at another floor area ratio, part of its land handed over for public use.
///
/// With site area `S`, ratios `f0` and `f1`, dedicated share `d`:
///
/// * [uplift](Self::uplift_m2) `dG = S · (f1 · (1 − d) − f0)`: net floor area gained, negative where the site is over target;
/// * [gross new floor](Self::gross_new_floor_m2) `G = S · f1 · (1 − d)`: what supply targets count;
/// * [land released](Self::land_released_m2) `dS = S · (1 − f0 / f1)`: at constant floor area, the intensity potential of TD/T 1029;
/// * [site for gross](Self::site_for_gross_m2) `T / (f1 · (1 − d))` and [for net](Self::site_for_net_m2) `T / (f1 · (1 − d) − f0)`:
///   land an annual target takes. A target that does not say which one means two very different areas.
///
/// # Source
/// Arithmetic of areas: land times ratio is floor area.
///
/// ```
/// use landuse::efficiency::Redevelopment;
/// let higher = Redevelopment::new(1.4, 3.0, 0.0)?;
/// assert_eq!(higher.site_for_net_m2(20e6).map(|m2| (m2 / 1e4).round() / 100.0), Some(12.5));   // km²
/// assert!((higher.site_for_gross_m2(20e6) / 1e6 - 6.67).abs() < 0.005);
/// # Ok::<(), landuse::ParamError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Redevelopment {
    current_far: f64,
    target_far: f64,
    dedicated_share: f64,
}

impl Redevelopment {
    /// From one floor area ratio to another, with the share of the land handed over.
    ///
    /// # Errors
    /// [`ParamError`] for a current ratio below 0, a target of 0 or less, a share outside 0 to 1 (1 excluded), or one not finite.
    pub fn new(current_far: f64, target_far: f64, dedicated_share: f64) -> Result<Self, ParamError> {
        if !(current_far.is_finite() && current_far >= 0.0) {
            return Err(ParamError::new("current_far", current_far, "a finite ratio of at least 0"));
        }
        if !(target_far.is_finite() && target_far > 0.0) {
            return Err(ParamError::new("target_far", target_far, "a finite ratio above 0"));
        }
        if !(0.0..1.0).contains(&dedicated_share) {
            return Err(ParamError::new("dedicated_share", dedicated_share, "a share from 0 to below 1"));
        }
        Ok(Self { current_far, target_far, dedicated_share })
    }

    /// Floor area ratio over the whole site once built, `f1 · (1 − d)`.
    pub fn built_far(&self) -> f64 {
        self.target_far * (1.0 - self.dedicated_share)
    }

    /// Net floor area gained on `site_m2`, m²; negative where the site is over target.
    pub fn uplift_m2(&self, site_m2: f64) -> f64 {
        site_m2 * (self.built_far() - self.current_far)
    }

    /// Floor area built on `site_m2`, m², the old one not taken off.
    pub fn gross_new_floor_m2(&self, site_m2: f64) -> f64 {
        site_m2 * self.built_far()
    }

    /// Land that is free once the floor area of today stands at the target ratio, m²; negative where the site is over target.
    pub fn land_released_m2(&self, site_m2: f64) -> f64 {
        site_m2 * (1.0 - self.current_far / self.target_far)
    }

    /// Land that `floor_m2` of newly built floor area takes, m².
    pub fn site_for_gross_m2(&self, floor_m2: f64) -> f64 {
        floor_m2 / self.built_far()
    }

    /// Land that `floor_m2` of additional floor area takes, m²; none where rebuilding adds no floor.
    pub fn site_for_net_m2(&self, floor_m2: f64) -> Option<f64> {
        let gain = self.built_far() - self.current_far;
        (gain > 0.0).then(|| floor_m2 / gain)
    }

    /// Output gained on `site_m2` where a m² of floor yields as much as today, in the unit of `output`: `dY = Y / GFA0 · dG`.
    /// None where no floor stands today.
    pub fn output_uplift(&self, site_m2: f64, output: f64) -> Option<f64> {
        let floor_m2 = site_m2 * self.current_far;
        (floor_m2 > 0.0).then(|| output / floor_m2 * self.uplift_m2(site_m2))
    }
}

/// Output gained once a site yields a standard per mu: `S_mu · standard − Y`, in the unit of `output`.
pub fn output_gap(site_m2: f64, standard_per_mu: f64, output: f64) -> f64 {
    crate::units::AreaUnit::Mu.from_m2(site_m2) * standard_per_mu - output
}

/// What a renewal pulls down and builds, against the caps of the city.
///
/// # Source
/// Shenzhen renewal plan 2021 to 2025 (`shenzhen-renewal`): at most 20 % of the existing floor area demolished in a renewal area, at most twice the
/// demolished floor area built.
///
/// ```
/// use landuse::efficiency::Demolition;
/// let plan = Demolition { existing_m2: 100_000.0, demolished_m2: 18_000.0, built_m2: 45_000.0 };
/// assert_eq!((plan.demolished_share(), plan.build_ratio()), (Some(0.18), Some(2.5)));
/// assert_eq!(plan.within(0.2, 2.0), Some(false));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demolition {
    /// Floor area that stands before, m².
    pub existing_m2: f64,
    /// Floor area pulled down, m².
    pub demolished_m2: f64,
    /// Floor area built, m².
    pub built_m2: f64,
}

impl Demolition {
    /// Greatest share of the floor area that may be pulled down in Shenzhen (`shenzhen-renewal`).
    pub const SHENZHEN_SHARE: f64 = 0.2;
    /// Greatest ratio of built to demolished floor area in Shenzhen (`shenzhen-renewal`).
    pub const SHENZHEN_RATIO: f64 = 2.0;

    /// Demolished over existing floor area; none where nothing stands.
    pub fn demolished_share(&self) -> Option<f64> {
        (self.existing_m2 > 0.0).then(|| self.demolished_m2 / self.existing_m2)
    }

    /// Built over demolished floor area; none where nothing is pulled down.
    pub fn build_ratio(&self) -> Option<f64> {
        (self.demolished_m2 > 0.0).then(|| self.built_m2 / self.demolished_m2)
    }

    /// Whether both caps hold; a cap without a ratio to test is kept, and without any ratio nothing is said.
    pub fn within(&self, share_cap: f64, ratio_cap: f64) -> Option<bool> {
        let share = self.demolished_share().map(|share| share <= share_cap);
        let ratio = self.build_ratio().map(|ratio| ratio <= ratio_cap);
        share.or(ratio).map(|_| share.unwrap_or(true) && ratio.unwrap_or(true))
    }
}

//! Idle land by contract, and the four marks of low-efficiency land in words.

use serde::Serialize;

use super::logic::{all, any, not};

/// What the contract and a visit tell of a site, for the tests of idle land (闲置土地).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct IdleFigures {
    /// Years since the agreed start of building; negative before it.
    pub years_since_start: Option<f64>,
    /// Whether building started: foundations at ±0.00 or above.
    pub started: Option<bool>,
    /// Developed area over the area that should be developed, green left out.
    pub developed_share: Option<f64>,
    /// Investment made over total investment, both without land price and taxes.
    pub invested_share: Option<f64>,
    /// Years since work was suspended; 0 where it goes on.
    pub suspended_years: Option<f64>,
}

/// Which test of idle land a site fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IdleLand {
    /// Not started a full year after the agreed start.
    pub not_started: Option<bool>,
    /// Started, but too little developed or invested, and suspended for a full year.
    pub suspended: Option<bool>,
}

impl IdleLand {
    /// Whether the land is idle.
    pub fn idle(self) -> Option<bool> {
        any([self.not_started, self.suspended])
    }
}

impl IdleFigures {
    /// The contractual tests: not started within one year after the agreed start; or started, with less than 1/3 of the area
    /// developed *or* less than 25 % of the total invested, and suspended for one full year. What is not known matters only where
    /// it could turn a test.
    ///
    /// # Source
    /// Order 53 of the Ministry of Land and Resources, 2012 (`order-53`, `order-53-text`); what counts as started, developed and invested: `idle-terms`. Both
    /// shares are strict: exactly 1/3 or 25 % is not idle.
    ///
    /// ```
    /// use landuse::efficiency::IdleFigures;
    /// let site = IdleFigures { started: Some(true), invested_share: Some(0.2), suspended_years: Some(1.5), ..Default::default() };
    /// assert_eq!(site.test().idle(), Some(true));
    /// let site = IdleFigures { years_since_start: Some(1.2), ..Default::default() };
    /// assert_eq!(site.test().idle(), None);       // nobody knows whether it started
    /// ```
    pub fn test(&self) -> IdleLand {
        let few = any([
            self.developed_share.map(|share| share < 1.0 / 3.0),
            self.invested_share.map(|share| share < 0.25),
        ]);
        IdleLand {
            not_started: all([not(self.started), self.years_since_start.map(|years| years >= 1.0)]),
            suspended: all([self.started, few, self.suspended_years.map(|years| years >= 1.0)]),
        }
    }
}

/// The qualitative definition of urban low-efficiency land of 2016: construction land that bears one of four marks, with a clear title.
///
/// # Source
/// Ministry of Land and Resources, document 147 of 2016 (`document-147-2016`): existing urban construction land, confirmed as such in the second
/// survey, scattered in layout, extensively used, unreasonable in use or with dilapidated buildings; title clear and undisputed.
///
/// ```
/// use landuse::efficiency::QualitativeFlags;
/// let land = QualitativeFlags {
///     construction_land: Some(true), clear_title: Some(true), dilapidated: Some(true), ..Default::default()
/// };
/// assert_eq!(land.low_efficiency(), Some(true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QualitativeFlags {
    /// Construction land in the second survey.
    pub construction_land: Option<bool>,
    /// Title clear and undisputed.
    pub clear_title: Option<bool>,
    /// Scattered in layout (布局散乱).
    pub scattered: Option<bool>,
    /// Extensively used (利用粗放).
    pub extensive: Option<bool>,
    /// Unreasonable in use (用途不合理).
    pub unreasonable_use: Option<bool>,
    /// Dilapidated buildings (建筑危旧).
    pub dilapidated: Option<bool>,
}

impl QualitativeFlags {
    /// Whether the definition holds; unknown where a flag that matters is.
    pub fn low_efficiency(&self) -> Option<bool> {
        let marks = [self.scattered, self.extensive, self.unreasonable_use, self.dilapidated];
        all([self.construction_land, self.clear_title, any(marks)])
    }
}

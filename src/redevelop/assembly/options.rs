use serde::{Deserialize, Serialize};

use crate::error::ParamError;

/// What an assembly of parcels must be like.
///
/// Limits that more parcels can only break (area at most, parcels, span, owners) prune the search; the others are asked of what is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AssemblyOptions {
    /// Condition on the parcels that may be assembled. Default: the candidates of the analysis.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub parcels: Option<Box<str>>,
    /// Least land, m². Default: 10,000.
    pub min_area_m2: f64,
    /// Most land, m². Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_area_m2: Option<f64>,
    /// Most parcels. Default: 6.
    pub max_parcels: usize,
    /// Greatest distance between two of its points, m. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_span_m: Option<f64>,
    /// Most owners; a parcel whose owner is not known counts as an owner of its own. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_owners: Option<usize>,
    /// Column of texts that names the owner. Default: that of the analysis, else `owner`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Box<str>>,
    /// Least Polsby-Popper score, 0 to 1, of the outline closed over roads and gaps. Default: 0.
    pub min_compactness: f64,
    /// Least boundary that borders no other parcel, but a street, a square or water, m. Default: 0.
    pub min_frontage_m: f64,
    /// Least share of low parcels in the land. Default: 0.5.
    pub min_low_share: f64,
    /// Least shares of other land, such as industrial use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<LandShare>,
    /// What comes first. Default: uplift per owner where any is known, else area per owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
    /// Sets looked at whose first parcel is the same; beyond, one more is grown step by step, and the seed is told as cut. Default: 2,000.
    pub max_visits: usize,
    /// Assemblies kept whose first parcel is the same: the best. Default: 100.
    pub max_kept: usize,
    /// Assemblies that are described and drawn: the best. Default: 500.
    pub max_described: usize,
}

/// Least share of the land of an assembly that a condition holds for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LandShare {
    /// Condition on a parcel; unknown counts as not holding.
    #[serde(rename = "where")]
    pub condition: Box<str>,
    /// Least share, 0 to 1.
    pub min: f64,
}

/// By what assemblies are ranked, the most first. Equal ones by fewer owners, then by their parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rank {
    /// Land.
    Area,
    /// Floor gained.
    Uplift,
    /// Land per owner.
    AreaPerOwner,
    /// Floor gained per owner.
    UpliftPerOwner,
}

impl Default for AssemblyOptions {
    fn default() -> Self {
        Self {
            parcels: None,
            min_area_m2: 10_000.0,
            max_area_m2: None,
            max_parcels: 6,
            max_span_m: None,
            max_owners: None,
            owner: None,
            min_compactness: 0.0,
            min_frontage_m: 0.0,
            min_low_share: 0.5,
            shares: Vec::new(),
            rank: None,
            max_visits: 2_000,
            max_kept: 100,
            max_described: 500,
        }
    }
}

/// Most parcels of one assembly: the sets of more are without number.
const MOST_PARCELS: usize = 64;

impl AssemblyOptions {
    pub(in super::super) fn check(&self) -> Result<(), ParamError> {
        let fault = |name: &str, value: &dyn std::fmt::Display, expected: &str| {
            Err(ParamError::new(&format!("assembly.{name}"), value, expected))
        };
        let sizes = [
            ("min_area_m2", Some(self.min_area_m2)),
            ("max_area_m2", self.max_area_m2),
            ("max_span_m", self.max_span_m),
            ("min_frontage_m", Some(self.min_frontage_m)),
        ];
        for (name, size) in sizes {
            if let Some(size) = size.filter(|size| !(size.is_finite() && *size >= 0.0)) {
                return fault(name, &size, "a finite number of at least 0");
            }
        }
        if let Some(most) = self.max_area_m2.filter(|most| *most < self.min_area_m2) {
            return fault("max_area_m2", &most, &format!("at least `min_area_m2`, {}", self.min_area_m2));
        }
        let shares = self.shares.iter().map(|share| ("shares.min", share.min));
        let own = [("min_compactness", self.min_compactness), ("min_low_share", self.min_low_share)];
        for (name, share) in own.into_iter().chain(shares) {
            if !(0.0..=1.0).contains(&share) {
                return fault(name, &share, "a number from 0 to 1");
            }
        }
        if !(1..=MOST_PARCELS).contains(&self.max_parcels) {
            return fault("max_parcels", &self.max_parcels, &format!("a number from 1 to {MOST_PARCELS}"));
        }
        let counts = [
            ("max_visits", self.max_visits),
            ("max_kept", self.max_kept),
            ("max_described", self.max_described),
        ];
        for (name, count) in counts {
            if count == 0 {
                return fault(name, &count, "at least 1");
            }
        }
        match self.max_owners {
            Some(0) => fault("max_owners", &0, "at least 1"),
            _ => Ok(()),
        }
    }

    pub(in super::super) fn expressions(&self) -> impl Iterator<Item = &str> {
        self.parcels.as_deref().into_iter().chain(self.shares.iter().map(|share| &*share.condition))
    }
}

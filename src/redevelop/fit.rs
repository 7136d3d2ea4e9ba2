//! What fits on a site: floor plates, floors by height and load, and the floor area ratio that is reached so.

use serde::{Deserialize, Serialize};

use crate::efficiency::HighRiseFactory;
use crate::error::ParamError;

/// What limits the buildings on a site. What is not given limits nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FitOptions {
    /// Greatest share of the usable land that buildings cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_coverage: Option<f64>,
    /// Greatest height of a building, m; needs [`storey_m`](Self::storey_m).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_height_m: Option<f64>,
    /// Height of a storey, m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storey_m: Option<f64>,
    /// Height of the lowest storey, m. Default: that of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_storey_m: Option<f64>,
    /// Most storeys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_floors: Option<u32>,
    /// Load that every floor has to bear, t/m²; [`loads`](Self::loads) say how many storeys it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_t_m2: Option<f64>,
    /// Most storeys by the load of a floor: the row of the least load that is not below the one asked for counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<LoadLimit>,
    /// Area of one floor plate, m²: only whole ones are built. Default: the covered land is one plate, however large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plate_m2: Option<f64>,
}

/// Most storeys of a building whose floors bear a load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadLimit {
    /// Load of a floor, t/m².
    pub t_m2: f64,
    /// Most storeys.
    pub max_floors: u32,
}

/// What stops a site from more floor area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Binding {
    /// The target floor area ratio.
    Far,
    /// Coverage, setback, plates, height, storeys or load: what fits.
    Fit,
}

impl Binding {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Far => "far",
            Self::Fit => "fit",
        }
    }
}

/// The most that fits on a site.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fit {
    /// Land that buildings cover, m².
    pub footprint_m2: f64,
    /// Whole floor plates side by side; none where plates have no size.
    pub plates: Option<u64>,
    /// Most storeys; none where nothing limits them.
    pub floors: Option<u32>,
    /// Floor area in all, m²; none where nothing limits the storeys.
    pub floor_m2: Option<f64>,
    /// That over the usable land: the floor area ratio that can be reached.
    pub far: Option<f64>,
}

/// A building that holds a floor area on a footprint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Planned {
    /// Storeys.
    pub floors: u32,
    /// Height, m; none where storeys have none.
    pub height_m: Option<f64>,
    /// Whether it is a high-rise factory.
    pub high_rise: Option<bool>,
}

impl FitOptions {
    pub(super) fn check(&self) -> Result<(), ParamError> {
        let above = |name: &str, value: Option<f64>| match value {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(ParamError::new(&format!("capacity.fit.{name}"), value, "a finite number above 0"))
            }
            _ => Ok(()),
        };
        for (name, value) in [
            ("max_height_m", self.max_height_m),
            ("storey_m", self.storey_m),
            ("first_storey_m", self.first_storey_m),
            ("load_t_m2", self.load_t_m2),
            ("plate_m2", self.plate_m2),
        ] {
            above(name, value)?;
        }
        if let Some(share) = self.max_coverage.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
            return Err(ParamError::new("capacity.fit.max_coverage", share, "a share above 0 and up to 1"));
        }
        if self.max_floors == Some(0) {
            return Err(ParamError::new("capacity.fit.max_floors", 0, "at least one storey"));
        }
        if self.storey_m.is_none() && (self.max_height_m.is_some() || self.first_storey_m.is_some()) {
            let expected = "a height of storeys, to make storeys of a height";
            return Err(ParamError::new("capacity.fit.storey_m", "not given", expected));
        }
        for limit in &self.loads {
            above("loads.t_m2", Some(limit.t_m2))?;
        }
        match self.load_t_m2 {
            Some(load) if self.floors_under(load).is_none() => Err(ParamError::new(
                "capacity.fit.load_t_m2",
                load,
                "a load that one of `loads` is not below",
            )),
            None if !self.loads.is_empty() => {
                let expected = "the load that floors have to bear, as `loads` are given";
                Err(ParamError::new("capacity.fit.load_t_m2", "not given", expected))
            }
            _ => Ok(()),
        }
    }

    fn floors_under(&self, load_t_m2: f64) -> Option<u32> {
        let bearing = self.loads.iter().filter(|limit| limit.t_m2 >= load_t_m2);
        bearing.min_by(|a, b| a.t_m2.total_cmp(&b.t_m2)).map(|limit| limit.max_floors)
    }

    /// Most storeys by height, number and load; none where nothing limits them.
    pub fn max_storeys(&self) -> Option<u32> {
        let by_height = self.max_height_m.zip(self.storey_m).map(|(height, storey)| {
            let first = self.first_storey_m.unwrap_or(storey);
            // A height that is a whole number of storeys but for rounding holds them all.
            let more = ((height - first) / storey * (1.0 + 1e-12)).floor();
            if height < first { 0 } else { 1 + more as u32 }
        });
        let by_load = self.load_t_m2.and_then(|load| self.floors_under(load));
        [by_height, self.max_floors, by_load].into_iter().flatten().min()
    }

    /// The most that fits on a site.
    ///
    /// * footprint = the lesser of `max_coverage · usable` and the buildable land, and of that only whole plates;
    /// * storeys = `1 + ⌊(height − first storey) / storey⌋`, at most the number given and what the load leaves;
    /// * floor area = footprint · storeys; ratio = floor area / usable.
    ///
    /// # Arguments
    /// * `usable_m2`: land that the floor area ratio counts, m².
    /// * `buildable_m2`: the part of it that buildings may stand on, m².
    ///
    /// # Source
    /// Arithmetic of areas and heights.
    ///
    /// ```
    /// use landuse::redevelop::FitOptions;
    /// let mut limits = FitOptions::default();
    /// (limits.max_coverage, limits.max_height_m, limits.storey_m) = (Some(0.5), Some(60.0), Some(5.0));
    /// (limits.first_storey_m, limits.plate_m2) = (Some(7.0), Some(2_000.0));
    /// let fit = limits.fit(10_000.0, 9_000.0);
    /// assert_eq!((fit.plates, fit.floors, fit.far), (Some(2), Some(11), Some(4.4)));
    /// ```
    pub fn fit(&self, usable_m2: f64, buildable_m2: f64) -> Fit {
        let covered = self.max_coverage.map_or(buildable_m2, |share| buildable_m2.min(share * usable_m2));
        let plates = self.plate_m2.map(|plate| (covered / plate * (1.0 + 1e-12)).floor());
        let footprint_m2 = plates.zip(self.plate_m2).map_or(covered, |(plates, plate)| plates * plate);
        let floors = self.max_storeys();
        let floor_m2 = floors.map(|floors| footprint_m2 * f64::from(floors));
        Fit {
            footprint_m2,
            plates: plates.map(|plates| plates as u64),
            floors,
            floor_m2,
            far: floor_m2.filter(|_| usable_m2 > 0.0).map(|floor| floor / usable_m2),
        }
    }

    /// The lowest building on `footprint_m2` that holds `floor_m2`; none where there is no footprint.
    pub fn building(&self, floor_m2: f64, footprint_m2: f64, rule: &HighRiseFactory) -> Option<Planned> {
        let floors = (floor_m2 / footprint_m2 * (1.0 - 1e-12)).ceil();
        if !(floors.is_finite() && floors >= 1.0) {
            return None;
        }
        let height_m =
            self.storey_m.map(|storey| self.first_storey_m.unwrap_or(storey) + (floors - 1.0) * storey);
        Some(Planned { floors: floors as u32, height_m, high_rise: rule.holds(height_m, Some(floors)) })
    }
}

use serde::{Deserialize, Serialize};

use crate::error::{Error, ParamError};
use crate::parcel::ParcelSet;

/// How much construction land a unit may have: a warning line or a quota of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// This share of the unit's land.
    Share(f64),
    /// This area, m².
    AreaM2(f64),
}

impl Limit {
    /// The limit as an area of a unit with `land_m2` of land, m².
    ///
    /// # Errors
    /// [`ParamError`] for a share outside (0, 1] or an area that is negative or not finite.
    pub fn area_m2(self, land_m2: f64) -> Result<f64, ParamError> {
        match self {
            Self::Share(share) if share > 0.0 && share <= 1.0 => Ok(share * land_m2),
            Self::Share(share) => Err(ParamError::new("limit", share, "a share above 0 and up to 1")),
            Self::AreaM2(area) if area.is_finite() && area >= 0.0 => Ok(area),
            Self::AreaM2(area) => Err(ParamError::new("limit", area, "a finite area of at least 0 m²")),
        }
    }
}

/// The limit of one unit, instead of the warning line of all.
///
/// In a file it has `unit`, `source`, and either `share` or `area_m2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stated", into = "Stated")]
pub struct UnitLimit {
    /// Id of the unit.
    pub unit: Box<str>,
    /// How much construction land it may have.
    pub limit: Limit,
    /// Who set it.
    pub source: Box<str>,
}

/// A limit as it stands in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    unit: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    area_m2: Option<f64>,
    source: Box<str>,
}

impl From<UnitLimit> for Stated {
    fn from(UnitLimit { unit, limit, source }: UnitLimit) -> Self {
        let (share, area_m2) = match limit {
            Limit::Share(share) => (Some(share), None),
            Limit::AreaM2(area_m2) => (None, Some(area_m2)),
        };
        Self { unit, share, area_m2, source }
    }
}

impl TryFrom<Stated> for UnitLimit {
    type Error = ParamError;

    fn try_from(Stated { unit, share, area_m2, source }: Stated) -> Result<Self, ParamError> {
        let limit = match (share, area_m2) {
            (Some(share), None) => Limit::Share(share),
            (None, Some(area_m2)) => Limit::AreaM2(area_m2),
            _ => return Err(ParamError::new("limits", &unit, "either `share` or `area_m2`")),
        };
        limit.area_m2(1.0)?;
        Ok(Self { unit, limit, source })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    source: Option<Box<str>>,
    #[serde(rename = "unit", default)]
    units: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Box<str>,
    share: Option<f64>,
    area_ha: Option<f64>,
    source: Option<Box<str>>,
}

impl UnitLimit {
    /// Reads limits from TOML; `file` is what errors call it. Each unit has a `share` of its land or an `area_ha`, and a source
    /// of its own or the file's: a limit that nobody set is refused.
    ///
    /// # Errors
    /// [`Error::Config`] with the unit, the key and what was expected.
    ///
    /// ```
    /// use landuse::intensity::{Limit, UnitLimit};
    /// let limits = UnitLimit::from_toml(
    ///     r#"
    ///     source = "territorial plan, table 4"
    ///     unit = [
    ///         { id = "north", share = 0.30 },
    ///         { id = "south", area_ha = 120.0, source = "council's order 7" },
    ///     ]
    ///     "#,
    ///     "quotas.toml",
    /// )?;
    /// assert_eq!((&*limits[1].source, limits[1].limit), ("council's order 7", Limit::AreaM2(1_200_000.0)));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn from_toml(text: &str, file: &str) -> Result<Vec<Self>, Error> {
        let fault = |reason: String| Error::Config { file: file.into(), reason: reason.into() };
        let read: File = crate::zoning::config::read(text, file)?;
        let all = read.source;
        let limit = |entry: Entry| {
            let id = &entry.id;
            let limit = match (entry.share, entry.area_ha) {
                (Some(share), None) => Limit::Share(share),
                (None, Some(ha)) => Limit::AreaM2(ha * 1e4),
                _ => return Err(fault(format!("unit `{id}`: expected either `share` or `area_ha`"))),
            };
            limit.area_m2(1.0).map_err(|error| fault(format!("unit `{id}`: {error}")))?;
            let source = entry.source.or_else(|| all.clone());
            let source = source.filter(|source| !source.trim().is_empty());
            let source = source
                .ok_or_else(|| fault(format!("unit `{id}`: expected a `source`: who set the limit")))?;
            Ok(Self { unit: entry.id, limit, source })
        };
        read.units.into_iter().map(limit).collect()
    }

    /// The limits that districts state themselves, by their numbers `quota_ha` or else `warning_line` (a share).
    ///
    /// # Errors
    /// [`ParamError`] for a share outside (0, 1] or an area that is negative or not finite.
    pub fn of_districts(districts: &ParcelSet, source: &str) -> Result<Vec<Self>, ParamError> {
        let numbers = &districts.attributes().numbers;
        let of = |name: &str, i: usize| numbers.get(name).and_then(|numbers| numbers.values.get(i));
        let limit = |i: usize| {
            let area = of("quota_ha", i).map(|ha| Limit::AreaM2(ha * 1e4));
            area.or_else(|| of("warning_line", i).map(Limit::Share)).map(|limit| (i, limit))
        };
        (0..districts.len())
            .filter_map(limit)
            .map(|(i, limit)| {
                limit.area_m2(1.0)?;
                Ok(Self { unit: unit_id(districts, i), limit, source: source.into() })
            })
            .collect()
    }
}

/// Id of study unit `i`: its own, else its text `name`, else its position in the file.
pub fn unit_id(districts: &ParcelSet, i: usize) -> Box<str> {
    let attributes = districts.attributes();
    let name = || attributes.texts.get("name")?.get(i).map(|name| &**name);
    match attributes.id.get(i).or_else(name) {
        Some(id) => id.into(),
        None => districts.source_row()[i].to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parcel;

    #[test]
    fn limits_without_a_source_or_a_size_are_refused() {
        let fault = |text: &str| UnitLimit::from_toml(text, "q.toml").unwrap_err().to_string();
        assert!(fault("unit = [{ id = 'a', share = 0.3 }]").contains("who set the limit"));
        assert!(fault("source = ''\nunit = [{ id = 'a', share = 0.3 }]").contains("who set the limit"));
        assert!(fault("source = 's'\nunit = [{ id = 'a' }]").contains("either `share` or `area_ha`"));
        assert!(fault("source = 's'\nunit = [{ id = 'a', share = 30.0 }]").contains("up to 1"));
        assert!(fault("source = 's'\nunit = [{ id = 'a', sahre = 0.3 }]").contains("sahre"));
    }

    #[test]
    fn districts_may_state_their_own() {
        let shape = |x: f64| {
            geo::Rect::new(geo::coord! { x: x, y: 0.0 }, geo::coord! { x: x + 1.0, y: 1.0 }).to_polygon()
        };
        let districts = ParcelSet::local([
            Parcel::new("a", shape(0.0)).number("warning_line", 0.25),
            Parcel::new("b", shape(1.0)).number("quota_ha", 2.0).number("warning_line", 0.5),
            Parcel::new("c", shape(2.0)),
        ]);
        let mut limits = UnitLimit::of_districts(&districts, "plan").unwrap();
        limits.sort_by(|a, b| a.unit.cmp(&b.unit));
        let found: Vec<_> = limits.iter().map(|limit| (&*limit.unit, limit.limit)).collect();
        assert_eq!(found, [("a", Limit::Share(0.25)), ("b", Limit::AreaM2(20_000.0))]);
    }
}

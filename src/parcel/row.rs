use std::collections::BTreeMap;

use geo::MultiPolygon;
use serde::{Deserialize, Serialize};

use crate::zoning::LandUseCode;

/// One land parcel as a person thinks of it.
///
/// Whatever is not known is `None` or absent. Coordinates are metres in one plane, x east and y north, when parcels are
/// collected into a [`ParcelSet`](crate::ParcelSet) directly.
///
/// ```
/// use geo::{Rect, coord};
/// use landuse::{Parcel, ParcelSet};
///
/// let square = Rect::new(coord! { x: 0., y: 0. }, coord! { x: 100., y: 50. }).to_polygon();
/// let set = ParcelSet::local([Parcel::new("A-104", square).floor_area_m2(2_500.0)]);
/// assert_eq!(set.area_m2(), &[5_000.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parcel {
    /// Id in the cadastre; need not be unique.
    pub id: Option<String>,
    /// The land it covers.
    pub geometry: MultiPolygon<f64>,
    /// Surveyed current use: what construction land is counted by.
    pub current_use: Option<LandUseCode>,
    /// Use the plan gives it.
    pub zoned_use: Option<LandUseCode>,
    /// Whether it is construction land, where that is recorded directly.
    pub construction: Option<bool>,
    /// Gross floor area, m².
    pub floor_area_m2: Option<f64>,
    /// Ground that buildings stand on, m².
    pub footprint_m2: Option<f64>,
    /// Number of storeys of the highest building.
    pub floors: Option<f64>,
    /// Height of the highest building, m.
    pub height_m: Option<f64>,
    /// Floor area ratio that the plan allows.
    pub allowed_far: Option<f64>,
    /// Year the (oldest) building was built.
    pub year_built: Option<f64>,
    /// Study unit it belongs to by attribute.
    pub district: Option<String>,
    /// Whatever else is known in numbers, by name; units are kept with the columns of the set.
    pub numbers: BTreeMap<String, f64>,
    /// Whatever else is known in words, by name.
    pub texts: BTreeMap<String, String>,
}

impl Parcel {
    /// A parcel of which nothing but its id and its land is known.
    pub fn new(id: impl Into<String>, geometry: impl Into<MultiPolygon<f64>>) -> Self {
        Self {
            id: Some(id.into()),
            geometry: geometry.into(),
            current_use: None,
            zoned_use: None,
            construction: None,
            floor_area_m2: None,
            footprint_m2: None,
            floors: None,
            height_m: None,
            allowed_far: None,
            year_built: None,
            district: None,
            numbers: BTreeMap::new(),
            texts: BTreeMap::new(),
        }
    }

    /// Sets the surveyed current use.
    #[must_use]
    pub fn current_use(mut self, code: LandUseCode) -> Self {
        self.current_use = Some(code);
        self
    }

    /// Sets the use the plan gives it.
    #[must_use]
    pub fn zoned_use(mut self, code: LandUseCode) -> Self {
        self.zoned_use = Some(code);
        self
    }

    /// Sets whether it is construction land.
    #[must_use]
    pub fn construction(mut self, construction: bool) -> Self {
        self.construction = Some(construction);
        self
    }

    /// Sets the gross floor area, m².
    #[must_use]
    pub fn floor_area_m2(mut self, floor_area_m2: f64) -> Self {
        self.floor_area_m2 = Some(floor_area_m2);
        self
    }

    /// Sets the study unit.
    #[must_use]
    pub fn district(mut self, district: impl Into<String>) -> Self {
        self.district = Some(district.into());
        self
    }

    /// Sets a named number, such as `output_yuan` or `jobs`.
    #[must_use]
    pub fn number(mut self, name: impl Into<String>, value: f64) -> Self {
        self.numbers.insert(name.into(), value);
        self
    }

    /// Sets a named text, such as `owner`.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.texts.insert(name.into(), value.into());
        self
    }
}

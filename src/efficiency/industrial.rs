//! Control indicators of industrial projects, per parcel (工业项目建设用地控制指标).

use serde::Serialize;

use crate::error::ParamError;

/// A branch of industry and its minimum floor area ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SectorMinimum {
    /// Name in English, as in [`min_far_2008`].
    pub sector: &'static str,
    /// Name in Chinese.
    pub name: &'static str,
    /// Least floor area ratio.
    pub min_far: f64,
}

macro_rules! minima {
    ($($sector:literal $name:literal $far:literal,)+) => {
        &[$(SectorMinimum { sector: $sector, name: $name, min_far: $far }),+]
    };
}

/// Minimum floor area ratio by sector, edition of 2008.
///
/// # Source
/// Values: `project-land-far`. The Chinese names are those of the industrial classification (general knowledge). The revision of 2023 (general knowledge) is not included, as its
/// table was not found: pass your own limits in [`SiteLimits`] where it is in force.
pub const MIN_FAR_2008: &[SectorMinimum] = minima! {
    "food" "食品制造" 1.0,
    "beverages" "饮料制造" 1.0,
    "tobacco" "烟草制品" 1.0,
    "garments" "纺织服装" 1.0,
    "leather" "皮革制品" 1.0,
    "culture goods" "文教体育用品" 1.0,
    "plastics" "塑料制品" 1.0,
    "electronics" "电子设备制造" 1.0,
    "instruments" "仪器仪表" 1.0,
    "crafts" "工艺品" 1.0,
    "textiles" "纺织" 0.8,
    "wood" "木材加工" 0.8,
    "furniture" "家具制造" 0.8,
    "paper" "造纸" 0.8,
    "printing" "印刷" 0.8,
    "chemical fibre" "化学纤维" 0.8,
    "rubber" "橡胶制品" 0.8,
    "pharmaceuticals" "医药制造" 0.7,
    "non-metal minerals" "非金属矿物制品" 0.7,
    "metal products" "金属制品" 0.7,
    "general machinery" "通用设备" 0.7,
    "special machinery" "专用设备" 0.7,
    "transport equipment" "交通运输设备" 0.7,
    "electrical machinery" "电气机械" 0.7,
    "recycling" "废弃资源回收" 0.7,
    "chemicals" "化学原料及制品" 0.6,
    "ferrous smelting" "黑色金属冶炼" 0.6,
    "non-ferrous smelting" "有色金属冶炼" 0.6,
    "petroleum" "石油加工" 0.5,
};

/// Minimum floor area ratio of a sector in the edition of 2008, by its English or Chinese name in [`MIN_FAR_2008`].
///
/// ```
/// use landuse::efficiency::min_far_2008;
/// assert_eq!((min_far_2008("electronics"), min_far_2008("石油加工"), min_far_2008("?")), (Some(1.0), Some(0.5), None));
/// ```
pub fn min_far_2008(sector: &str) -> Option<f64> {
    MIN_FAR_2008.iter().find(|own| own.sector == sector || own.name == sector).map(|own| own.min_far)
}

/// Floor area as the ratio counts it: a storey higher than 8 m counts twice.
///
/// # Arguments
/// * `storeys`: floor area in m² and clear height in m of each storey.
///
/// # Errors
/// [`ParamError`] for an area or height that is negative or not finite.
///
/// # Source
/// Control indicators for industrial projects, 2008, as quoted by `project-land-2008`: strictly above 8 m.
///
/// ```
/// use landuse::efficiency::counted_floor_area_m2;
/// assert_eq!(counted_floor_area_m2(&[(1_000.0, 8.1), (1_000.0, 8.0)])?, 3_000.0);
/// # Ok::<(), landuse::ParamError>(())
/// ```
pub fn counted_floor_area_m2(storeys: &[(f64, f64)]) -> Result<f64, ParamError> {
    let mut sum = 0.0;
    for &(area_m2, height_m) in storeys {
        for (name, value) in [("area_m2", area_m2), ("height_m", height_m)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParamError::new(name, value, "a finite number of at least 0"));
            }
        }
        sum += if height_m > 8.0 { 2.0 * area_m2 } else { area_m2 };
    }
    Ok(sum)
}

/// What is known of an industrial site.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SiteFigures {
    /// Site area, m².
    pub site_m2: Option<f64>,
    /// Floor area as counted, m²: see [`counted_floor_area_m2`].
    pub counted_floor_m2: Option<f64>,
    /// Land under buildings, structures and open storage yards, m².
    pub covered_m2: Option<f64>,
    /// Land for administration and living, m².
    pub living_m2: Option<f64>,
    /// Fixed-asset investment: plant, equipment and land price, yuan.
    pub investment_yuan: Option<f64>,
    /// Output of the last three years, yuan.
    pub output_yuan: [Option<f64>; 3],
}

/// Limits for one site; none is not tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiteLimits {
    /// Least floor area ratio, by sector: [`min_far_2008`].
    pub min_far: Option<f64>,
    /// Least building coefficient. 2008: 0.30 (`project-land-2008`); 2023: 0.40 (general knowledge).
    pub min_building_coefficient: Option<f64>,
    /// Greatest share for administration and living. 2008: 0.07 (`project-land-2008`).
    pub max_living_share: Option<f64>,
    /// Least investment intensity, yuan/m²; set by region and sector.
    pub min_investment_yuan_m2: Option<f64>,
    /// Least output rate, yuan/m² and year; set locally.
    pub min_output_yuan_m2: Option<f64>,
}

impl SiteLimits {
    /// The edition of 2008 for a sector of [`MIN_FAR_2008`]: building coefficient, living share, and floor area ratio where the
    /// sector is known.
    pub fn edition_2008(sector: &str) -> Self {
        Self {
            min_far: min_far_2008(sector),
            min_building_coefficient: Some(0.30),
            max_living_share: Some(0.07),
            min_investment_yuan_m2: None,
            min_output_yuan_m2: None,
        }
    }
}

/// One control indicator of a site against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SiteTest {
    /// Name of the indicator.
    pub indicator: &'static str,
    /// Unit of value and limit; empty for a ratio.
    pub unit: &'static str,
    /// Its value, where known.
    pub value: Option<f64>,
    /// The limit, where one is set.
    pub limit: Option<f64>,
    /// Whether the limit is kept; unknown where value or limit is.
    pub kept: Option<bool>,
}

impl SiteFigures {
    /// The five control indicators against `limits`:
    ///
    /// * `far` = counted floor area / site, at least;
    /// * `building_coefficient` = (buildings + structures + open yards) / site, at least;
    /// * `living_share` = land for administration and living / site, at most;
    /// * `investment_intensity` = fixed-asset investment / site, at least;
    /// * `output_rate` = mean output of the last three years / site, at least; unknown where a year is.
    ///
    /// # Source
    /// `project-land-formulas`, `project-land-2008` (formulas), `project-land-2008` and `project-land-far` (limits of 2008).
    ///
    /// ```
    /// use landuse::efficiency::{SiteFigures, SiteLimits};
    /// let site = SiteFigures {
    ///     site_m2: Some(10_000.0),
    ///     counted_floor_m2: Some(6_000.0),
    ///     covered_m2: Some(4_000.0),
    ///     ..Default::default()
    /// };
    /// let tests = site.test(&SiteLimits::edition_2008("textiles"));
    /// let kept: Vec<_> = tests.iter().map(|test| test.kept).collect();
    /// assert_eq!(kept, [Some(false), Some(true), None, None, None]);
    /// ```
    pub fn test(&self, limits: &SiteLimits) -> [SiteTest; 5] {
        let site = self.site_m2.filter(|&m2| m2 > 0.0);
        let over_site = |amount: Option<f64>| Some(amount? / site?).filter(|value| value.is_finite());
        let [a, b, c] = self.output_yuan;
        let mean = a.zip(b).zip(c).map(|((a, b), c)| (a + b + c) / 3.0);
        let test = |indicator, unit, amount, limit: Option<f64>, most: bool| {
            let value = over_site(amount);
            let kept =
                value.zip(limit).map(|(value, limit)| if most { value <= limit } else { value >= limit });
            SiteTest { indicator, unit, value, limit, kept }
        };
        [
            test("far", "", self.counted_floor_m2, limits.min_far, false),
            test("building_coefficient", "", self.covered_m2, limits.min_building_coefficient, false),
            test("living_share", "", self.living_m2, limits.max_living_share, true),
            test(
                "investment_intensity",
                "yuan/m²",
                self.investment_yuan,
                limits.min_investment_yuan_m2,
                false,
            ),
            test("output_rate", "yuan/m²", mean, limits.min_output_yuan_m2, false),
        ]
    }
}

//! Units as planners and schemas write them, their exact ratios, and areas in words for people.
//!
//! Everything inside the library is metres and m²; a [`Unit`] is what a file declares, and what a named column carries.
//! Ratios are kept as fractions of integers, so that 1 mu is 2000/3 m² and not 666.667, and a conversion rounds once or twice.
//!
//! ```
//! use landuse::units::{AreaUnit, Unit};
//!
//! assert_eq!(AreaUnit::Mu.to_m2(3.0), 2_000.0);
//! let tax: Unit = "万元/亩".parse()?;
//! assert_eq!(tax.convert(1.0, &"yuan/m2".parse()?), Some(15.0));
//! assert_eq!(tax.convert(1.0, &"USD/m2".parse()?), None);     // another currency
//! # Ok::<(), landuse::ParamError>(())
//! ```
//!
//! Source: the market system of units in China (1 mu = 2000/3 m², 1 ha = 15 mu); international foot of 1959, 0.3048 m exactly.

use std::fmt;
use std::str::FromStr;

use crate::ParamError;

/// A positive fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio {
    num: u128,
    den: u128,
}

impl Ratio {
    const ONE: Self = Self { num: 1, den: 1 };

    fn new(num: u128, den: u128) -> Self {
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { num: num / a, den: den / a }
    }

    fn over(self, other: Self) -> Self {
        Self::new(self.num * other.den, self.den * other.num)
    }

    fn apply(self, value: f64) -> f64 {
        value * self.num as f64 / self.den as f64
    }
}

/// A unit of area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AreaUnit {
    /// m².
    SquareMetre,
    /// ha, 10,000 m².
    Hectare,
    /// km².
    SquareKilometre,
    /// mu (亩), 2000/3 m²: 15 make a hectare.
    Mu,
    /// International acre, 43,560 sq ft, 4,046.8564224 m².
    Acre,
    /// Square of the international foot, 0.09290304 m².
    SquareFoot,
}

impl AreaUnit {
    const fn ratio(self) -> Ratio {
        let (num, den) = match self {
            Self::SquareMetre => (1, 1),
            Self::Hectare => (10_000, 1),
            Self::SquareKilometre => (1_000_000, 1),
            Self::Mu => (2_000, 3),
            Self::Acre => (40_468_564_224, 10_000_000),
            Self::SquareFoot => (9_290_304, 100_000_000),
        };
        Ratio { num, den }
    }

    /// An area in this unit as m².
    pub fn to_m2(self, area: f64) -> f64 {
        self.ratio().apply(area)
    }

    /// An area in m² as one in this unit.
    pub fn from_m2(self, area_m2: f64) -> f64 {
        Ratio::ONE.over(self.ratio()).apply(area_m2)
    }

    /// The short form this crate prints.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::SquareMetre => "m²",
            Self::Hectare => "ha",
            Self::SquareKilometre => "km²",
            Self::Mu => "mu",
            Self::Acre => "acre",
            Self::SquareFoot => "sq ft",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "m2" | "m^2" | "sqm" | "sqmetre" | "sqmeter" | "sqmetres" | "sqmeters" | "squaremetre"
            | "squaremeter" | "squaremetres" | "squaremeters" | "平方米" | "平米" | "㎡" => {
                Self::SquareMetre
            }
            "ha" | "hectare" | "hectares" | "公顷" => Self::Hectare,
            "km2" | "km^2" | "sqkm" | "squarekilometre" | "squarekilometer" | "squarekilometres"
            | "squarekilometers" | "平方公里" | "平方千米" => Self::SquareKilometre,
            "mu" | "亩" | "市亩" => Self::Mu,
            "acre" | "acres" | "ac" | "英亩" => Self::Acre,
            "sqft" | "sf" | "ft2" | "ft^2" | "sqfeet" | "squarefoot" | "squarefeet" | "平方英尺" => {
                Self::SquareFoot
            }
            _ => return None,
        })
    }
}

impl fmt::Display for AreaUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl FromStr for AreaUnit {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        Self::parse(&normalise(text))
            .ok_or_else(|| ParamError::new("unit", text, "a unit of area: m2, ha, km2, mu, acre, sq_ft"))
    }
}

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// m.
    Metre,
    /// km.
    Kilometre,
    /// International foot, 0.3048 m.
    Foot,
}

impl LengthUnit {
    const fn ratio(self) -> Ratio {
        let (num, den) = match self {
            Self::Metre => (1, 1),
            Self::Kilometre => (1_000, 1),
            Self::Foot => (381, 1_250),
        };
        Ratio { num, den }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "m" | "metre" | "metres" | "meter" | "meters" | "米" => Self::Metre,
            "km" | "kilometre" | "kilometres" | "kilometer" | "kilometers" | "公里" | "千米" => {
                Self::Kilometre
            }
            "ft" | "foot" | "feet" | "英尺" => Self::Foot,
            _ => return None,
        })
    }
}

/// What a unit counts before any "per".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Quantity {
    Area(AreaUnit),
    Length(LengthUnit),
    /// ISO 4217 letters, and how many of the currency make one.
    Money {
        currency: [u8; 3],
        multiple: u64,
    },
    /// Jobs, tonnes of coal equivalent, …: only like and like convert.
    Other(Box<str>),
}

/// The unit of a column: an area, a length, money, or anything countable; as it is, or per unit of area.
///
/// Read from text as people write it, whatever the case, blanks and underscores: `m2`, `公顷`, `sq_ft`, `USD`, `万元`,
/// `10k yuan/mu`, `yuan per m2`, `persons/ha`. A word that is none of these is a unit of its own kind, so a misspelt area
/// unit only shows where an area is asked for ([`area`](Self::area) is `None`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit {
    quantity: Quantity,
    per: Option<AreaUnit>,
}

impl Unit {
    /// The area unit it is, if it is one.
    pub fn area(&self) -> Option<AreaUnit> {
        match (&self.quantity, self.per) {
            (&Quantity::Area(unit), None) => Some(unit),
            _ => None,
        }
    }

    /// The length unit it is, if it is one.
    pub fn length(&self) -> Option<LengthUnit> {
        match (&self.quantity, self.per) {
            (&Quantity::Length(unit), None) => Some(unit),
            _ => None,
        }
    }

    /// Whether what is counted in it adds up: money, people, jobs and energy, as they are and not per area. Areas and lengths may be
    /// measures of one thing and do not.
    pub fn adds_up(&self) -> bool {
        /// People, dwellings and energy.
        const COUNTED: [&str; 27] = [
            "persons",
            "person",
            "people",
            "jobs",
            "job",
            "employees",
            "workers",
            "residents",
            "population",
            "households",
            "units",
            "dwellings",
            "firms",
            "人",
            "户",
            "tce",
            "吨标准煤",
            "kwh",
            "mwh",
            "gwh",
            "千瓦时",
            "度",
            "mj",
            "gj",
            "tj",
            "t",
            "m3",
        ];
        let counted = match &self.quantity {
            Quantity::Money { .. } => true,
            Quantity::Other(name) => COUNTED.contains(&&*normalise(name)),
            Quantity::Area(_) | Quantity::Length(_) => false,
        };
        counted && self.per.is_none()
    }

    /// A value in this unit as one in `to`; `None` where the two measure different things.
    pub fn convert(&self, value: f64, to: &Self) -> Option<f64> {
        Some(self.ratio_to(to)?.apply(value))
    }

    fn ratio_to(&self, to: &Self) -> Option<Ratio> {
        let quantity = match (&self.quantity, &to.quantity) {
            (Quantity::Area(a), Quantity::Area(b)) => a.ratio().over(b.ratio()),
            (Quantity::Length(a), Quantity::Length(b)) => a.ratio().over(b.ratio()),
            (
                Quantity::Money { currency: a, multiple: from },
                Quantity::Money { currency: b, multiple: into },
            ) if a == b => Ratio::new((*from).into(), (*into).into()),
            (Quantity::Other(a), Quantity::Other(b)) if a == b => Ratio::ONE,
            _ => return None,
        };
        match (self.per, to.per) {
            (None, None) => Some(quantity),
            (Some(a), Some(b)) => Some(quantity.over(a.ratio().over(b.ratio()))),
            _ => None,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.quantity {
            Quantity::Area(unit) => f.write_str(unit.symbol())?,
            Quantity::Length(LengthUnit::Metre) => f.write_str("m")?,
            Quantity::Length(LengthUnit::Kilometre) => f.write_str("km")?,
            Quantity::Length(LengthUnit::Foot) => f.write_str("ft")?,
            Quantity::Money { currency, multiple } => {
                f.write_str(match multiple {
                    1_000 => "1k ",
                    10_000 => "10k ",
                    1_000_000 => "1m ",
                    100_000_000 => "100m ",
                    _ => "",
                })?;
                match currency {
                    b"CNY" => f.write_str("yuan")?,
                    letters => f.write_str(&String::from_utf8_lossy(letters))?,
                }
            }
            Quantity::Other(name) => f.write_str(name)?,
        }
        self.per.map_or(Ok(()), |area| write!(f, "/{area}"))
    }
}

impl FromStr for Unit {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        let wrong = |expected| ParamError::new("unit", text, expected);
        let lower = text.trim().to_lowercase().replace(" per ", "/");
        let (quantity, per) = match lower.rsplit_once('/') {
            Some((quantity, per)) => (quantity, Some(per)),
            None => (lower.as_str(), None),
        };
        let per = per
            .map(|per| AreaUnit::parse(&normalise(per)))
            .map(|per| per.ok_or_else(|| wrong("a unit of area after `/`: m2, ha, km2, mu, acre, sq_ft")))
            .transpose()?;
        let plain = normalise(quantity);
        if plain.is_empty() {
            return Err(wrong("a unit such as m2, mu, m, 10k yuan, USD/sq_ft, persons/ha"));
        }
        let quantity = AreaUnit::parse(&plain)
            .map(Quantity::Area)
            .or_else(|| LengthUnit::parse(&plain).map(Quantity::Length))
            .or_else(|| money(&plain))
            .unwrap_or_else(|| Quantity::Other(quantity.trim().into()));
        Ok(Self { quantity, per })
    }
}

/// Lower case, without blanks, underscores, dots; raised two written plainly.
fn normalise(text: &str) -> String {
    text.to_lowercase()
        .replace('²', "2")
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '.' | '-'))
        .collect()
}

/// Money in a normalised text: a multiple, then a currency.
fn money(plain: &str) -> Option<Quantity> {
    const MULTIPLES: [(&str, u64); 16] = [
        ("100million", 100_000_000),
        ("100m", 100_000_000),
        ("亿", 100_000_000),
        ("1million", 1_000_000),
        ("million", 1_000_000),
        ("百万", 1_000_000),
        ("1m", 1_000_000),
        ("10,000", 10_000),
        ("10000", 10_000),
        ("10thousand", 10_000),
        ("10k", 10_000),
        ("万", 10_000),
        ("thousand", 1_000),
        ("1000", 1_000),
        ("1k", 1_000),
        ("千", 1_000),
    ];
    let (multiple, rest) = MULTIPLES
        .iter()
        .find_map(|&(prefix, multiple)| Some((multiple, plain.strip_prefix(prefix)?)))
        .unwrap_or((1, plain));
    let currency = match rest {
        "yuan" | "cny" | "rmb" | "元" | "人民币" | "人民币元" | "¥" => *b"CNY",
        "usd" | "us$" | "$" | "dollar" | "dollars" | "美元" => *b"USD",
        "krw" | "won" | "원" | "₩" | "韩元" => *b"KRW",
        "eur" | "euro" | "euros" | "€" | "欧元" => *b"EUR",
        "gbp" | "£" => *b"GBP",
        "jpy" | "yen" | "日元" => *b"JPY",
        "hkd" | "hk$" | "港元" | "港币" => *b"HKD",
        "twd" | "nt$" => *b"TWD",
        _ => return None,
    };
    Some(Quantity::Money { currency, multiple })
}

/// An area in words for people: m², ha or km² by its size, and mu beside it.
///
/// ```
/// use landuse::units::people_area;
/// assert_eq!(people_area(123_456.0), "12.35 ha (185.2 mu)");
/// assert_eq!(people_area(480.0), "480 m² (0.7 mu)");
/// assert_eq!(people_area(1_997_270_000.0), "1,997.27 km² (2,995,905 mu)");
/// ```
pub fn people_area(area_m2: f64) -> String {
    let size = area_m2.abs();
    let (unit, decimals) = if size < 9_999.5 {
        (AreaUnit::SquareMetre, 0)
    } else if size < 999_950.0 {
        (AreaUnit::Hectare, 2)
    } else {
        (AreaUnit::SquareKilometre, 2)
    };
    let mu = AreaUnit::Mu.from_m2(area_m2);
    let mu_decimals = usize::from(mu.abs() < 1_000.0);
    format!(
        "{} {unit} ({} mu)",
        people_number(unit.from_m2(area_m2), decimals),
        people_number(mu, mu_decimals)
    )
}

/// A number in words for people: rounded to `decimals`, thousands set apart by commas; `unknown` where it is not finite.
///
/// ```
/// use landuse::units::people_number;
/// assert_eq!(people_number(-1234567.891, 1), "-1,234,567.9");
/// assert_eq!(people_number(f64::NAN, 1), "unknown");
/// ```
pub fn people_number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "unknown".into();
    }
    let text = fixed(value.abs(), decimals);
    let whole = text.find('.').unwrap_or(text.len());
    let negative = value < 0.0 && text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    if !negative && whole <= 3 {
        return text;
    }
    let mut grouped = String::with_capacity(text.len() + 1 + whole / 3);
    if negative {
        grouped.push('-');
    }
    for (i, digit) in text.chars().enumerate() {
        if i > 0 && i < whole && (whole - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A positive number with `decimals`, rounded half to even as formatting does.
fn fixed(value: f64, decimals: usize) -> String {
    let power = 10_f64.powi(i32::try_from(decimals.min(22)).unwrap_or(22));
    let scaled = value * power;
    let units = scaled as u64;
    let rest = scaled - units as f64;
    // The product is at most half a unit in its last place off: beyond that distance from a half it rounds as the exact one would.
    if decimals > 15 || scaled >= 1e15 || (rest - 0.5).abs() <= scaled * f64::EPSILON {
        return format!("{value:.decimals$}");
    }
    let mut units = units + u64::from(rest > 0.5);
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while units > 0 || digits.len() - start <= decimals {
        start -= 1;
        digits[start] = b'0' + (units % 10) as u8;
        units /= 10;
    }
    let mut text = String::with_capacity(21);
    let (whole, decimal) = digits[start..].split_at(digits.len() - start - decimals);
    text.extend(whole.iter().map(|&digit| char::from(digit)));
    if decimals > 0 {
        text.push('.');
        text.extend(decimal.iter().map(|&digit| char::from(digit)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREAS: [AreaUnit; 6] = [
        AreaUnit::SquareMetre,
        AreaUnit::Hectare,
        AreaUnit::SquareKilometre,
        AreaUnit::Mu,
        AreaUnit::Acre,
        AreaUnit::SquareFoot,
    ];

    #[test]
    fn decimals_are_those_of_the_standard_library() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let decimals = (state >> 32) as usize % 18;
            let value = match round % 4 {
                0 => (state >> 40) as f64 / 64.0,
                1 => (state >> 44) as f64 / 1000.0,
                2 => f64::from_bits(state >> 1 & !(1 << 62) | 0x3d0 << 52),
                _ => ((state >> 50) as f64 + 0.5) * 10_f64.powi(-i32::try_from(decimals).unwrap()),
            };
            assert_eq!(fixed(value, decimals), format!("{value:.decimals$}"), "{value:e} {decimals}");
        }
        for value in [0.0, 0.5, 1.5, 2.5, 0.125, 999.9995, 1e15, 1e300, 5e-324, 0.05] {
            for decimals in [0, 1, 2, 3, 12, 22, 30] {
                assert_eq!(fixed(value, decimals), format!("{value:.decimals$}"));
            }
        }
    }

    #[test]
    fn area_ratios_are_the_defined_ones() {
        assert_eq!(AreaUnit::Mu.to_m2(1.0), 2_000.0 / 3.0);
        assert_eq!(AreaUnit::Mu.from_m2(AreaUnit::Hectare.to_m2(1.0)), 15.0);
        assert_eq!(AreaUnit::Mu.from_m2(AreaUnit::SquareKilometre.to_m2(1.0)), 1_500.0);
        assert_eq!(AreaUnit::Acre.to_m2(1.0), 4_046.856_422_4);
        assert_eq!(AreaUnit::SquareFoot.to_m2(43_560.0), 4_046.856_422_4);
        // An acre is 6.0703 mu.
        assert!((AreaUnit::Mu.from_m2(AreaUnit::Acre.to_m2(1.0)) - 6.0703).abs() < 5e-5);
    }

    #[test]
    fn areas_come_back() {
        for unit in AREAS {
            for area in [0.0, 1.0, 3.0, 1_997.27, 1e-7, 8.25e11] {
                let back = unit.from_m2(unit.to_m2(area));
                assert!(
                    (back - area).abs() <= 4.0 * f64::EPSILON * area,
                    "{unit}: {area} came back as {back}"
                );
            }
            assert_eq!(unit.symbol().parse::<AreaUnit>(), Ok(unit));
        }
    }

    #[test]
    fn units_are_read_as_written() {
        for (text, shown) in [
            ("m2", "m²"),
            ("M²", "m²"),
            ("Sq. Ft.", "sq ft"),
            ("sq_ft", "sq ft"),
            ("公顷", "ha"),
            ("亩", "mu"),
            ("万元/亩", "10k yuan/mu"),
            ("10k yuan / mu", "10k yuan/mu"),
            ("yuan per m2", "yuan/m²"),
            ("亿元", "100m yuan"),
            ("USD/sqft", "USD/sq ft"),
            ("$", "USD"),
            ("원", "KRW"),
            ("ft", "ft"),
            ("persons/ha", "persons/ha"),
            ("Persons", "persons"),
        ] {
            let unit: Unit = text.parse().unwrap();
            assert_eq!(unit.to_string(), shown, "{text}");
            assert_eq!(shown.parse::<Unit>().unwrap(), unit, "{shown} reads back");
        }
        for wrong in ["", " ", "/mu", "yuan/", "yuan/furlong"] {
            assert!(wrong.parse::<Unit>().is_err(), "{wrong:?}");
        }
        assert_eq!(
            "m3".parse::<AreaUnit>().unwrap_err().to_string(),
            "`unit` is m3, expected a unit of area: m2, ha, km2, mu, acre, sq_ft"
        );
    }

    #[test]
    fn money_per_area_converts_exactly() {
        let convert = |from: &str, to: &str| from.parse::<Unit>().unwrap().convert(1.0, &to.parse().unwrap());
        assert_eq!(convert("10k yuan/mu", "10k yuan/ha"), Some(15.0));
        assert_eq!(convert("10k yuan/mu", "yuan/m2"), Some(15.0));
        assert_eq!(convert("yuan/m2", "10k yuan/mu"), Some(1.0 / 15.0));
        assert_eq!(convert("USD/sqft", "USD/acre"), Some(43_560.0));
        assert_eq!(convert("亿元", "万元"), Some(10_000.0));
        assert_eq!(convert("persons/ha", "persons/km2"), Some(100.0));
        assert_eq!(convert("ft", "m"), Some(0.3048));
        for (from, to) in [("yuan", "USD"), ("yuan/mu", "yuan"), ("m", "m2"), ("persons", "tce")] {
            assert_eq!(convert(from, to), None, "{from} is no {to}");
        }
    }

    #[test]
    fn people_read_rounded_numbers() {
        assert_eq!(people_number(0.0, 0), "0");
        assert_eq!(people_number(-0.04, 1), "0.0");
        assert_eq!(people_number(999.999, 2), "1,000.00");
        assert_eq!(people_area(9_999.6), "1.00 ha (15.0 mu)");
        assert_eq!(people_area(999_960.0), "1.00 km² (1,500 mu)");
        assert_eq!(people_area(f64::NAN), "unknown km² (unknown mu)");
    }
}

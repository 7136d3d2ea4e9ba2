//! Which property is what, in which unit, under which land-use scheme.

use serde::{Deserialize, Serialize};

use crate::zoning::LandUseCode;

/// What a property says about a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// Id in the cadastre.
    Id,
    /// Surveyed current use, a code of the field's scheme.
    CurrentUse,
    /// Use the plan gives, a code of the field's scheme.
    ZonedUse,
    /// Whether it is construction land.
    Construction,
    /// Gross floor area.
    FloorArea,
    /// Ground that buildings stand on.
    Footprint,
    /// Storeys of the highest building.
    Floors,
    /// Height of the highest building.
    Height,
    /// Floor area ratio that the plan allows.
    AllowedFar,
    /// Year built.
    YearBuilt,
    /// Study unit.
    District,
    /// A named numeric column.
    Number(Box<str>),
    /// A named text column.
    Text(Box<str>),
}

/// How one property becomes one attribute.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// Name of the property in the file; `id` of the feature itself where it is `$id`.
    pub property: Box<str>,
    /// What it says.
    pub target: Target,
    /// Factor from the file's unit to the column's (m², m, or the unit declared for a named column).
    pub scale: f64,
    /// Unit of a named numeric column; empty otherwise.
    pub unit: Box<str>,
    /// Scheme and edition of a land-use code.
    pub scheme: Option<(Box<str>, Box<str>)>,
    /// Texts that stand for "unknown" in this property, compared with the value as written (`0`, `-1`, `n/a`).
    pub unknown: Vec<Box<str>>,
}

/// A property value as it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// `null`, or an empty text.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text, unescaped, not empty.
    Text(&'a str),
    /// An array or an object, as written.
    Nested(&'a str),
}

/// The fields of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// Where it comes from: a file name or `built-in …`.
    pub name: Box<str>,
    /// All fields, in order of declaration; one property may feed several.
    pub fields: Vec<Field>,
}

/// What a value means after a field has read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning<'a> {
    /// Nothing is known.
    Unknown,
    /// A number in the column's unit.
    Number(f64),
    /// A text.
    Text(std::borrow::Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// A land-use code.
    Code(LandUseCode),
}

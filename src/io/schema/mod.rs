//! Which property is what, in which unit, under which land-use scheme.
//!
//! A [`Schema`] is a TOML file, a built-in profile ([`Schema::builtin`]), or inferred from names and values ([`Schema::infer`])
//! that can be printed, edited and read again ([`Inference::to_toml`]).
//!
//! ```toml
//! name = "my city"                    # optional
//! [[field]]
//! property = "gross_area_sf"          # name in the file; `$id` is the id of the feature itself
//! target = "floor_area"               # what it says
//! unit = "sq_ft"                      # the file's unit; default m2 or m
//! unknown = ["n/a", 0, "< 0"]         # values that stand for "not known": texts, numbers, bounds
//! [[field]]
//! property = "output"
//! target = "number:output_yuan"       # a named numeric column; `text:NAME` makes a text column
//! unit = "万元"
//! column_unit = "yuan"                # convert to this; default: the unit as given
//! [[field]]
//! property = "use"
//! target = "current_use"
//! scheme = "mnr:2023"                 # required for codes
//! digits = 4                          # numbers are padded with zeros to so many digits
//! values = { factory = "1001" }       # a value in the file = the code, text, number or true/false meant
//! aliases = ["usage"]                 # other names, for `fit` and `infer`
//! [[scheme]]                          # a table of land-use codes, as in `zoning`
//! ```
//!
//! Targets: `id`, `current_use`, `zoned_use`, `construction`, `floor_area`, `footprint`, `floors`, `height`, `allowed_far`,
//! `year_built`, `district`, `number:NAME`, `text:NAME`. A recorded floor area ratio is `number:far`: no floor area is made up
//! from it. One property may feed several fields.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::units::{AreaUnit, Unit};
use crate::zoning::config::{self, Keys, Source};
use crate::zoning::{LandUseCode, Schemes};
use crate::{Error, ParamError};

mod infer;

pub use infer::{Decision, Inference, LeftOut};

/// What a property says about a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

const TARGETS: [(&str, Target); 11] = [
    ("id", Target::Id),
    ("current_use", Target::CurrentUse),
    ("zoned_use", Target::ZonedUse),
    ("construction", Target::Construction),
    ("floor_area", Target::FloorArea),
    ("footprint", Target::Footprint),
    ("floors", Target::Floors),
    ("height", Target::Height),
    ("allowed_far", Target::AllowedFar),
    ("year_built", Target::YearBuilt),
    ("district", Target::District),
];

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(name) => write!(f, "number:{name}"),
            Self::Text(name) => write!(f, "text:{name}"),
            fixed => {
                f.write_str(TARGETS.iter().find(|(_, target)| target == fixed).map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for Target {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        let named = |name: &str| Some(name.trim()).filter(|name| !name.is_empty()).map(Into::into);
        let found = match text.split_once(':') {
            Some(("number", name)) => named(name).map(Self::Number),
            Some(("text", name)) => named(name).map(Self::Text),
            Some(_) => None,
            None => {
                let plain = text.trim_end_matches("_m2").trim_end_matches("_m");
                TARGETS.iter().find(|(name, _)| *name == plain).map(|(_, target)| target.clone())
            }
        };
        found.ok_or_else(|| {
            let names = TARGETS.map(|(name, _)| name);
            let near = config::nearest(text, names).map_or(String::new(), |near| format!(" (`{near}`?)"));
            ParamError::new(
                "target",
                text,
                &format!("one of {}, number:NAME, text:NAME{near}", names.join(", ")),
            )
        })
    }
}

impl TryFrom<String> for Target {
    type Error = ParamError;

    fn try_from(text: String) -> Result<Self, ParamError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl Target {
    pub(super) fn is_code(&self) -> bool {
        matches!(self, Self::CurrentUse | Self::ZonedUse)
    }

    fn is_number(&self) -> bool {
        matches!(
            self,
            Self::FloorArea
                | Self::Footprint
                | Self::Floors
                | Self::Height
                | Self::AllowedFar
                | Self::YearBuilt
                | Self::Number(_)
        )
    }

    /// The unit of its column; of named columns the schema decides.
    fn unit(&self) -> Option<&'static str> {
        match self {
            Self::FloorArea | Self::Footprint => Some("m2"),
            Self::Height => Some("m"),
            _ => None,
        }
    }

    fn expected(&self) -> &'static str {
        match self {
            Self::FloorArea | Self::Footprint => "an area of at least 0",
            Self::Floors => "a number of storeys of at least 0",
            Self::Height => "a height of at least 0",
            Self::AllowedFar => "a floor area ratio of at least 0",
            Self::YearBuilt => "a year from 1 to 9999",
            Self::Number(_) => "a number",
            Self::CurrentUse | Self::ZonedUse => "a land-use code",
            Self::Construction => "true or false",
            Self::Id | Self::District | Self::Text(_) => "a text or a number",
        }
    }
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
    /// Values that stand for "unknown".
    pub unknown: Vec<Unknown>,
    /// Other names the property goes by, for [`Schema::fit`] and [`Schema::infer`].
    pub aliases: Vec<Box<str>>,
    /// Unit in the file, as written; empty where it is the column's.
    file_unit: Box<str>,
    digits: usize,
    values: Values,
    /// Whether a file may well be without it: a field of a built-in profile.
    optional: bool,
}

/// A value or range of values that stands for "unknown".
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Unknown {
    /// This text, blanks around it aside.
    Text(Box<str>),
    /// This number in the file's unit.
    Number(f64),
    /// Every number below; with the bound itself where the flag is set.
    Below(f64, bool),
    /// Every number above; with the bound itself where the flag is set.
    Above(f64, bool),
}

/// What values of the file mean, by text and by number.
#[derive(Debug, Clone, PartialEq, Default)]
struct Values(Vec<(Box<str>, Mapped)>, HashMap<Box<str>, Mapped>);

#[derive(Debug, Clone, PartialEq)]
enum Mapped {
    Bool(bool),
    Number(f64),
    Text(Box<str>),
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

/// What a value means after a field has read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning<'a> {
    /// Nothing is known.
    Unknown,
    /// A number in the column's unit.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// A land-use code.
    Code(LandUseCode),
}

impl Field {
    /// A field that takes a property as it is.
    pub fn new(property: &str, target: Target) -> Self {
        Self {
            property: property.into(),
            target,
            scale: 1.0,
            unit: "".into(),
            scheme: None,
            unknown: Vec::new(),
            aliases: Vec::new(),
            file_unit: "".into(),
            digits: 0,
            values: Values::default(),
            optional: false,
        }
    }

    /// Whether it is no surprise that a file has no such property: it is a field of a built-in profile.
    pub(super) fn is_optional(&self) -> bool {
        self.optional
    }

    /// What a value of the property means.
    ///
    /// Texts are trimmed; numbers written as texts are read, thousands set apart by commas included.
    ///
    /// # Errors
    /// What was expected instead.
    ///
    /// ```
    /// use landuse::io::schema::{Meaning, Scalar, Schema};
    /// let text = "[[field]]\nproperty = 'a'\ntarget = 'floor_area'\nunit = 'sq_ft'\nunknown = ['n/a', '< 0']";
    /// let (schema, _) = Schema::from_toml(text, "city.toml")?;
    /// let field = &schema.fields[0];
    /// let Ok(Meaning::Number(area_m2)) = field.read(Scalar::Text("10,000")) else { panic!("a number") };
    /// assert!((area_m2 - 929.0304).abs() < 1e-9);
    /// assert_eq!(field.read(Scalar::Number(-5.0)), Ok(Meaning::Unknown));
    /// assert_eq!(field.read(Scalar::Text("many")), Err("an area of at least 0"));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn read<'a>(&'a self, value: Scalar<'a>) -> Result<Meaning<'a>, &'static str> {
        let expected = self.target.expected();
        let value = match value {
            Scalar::Text(text) if text.trim().is_empty() => Scalar::Null,
            Scalar::Text(text) => Scalar::Text(text.trim()),
            other => other,
        };
        if matches!(value, Scalar::Null) || self.is_unknown(value) {
            return Ok(Meaning::Unknown);
        }
        let value = match self.mapped(value) {
            Some(Mapped::Bool(truth)) => Scalar::Bool(*truth),
            Some(Mapped::Number(number)) => Scalar::Number(*number),
            Some(Mapped::Text(text)) => Scalar::Text(text),
            None => value,
        };
        if self.target.is_number() {
            let number = as_number(value).ok_or(expected)? * self.scale;
            let fits = match self.target {
                Target::Number(_) => true,
                Target::YearBuilt => (1.0..10_000.0).contains(&number),
                _ => number >= 0.0,
            };
            return if fits && number.is_finite() { Ok(Meaning::Number(number)) } else { Err(expected) };
        }
        if self.target == Target::Construction {
            return match value {
                Scalar::Bool(truth) => Ok(Meaning::Bool(truth)),
                Scalar::Number(number) if number == 0.0 || number == 1.0 => Ok(Meaning::Bool(number == 1.0)),
                Scalar::Text(text) => match text.to_lowercase().as_str() {
                    "true" | "yes" | "y" | "1" | "是" => Ok(Meaning::Bool(true)),
                    "false" | "no" | "n" | "0" | "否" => Ok(Meaning::Bool(false)),
                    _ => Err(expected),
                },
                _ => Err(expected),
            };
        }
        let text = match value {
            Scalar::Text(text) => Cow::Borrowed(text),
            Scalar::Number(number) if self.target.is_code() => {
                if number < 0.0 || number.fract() != 0.0 || number > 1e15 {
                    return Err(expected);
                }
                Cow::Owned(format!("{number:0width$}", width = self.digits))
            }
            Scalar::Number(number) => Cow::Owned(number.to_string()),
            Scalar::Bool(truth) if !self.target.is_code() => Cow::Owned(truth.to_string()),
            _ => return Err(expected),
        };
        Ok(match &self.scheme {
            Some((scheme, edition)) if self.target.is_code() => Meaning::Code(LandUseCode {
                scheme: scheme.clone(),
                edition: edition.clone(),
                code: text.into(),
            }),
            _ => Meaning::Text(text),
        })
    }

    fn is_unknown(&self, value: Scalar<'_>) -> bool {
        if self.unknown.is_empty() {
            return false;
        }
        let number = as_number(value);
        self.unknown.iter().any(|unknown| match (unknown, number) {
            (Unknown::Text(text), _) => matches!(value, Scalar::Text(found) if found == &**text),
            (Unknown::Number(bound), Some(number)) => number == *bound,
            (Unknown::Below(bound, with), Some(number)) => number < *bound || *with && number == *bound,
            (Unknown::Above(bound, with), Some(number)) => number > *bound || *with && number == *bound,
            (_, None) => false,
        })
    }

    fn mapped(&self, value: Scalar<'_>) -> Option<&Mapped> {
        if self.values.1.is_empty() {
            return None;
        }
        match value {
            Scalar::Text(text) => self.values.1.get(text),
            Scalar::Number(number) => self.values.1.get(number.to_string().as_str()),
            Scalar::Bool(truth) => self.values.1.get(if truth { "true" } else { "false" }),
            Scalar::Null | Scalar::Nested(_) => None,
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.property).chain(self.aliases.iter().map(|alias| &**alias))
    }

    fn parse(keys: Keys<'_, '_>, schemes: &Schemes) -> Result<Self, Error> {
        const KEYS: [&str; 10] = [
            "property",
            "target",
            "unit",
            "column_unit",
            "scale",
            "scheme",
            "unknown",
            "digits",
            "values",
            "aliases",
        ];
        let keys = keys.only(&KEYS)?;
        let fault = |key: &str, error: &ParamError| match keys.get(key) {
            Some(value) => keys.source.fault(value.span().start, error.to_string()),
            None => keys.source.fault(keys.at, error.to_string()),
        };
        let target: Target = keys.require_text("target")?.parse().map_err(|error| fault("target", &error))?;
        let mut field = Self::new(keys.require_text("property")?, target);
        let refuse = |key: &str, why: &str| match keys.get(key) {
            Some(value) => {
                Err(keys.source.fault(value.span().start, format!("`{key}` has no place here: {why}")))
            }
            None => Ok(()),
        };
        if field.target.is_code() {
            let scheme = keys.require_text("scheme")?;
            let known = scheme.split_once(':').filter(|(name, edition)| schemes.get(name, edition).is_some());
            let (name, edition) = known.ok_or_else(|| {
                let all: Vec<String> =
                    schemes.iter().map(|s| format!("{}:{}", s.name(), s.edition())).collect();
                fault("scheme", &ParamError::new("scheme", scheme, &format!("one of {}", all.join(", "))))
            })?;
            field.scheme = Some((name.into(), edition.into()));
        } else {
            refuse("scheme", "the target is no land-use code")?;
            refuse("digits", "the target is no land-use code")?;
        }
        if field.target.is_number() {
            field.read_units(keys)?;
        } else {
            for key in ["unit", "column_unit", "scale"] {
                refuse(key, "the target is no number")?;
            }
        }
        if let Some(value) = keys.get("digits") {
            match config::number(value.get_ref()) {
                Some(digits) if (1.0..=16.0).contains(&digits) && digits.fract() == 0.0 => {
                    field.digits = digits as usize;
                }
                _ => return Err(keys.wrong("digits", value, "a whole number from 1 to 16")),
            }
        }
        for item in keys.array("unknown")? {
            field.unknown.push(Unknown::parse(item.get_ref()).ok_or_else(|| {
                keys.wrong("unknown", item, "a text, a number, or a bound such as \"< 0\"")
            })?);
        }
        for item in keys.array("aliases")? {
            let name = item.get_ref().as_str().ok_or_else(|| keys.wrong("aliases", item, "a text"))?;
            field.aliases.push(name.into());
        }
        if let Some(value) = keys.get("values") {
            for (from, to) in keys.table_of("values", value)?.table {
                let mapped =
                    match (to.get_ref().as_str(), to.get_ref().as_bool(), config::number(to.get_ref())) {
                        (Some(text), ..) => Mapped::Text(text.into()),
                        (_, Some(truth), _) => Mapped::Bool(truth),
                        (_, _, Some(number)) => Mapped::Number(number),
                        _ => return Err(keys.wrong("values", to, "a text, a number, true or false")),
                    };
                field.values.0.push((from.get_ref().as_ref().into(), mapped));
            }
            field.values.1 = field.values.0.iter().cloned().collect();
        }
        Ok(field)
    }

    fn read_units(&mut self, keys: Keys<'_, '_>) -> Result<(), Error> {
        let unit = |key: &str| -> Result<Option<Unit>, Error> {
            let Some(text) = keys.text(key)? else { return Ok(None) };
            let at = keys.get(key).map_or(keys.at, |value| value.span().start);
            text.parse().map(Some).map_err(|error: ParamError| keys.source.fault(at, error.to_string()))
        };
        let from = unit("unit")?;
        let named = matches!(self.target, Target::Number(_));
        let into = match self.target.unit() {
            Some(text) => text.parse().ok(),
            None => unit("column_unit")?,
        };
        if !named && let Some(value) = keys.get("column_unit") {
            return Err(keys.wrong(
                "column_unit",
                value,
                "nothing: this target's column has a unit of its own",
            ));
        }
        if let (Some(from), Some(into)) = (&from, &into) {
            let expected = || match into.area() {
                Some(AreaUnit::SquareMetre) => "a unit of area: m2, ha, km2, mu, acre, sq_ft".to_owned(),
                _ => format!("a unit that converts to {into}"),
            };
            self.scale = from.convert(1.0, into).ok_or_else(|| match keys.get("unit") {
                Some(value) => keys.wrong("unit", value, &expected()),
                None => keys.missing("unit"),
            })?;
        } else if into.is_some() && named {
            return Err(keys.missing("unit"));
        } else if let (false, None, Some(value)) = (named, &into, keys.get("unit")) {
            return Err(keys.wrong("unit", value, "nothing: this target has no unit"));
        }
        if let Some(scale) = keys.number("scale")? {
            self.scale *= scale;
        }
        if let Some(text) = keys.text("unit")? {
            self.file_unit = text.into();
        }
        if named {
            self.unit = keys.text("column_unit")?.or(keys.text("unit")?).unwrap_or_default().into();
        }
        Ok(())
    }

    fn write_toml(&self, out: &mut String) {
        let mut line = |key: &str, value: String| out.extend([key, " = ", &value, "\n"]);
        line("property", quoted(&self.property));
        line("target", quoted(&self.target.to_string()));
        let mut scale = self.scale;
        if !self.file_unit.is_empty() {
            line("unit", quoted(&self.file_unit));
            let into = self.target.unit().unwrap_or(&self.unit);
            if let (Ok(from), Ok(into)) = (self.file_unit.parse::<Unit>(), into.parse()) {
                scale = from.convert(1.0, &into).map_or(scale, |factor| self.scale / factor);
            }
            if self.target.unit().is_none() && self.unit != self.file_unit {
                line("column_unit", quoted(&self.unit));
            }
        } else if !self.unit.is_empty() {
            line("unit", quoted(&self.unit));
        }
        if scale != 1.0 {
            line("scale", format!("{scale:?}"));
        }
        if let Some((scheme, edition)) = &self.scheme {
            line("scheme", quoted(&format!("{scheme}:{edition}")));
        }
        if self.digits > 0 {
            line("digits", self.digits.to_string());
        }
        if !self.unknown.is_empty() {
            let items: Vec<String> = self.unknown.iter().map(Unknown::to_toml).collect();
            line("unknown", format!("[{}]", items.join(", ")));
        }
        if !self.values.0.is_empty() {
            let items = self.values.0.iter().map(|(from, to)| {
                let to = match to {
                    Mapped::Bool(truth) => truth.to_string(),
                    Mapped::Number(number) => format!("{number:?}"),
                    Mapped::Text(text) => quoted(text),
                };
                format!("{} = {to}", quoted(from))
            });
            line("values", format!("{{ {} }}", items.collect::<Vec<_>>().join(", ")));
        }
        if !self.aliases.is_empty() {
            let items: Vec<String> = self.aliases.iter().map(|alias| quoted(alias)).collect();
            line("aliases", format!("[{}]", items.join(", ")));
        }
    }
}

impl Unknown {
    fn parse(value: &toml::de::DeValue<'_>) -> Option<Self> {
        let Some(text) = value.as_str() else { return config::number(value).map(Self::Number) };
        let text = text.trim();
        let bound = |sign: &str| text.strip_prefix(sign)?.trim().parse().ok().filter(|b: &f64| b.is_finite());
        None.or_else(|| bound("<=").map(|b| Self::Below(b, true)))
            .or_else(|| bound(">=").map(|b| Self::Above(b, true)))
            .or_else(|| bound("<").map(|b| Self::Below(b, false)))
            .or_else(|| bound(">").map(|b| Self::Above(b, false)))
            .or_else(|| Some(Self::Text(text.into())))
    }

    fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => format!("{number:?}"),
            Self::Below(bound, with) => quoted(&format!("<{} {bound}", if *with { "=" } else { "" })),
            Self::Above(bound, with) => quoted(&format!(">{} {bound}", if *with { "=" } else { "" })),
        }
    }
}

/// A text as a TOML string on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(["\\u", &format!("{:04X}", c as u32)]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

pub(super) fn as_number(value: Scalar<'_>) -> Option<f64> {
    match value {
        Scalar::Number(number) => Some(number),
        Scalar::Text(text)
            if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) =>
        {
            let plain = if text.contains(',') { Cow::Owned(ungroup(text)?) } else { Cow::Borrowed(text) };
            plain.parse().ok().filter(|number: &f64| number.is_finite())
        }
        _ => None,
    }
}

/// A number without the commas between its thousands; `None` where commas stand elsewhere.
fn ungroup(text: &str) -> Option<String> {
    let whole = text.split('.').next()?;
    let mut groups = whole.trim_start_matches(['-', '+']).split(',');
    let first = groups.next()?;
    let regular = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    (regular && !text[whole.len()..].contains(',')).then(|| text.replace(',', ""))
}

/// The fields of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// Where it comes from: a file name or `built-in …`.
    pub name: Box<str>,
    /// All fields, in order of declaration; one property may feed several.
    pub fields: Vec<Field>,
    /// Properties whose names are known and that inference left out, with the reasons; a reader passes them on in its report.
    pub left_out: Vec<LeftOut>,
}

const PROFILES: [(&str, &str, &str); 3] = [
    ("generated", "built-in generated", include_str!("profiles/generated.toml")),
    ("pluto", "built-in pluto", include_str!("profiles/pluto.toml")),
    ("chinese", "built-in chinese", include_str!("profiles/chinese.toml")),
];

impl Schema {
    /// Reads a schema, and the land-use schemes at hand with it: the built-in ones and those of its `[[scheme]]` tables.
    /// `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Config`] with line, key, value and what was expected.
    pub fn from_toml(text: &str, file: &str) -> Result<(Self, Schemes), Error> {
        let source = Source { file, text };
        let table = source.parse()?;
        let keys = Keys { source, table: &table, at: 0 }.only(&["name", "field", "scheme"])?;
        let mut schemes = Schemes::builtin();
        for scheme in keys.tables("scheme")? {
            schemes.add(scheme)?;
        }
        let mut schema = Self { name: keys.text("name")?.unwrap_or(file).into(), ..Self::default() };
        for keys in keys.tables("field")? {
            let field = Field::parse(keys, &schemes)?;
            if schema.fields.iter().any(|old| old.target == field.target) {
                return Err(source.fault(keys.at, format!("target `{}` stands twice", field.target)));
            }
            schema.fields.push(field);
        }
        if schema.fields.is_empty() {
            return Err(keys.missing("field"));
        }
        Ok((schema, schemes))
    }

    /// A built-in profile: `generated`, `pluto` or `chinese`. It names each property by its first name; [`fit`](Self::fit)
    /// finds the name a file uses.
    ///
    /// # Errors
    /// [`Error::Param`] naming the profiles there are.
    pub fn builtin(name: &str) -> Result<Self, Error> {
        let Some((_, file, text)) = PROFILES.iter().find(|profile| profile.0 == name) else {
            return Err(ParamError::new("profile", name, "one of generated, pluto, chinese").into());
        };
        let (mut schema, _) = Self::from_toml(text, file)?;
        schema.fields.iter_mut().for_each(|field| field.optional = true);
        Ok(Self { name: (*file).into(), ..schema })
    }

    /// What control lines, districts and other layers beside the parcels say of themselves: id, name, tier, effect,
    /// population.
    ///
    /// # Errors
    /// None: the built-in text is read by the tests.
    pub fn layer() -> Result<Self, Error> {
        let (mut schema, _) = Self::from_toml(include_str!("profiles/layer.toml"), "built-in layer")?;
        schema.fields.iter_mut().for_each(|field| field.optional = true);
        Ok(schema)
    }

    /// The schema with each field under the name it has among `properties` (its own first, then its aliases; case, blanks
    /// and underscores aside), without the fields that are absent.
    #[must_use]
    pub fn fit<'p>(&self, properties: impl IntoIterator<Item = &'p str>) -> Self {
        let properties: Vec<(String, &str)> =
            properties.into_iter().map(|property| (plain_name(property), property)).collect();
        let find = |field: &Field| {
            let exact =
                field.names().find_map(|name| properties.iter().find(|(_, property)| *property == name));
            let loose = || {
                field.names().find_map(|name| properties.iter().find(|(plain, _)| *plain == plain_name(name)))
            };
            exact.or_else(loose).map(|(_, property)| Field {
                property: (*property).into(),
                aliases: Vec::new(),
                ..field.clone()
            })
        };
        let fields = self.fields.iter().filter_map(find).collect();
        Self { name: self.name.clone(), fields, left_out: Vec::new() }
    }

    /// The schema as a TOML file that [`from_toml`](Self::from_toml) reads back; tables of schemes are not repeated.
    pub fn to_toml(&self) -> String {
        let mut out = format!("name = {}\n", quoted(&self.name));
        for field in &self.fields {
            out.push_str("\n[[field]]\n");
            field.write_toml(&mut out);
        }
        out
    }
}

/// The fields of all built-in profiles, each with the name of its profile, in their order.
pub(super) fn known_fields() -> Vec<(&'static str, Field)> {
    let fields = |profile: &'static str| {
        let fields = Schema::builtin(profile).map_or_else(|_| Vec::new(), |schema| schema.fields);
        fields.into_iter().map(move |field| (profile, field))
    };
    PROFILES.iter().flat_map(|(profile, _, _)| fields(profile)).collect()
}

/// Lower case, without blanks, underscores and hyphens.
pub(super) fn plain_name(name: &str) -> String {
    let drop = |c: &char| !(c.is_whitespace() || matches!(c, '_' | '-' | '\u{feff}'));
    name.to_lowercase().replace('（', "(").replace('）', ")").chars().filter(drop).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(lines: &str) -> Field {
        let text = format!("[[field]]\nproperty = 'p'\n{lines}");
        Schema::from_toml(&text, "s.toml").unwrap().0.fields.remove(0)
    }

    fn fault(text: &str) -> String {
        Schema::from_toml(text, "s.toml").unwrap_err().to_string()
    }

    #[test]
    fn profiles_hold_together_and_come_back() {
        for (name, file, text) in PROFILES {
            let (read, _) = Schema::from_toml(text, file).unwrap();
            let schema = Schema::builtin(name).unwrap();
            assert_eq!(schema.to_toml(), Schema { name: schema.name.clone(), ..read }.to_toml());
            let (again, _) = Schema::from_toml(&schema.to_toml(), file).unwrap();
            assert_eq!(again.to_toml(), schema.to_toml(), "{name}");
        }
        assert!(Schema::builtin("tokyo").unwrap_err().to_string().contains("generated, pluto, chinese"));
    }

    #[test]
    fn values_are_read_in_the_unit_of_the_column() {
        let area = field("target = 'floor_area'\nunit = 'mu'");
        assert_eq!(area.read(Scalar::Number(3.0)), Ok(Meaning::Number(2_000.0)));
        assert_eq!(area.read(Scalar::Text(" 1,500.0 ")), Ok(Meaning::Number(1_000_000.0)));
        let output = field("target = 'number:output_yuan'\nunit = '万元'\ncolumn_unit = 'yuan'");
        assert_eq!(output.read(Scalar::Number(1.5)), Ok(Meaning::Number(15_000.0)));
        assert_eq!(&*output.unit, "yuan");
        let value = field("target = 'number:improvement_value'\nunit = 'USD'\nscale = 1000");
        assert_eq!((value.read(Scalar::Number(-2.0)), &*value.unit), (Ok(Meaning::Number(-2_000.0)), "USD"));
        for wrong in ["nan", "inf", "1,00", "12,34,567", "1e999", "12 m2", "0x10"] {
            assert_eq!(area.read(Scalar::Text(wrong)), Err("an area of at least 0"), "{wrong}");
        }
        for wrong in [Scalar::Number(-1.0), Scalar::Bool(true), Scalar::Nested("[1]")] {
            assert_eq!(area.read(wrong), Err("an area of at least 0"));
        }
        assert_eq!(field("target = 'year_built'").read(Scalar::Number(0.0)), Err("a year from 1 to 9999"));
    }

    #[test]
    fn unknown_is_what_the_schema_says() {
        let year = field("target = 'year_built'\nunknown = ['n/a', 9999, '< 1600', '>= 2100']");
        for value in [9_999.0, 1_389.0, 2_100.0] {
            assert_eq!(year.read(Scalar::Number(value)), Ok(Meaning::Unknown), "{value}");
        }
        for value in ["n/a", " n/a ", "1599", "", "  "] {
            assert_eq!(year.read(Scalar::Text(value)), Ok(Meaning::Unknown), "{value:?}");
        }
        assert_eq!(year.read(Scalar::Null), Ok(Meaning::Unknown));
        assert_eq!(year.read(Scalar::Number(1_600.0)), Ok(Meaning::Number(1_600.0)));
        assert!(year.read(Scalar::Text("N/A")).is_err(), "as written");
        let floor_area = field("target = 'floor_area'");
        assert_eq!(floor_area.read(Scalar::Number(0.0)), Ok(Meaning::Number(0.0)), "zero is not unknown");
    }

    #[test]
    fn codes_keep_their_zeros_and_values_are_mapped() {
        let code = |text: &str| Ok(Meaning::Code(LandUseCode::new("mnr", "2023", text)));
        let padded =
            field("target = 'current_use'\nscheme = 'mnr:2023'\ndigits = 4\nvalues = { works = '1001' }");
        assert_eq!(padded.read(Scalar::Number(701.0)), code("0701"));
        assert_eq!(padded.read(Scalar::Text("0701")), code("0701"));
        assert_eq!(padded.read(Scalar::Text("works")), code("1001"));
        assert_eq!(padded.read(Scalar::Number(1.5)), Err("a land-use code"));
        assert_eq!(padded.read(Scalar::Bool(true)), Err("a land-use code"));
        let built = field("target = 'construction'\nvalues = { '2' = false, built = true }");
        assert_eq!(built.read(Scalar::Number(2.0)), Ok(Meaning::Bool(false)));
        assert_eq!(built.read(Scalar::Text("built")), Ok(Meaning::Bool(true)));
        assert_eq!(built.read(Scalar::Text("是")), Ok(Meaning::Bool(true)));
        assert_eq!(built.read(Scalar::Number(3.0)), Err("true or false"));
        assert_eq!(
            field("target = 'id'").read(Scalar::Number(1_168_010_800.0)),
            Ok(Meaning::Text("1168010800".into()))
        );
    }

    #[test]
    fn faults_are_told_by_line_key_and_expectation() {
        let head = "[[field]]\nproperty = 'p'\n";
        for (text, part) in [
            (String::new(), "s.toml: line 1: key `field` is missing"),
            ("[[feild]]".into(), "line 1: unknown key `feild`, did you mean `field`?"),
            ("[[field]]\nproprty = 'p'".into(), "line 2: unknown key `proprty`, did you mean `property`?"),
            ("[[field]]\ntarget = 'id'".into(), "key `property` is missing"),
            (
                format!("{head}target = 'flor_area'"),
                "line 3: `target` is flor_area, expected one of id, current_use",
            ),
            (format!("{head}target = 'flor_area'"), "(`floor_area`?)"),
            (format!("{head}target = 'number:'"), "`target` is number:"),
            (
                format!("{head}target = 'floor_area'\nunit = 'sqft2'"),
                "line 4: `unit` is 'sqft2', expected a unit of area",
            ),
            (format!("{head}target = 'height'\nunit = 'm2'"), "expected a unit that converts to m"),
            (format!("{head}target = 'floors'\nunit = 'm'"), "this target has no unit"),
            (format!("{head}target = 'id'\nunit = 'm'"), "`unit` has no place here: the target is no number"),
            (format!("{head}target = 'current_use'"), "key `scheme` is missing"),
            (
                format!("{head}target = 'current_use'\nscheme = 'mnr:2020'"),
                "`scheme` is mnr:2020, expected one of mnr:2023",
            ),
            (format!("{head}target = 'number:x'\nunit = 'yuan'\ncolumn_unit = 'USD'"), "converts to USD"),
            (
                format!("{head}target = 'id'\nunknown = [true]"),
                "`unknown` is true, expected a text, a number",
            ),
            (format!("{head}target = 'id'\n{head}target = 'id'"), "target `id` stands twice"),
            (format!("{head}target = 'id'\n[[scheme]]\nname = 'x'"), "line 4: key `edition` is missing"),
        ] {
            let found = fault(&text);
            assert!(found.contains(part), "{text}\n{found}");
        }
    }

    #[test]
    fn a_schema_fits_the_names_of_a_file() {
        let fitted = Schema::builtin("chinese").unwrap().fit(["tbbh", "建筑面积（㎡）", "x", "地类编码"]);
        let names: Vec<&str> = fitted.fields.iter().map(|f| &*f.property).collect();
        assert_eq!(names, ["tbbh", "地类编码", "建筑面积（㎡）"]);
    }

    #[test]
    fn targets_are_written_as_read() {
        for text in ["id", "floor_area", "number:far", "text:owner"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!("floor_area_m2".parse::<Target>(), Ok(Target::FloorArea));
        assert_eq!("height_m".parse::<Target>(), Ok(Target::Height));
    }
}

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
//! kind = "amount"                     # adds up over the records of a parcel; or "level"; default: by the unit
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

use crate::parcel::name_adds_up;
use crate::units::Unit;
use crate::zoning::LandUseCode;
use crate::{Error, ParamError};

mod file;
mod infer;
mod target;
#[cfg(test)]
mod tests;

pub(in crate::io) use file::quoted;
pub use infer::{Decision, Inference, LeftOut};
pub(in crate::io) use infer::{UNKNOWN_NAME, one_line};
pub use target::Target;

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
    /// Whether the values of a named numeric column are amounts, which add up over the records of a parcel; none where the unit
    /// says so ([`adds_up`](Self::adds_up)).
    pub amount: Option<bool>,
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
            amount: None,
            scheme: None,
            unknown: Vec::new(),
            aliases: Vec::new(),
            file_unit: "".into(),
            digits: 0,
            values: Values::default(),
            optional: false,
        }
    }

    /// Whether the values of a named numeric column add up over the records of a parcel: where the field says so, else where its
    /// unit, or the last word of the column's name where it has none, is one of amounts
    /// ([`Unit::adds_up`](crate::units::Unit::adds_up)).
    pub fn adds_up(&self) -> bool {
        let by_unit = || match &self.target {
            Target::Number(name) if self.unit.is_empty() => name_adds_up(name),
            _ => self.unit.parse().is_ok_and(|unit: Unit| unit.adds_up()),
        };
        self.amount.unwrap_or_else(by_unit)
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

    /// From where to below where a number of the column's unit may lie; none where some numbers stand for other things.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        if !self.target.is_number() || !self.unknown.is_empty() || !self.values.1.is_empty() {
            return None;
        }
        Some(match self.target {
            Target::Number(_) => (f64::MIN, f64::INFINITY),
            Target::YearBuilt => (1.0, 10_000.0),
            _ => (0.0, f64::INFINITY),
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
    let regular = (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()));
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

/// A built-in profile.
#[derive(Debug)]
pub(in crate::io) struct Profile {
    pub(in crate::io) name: &'static str,
    file: &'static str,
    text: &'static str,
    /// Names of which a file has one where it is of this kind: others of the profile are too common to be told by. None: always.
    marks: &'static [&'static str],
    /// Names of land-use codes whose meaning no scheme of the profile can give.
    own_codes: &'static [&'static str],
}

impl Profile {
    const fn new(name: &'static str, file: &'static str, text: &'static str) -> Self {
        Self { name, file, text, marks: &[], own_codes: &[] }
    }

    const fn of_files_with(self, marks: &'static [&'static str]) -> Self {
        Self { marks, ..self }
    }

    /// Whether inference takes it for a file whose properties have these plain names.
    fn fits(&self, plain: &[String]) -> bool {
        self.marks.is_empty() || self.marks.iter().any(|mark| plain.contains(&plain_name(mark)))
    }
}

/// All of them, in the order in which inference asks them.
pub(in crate::io) static PROFILES: [Profile; 6] = [
    Profile::new("generated", "built-in generated", include_str!("profiles/generated.toml")),
    Profile::new("pluto", "built-in pluto", include_str!("profiles/pluto.toml")),
    Profile::new("dltb", "built-in dltb", include_str!("profiles/dltb.toml")).of_files_with(&[
        "TBMJ",
        "TBBH",
        "BSM",
        "图斑面积",
        "图斑编号",
    ]),
    Profile::new("massachusetts", "built-in massachusetts", include_str!("profiles/massachusetts.toml"))
        .of_files_with(&["LOC_ID"]),
    Profile {
        own_codes: &["usecode"],
        ..Profile::new("regrid", "built-in regrid", include_str!("profiles/regrid.toml"))
            .of_files_with(&["parcelnumb", "ll_uuid"])
    },
    Profile::new("chinese", "built-in chinese", include_str!("profiles/chinese.toml")),
];

impl Schema {
    /// Names of the built-in profiles.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        PROFILES.iter().map(|profile| profile.name)
    }

    /// A built-in profile: `generated`, `pluto` (New York), `dltb` (Chinese land survey), `massachusetts` (level 3 parcels), `regrid` or `chinese`
    /// (parcel tables). It names each property by its first name; [`fit`](Self::fit) finds the name a file uses.
    ///
    /// # Errors
    /// [`Error::Param`] naming the profiles there are.
    pub fn builtin(name: &str) -> Result<Self, Error> {
        let Some(profile) = PROFILES.iter().find(|profile| profile.name == name) else {
            let names: Vec<&str> = Self::builtin_names().collect();
            return Err(ParamError::new("profile", name, &format!("one of {}", names.join(", "))).into());
        };
        let (mut schema, _) = Self::from_toml(profile.text, profile.file)?;
        schema.fields.iter_mut().for_each(|field| field.optional = true);
        let own_codes = profile.own_codes.iter().map(|name| LeftOut::of_no_scheme(name));
        Ok(Self { name: profile.file.into(), left_out: own_codes.collect(), ..schema })
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
    /// and underscores aside; or cut to 10 bytes, as in a Shapefile), without the fields that are absent.
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
            let cut = |name: &str| {
                let cut = cut_name(name)?;
                properties.iter().find(|(plain, property)| *plain == cut && property.len() == CUT_BYTES)
            };
            let cut = || field.names().find_map(cut);
            exact.or_else(loose).or_else(cut).map(|(_, property)| Field {
                property: (*property).into(),
                aliases: Vec::new(),
                ..field.clone()
            })
        };
        let fields = self.fields.iter().filter_map(find).collect();
        let left_out = self.left_out.iter().filter_map(|left| {
            let (_, name) = properties.iter().find(|(plain, _)| *plain == plain_name(&left.property))?;
            Some(LeftOut { property: (*name).into(), reason: left.reason.clone() })
        });
        Self { name: self.name.clone(), fields, left_out: left_out.collect() }
    }
}

/// The fields of all built-in profiles, each with its profile, in their order.
pub(super) fn known_fields() -> Vec<(&'static Profile, Field)> {
    let fields = |profile: &'static Profile| {
        let fields = Schema::builtin(profile.name).map_or_else(|_| Vec::new(), |schema| schema.fields);
        fields.into_iter().map(move |field| (profile, field))
    };
    PROFILES.iter().flat_map(fields).collect()
}

/// Bytes of a name that a Shapefile keeps.
pub(super) const CUT_BYTES: usize = 10;

/// A name as a Shapefile cuts it, plain; none for one that it keeps whole.
pub(super) fn cut_name(name: &str) -> Option<String> {
    let cut = name.get(..CUT_BYTES).filter(|_| name.len() > CUT_BYTES && name.is_ascii())?;
    Some(plain_name(cut))
}

/// Lower case, without blanks, underscores and hyphens.
pub(super) fn plain_name(name: &str) -> String {
    let drop = |c: &char| !(c.is_whitespace() || matches!(c, '_' | '-' | '\u{feff}'));
    name.to_lowercase().replace('（', "(").replace('）', ")").chars().filter(drop).collect()
}

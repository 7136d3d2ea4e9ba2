use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{known_fields, plain_name};
use crate::ParamError;

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
            let near = Self::meant(text).map_or(String::new(), |near| format!(" (`{near}`?)"));
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
    pub(in crate::io) fn is_code(&self) -> bool {
        matches!(self, Self::CurrentUse | Self::ZonedUse)
    }

    pub(super) fn is_number(&self) -> bool {
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
    pub(super) fn unit(&self) -> Option<&'static str> {
        match self {
            Self::FloorArea | Self::Footprint => Some("m2"),
            Self::Height => Some("m"),
            _ => None,
        }
    }

    pub(super) fn expected(&self) -> &'static str {
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

    /// What a text that is no target most likely means: a target of a name near it, else what a built-in profile knows by that name.
    fn meant(text: &str) -> Option<Self> {
        let near = crate::error::nearest(text, TARGETS.map(|(name, _)| name));
        let near = near.and_then(|near| TARGETS.iter().find(|(name, _)| *name == near));
        let plain = plain_name(text);
        let known =
            || known_fields().into_iter().find(|(_, field)| field.names().any(|n| plain_name(n) == plain));
        near.map(|(_, target)| target.clone()).or_else(|| known().map(|(_, field)| field.target))
    }

    /// The targets that a file is asked about where no property feeds them: the fixed ones, and the named columns that have a use of
    /// their own.
    pub(in crate::io) fn wanted() -> Vec<Self> {
        let named =
            [Self::Number("tax_yuan".into()), Self::Number("output_yuan".into()), Self::Text("owner".into())];
        TARGETS.iter().map(|(_, target)| target.clone()).chain(named).collect()
    }

    /// What an analysis gains from it, as a phrase; empty for a named column without a use of its own.
    ///
    /// ```
    /// use landuse::io::schema::Target;
    /// assert_eq!(Target::Footprint.gives(), "coverage of each unit");
    /// ```
    pub fn gives(&self) -> &'static str {
        match self {
            Self::Id => {
                "the name of each parcel in outputs, and the key that firms and field checks are joined by"
            }
            Self::CurrentUse => {
                "the class of each parcel, so who is a candidate, and by its scheme what is construction land"
            }
            Self::ZonedUse => "the class that the plan gives each parcel",
            Self::Construction => "what is construction land where codes do not tell",
            Self::FloorArea => "floor area ratios, and a score where neither tax nor output is known",
            Self::Footprint => "coverage of each unit",
            Self::Floors => "storeys, for conditions and scores",
            Self::Height => "heights, for conditions and scores",
            Self::AllowedFar => "what the plan allows, for conditions, scores and averages of each unit",
            Self::YearBuilt => "ages, and what stood before a control line was drawn",
            Self::District => "study units where no layer of districts is given, and peer groups",
            Self::Number(name) => match &**name {
                "tax_yuan" => "the default score, tax over area",
                "output_yuan" => "the default score where no tax is known, output over area",
                _ => "",
            },
            Self::Text(name) if &**name == "owner" => "the owners of each site",
            Self::Text(_) => "",
        }
    }
}

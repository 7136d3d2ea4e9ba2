//! Land-use code schemes: what a code means, and whether it counts as construction land.
//!
//! Use this to turn codes as surveyed into a [`LandUse`]: a small class to choose and colour parcels by, and the
//! [`Construction`] flag that development intensity is counted by. The flag belongs to the *code*, never to the class: a park
//! is construction land and a forest is not, a city road is and a rural road is not.
//!
//! ```
//! use landuse::zoning::{Construction, LandUseCode, Schemes, SmallClass};
//!
//! let schemes = Schemes::builtin();
//! let industry = schemes.resolve(&LandUseCode::new("mnr", "2023", "100101")).ok_or("no such code")?;
//! assert_eq!((industry.class, industry.construction), (SmallClass::Industrial, Construction::Yes));
//! let railway = schemes.resolve(&LandUseCode::new("survey", "third", "1001")).ok_or("no such code")?;
//! assert_eq!(railway.class, SmallClass::Transport);           // the same digits, another scheme
//! # Ok::<(), &str>(())
//! ```
//!
//! # Tables
//!
//! A scheme is data. Built in are `mnr:2023`, `survey:third`, `gb50137:2011`, `shenzhen:local`, `pluto:landuse` and
//! `massachusetts:2019`; any other comes from a TOML file ([`Schemes::add_toml`]) or stands in a schema as `[[scheme]]`:
//!
//! ```toml
//! name = "wuxi"
//! edition = "euluc"
//! source = "where the table comes from"
//! evidence = "how sure it is"           # for all entries that say nothing of their own
//! widths = [2, 4]                       # optional: how long codes of digits may be
//! fallback = true                       # optional: an unknown child takes its parent's entry; default false
//! entries = [
//!     { code = "10", name = "工矿用地", name_en = "industry and mining", class = "industrial", construction = "yes" },
//!     { code = "1002", name = "采矿用地", class = "mining" },      # the rest as its parent, 10
//! ]
//! ```
//!
//! # Sources
//!
//! Each table names its own. What rests on general knowledge alone is marked so;
//! `docs/references.md` explains the other marks.

pub(crate) mod config;
mod scheme;

pub(crate) use scheme::code_parts;
pub use scheme::{ResolvedUses, Scheme, Schemes, Unresolved};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ParamError;

/// A land-use code. A bare code is ambiguous (`1001` is railway in one scheme and industry in another), so scheme and
/// edition belong to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LandUseCode {
    /// Name of the scheme, such as `mnr`.
    pub scheme: Box<str>,
    /// Edition of the scheme, such as `2023`.
    pub edition: Box<str>,
    /// The code as written in the data.
    pub code: Box<str>,
}

impl LandUseCode {
    /// A code of a scheme's edition.
    pub fn new(scheme: &str, edition: &str, code: &str) -> Self {
        Self { scheme: scheme.into(), edition: edition.into(), code: code.into() }
    }
}

impl fmt::Display for LandUseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme, self.edition, self.code)
    }
}

/// Declares an enum with the names it is written by.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in files and expressions.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = ParamError;

            fn from_str(text: &str) -> Result<Self, ParamError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(ParamError::new($what, text, concat!("one of", $(" ", $text),+))),
                }
            }
        }
    };
}

named_enum! {
    /// The few classes that every scheme maps to. Whether land counts as construction land is *not* told by the class.
    SmallClass, "class" {
        /// Factories and workshops.
        Industrial = "industrial",
        /// Mines, quarries, salt pans.
        Mining = "mining",
        /// Warehouses and logistics.
        Logistics = "logistics",
        /// Shops, offices, hotels.
        Commercial = "commercial",
        /// Housing.
        Residential = "residential",
        /// Administration, schools, hospitals, culture, sports.
        PublicService = "public_service",
        /// Water, power, gas, waste, communication.
        Utility = "utility",
        /// Roads, railways, ports, airports, stations, parking.
        Transport = "transport",
        /// Parks, protective green and squares in town.
        UrbanGreen = "urban_green",
        /// Military, religion, burial and the like.
        Special = "special",
        /// Several uses on one parcel.
        Mixed = "mixed",
        /// Land set aside for building and standing empty.
        Vacant = "vacant",
        /// Land whose use the plan leaves open.
        Reserved = "reserved",
        /// Fields, orchards, farm facilities.
        Agriculture = "agriculture",
        /// Forest and grassland.
        Ecological = "ecological",
        /// Inland water and wetland.
        Water = "water",
        /// Sand, bare soil, rock: land of no use.
        Undeveloped = "undeveloped",
        /// Sea use; no part of land.
        Sea = "sea",
        /// The code exists but says nothing of the class.
        Unknown = "unknown",
    }
}

impl SmallClass {
    /// Whether it is part of the land that shares are taken of: everything but the sea.
    pub const fn is_land(self) -> bool {
        !matches!(self, Self::Sea)
    }
}

named_enum! {
    /// Whether a code counts as construction land.
    Construction, "construction" {
        /// It does.
        Yes = "yes",
        /// It does not.
        No = "no",
        /// It depends on what stands there now, not on the code.
        ByStatus = "by_status",
        /// The code does not tell.
        Unknown = "unknown",
    }
}

/// What a land-use code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandUse {
    /// Small class.
    pub class: SmallClass,
    /// Whether it counts as construction land.
    pub construction: Construction,
    /// The code of the table that matched, which may be a parent of the one asked for.
    pub matched: Box<str>,
    /// Name in the language of the scheme.
    pub name: Box<str>,
    /// Name in English; empty where the table gives none.
    pub name_en: Box<str>,
    /// Where name, class and flag come from, in the labels of the table.
    pub evidence: Box<str>,
}

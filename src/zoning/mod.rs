//! Land-use code schemes: what a code means, and whether it counts as construction land.

use std::fmt;

use serde::{Deserialize, Serialize};

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

impl fmt::Display for LandUseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scheme, self.edition, self.code)
    }
}

use std::fmt;

/// Why coordinates cannot be used as they are.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// No engine knows the system.
    #[error("unknown coordinate reference system `{0}`{hint}", hint = unknown_hint())]
    Unknown(Box<str>),
    /// Source and working system stand on different datums, and no engine at hand computes the shift.
    #[error("`{from}` to `{to}` needs a shift of datum, which {engine}", engine = shift_hint())]
    DatumShift {
        /// The system coordinates are in.
        from: Box<str>,
        /// The system they should go to.
        to: Box<str>,
    },
    /// The system cannot serve for this.
    #[error("`{crs}` cannot be used: {reason}")]
    Unfit {
        /// The system.
        crs: Box<str>,
        /// Why, and what to do.
        reason: Box<str>,
    },
    /// The data lie where the system has no place.
    #[error("x {} to {}, y {} to {} is no place in `{crs}`", min[0], max[0], min[1], max[1])]
    Extent {
        /// The system coordinates are said to be in.
        crs: Box<str>,
        /// Least x and y of the data.
        min: [f64; 2],
        /// Greatest x and y of the data.
        max: [f64; 2],
    },
    /// The data extend over more than one plane can serve.
    #[error(
        "the data reach {:.0} km from the centre of the plane `{plane}`, expected at most {:.0} km: a nation is a list of jobs, each with \
         its plane; where single features are astray, take them out",
        reach_m / 1e3,
        most_m / 1e3
    )]
    TooWide {
        /// The plane.
        plane: Box<str>,
        /// From its centre, m.
        reach_m: f64,
        /// What is measured at most, m.
        most_m: f64,
    },
    /// Coordinates contradict what is said of them, or can be read in several ways. Nothing is guessed.
    #[error("{reason}; {}", how_to_say(readings))]
    Unsettled {
        /// What is wrong.
        reason: Box<str>,
        /// Readings that are plausible, most plausible first.
        readings: Box<[Reading]>,
    },
}

fn unknown_hint() -> &'static str {
    if cfg!(feature = "proj") {
        ""
    } else {
        " to the default engine; the feature `proj` knows more systems, and WKT"
    }
}

fn shift_hint() -> &'static str {
    if cfg!(feature = "proj") {
        "PROJ can only approximate with the grids that are installed"
    } else {
        "the default engine does not compute; build with the feature `proj`, or compute in the plane `auto` with all layers on one datum"
    }
}

/// A system coordinates may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its name, as [`SourceCrs`](crate::crs::SourceCrs) reads it, or a range of names.
    pub crs: Box<str>,
    /// Whether x and y would have to be exchanged first.
    pub swapped: bool,
    /// What speaks for it.
    pub why: Box<str>,
}

impl Reading {
    pub(crate) fn new(crs: impl Into<Box<str>>, why: impl Into<Box<str>>) -> Self {
        Self { crs: crs.into(), swapped: false, why: why.into() }
    }

    pub(crate) fn swapped(crs: impl Into<Box<str>>, why: impl Into<Box<str>>) -> Self {
        Self { swapped: true, ..Self::new(crs, why) }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchange = if self.swapped { "exchange x and y in the file, then " } else { "" };
        write!(f, "{exchange}`{}` ({})", self.crs, self.why)
    }
}

fn how_to_say(readings: &[Reading]) -> String {
    if readings.is_empty() {
        return "say which system they are in, for example EPSG:4547".to_owned();
    }
    let list: Vec<String> = readings.iter().map(Reading::to_string).collect();
    format!("nothing is guessed, say which system they are in: {}", list.join(", or "))
}

//! What can be read off a system in the notation of PROJ.

use super::{CrsError, Ellipsoid};

/// A PROJ string and what can be read off it.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    text: Box<str>,
}

/// The surface a system's angles are measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Datum {
    /// WGS 84 or a system fixed to it within a metre or two: CGCS2000, ETRS89, NAD83, Korea 2000 …
    Modern,
    /// Any other, by the terms that define it.
    Other(String),
}

impl Definition {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// The definition of an EPSG code.
    pub(super) fn of_code(code: u16) -> Option<Self> {
        crs_definitions::from_code(code).map(|found| Self { text: found.proj4.into() })
    }

    /// The terms that say which surface angles are measured on, in one order.
    pub(super) fn surface_terms(&self) -> String {
        let names = ["datum", "ellps", "a", "b", "rf", "R", "towgs84", "nadgrids"];
        let terms: Vec<String> = (names.iter())
            .filter_map(|name| self.value(name).map(|value| format!("+{name}={value}")))
            .collect();
        terms.join(" ")
    }

    /// Half axes of its ellipsoid, m.
    pub(super) fn axes(&self) -> Option<(f64, f64)> {
        super::engine::ellipsoid_axes(&self.without_datum())
    }

    /// The value of `+key=value`.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        terms(&self.text).find_map(|(k, v)| (k == key).then_some(v))
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.value(key).and_then(|v| v.parse().ok())
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn projection(&self) -> &str {
        self.value("proj").unwrap_or_default()
    }

    pub(super) fn is_geographic(&self) -> bool {
        matches!(self.projection(), "longlat" | "latlong" | "lonlat" | "latlon")
    }

    /// Spherical Mercator over latitudes of the ellipsoid: Web Mercator.
    pub(super) fn is_web_mercator(&self) -> bool {
        self.projection() == "webmerc"
            || (self.projection() == "merc" && self.value("nadgrids") == Some("@null"))
    }

    /// Any projection that stretches areas with latitude beyond use.
    pub(super) fn is_mercator(&self) -> bool {
        matches!(self.projection(), "merc" | "webmerc" | "mill")
    }

    pub(super) fn is_equal_area(&self) -> bool {
        matches!(self.projection(), "laea" | "aea" | "cea" | "sinu" | "moll" | "leac" | "eqearth")
    }

    /// The meridian of a transverse Mercator, degrees.
    pub(super) fn meridian(&self) -> Option<f64> {
        match self.projection() {
            "utm" => self.number("zone").map(|zone| zone * 6.0 - 183.0),
            "tmerc" | "etmerc" => Some(self.number("lon_0").unwrap_or(0.0)),
            _ => None,
        }
    }

    pub(super) fn is_metric(&self) -> bool {
        !self.is_geographic()
            && self.value("units").is_none_or(|unit| unit == "m")
            && self.number("to_meter").is_none_or(|scale| scale == 1.0)
    }

    pub(super) fn datum(&self) -> Datum {
        if self.is_web_mercator() || matches!(self.value("datum"), Some("WGS84" | "NAD83")) {
            return Datum::Modern;
        }
        let unshifted = self
            .value("towgs84")
            .is_none_or(|shift| shift.split(',').all(|part| part.trim().parse::<f64>() == Ok(0.0)));
        let modern_ellipsoid = matches!(self.value("ellps"), None | Some("GRS80" | "WGS84"))
            && self.value("a").is_none()
            && self.value("R").is_none();
        let plain = self.value("nadgrids").is_none() && self.value("datum").is_none();
        if unshifted && modern_ellipsoid && plain {
            return Datum::Modern;
        }
        let mut key = String::new();
        for name in ["datum", "ellps", "a", "b", "rf", "R", "towgs84", "nadgrids"] {
            if let Some(value) = self.value(name) {
                key.push_str(name);
                key.push('=');
                key.push_str(value);
                key.push(' ');
            }
        }
        Datum::Other(key)
    }

    /// The string without any shift of datum: the bare map from angles on its own ellipsoid to its plane.
    pub(super) fn without_datum(&self) -> String {
        let mut bare = String::with_capacity(self.text.len());
        for (key, value) in terms(&self.text) {
            let (key, value) = match key {
                "towgs84" | "nadgrids" | "wktext" | "no_defs" | "type" => continue,
                "datum" => ("ellps", datum_ellipsoid(value)),
                _ => (key, value),
            };
            bare.push('+');
            bare.push_str(key);
            if !value.is_empty() {
                bare.push('=');
                bare.push_str(value);
            }
            bare.push(' ');
        }
        bare
    }

    /// The ellipsoid its angles are measured on, by the default engine's own table.
    pub(super) fn ellipsoid(&self) -> Result<Ellipsoid, CrsError> {
        if self.is_web_mercator() {
            return Ok(Ellipsoid::WGS84);
        }
        match self.value("datum").map(datum_ellipsoid).or_else(|| self.value("ellps")) {
            Some("WGS84") => Ok(Ellipsoid::WGS84),
            Some("GRS80") => Ok(Ellipsoid::CGCS2000),
            _ => super::engine::ellipsoid_axes(&self.without_datum())
                .and_then(|(a, b)| Ellipsoid::from_axes(a, b))
                .ok_or_else(|| CrsError::Unknown(self.text.clone())),
        }
    }
}

fn terms(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace()
        .map(|term| term.trim_start_matches('+'))
        .map(|t| t.split_once('=').unwrap_or((t, "")))
}

fn datum_ellipsoid(datum: &str) -> &str {
    match datum {
        "NAD83" | "GGRS87" => "GRS80",
        "NAD27" => "clrk66",
        "potsdam" | "hermannskogel" | "ch1903" | "s_jtsk" => "bessel",
        "carthage" => "clrk80ign",
        "nzgd49" | "rassadiran" => "intl",
        "ire65" => "mod_airy",
        "OSGB36" | "osni52" => "airy",
        _ => "WGS84",
    }
}

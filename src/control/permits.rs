use serde::{Deserialize, Serialize};

use crate::error::{Error, ParamError};
use crate::zoning::{LandUse, LandUseCode, SmallClass};

const BUILTIN: [(&str, &str); 1] =
    [("shenzhen_basic_ecological", include_str!("permits/shenzhen_basic_ecological.toml"))];

/// What may stand inside lines, as data: per line and tier the permitted uses, the year before which what stands may stay, and
/// the parcels settled one by one.
///
/// The first rule that fits a line is the line's. A line that none fits has not been ruled on.
///
/// ```
/// use landuse::control::Permits;
/// let permits = Permits::from_toml(
///     r#"
///     name = "two tiers"
///     source = "the city's order 1, clause 2"
///     [[rule]]
///     tier = "core"
///     classes = ["transport", "utility"]
///     [[rule]]                            # any other tier
///     classes = ["transport", "utility", "urban_green"]
///     codes = ["mnr:2023:0903"]           # and codes of which it is the parent, as the scheme falls back
///     grandfathered_before = 2005         # built in an earlier year
///     exempt = ["A-104"]                  # parcel ids
///     "#,
///     "permits.toml",
/// )?;
/// assert_eq!(permits.source(), "the city's order 1, clause 2");
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permits {
    name: Box<str>,
    source: Box<str>,
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

/// What may stand inside the lines it fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// Id of the line; any if absent.
    line: Option<Box<str>>,
    /// Tier of the line; any if absent.
    tier: Option<Box<str>>,
    #[serde(default)]
    classes: Vec<SmallClass>,
    /// `scheme:edition:code`.
    #[serde(default)]
    codes: Vec<Box<str>>,
    grandfathered_before: Option<f64>,
    #[serde(default)]
    exempt: Vec<Box<str>>,
}

/// What construction inside a line is, by use, year and exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// The parcel is settled by name.
    Exempt,
    /// Its current use may stand there.
    Permitted,
    /// It was built before the line.
    Grandfathered,
    /// None of these.
    Encroaching,
    /// What decides is not known.
    Unreviewed,
}

impl Standing {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::Exempt, Self::Permitted, Self::Grandfathered, Self::Encroaching, Self::Unreviewed];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Permitted => "permitted",
            Self::Grandfathered => "grandfathered",
            Self::Encroaching => "encroaching",
            Self::Unreviewed => "unreviewed",
        }
    }
}

/// What is known of construction that stands inside a line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Building<'a> {
    /// Id of the parcel.
    pub parcel: Option<&'a str>,
    /// Current use as surveyed.
    pub code: Option<&'a LandUseCode>,
    /// What it means; none where no scheme knows it.
    pub land_use: Option<&'a LandUse>,
    /// Year it was built.
    pub year_built: Option<f64>,
}

impl Permits {
    /// Reads rules from TOML; `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, the key and what was expected.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let fault = |reason: String| Error::Config { file: file.into(), reason: reason.into() };
        let permits: Self = crate::zoning::config::read(text, file)?;
        for rule in &permits.rules {
            if let Some(code) = rule.codes.iter().find(|code| code.splitn(3, ':').count() != 3) {
                return Err(fault(format!("`codes` holds `{code}`, expected `scheme:edition:code`")));
            }
            if let Some(year) = rule.grandfathered_before.filter(|year| !year.is_finite()) {
                return Err(fault(format!("`grandfathered_before` is {year}, expected a year")));
            }
        }
        Ok(permits)
    }

    /// Names of the rules that come with the library.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// The rules as a file that [`from_toml`](Self::from_toml) reads.
    pub fn to_toml(&self) -> String {
        // Every value here has a place in TOML.
        toml::to_string(self).unwrap_or_default()
    }

    /// Rules that come with the library: `shenzhen_basic_ecological`.
    ///
    /// # Errors
    /// [`ParamError`] with the names there are.
    ///
    /// ```
    /// use landuse::control::Permits;
    /// assert!(Permits::builtin("shenzhen_basic_ecological")?.source().contains("Order 145"));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn builtin(name: &str) -> Result<Self, Error> {
        let found = BUILTIN.iter().find(|(known, _)| *known == name);
        let names = || BUILTIN.map(|(name, _)| name).join(", ");
        let (_, text) =
            found.ok_or_else(|| ParamError::new("permits", name, &format!("one of {}", names())))?;
        Self::from_toml(text, name)
    }

    /// What the rules are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where they come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What a building inside the line `line` of tier `tier` is, and why.
    ///
    /// Exemption comes first, then use, then year; a building that meets none is encroaching only where its use is known, and
    /// its year too if years count.
    ///
    /// # Complexity
    /// O(rules + entries of the rule that fits).
    ///
    /// ```
    /// use landuse::control::{Building, Permits, Standing};
    /// use landuse::zoning::{LandUseCode, Schemes};
    ///
    /// let (permits, schemes) = (Permits::builtin("shenzhen_basic_ecological")?, Schemes::builtin());
    /// let of = |code: &str| {
    ///     let code = LandUseCode::new("mnr", "2023", code);
    ///     let land_use = schemes.resolve(&code);
    ///     let building = Building { code: Some(&code), land_use: land_use.as_ref(), ..Building::default() };
    ///     permits.standing("line", Some("core"), &building)
    /// };
    /// assert_eq!(of("1001"), (Standing::Encroaching, "industrial may not stand there".into()));
    /// assert_eq!(of("1401"), (Standing::Permitted, "urban_green may stand there".into()));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn standing(&self, line: &str, tier: Option<&str>, building: &Building<'_>) -> (Standing, Box<str>) {
        let Some(rule) = self.rule(line, tier) else {
            return (Standing::Unreviewed, "no rule is given for this line and tier".into());
        };
        if let Some(id) = building.parcel.filter(|id| rule.exempt.iter().any(|exempt| **exempt == **id)) {
            return (Standing::Exempt, format!("parcel `{id}` is exempt").into());
        }
        let class = building.land_use.map(|land| land.class).filter(|&class| class != SmallClass::Unknown);
        if let Some(code) = building.code
            && let Some(permitted) =
                rule.codes.iter().find(|permitted| is_code(permitted, code, building.land_use))
        {
            return (Standing::Permitted, format!("{permitted} may stand there").into());
        }
        if let Some(class) = class.filter(|class| rule.classes.contains(class)) {
            return (Standing::Permitted, format!("{class} may stand there").into());
        }
        if let Some(before) = rule.grandfathered_before {
            match building.year_built {
                Some(year) if year < before => {
                    return (Standing::Grandfathered, format!("built in {year}, before {before}").into());
                }
                None => return (Standing::Unreviewed, "the year it was built is not known".into()),
                Some(_) => {}
            }
        }
        match class {
            Some(class) => (Standing::Encroaching, format!("{class} may not stand there").into()),
            None => (Standing::Unreviewed, "its use is not known".into()),
        }
    }
}

impl Permits {
    /// The rule for a line and tier.
    fn rule(&self, line: &str, tier: Option<&str>) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            rule.line.as_deref().is_none_or(|of| of == line)
                && rule.tier.as_deref().is_none_or(|of| Some(of) == tier)
        })
    }

    /// Ids of lines that have rules of their own.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(|rule| rule.line.as_deref())
    }

    /// Whether the parcel of this id is exempt from a line and tier.
    pub(super) fn exempts(&self, line: &str, tier: Option<&str>, id: &str) -> bool {
        self.rule(line, tier).is_some_and(|rule| rule.exempt.iter().any(|exempt| **exempt == *id))
    }
}

/// Whether `code` is the permitted one, as written or as the entry that its scheme found for it.
fn is_code(permitted: &str, code: &LandUseCode, land_use: Option<&LandUse>) -> bool {
    let mut parts = permitted.splitn(3, ':');
    let same = |part: Option<&str>, own: &str| part == Some(own);
    same(parts.next(), &code.scheme) && same(parts.next(), &code.edition) && {
        let wanted = parts.next();
        same(wanted, &code.code) || land_use.is_some_and(|land| same(wanted, &land.matched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoning::Schemes;

    const RULES: &str = r#"
        name = "test"
        source = "test"
        [[rule]]
        tier = "core"
        classes = ["utility"]
        exempt = ["settled"]
        [[rule]]
        line = "lake"
        [[rule]]
        tier = "buffer"
        classes = ["utility", "transport"]
        codes = ["mnr:2023:1001"]
        grandfathered_before = 2005
    "#;

    fn standing(line: &str, tier: Option<&str>, code: &str, year: Option<f64>, id: &str) -> Standing {
        let permits = Permits::from_toml(RULES, "test").unwrap();
        let code = LandUseCode::new("mnr", "2023", code);
        let land_use = Schemes::builtin().resolve(&code);
        let building =
            Building { parcel: Some(id), code: Some(&code), land_use: land_use.as_ref(), year_built: year };
        permits.standing(line, tier, &building).0
    }

    #[test]
    fn exemption_then_use_then_year_then_encroachment() {
        use Standing::{Encroaching, Exempt, Grandfathered, Permitted, Unreviewed};
        let (core, buffer) = (Some("core"), Some("buffer"));
        for (line, tier, code, year, id, expected) in [
            ("hill", core, "0701", None, "settled", Exempt),
            ("hill", core, "0701", None, "a", Encroaching),
            ("hill", core, "no code", None, "a", Unreviewed),
            ("hill", core, "1301", None, "a", Permitted),
            ("hill", buffer, "0701", Some(2004.0), "settled", Grandfathered),
            ("hill", buffer, "0701", Some(2005.0), "a", Encroaching),
            ("hill", buffer, "0701", None, "a", Unreviewed),
            ("hill", buffer, "no code", Some(1999.0), "a", Grandfathered),
            ("hill", buffer, "no code", Some(2010.0), "a", Unreviewed),
            ("hill", buffer, "1001", None, "a", Permitted),
            // The scheme finds 1001 for a child it does not know.
            ("hill", buffer, "100100", None, "a", Permitted),
            ("lake", None, "1301", None, "a", Encroaching),
            // The first rule that fits decides.
            ("lake", core, "1301", None, "a", Permitted),
            ("hill", Some("advisory"), "0701", None, "a", Unreviewed),
            ("hill", None, "0701", None, "a", Unreviewed),
        ] {
            assert_eq!(
                standing(line, tier, code, year, id),
                expected,
                "{line} {tier:?} {code} {year:?} {id}"
            );
        }
    }

    #[test]
    fn faulty_rules_are_told() {
        let fault = |rule: &str| {
            let text = format!("name = 'x'\nsource = 'y'\n[[rule]]\n{rule}");
            Permits::from_toml(&text, "p.toml").unwrap_err().to_string()
        };
        assert!(fault("clases = []").contains("clases"));
        assert!(fault("classes = ['factory']").contains("factory"));
        assert_eq!(fault("codes = ['1001']"), "p.toml: `codes` holds `1001`, expected `scheme:edition:code`");
        assert!(fault("grandfathered_before = nan").ends_with("expected a year"));
        assert!(Permits::builtin("nowhere").unwrap_err().to_string().contains("shenzhen_basic_ecological"));
    }

    #[test]
    fn the_built_in_rules_read() {
        for (name, _) in BUILTIN {
            assert!(!Permits::builtin(name).unwrap().rules.is_empty());
        }
    }
}

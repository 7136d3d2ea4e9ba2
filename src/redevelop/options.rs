//! Everything a programme of redevelopment can be asked, and the file it stands in.

use serde::{Deserialize, Serialize};

use super::assembly::AssemblyOptions;
use super::far::FarSource;
use super::fit::FitOptions;
#[cfg(feature = "programme")]
use super::programme::{ProgrammeOptions, Projects};
use crate::efficiency::{Demolition, HighRiseFactory};
use crate::error::{Error, ParamError};
use crate::expr::Expr;
use crate::zoning::config;

/// What redevelopment is asked. Every field has a default; in a file (TOML) each stands under its name.
///
/// ```
/// use landuse::redevelop::RedevelopOptions;
/// let text = r#"
///     [capacity]
///     far = [{ expression = "allowed_far" }, { value = 2.5 }]
///     dedicated_share = 0.15
/// "#;
/// let options = RedevelopOptions::from_toml(text, "plan.toml")?;
/// assert_eq!(options.capacity.dedicated_share, 0.15);
/// assert_eq!(RedevelopOptions::from_toml(&options.to_toml(), "again")?, options);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedevelopOptions {
    /// What sites could become.
    pub capacity: CapacityOptions,
    /// Which parcels can be assembled; none are looked for by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assembly: Option<AssemblyOptions>,
    /// What to build when; nothing is planned by default.
    #[cfg(feature = "programme")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme: Option<ProgrammeOptions>,
}

/// Which parcels are redeveloped, and what they could become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CapacityOptions {
    /// Condition that makes a parcel one to be redeveloped. Default: the low parcels of sites.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub parcels: Option<Box<str>>,
    /// Target floor area ratio: of these sources the first that knows a parcel's. Default: `allowed_far`, what the plan allows.
    pub far: Vec<FarSource>,
    /// Share of the usable land that is handed over for public use, from 0 to below 1. Default: 0.
    pub dedicated_share: f64,
    /// Expression for floor area beyond the ratio, m²: transferred and bonus capacity. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_floor: Option<Box<str>>,
    /// Expression for the floor area that stands today, m². Default: `floor_area_m2`.
    pub floor: Box<str>,
    /// Expression for the output of a parcel, such as `output_yuan`, for the output that more floor brings. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<str>>,
    /// Output that land is held to, per mu, in the unit of [`output`](Self::output). Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_standard_per_mu: Option<f64>,
    /// Land nearer than this to the lines that exclude construction is not usable, m. Default: 0.
    pub line_setback_m: f64,
    /// Buildings keep this far from the boundary of their site, m. Default: 0.
    pub boundary_setback_m: f64,
    /// What limits the buildings on a site. Default: nothing but the target ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<FitOptions>,
    /// When a factory is high-rise.
    pub high_rise: HighRiseFactory,
    /// Greatest demolished share of the floor area of a unit. Default: that of Shenzhen, 0.2.
    pub max_demolished_share: f64,
    /// Greatest ratio of built to demolished floor area. Default: that of Shenzhen, 2.
    pub max_build_ratio: f64,
}

impl Default for CapacityOptions {
    fn default() -> Self {
        Self {
            parcels: None,
            far: vec![FarSource::Expression("allowed_far".into())],
            dedicated_share: 0.0,
            extra_floor: None,
            floor: "floor_area_m2".into(),
            output: None,
            output_standard_per_mu: None,
            line_setback_m: 0.0,
            boundary_setback_m: 0.0,
            fit: None,
            high_rise: HighRiseFactory::default(),
            max_demolished_share: Demolition::SHENZHEN_SHARE,
            max_build_ratio: Demolition::SHENZHEN_RATIO,
        }
    }
}

/// Farthest that a setback reaches, m.
const FARTHEST_SETBACK_M: f64 = 10_000.0;

impl CapacityOptions {
    fn check(&self) -> Result<(), ParamError> {
        if self.far.is_empty() {
            let expected = "a value, an expression such as `allowed_far`, or rules";
            return Err(ParamError::new("capacity.far", "empty", expected));
        }
        self.far.iter().try_for_each(FarSource::check)?;
        if !(0.0..1.0).contains(&self.dedicated_share) {
            let expected = "a share from 0 to below 1";
            return Err(ParamError::new("capacity.dedicated_share", self.dedicated_share, expected));
        }
        for (name, value) in
            [("line_setback_m", self.line_setback_m), ("boundary_setback_m", self.boundary_setback_m)]
        {
            if !(0.0..=FARTHEST_SETBACK_M).contains(&value) {
                let expected = "a length from 0 to 10,000 m";
                return Err(ParamError::new(&format!("capacity.{name}"), value, expected));
            }
        }
        if let Some(standard) = self.output_standard_per_mu {
            let name = "capacity.output_standard_per_mu";
            if !(standard.is_finite() && standard >= 0.0) {
                return Err(ParamError::new(name, standard, "a finite amount of at least 0"));
            }
            if self.output.is_none() {
                return Err(ParamError::new(
                    "capacity.output",
                    "not given",
                    "an output to hold against the standard",
                ));
            }
        }
        let caps =
            [("max_demolished_share", self.max_demolished_share), ("max_build_ratio", self.max_build_ratio)];
        for (name, cap) in caps {
            if !(cap.is_finite() && cap > 0.0) {
                return Err(ParamError::new(&format!("capacity.{name}"), cap, "a finite number above 0"));
            }
        }
        self.fit.as_ref().map_or(Ok(()), FitOptions::check)?;
        self.high_rise.check("capacity.high_rise")
    }

    fn expressions(&self) -> impl Iterator<Item = &str> {
        let own =
            [&self.parcels, &self.extra_floor, &self.output].into_iter().filter_map(|own| own.as_deref());
        own.chain([&*self.floor]).chain(self.far.iter().flat_map(FarSource::expressions))
    }
}

impl RedevelopOptions {
    /// Reads options from TOML; `file` is what errors call the text.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, the key and what was expected; as [`check`](Self::check).
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let options: Self = config::read(text, file)?;
        options.check()?;
        Ok(options)
    }

    /// The options as a file that [`from_toml`](Self::from_toml) reads back to the same.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::Options`] with each part that is out of range; [`Error::Param`] for an expression that is none.
    pub fn check(&self) -> Result<(), Error> {
        let assembly = self.assembly.as_ref().map_or(Ok(()), AssemblyOptions::check);
        let checked = [self.capacity.check(), assembly, self.check_programme()];
        let faults: Vec<ParamError> = checked.into_iter().filter_map(Result::err).collect();
        if !faults.is_empty() {
            return Err(Error::Options(faults));
        }
        self.columns().map(drop)
    }

    #[cfg(feature = "programme")]
    fn check_programme(&self) -> Result<(), ParamError> {
        let Some(programme) = &self.programme else { return Ok(()) };
        if programme.projects == Projects::Assemblies && self.assembly.is_none() {
            let expected = "`sites`, or what assemblies must be like under `assembly`";
            return Err(ParamError::new("programme.projects", "assemblies", expected));
        }
        programme.check()
    }

    #[cfg(not(feature = "programme"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with the feature")]
    fn check_programme(&self) -> Result<(), ParamError> {
        Ok(())
    }

    /// Names of the columns that redevelopment looks for: what a reader has to keep of the parcels. Sorted, each once.
    ///
    /// # Errors
    /// [`Error::Param`] for an expression that is none, with the position.
    pub fn columns(&self) -> Result<Vec<Box<str>>, Error> {
        let mut names: Vec<Box<str>> = Vec::new();
        let assembly = self.assembly.as_ref();
        let expressions = assembly.into_iter().flat_map(AssemblyOptions::expressions);
        for expression in self.capacity.expressions().chain(expressions) {
            names.extend(Expr::parse(expression)?.columns().into_iter().map(Into::into));
        }
        names.extend(assembly.and_then(|assembly| assembly.owner.clone()));
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

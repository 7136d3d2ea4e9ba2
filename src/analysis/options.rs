//! Everything an analysis can be asked, in one place: fields, defaults, checks, and the file they stand in.

use serde::{Deserialize, Serialize};

use crate::adjacency;
use crate::cluster::{RegionOptions, SignificanceOptions, SiteOptions};
use crate::control::{Permits, ReviewOptions};
use crate::crs::{SourceCrs, WorkingCrs};
use crate::efficiency::{AllocationBasis, EfficiencyOptions, Rule};
use crate::error::{Error, ParamError};
use crate::expr::{Expr, ExprError};
use crate::intensity::{Cells, ReserveOptions, UnitLimit, Unparcelled, WarningLine};
use crate::io::OnBadFeature;
use crate::join::BuildingOptions;
use crate::sensitivity::SweepOptions;
use crate::stats::LocalOptions;
use crate::zoning::config;

/// What an analysis is asked. Every field has a default; [`check`](Self::check) tells each one that is out of range.
///
/// In a file (TOML) each field stands under its name; what is left out keeps its default, and a key that is none is refused
/// with the nearest name. [`to_toml`](Self::to_toml) writes all of them, so that a run can be repeated from what it resolved.
///
/// ```
/// use landuse::Options;
///
/// let text = r#"
///     seed = 7
///     [efficiency]
///     score = "tax_yuan / area_m2"
///     [sites]
///     gap_m = 30.0
///     [warning_line]
///     share = 0.3
///     source = "territorial plan 2035"
/// "#;
/// let options = Options::from_toml(text, "options.toml")?;
/// let built = Options::builder()
///     .seed(7)
///     .score("tax_yuan / area_m2")
///     .gap_m(30.0)
///     .warning_line(0.3, "territorial plan 2035")
///     .build()?;
/// assert_eq!(options, built);
/// assert_eq!(Options::from_toml(&options.to_toml(), "again")?, options);
/// let typo = Options::from_toml("sede = 7", "options.toml").unwrap_err().to_string();
/// assert!(typo.contains("did you mean `seed`?"));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Seed of everything that is drawn at random: local statistics, the significance of sites, regions. Default: 0.
    pub seed: u64,
    /// How layers are read.
    pub input: InputOptions,
    /// Who is scored, by what, and what is low.
    pub efficiency: EfficiencyOptions,
    /// Who counts as a neighbour, for statistics and for sites; rules by centres are for statistics alone, and sites keep to
    /// their gap. Default: parcels within the gap of the sites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjacency: Option<adjacency::Rule>,
    /// Contiguous sites; the gap is also the adjacency rule's.
    pub sites: SiteOptions,
    /// Draws that sites are compared with.
    pub significance: SignificanceOptions,
    /// Column of texts that names the owner. Default: `owner`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Box<str>>,
    /// Density clusters of low parcels; none are looked for by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<DensityOptions>,
    /// Regions of low parcels: as many viable units as possible; none are looked for by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<RegionOptions>,
    /// Local statistics of the score.
    pub statistics: LocalOptions,
    /// What construction inside lines is tested by.
    pub review: ReviewOptions,
    /// What land inside lines that reserve it is held to.
    pub reserve: ReserveOptions,
    /// Whether a known floor area makes construction land where no flag or code tells. Default: no.
    pub floor_area_counts: bool,
    /// What land in no parcel (streets, mostly) counts as in the interval of intensity. Default: unknown.
    pub unparcelled: Unparcelled,
    /// Cells as study units. Districts, where given, are then the study area that cells are cut to. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<Cells>,
    /// Distances from the lines that exclude construction where the bands of a gradient end, m; without any there is none.
    pub bands_m: Vec<f64>,
    /// The warning line of the ledger. Default: none, so that no unit is assessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning_line: Option<WarningLine>,
    /// Limits of single units, which come before what districts state and before the warning line.
    pub limits: Vec<UnitLimit>,
    /// Floor area ratio at which what a limit leaves is built on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headroom_far: Option<f64>,
    /// Construction land that a unit adds a year, as a share of what it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_ratio_per_year: Option<f64>,
    /// Expression for the residents of a parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<Box<str>>,
    /// Expressions for amounts that the ledger adds up: split by area where a border splits a parcel.
    pub sums: Vec<Box<str>>,
    /// Expressions for levels that the ledger averages by area.
    pub means: Vec<Box<str>>,
    /// Settings to be swept; none leaves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<SweepOptions>,
}

/// How layers are read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct InputOptions {
    /// Coordinate system of all layers where the files do not tell; it wins over what a file says. Default: what each file says,
    /// else longitude and latitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_crs: Option<SourceCrs>,
    /// Encoding of texts in files that may be of any, such as the tables of Shapefiles: `UTF-8`, `GBK`, `Big5`, `windows-1252` … Default:
    /// what each file says, as far as its texts bear it out, else what they are by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Box<str>>,
    /// Plane to compute in. Default: the equal-area plane around the parcels, which stands here with its centre once a run has
    /// resolved it.
    pub crs: WorkingCrs,
    /// What becomes of a feature that cannot be used. Default: it is put aside.
    pub on_bad_feature: OnBadFeature,
    /// Condition that a control line has to fulfil to be taken, over its properties, such as `tier == "core"`. Default: all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_where: Option<Box<str>>,
    /// Condition that a study unit has to fulfil to be taken. Default: all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub districts_where: Option<Box<str>>,
    /// How buildings are brought onto parcels.
    pub buildings: BuildingOptions,
    /// What amounts of firms on several parcels are split by. Default: land.
    pub firms_by: AllocationBasis,
    /// What becomes of records of one boundary. Default: they are one parcel.
    pub records: Records,
}

/// What becomes of records of one boundary: flats of a building, firms on one lot, repeated rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Records {
    /// They are one parcel, whose amounts are theirs together
    /// ([`with_records_as_parcels`](crate::ParcelSet::with_records_as_parcels)).
    #[default]
    OneParcel,
    /// Each is scored and judged by itself; land under several of them counts once all the same.
    JudgedAlone,
}

/// What [`Dbscan`](crate::cluster::Dbscan) asks of low parcels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityOptions {
    /// Greatest gap between neighbours, m.
    pub eps_m: f64,
    /// Least area of low parcels within that gap of a core, its own included, m².
    pub min_area_m2: f64,
}

impl Options {
    /// Begins with the defaults.
    pub fn builder() -> OptionsBuilder {
        OptionsBuilder(Self::default())
    }

    /// These options, to be changed.
    pub fn to_builder(&self) -> OptionsBuilder {
        OptionsBuilder(self.clone())
    }

    /// Reads options from TOML, or from the `options` of a manifest (JSON); `file` is what errors call the text.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, the key and what was expected; [`Error::Options`] with every value out of range.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let options: Self = if text.trim_start().starts_with('{') {
            #[derive(Deserialize)]
            struct Manifest {
                options: Options,
            }
            let fault = |error: serde_json::Error| Error::Config {
                file: file.into(),
                reason: error.to_string().into(),
            };
            serde_json::from_str::<Manifest>(text).map_err(fault)?.options
        } else {
            config::read(text, file)?
        };
        options.check()?;
        Ok(options)
    }

    /// The options as a file that [`from_toml`](Self::from_toml) reads back to the same.
    pub fn to_toml(&self) -> String {
        // Every value here has a place in TOML; seeds above its range are refused by the check.
        toml::to_string(self).unwrap_or_default()
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::Options`] with each one that is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let mut faults = Vec::new();
        let mut note = |checked: Result<(), ParamError>| faults.extend(checked.err());
        note(if i64::try_from(self.seed).is_ok() {
            Ok(())
        } else {
            Err(ParamError::new("seed", self.seed, "a whole number below 2^63"))
        });
        #[cfg(feature = "encodings")]
        note(self.input.encoding.as_deref().map_or(Ok(()), crate::io::check_encoding));
        for condition in self.input.lines_where.iter().chain(&self.input.districts_where) {
            note(Expr::parse(condition).map(drop).map_err(ExprError::into_param));
        }
        note(self.sites.check());
        note(self.statistics.check());
        note(self.review.survey.check());
        note(self.reserve.check());
        note(self.sensitivity.as_ref().map_or(Ok(()), SweepOptions::check));
        note(self.regions.as_ref().map_or(Ok(()), RegionOptions::check));
        note(self.adjacency.as_ref().map_or(Ok(()), adjacency::Rule::check));
        let positive = |name: &str, value: Option<f64>, holds: fn(f64) -> bool, expected: &str| match value {
            Some(value) if !(value.is_finite() && holds(value)) => {
                Err(ParamError::new(name, value, expected))
            }
            _ => Ok(()),
        };
        let line = self.warning_line.as_ref().map(|line| line.share);
        note(positive("warning_line", line, |v| v > 0.0 && v <= 1.0, "a share above 0 and up to 1"));
        note(match &self.warning_line {
            Some(line) if line.source.trim().is_empty() => {
                Err(ParamError::new("warning_line.source", "empty", "who set the line"))
            }
            _ => Ok(()),
        });
        note(positive("headroom_far", self.headroom_far, |v| v > 0.0, "a finite ratio above 0"));
        note(positive("growth_ratio_per_year", self.growth_ratio_per_year, |_| true, "a finite share"));
        note(positive(
            "cells",
            self.cells.map(|cells| cells.side_m),
            |v| v > 0.0,
            "a finite length above 0 m",
        ));
        let density = self.density.as_ref();
        note(positive(
            "density.eps_m",
            density.map(|d| d.eps_m),
            |v| v >= 0.0,
            "a finite length of at least 0 m",
        ));
        note(positive(
            "density.min_area_m2",
            density.map(|d| d.min_area_m2),
            |v| v >= 0.0,
            "a finite area of at least 0 m²",
        ));
        for &band in &self.bands_m {
            note(positive("bands_m", Some(band), |v| v >= 0.0, "finite distances of at least 0 m"));
        }
        for limit in &self.limits {
            note(limit.limit.area_m2(1.0).map(|_| ()));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::Options(faults)) }
    }

    /// Names of the columns that a run with these options looks for: what a reader has to keep of a file. Those that every parcel
    /// has are among them.
    ///
    /// # Errors
    /// [`Error::Param`] for an expression that is none.
    pub fn columns(&self) -> Result<Vec<Box<str>>, Error> {
        let mut names = self.efficiency.columns()?;
        names.push(self.owner.clone().unwrap_or_else(|| "owner".into()));
        for expression in self.sums.iter().chain(&self.means).chain(&self.population) {
            names.extend(Expr::parse(expression)?.columns().into_iter().map(Into::into));
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

/// Sets options one by one; [`build`](Self::build) checks them all.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionsBuilder(Options);

impl OptionsBuilder {
    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::Options`] with each one that is out of range.
    pub fn build(self) -> Result<Options, Error> {
        self.0.check()?;
        Ok(self.0)
    }

    /// Changes options that have no setter of their own.
    #[must_use]
    pub fn set(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.0);
        self
    }

    /// Seed of everything that is drawn at random.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.set(|options| options.seed = seed)
    }

    /// Condition that makes a parcel a candidate.
    #[must_use]
    pub fn candidates(self, condition: &str) -> Self {
        self.set(|options| options.efficiency.candidates = Some(condition.into()))
    }

    /// Expression for the score of a parcel.
    #[must_use]
    pub fn score(self, expression: &str) -> Self {
        self.set(|options| options.efficiency.score = Some(expression.into()))
    }

    /// What is low.
    #[must_use]
    pub fn low(self, rule: Rule) -> Self {
        self.set(|options| options.efficiency.low = Some(rule))
    }

    /// Parcels up to this far apart are neighbours and form sites, m.
    #[must_use]
    pub fn gap_m(self, gap_m: f64) -> Self {
        self.set(|options| options.sites.gap_m = gap_m)
    }

    /// Least net area of a site, m².
    #[must_use]
    pub fn min_site_area_m2(self, area_m2: f64) -> Self {
        self.set(|options| options.sites.min_area_m2 = area_m2)
    }

    /// Share of construction land that should not be passed, and who set it.
    #[must_use]
    pub fn warning_line(self, share: f64, source: &str) -> Self {
        self.set(|options| options.warning_line = Some(WarningLine { share, source: source.into() }))
    }

    /// Draws behind each permutation test: those of the local statistics and that of the sizes of sites.
    #[must_use]
    pub fn permutations(self, permutations: u32) -> Self {
        self.set(|options| {
            options.statistics.permutations = permutations;
            options.significance.draws = Some(permutations as usize);
        })
    }

    /// What may stand inside the lines.
    #[must_use]
    pub fn permits(self, permits: Permits) -> Self {
        self.set(|options| options.review.permits = Some(permits))
    }
}

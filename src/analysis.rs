//! All stages in a row: from parcels in a plane to every figure of a report.

use serde::{Deserialize, Serialize};

use crate::adjacency::{self, Graph};
use crate::cluster::{
    MergeTree, SWEEP_GAPS_M, Significance, SignificanceOptions, SiteInput, SiteOptions, Sites, SweepStep,
    sweep,
};
use crate::control::{ControlLines, Effect, Encroachments, Overlay, ReviewInput, ReviewOptions, SurveyError};
use crate::efficiency::{Assessment, Composite, Direction, Measures, Rule, Verdict};
use crate::error::Error;
use crate::geometry::partition::Partition;
use crate::geometry::{MultiPolygonArray, boolean};
use crate::intensity::{
    Bands, Carried, CellShape, ConstraintInput, Constraints, LandStatus, Ledger, LedgerInput, Nature,
    ReserveOptions, StudyUnits, UnitLimit, UnitOutlook, WarningLine, clipped_grid, land_status,
};
use crate::parcel::expr::Expr;
use crate::parcel::{Column, ParcelIdx, ParcelSet};
use crate::stats::{LocalOptions, LocalResults, Observations, Weights};
use crate::zoning::{LandUse, ResolvedUses, Schemes};

/// The name under which a rule refers to [`JudgeOptions::composite`].
pub const COMPOSITE: &str = "composite";

/// Who is judged, by what score, and what is low.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct JudgeOptions {
    /// Condition that makes a parcel a candidate. Default: current industrial and logistics land where a scheme tells, else
    /// all parcels.
    pub candidates: Option<Box<str>>,
    /// Expression for the score that local statistics look at and maps show.
    pub score: Option<Box<str>>,
    /// Which end of the score is good.
    pub direction: Direction,
    /// A composite score, to be named as `composite` in expressions that are nothing else.
    pub composite: Option<Composite>,
    /// What is low. Default: the worst fifth by score.
    pub low: Option<Rule>,
}

impl JudgeOptions {
    /// Reads rules from TOML; `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, the key and what was expected.
    ///
    /// ```
    /// use landuse::analysis::JudgeOptions;
    /// let rules = r#"
    ///     candidates = "class in (commercial, industrial)"
    ///     score = "composite"
    ///     [composite]
    ///     parts = [
    ///         { metric = "far", weight = 50, benchmark = 1.05, cap = 2 },
    ///         { metric = "improvement_value / land_value", weight = 50, benchmark = 1 },
    ///     ]
    ///     [low]
    ///     metric = "composite"
    ///     worst_share = 0.2
    /// "#;
    /// assert_eq!(JudgeOptions::from_toml(rules, "rules")?.score.as_deref(), Some("composite"));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        toml::from_str(text)
            .map_err(|error| Error::Config { file: file.into(), reason: error.to_string().into() })
    }

    /// Every expression that a run with these options evaluates.
    pub fn expressions(&self) -> Vec<&str> {
        let parts =
            self.composite.iter().flat_map(|composite| composite.parts.iter().map(|part| &*part.metric));
        let rules = self.low.iter().flat_map(Rule::expressions);
        let all =
            self.candidates.as_deref().into_iter().chain(self.score.as_deref()).chain(parts).chain(rules);
        all.filter(|expression| self.composite.is_none() || expression.trim() != COMPOSITE).collect()
    }
}

/// What an analysis is asked.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Options {
    /// The efficiency stage.
    pub judge: JudgeOptions,
    /// Contiguous sites; the gap is also the adjacency rule's.
    pub sites: SiteOptions,
    /// Draws that sites are compared with.
    pub significance: SignificanceOptions,
    /// Local statistics of the score.
    pub local: LocalOptions,
    /// The warning line of the ledger.
    pub warning_line: Option<WarningLine>,
    /// Limits of single units, which come before the warning line.
    pub limits: Vec<UnitLimit>,
    /// Cells of this shape and side, m, as study units. Districts, where given, are then the study area that cells are cut to.
    pub grid: Option<(CellShape, f64)>,
    /// Distances from the lines that exclude construction where the bands of a gradient end, m; without any there is none.
    pub bands_m: Vec<f64>,
    /// Floor area ratio at which what a limit leaves is built on.
    pub headroom_far: Option<f64>,
    /// Construction land that a unit adds a year, as a share of what it has.
    pub growth_ratio_per_year: Option<f64>,
    /// Expression for the residents of a parcel.
    pub population: Option<Box<str>>,
    /// Expressions that the ledger carries, and how they behave where a parcel is split.
    pub carried: Vec<(Box<str>, Nature)>,
    /// What land inside lines that reserve it is held to.
    pub reserve: ReserveOptions,
    /// Whether a known floor area makes construction land where no flag or code tells.
    pub floor_area_counts: bool,
    /// What construction inside lines is tested by; none leaves it untested.
    pub review: Option<ReviewOptions>,
}

/// What an analysis looks at. All layers lie in the plane of the parcels.
#[derive(Debug)]
pub struct Layers {
    /// The parcels.
    pub parcels: ParcelSet,
    /// What land-use codes mean.
    pub schemes: Schemes,
    /// Control lines.
    pub lines: Option<ControlLines>,
    /// Study units.
    pub districts: Option<ParcelSet>,
    /// Land that cannot be built on for other reasons, such as water.
    pub unsuitable: Option<ParcelSet>,
}

/// A stage of the analysis, named as its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the module of that name")]
pub enum Stage {
    Adjacency,
    Efficiency,
    Cluster,
    Stats,
    Control,
    Intensity,
}

/// Every result, each aligned with the parcels or a small table.
#[derive(Debug)]
#[non_exhaustive]
pub struct Analysis {
    /// What was asked.
    pub options: Options,
    /// What was looked at.
    pub layers: Layers,
    /// What the codes of current use mean.
    pub current_use: ResolvedUses,
    /// Neighbours within the gap.
    pub graph: Graph,
    /// Parcels that overlap, with the area they share, m².
    pub overlaps: Vec<(ParcelIdx, ParcelIdx, f64)>,
    /// Which part of each parcel counts where parcels overlap.
    pub partition: Partition,
    /// What each parcel counts as.
    pub status: Vec<LandStatus>,
    /// The score of each parcel, candidate or not.
    pub score: Option<Column<f64>>,
    /// Verdicts with their reasons; none where there is no score and no rule.
    pub assessment: Option<Assessment>,
    /// Contiguous low-efficiency sites.
    pub sites: Sites,
    /// How the sizes of sites compare with chance.
    pub significance: Significance,
    /// Which sites merge at which gap, up to the widest of the sweep.
    pub merging: MergeTree,
    /// How sites change with the gap.
    pub sweep: Vec<SweepStep>,
    /// Local statistics of the score among candidates; none without a score.
    pub local: Option<LocalResults>,
    /// What control lines take; none without lines.
    pub overlay: Option<Overlay>,
    /// Construction inside lines that exclude it; none without lines, or where no review was asked for.
    pub encroachments: Option<Encroachments>,
    /// Study units that were made: cells of a grid.
    pub cells: Option<ParcelSet>,
    /// The balances.
    pub ledger: Ledger,
    outlooks: Vec<UnitOutlook>,
    /// The same land by distance from the lines; none where no bands were asked for.
    pub gradient: Option<Ledger>,
    /// Checks of the lines that confine construction or reserve land.
    pub constraints: Constraints,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

impl Analysis {
    /// Runs all stages. `entered` is told of each stage as it begins.
    ///
    /// # Errors
    /// [`Error::Param`] for an option out of range, [`Error::Data`] for an expression that names what the parcels do not
    /// have or districts that overlap.
    ///
    /// # Complexity
    /// Near-linear in vertices and links; see each stage.
    #[expect(clippy::too_many_lines, reason = "one stage after the other, to be read from top to bottom")]
    pub fn run(layers: Layers, options: Options, mut entered: impl FnMut(Stage)) -> Result<Self, Error> {
        let set = &layers.parcels;
        let mut warnings = Vec::new();
        let current_use = layers.schemes.resolve_column(&set.attributes().current_use);
        if !current_use.unresolved().is_empty() {
            warnings.push(format!("current use: no scheme knows {}", list(current_use.unresolved())));
        }
        let status = land_status(set, &layers.schemes, options.floor_area_counts);

        entered(Stage::Adjacency);
        let rule = adjacency::Rule::Gap { gap_m: options.sites.gap_m };
        let (graph, overlaps) = adjacency::Adjacency::new(rule)?.graph_and_overlaps(set);
        let pairs: Vec<[u32; 2]> = overlaps.iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let priority: Vec<u8> = status.iter().map(|&status| status as u8).collect();
        let partition = Partition::new(set.geometry(), &pairs, &priority);

        entered(Stage::Efficiency);
        let measures = ParcelMeasures { layers: &layers, composite: options.judge.composite.as_ref() };
        let candidates = candidates(&layers, &options.judge, &current_use, &mut warnings)?;
        let score = options.judge.score.as_deref().map(|score| measures.numbers(score)).transpose()?;
        let rule = options.judge.low.clone().or_else(|| {
            Some(Rule::Quantile {
                metric: options.judge.score.clone()?,
                worst_share: 0.2,
                direction: options.judge.direction,
            })
        });
        let assessment = rule.map(|rule| Assessment::judge(&rule, &candidates, &measures)).transpose()?;
        if let Some(assessment) = &assessment {
            warnings.extend(assessment.warnings.iter().cloned());
        } else {
            warnings.push("no score and no rule is given: no parcel is judged".into());
        }
        let low = assessment.as_ref().map_or_else(|| vec![false; set.len()], Assessment::low);

        entered(Stage::Cluster);
        let may_bridge = marked(assessment.as_ref(), set.len(), &[Verdict::NotLow]);
        let judged = marked(assessment.as_ref(), set.len(), &[Verdict::NotLow, Verdict::Low]);
        let class = classes(set, &current_use);
        let input = SiteInput {
            class: Some(&class),
            may_bridge: Some(&may_bridge),
            ..SiteInput::new(set, &low, &graph)
        };
        let sites = Sites::find_in(&input, &options.sites)?;
        let significance = Significance::of(&sites, &input, &judged, &options.significance)?;
        let widest = SWEEP_GAPS_M[SWEEP_GAPS_M.len() - 1];
        let wide = adjacency::within_gap_among(set, &low, widest)?;
        let wide = if options.sites.same_class { of_same_class(&wide, &class) } else { wide };
        let sweep = sweep(set, &low, &wide, &SWEEP_GAPS_M, options.sites.min_area_m2);
        let merging = MergeTree::new(set.area_m2(), &low, &wide, options.sites.min_area_m2, widest)?;
        drop(wide);

        entered(Stage::Stats);
        let local = score.as_ref().map(|score| {
            let values: Column<f64> =
                score.iter().zip(&candidates).map(|(value, &is)| value.filter(|_| is)).collect();
            Observations::new(values.iter(), &Weights::from_graph(&graph).row_standardised())?
                .local(&options.local)
        });
        let local = local.transpose()?;

        entered(Stage::Control);
        let overlay = layers.lines.as_ref().map(|lines| Overlay::new(set, lines));

        let encroachments = layers.lines.as_ref().zip(overlay.as_ref()).zip(options.review.as_ref()).map(
            |((lines, overlay), review)| {
                let input = ReviewInput { set, status: &status, current_use: &current_use, lines, overlay };
                Encroachments::review(&input, review)
            },
        );

        entered(Stage::Intensity);
        let unsuitable: Option<MultiPolygonArray> =
            layers.unsuitable.as_ref().map(|unsuitable| boolean::dissolve(unsuitable.geometry()));
        let districts = layers.districts.as_ref();
        let cut_to = districts.map(ParcelSet::geometry);
        let cells =
            options.grid.map(|(shape, side_m)| clipped_grid(set, cut_to, shape, side_m)).transpose()?;
        let units = match (&cells, districts) {
            (Some(cells), _) => StudyUnits::Grid(cells),
            (None, Some(districts)) => StudyUnits::Districts(districts),
            (None, None) if set.attributes().district.known() > 0 => StudyUnits::Attribute,
            (None, None) => StudyUnits::Whole,
        };
        let population = options.population.as_deref().map(|of| measures.numbers(of)).transpose()?;
        let carried = options.carried.iter().map(|(name, nature)| {
            Ok(Carried { name: name.clone(), nature: *nature, values: measures.numbers(name)? })
        });
        let carried = carried.collect::<Result<Vec<_>, Error>>()?;
        let input = LedgerInput {
            exclusion: overlay.as_ref().map(|o| (&o.exclusion, o.excluded_m2.as_slice())),
            unsuitable: unsuitable.as_ref(),
            warning_line: options.warning_line.clone(),
            limits: &options.limits,
            population: population.as_ref(),
            carried: &carried,
            ..LedgerInput::new(set, &status, &partition, units.clone())
        };
        let ledger = Ledger::draw_up(&input)?;
        let outlooks = ledger.outlooks(options.headroom_far, options.growth_ratio_per_year)?;
        let gradient = match &overlay {
            Some(overlay) if !options.bands_m.is_empty() => {
                let bands = Bands::new(overlay.exclusion.dissolved(), &options.bands_m)?;
                let units = StudyUnits::Bands(&bands, districts);
                Some(Ledger::draw_up(&LedgerInput { units, warning_line: None, limits: &[], ..input })?)
            }
            None if !options.bands_m.is_empty() => {
                warnings.push("bands: no line is given, so there is no distance from one".into());
                None
            }
            _ => None,
        };
        let bounded = |lines: &&ControlLines| lines.iter().any(|line| line.effect() != Effect::Exclude);
        let constraints = match layers.lines.as_ref().filter(bounded).zip(overlay.as_ref()) {
            None => Constraints::default(),
            Some((lines, overlay)) => {
                let survey =
                    options.review.as_ref().map_or_else(SurveyError::default, |review| review.survey);
                let input = ConstraintInput {
                    set,
                    status: &status,
                    partition: &partition,
                    current_use: &current_use,
                    lines,
                    overlay,
                    units,
                };
                Constraints::check(&input, &survey, &options.reserve)?
            }
        };
        warnings.extend(ledger.warnings.iter().cloned());

        let analysis = Self {
            options,
            layers,
            current_use,
            graph,
            overlaps,
            partition,
            status,
            score,
            assessment,
            sites,
            significance,
            merging,
            sweep,
            local,
            overlay,
            encroachments,
            cells,
            ledger,
            outlooks,
            gradient,
            constraints,
            warnings,
        };
        Ok(analysis.with_diagnostics())
    }

    /// The parcels.
    pub fn parcels(&self) -> &ParcelSet {
        &self.layers.parcels
    }

    /// The verdict on a parcel; [`Verdict::NotCandidate`] where nothing was judged.
    pub fn verdict(&self, parcel: ParcelIdx) -> Verdict {
        self.assessment
            .as_ref()
            .map_or(Verdict::NotCandidate, |assessment| assessment.verdicts[parcel.index()])
    }

    /// What limits leave the units that have one, and the whole.
    pub fn outlooks(&self) -> &[UnitOutlook] {
        &self.outlooks
    }

    /// What a parcel's current use means; none where no scheme knows it.
    pub fn land_use(&self, parcel: ParcelIdx) -> Option<&LandUse> {
        self.current_use.of(self.parcels().attributes().current_use.key(parcel.index()))
    }

    fn with_diagnostics(mut self) -> Self {
        let share = self
            .sweep
            .iter()
            .find(|step| step.gap_m == self.options.sites.gap_m)
            .and_then(|s| s.largest_share);
        if let Some(share) = share.filter(|share| *share > 0.2) {
            self.warnings.push(format!(
                "one site holds {:.0}% of all low-efficiency land at a gap of {} m: look at the gap sweep",
                share * 100.0,
                self.options.sites.gap_m
            ));
        }
        let unknown = self.status.iter().filter(|&&status| status == LandStatus::Unknown).count();
        if unknown > 0 {
            self.warnings
                .push(format!("of {unknown} parcels it is not known whether they are construction land"));
        }
        self
    }
}

/// Evaluates expressions over parcels.
struct ParcelMeasures<'a> {
    layers: &'a Layers,
    composite: Option<&'a Composite>,
}

impl Measures for ParcelMeasures<'_> {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        match self.composite {
            Some(composite) if expression.trim() == COMPOSITE => {
                composite.score(&Self { composite: None, ..*self })
            }
            _ => Expr::parse(expression)?.numbers(&self.layers.parcels, &self.layers.schemes),
        }
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        Expr::parse(expression)?.conditions(&self.layers.parcels, &self.layers.schemes)
    }
}

/// Candidates: by condition, else industry and logistics by current use, else everybody.
fn candidates(
    layers: &Layers,
    options: &JudgeOptions,
    current_use: &ResolvedUses,
    warnings: &mut Vec<String>,
) -> Result<Vec<bool>, Error> {
    use crate::zoning::SmallClass::{Industrial, Logistics};
    let set = &layers.parcels;
    if let Some(condition) = &options.candidates {
        let holds = Expr::parse(condition)?.conditions(set, &layers.schemes)?;
        let unknown = holds.len() - holds.known();
        if unknown > 0 {
            warnings.push(format!(
                "candidates: `{condition}` is unknown for {unknown} parcels, which are left out"
            ));
        }
        return Ok(holds.iter().map(|holds| holds == Some(true)).collect());
    }
    let codes = &set.attributes().current_use;
    let is = |land: &LandUse| matches!(land.class, Industrial | Logistics);
    let candidates: Vec<bool> =
        (0..set.len()).map(|i| current_use.of(codes.key(i)).is_some_and(is)).collect();
    if candidates.contains(&true) {
        return Ok(candidates);
    }
    warnings
        .push("candidates: no parcel is known to be industrial or logistics land, so all are judged".into());
    Ok(vec![true; set.len()])
}

/// Which parcels have one of these verdicts.
fn marked(assessment: Option<&Assessment>, len: usize, wanted: &[Verdict]) -> Vec<bool> {
    let is = |verdict: &Verdict| wanted.contains(verdict);
    assessment.map_or_else(|| vec![false; len], |assessment| assessment.verdicts.iter().map(is).collect())
}

/// Class of each parcel's current use, as a number.
fn classes(set: &ParcelSet, current_use: &ResolvedUses) -> Vec<Option<u32>> {
    let codes = &set.attributes().current_use;
    (0..set.len()).map(|i| current_use.of(codes.key(i)).map(|land| land.class as u32)).collect()
}

/// The links between parcels of the same known class.
fn of_same_class(graph: &Graph, class: &[Option<u32>]) -> Graph {
    graph.filtered(|link| class[link.a.index()].is_some() && class[link.a.index()] == class[link.b.index()])
}

/// The first few of many, as words.
fn list(codes: &[impl std::fmt::Display]) -> String {
    let mut text: Vec<String> = codes.iter().take(8).map(ToString::to_string).collect();
    if codes.len() > text.len() {
        text.push(format!("and {} more", codes.len() - text.len()));
    }
    text.join(", ")
}

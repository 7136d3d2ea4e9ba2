//! All stages in a row: from parcels in a plane to every figure of a report.

use serde::Serialize;

use crate::adjacency::{self, Adjacency, Barriers, Graph, Link};
use crate::cluster::{
    Dbscan, MergeTree, Ownership, RegionInput, RegionOptions, Regions, SWEEP_GAPS_M, Significance,
    SignificanceOptions, SiteInput, SiteOptions, Sites, SweepStep, net_area_m2, sweep,
};
use crate::control::{ControlLines, Effect, Encroachments, Overlay, ReviewInput, ReviewOptions, SurveyError};
use crate::efficiency::{
    AppraisedParcels, Assessment, Efficiency, EfficiencyOptions, FieldCheck, FieldCheckReport, FieldChecks,
    Measures, ParcelMeasures, Rule, ScoredParcels, StockClass, Verdict,
};
use crate::error::{Error, ParamError, few};
use crate::geometry::partition::Partition;
use crate::geometry::{MultiPolygonArray, boolean};
use crate::intensity::{
    Bands, Carried, CellShape, ConstraintInput, Constraints, Ledger, LedgerInput, Nature, ReserveOptions,
    StudyUnits, UnitLimit, UnitOutlook, WarningLine, clipped_grid,
};
use crate::land::{LandStatus, land_status};
use crate::parcel::{CategoryColumn, Column, ParcelIdx, ParcelSet};
use crate::sensitivity::{Sensitivity, SweepOptions};
use crate::stats::{LocalOptions, LocalResults, Observations, Weights};
use crate::zoning::{LandUse, ResolvedUses, Schemes};

/// What an analysis is asked.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Options {
    /// The efficiency stage.
    pub efficiency: EfficiencyOptions,
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
    /// Settings to be swept; none leaves it.
    pub sensitivity: Option<SweepOptions>,
    /// What land inside lines that reserve it is held to.
    pub reserve: ReserveOptions,
    /// Whether a known floor area makes construction land where no flag or code tells.
    pub floor_area_counts: bool,
    /// What construction inside lines is tested by; none leaves it untested.
    pub review: Option<ReviewOptions>,
    /// What was found on the spot: it wins over what is computed.
    pub field_checks: Option<FieldChecks>,
    /// Who counts as a neighbour, for statistics and for sites; rules by centres are for statistics alone, and sites keep to their gap.
    /// Default: parcels within the gap of the sites.
    pub adjacency: Option<adjacency::Rule>,
    /// What cuts neighbours across a gap off from each other.
    pub barriers: Option<Barriers>,
    /// Column of texts that names the owner. Default: `owner`, where there is one.
    pub owner: Option<Box<str>>,
    /// Density clusters of low parcels; none are looked for by default.
    pub density: Option<DensityOptions>,
    /// Regions of low parcels: as many viable units as possible; none are looked for by default.
    pub regions: Option<RegionOptions>,
}

/// What [`Dbscan`] asks of low parcels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityOptions {
    /// Greatest gap between neighbours, m.
    pub eps_m: f64,
    /// Least area of low parcels within that gap of a core, its own included, m².
    pub min_area_m2: f64,
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

/// A stage of the analysis, named as its module; the gap sweep and the merge tree go with the significance of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the module of that name")]
pub enum Stage {
    Adjacency,
    Efficiency,
    Cluster,
    Significance,
    Stats,
    Control,
    Encroachment,
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
    /// Neighbours by the adjacency rule, less what barriers block.
    pub graph: Graph,
    /// Links that barriers block.
    pub blocked: Vec<Link>,
    /// Parcels that overlap, with the area they share, m².
    pub overlaps: Vec<(ParcelIdx, ParcelIdx, f64)>,
    /// Which part of each parcel counts where parcels overlap.
    pub partition: Partition,
    /// What each parcel counts as.
    pub status: Vec<LandStatus>,
    /// The expression of the score, as asked for or by default.
    pub score_expression: Option<Box<str>>,
    /// The score of each parcel, candidate or not.
    pub score: Option<Column<f64>>,
    /// Candidates appraised by a rule pack; none without one.
    pub appraised: Option<AppraisedParcels>,
    /// What is low, as it was judged; none where there is no score and no rule.
    pub rule: Option<Rule>,
    /// Verdicts with their reasons; none where there is no score, no rule and no field check.
    pub assessment: Option<Assessment>,
    /// Class of each parcel in the stock of land; none for what is neither judged nor unused.
    pub stock: Vec<Option<StockClass>>,
    /// Parcels that were checked on the spot, by parcel, with the position of the check and the class it replaced.
    pub checked: Vec<(ParcelIdx, usize, Option<StockClass>)>,
    /// What became of field checks; none without them.
    pub field_check_report: Option<FieldCheckReport>,
    /// Contiguous low-efficiency sites.
    pub sites: Sites,
    /// How the land of each site is spread over owners; none where no owner is known.
    pub ownership: Option<Vec<Ownership>>,
    /// Density clusters of low parcels; none where not asked for.
    pub density: Option<Dbscan>,
    /// Regions of low parcels; none where not asked for.
    pub regions: Option<Regions>,
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
    /// How all this hangs on the settings; none where it was not asked.
    pub sensitivity: Option<Sensitivity>,
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
            warnings.push(format!("current use: no scheme knows {}", few(current_use.unresolved())));
        }
        let status = land_status(set, &layers.schemes, options.floor_area_counts);

        entered(Stage::Adjacency);
        let by_gap = adjacency::Rule::Gap { gap_m: options.sites.gap_m };
        let rule = options.adjacency.unwrap_or(by_gap);
        let (graph, overlaps) = Adjacency::new(rule)?.graph_and_overlaps(set);
        let barred = |graph: Graph| match &options.barriers {
            Some(barriers) => {
                let barred = barriers.apply(set, &graph);
                (barred.graph, barred.blocked)
            }
            None => (graph, Vec::new()),
        };
        let (graph, blocked) = barred(graph);
        // Centres say nothing of contiguity.
        let contiguous = rule.is_by_centres().then(|| Adjacency::new(by_gap)).transpose()?;
        let contiguous = contiguous.map(|adjacency| barred(adjacency.graph(set)).0);
        let site_graph = contiguous.as_ref().unwrap_or(&graph);
        let pairs: Vec<[u32; 2]> = overlaps.iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let priority: Vec<u8> = status.iter().map(|&status| status as u8).collect();
        let partition = Partition::new(set.geometry(), &pairs, &priority);

        entered(Stage::Efficiency);
        let checks = options.field_checks.as_ref();
        let found = Efficiency::assess(set, &layers.schemes, &current_use, &options.efficiency, checks)?;
        let Efficiency {
            candidates,
            score_expression,
            score,
            appraised,
            rule,
            assessment,
            stock,
            checked,
            field_check_report,
            warnings: noticed,
        } = found;
        warnings.extend(noticed);
        let low = assessment.as_ref().map_or_else(|| vec![false; set.len()], Assessment::low);

        entered(Stage::Cluster);
        let may_bridge = marked(assessment.as_ref(), set.len(), &[Verdict::NotLow]);
        let judged = marked(assessment.as_ref(), set.len(), &[Verdict::NotLow, Verdict::Low]);
        let class = classes(set, &current_use);
        let may_join = |parcel: ParcelIdx| low[parcel.index()] || may_bridge[parcel.index()];
        let net_m2 = net_area_m2(set, &overlaps, &low, may_join);
        let input = SiteInput {
            net_area_m2: Some(&net_m2),
            class: Some(&class),
            may_bridge: Some(&may_bridge),
            ..SiteInput::new(set, &low, site_graph)
        };
        let sites = Sites::find_in(&input, &options.sites)?;
        let ownership = owners(set, options.owner.as_deref())?
            .map(|owner| sites.iter().map(|site| Ownership::of(set, &site.members, owner)).collect());
        let density = options.density.map(|density| {
            let (near, _) = barred(adjacency::within_gap_among(set, &low, density.eps_m)?);
            Dbscan::find(&near, &low, set.area_m2(), density.eps_m, density.min_area_m2)
        });
        let density = density.transpose()?;
        let mut land = RegionInput::new(site_graph, &low, set.area_m2());
        land.envelopes = Some(set.envelopes());
        let regions = options.regions.as_ref().map(|regions| Regions::find(&land, regions, |_, _| {}));
        let regions = regions.transpose()?;

        entered(Stage::Significance);
        let significance = Significance::of(&sites, &input, &judged, &options.significance)?;
        let widest = SWEEP_GAPS_M[SWEEP_GAPS_M.len() - 1];
        let (wide, _) = barred(adjacency::within_gap_among(set, &low, widest)?);
        let wide = if options.sites.same_class { of_same_class(&wide, &class) } else { wide };
        let sweep = sweep(&net_m2, &low, &wide, &SWEEP_GAPS_M, options.sites.min_area_m2);
        let merging = MergeTree::new(&net_m2, &low, &wide, options.sites.min_area_m2, widest)?;
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

        entered(Stage::Encroachment);
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
        let measures = ScoredParcels {
            parcels: ParcelMeasures { set, schemes: &layers.schemes },
            composite: options.efficiency.composite.as_ref(),
            appraised: appraised.as_ref(),
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

        let mut analysis = Self {
            options,
            layers,
            current_use,
            graph,
            blocked,
            overlaps,
            partition,
            status,
            score_expression,
            score,
            appraised,
            rule,
            assessment,
            stock,
            checked,
            field_check_report,
            sites,
            ownership,
            density,
            regions,
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
            sensitivity: None,
            warnings,
        };
        let sweep = analysis.options.sensitivity.as_ref();
        analysis.sensitivity = sweep.map(|options| Sensitivity::sweep(&analysis, options)).transpose()?;
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

    /// What was found on the spot; none where nobody went.
    pub fn field_check(&self, parcel: ParcelIdx) -> Option<&FieldCheck> {
        let (_, position, _) = self.checked_at(parcel)?;
        self.options.field_checks.as_ref()?.get(position)
    }

    /// Class of a parcel in the stock of land, whatever a field check made of it.
    pub fn computed_stock(&self, parcel: ParcelIdx) -> Option<StockClass> {
        self.checked_at(parcel).map_or(self.stock[parcel.index()], |(_, _, before)| before)
    }

    fn checked_at(&self, parcel: ParcelIdx) -> Option<(ParcelIdx, usize, Option<StockClass>)> {
        let at = self.checked.binary_search_by_key(&parcel, |checked| checked.0).ok()?;
        self.checked.get(at).copied()
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

/// The column of owners; none where none is named and there is none.
fn owners<'a>(
    set: &'a ParcelSet,
    named: Option<&str>,
) -> Result<Option<&'a CategoryColumn<Box<str>>>, Error> {
    let texts = &set.attributes().texts;
    match (named, texts.get(named.unwrap_or("owner"))) {
        (_, Some(owner)) => Ok(Some(owner).filter(|owner| owner.known() > 0)),
        (None, None) => Ok(None),
        (Some(name), None) => {
            let names: Vec<&str> = texts.keys().map(|name| &**name).collect();
            Err(ParamError::new("owner", name, &format!("a column of texts ({})", names.join(", "))).into())
        }
    }
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

//! The stages in a row, each run only where what it hangs on has changed.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Serialize;

use super::{Analysis, ClusterStage, Inputs, IntensityStage, LineStage, Neighbours, Options, Statistics};
use crate::adjacency::{self, Adjacency, Graph};
use crate::cluster::{
    Dbscan, MergeTree, Ownership, RegionInput, Regions, SWEEP_GAPS_M, Significance, SiteInput, Sites,
    net_area_m2, sweep,
};
use crate::column::CategoryColumn;
use crate::control::{ControlLines, Effect, Encroachments, Overlay, ReviewInput};
use crate::efficiency::{Assessment, Efficiency, Measures, ScoredParcels, StockClass, Verdict};
use crate::error::{Error, ParamError};
use crate::geometry::{MultiPolygonArray, boolean};
use crate::intensity::{
    Bands, Carried, ConstraintInput, Constraints, Ledger, LedgerInput, Nature, StudyUnits, UnitLimit,
    clipped_grid,
};
use crate::land::Land;
use crate::parcel::{ParcelColumns, ParcelIdx, ParcelSet};
use crate::progress::Watch;
use crate::sensitivity::Sensitivity;
use crate::stats::{GlobalStatistics, Observations, Weights};
use crate::warning::WarningKind;

/// A stage of the analysis, named as its module; the gap sweep and the merge tree go with the significance of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
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
    Sensitivity,
}

impl Stage {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adjacency => "adjacency",
            Self::Efficiency => "efficiency",
            Self::Cluster => "cluster",
            Self::Significance => "significance",
            Self::Stats => "stats",
            Self::Control => "control",
            Self::Encroachment => "encroachment",
            Self::Intensity => "intensity",
            Self::Sensitivity => "sensitivity",
        }
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The stage that runs.
    pub stage: Stage,
    /// How much of it is done, from 0 to 1.
    pub done_ratio: f64,
}

type Observer<'a> = dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a;

/// An analysis that is about to run.
pub struct Run<'a> {
    inputs: Inputs,
    options: Options,
    earlier: Option<&'a Analysis>,
    observer: Option<Box<Observer<'a>>>,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(inputs: &Inputs, options: Options) -> Self {
        Self { inputs: inputs.clone(), options, earlier: None, observer: None }
    }

    /// Takes over every result of an earlier analysis that is the same under these inputs and options; of inputs
    /// [with other attributes](Inputs::with_attributes) those that hang on shapes alone.
    #[must_use]
    pub fn after(mut self, earlier: &'a Analysis) -> Self {
        self.earlier = Some(earlier);
        self
    }

    /// Tells `observer` of each stage as it begins and of its progress between blocks of work, from whichever thread is at it;
    /// `ControlFlow::Break` cancels the run.
    #[must_use]
    pub fn observe(mut self, observer: impl FnMut(Progress) -> ControlFlow<()> + Send + 'a) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Runs all stages, in the thread pool of the caller.
    ///
    /// # Errors
    /// [`Error::Options`] for options out of range, [`Error::Param`] for an expression that names what the parcels do not have,
    /// [`Error::Cancelled`] where the observer said so, and whatever a stage cannot do with the inputs, such as districts that
    /// overlap.
    ///
    /// # Complexity
    /// Near-linear in vertices and links; see each stage. What is taken over from an earlier analysis costs nothing.
    pub fn run(self) -> Result<Analysis, Error> {
        self.options.check()?;
        let Self { inputs, mut options, earlier, observer } = self;
        options.input.crs = inputs.parcels().plane().working();
        let shapes = earlier.filter(|earlier| earlier.inputs.same_shapes_as(&inputs));
        let earlier = earlier.filter(|earlier| earlier.inputs.same_as(&inputs));
        Stages { inputs: &inputs, options: &options, earlier, shapes, observer }.run()
    }
}

/// What all stages of one run look at.
struct Stages<'a, 'o> {
    inputs: &'a Inputs,
    options: &'a Options,
    earlier: Option<&'a Analysis>,
    /// One of parcels of the same shapes.
    shapes: Option<&'a Analysis>,
    observer: Option<Box<Observer<'o>>>,
}

impl Stages<'_, '_> {
    fn run(mut self) -> Result<Analysis, Error> {
        let (neighbours, land) = self.neighbours_and_land()?;
        let efficiency = self.efficiency(&land)?;
        let clusters = self.clusters(&neighbours, &land, &efficiency)?;
        let statistics = self.statistics(&neighbours, &efficiency)?;
        let lines = self.lines(&land)?;
        let intensity = self.intensity(&land, &efficiency, &lines)?;
        let mut analysis = Analysis {
            options: self.options.clone(),
            inputs: self.inputs.clone(),
            neighbours,
            land,
            efficiency,
            clusters,
            statistics,
            lines,
            intensity,
            sensitivity: None,
        };
        analysis.sensitivity = self.sensitivity(&analysis)?;
        Ok(analysis)
    }

    /// Says that a stage begins, and runs it watched.
    fn stage<T>(
        &mut self,
        stage: Stage,
        run: impl FnOnce(&Watch<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(observer) = &mut self.observer else { return run(&Watch::nobody()) };
        if observer(Progress { stage, done_ratio: 0.0 }).is_break() {
            return Err(Error::Cancelled);
        }
        let mut listener = |done_ratio: f64| observer(Progress { stage, done_ratio });
        let watch = Watch::by(&mut listener);
        let found = run(&watch)?;
        watch.check()?;
        Ok(found)
    }

    /// The earlier analysis, where `same` holds for its options and these.
    fn same<T: PartialEq>(&self, of: impl Fn(&Options) -> T) -> Option<&Analysis> {
        self.earlier.filter(|earlier| of(&earlier.options) == of(self.options))
    }

    fn neighbours_and_land(&mut self) -> Result<(Arc<Neighbours>, Arc<Land>), Error> {
        let (inputs, options) = (self.inputs, self.options);
        let set = &**inputs.parcels();
        let by_gap = adjacency::Rule::Gap { gap_m: options.sites.gap_m };
        let rule = options.adjacency.unwrap_or(by_gap);
        let rules = |o: &Options| (o.adjacency, o.sites.gap_m);
        let kept = self.shapes.filter(|earlier| rules(&earlier.options) == rules(options));
        let kept = kept.map(|earlier| Arc::clone(&earlier.neighbours));
        let land = self.same(|o| o.floor_area_counts).map(|earlier| Arc::clone(&earlier.land));
        let overlaps = self.shapes.map(|earlier| Arc::clone(&earlier.land.overlaps));
        if let (Some(neighbours), Some(land)) = (&kept, &land) {
            return Ok((Arc::clone(neighbours), Arc::clone(land)));
        }
        self.stage(Stage::Adjacency, |watch| {
            let (graph, overlaps) = match (&kept, overlaps) {
                (Some(_), Some(overlaps)) => (None, overlaps),
                (None, Some(overlaps)) => (Some(Adjacency::new(rule)?.graph_watched(set, watch)?), overlaps),
                (_, None) => {
                    let (graph, overlaps) = Adjacency::new(rule)?.graph_and_overlaps_watched(set, watch)?;
                    (Some(graph), overlaps.into())
                }
            };
            let neighbours = match (kept, graph) {
                (Some(kept), _) => kept,
                (None, graph) => {
                    let graph = graph.map_or_else(|| Adjacency::new(rule)?.graph(set), Ok::<_, Error>)?;
                    let (graph, blocked) = barred(inputs, graph);
                    // Centres say nothing of contiguity.
                    let contiguous = rule.is_by_centres().then(|| Adjacency::new(by_gap)).transpose()?;
                    let contiguous = contiguous.map(|adjacency| adjacency.graph(set)).transpose()?;
                    let contiguous = contiguous.map(|graph| barred(inputs, graph).0);
                    Arc::new(Neighbours { graph, blocked, contiguous })
                }
            };
            let land = match land {
                Some(land) => land,
                None => Arc::new(Land::new(set, inputs.schemes(), options.floor_area_counts, overlaps)?),
            };
            Ok((neighbours, land))
        })
    }

    fn efficiency(&mut self, land: &Land) -> Result<Arc<Efficiency>, Error> {
        if let Some(earlier) = self.same(|o| o.efficiency.clone()) {
            return Ok(Arc::clone(&earlier.efficiency));
        }
        let (inputs, options) = (self.inputs, self.options);
        self.stage(Stage::Efficiency, |_watch| {
            Ok(Arc::new(Efficiency::assess(
                inputs.parcels(),
                inputs.schemes(),
                &land.current_use,
                &options.efficiency,
                inputs.field_checks(),
            )?))
        })
    }

    fn clusters(
        &mut self,
        neighbours: &Arc<Neighbours>,
        land: &Arc<Land>,
        efficiency: &Arc<Efficiency>,
    ) -> Result<Arc<ClusterStage>, Error> {
        let asked = |o: &Options| (o.seed, o.sites, o.significance, o.owner.clone(), o.density, o.regions);
        if let Some(earlier) = self.same(asked).filter(|earlier| {
            Arc::ptr_eq(&earlier.neighbours, neighbours)
                && Arc::ptr_eq(&earlier.land.overlaps, &land.overlaps)
                && Arc::ptr_eq(&earlier.efficiency, efficiency)
        }) {
            return Ok(Arc::clone(&earlier.clusters));
        }
        let (inputs, options) = (self.inputs, self.options);
        let set = &**inputs.parcels();
        let assessment = efficiency.assessment.as_ref();
        let low = assessment.map_or_else(|| vec![false; set.len()], Assessment::low);
        let may_bridge = marked(assessment, set.len(), &[Verdict::NotLow]);
        let class = classes(set, land);
        let may_join = |parcel: ParcelIdx| low[parcel.index()] || may_bridge[parcel.index()];
        let net_m2 = net_area_m2(set, &land.overlaps, &low, may_join)?;
        let input = SiteInput {
            net_area_m2: Some(&net_m2),
            class: Some(&class),
            may_bridge: Some(&may_bridge),
            ..SiteInput::new(set, &low, neighbours.of_sites())
        };
        let (sites, ownership, density, regions) = self.stage(Stage::Cluster, |_watch| {
            let sites = Sites::find_in(&input, &options.sites)?;
            let ownership = owners(set, options.owner.as_deref())?
                .map(|owner| sites.iter().map(|site| Ownership::of(set, &site.members, owner)).collect());
            let density = options.density.map(|density| -> Result<Dbscan, Error> {
                let (near, _) = barred(inputs, adjacency::within_gap_among(set, &low, density.eps_m)?);
                Ok(Dbscan::find(&near, &low, set.area_m2(), density.eps_m, density.min_area_m2)?)
            });
            let mut areas = RegionInput::new(neighbours.of_sites(), &low, set.area_m2());
            areas.envelopes = Some(set.envelopes());
            let regions = options.regions.map(|mut regions| {
                regions.seed = options.seed;
                Regions::find(&areas, &regions, |_, _| {})
            });
            Ok((sites, ownership, density.transpose()?, regions.transpose()?))
        })?;
        let judged = marked(assessment, set.len(), &[Verdict::NotLow, Verdict::Low]);
        self.stage(Stage::Significance, |watch| {
            let mut draws = options.significance;
            draws.seed = options.seed;
            let significance = Significance::watched(&sites, &input, &judged, &draws, watch)?;
            watch.check()?;
            let widest = SWEEP_GAPS_M[SWEEP_GAPS_M.len() - 1];
            let (wide, _) = barred(inputs, adjacency::within_gap_among(set, &low, widest)?);
            let wide = if options.sites.same_class { of_same_class(&wide, &class) } else { wide };
            let sweep = sweep(&net_m2, &low, &wide, &SWEEP_GAPS_M, options.sites.min_area_m2);
            let merging = MergeTree::new(&net_m2, &low, &wide, options.sites.min_area_m2, widest)?;
            let low_area_m2 = land.union_area_m2(set, |parcel| low[parcel.index()])?;
            let is_of =
                |class: StockClass| move |parcel: ParcelIdx| efficiency.stock[parcel.index()] == Some(class);
            let stock_area_m2 = (StockClass::ALL.iter())
                .map(|&class| Ok((class, land.union_area_m2(set, is_of(class))?)))
                .collect::<Result<_, Error>>()?;
            Ok(Arc::new(ClusterStage {
                sites,
                ownership,
                density,
                regions,
                significance,
                merging,
                sweep,
                low_area_m2,
                stock_area_m2,
            }))
        })
    }

    fn statistics(
        &mut self,
        neighbours: &Arc<Neighbours>,
        efficiency: &Arc<Efficiency>,
    ) -> Result<Option<Arc<Statistics>>, Error> {
        let Some(score) = &efficiency.score else { return Ok(None) };
        if let Some(earlier) = self.same(|o| (o.seed, o.statistics)).filter(|earlier| {
            Arc::ptr_eq(&earlier.neighbours, neighbours) && Arc::ptr_eq(&earlier.efficiency, efficiency)
        }) {
            return Ok(earlier.statistics.clone());
        }
        let options = self.options.statistics.with_seed(self.options.seed);
        self.stage(Stage::Stats, |watch| {
            let values: Vec<Option<f64>> =
                score.iter().zip(&efficiency.candidates).map(|(value, &is)| value.filter(|_| is)).collect();
            let marks: Vec<Option<bool>> = match &efficiency.assessment {
                None => vec![None; values.len()],
                Some(found) => (found.verdicts.iter())
                    .map(|verdict| match verdict {
                        Verdict::Low => Some(true),
                        Verdict::NotLow => Some(false),
                        Verdict::Unknown | Verdict::NotCandidate => None,
                    })
                    .collect(),
            };
            let binary = Weights::from_graph(&neighbours.graph);
            let global = GlobalStatistics::new(&values, &marks, &binary)?;
            let weights = binary.row_standardised();
            let local = Observations::new(values, &weights)?.local_watched(&options, watch)?;
            Ok(Some(Arc::new(Statistics { local, global })))
        })
    }

    fn lines(&mut self, land: &Arc<Land>) -> Result<Arc<LineStage>, Error> {
        let inputs = self.inputs;
        let Some(lines) = inputs.control_lines() else { return Ok(Arc::default()) };
        let set = &**inputs.parcels();
        let overlay = match self.shapes.and_then(|earlier| earlier.lines.overlay.clone()) {
            Some(overlay) => overlay,
            None => self.stage(Stage::Control, |watch| Ok(Arc::new(Overlay::watched(set, lines, watch)?)))?,
        };
        if let Some(earlier) = self.same(|o| o.review.clone())
            && Arc::ptr_eq(&earlier.land, land)
        {
            return Ok(Arc::clone(&earlier.lines));
        }
        let review = &self.options.review;
        self.stage(Stage::Encroachment, |watch| {
            let input = ReviewInput {
                set,
                status: &land.status,
                current_use: &land.current_use,
                lines,
                overlay: &overlay,
            };
            let encroachments = Some(Encroachments::watched(&input, review, watch));
            Ok(Arc::new(LineStage { overlay: Some(Arc::clone(&overlay)), encroachments }))
        })
    }

    fn intensity(
        &mut self,
        land: &Arc<Land>,
        efficiency: &Arc<Efficiency>,
        lines: &Arc<LineStage>,
    ) -> Result<Arc<IntensityStage>, Error> {
        let asked = |o: &Options| {
            let units = (o.cells, o.bands_m.clone(), o.warning_line.clone(), o.limits.clone(), o.unparcelled);
            let outlook = (o.headroom_far, o.growth_ratio_per_year);
            let carried = (o.population.clone(), o.sums.clone(), o.means.clone());
            (units, outlook, carried, o.reserve.clone(), o.review.survey)
        };
        if let Some(earlier) = self.same(asked).filter(|earlier| {
            let same_lines = match (&earlier.lines.overlay, &lines.overlay) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            same_lines && Arc::ptr_eq(&earlier.land, land) && Arc::ptr_eq(&earlier.efficiency, efficiency)
        }) {
            return Ok(Arc::clone(&earlier.intensity));
        }
        let (inputs, options) = (self.inputs, self.options);
        self.stage(Stage::Intensity, |_watch| {
            let found = intensity(inputs, options, land, efficiency, lines.overlay.as_deref())?;
            Ok(Arc::new(found))
        })
    }

    fn sensitivity(&mut self, analysis: &Analysis) -> Result<Option<Arc<Sensitivity>>, Error> {
        let Some(options) = &self.options.sensitivity else { return Ok(None) };
        self.stage(Stage::Sensitivity, |_watch| {
            Ok(Some(Arc::new(Sensitivity::sweep(&analysis.sweep_input(), options)?)))
        })
    }
}

/// The ledger and what goes with it.
fn intensity(
    inputs: &Inputs,
    options: &Options,
    land: &Land,
    efficiency: &Efficiency,
    overlay: Option<&Overlay>,
) -> Result<IntensityStage, Error> {
    let set = &**inputs.parcels();
    let mut warnings = Vec::new();
    let unsuitable: Option<MultiPolygonArray> =
        inputs.unsuitable().map(|unsuitable| boolean::dissolve(unsuitable.geometry()));
    let districts = inputs.districts();
    let cut_to = districts.map(ParcelSet::geometry);
    let cells =
        options.cells.map(|cells| clipped_grid(set, cut_to, cells.shape, cells.side_m)).transpose()?;
    let units = match (&cells, districts) {
        (Some(cells), _) => StudyUnits::Grid(cells),
        (None, Some(districts)) => StudyUnits::Districts(districts),
        (None, None) if set.attributes().district.known() > 0 => StudyUnits::Attribute,
        (None, None) => StudyUnits::Whole,
    };
    let limits = limits(inputs, options)?;
    let measures = ScoredParcels {
        parcels: ParcelColumns { set, schemes: inputs.schemes() },
        composite: options.efficiency.composite.as_ref(),
        appraised: efficiency.appraised.as_ref(),
    };
    let population = options.population.as_deref().map(|of| measures.numbers(of)).transpose()?;
    let sums = options.sums.iter().map(|name| (name, Nature::Extensive));
    let means = options.means.iter().map(|name| (name, Nature::Intensive));
    let carried = sums
        .chain(means)
        .map(|(name, nature)| Ok(Carried { name: name.clone(), nature, values: measures.numbers(name)? }));
    let carried = carried.collect::<Result<Vec<_>, Error>>()?;
    let input = LedgerInput {
        exclusion: overlay.map(|o| (&o.exclusion, o.excluded_m2.as_slice())),
        unsuitable: unsuitable.as_ref(),
        warning_line: options.warning_line.clone(),
        limits: &limits,
        population: population.as_ref(),
        carried: &carried,
        unparcelled: options.unparcelled,
        ..LedgerInput::new(set, &land.status, &land.partition, units.clone())
    };
    let ledger = Ledger::compute(&input)?;
    let outlooks = ledger.outlooks(options.headroom_far, options.growth_ratio_per_year)?;
    let gradient = match overlay {
        Some(overlay) if !options.bands_m.is_empty() => {
            let bands = Bands::new(overlay.exclusion.dissolved(), &options.bands_m)?;
            let units = StudyUnits::Bands(&bands, districts);
            Some(Ledger::compute(&LedgerInput { units, warning_line: None, limits: &[], ..input })?)
        }
        None if !options.bands_m.is_empty() => {
            warnings.push(WarningKind::BandsWithoutLine.into());
            None
        }
        _ => None,
    };
    let bounded = |lines: &&ControlLines| lines.iter().any(|line| line.effect() != Effect::Exclude);
    let constraints = match inputs.control_lines().filter(bounded).zip(overlay) {
        None => Constraints::default(),
        Some((lines, overlay)) => {
            let input = ConstraintInput {
                set,
                status: &land.status,
                partition: &land.partition,
                current_use: &land.current_use,
                lines,
                overlay,
                units,
            };
            Constraints::check(&input, &options.review.survey, &options.reserve)?
        }
    };
    Ok(IntensityStage { cells, ledger, outlooks, gradient, constraints, warnings })
}

/// Limits of single units: those of the options, and for all others those that districts state.
fn limits(inputs: &Inputs, options: &Options) -> Result<Vec<UnitLimit>, Error> {
    let mut limits = options.limits.clone();
    if let Some(districts) = inputs.districts().filter(|_| options.cells.is_none()) {
        let source = options.warning_line.as_ref().map_or("property of the district", |line| &line.source);
        let own = UnitLimit::of_districts(districts, source)?;
        let given: Vec<_> = own.into_iter().filter(|own| limits.iter().all(|l| l.unit != own.unit)).collect();
        limits.extend(given);
    }
    Ok(limits)
}

/// A graph less what barriers block, and the blocked links.
fn barred(inputs: &Inputs, graph: Graph) -> (Graph, Vec<adjacency::Link>) {
    match inputs.barriers() {
        Some(barriers) => {
            let barred = barriers.apply(inputs.parcels(), &graph);
            (barred.graph, barred.blocked)
        }
        None => (graph, Vec::new()),
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
fn classes(set: &ParcelSet, land: &Land) -> Vec<Option<u32>> {
    let class = |i: u32| land.use_of(set, ParcelIdx(i)).map(|land| land.class as u32);
    (0..set.len() as u32).map(class).collect()
}

/// The links between parcels of the same known class.
fn of_same_class(graph: &Graph, class: &[Option<u32>]) -> Graph {
    graph.filtered(|link| class[link.a.index()].is_some() && class[link.a.index()] == class[link.b.index()])
}

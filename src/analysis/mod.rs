//! The way in: [`Inputs`] in one plane, [`Options`] checked once, all stages in a row, and every result.

mod inputs;
mod options;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use inputs::{CheckSource, InputFile, Inputs, InputsBuilder, LayerSource};
pub use options::{DensityOptions, InputOptions, Options, OptionsBuilder, Records};
pub use run::{Progress, Run, Stage};

use crate::adjacency::{Graph, Link};
use crate::cluster::{Dbscan, MergeTree, Ownership, Regions, Significance, Sites, SweepStep};
use crate::control::{Encroachments, Overlay};
use crate::efficiency::{Efficiency, FieldCheck, StockClass, Verdict};
use crate::error::Error;
use crate::intensity::{Constraints, Ledger, UnitOutlook};
use crate::land::{Land, LandStatus};
use crate::parcel::{ParcelIdx, ParcelSet};
use crate::sensitivity::{Sensitivity, SweepInput};
use crate::stats::{GlobalStatistics, LocalResults};
use crate::warning::{Warning, WarningKind};
use crate::zoning::LandUse;

/// Every result, each aligned with the parcels or a small table. A clone shares them.
///
/// ```
/// use std::ops::ControlFlow;
/// use landuse::{Analysis, Inputs, Options};
///
/// let inputs = Inputs::open("data/city/parcels.geojson").load()?;
/// let options = Options::builder().score("tax_yuan / area_m2").permutations(99).build()?;
/// let found = Analysis::new(&inputs, options).observe(|_| ControlFlow::Continue(())).run()?;
/// let wider = found.with(|options| options.gap_m(30.0))?; // verdicts and balances are taken over
/// assert!(wider.graph().links().len() > found.graph().links().len());
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Analysis {
    options: Options,
    inputs: Inputs,
    neighbours: Arc<Neighbours>,
    land: Arc<Land>,
    efficiency: Arc<Efficiency>,
    clusters: Arc<ClusterStage>,
    statistics: Option<Arc<Statistics>>,
    lines: Arc<LineStage>,
    intensity: Arc<IntensityStage>,
    sensitivity: Option<Arc<Sensitivity>>,
}

#[derive(Debug)]
struct Statistics {
    local: LocalResults,
    global: GlobalStatistics,
}

#[derive(Debug)]
struct Neighbours {
    graph: Graph,
    blocked: Vec<Link>,
    /// Neighbours by the gap, where the rule is one of centres.
    contiguous: Option<Graph>,
}

impl Neighbours {
    /// Who may be in one site.
    fn of_sites(&self) -> &Graph {
        self.contiguous.as_ref().unwrap_or(&self.graph)
    }
}

#[derive(Debug)]
struct ClusterStage {
    sites: Sites,
    ownership: Option<Vec<Ownership>>,
    density: Option<Dbscan>,
    regions: Option<Regions>,
    significance: Significance,
    merging: MergeTree,
    sweep: Vec<SweepStep>,
    low_area_m2: f64,
    stock_area_m2: BTreeMap<StockClass, f64>,
}

#[derive(Debug, Default)]
struct LineStage {
    overlay: Option<Arc<Overlay>>,
    encroachments: Option<Encroachments>,
}

#[derive(Debug)]
struct IntensityStage {
    cells: Option<ParcelSet>,
    ledger: Ledger,
    outlooks: Vec<UnitOutlook>,
    gradient: Option<Ledger>,
    constraints: Constraints,
    warnings: Vec<Warning>,
}

impl Analysis {
    /// Asks `options` of `inputs`; [`Run::run`] gives the analysis.
    #[expect(clippy::new_ret_no_self, reason = "an analysis is there once it has run")]
    pub fn new<'a>(inputs: &Inputs, options: Options) -> Run<'a> {
        Run::new(inputs, options)
    }

    /// The analysis of the same inputs under changed options: only the stages that hang on what changed run again, and the
    /// results are those of a full run.
    ///
    /// # Errors
    /// As [`Run::run`].
    pub fn with(&self, change: impl FnOnce(OptionsBuilder) -> OptionsBuilder) -> Result<Self, Error> {
        Run::new(&self.inputs, change(self.options.to_builder()).build()?).after(self).run()
    }

    /// What was asked.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What was looked at.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The parcels.
    pub fn parcels(&self) -> &ParcelSet {
        self.inputs.parcels()
    }

    /// Neighbours by the adjacency rule, less what barriers block.
    pub fn graph(&self) -> &Graph {
        &self.neighbours.graph
    }

    /// Neighbours within the gap of sites, less what barriers block: who may be in one site, whatever the adjacency rule.
    pub fn contiguity(&self) -> &Graph {
        self.neighbours.of_sites()
    }

    /// Links that barriers block.
    pub fn blocked(&self) -> &[Link] {
        &self.neighbours.blocked
    }

    /// What each parcel counts as, where parcels overlap, and which of them the land counts for.
    pub fn land(&self) -> &Land {
        &self.land
    }

    /// What each parcel counts as.
    pub fn status(&self) -> &[LandStatus] {
        &self.land.status
    }

    /// Candidates, scores, verdicts and classes of the stock of land.
    pub fn efficiency(&self) -> &Efficiency {
        &self.efficiency
    }

    /// Contiguous low-efficiency sites.
    pub fn sites(&self) -> &Sites {
        &self.clusters.sites
    }

    /// How the land of each site is spread over owners; none where no owner is known.
    pub fn ownership(&self) -> Option<&[Ownership]> {
        self.clusters.ownership.as_deref()
    }

    /// Density clusters of low parcels; none where not asked for.
    pub fn density(&self) -> Option<&Dbscan> {
        self.clusters.density.as_ref()
    }

    /// Regions of low parcels; none where not asked for.
    pub fn regions(&self) -> Option<&Regions> {
        self.clusters.regions.as_ref()
    }

    /// How the sizes of sites compare with chance.
    pub fn significance(&self) -> &Significance {
        &self.clusters.significance
    }

    /// Which sites merge at which gap, up to the widest of the sweep.
    pub fn merging(&self) -> &MergeTree {
        &self.clusters.merging
    }

    /// How sites change with the gap.
    pub fn sweep(&self) -> &[SweepStep] {
        &self.clusters.sweep
    }

    /// Area of the union of the low parcels, m².
    pub fn low_area_m2(&self) -> f64 {
        self.clusters.low_area_m2
    }

    /// Area of the union of the parcels of a class, m².
    pub fn stock_area_m2(&self, class: StockClass) -> f64 {
        self.clusters.stock_area_m2.get(&class).copied().unwrap_or(0.0)
    }

    /// Local statistics of the score among candidates; none without a score.
    pub fn local(&self) -> Option<&LocalResults> {
        self.statistics.as_deref().map(|found| &found.local)
    }

    /// Global statistics of the score among candidates, and joins of low ones; none without a score.
    pub fn global(&self) -> Option<&GlobalStatistics> {
        self.statistics.as_deref().map(|found| &found.global)
    }

    /// What control lines take; none without lines.
    pub fn overlay(&self) -> Option<&Overlay> {
        self.lines.overlay.as_deref()
    }

    /// Construction inside lines that exclude it; none without lines.
    pub fn encroachments(&self) -> Option<&Encroachments> {
        self.lines.encroachments.as_ref()
    }

    /// Study units that were made: cells of a grid.
    pub fn cells(&self) -> Option<&ParcelSet> {
        self.intensity.cells.as_ref()
    }

    /// The study units that have a shape: cells, else districts.
    pub fn units(&self) -> Option<&ParcelSet> {
        self.cells().or(self.inputs.districts())
    }

    /// The balances.
    pub fn ledger(&self) -> &Ledger {
        &self.intensity.ledger
    }

    /// What limits leave the units that have one, and the whole.
    pub fn outlooks(&self) -> &[UnitOutlook] {
        &self.intensity.outlooks
    }

    /// The same land by distance from the lines; none where no bands were asked for.
    pub fn gradient(&self) -> Option<&Ledger> {
        self.intensity.gradient.as_ref()
    }

    /// Checks of the lines that confine construction or reserve land.
    pub fn constraints(&self) -> &Constraints {
        &self.intensity.constraints
    }

    /// How all this hangs on the settings; none where it was not asked.
    pub fn sensitivity(&self) -> Option<&Sensitivity> {
        self.sensitivity.as_deref()
    }

    /// What a [sweep of the settings](Sensitivity::sweep) looks at.
    pub fn sweep_input(&self) -> SweepInput<'_> {
        SweepInput {
            set: self.parcels(),
            land: &self.land,
            assessment: self.efficiency.assessment.as_ref(),
            sites: (self.sites(), self.options.sites.min_area_m2),
            overlay: self.overlay(),
            ledger: self.ledger(),
        }
    }

    /// The verdict on a parcel; [`Verdict::NotCandidate`] where nothing was judged.
    pub fn verdict(&self, parcel: ParcelIdx) -> Verdict {
        self.efficiency
            .assessment
            .as_ref()
            .map_or(Verdict::NotCandidate, |assessment| assessment.verdicts[parcel.index()])
    }

    /// What was found on the spot; none where nobody went.
    pub fn field_check(&self, parcel: ParcelIdx) -> Option<&FieldCheck> {
        let (_, position, _) = self.checked_at(parcel)?;
        self.inputs.field_checks()?.get(position)
    }

    /// Class of a parcel in the stock of land, whatever a field check made of it.
    pub fn computed_stock(&self, parcel: ParcelIdx) -> Option<StockClass> {
        self.checked_at(parcel).map_or(self.efficiency.stock[parcel.index()], |(_, _, before)| before)
    }

    fn checked_at(&self, parcel: ParcelIdx) -> Option<(ParcelIdx, usize, Option<StockClass>)> {
        let checked = &self.efficiency.checked;
        let at = checked.binary_search_by_key(&parcel, |checked| checked.0).ok()?;
        checked.get(at).copied()
    }

    /// What a parcel's current use means; none where no scheme knows it.
    pub fn land_use(&self, parcel: ParcelIdx) -> Option<&LandUse> {
        self.land.use_of(self.parcels(), parcel)
    }

    /// What a reader should know, in the order of the stages.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.inputs.warnings().to_vec();
        let unresolved = self.land.current_use.unresolved();
        if !unresolved.is_empty() {
            let codes = unresolved.iter().map(|unresolved| unresolved.to_string().into()).collect();
            warnings.push(WarningKind::CodesUnknown { codes }.into());
        }
        warnings.extend(self.efficiency.warnings.iter().cloned());
        if self.overlay().is_some_and(|overlay| overlay.overlaps.is_empty()) {
            warnings.push(WarningKind::LinesMeetNothing.into());
        }
        warnings.extend(self.intensity.warnings.iter().cloned());
        warnings.extend(self.ledger().warnings.iter().cloned());
        let gap_m = self.options.sites.gap_m;
        let step = self.sweep().iter().find(|step| step.gap_m == gap_m);
        if let Some(share) = step.and_then(|step| step.largest_share).filter(|share| *share > 0.2) {
            warnings.push(WarningKind::OneLargeSite { share, gap_m }.into());
        }
        let count = self.status().iter().filter(|&&status| status == LandStatus::Unknown).count();
        if count > 0 {
            warnings.push(WarningKind::StatusUnknown { count }.into());
        }
        warnings
    }
}

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::adjacency::Rule;
use crate::cluster::{Fragmentation, Site, SweepStep};
use crate::control::{ControlLine, Effect, Relation};
use crate::efficiency::{Appraised, Basis, Direction, FieldCheckReport, StockClass, Verdict};
use crate::intensity::{Account, Constraints, StudyArea, UnitOutlook, Unparcelled};
use crate::json_text::to_json;
use crate::land::LandStatus;
use crate::parcel::{ParcelIdx, RecordRef};
use crate::sensitivity::Sensitivity;
use crate::stats::{GetisOrdSummary, GlobalStatistics, LocalMoranSummary};
use crate::sum::{self, AreaSum};
use crate::warning::Warning;
use crate::{Analysis, Language, ParcelSet};

/// Version of the names and meanings in `summary.json`.
pub const SCHEMA_VERSION: u32 = 2;

/// What `summary.json` holds. Names are a contract; a figure that is not known is `null`, never 0.
///
/// Equal input, options and seed give equal bytes, on any number of threads and for any order of the features.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of the contract; each stage documents its figures")]
pub struct Summary {
    pub schema_version: u32,
    pub crs: Crs,
    pub parcels: Parcels,
    pub coverage: Coverage,
    pub adjacency: Adjacency,
    pub efficiency: Efficiency,
    pub clusters: Clusters,
    pub local_moran: Option<LocalMoranSummary>,
    pub getis_ord: Option<GetisOrdSummary>,
    pub global: Option<GlobalStatistics>,
    pub intensity: Intensity,
    pub districts: Vec<Account>,
    pub control_lines: Vec<Line>,
    /// The same land by distance from the lines; none where no bands were asked for.
    pub gradient: Option<Vec<Account>>,
    /// What limits leave units that have one.
    pub outlook: Vec<Outlooks>,
    pub constraints: Constraints,
    /// How findings hang on the settings; none where it was not asked.
    pub sensitivity: Option<Sensitivity>,
    #[serde(serialize_with = "in_both_languages")]
    pub warnings: Vec<Warning>,
}

/// The systems that coordinates were read and computed in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Crs {
    pub source: String,
    pub working: String,
    pub area: crate::crs::AreaKind,
}

/// `count` accepted parcels, repaired ones included; `count + rejected` features were read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Parcels {
    /// Features that were accepted: with the rejected ones all that were read.
    pub records: usize,
    /// Pieces of land: records of the same boundary are one.
    pub count: usize,
    /// Parcels with more than one record.
    pub stacks: usize,
    /// Records that repeat another of their parcel, and count once.
    pub repeated: usize,
    pub rejected: usize,
    pub repaired: usize,
    pub duplicate_ids: usize,
    pub area_m2: f64,
    pub union_area_m2: f64,
    pub floor_area_m2: Option<f64>,
    pub floor_area_unknown: usize,
}

/// Where parcels overlap.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Coverage {
    pub overlapping_pairs: usize,
    pub overlap_area_m2: f64,
}

/// Who touches whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Adjacency {
    pub rule: &'static str,
    /// Of the rule by gap; null for another.
    pub gap_m: Option<f64>,
    /// Of the rule by k nearest centres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<u32>,
    /// Of the rule by distance of centres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_m: Option<f64>,
    /// Links that barriers block, where there are barriers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<usize>,
    pub links: usize,
    pub isolates: usize,
    pub components: u32,
}

/// Which parcels are low-efficiency.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Efficiency {
    pub score: Option<String>,
    pub direction: Direction,
    pub rule: Option<String>,
    pub candidates: usize,
    pub known: usize,
    pub unknown: usize,
    pub threshold: Option<f64>,
    pub at_threshold: usize,
    pub low_count: usize,
    pub low_area_m2: f64,
    pub basis: Option<Basis>,
    /// Count and area of each class in the stock of land, field checks included, by its name.
    pub stock: BTreeMap<&'static str, StockTotal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_checks: Option<FieldCheckReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appraisal: Option<AppraisalSummary>,
}

/// One class in the stock of land.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StockTotal {
    pub count: usize,
    pub area_m2: f64,
}

/// The rule pack and the grades it gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the pack")]
pub struct AppraisalSummary {
    pub name: String,
    pub version: String,
    pub source: String,
    pub evidence: String,
    pub note: String,
    pub rows: usize,
    pub scored: usize,
    /// Rows of each grade; none for a pack without grades.
    pub grades: BTreeMap<String, usize>,
    /// Rows marked for exit.
    pub exits: usize,
}

impl AppraisalSummary {
    /// The figures of an appraisal.
    pub fn of(found: &Appraised) -> Self {
        let pack = found.pack();
        let [name, version, source, evidence, note] =
            [pack.name(), pack.version(), pack.source(), pack.evidence(), pack.note()].map(str::to_owned);
        let mut grades = BTreeMap::new();
        for grade in found.grades.iter().flatten() {
            *grades.entry(grade.to_string()).or_default() += 1;
        }
        Self {
            name,
            version,
            source,
            evidence,
            note,
            rows: found.standing.len(),
            scored: found.score.known(),
            grades,
            exits: found.exit.iter().filter(|exit| *exit == Some(true)).count(),
        }
    }
}

/// Contiguous low-efficiency sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Clusters {
    pub count: usize,
    pub parcels: usize,
    pub area_m2: f64,
    pub largest_area_m2: f64,
    pub single_parcel: usize,
    /// Sites whose area chance reaches or passes in at most one draw of twenty.
    pub beyond_chance: usize,
    pub draws: usize,
    /// Sites by gap rule.
    pub sweep: Vec<SweepStep>,
    /// As patches in all low-efficiency land.
    pub fragmentation: Fragmentation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Density>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<RegionTotals>,
}

/// Density clusters of low parcels.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Density {
    pub eps_m: f64,
    pub min_area_m2: f64,
    pub clusters: u32,
    pub parcels: usize,
    pub cores: usize,
    /// Low parcels in no cluster.
    pub noise: usize,
}

/// Regions of low parcels.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RegionTotals {
    pub min_area_m2: f64,
    pub max_span_m: Option<f64>,
    pub count: usize,
    pub parcels: usize,
    pub area_m2: f64,
    /// Low parcels in no region.
    pub unassigned: usize,
}

/// The balance of the whole study area.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Intensity {
    pub study_area: StudyArea,
    #[serde(flatten)]
    pub account: Account,
    pub warning_source: Option<String>,
    /// What land in no parcel counts as in the bounds.
    pub unparcelled_counts_as: Unparcelled,
    /// The greatest relative residual of any balance of any unit.
    pub residual: f64,
}

/// What its limit leaves a unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the file; `UnitOutlook` documents the figures")]
pub struct Outlooks {
    pub id: Box<str>,
    pub source: Box<str>,
    pub limit_m2: f64,
    pub headroom_m2: f64,
    pub headroom_floor_area_m2: Option<f64>,
    pub years_until_passed: Option<f64>,
    pub carriers: usize,
    pub withdrawals: Option<usize>,
    pub withdrawn_m2: f64,
}

impl Outlooks {
    fn of(unit: &UnitOutlook) -> Self {
        Self {
            id: unit.id.clone(),
            source: unit.source.clone(),
            limit_m2: unit.outlook.limit_m2,
            headroom_m2: unit.outlook.headroom_m2,
            headroom_floor_area_m2: unit.outlook.headroom_floor_area_m2,
            years_until_passed: unit.outlook.years_until_passed,
            carriers: unit.carriers.len(),
            withdrawals: unit.withdrawals.as_ref().map(Vec::len),
            withdrawn_m2: unit.withdrawn_m2,
        }
    }
}

/// One control line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of the contract")]
pub struct Line {
    pub id: String,
    pub effect: Effect,
    pub tier: Option<String>,
    pub area_m2: f64,
    pub construction_m2: f64,
    pub overlap_m2: f64,
    pub parcels_inside: usize,
    pub parcels_partial: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

/// Construction land inside a line, m²: how sure it is that it lies there, and of the certain part what it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "names are those of the file")]
pub struct Review {
    pub certain_m2: f64,
    pub possible_m2: f64,
    pub artefact_m2: f64,
    pub exempt_m2: f64,
    pub permitted_m2: f64,
    pub grandfathered_m2: f64,
    pub encroaching_m2: f64,
    pub unreviewed_m2: f64,
}

/// Warnings with their English text, and the Chinese one beside it.
fn in_both_languages<S: Serializer>(warnings: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(flatten)]
        warning: &'a Warning,
        text_zh: String,
    }
    serializer.collect_seq(
        warnings.iter().map(|warning| Told { warning, text_zh: warning.text(Language::Chinese) }),
    )
}

impl Summary {
    /// The figures of an analysis.
    pub fn of(analysis: &Analysis) -> Self {
        let set = analysis.parcels();
        let plane = set.plane();
        let alone = |&&(a, b, _): &&(ParcelIdx, ParcelIdx, f64)| !set.on_same_land(a, b);
        let overlapping_pairs = analysis.land().overlaps.iter().filter(alone).count();
        let mut parcels = Parcels::of(set);
        // Land of records that are judged alone is in the sum of all parcels as often as there are records.
        let again_m2 = sum::area_m2(set.area_m2().iter().copied()) - parcels.area_m2;
        let overlap_area_m2 = analysis.land().partition.overlap_area_m2() - again_m2;
        parcels.union_area_m2 = parcels.area_m2 - overlap_area_m2;
        Self {
            schema_version: SCHEMA_VERSION,
            crs: Crs {
                source: plane.source().into(),
                working: plane.definition().into(),
                area: plane.area(),
            },
            parcels,
            coverage: Coverage { overlapping_pairs, overlap_area_m2 },
            adjacency: Adjacency::of(analysis),
            efficiency: Efficiency::of(analysis),
            clusters: Clusters {
                count: analysis.sites().len(),
                parcels: analysis.sites().iter().map(|site| site.members.len()).sum(),
                area_m2: sum::area_m2(analysis.sites().iter().map(|site| site.net_area_m2)),
                largest_area_m2: analysis.sites().iter().next().map_or(0.0, |site| site.net_area_m2),
                single_parcel: analysis.sites().iter().filter(|site| Site::is_single(site)).count(),
                beyond_chance: analysis.significance().p_area.iter().filter(|&&p| p <= 0.05).count(),
                draws: analysis.significance().draws,
                sweep: analysis.sweep().to_vec(),
                fragmentation: fragmentation(analysis),
                density: density(analysis),
                regions: regions(analysis),
            },
            local_moran: analysis.local().map(|local| local.local_moran),
            getis_ord: analysis.local().map(|local| local.getis_ord),
            global: analysis.global().copied(),
            intensity: Intensity {
                study_area: analysis.ledger().study_area,
                account: analysis.ledger().total.clone(),
                unparcelled_counts_as: analysis.ledger().total.unparcelled,
                warning_source: analysis.ledger().total.limit_source.as_ref().map(ToString::to_string),
                residual: analysis.ledger().residual(),
            },
            districts: analysis.ledger().units.clone(),
            control_lines: lines(analysis),
            gradient: analysis.gradient().map(|gradient| gradient.units.clone()),
            outlook: analysis.outlooks().iter().map(Outlooks::of).collect(),
            constraints: analysis.constraints().clone(),
            sensitivity: analysis.sensitivity().cloned(),
            warnings: analysis.warnings(),
        }
    }

    /// The file's text: indented JSON with a final line break.
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

impl Adjacency {
    fn of(analysis: &Analysis) -> Self {
        let options = analysis.options();
        let rule = options.adjacency.unwrap_or(Rule::Gap { gap_m: options.sites.gap_m });
        let mut own = Self {
            rule: rule.name(),
            gap_m: None,
            k: None,
            within_m: None,
            blocked: analysis.inputs().barriers().map(|_| analysis.blocked().len()),
            links: analysis.graph().links().len(),
            isolates: analysis.graph().isolates(),
            components: analysis.graph().components().count,
        };
        match rule {
            Rule::Gap { gap_m } => own.gap_m = Some(gap_m),
            Rule::KNearest { k } => own.k = Some(k),
            Rule::DistanceBand { within_m } => own.within_m = Some(within_m),
            Rule::SharedEdge { .. } | Rule::SharedPoint => {}
        }
        own
    }
}

fn density(analysis: &Analysis) -> Option<Density> {
    let (found, options) = analysis.density().zip(analysis.options().density)?;
    let parcels = found.labels.iter().flatten().count();
    Some(Density {
        eps_m: options.eps_m,
        min_area_m2: options.min_area_m2,
        clusters: found.clusters,
        parcels,
        cores: found.core.iter().filter(|core| **core).count(),
        noise: Efficiency::of(analysis).low_count - parcels,
    })
}

fn regions(analysis: &Analysis) -> Option<RegionTotals> {
    let (found, options) = analysis.regions().zip(analysis.options().regions.as_ref())?;
    Some(RegionTotals {
        min_area_m2: options.min_weight,
        max_span_m: options.max_span_m,
        count: found.weights.len(),
        parcels: found.labels.iter().flatten().count(),
        area_m2: sum::area_m2(found.weights.iter().copied()),
        unassigned: found.unassigned,
    })
}

/// The sites as patches of all low land.
fn fragmentation(analysis: &Analysis) -> Fragmentation {
    let areas: Vec<f64> = analysis.sites().iter().map(|site| site.net_area_m2).collect();
    Fragmentation::of(&areas, Efficiency::of(analysis).low_area_m2)
}

impl Parcels {
    fn of(set: &ParcelSet) -> Self {
        let counts = set.record_counts();
        let records = (0..counts.records).map(|record| set.record(record));
        let mut ids: Vec<&str> =
            records.filter(|record| !record.is_repeated()).filter_map(RecordRef::id).collect();
        ids.sort_unstable();
        let lands = || (0..set.len() as u32).map(ParcelIdx).filter(|&idx| set.is_first_on_land(idx));
        let area_m2 = sum::area_m2(lands().map(|idx| set.area_m2()[idx.index()]));
        let floor_area = (0..set.len() as u32).filter_map(|i| set.floor_area_known_m2(ParcelIdx(i)));
        Self {
            records: counts.records,
            count: lands().count(),
            stacks: counts.stacks,
            repeated: counts.repeated,
            rejected: set.rejected().len(),
            repaired: set.repaired().len(),
            duplicate_ids: ids.windows(2).filter(|pair| pair[0] == pair[1]).count(),
            area_m2,
            union_area_m2: area_m2,
            floor_area_m2: (floor_area.clone().count() > 0).then(|| sum::exact(floor_area)),
            floor_area_unknown: set.len() - set.attributes().floor_area_m2.known(),
        }
    }
}

impl Efficiency {
    fn of(analysis: &Analysis) -> Self {
        let count = |verdict| analysis.efficiency().assessment.as_ref().map_or(0, |a| a.count(verdict));
        // With one test its threshold is the verdict's; a joined rule has one per test, in the parcel layer.
        let test = analysis
            .efficiency()
            .assessment
            .as_ref()
            .and_then(|a| a.tests.first().filter(|_| a.tests.len() == 1));
        let [low_count, unknown, rest] = [Verdict::Low, Verdict::Unknown, Verdict::NotLow].map(count);
        // Without a rule nothing is known of a candidate that nobody looked at.
        let without_rule = analysis.efficiency().rule.is_none();
        let verdict = |i: usize| analysis.verdict(ParcelIdx(i as u32));
        let candidates = analysis.efficiency().candidates.iter().enumerate();
        let unjudged = candidates
            .filter(|&(i, &candidate)| without_rule && candidate && verdict(i) == Verdict::NotCandidate)
            .count();
        let unknown = unknown + unjudged;
        Self {
            score: analysis.efficiency().score_expression.as_deref().map(Into::into),
            direction: analysis.options().efficiency.direction,
            rule: analysis.efficiency().rule.as_ref().map(ToString::to_string),
            candidates: low_count + unknown + rest,
            known: low_count + rest,
            unknown,
            threshold: test.and_then(|test| test.threshold),
            at_threshold: test.map_or(0, |test| test.at_threshold),
            low_count,
            low_area_m2: analysis.low_area_m2(),
            basis: test.map(|test| test.basis),
            stock: stock(analysis),
            field_checks: analysis.efficiency().field_check_report.clone(),
            appraisal: analysis
                .efficiency()
                .appraised
                .as_ref()
                .map(|appraised| AppraisalSummary::of(&appraised.found)),
        }
    }
}

/// Every class, those without parcels too.
fn stock(analysis: &Analysis) -> BTreeMap<&'static str, StockTotal> {
    let total = |class: StockClass| {
        let count = analysis.efficiency().stock.iter().filter(|own| **own == Some(class)).count();
        StockTotal { count, area_m2: analysis.stock_area_m2(class) }
    };
    StockClass::ALL.iter().map(|&class| (class.name(), total(class))).collect()
}

fn review(analysis: &Analysis, line: ControlLine<'_>) -> Option<Review> {
    let excludes = line.effect() == Effect::Exclude;
    let totals = analysis.encroachments().filter(|_| excludes)?.totals(line.position() as u32);
    let [certain_m2, possible_m2, artefact_m2] =
        [0, 1, 2].map(|certainty| totals.iter().map(|areas| areas[certainty]).sum());
    let [exempt_m2, permitted_m2, grandfathered_m2, encroaching_m2, unreviewed_m2] =
        totals.map(|[certain, ..]| certain);
    Some(Review {
        certain_m2,
        possible_m2,
        artefact_m2,
        exempt_m2,
        permitted_m2,
        grandfathered_m2,
        encroaching_m2,
        unreviewed_m2,
    })
}

/// Totals of each line over all parcels, in order of id.
fn lines(analysis: &Analysis) -> Vec<Line> {
    let Some((lines, overlay)) = analysis.inputs().control_lines().zip(analysis.overlay()) else {
        return Vec::new();
    };
    let mut rows: Vec<Line> = lines
        .iter()
        .map(|line| Line {
            id: line.id().into(),
            effect: line.effect(),
            tier: line.tier().map(Into::into),
            area_m2: line.area_m2(),
            construction_m2: 0.0,
            overlap_m2: 0.0,
            parcels_inside: 0,
            parcels_partial: 0,
            review: review(analysis, line),
        })
        .collect();
    let mut sums = vec![[AreaSum::default(); 2]; rows.len()];
    for overlap in &overlay.overlaps {
        let row = &mut rows[overlap.line as usize];
        let [all, construction] = &mut sums[overlap.line as usize];
        all.add(overlap.area_m2);
        row.parcels_inside += usize::from(overlap.relation == Relation::Inside);
        row.parcels_partial += usize::from(overlap.relation == Relation::Partial);
        if analysis.status()[overlap.parcel.index()] == LandStatus::Construction {
            construction.add(overlap.area_m2);
        }
    }
    for (row, [all, construction]) in rows.iter_mut().zip(sums) {
        (row.overlap_m2, row.construction_m2) = (all.m2(), construction.m2());
    }
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    rows
}

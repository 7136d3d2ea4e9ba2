//! The whole stage: who is a candidate, by what score, what is low, and what was found on the spot.

use serde::{Deserialize, Serialize};

use super::{
    Appraisal, Appraised, Assessment, CONTRACT_COLUMNS, Composite, Direction, FieldCheckReport, FieldChecks,
    Grade, Measures, Rule, StockClass, UnusedLand, Verdict, unused_land,
};
use crate::column::{CategoryColumn, Column};
use crate::error::{Error, ParamError};
use crate::expr::Expr;
use crate::parcel::{ParcelColumns, ParcelIdx, ParcelSet};
use crate::warning::{Warning, WarningKind};
use crate::zoning::config;
use crate::zoning::{LandUse, ResolvedUses, Schemes, SmallClass};

/// The name by which expressions call [`EfficiencyOptions::composite`].
pub const COMPOSITE: &str = "composite";

/// The name by which expressions call the score of an appraisal.
pub const APPRAISAL_SCORE: &str = "appraisal_score";

/// Share of the candidates that is low where no rule says otherwise.
const WORST_SHARE: f64 = 0.2;

/// Scores to fall back on, by the column that must be known somewhere.
const DEFAULT_SCORES: [(&str, &str); 3] =
    [("tax_yuan", "tax_yuan / area_m2"), ("output_yuan", "output_yuan / area_m2"), ("far", "far")];

/// Which parcels are candidates, by what score they are compared, and what is low.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EfficiencyOptions {
    /// Condition that makes a parcel a candidate. Default: current industrial and logistics land where a scheme tells, else
    /// all parcels.
    pub candidates: Option<Box<str>>,
    /// Expression for the score that local statistics look at and maps show. Default: that of the appraisal; without one, and where
    /// [`low`](Self::low) does not name its own metrics, [`default_score`].
    pub score: Option<Box<str>>,
    /// Which end of the score is good.
    pub direction: Direction,
    /// A composite score, to be named as `composite` in expressions that are nothing else.
    pub composite: Option<Composite>,
    /// What is low. Default: the worst fifth by score; with an appraisal that grades, the grades in [`low_grades`](Self::low_grades).
    pub low: Option<Rule>,
    /// Column of texts (`district`, `class` or a named one) whose values are peer groups for percentiles. Default: all candidates are
    /// peers.
    pub peers: Option<Box<str>>,
    /// Condition for land that is approved and not supplied. Default: as [`unused_land`] reads it from columns.
    pub approved_not_supplied: Option<Box<str>>,
    /// Condition for idle land. Default: as [`unused_land`] reads it from columns.
    pub idle: Option<Box<str>>,
    /// A rule pack that candidates are appraised by: the score is its score.
    pub appraisal: Option<Appraisal>,
    /// Grades of the pack that are low-efficiency. Default: D.
    pub low_grades: Vec<Grade>,
}

impl EfficiencyOptions {
    /// Reads rules from TOML; `file` is what errors call it. A file with `[[group]]` is a rule pack of the appraisal
    /// ([`Appraisal::from_toml`]).
    ///
    /// # Errors
    /// [`Error::Config`] with the line, the key and what was expected.
    ///
    /// ```
    /// use landuse::efficiency::EfficiencyOptions;
    /// let rules = r#"
    ///     candidates = "class in (commercial, industrial)"
    ///     score = "composite"
    ///     low = { worst_share = 0.2 }
    ///     [composite]
    ///     parts = [
    ///         { metric = "far", weight = 50, benchmark = 1.05, cap = 2 },
    ///         { metric = "improvement_value / land_value", weight = 50, benchmark = 1 },
    ///     ]
    /// "#;
    /// assert_eq!(EfficiencyOptions::from_toml(rules, "rules")?.score.as_deref(), Some("composite"));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        // A pack has groups, rules have none.
        if toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key("group")) {
            let appraisal = Some(Appraisal::from_toml(text, file)?);
            return Ok(Self { appraisal, ..Self::default() });
        }
        config::read(text, file)
    }

    /// The columns of parcels that a run with these options looks at, sorted, each once; a default score's aside.
    ///
    /// # Errors
    /// [`Error::Param`] for an expression that cannot be read, with the position.
    ///
    /// ```
    /// use landuse::efficiency::EfficiencyOptions;
    /// let options = EfficiencyOptions::from_toml("score = 'tax / area_m2'\npeers = 'sector'", "rules")?;
    /// let columns = options.columns()?;
    /// assert!(["area_m2", "sector", "supplied", "tax"].iter().all(|name| columns.iter().any(|own| **own == **name)));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn columns(&self) -> Result<Vec<Box<str>>, Error> {
        let parts = self.composite.iter().flat_map(|composite| composite.parts.iter());
        let own = [&self.candidates, &self.score, &self.approved_not_supplied, &self.idle];
        let own = own.into_iter().filter_map(|expression| expression.as_deref());
        let rules = self.low.iter().flat_map(Rule::expressions);
        let packed = self.appraisal.iter().flat_map(Appraisal::expressions);
        let expressions = own.chain(parts.map(|part| &*part.metric)).chain(rules).chain(packed);
        let mut names: Vec<Box<str>> = CONTRACT_COLUMNS.map(Into::into).into();
        names.extend(self.peers.clone().filter(|peers| !["district", "class"].contains(&&**peers)));
        for expression in expressions {
            let named = |name: &str| match name {
                COMPOSITE => self.composite.is_some(),
                APPRAISAL_SCORE => self.appraisal.is_some(),
                _ => false,
            };
            if !named(expression.trim()) {
                names.extend(Expr::parse(expression)?.columns().into_iter().map(Into::into));
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The score's expression and the rule, each metric named; none where nothing gives one.
    fn resolved(&self, set: &ParcelSet, graded: Option<bool>) -> (Option<Box<str>>, Option<Rule>) {
        let by_itself = self.low.as_ref().is_some_and(|low| !low.needs_score());
        let score = match (&self.score, graded) {
            (_, Some(_)) => Some(APPRAISAL_SCORE.into()),
            (Some(score), None) => Some(score.clone()),
            (None, None) if by_itself => None,
            (None, None) => default_score(set).map(Into::into),
        };
        let low = match &self.low {
            Some(low) => low.clone(),
            None if graded == Some(true) => {
                let low = if self.low_grades.is_empty() { &[Grade::D][..] } else { &self.low_grades };
                Rule::Grade { grade_in: low.into() }
            }
            None => Rule::worst_share(WORST_SHARE),
        };
        let rule = match &score {
            Some(score) => Some(low.of_score(score, self.direction)),
            None => Some(low).filter(|_| by_itself),
        };
        (score, rule)
    }
}

/// The first of tax, output and floor area per area of land that anything is known of; none without any.
///
/// ```
/// use geo::{Rect, coord};
/// use landuse::efficiency::default_score;
/// use landuse::{Parcel, ParcelSet};
/// let land = Rect::new(coord! { x: 0.0, y: 0.0 }, coord! { x: 50.0, y: 60.0 }).to_polygon();
/// let parcels = ParcelSet::local([Parcel::new("a", land).number("output_yuan", 1e6)]);
/// assert_eq!(default_score(&parcels), Some("output_yuan / area_m2"));
/// ```
pub fn default_score(set: &ParcelSet) -> Option<&'static str> {
    let attributes = set.attributes();
    let known = |name: &str| {
        attributes.numbers.get(name).is_some_and(|column| column.values.known() > 0)
            || name == "far" && attributes.floor_area_m2.known() > 0
    };
    DEFAULT_SCORES.into_iter().find(|(name, _)| known(name)).map(|(_, score)| score)
}

/// What the efficiency stage finds, aligned with the parcels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Efficiency {
    /// Who is compared.
    pub candidates: Vec<bool>,
    /// The expression of the score, as asked for or by default.
    pub score_expression: Option<Box<str>>,
    /// The score of each parcel, candidate or not.
    pub score: Option<Column<f64>>,
    /// Candidates appraised by a rule pack; none without one.
    pub appraised: Option<AppraisedParcels>,
    /// What is low, with every metric named; none where there is no score and no rule.
    pub rule: Option<Rule>,
    /// Verdicts with their reasons; none where there is no score, no rule and no field check.
    pub assessment: Option<Assessment>,
    /// Class of each parcel in the stock of land; none for what is neither assessed nor unused.
    pub stock: Vec<Option<StockClass>>,
    /// Parcels that were checked on the spot, ascending, with the position of the check and the class it replaced.
    pub checked: Vec<(ParcelIdx, usize, Option<StockClass>)>,
    /// What became of field checks; none without them.
    pub field_check_report: Option<FieldCheckReport>,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
}

impl Efficiency {
    /// Finds candidates, scores, verdicts and classes of the stock; `field_checks` win over what is computed.
    ///
    /// # Errors
    /// [`Error::Param`] for an option out of range, or an expression that names what the parcels do not have.
    ///
    /// # Complexity
    /// O(n · log n) per test, O(n) per expression.
    pub fn assess(
        set: &ParcelSet,
        schemes: &Schemes,
        current_use: &ResolvedUses,
        options: &EfficiencyOptions,
        field_checks: Option<&FieldChecks>,
    ) -> Result<Self, Error> {
        let mut warnings = Vec::new();
        let parcels = ParcelColumns { set, schemes };
        let mut measures = ScoredParcels { parcels, composite: options.composite.as_ref(), appraised: None };
        let mut candidates = candidates(&parcels, options, current_use, &mut warnings)?;
        let unused = unused(options, &measures, &mut warnings)?;
        let mut left = 0;
        for (candidate, unused) in candidates.iter_mut().zip(&unused) {
            left += usize::from(*candidate && unused.is_some());
            *candidate &= unused.is_none();
        }
        if left > 0 {
            warnings.push(WarningKind::UnusedNotRanked { count: left }.into());
        }
        let appraised =
            options.appraisal.as_ref().map(|pack| appraise(pack, &candidates, &measures)).transpose()?;
        if let Some(AppraisedParcels { parcels, found }) = &appraised {
            for (&parcel, grade) in parcels.iter().zip(&found.grades) {
                candidates[parcel as usize] = *grade != Some(Grade::T);
            }
        }
        measures.appraised = appraised.as_ref();
        let graded = appraised.as_ref().map(|a| a.found.grades.iter().any(Option::is_some));
        let (score_expression, rule) = options.resolved(set, graded);
        let score = score_expression.as_deref().map(|metric| measures.numbers(metric)).transpose()?;
        if let Some(appraised) = &appraised {
            warnings.extend(appraised.found.warnings.iter().map(|warning| warning.clone().of("appraisal")));
            if graded == Some(false) {
                let pack = appraised.found.pack().name().into();
                warnings.push(WarningKind::PackWithoutGrades { pack }.into());
            }
        }
        let assessed = rule.as_ref().map(|rule| Assessment::judge(rule, &candidates, &measures));
        let mut assessment = assessed.transpose()?;
        if let Some(assessment) = &mut assessment {
            assessment.rank_among(&peers(set, options.peers.as_deref(), current_use, &candidates)?)?;
            warnings.extend(assessment.warnings.iter().cloned());
        } else {
            warnings.push(WarningKind::NothingJudged.into());
        }
        let stock = stock(set, current_use, assessment.as_ref(), &unused);
        let mut found = Self {
            candidates,
            score_expression,
            score,
            rule,
            assessment,
            stock,
            checked: Vec::new(),
            field_check_report: None,
            warnings,
            appraised,
        };
        if let Some(checks) = field_checks {
            found.check(set, checks);
        }
        Ok(found)
    }

    /// Lays what was found on the spot over what was computed.
    fn check(&mut self, set: &ParcelSet, checks: &FieldChecks) {
        let (found, mut report) = checks.locate(set.ids());
        let assessment = self.assessment.get_or_insert_with(|| Assessment::of_nobody(set.len()));
        for (parcel, position) in found {
            let Some(check) = checks.get(position) else { continue };
            let before = self.stock[parcel.index()].replace(check.status);
            self.checked.push((parcel, position, before));
            report.changed += usize::from(before != Some(check.status));
            assessment.settle(parcel, check.status.verdict());
        }
        let FieldCheckReport { unknown_parcels, ambiguous_parcels, applied, changed, .. } = &report;
        if !unknown_parcels.is_empty() {
            self.warnings.push(WarningKind::ChecksOfNoParcel { ids: unknown_parcels.clone() }.into());
        }
        if !ambiguous_parcels.is_empty() {
            self.warnings.push(WarningKind::ChecksOfSeveralParcels { ids: ambiguous_parcels.clone() }.into());
        }
        if *applied > 0 {
            self.warnings.push(WarningKind::ChecksApplied { applied: *applied, changed: *changed }.into());
        }
        self.field_check_report = Some(report);
    }
}

/// Candidates appraised by a rule pack.
#[derive(Debug, Clone, PartialEq)]
pub struct AppraisedParcels {
    /// The candidates: the parcel of each row of the appraisal, ascending.
    pub parcels: Vec<u32>,
    /// What was found, one row per candidate.
    pub found: Appraised,
}

impl AppraisedParcels {
    /// The row of a parcel; none for one that is no candidate.
    pub fn row(&self, parcel: ParcelIdx) -> Option<usize> {
        self.parcels.binary_search(&parcel.0).ok()
    }

    /// A column of the rows as a column of the parcels.
    fn spread<T: Copy + Default>(&self, values: impl Fn(usize) -> Option<T>, len: usize) -> Column<T> {
        let mut rows = self.parcels.iter().enumerate().peekable();
        (0..len as u32).map(|parcel| values(rows.next_if(|(_, own)| **own == parcel)?.0)).collect()
    }
}

/// Land that stands outside of the ranking, by conditions or by the columns of contracts.
fn unused(
    options: &EfficiencyOptions,
    measures: &ScoredParcels<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Option<StockClass>>, Error> {
    let UnusedLand { class: mut found, ignored } = unused_land(measures.parcels.set);
    if !ignored.is_empty() {
        let columns = ignored.into_iter().map(Into::into).collect();
        warnings.push(WarningKind::FlagsIgnored { columns }.into());
    }
    for (condition, class) in
        [(&options.idle, StockClass::Idle), (&options.approved_not_supplied, StockClass::ApprovedNotSupplied)]
    {
        if let Some(condition) = condition {
            for (own, holds) in found.iter_mut().zip(measures.holds(condition)?.iter()) {
                match holds {
                    Some(true) => *own = Some(class),
                    _ if *own == Some(class) => *own = None,
                    _ => {}
                }
            }
        }
    }
    Ok(found)
}

/// Appraises the candidates among each other.
fn appraise(
    pack: &Appraisal,
    candidates: &[bool],
    measures: &ScoredParcels<'_>,
) -> Result<AppraisedParcels, Error> {
    let parcels: Vec<u32> = (0..candidates.len()).filter(|&i| candidates[i]).map(|i| i as u32).collect();
    let found = pack.run(parcels.len(), &Among { measures, rows: &parcels })?;
    Ok(AppraisedParcels { parcels, found })
}

/// The rows of some parcels only.
struct Among<'a> {
    measures: &'a ScoredParcels<'a>,
    rows: &'a [u32],
}

impl Measures for Among<'_> {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        Ok(self.measures.numbers(expression)?.take(self.rows))
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        Ok(self.measures.holds(expression)?.take(self.rows))
    }

    fn check(&self, expressions: &[&str]) -> Result<(), Error> {
        self.measures.check(expressions)
    }
}

/// Peer group of each candidate.
fn peers(
    set: &ParcelSet,
    column: Option<&str>,
    current_use: &ResolvedUses,
    candidates: &[bool],
) -> Result<CategoryColumn<Box<str>>, Error> {
    let attributes = set.attributes();
    let texts = match column {
        Some("district") => Some(&attributes.district),
        Some("class") | None => None,
        Some(name) => Some(attributes.texts.get(name).ok_or_else(|| {
            let names: Vec<&str> = attributes.texts.keys().map(|name| &**name).collect();
            let expected = format!("district, class or a column of texts ({})", names.join(", "));
            ParamError::new("peers", name, &expected)
        })?),
    };
    let mut groups = CategoryColumn::new();
    for (i, &candidate) in candidates.iter().enumerate() {
        let group = match (texts, column) {
            _ if !candidate => None,
            (Some(texts), _) => texts.get(i).map(|text| &**text),
            (None, Some(_)) => current_use.of(attributes.current_use.key(i)).map(|land| land.class.name()),
            (None, None) => Some(""),
        };
        groups.push(group);
    }
    Ok(groups)
}

/// Class of each parcel, before anybody went there.
fn stock(
    set: &ParcelSet,
    current_use: &ResolvedUses,
    assessment: Option<&Assessment>,
    unused: &[Option<StockClass>],
) -> Vec<Option<StockClass>> {
    let codes = &set.attributes().current_use;
    let vacant = |i: usize| current_use.of(codes.key(i)).is_some_and(|land| land.class == SmallClass::Vacant);
    (0..set.len())
        .map(|i| match (unused[i], assessment.map(|assessment| assessment.verdicts[i])) {
            (Some(class), _) => Some(class),
            (None, Some(Verdict::Low)) => {
                let by_quantile = |a: &Assessment| a.is_suspicion(ParcelIdx(i as u32));
                Some(if assessment.is_some_and(by_quantile) {
                    StockClass::SuspectedLow
                } else {
                    StockClass::Low
                })
            }
            (None, Some(Verdict::NotLow)) => Some(StockClass::NotLow),
            (None, Some(Verdict::Unknown)) => Some(StockClass::Unknown),
            _ => vacant(i).then_some(StockClass::Vacant),
        })
        .collect()
}

/// The columns of parcels, with the composite score and that of the appraisal among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScoredParcels<'a> {
    pub(crate) parcels: ParcelColumns<'a>,
    pub(crate) composite: Option<&'a Composite>,
    pub(crate) appraised: Option<&'a AppraisedParcels>,
}

impl Measures for ScoredParcels<'_> {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        match (self.composite, self.appraised, expression.trim()) {
            (Some(composite), _, COMPOSITE) => composite.score(&Self { composite: None, ..*self }),
            (_, Some(appraised), APPRAISAL_SCORE) => {
                Ok(appraised.spread(|row| appraised.found.score.get(row), self.parcels.set.len()))
            }
            _ => self.parcels.numbers(expression),
        }
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        self.parcels.holds(expression)
    }

    fn check(&self, expressions: &[&str]) -> Result<(), Error> {
        let own = |expression: &&str| match expression.trim() {
            COMPOSITE => self.composite.is_some(),
            APPRAISAL_SCORE => self.appraised.is_some(),
            _ => false,
        };
        self.parcels.check(&expressions.iter().copied().filter(|e| !own(e)).collect::<Vec<_>>())
    }

    fn graded(&self, among: &[Grade]) -> Result<Column<bool>, Error> {
        let Some(appraised) = self.appraised else { return self.parcels.graded(among) };
        let holds = |row: usize| appraised.found.grades[row].map(|grade| among.contains(&grade));
        Ok(appraised.spread(holds, self.parcels.set.len()))
    }
}

/// Candidates: by condition, else industry and logistics by current use, else everybody.
fn candidates(
    parcels: &ParcelColumns<'_>,
    options: &EfficiencyOptions,
    current_use: &ResolvedUses,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<bool>, Error> {
    let set = parcels.set;
    if let Some(condition) = &options.candidates {
        let holds = parcels.holds(condition)?;
        let unknown = holds.len() - holds.known();
        if unknown > 0 {
            let condition = condition.clone();
            warnings.push(WarningKind::CandidatesUnknown { condition, count: unknown }.into());
        }
        return Ok(holds.iter().map(|holds| holds == Some(true)).collect());
    }
    let codes = &set.attributes().current_use;
    let is = |land: &LandUse| matches!(land.class, SmallClass::Industrial | SmallClass::Logistics);
    let candidates: Vec<bool> =
        (0..set.len()).map(|i| current_use.of(codes.key(i)).is_some_and(is)).collect();
    if candidates.contains(&true) {
        return Ok(candidates);
    }
    warnings.push(WarningKind::AllAreCandidates.into());
    Ok(vec![true; set.len()])
}

use serde::{Deserialize, Serialize};

use super::{Account, Ledger, LedgerInput, StudyUnits};
use crate::control::{ControlLines, Effect, Exclusion, OVERLAP_TOLERANCE_M2, Overlay, Relation, SurveyError};
use crate::error::{Error, ParamError};
use crate::geometry::MultiPolygonArray;
use crate::geometry::partition::Partition;
use crate::geometry::prepared::PreparedArea;
use crate::land::LandStatus;
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelSet};
use crate::zoning::{ResolvedUses, SmallClass};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It holds, whatever is not known.
    Met,
    /// It does not, whatever is not known.
    Failed,
    /// What is not known decides.
    Undetermined,
}

impl CheckStatus {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Failed => "failed",
            Self::Undetermined => "undetermined",
        }
    }
}

/// What a [`reserve`](Effect::Reserve) line asks of the land inside.
///
/// A line with a number `min_share` of its own is held to that.
///
/// # Source
/// The default is the rule of Shenzhen's industrial block lines (2018): industrial land at least 60 % of the land inside, per
/// district and, in principle, per block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReserveOptions {
    /// Classes of current use that the land is kept for. Default: industrial.
    pub classes: Vec<SmallClass>,
    /// Least share of them. Default: 0.6.
    pub min_share: f64,
}

impl Default for ReserveOptions {
    fn default() -> Self {
        Self { classes: vec![SmallClass::Industrial], min_share: 0.6 }
    }
}

impl ReserveOptions {
    pub(crate) fn check(&self) -> Result<(), ParamError> {
        check_share(self.min_share)
    }
}

/// What constraints are checked on.
#[derive(Debug, Clone)]
pub struct ConstraintInput<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// What each parcel counts as.
    pub status: &'a [LandStatus],
    /// Which part of each parcel counts where parcels overlap.
    pub partition: &'a Partition,
    /// What the codes of current use mean.
    pub current_use: &'a ResolvedUses,
    /// The lines.
    pub lines: &'a ControlLines,
    /// What they take.
    pub overlay: &'a Overlay,
    /// Study units that the checks are broken down by: any but bands.
    pub units: StudyUnits<'a>,
}

/// Construction outside the lines that confine it, in one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfineUnit {
    /// Id of the unit; none for what lies in no unit.
    pub id: Option<Box<str>>,
    /// Land inside the boundary, m².
    pub inside_m2: f64,
    /// Construction land inside it, m².
    pub construction_inside_m2: f64,
    /// Construction land outside it, m².
    pub construction_outside_m2: f64,
    /// Land outside it of which it is not known whether it is construction land, m².
    pub unknown_outside_m2: f64,
}

/// Whether construction stays inside the lines that confine it (urban development boundary).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConfineCheck {
    /// Whether it does.
    pub status: CheckStatus,
    /// Area of the union of the lines, whole, m².
    pub boundary_m2: f64,
    /// Construction land of all parcels inside, m².
    pub construction_inside_m2: f64,
    /// Construction land of all parcels outside, m².
    pub construction_outside_m2: f64,
    /// Of it on parcels of which so little lies outside that a border drawn wrong by the stated errors makes it: at most the
    /// combined error times half the parcel's perimeter, m².
    pub uncertain_m2: f64,
    /// Land outside of which it is not known, m².
    pub unknown_outside_m2: f64,
    /// Parcels of construction land that lie outside whole.
    pub parcels_outside: usize,
    /// Parcels of construction land that lie outside in part.
    pub parcels_partial: usize,
    /// By study unit.
    pub units: Vec<ConfineUnit>,
    /// Area of each parcel outside, m², construction or not.
    #[serde(skip)]
    pub outside_m2: Vec<f64>,
}

/// Whether land kept for a use is used so: one line, one unit, or all.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReserveRow {
    /// Id of the line or the unit; none for what lies in no unit.
    pub id: Option<Box<str>>,
    /// Tier of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Box<str>>,
    /// Land inside the line, or inside the union of the lines in the unit, m².
    pub line_m2: f64,
    /// Of it land of the use it is kept for, m².
    pub reserved_m2: f64,
    /// Of it land of another use, m².
    pub other_m2: f64,
    /// Of it land of unknown use, m².
    pub unknown_m2: f64,
    /// Of it land without parcels, m².
    pub unparcelled_m2: f64,
    /// `reserved / line`: a lower bound where anything is unknown or unparcelled.
    pub share: Option<f64>,
    /// Its upper bound `(reserved + unknown + unparcelled) / line`.
    pub share_upper: Option<f64>,
    /// The least share asked for.
    pub min_share: f64,
    /// Whether it is reached; none where there is no such land.
    pub status: Option<CheckStatus>,
    /// Land of the line that also lies inside lines that exclude construction, m².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded_m2: Option<f64>,
}

/// Whether land inside lines that reserve it (industrial block lines) is used so.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReserveCheck {
    /// The use it is kept for.
    pub classes: Vec<SmallClass>,
    /// All lines together.
    pub total: ReserveRow,
    /// By study unit.
    pub units: Vec<ReserveRow>,
    /// Line by line, by id.
    pub lines: Vec<ReserveRow>,
}

/// Checks of the lines that confine construction or reserve land: no part of the exclusion that net intensity is counted by.
///
/// Land is counted once where parcels overlap. A unit's figures close: inside, outside and unknown are areas of one ledger,
/// computed with these lines instead of those that exclude.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Constraints {
    /// Construction outside the lines that confine it; none without such lines.
    pub confine: Option<ConfineCheck>,
    /// Use of the land that lines reserve; none without such lines.
    pub reserve: Option<ReserveCheck>,
}

impl Constraints {
    /// Checks what there are lines for.
    ///
    /// # Errors
    /// [`ParamError`] for a share outside (0, 1] or no class; those of [`Ledger::compute`].
    ///
    /// # Complexity
    /// For each of the two effects one overlap of every parcel with the union of its lines, and one ledger.
    pub fn check(
        input: &ConstraintInput<'_>,
        survey: &SurveyError,
        reserve: &ReserveOptions,
    ) -> Result<Self, Error> {
        let union = |effect: Effect| {
            let any = input.lines.iter().any(|line| line.effect() == effect);
            any.then(|| Exclusion::new(input.lines.union_of(effect)))
        };
        let confine =
            union(Effect::Confine).map(|union| ConfineCheck::of(input, &union, survey)).transpose()?;
        let reserve =
            union(Effect::Reserve).map(|union| ReserveCheck::of(input, &union, reserve)).transpose()?;
        Ok(Self { confine, reserve })
    }
}

/// A ledger with other lines.
fn ledger(
    input: &ConstraintInput<'_>,
    status: &[LandStatus],
    union: &Exclusion,
) -> Result<(Ledger, Vec<f64>), Error> {
    let set = input.set;
    let inside_m2: Vec<f64> = parallel::map(set.len(), 256, |i| {
        let land = set.get(ParcelIdx(i as u32));
        union.overlap_m2(land.geometry()).clamp(0.0, land.area_m2())
    });
    let ledger = Ledger::compute(&LedgerInput {
        exclusion: Some((union, &inside_m2)),
        ..LedgerInput::new(set, status, input.partition, input.units.clone())
    })?;
    Ok((ledger, inside_m2))
}

impl ConfineCheck {
    fn of(input: &ConstraintInput<'_>, union: &Exclusion, survey: &SurveyError) -> Result<Self, Error> {
        let set = input.set;
        let (ledger, inside_m2) = ledger(input, input.status, union)?;
        let outside_m2: Vec<f64> =
            set.area_m2().iter().zip(&inside_m2).map(|(area, inside)| (area - inside).max(0.0)).collect();
        let (mut parcels_outside, mut parcels_partial, mut uncertain_m2) = (0, 0, 0.0);
        for i in (0..set.len()).filter(|&i| input.status[i] == LandStatus::Construction) {
            match Relation::of(outside_m2[i], set.area_m2()[i]) {
                Relation::Outside => {}
                Relation::Inside => parcels_outside += 1,
                Relation::Partial => {
                    parcels_partial += 1;
                    if outside_m2[i] <= survey.combined_m() * perimeter_m(set, i) / 2.0 {
                        uncertain_m2 += outside_m2[i];
                    }
                }
            }
        }
        let units: Vec<ConfineUnit> = ledger.units.iter().map(ConfineUnit::of).collect();
        let sum = |of: fn(&ConfineUnit) -> f64| units.iter().map(of).sum::<f64>();
        let construction_outside_m2 = sum(|unit| unit.construction_outside_m2);
        let unknown_outside_m2 = sum(|unit| unit.unknown_outside_m2);
        // Each parcel may miss a boundary by the tolerance of an overlap.
        let tolerance = OVERLAP_TOLERANCE_M2 * set.len().max(1) as f64;
        let status = if parcels_outside > 0 || construction_outside_m2 - uncertain_m2 > tolerance {
            CheckStatus::Failed
        } else if parcels_partial > 0 || unknown_outside_m2 > tolerance {
            CheckStatus::Undetermined
        } else {
            CheckStatus::Met
        };
        Ok(Self {
            status,
            boundary_m2: union.dissolved().iter().map(|part| part.signed_area()).sum(),
            construction_inside_m2: sum(|unit| unit.construction_inside_m2),
            construction_outside_m2,
            uncertain_m2,
            unknown_outside_m2,
            parcels_outside,
            parcels_partial,
            units,
            outside_m2,
        })
    }
}

impl ConfineUnit {
    fn of(account: &Account) -> Self {
        let inside = account.construction_inside_m2.unwrap_or(0.0);
        Self {
            id: account.id.clone(),
            inside_m2: account.control_m2.unwrap_or(0.0),
            construction_inside_m2: inside,
            construction_outside_m2: account.construction_m2 - inside,
            unknown_outside_m2: account.unknown_m2 - account.unknown_inside_m2.unwrap_or(0.0),
        }
    }
}

fn perimeter_m(set: &ParcelSet, i: usize) -> f64 {
    let length = |ring: &[[f64; 2]]| -> f64 {
        ring.windows(2).map(|edge| (edge[1][0] - edge[0][0]).hypot(edge[1][1] - edge[0][1])).sum()
    };
    set.geometry().get(i).rings().map(length).sum()
}

impl ReserveCheck {
    fn of(input: &ConstraintInput<'_>, union: &Exclusion, options: &ReserveOptions) -> Result<Self, Error> {
        check_share(options.min_share)?;
        if options.classes.is_empty() {
            return Err(ParamError::new("classes", "empty", "at least one class").into());
        }
        let codes = &input.set.attributes().current_use;
        // "Construction" stands for the use that the land is kept for.
        let status: Vec<LandStatus> = (0..input.set.len())
            .map(|i| match input.current_use.of(codes.key(i)).map(|land| land.class) {
                Some(class) if options.classes.contains(&class) => LandStatus::Construction,
                None | Some(SmallClass::Unknown) => LandStatus::Unknown,
                Some(_) => LandStatus::Other,
            })
            .collect();
        let (ledger, _) = ledger(input, &status, union)?;
        let row = |account: &Account| {
            let inside = |area: Option<f64>| area.unwrap_or(0.0);
            let parts = [
                inside(account.construction_inside_m2),
                inside(account.other_inside_m2),
                inside(account.unknown_inside_m2),
            ];
            ReserveRow::new(account.id.clone(), inside(account.control_m2), parts, options.min_share)
        };
        let mut lines = input
            .lines
            .iter()
            .filter(|line| line.effect() == Effect::Reserve)
            .map(|line| {
                let own = input.lines.features().attributes().numbers.get("min_share");
                let min_share =
                    own.and_then(|own| own.values.get(line.position())).unwrap_or(options.min_share);
                check_share(min_share)?;
                let mut parts = [0.0; 3];
                let position = line.position() as u32;
                let overlaps = &input.overlay.overlaps;
                let first = overlaps.partition_point(|overlap| overlap.line < position);
                let mut prepared = None;
                for overlap in overlaps[first..].iter().take_while(|overlap| overlap.line == position) {
                    let i = overlap.parcel.index();
                    let area_m2 = if input.partition.is_replaced(i) {
                        let prepared = prepared.get_or_insert_with(|| {
                            let mut alone = MultiPolygonArray::new();
                            alone.push(line.geometry());
                            PreparedArea::new(&alone)
                        });
                        prepared.overlap_area(input.partition.get(input.set.geometry(), i)).max(0.0)
                    } else {
                        overlap.area_m2
                    };
                    let part = match status[i] {
                        LandStatus::Construction => 0,
                        LandStatus::Other => 1,
                        LandStatus::Unknown => 2,
                    };
                    parts[part] += area_m2;
                }
                let id = Some(line.id().into());
                let excluded_m2 = Some(input.overlay.exclusion.overlap_m2(line.geometry()).max(0.0));
                let tier = line.tier().map(Into::into);
                Ok(ReserveRow { tier, excluded_m2, ..ReserveRow::new(id, line.area_m2(), parts, min_share) })
            })
            .collect::<Result<Vec<ReserveRow>, ParamError>>()?;
        lines.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self {
            classes: options.classes.clone(),
            total: row(&ledger.total),
            units: ledger.units.iter().map(row).filter(|row| row.status.is_some()).collect(),
            lines,
        })
    }
}

fn check_share(share: f64) -> Result<(), ParamError> {
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    Err(ParamError::new("min_share", share, "a share above 0 and up to 1"))
}

impl ReserveRow {
    fn new(id: Option<Box<str>>, line_m2: f64, parts: [f64; 3], min_share: f64) -> Self {
        let [reserved_m2, other_m2, unknown_m2] = parts;
        // Rounding must not make land that is not there.
        let unparcelled_m2 = (line_m2 - reserved_m2 - other_m2 - unknown_m2).max(0.0);
        let ratio = |part: f64| (line_m2 > OVERLAP_TOLERANCE_M2).then(|| part / line_m2);
        let share = ratio(reserved_m2);
        let share_upper = ratio(reserved_m2 + unknown_m2 + unparcelled_m2);
        let status = share.zip(share_upper).map(|(lower, upper)| {
            if lower >= min_share {
                CheckStatus::Met
            } else if upper < min_share {
                CheckStatus::Failed
            } else {
                CheckStatus::Undetermined
            }
        });
        Self {
            id,
            tier: None,
            line_m2,
            reserved_m2,
            other_m2,
            unknown_m2,
            unparcelled_m2,
            share,
            share_upper,
            min_share,
            status,
            excluded_m2: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parcel;
    use crate::zoning::{LandUseCode, Schemes};
    use geo::{Polygon, Rect, coord};

    fn rect(x0: f64, y0: f64, x1: f64, y1: f64) -> Polygon<f64> {
        Rect::new(coord! { x: x0, y: y0 }, coord! { x: x1, y: y1 }).to_polygon()
    }

    fn check(parcels: Vec<Parcel>, lines: Vec<Parcel>) -> (ParcelSet, Constraints) {
        let set = ParcelSet::local(parcels);
        let lines = ControlLines::new(ParcelSet::local(lines)).unwrap();
        let overlay = Overlay::new(&set, &lines).unwrap();
        let schemes = Schemes::builtin();
        let current_use = schemes.resolve_column(&set.attributes().current_use);
        let status = crate::land::land_status(&set, &schemes, false);
        let pairs: Vec<[u32; 2]> =
            crate::adjacency::overlapping_pairs(&set).unwrap().iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let partition = Partition::new(set.geometry(), &pairs, &vec![0; set.len()]).unwrap();
        let input = ConstraintInput {
            set: &set,
            status: &status,
            partition: &partition,
            current_use: &current_use,
            lines: &lines,
            overlay: &overlay,
            units: StudyUnits::Attribute,
        };
        let survey = SurveyError::new(0.3, 0.4).unwrap();
        let found = Constraints::check(&input, &survey, &ReserveOptions::default()).unwrap();
        (set, found)
    }

    fn of(id: &str, shape: Polygon<f64>, code: &str, district: &str) -> Parcel {
        Parcel::new(id, shape).current_use(LandUseCode::new("mnr", "2023", code)).district(district)
    }

    #[test]
    fn construction_beyond_the_boundary_is_told_by_parcel_and_unit() {
        let boundary = Parcel::new("udb", rect(0.0, 0.0, 100.0, 100.0)).text("effect", "confine");
        let parcels = vec![
            of("in", rect(0.0, 0.0, 50.0, 50.0), "1001", "a"),
            of("out", rect(200.0, 0.0, 250.0, 50.0), "1001", "b"),
            of("across", rect(80.0, 50.0, 120.0, 60.0), "0701", "b"),
            of("by a hair", rect(50.0, 90.0, 60.0, 100.2), "0701", "a"),
            of("forest", rect(0.0, 200.0, 50.0, 250.0), "0301", "a"),
            of("no code", rect(100.0, 200.0, 110.0, 210.0), "?", "a"),
        ];
        let (set, found) = check(parcels, vec![boundary]);
        let check = found.confine.unwrap();
        assert_eq!((check.parcels_outside, check.parcels_partial, check.status), (1, 2, CheckStatus::Failed));
        assert!((check.construction_outside_m2 - (2_500.0 + 200.0 + 2.0)).abs() < 1e-9);
        assert!((check.uncertain_m2 - 2.0).abs() < 1e-9);
        assert_eq!((check.boundary_m2, check.unknown_outside_m2), (10_000.0, 100.0));
        let b = check.units.iter().find(|unit| unit.id.as_deref() == Some("b")).unwrap();
        assert_eq!((b.construction_inside_m2, b.construction_outside_m2), (200.0, 2_700.0));
        let across = set.iter().find(|parcel| parcel.id() == Some("across")).unwrap();
        assert_eq!(check.outside_m2[across.idx().index()], 200.0);
        assert!(found.reserve.is_none());
    }

    #[test]
    fn a_block_is_held_to_its_share_of_industry() {
        let block =
            |id: &str, x: f64| Parcel::new(id, rect(x, 0.0, x + 100.0, 100.0)).text("effect", "reserve");
        let lines = vec![
            block("met", 0.0),
            block("failed", 200.0),
            block("open", 400.0),
            block("lower bar", 600.0).number("min_share", 0.35),
            Parcel::new("hill", rect(180.0, 0.0, 210.0, 100.0)),
        ];
        let parcels = vec![
            of("m", rect(0.0, 0.0, 60.0, 100.0), "1001", "a"),
            // A park counts as construction land, not as industry.
            of("p", rect(60.0, 0.0, 100.0, 100.0), "1401", "a"),
            of("f", rect(200.0, 0.0, 240.0, 100.0), "100101", "a"),
            of("h", rect(240.0, 0.0, 300.0, 100.0), "0701", "a"),
            of("o", rect(400.0, 0.0, 450.0, 100.0), "1001", "b"),
            // Twice the same land counts once.
            of("o again", rect(400.0, 0.0, 450.0, 100.0), "1001", "b"),
            of("u", rect(450.0, 0.0, 470.0, 100.0), "?", "b"),
            of("l", rect(600.0, 0.0, 636.0, 100.0), "1001", "b"),
            of("r", rect(636.0, 0.0, 700.0, 100.0), "0901", "b"),
        ];
        let (_, found) = check(parcels, lines);
        let check = found.reserve.unwrap();
        let row = |id: &str| check.lines.iter().find(|row| row.id.as_deref() == Some(id)).unwrap();
        assert_eq!((row("met").share, row("met").status), (Some(0.6), Some(CheckStatus::Met)));
        assert_eq!((row("failed").share, row("failed").share_upper), (Some(0.4), Some(0.4)));
        assert_eq!(
            (row("failed").status, row("failed").excluded_m2),
            (Some(CheckStatus::Failed), Some(1_000.0))
        );
        let open = row("open");
        assert_eq!((open.reserved_m2, open.unknown_m2, open.unparcelled_m2), (5_000.0, 2_000.0, 3_000.0));
        assert_eq!(
            (open.share, open.share_upper, open.status),
            (Some(0.5), Some(1.0), Some(CheckStatus::Undetermined))
        );
        assert_eq!((row("lower bar").min_share, row("lower bar").status), (0.35, Some(CheckStatus::Met)));
        let unit = |id: &str| check.units.iter().find(|row| row.id.as_deref() == Some(id)).unwrap();
        assert_eq!((unit("a").share, unit("a").status), (Some(0.5), Some(CheckStatus::Failed)));
        assert_eq!(check.total.reserved_m2, 6_000.0 + 4_000.0 + 5_000.0 + 3_600.0);
        assert!(found.confine.is_none());
    }

    #[test]
    fn shares_out_of_range_are_refused() {
        assert_eq!(check_share(0.0).unwrap_err().name(), "min_share");
        assert!(check_share(f64::NAN).is_err() && check_share(1.0).is_ok());
    }
}

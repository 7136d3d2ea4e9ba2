use serde::{Deserialize, Serialize};

use super::{Building, ControlLines, Effect, LineOverlap, Overlay, Permits, Relation, Standing};
use crate::error::ParamError;
use crate::geometry::array::ring_area;
use crate::geometry::prepared::PreparedLand;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, PolygonRef};
use crate::land::LandStatus;
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelSet, RecordRef};
use crate::progress::Watch;
use crate::sum::AreaSum;
use crate::zoning::ResolvedUses;

/// How well two layers that were digitised apart know where their borders run.
///
/// A piece of overlap has the mean width `2 · area / perimeter`. With the combined error `e = hypot(parcels_m, lines_m)` it is
///
/// * an artefact where the width is below `e`: both borders may be one and the same;
/// * certain where the width is at least `max(min_width_m, 2e)` and the area at least `min_area_m2`;
/// * possible between.
///
/// A parcel that lies inside whole is no sliver of a border: it needs no least area, and where no border of the line comes within
/// `2e` of its box no least width either.
///
/// # Source
/// The default width of 2 m and area of 200 m² are the mapping thresholds of the third national land survey for linear
/// features and construction land; to test overlaps by them is this library's rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SurveyError {
    /// Error of parcel borders, m: root mean square, as their survey states it.
    pub parcels_m: f64,
    /// Error of the lines, m.
    pub lines_m: f64,
    /// Least mean width of a certain piece, m. Default: 2.
    pub min_width_m: f64,
    /// Least area of a certain piece, m². Default: 200.
    pub min_area_m2: f64,
}

impl SurveyError {
    /// Stated errors of both layers, with the thresholds of the land survey.
    ///
    /// # Errors
    /// [`ParamError`] for an error that is negative or not finite.
    ///
    /// ```
    /// use landuse::control::{Certainty, SurveyError};
    /// let survey = SurveyError::new(0.6, 0.8)?;                    // combined: 1 m
    /// assert_eq!(survey.certainty(100.0, 402.0), Certainty::Artefact);      // 0.5 m × 200 m
    /// assert_eq!(survey.certainty(300.0, 403.0), Certainty::Possible);      // 1.5 m × 200 m
    /// assert_eq!(survey.certainty(2_000.0, 420.0), Certainty::Certain);     // 10 m × 200 m
    /// assert_eq!(survey.certainty(100.0, 40.0), Certainty::Possible);       // 10 m × 10 m
    /// # Ok::<(), landuse::ParamError>(())
    /// ```
    pub fn new(parcels_m: f64, lines_m: f64) -> Result<Self, ParamError> {
        for (name, value) in [("parcels_m", parcels_m), ("lines_m", lines_m)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParamError::new(name, value, "a finite length of at least 0 m"));
            }
        }
        Ok(Self { parcels_m, lines_m, min_width_m: 2.0, min_area_m2: 200.0 })
    }

    pub(crate) fn check(&self) -> Result<(), ParamError> {
        let lengths =
            [("parcels_m", self.parcels_m), ("lines_m", self.lines_m), ("min_width_m", self.min_width_m)];
        for (name, value) in lengths.into_iter().chain([("min_area_m2", self.min_area_m2)]) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParamError::new(name, value, "a finite number of at least 0"));
            }
        }
        Ok(())
    }

    /// The combined error of both borders, m.
    pub fn combined_m(&self) -> f64 {
        self.parcels_m.hypot(self.lines_m)
    }

    /// How sure a piece of overlap is.
    pub fn certainty(&self, area_m2: f64, perimeter_m: f64) -> Certainty {
        self.judge(area_m2, perimeter_m, self.min_area_m2)
    }

    fn judge(&self, area_m2: f64, perimeter_m: f64, min_area_m2: f64) -> Certainty {
        let width_m = if perimeter_m > 0.0 { 2.0 * area_m2 / perimeter_m } else { 0.0 };
        let combined_m = self.combined_m();
        if width_m < combined_m {
            Certainty::Artefact
        } else if width_m >= self.min_width_m.max(2.0 * combined_m) && area_m2 >= min_area_m2 {
            Certainty::Certain
        } else {
            Certainty::Possible
        }
    }
}

impl Default for SurveyError {
    /// Both layers true to half a metre.
    fn default() -> Self {
        Self { parcels_m: 0.5, lines_m: 0.5, min_width_m: 2.0, min_area_m2: 200.0 }
    }
}

/// How sure it is that a piece of overlap is one on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Too wide and too large to come from the drawing.
    Certain,
    /// Neither.
    Possible,
    /// So thin that the stated errors explain it.
    Artefact,
}

/// Construction on one parcel inside one line that excludes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Position of the line.
    pub line: u32,
    /// The parcel.
    pub parcel: ParcelIdx,
    /// Area inside, m², as drawn.
    pub overlap_m2: f64,
    /// Of it certain, m².
    pub certain_m2: f64,
    /// Of it possible, m².
    pub possible_m2: f64,
    /// Of it explained by the errors of the layers, m².
    pub artefact_m2: f64,
    /// What it is by use, year and exemption.
    pub standing: Standing,
    /// Why.
    pub reason: Box<str>,
}

impl Finding {
    /// Area that both fails the rules and is certain, m²: encroachment in the strict sense.
    pub fn encroachment_m2(&self) -> f64 {
        if self.standing == Standing::Encroaching { self.certain_m2 } else { 0.0 }
    }
}

/// What is asked of construction inside lines.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewOptions {
    /// What may stand there; without rules everything is unreviewed.
    pub permits: Option<Permits>,
    /// How well the layers know their borders.
    pub survey: SurveyError,
}

/// What a review looks at.
#[derive(Debug, Clone, Copy)]
pub struct ReviewInput<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// What each counts as; only construction land is reviewed.
    pub status: &'a [LandStatus],
    /// What the codes of current use mean.
    pub current_use: &'a ResolvedUses,
    /// The lines.
    pub lines: &'a ControlLines,
    /// What they take.
    pub overlay: &'a Overlay,
}

/// Construction land inside lines that exclude it, with what it is and how sure that is.
#[derive(Debug, Clone)]
pub struct Encroachments {
    /// One per line and parcel, by (line, parcel).
    pub findings: Vec<Finding>,
    /// The certain part of each finding; without polygons where there is none.
    pub certain: MultiPolygonArray,
}

/// One finding's pieces.
struct Pieces {
    areas: [f64; 3],
    certain: MultiPolygonArray,
}

impl Encroachments {
    /// Reviews all construction land inside lines that exclude it.
    ///
    /// Overlaps are those of whole parcels with each line: a parcel in two lines has two findings. The three areas of a finding sum
    /// to its overlap.
    ///
    /// # Complexity
    /// One [`intersection`](crate::geometry::boolean::intersection) for each parcel of construction land that a line cuts, O(log v) in the
    /// vertices of the line and near-linear in those near the parcel; all parcels of a line in parallel.
    pub fn review(input: &ReviewInput<'_>, options: &ReviewOptions) -> Self {
        Self::watched(input, options, &Watch::nobody())
    }

    /// As [`review`](Self::review), while somebody watches: lines are left out once the work is cancelled.
    pub(crate) fn watched(input: &ReviewInput<'_>, options: &ReviewOptions, watch: &Watch<'_>) -> Self {
        let ReviewInput { set, status, current_use, lines, overlay } = *input;
        let attributes = set.attributes();
        let (mut findings, mut certain) = (Vec::new(), MultiPolygonArray::new());
        let of_line = overlay.overlaps.chunk_by(|a, b| a.line == b.line);
        let of_line = of_line.map(|own| (lines.line(own[0].line as usize), own));
        let excluding: Vec<_> = of_line.filter(|(line, _)| line.effect() == Effect::Exclude).collect();
        let borders: Vec<PreparedLand<'_>> =
            parallel::collect(excluding.len(), 1, &|i| PreparedLand::new(excluding[i].0.geometry()));
        watch.begin(excluding.len());
        for ((line, overlaps), border) in excluding.into_iter().zip(&borders) {
            if !watch.block() {
                break;
            }
            let built = |overlap: &&LineOverlap| status[overlap.parcel.index()] == LandStatus::Construction;
            let overlaps: Vec<&LineOverlap> = overlaps.iter().filter(built).collect();
            let pieces: Vec<(Finding, Pieces)> = parallel::collect(overlaps.len(), 1, &|number| {
                let overlap = overlaps[number];
                let i = overlap.parcel.index();
                let parcel = set.geometry().get(i);
                let pieces = Pieces::of(border, parcel, overlap.relation, overlap.area_m2, &options.survey);
                // Any record of the parcel may be named.
                let exempt = |id: &&str| {
                    options.permits.as_ref().is_some_and(|p| p.exempts(&line.id(), line.tier(), id))
                };
                let named = set.records(overlap.parcel).filter_map(RecordRef::id).find(exempt);
                let building = Building {
                    parcel: named.or(attributes.id.get(i)),
                    code: attributes.current_use.get(i),
                    land_use: current_use.of(attributes.current_use.key(i)),
                    year_built: attributes.year_built.get(i),
                };
                let (standing, reason) = match &options.permits {
                    Some(permits) => permits.standing(&line.id(), line.tier(), &building),
                    None => (Standing::Unreviewed, "no rules are given".into()),
                };
                let [certain_m2, possible_m2, artefact_m2] = pieces.areas;
                let finding = Finding {
                    line: overlap.line,
                    parcel: overlap.parcel,
                    overlap_m2: overlap.area_m2,
                    certain_m2,
                    possible_m2,
                    artefact_m2,
                    standing,
                    reason,
                };
                (finding, pieces)
            });
            for (finding, pieces) in pieces {
                certain.append(&pieces.certain);
                findings.push(finding);
            }
        }
        Self { findings, certain }
    }

    /// Certain, possible and artefact area of each standing in one line, m², as [`Standing::ALL`] orders them.
    pub fn totals(&self, line: u32) -> [[f64; 3]; 5] {
        let mut totals = [[AreaSum::default(); 3]; 5];
        for finding in self.findings.iter().filter(|finding| finding.line == line) {
            let areas = [finding.certain_m2, finding.possible_m2, finding.artefact_m2];
            for (sum, area) in totals[finding.standing as usize].iter_mut().zip(areas) {
                sum.add(area);
            }
        }
        totals.map(|standing| standing.map(AreaSum::m2))
    }
}

impl Pieces {
    /// The pieces of `parcel` in a line, whose areas sum to `overlap_m2`.
    fn of(
        line: &PreparedLand<'_>,
        parcel: MultiPolygonRef<'_>,
        relation: Relation,
        overlap_m2: f64,
        survey: &SurveyError,
    ) -> Self {
        let inside = relation == Relation::Inside;
        let clipped = if inside { None } else { Some(line.intersection(&parcel)) };
        let shape = clipped.as_ref().map_or(parcel, |clipped| clipped.get(0));
        let far = inside && !line.boundary_meets(&parcel.envelope().grown(2.0 * survey.combined_m()));
        let mut areas = [0.0; 3];
        let mut certain = MultiPolygonArray::new();
        for polygon in shape.polygons() {
            let area_m2: f64 = polygon.rings().map(ring_area).sum();
            let certainty = if far {
                Certainty::Certain
            } else {
                let min_area_m2 = if inside { 0.0 } else { survey.min_area_m2 };
                survey.judge(area_m2, perimeter_m(polygon), min_area_m2)
            };
            areas[certainty as usize] += area_m2;
            if certainty == Certainty::Certain {
                polygon.rings().for_each(|ring| certain.push_ring(ring.iter().copied()));
                certain.end_polygon();
            }
        }
        certain.end_geometry();
        // The overlap is measured more finely than pieces are cut; the largest class takes the rounding.
        let largest = if areas[0] >= areas[1].max(areas[2]) {
            0
        } else if areas[1] >= areas[2] {
            1
        } else {
            2
        };
        let others: f64 = (0..3).filter(|&k| k != largest).map(|k| areas[k]).sum();
        areas[largest] = (overlap_m2 - others).max(0.0);
        Self { areas, certain }
    }
}

fn perimeter_m(polygon: PolygonRef<'_>) -> f64 {
    let length = |ring: &[[f64; 2]]| -> f64 {
        ring.windows(2).map(|edge| (edge[1][0] - edge[0][0]).hypot(edge[1][1] - edge[0][1])).sum()
    };
    polygon.rings().map(length).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parcel;
    use crate::zoning::{LandUseCode, Schemes};
    use geo::{Polygon, Rect, coord, polygon};

    fn rect(x0: f64, y0: f64, x1: f64, y1: f64) -> Polygon<f64> {
        Rect::new(coord! { x: x0, y: y0 }, coord! { x: x1, y: y1 }).to_polygon()
    }

    fn review(parcels: Vec<Parcel>, lines: Vec<Parcel>, survey: SurveyError) -> (ParcelSet, Encroachments) {
        let set = ParcelSet::local(parcels);
        let lines = ControlLines::new(ParcelSet::local(lines)).unwrap();
        let overlay = Overlay::new(&set, &lines).unwrap();
        let schemes = Schemes::builtin();
        let current_use = schemes.resolve_column(&set.attributes().current_use);
        let status = crate::land::land_status(&set, &schemes, false);
        let input = ReviewInput {
            set: &set,
            status: &status,
            current_use: &current_use,
            lines: &lines,
            overlay: &overlay,
        };
        let permits = Some(Permits::builtin("shenzhen_basic_ecological").unwrap());
        let found = Encroachments::review(&input, &ReviewOptions { permits, survey });
        assert_eq!(found.certain.len(), found.findings.len());
        for (finding, certain) in found.findings.iter().zip(found.certain.iter()) {
            let sum = finding.certain_m2 + finding.possible_m2 + finding.artefact_m2;
            assert!((sum - finding.overlap_m2).abs() <= 1e-9 * finding.overlap_m2, "{finding:?}");
            assert!((certain.signed_area() - finding.certain_m2).abs() <= 1e-6, "{finding:?}");
        }
        (set, found)
    }

    fn built(id: &str, shape: Polygon<f64>, code: &str) -> Parcel {
        Parcel::new(id, shape).construction(true).current_use(LandUseCode::new("mnr", "2023", code))
    }

    #[test]
    fn a_sliver_is_an_artefact_and_a_house_is_not() {
        let survey = SurveyError::new(0.3, 0.4).unwrap();
        let line = Parcel::new("hill", rect(0.0, 0.0, 1_000.0, 1_000.0)).text("tier", "core");
        let parcels = vec![
            built("sliver", rect(-50.0, 0.0, 0.4, 100.0), "1001"),
            built("strip", rect(-50.0, 100.0, 1.5, 200.0), "1001"),
            built("corner", rect(-50.0, 200.0, 10.0, 210.0), "1001"),
            built("half", rect(-50.0, 300.0, 50.0, 400.0), "1001"),
            built("park", rect(500.0, 500.0, 600.0, 600.0), "1401"),
            built("thin but deep inside", rect(300.0, 300.0, 300.4, 400.0), "0701"),
            built("small at the border", rect(0.0, 700.0, 10.0, 710.0), "0701"),
            built("thin along the border", rect(0.0, 800.0, 0.6, 900.0), "0701"),
            Parcel::new("forest", rect(600.0, 0.0, 700.0, 100.0)).construction(false),
            Parcel::new("unknown", rect(700.0, 0.0, 800.0, 100.0)),
            built("outside", rect(-500.0, 0.0, -400.0, 100.0), "1001"),
        ];
        let (set, found) = review(parcels, vec![line], survey);
        let of = |id: &str| {
            let row = found.findings.iter().find(|f| set.get(f.parcel).id() == Some(id));
            row.map(|f| ([f.certain_m2, f.possible_m2, f.artefact_m2].map(f64::round), f.standing))
        };
        let encroaching = Standing::Encroaching;
        assert_eq!(of("sliver"), Some(([0.0, 0.0, 40.0], encroaching)));
        assert_eq!(of("strip"), Some(([0.0, 150.0, 0.0], encroaching)));
        assert_eq!(of("corner"), Some(([0.0, 100.0, 0.0], encroaching)));
        assert_eq!(of("half"), Some(([5_000.0, 0.0, 0.0], encroaching)));
        assert_eq!(of("park"), Some(([10_000.0, 0.0, 0.0], Standing::Permitted)));
        assert_eq!(of("thin but deep inside"), Some(([40.0, 0.0, 0.0], encroaching)));
        assert_eq!(of("small at the border"), Some(([100.0, 0.0, 0.0], encroaching)));
        assert_eq!(of("thin along the border"), Some(([0.0, 60.0, 0.0], encroaching)));
        for id in ["forest", "unknown", "outside"] {
            assert_eq!(of(id), None);
        }
        let strict: f64 = found.findings.iter().map(Finding::encroachment_m2).sum();
        assert!((strict - 5_140.0).abs() < 1e-6, "{strict}");
        let totals = found.totals(0);
        assert!((totals[Standing::Encroaching as usize][0] - 5_140.0).abs() < 1e-6);
        assert!((totals[Standing::Permitted as usize][0] - 10_000.0).abs() < 1e-6);
    }

    #[test]
    fn pieces_of_one_overlap_are_judged_apart() {
        // A comb: one broad tooth and one hair reach into the line.
        let comb = polygon![
            (x: -20.0, y: 0.0), (x: 30.0, y: 0.0), (x: 30.0, y: 40.0), (x: -10.0, y: 40.0),
            (x: -10.0, y: 60.0), (x: 30.0, y: 60.0), (x: 30.0, y: 60.3), (x: -20.0, y: 60.3),
        ];
        let line = || Parcel::new("hill", rect(0.0, -10.0, 1_000.0, 1_000.0));
        let (_, found) = review(vec![built("comb", comb, "1001")], vec![line()], SurveyError::default());
        let [finding] = &found.findings[..] else { panic!("one finding") };
        assert!((finding.certain_m2 - 1_200.0).abs() < 1e-6 && (finding.artefact_m2 - 9.0).abs() < 1e-6);
        assert_eq!(found.certain.get(0).polygons().len(), 1);
    }

    #[test]
    fn only_lines_that_exclude_are_reviewed_and_each_for_itself() {
        let lines = vec![
            Parcel::new("eco", rect(0.0, 0.0, 100.0, 100.0)),
            Parcel::new("farm", rect(0.0, 0.0, 100.0, 50.0)),
            Parcel::new("block", rect(0.0, 0.0, 100.0, 100.0)).text("effect", "reserve"),
        ];
        let (_, found) =
            review(vec![built("a", rect(0.0, 0.0, 100.0, 100.0), "1001")], lines, SurveyError::default());
        let areas: Vec<f64> = found.findings.iter().map(|f| f.overlap_m2).collect();
        assert_eq!(areas.iter().sum::<f64>(), 15_000.0);
        assert_eq!(areas.len(), 2);
    }

    #[test]
    fn errors_of_a_survey_are_lengths() {
        assert_eq!(SurveyError::new(-1.0, 0.0).unwrap_err().name(), "parcels_m");
        assert_eq!(SurveyError::new(0.0, f64::NAN).unwrap_err().name(), "lines_m");
        let exact = SurveyError::new(0.0, 0.0).unwrap();
        assert_eq!(exact.certainty(0.0, 0.0), Certainty::Possible);
    }
}

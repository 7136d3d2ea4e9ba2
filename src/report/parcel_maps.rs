use super::map::{Color, FillStyle, Layer, LineStyle, Map, Picture, Sheet, Table, style};
use super::text::{TOP_SITES, site_rows};
use super::voice::Voice;
use crate::Analysis;
use crate::Error;
use crate::control::{ControlLine, ControlLines, Effect};
use crate::efficiency::{Direction, Verdict};
use crate::geometry::MultiPolygonArray;
use crate::language::Language;
use crate::parcel::ParcelIdx;
use crate::stats::{LocalResults, Quadrant};
use crate::units::{people_area, people_number};

/// What stands around a map of an analysis, and the sheet it fills.
///
/// ```
/// use landuse::report::Frame;
/// use landuse::report::map::{Paper, Sheet};
/// let frame = Frame::new("Kunshan").note("Data of 2025.").sheet(Sheet::new(Paper::A3, 150)?);
/// # let _ = frame;
/// # Ok::<(), landuse::ParamError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    title: String,
    notes: Vec<String>,
    sheet: Option<Sheet>,
}

impl Frame {
    /// A title, no notes, a sheet of the default size.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), notes: Vec::new(), sheet: None }
    }

    /// One more note at the foot.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The sheet that the map fills.
    #[must_use]
    pub fn sheet(self, sheet: Sheet) -> Self {
        Self { sheet: Some(sheet), ..self }
    }

    /// A map of nothing yet.
    pub(super) fn map<'a>(&self, subtitle: impl Into<String>) -> Map<'a> {
        let map = Map::new(&self.title).subtitle(subtitle);
        match self.sheet {
            Some(sheet) => map.sheet(sheet),
            None => map,
        }
    }

    /// The map with the notes, behind those it has.
    pub(super) fn notes<'a>(&self, map: Map<'a>) -> Map<'a> {
        self.notes.iter().fold(map, Map::footnote)
    }
}

/// What a parcel is on the map; the order is that of the legend.
const BASE: u8 = 0;
const LOW: u8 = 1;
const BEST: u8 = 4;
const UNKNOWN: u8 = 5;

/// Draws the map of an analysis: candidates in four grades (low-efficiency, and the others in thirds by score), those not known
/// hatched, everything else grey; control lines hatched by tier; districts and sites outlined, the first
/// [`TOP_SITES`] sites numbered as in the table beside the map.
///
/// # Errors
/// As [`Map::render`].
pub fn picture(analysis: &Analysis, frame: &Frame) -> Result<Picture, Error> {
    let set = analysis.parcels();
    let class = classes(analysis);
    let numbers: Vec<String> = (analysis.sites().iter())
        .map(|site| if site.number as usize <= TOP_SITES { site.number.to_string() } else { String::new() })
        .collect();
    let mut map = frame
        .map(subtitle(analysis))
        .extent(set.extent())
        .layer(Layer::areas(set.geometry(), &class, styles(analysis, &class)).heading("Candidates by score"))
        .footnote(footer(analysis));
    map = frame.notes(map);

    let (tiers, bounds);
    if let Some(lines) = analysis.inputs().control_lines() {
        tiers = Tiers::of(lines);
        map = map.layer(
            Layer::areas(lines.features().geometry(), &tiers.class, tiers.styles).heading("Control lines"),
        );
        // What confines or reserves may cover the whole city: an outline says it without hiding the parcels.
        bounds = [Effect::Confine, Effect::Reserve].map(|effect| lines.of_effect(effect));
        for (geometry, (color, label)) in
            bounds.iter().zip(BOUNDS).filter(|(geometry, _)| !geometry.is_empty())
        {
            let style =
                LineStyle { color, width_px: 4.0, dash_px: Some([18.0, 8.0]), casing: Some(Color::WHITE) };
            map = map.layer(Layer::lines(geometry, style, label));
        }
    }
    let (districts, names): (Option<&MultiPolygonArray>, Vec<String>) = match analysis.inputs().districts() {
        None => (None, Vec::new()),
        Some(districts) => {
            let texts = districts.attributes().texts.get("name");
            let name = |i| {
                let name = texts.and_then(|texts| texts.get(i)).map(ToString::to_string);
                name.unwrap_or_else(|| crate::intensity::unit_id(districts, i).into())
            };
            (Some(districts.geometry()), (0..districts.len()).map(name).collect())
        }
    };
    if let Some(geometry) = districts {
        map = map.layer(Layer::lines(geometry, style::district_outline(), "District").names(&names));
    }
    if !analysis.sites().is_empty() {
        let label = format!("Low-efficiency site ({})", analysis.sites().len());
        map = map
            .layer(Layer::lines(analysis.sites().outlines(), style::site_outline(), label).numbers(&numbers))
            .table(table(analysis));
    }
    map.render()
}

/// A local statistic to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalMap {
    /// Local Moran: high beside high and low beside low in strong colours, values unlike their neighbours' in pale ones.
    Moran,
    /// Gi* of Getis and Ord: hot and cold spots.
    GetisOrd,
}

impl LocalMap {
    /// The class of each parcel: 0 not tested, 1 not significant, then as in the legend.
    fn classes(self, local: &LocalResults) -> Vec<u8> {
        let of = |i: usize| match self {
            Self::Moran => match (local.moran_p.get(i)?, local.moran_fdr.discovery[i], local.quadrant[i]) {
                (_, true, Some(Quadrant::Hh)) => Some(2),
                (_, true, Some(Quadrant::Ll)) => Some(3),
                (_, true, Some(Quadrant::Hl)) => Some(4),
                (_, true, Some(Quadrant::Lh)) => Some(5),
                _ => Some(1),
            },
            Self::GetisOrd => match (local.g_p.get(i)?, local.g_fdr.discovery[i], local.gi_star_z.get(i)) {
                (_, true, Some(z)) => Some(if z > 0.0 { 2 } else { 3 }),
                _ => Some(1),
            },
        };
        (0..local.quadrant.len()).map(|i| of(i).unwrap_or(0)).collect()
    }

    /// Colours and words of the classes from 2 on.
    fn legend(self) -> Vec<(Color, &'static str)> {
        const HIGH: Color = Color::rgb(178, 24, 43);
        const LOW: Color = Color::rgb(33, 102, 172);
        match self {
            Self::Moran => vec![
                (HIGH, "high beside high"),
                (LOW, "low beside low"),
                (Color::rgb(244, 165, 130), "high beside low"),
                (Color::rgb(146, 197, 222), "low beside high"),
            ],
            Self::GetisOrd => {
                vec![(HIGH, "hot spot: high values together"), (LOW, "cold spot: low values together")]
            }
        }
    }
}

/// Draws the map of a local statistic of the score: what survives the false-discovery rate. Where nothing does, a note says so, and under
/// what test. None without local statistics.
///
/// # Errors
/// As [`Map::render`].
pub fn hot_spots(analysis: &Analysis, which: LocalMap, frame: &Frame) -> Option<Result<Picture, Error>> {
    let local = analysis.local()?;
    let set = analysis.parcels();
    let class = which.classes(local);
    let count = |which: usize| class.iter().filter(|&&own| usize::from(own) == which).count();
    let note = |which: usize| people_number(count(which) as f64, 0);
    let mut styles = vec![
        FillStyle::new(style::BASE, "no candidate, or no neighbour known").note(note(0)),
        FillStyle::new(Color::rgb(235, 232, 222), "not significant").note(note(1)),
    ];
    let legend = which.legend();
    styles.extend((2..).zip(&legend).map(|(i, (color, label))| FillStyle::new(*color, *label).note(note(i))));
    let alpha = analysis.options().statistics.alpha;
    let draws = people_number(f64::from(local.local_moran.permutations), 0);
    let (name, heading, global) = match which {
        LocalMap::Moran => {
            let global = analysis.global().and_then(|found| found.moran);
            let told = global.map(|moran| {
                let z = moran.z.map(|z| format!(", z {}", people_number(z, 2))).unwrap_or_default();
                format!("; global I {}{z}", people_number(moran.value, 3))
            });
            ("Local Moran's I", "Score beside its neighbours'", told)
        }
        LocalMap::GetisOrd => ("Gi* of Getis and Ord", "Score of a parcel and its neighbours", None),
    };
    let test = format!("{draws} draws, significant at {alpha} after Benjamini-Hochberg");
    let subtitle = format!("{name} of the score, {test}{}", global.unwrap_or_default());
    let mut map = frame
        .map(subtitle)
        .extent(set.extent())
        .layer(Layer::areas(set.geometry(), &class, styles).heading(heading));
    if (2..2 + legend.len()).all(|which| count(which) == 0) {
        map = map.footnote(format!("No parcel is significant: {name}, {test}."));
    }
    map =
        frame.notes(map.footnote(format!("Plane: {}. North is up in the plane.", set.plane().definition())));
    if !analysis.sites().is_empty() {
        let label = format!("Low-efficiency site ({})", analysis.sites().len());
        map = map.layer(Layer::lines(analysis.sites().outlines(), style::site_outline(), label));
    }
    Some(map.render())
}

/// The plane, in words.
pub(super) fn footer(analysis: &Analysis) -> String {
    let plane = analysis.parcels().plane();
    format!("Plane: {} ({} areas). North is up in the plane.", plane.definition(), kind(plane.area()))
}

fn kind(area: crate::crs::AreaKind) -> &'static str {
    match area {
        crate::crs::AreaKind::EqualArea => "ellipsoidal",
        crate::crs::AreaKind::Planar => "planar",
    }
}

fn subtitle(analysis: &Analysis) -> String {
    let rule = analysis.efficiency().assessment.as_ref().map_or_else(
        || "no parcel judged".to_owned(),
        |assessment| {
            let rules: Vec<&str> = assessment.tests.iter().map(|test| &*test.rule).collect();
            format!("low-efficiency: {}", rules.join("; "))
        },
    );
    let gap_m = analysis.options().sites.gap_m;
    let min_ha = analysis.options().sites.min_area_m2 / 1e4;
    format!("{rule}; sites bridge gaps up to {gap_m} m and hold at least {min_ha} ha")
}

/// The class of each parcel.
fn classes(analysis: &Analysis) -> Vec<u8> {
    let score = |i: usize| analysis.efficiency().score.as_ref().and_then(|score| score.get(i));
    let sign = match analysis.options().efficiency.direction {
        Direction::HigherIsBetter => 1.0,
        Direction::LowerIsBetter => -1.0,
    };
    let verdict = |i: usize| analysis.verdict(ParcelIdx(i as u32));
    let count = analysis.parcels().len();
    let mut rest: Vec<f64> = (0..count)
        .filter(|&i| verdict(i) == Verdict::NotLow)
        .filter_map(|i| Some(sign * score(i)?))
        .collect();
    rest.sort_by(f64::total_cmp);
    let third = |value: f64| match rest.len() {
        0 => BEST,
        n => LOW + 1 + (rest.partition_point(|&other| other < value) * 3 / n).min(2) as u8,
    };
    (0..count)
        .map(|i| match verdict(i) {
            Verdict::NotCandidate => BASE,
            Verdict::Unknown => UNKNOWN,
            Verdict::Low => LOW,
            Verdict::NotLow => score(i).map_or(BEST, |score| third(sign * score)),
        })
        .collect()
}

fn styles(analysis: &Analysis, class: &[u8]) -> Vec<FillStyle> {
    let note = |which: u8| {
        let area_m2 = analysis.parcels().area_m2();
        let members = (0..class.len()).filter(|&i| class[i] == which);
        let (count, area) = members.fold((0, 0.0), |(count, area), i| (count + 1, area + area_m2[i]));
        format!(
            "{}, {}",
            people_number(f64::from(count), 0),
            people_area(area).split(" (").next().unwrap_or_default()
        )
    };
    let [low, second, third, best] = style::GRADES;
    vec![
        FillStyle::new(style::BASE, "not a candidate").note(note(BASE)),
        FillStyle::new(low, "low-efficiency").note(note(LOW)),
        FillStyle::new(second, "lower third of the others").note(note(LOW + 1)),
        FillStyle::new(third, "middle third").note(note(LOW + 2)),
        FillStyle::new(best, "upper third").note(note(BEST)),
        style::unknown("not known").note(note(UNKNOWN)),
    ]
}

/// Colour and words of the lines that confine and of those that reserve.
const BOUNDS: [(Color, &str); 2] = [
    (Color::rgb(120, 60, 150), "Construction only inside"),
    (Color::rgb(20, 130, 150), "Reserved for a use"),
];

/// Lines that exclude construction, by tier; all others are in no class.
pub(super) struct Tiers {
    pub(super) class: Vec<u8>,
    pub(super) styles: Vec<FillStyle>,
}

impl Tiers {
    pub(super) fn of(lines: &ControlLines) -> Self {
        let label = |line: ControlLine<'_>| match line.tier() {
            _ if line.effect() != Effect::Exclude => None,
            Some(tier) => Some(format!("no construction: {tier}")),
            None => Some("no construction".to_owned()),
        };
        let of_line: Vec<Option<String>> = lines.iter().map(label).collect();
        let mut labels: Vec<&String> = of_line.iter().flatten().collect();
        labels.sort();
        labels.dedup();
        let class_of = |label: &Option<String>| match label {
            Some(label) => labels.binary_search(&label).unwrap_or_default() as u8,
            None => u8::MAX,
        };
        let class: Vec<u8> = of_line.iter().map(class_of).collect();
        let style = |(i, label): (usize, &&String)| {
            let members = lines.iter().zip(&class).filter(|(_, class)| usize::from(**class) == i);
            let area = people_area(members.map(|(line, _)| line.area_m2()).sum());
            style::control_tier(i, *label).note(area.split(" (").next().unwrap_or_default())
        };
        Self { styles: labels.iter().enumerate().map(style).collect(), class }
    }
}

/// The first sites, by number.
fn table(analysis: &Analysis) -> Table {
    let mut rows = site_rows(analysis, Voice::of(Language::English));
    let mut columns = rows.remove(0);
    // The first parcel's id is for a terminal, where it can be searched for.
    columns.pop();
    for row in &mut rows {
        row.pop();
    }
    Table { heading: "Sites with most land".into(), right: vec![true; columns.len()], columns, rows }
}

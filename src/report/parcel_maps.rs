use super::map::{Color, FillStyle, Layer, LineStyle, Map, Picture, Table, style};
use super::text::{TOP_SITES, site_rows};
use super::voice::Voice;
use crate::Analysis;
use crate::Error;
use crate::control::{ControlLine, ControlLines, Effect};
use crate::efficiency::{Direction, Verdict};
use crate::geometry::MultiPolygonArray;
use crate::language::Language;
use crate::parcel::ParcelIdx;
use crate::stats::Quadrant;
use crate::units::{people_area, people_number};

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
pub fn picture(analysis: &Analysis, title: &str, notes: &[String]) -> Result<Picture, Error> {
    let set = analysis.parcels();
    let class = classes(analysis);
    let numbers: Vec<String> = (analysis.sites().iter())
        .map(|site| if site.number as usize <= TOP_SITES { site.number.to_string() } else { String::new() })
        .collect();
    let mut map = Map::new(title)
        .subtitle(subtitle(analysis))
        .extent(set.extent())
        .layer(Layer::areas(set.geometry(), &class, styles(analysis, &class)).heading("Candidates by score"))
        .footnote(footer(analysis));
    for note in notes {
        map = map.footnote(note);
    }

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

/// Draws the map of the local statistics: what survives the false-discovery rate by local Moran, high beside high and low beside low in
/// strong colours, values unlike their neighbours' in pale ones; Getis-Ord is in the parcel layer. None without local statistics.
///
/// # Errors
/// As [`Map::render`].
pub fn hot_spots(analysis: &Analysis, title: &str, notes: &[String]) -> Option<Result<Picture, Error>> {
    let local = analysis.local()?;
    let set = analysis.parcels();
    let class: Vec<u8> = (0..set.len())
        .map(|i| match (local.moran_p.get(i), local.moran_fdr.discovery[i], local.quadrant[i]) {
            (None, ..) => 0,
            (_, true, Some(Quadrant::Hh)) => 2,
            (_, true, Some(Quadrant::Ll)) => 3,
            (_, true, Some(Quadrant::Hl)) => 4,
            (_, true, Some(Quadrant::Lh)) => 5,
            _ => 1,
        })
        .collect();
    let count =
        |which: u8| people_number(class.iter().map(|&own| f64::from(u8::from(own == which))).sum(), 0);
    let [high, low] = [Color::rgb(178, 24, 43), Color::rgb(33, 102, 172)];
    let [high_low, low_high] = [Color::rgb(244, 165, 130), Color::rgb(146, 197, 222)];
    let styles = vec![
        FillStyle::new(style::BASE, "no candidate, or no neighbour known").note(count(0)),
        FillStyle::new(Color::rgb(235, 232, 222), "not significant").note(count(1)),
        FillStyle::new(high, "high beside high").note(count(2)),
        FillStyle::new(low, "low beside low").note(count(3)),
        FillStyle::new(high_low, "high beside low").note(count(4)),
        FillStyle::new(low_high, "low beside high").note(count(5)),
    ];
    let options = analysis.options().statistics;
    let subtitle = format!(
        "local Moran's I of the score, {} draws, significant at {} after Benjamini-Hochberg; global I {}",
        local.local_moran.permutations,
        options.alpha,
        people_number(local.local_moran.global_i.unwrap_or(f64::NAN), 3),
    );
    let mut map = Map::new(title)
        .subtitle(subtitle)
        .extent(set.extent())
        .layer(Layer::areas(set.geometry(), &class, styles).heading("Score beside its neighbours'"))
        .footnote(format!("Plane: {}. North is up in the plane.", set.plane().definition()));
    for note in notes {
        map = map.footnote(note);
    }
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

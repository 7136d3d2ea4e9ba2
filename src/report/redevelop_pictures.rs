//! Pictures of a programme: which project is built in which year, and supply against its targets.

use super::map::{Bar, Chart, Color, Direction, FillStyle, Layer, Map, Picture, style};
use super::parcel_maps::{Tiers, footer};
use crate::Analysis;
use crate::Error;
use crate::geometry::MultiPolygonArray;
use crate::redevelop::Programme;
use crate::units::people_number;

/// Colours of early and late years.
const FIRST: [u8; 3] = [127, 39, 4];
const LAST: [u8; 3] = [253, 208, 162];

fn phase(year: usize, years: usize) -> Color {
    let share = if years > 1 { year as f64 / (years - 1) as f64 } else { 0.0 };
    let mixed = |i: usize| {
        let [from, to] = [FIRST[i], LAST[i]].map(f64::from);
        (from + share * (to - from)).round() as u8
    };
    Color::rgb(mixed(0), mixed(1), mixed(2))
}

/// Draws the projects of a programme in the colour of the year they start in, the others pale, over all parcels; `outlines` has one for each
/// project, in their order.
///
/// # Errors
/// As [`Map::render`].
pub fn phased_map(
    analysis: &Analysis,
    programme: &Programme,
    outlines: &MultiPolygonArray,
    title: &str,
    notes: &[String],
) -> Result<Picture, Error> {
    let set = analysis.parcels();
    let years = programme.years.len();
    let class: Vec<u8> =
        programme.starts.iter().map(|start| start.map_or(years as u8, |year| year as u8 - 1)).collect();
    let mut styles: Vec<FillStyle> = programme
        .years
        .iter()
        .map(|year| {
            let label = format!("year {}", year.year);
            FillStyle::new(phase(year.year - 1, years), label).note(year.started.to_string())
        })
        .collect();
    let rest = programme.starts.len() - programme.started();
    styles.push(FillStyle::new(Color::rgb(205, 214, 222), "not begun").note(rest.to_string()));
    let base = vec![0; set.len()];
    let names: Vec<String> = programme
        .projects
        .iter()
        .zip(&programme.starts)
        .map(|(project, start)| if start.is_some() { project.name.to_string() } else { String::new() })
        .collect();
    let supply: f64 = programme.years.iter().map(|year| year.supply_m2).sum();
    let subtitle = format!(
        "{} of {} projects over {years} years, {} m² of floor delivered; value {}, at most {} (gap {:.2}%)",
        programme.started(),
        programme.projects.len(),
        people_number(supply, 0),
        people_number(programme.value, 0),
        people_number(programme.bound, 0),
        programme.gap * 100.0
    );
    let mut map = Map::new(title)
        .subtitle(subtitle)
        .extent(set.extent())
        .layer(Layer::areas(set.geometry(), &base, vec![FillStyle::new(style::BASE, "parcel")]))
        .layer(Layer::areas(outlines, &class, styles).heading("Starts in"))
        .layer(Layer::lines(outlines, style::site_outline(), "Project").numbers(&names))
        .footnote(footer(analysis));
    for note in notes {
        map = map.footnote(note);
    }
    let tiers;
    if let Some(lines) = analysis.inputs().control_lines() {
        tiers = Tiers::of(lines);
        map = map.layer(
            Layer::areas(lines.features().geometry(), &tiers.class, tiers.styles).heading("Control lines"),
        );
    }
    if let Some(districts) = analysis.inputs().districts() {
        map = map.layer(Layer::lines(districts.geometry(), style::district_outline(), "District"));
    }
    map.render()
}

/// Draws the supply of each year as a share of its target; none where no year has one.
///
/// # Errors
/// As [`Chart::render`].
pub fn supply_chart(programme: &Programme, title: &str, notes: &[String]) -> Option<Result<Picture, Error>> {
    let years = programme.years.len();
    let bars: Vec<Bar> = programme
        .years
        .iter()
        .filter_map(|year| {
            let target = year.target_m2.filter(|target| *target > 0.0)?;
            let note = format!(
                "{} of {} m², {} projects",
                people_number(year.supply_m2, 0),
                people_number(target, 0),
                year.delivered
            );
            Some(Bar {
                label: format!("year {}", year.year),
                low: year.supply_m2 / target,
                high: None,
                mark: Some(1.0),
                color: phase(year.year - 1, years),
                note,
            })
        })
        .collect();
    if bars.is_empty() {
        return None;
    }
    let chart = Chart {
        title: title.to_owned(),
        subtitle: "Floor delivered each year as a share of its target".into(),
        bars,
        mark: "target".into(),
        footnotes: notes.to_vec(),
        ..Chart::new(Direction::Rows)
    };
    Some(chart.render())
}

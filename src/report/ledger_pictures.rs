//! Pictures of the ledger: intensity by unit on a map, bars against limits, the gradient.

use std::collections::HashMap;

use super::balance::{streets, unit_names};
use super::map::{Bar, Chart, Color, Direction, FillStyle, Layer, Picture, style};
use super::palette::breaks;
use super::parcel_maps::{Frame, Tiers, footer};
use super::voice::Voice;
use crate::Analysis;
use crate::Error;
use crate::control::Standing;
use crate::geometry::{MultiPolygonArray, boolean};
use crate::intensity::{Account, Ledger, WarningStatus, unit_id};
use crate::language::Language;
use crate::units::{people_area, people_number};

/// Most bars of a chart.
const MOST_BARS: usize = 60;

/// Draws gross intensity by study unit in five classes of about equally many units, with the control lines and the certain part
/// of construction inside them that fails the rules or was not reviewed.
///
/// Units without a shape (an attribute, all parcels as one) are drawn as their parcels.
///
/// # Errors
/// As [`Map::render`](super::map::Map::render).
pub fn intensity_picture(analysis: &Analysis, frame: &Frame) -> Result<Picture, Error> {
    let set = analysis.parcels();
    let units = &analysis.ledger().units;
    let gross: HashMap<&str, f64> =
        units.iter().filter_map(|unit| Some((unit.id.as_deref()?, unit.gross?))).collect();
    let shapes = analysis.cells().or(analysis.inputs().districts());
    let (geometry, value): (&MultiPolygonArray, Vec<Option<f64>>) = if let Some(shapes) = shapes {
        let of = |i: usize| gross.get(&*unit_id(shapes, i)).copied();
        (shapes.geometry(), (0..shapes.len()).map(of).collect())
    } else {
        let names = &set.attributes().district;
        let of_all = units.first().filter(|_| units.len() == 1).and_then(|unit| unit.gross);
        let of = |i: usize| names.get(i).and_then(|name| gross.get(&**name).copied()).or(of_all);
        (set.geometry(), (0..set.len()).map(of).collect())
    };
    let breaks = breaks(&value);
    let class: Vec<u8> = value
        .iter()
        .map(|value| value.map_or(breaks.len() as u8 + 1, |v| breaks.partition_point(|b| v >= *b) as u8))
        .collect();
    let mut styles: Vec<FillStyle> = (0..=breaks.len())
        .map(|k| {
            let count = class.iter().filter(|&&class| usize::from(class) == k).count();
            let label = match (k.checked_sub(1).map(|k| breaks[k]), breaks.get(k)) {
                (None, None) => "all".to_owned(),
                (None, Some(to)) => format!("under {:.0}%", to * 100.0),
                (Some(from), Some(to)) => format!("{:.0}% to {:.0}%", from * 100.0, to * 100.0),
                (Some(from), None) => format!("{:.0}% and more", from * 100.0),
            };
            FillStyle::new(style::SEQUENTIAL[k * 4 / breaks.len().max(1)], label).note(count.to_string())
        })
        .collect();
    if class.iter().any(|&class| usize::from(class) > breaks.len()) {
        styles.push(style::unknown("not known"));
    }
    let mut map = frame
        .map("Construction land as a share of all land, by study unit: the least it is, with nothing assumed of what is not known")
        .extent(set.extent())
        .layer(Layer::areas(geometry, &class, styles).heading("Gross intensity"))
        .footnote(footer(analysis));
    if let Some(note) = streets(&analysis.ledger().total, Voice::of(Language::English)) {
        map = map.footnote(note);
    }
    map = frame.notes(map);
    let tiers;
    if let Some(lines) = analysis.inputs().control_lines() {
        tiers = Tiers::of(lines);
        map = map.layer(
            Layer::areas(lines.features().geometry(), &tiers.class, tiers.styles).heading("Control lines"),
        );
    }
    let certain = analysis.encroachments().map(|found| {
        let class: Vec<u8> = (found.findings.iter())
            .map(|finding| match finding.standing {
                Standing::Encroaching => 0,
                Standing::Unreviewed => 1,
                _ => u8::MAX,
            })
            .collect();
        let area = |which: u8| {
            // Lines that overlap hold the same land: it counts once.
            let own: Vec<u32> = (0..class.len() as u32).filter(|&i| class[i as usize] == which).collect();
            let union = boolean::dissolve(&found.certain.take(&own));
            let area_m2 = union.iter().map(|land| land.signed_area()).sum();
            people_area(area_m2).split(" (").next().unwrap_or_default().to_owned()
        };
        let style = |color: Color, label: &str, which: u8| FillStyle {
            edge: Some(color),
            ..FillStyle::new(color, label).note(area(which))
        };
        let mut styles = vec![
            style(Color::rgb(196, 24, 40), "fails the rules", 0),
            style(Color::rgb(240, 96, 48), "not reviewed", 1),
        ];
        for (which, style) in styles.iter_mut().enumerate() {
            // What does not occur stays out of the legend.
            if !class.iter().any(|&class| usize::from(class) == which) {
                style.label.clear();
            }
        }
        (&found.certain, class, styles)
    });
    if let Some((geometry, class, styles)) = &certain {
        let heading = "Construction certainly inside";
        map = map.layer(Layer::areas(geometry, class, styles.clone()).heading(heading));
    }
    let names: Vec<String>;
    if let Some(districts) = analysis.inputs().districts() {
        let of_id = unit_names(analysis);
        names = (0..districts.len())
            .map(|i| {
                let id = unit_id(districts, i);
                of_id.get(&id).map_or_else(|| id.to_string(), ToString::to_string)
            })
            .collect();
        let names = if analysis.cells().is_some() { &[][..] } else { &names };
        map =
            map.layer(Layer::lines(districts.geometry(), style::district_outline(), "District").names(names));
    }
    map.render()
}

/// Draws a bar per unit against its limit, with the interval that what is not known leaves; the units with most construction
/// land where there are too many.
///
/// # Errors
/// As [`Chart::render`].
pub fn limit_chart(analysis: &Analysis, title: &str, notes: &[String]) -> Result<Picture, Error> {
    let names = unit_names(analysis);
    let mut units: Vec<&Account> =
        analysis.ledger().units.iter().filter(|unit| unit.id.is_some() && unit.gross.is_some()).collect();
    let left_out = units.len().saturating_sub(MOST_BARS);
    units.sort_by(|a, b| b.construction_m2.total_cmp(&a.construction_m2));
    units.truncate(MOST_BARS);
    // Hardest worked first.
    units.sort_by(|a, b| {
        b.gross.unwrap_or(0.0).total_cmp(&a.gross.unwrap_or(0.0)).then_with(|| a.id.cmp(&b.id))
    });
    let bars = units.iter().map(|unit| {
        let id = unit.id.as_deref().unwrap_or_default();
        let note = unit.headroom_lower_m2.zip(unit.headroom_m2).map_or_else(String::new, |(least, most)| {
            let ha = |area: f64| people_number(area.abs() / 1e4, 1);
            match unit.status {
                WarningStatus::Exceeded => format!("{} ha over", ha(most)),
                WarningStatus::Below => format!("{} ha left", ha(least)),
                _ => format!("{} ha over to {} ha left", ha(least), ha(most)),
            }
        });
        bar(unit, names.get(id).map_or_else(|| id.to_owned(), ToString::to_string), note)
    });
    let chart = Chart {
        title: title.to_owned(),
        subtitle: "Construction land as a share of all land, against the limit of each unit".into(),
        axis: String::new(),
        bars: bars.collect(),
        legend: [
            (WarningStatus::Exceeded, "limit passed"),
            (WarningStatus::Undetermined, "what is not known decides"),
            (WarningStatus::Below, "below"),
            (WarningStatus::NotAssessed, "no limit"),
        ]
        .into_iter()
        .filter(|(status, _)| units.iter().any(|unit| unit.status == *status))
        .map(|(status, label)| (color(status), label.into()))
        .collect(),
        mark: "limit".into(),
        footnotes: std::iter::once(footer(analysis))
            .chain(sources(analysis.ledger()))
            .chain(streets(&analysis.ledger().total, Voice::of(Language::English)))
            .chain(
                (left_out > 0).then(|| format!("{left_out} units with less construction land are left out.")),
            )
            .chain(notes.iter().cloned())
            .collect(),
        ..Chart::new(Direction::Rows)
    };
    chart.render()
}

/// Who set the limits, in words.
fn sources(ledger: &Ledger) -> Option<String> {
    let mut sources: Vec<&str> =
        ledger.units.iter().filter_map(|unit| unit.limit_source.as_deref()).collect();
    sources.sort_unstable();
    sources.dedup();
    (!sources.is_empty()).then(|| format!("Limits: {}.", sources.join("; ")))
}

fn color(status: WarningStatus) -> Color {
    match status {
        WarningStatus::Exceeded => style::GRADES[0],
        WarningStatus::Undetermined => style::GRADES[1],
        WarningStatus::Below => style::GRADES[3],
        WarningStatus::NotAssessed => Color::rgb(150, 150, 150),
    }
}

fn bar(unit: &Account, label: String, note: String) -> Bar {
    let low = unit.gross.unwrap_or(0.0);
    Bar {
        label,
        low,
        high: unit.gross_upper.filter(|high| *high > low + 5e-4),
        mark: unit.warning_line,
        color: color(unit.status),
        note,
    }
}

/// Draws intensity over distance from the lines; none where no bands were asked for.
///
/// # Errors
/// As [`Chart::render`].
pub fn gradient_chart(analysis: &Analysis, title: &str, notes: &[String]) -> Option<Result<Picture, Error>> {
    let gradient = analysis.gradient()?;
    // A band without land has no intensity.
    let bands = gradient.units.iter().filter(|unit| unit.id.is_some() && unit.gross.is_some());
    let bars = bands.map(|unit| {
        let note = format!("of {} ha", people_number(unit.land_m2 / 1e4, 1));
        let id = unit.id.as_deref().unwrap_or_default().replace('-', "–");
        Bar { mark: None, ..bar(unit, id, note) }
    });
    let chart = Chart {
        title: title.to_owned(),
        subtitle:
            "Construction land as a share of all land, by distance from the lines that exclude construction"
                .into(),
        bars: bars.collect(),
        legend: vec![(color(WarningStatus::NotAssessed), "construction land".into())],
        footnotes: std::iter::once(footer(analysis))
            .chain(streets(&gradient.total, Voice::of(Language::English)))
            .chain(notes.iter().cloned())
            .collect(),
        ..Chart::new(Direction::Columns)
    };
    Some(chart.render())
}

//! What the map draws: the shapes of each layer, and what its legend says.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use geo::MultiPolygon;
use geojson::{Feature, FeatureCollection};
use serde_json::Value;

use super::PageInput;
use crate::report::form::{Form, fill, number, text};

/// Shapes inside lines that are drawn, the largest first; the rest is in the layer's file.
const MOST_INSIDE: usize = 3_000;

/// Hatches that tell tiers apart; further tiers begin again.
const TIERS: usize = 4;

/// One shape with its words.
pub(super) struct Shape {
    pub(super) polygons: MultiPolygon,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// Shapes of a kind, and what the legend says of them.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) shapes: Vec<Shape>,
    /// Class of the swatch, words, note.
    pub(super) legend: Vec<(&'static str, String, String)>,
}

pub(super) fn features(layer: Option<&FeatureCollection>) -> &[Feature] {
    layer.map_or(&[], |layer| &layer.features)
}

/// The polygons of a feature; none in one without.
fn polygons(feature: &Feature) -> MultiPolygon {
    match feature.geometry.clone().map(geo::Geometry::try_from) {
        Some(Ok(geo::Geometry::Polygon(polygon))) => polygon.into(),
        Some(Ok(geo::Geometry::MultiPolygon(polygons))) => polygons,
        _ => MultiPolygon(Vec::new()),
    }
}

/// Properties as one value.
pub(super) fn properties(feature: &Feature) -> Value {
    Value::Object(feature.properties.clone().unwrap_or_default())
}

/// A value as it is written.
pub(super) fn shown(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string().trim_end_matches(".0").to_owned()),
        other => Some(other.to_string()),
    }
}

/// What a site is called: its number.
pub(super) fn site_name(feature: &Feature) -> String {
    shown(feature.property("site")).unwrap_or_default()
}

/// Name of a district, else its id.
pub(super) fn name(feature: &Feature) -> String {
    let own = |key| shown(feature.property(key)).filter(|text| !text.is_empty());
    own("name").or_else(|| own("id")).unwrap_or_default()
}

pub(super) fn sites(input: &PageInput, form: Form) -> Layer {
    let shape = |feature: &Feature| {
        let own = properties(feature);
        let [site, area] = [site_name(feature), form.area(number(&own, "/net_area_m2"))];
        let parcels = form.count(number(&own, "/parcels"));
        let title = fill(form.0.site_title, &[("site", &site), ("area", &area), ("parcels", &parcels)]);
        Shape { polygons: polygons(feature), class: "site", title }
    };
    let area = form.short_area(number(&input.summary, "/clusters/area_m2"));
    Layer {
        shapes: features(input.sites.as_ref()).iter().map(shape).collect(),
        legend: vec![("site", form.0.low_site.into(), area)],
    }
}

pub(super) fn districts(input: &PageInput, form: Form) -> Layer {
    // Over parcels a district is a line alone.
    let class = if input.parcels.is_some() { "district over" } else { "district" };
    let shape = |feature: &Feature| {
        let own = properties(feature);
        let gross = form.percents(number(&own, "/gross"), number(&own, "/gross_upper"));
        let title = fill(form.0.district_title, &[("name", &name(feature)), ("gross", &gross)]);
        Shape { polygons: polygons(feature), class, title }
    };
    let land = form.short_area(number(&input.summary, "/intensity/land_m2"));
    Layer {
        shapes: features(input.districts.as_ref()).iter().map(shape).collect(),
        legend: vec![("district", form.0.district.into(), land)],
    }
}

/// Lines that exclude by tier, those that confine and those that reserve.
pub(super) fn lines(input: &PageInput, form: Form) -> Layer {
    const CLASSES: [&str; TIERS] = ["tier t0", "tier t1", "tier t2", "tier t3"];
    let all = features(input.control_lines.as_ref());
    let own = |feature: &Feature, key| shown(feature.property(key)).unwrap_or_default();
    let excludes = |feature: &&Feature| own(feature, "effect") == "exclude";
    let mut tiers: Vec<String> = all.iter().filter(excludes).map(|feature| own(feature, "tier")).collect();
    tiers.sort();
    tiers.dedup();
    let mut areas: BTreeMap<(usize, &'static str), (String, f64)> = BTreeMap::new();
    let mut shapes = Vec::new();
    for feature in all {
        let (effect, tier) = (own(feature, "effect"), own(feature, "tier"));
        let at = tiers.binary_search(&tier).unwrap_or_default();
        let (order, class) = match &*effect {
            "confine" => (usize::MAX - 1, "confine"),
            "reserve" => (usize::MAX, "reserve"),
            _ => (at, CLASSES[at % TIERS]),
        };
        let word = form.word(&effect);
        let label = if class.starts_with("tier") && !tier.is_empty() {
            format!("{word}: {tier}")
        } else {
            word.to_owned()
        };
        let area = feature.property("area_m2").and_then(Value::as_f64);
        areas.entry((order, class)).or_insert_with(|| (label.clone(), 0.0)).1 += area.unwrap_or(f64::NAN);
        let title = fill(
            form.0.line_title,
            &[("id", &own(feature, "id")), ("what", &label), ("area", &form.area(area))],
        );
        shapes.push(Shape { polygons: polygons(feature), class, title });
    }
    let note = |area: f64| form.short_area(Some(area));
    Layer {
        shapes,
        legend: areas.into_iter().map(|((_, class), (label, area))| (class, label, note(area))).collect(),
    }
}

/// What stands inside the lines, the largest where there are too many.
pub(super) fn inside(input: &PageInput, form: Form) -> Layer {
    let area = |feature: &Feature| {
        let own = properties(feature);
        number(&own, "/certain_m2").or_else(|| number(&own, "/control_m2"))
    };
    let all = features(input.inside_lines.as_ref());
    let mut order: Vec<usize> = (0..all.len()).collect();
    let size = |at: usize| area(&all[at]).unwrap_or(0.0);
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    order.truncate(MOST_INSIDE);
    order.sort_unstable();
    let shape = |at: usize| {
        let own = properties(&all[at]);
        let what = text(&own, "/standing").or_else(|| text(&own, "/status"));
        let class = match what {
            Some("exempt" | "permitted" | "grandfathered") => "inside allowed",
            Some("unreviewed" | "unknown") => "inside open",
            _ => "inside",
        };
        let what = what.map_or("", |what| form.word(what));
        let id = shown(own.get("id")).unwrap_or_default();
        let title =
            fill(form.0.inside_title, &[("id", &id), ("what", what), ("area", &form.area(area(&all[at])))]);
        Shape { polygons: polygons(&all[at]), class, title }
    };
    let shapes: Vec<Shape> = order.into_iter().map(shape).collect();
    let words = form.0;
    let legend = [
        ("inside", words.inside_now),
        ("inside allowed", words.inside_allowed),
        ("inside open", words.inside_open),
    ];
    let mut legend = counted(&shapes, legend, form);
    if shapes.len() < all.len() {
        let [count, all] = [shapes.len(), all.len()].map(|count| form.count(Some(count as f64)));
        legend.push(("unseen", fill(words.inside_cut, &[("count", &count), ("all", &all)]), String::new()));
    }
    Layer { shapes, legend }
}

/// Classes of parcels: not a candidate, low, the others in thirds by score, not known.
const PARCELS: [&str; 6] = ["p base", "p g0", "p g1", "p g2", "p g3", "p open"];

/// Scores of the parcels that are not low, in order, each the greater the better.
struct Thirds {
    sign: f64,
    rest: Vec<f64>,
}

impl Thirds {
    fn of(input: &PageInput, parcels: &[&Feature]) -> Self {
        let lower = text(&input.summary, "/efficiency/direction") == Some("lower_is_better");
        let mut own = Self { sign: if lower { -1.0 } else { 1.0 }, rest: Vec::new() };
        let others = parcels.iter().filter(|parcel| verdict(parcel) == "not_low");
        own.rest = others.filter_map(|parcel| own.score(parcel)).collect();
        own.rest.sort_by(f64::total_cmp);
        own
    }

    fn score(&self, parcel: &Feature) -> Option<f64> {
        Some(self.sign * parcel.property("lu_score")?.as_f64()?)
    }

    /// Position of a parcel's class.
    fn class(&self, parcel: &Feature) -> usize {
        match &*verdict(parcel) {
            "low" => 1,
            "unknown" => 5,
            "not_low" => self.score(parcel).map_or(4, |score| {
                let below = self.rest.partition_point(|&other| other < score);
                2 + (below * 3 / self.rest.len().max(1)).min(2)
            }),
            _ => 0,
        }
    }
}

fn verdict(parcel: &Feature) -> String {
    shown(parcel.property("lu_verdict")).unwrap_or_default()
}

/// Parcels by verdict, those that are not low in thirds by score.
pub(super) fn parcels(input: &PageInput, form: Form) -> Layer {
    let is_first = |feature: &&Feature| feature.property("lu_first").and_then(Value::as_bool) != Some(false);
    let all: Vec<&Feature> = features(input.parcels.as_ref()).iter().filter(is_first).collect();
    let thirds = Thirds::of(input, &all);
    let shape = |parcel: &&Feature| {
        let id =
            shown(parcel.property("lu_parcel")).or_else(|| shown(parcel.property("id"))).unwrap_or_default();
        let area = form.area(parcel.property("lu_area_m2").and_then(Value::as_f64));
        let verdict = verdict(parcel);
        let title = fill(form.0.parcel_title, &[("id", &id), ("what", form.word(&verdict)), ("area", &area)]);
        Shape { polygons: polygons(parcel), class: PARCELS[thirds.class(parcel)], title }
    };
    let mut shapes: Vec<Shape> = all.iter().map(shape).collect();
    shapes.sort_by(in_order);
    let words = form.0;
    let labels = [
        words.not_candidate,
        words.low,
        words.lower_third,
        words.middle_third,
        words.upper_third,
        words.not_known,
    ];
    let legend = counted(&shapes, PARCELS.into_iter().zip(labels), form);
    Layer { shapes, legend }
}

/// Classes of which there are shapes, with their words and how many there are.
fn counted(
    shapes: &[Shape],
    classes: impl IntoIterator<Item = (&'static str, &'static str)>,
    form: Form,
) -> Vec<(&'static str, String, String)> {
    let count = |class: &str| shapes.iter().filter(|shape| shape.class == class).count();
    let classes = classes
        .into_iter()
        .map(|(class, label)| (class, label, count(class)))
        .filter(|(.., count)| *count > 0);
    classes.map(|(class, label, count)| (class, label.to_owned(), form.count(Some(count as f64)))).collect()
}

/// An order that the order of the file does not change.
fn in_order(a: &Shape, b: &Shape) -> Ordering {
    let first = |shape: &Shape| {
        shape.polygons.0.first().and_then(|p| p.exterior().0.first().copied()).unwrap_or_default()
    };
    let (p, q) = (first(a), first(b));
    p.x.total_cmp(&q.x)
        .then(p.y.total_cmp(&q.y))
        .then_with(|| a.title.cmp(&b.title))
        .then_with(|| a.class.cmp(b.class))
}

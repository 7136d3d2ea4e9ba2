//! The first screen: five figures with their intervals, and the warnings that matter.

use serde_json::Value;

use super::PageInput;
use super::html::Html;
use crate::Language;
use crate::report::form::{Form, fill, list, number, text};

/// Warnings that tell how something was read and change no figure; all the others stand on the first screen.
const MINOR: [&str; 12] = [
    "property_left_out",
    "ordinates_dropped",
    "closed_lines_taken",
    "collections_taken",
    "boundaries_repaired",
    "buildings_joined",
    "firms_joined",
    "checks_applied",
    "district_slivers",
    "lines_repeated",
    "buildings_repeated",
    "more_built_beyond",
];

/// Warnings on the first screen; all of them stand under data quality.
const FIRST_WARNINGS: usize = 7;

/// A figure with what it rests on.
struct Figure {
    label: &'static str,
    value: String,
    /// What the value counts, or the value in another unit.
    beside: String,
    interval: String,
    sentence: String,
    tone: &'static str,
}

impl Figure {
    fn push(&self, html: &mut Html) {
        html.raw("<li class=\"figure ").raw(self.tone).raw("\"><h3>").text(self.label).raw("</h3>");
        html.element("<p class=\"value\">", &self.value, " ").element(
            "<small>",
            &self.beside,
            "</small></p>",
        );
        html.element("<p class=\"interval\">", &self.interval, "</p>");
        html.element("<p>", &self.sentence, "</p></li>\n");
    }
}

pub(super) fn push(html: &mut Html, input: &PageInput, form: Form) {
    let summary = &input.summary;
    html.raw("<ul class=\"figures\">\n");
    for figure in [
        parcels(summary, form),
        low(summary, form),
        sites(summary, form),
        inside(summary, form),
        intensity(summary, form),
    ] {
        figure.push(html);
    }
    html.raw("</ul>\n");
}

fn parcels(summary: &Value, form: Form) -> Figure {
    let words = form.0;
    let figure = |key: &str| number(summary, key);
    let known =
        figure("/parcels/count").zip(figure("/parcels/floor_area_unknown")).filter(|(count, _)| *count > 0.0);
    let known = form.percent(known.map(|(count, unknown)| 1.0 - unknown / count));
    let [rejected, repaired] = ["/parcels/rejected", "/parcels/repaired"].map(|key| form.count(figure(key)));
    let records = form.count(figure("/parcels/records"));
    Figure {
        label: words.parcels,
        value: form.count(figure("/parcels/count")),
        beside: form.area(figure("/parcels/union_area_m2")),
        interval: fill(words.records_line, &[("records", &records)]),
        sentence: fill(
            words.parcels_sentence,
            &[("rejected", &rejected), ("repaired", &repaired), ("known", &known)],
        ),
        tone: "",
    }
}

/// Whether there is a rule by which parcels were judged.
fn is_judged(summary: &Value) -> bool {
    text(summary, "/efficiency/rule").is_some()
        || number(summary, "/efficiency/known").is_some_and(|count| count > 0.0)
}

fn not_judged(label: &'static str, form: Form) -> Figure {
    let words = form.0;
    Figure {
        label,
        value: words.not_known.into(),
        beside: String::new(),
        interval: String::new(),
        sentence: words.not_judged.into(),
        tone: "",
    }
}

fn low(summary: &Value, form: Form) -> Figure {
    let words = form.0;
    if !is_judged(summary) {
        return not_judged(words.low_land, form);
    }
    let figure = |key: &str| number(summary, key);
    let low_m2 = figure("/efficiency/low_area_m2");
    let open_m2 = figure("/efficiency/stock/unknown/area_m2");
    let most_m2 = low_m2.zip(open_m2).map(|(low, open)| low + open);
    let known =
        figure("/efficiency/known").zip(figure("/efficiency/candidates")).filter(|(_, all)| *all > 0.0);
    let known = form.percent(known.map(|(known, all)| known / all));
    let [low, candidates] =
        ["/efficiency/low_count", "/efficiency/candidates"].map(|key| form.count(figure(key)));
    let score = text(summary, "/efficiency/score").unwrap_or(words.no_score);
    let sentence = if text(summary, "/efficiency/basis") == Some("quantile") {
        words.suspected_sentence
    } else {
        words.low_sentence
    };
    Figure {
        label: words.low_land,
        value: form.short_area(low_m2),
        beside: fill(words.mu_only, &[("mu", &form.mu(low_m2))]),
        interval: fill(words.if_open_is_low, &[("interval", &form.areas(low_m2, most_m2))]),
        sentence: fill(
            sentence,
            &[("low", &low), ("candidates", &candidates), ("known", &known), ("score", score)],
        ),
        tone: "low",
    }
}

fn sites(summary: &Value, form: Form) -> Figure {
    let words = form.0;
    if !is_judged(summary) {
        return not_judged(words.low_sites, form);
    }
    let figure = |key: &str| number(summary, key);
    let steps = list(summary, "/clusters/sweep");
    let extreme =
        |key: &str, pick: fn(f64, f64) -> f64| steps.iter().filter_map(|step| number(step, key)).reduce(pick);
    let [from, to, narrow, wide] = [
        form.count(extreme("/sites", f64::min)),
        form.count(extreme("/sites", f64::max)),
        form.decimal(extreme("/gap_m", f64::min), 0),
        form.decimal(extreme("/gap_m", f64::max), 0),
    ];
    let sentence = if from == to { words.same_over_gaps } else { words.over_gaps };
    let over_gaps = fill(sentence, &[("from", &from), ("to", &to), ("narrow", &narrow), ("wide", &wide)]);
    let [parcels, beyond] =
        ["/clusters/parcels", "/clusters/beyond_chance"].map(|key| form.count(figure(key)));
    let largest = form.area(figure("/clusters/largest_area_m2"));
    Figure {
        label: words.low_sites,
        value: form.count(figure("/clusters/count")),
        beside: form.area(figure("/clusters/area_m2")),
        interval: if steps.is_empty() { String::new() } else { over_gaps },
        sentence: fill(
            words.sites_sentence,
            &[("parcels", &parcels), ("largest", &largest), ("beyond", &beyond)],
        ),
        tone: "low",
    }
}

fn inside(summary: &Value, form: Form) -> Figure {
    let words = form.0;
    let figure = |key: &str| number(summary, key);
    let known = figure("/intensity/construction_inside_m2");
    let most = known.zip(figure("/intensity/unknown_inside_m2")).map(|(known, unknown)| known + unknown);
    let control = form.area(figure("/intensity/control_m2"));
    let sentence = if known.is_some() {
        fill(words.inside_sentence, &[("control", &control)])
    } else {
        words.no_lines.into()
    };
    let interval = fill(words.if_unknown_is_built, &[("interval", &form.areas(known, most))]);
    Figure {
        label: words.inside_construction,
        value: form.short_area(known),
        beside: known.map_or_else(String::new, |_| fill(words.mu_only, &[("mu", &form.mu(known))])),
        interval: if known.is_some() { interval } else { String::new() },
        sentence,
        tone: "line",
    }
}

fn intensity(summary: &Value, form: Form) -> Figure {
    let words = form.0;
    let figure = |key: &str| number(summary, key);
    let account = summary.get("intensity").unwrap_or(&Value::Null);
    let net = form.percents(figure("/intensity/net"), figure("/intensity/net_upper"));
    Figure {
        label: words.intensity,
        value: form.percents(figure("/intensity/gross"), figure("/intensity/gross_upper")),
        beside: String::new(),
        interval: fill(words.net_line, &[("net", &net)]),
        sentence: standing(account, form),
        tone: tone(account),
    }
}

/// The colour of a status; none without a limit.
pub(super) fn tone(account: &Value) -> &'static str {
    match text(account, "/status") {
        Some("exceeded") => "exceeded",
        Some("below") => "below",
        Some("undetermined") => "undetermined",
        _ => "",
    }
}

/// How an account stands to its limit.
fn standing(account: &Value, form: Form) -> String {
    let words = form.0;
    let Some(limit) = number(account, "/warning_line") else { return words.no_limit.into() };
    let source = text(account, "/limit_source")
        .or_else(|| text(account, "/warning_source"))
        .unwrap_or(words.no_source);
    let passed = number(account, "/headroom_m2").map(|headroom| -headroom);
    let (sentence, by) = match tone(account) {
        "exceeded" => (words.limit_passed, passed),
        "below" => (words.limit_kept, number(account, "/headroom_lower_m2")),
        _ => (words.limit_open, None),
    };
    let [limit, by] = [form.percent(Some(limit)), form.area(by)];
    fill(sentence, &[("limit", &limit), ("source", source), ("by", &by)])
}

/// The text of a warning in a language; the English one where a folder has no other.
pub(super) fn warning_text(warning: &Value, language: Language) -> &str {
    let own = match language {
        Language::English => None,
        Language::Chinese => text(warning, "/text_zh"),
    };
    own.or_else(|| text(warning, "/text")).unwrap_or_default()
}

/// The warnings that change how figures are read.
pub(super) fn push_warnings(html: &mut Html, input: &PageInput, form: Form, language: Language) {
    let matters = |warning: &&Value| text(warning, "/kind").is_none_or(|kind| !MINOR.contains(&kind));
    let all: Vec<&Value> = list(&input.summary, "/warnings").iter().filter(matters).collect();
    html.element("<aside class=\"warnings\"><h3>", form.0.to_know, "</h3>");
    if all.is_empty() {
        html.element("<p>", form.0.no_warnings, "</p>");
    }
    html.raw("<ul>");
    for warning in all.iter().take(FIRST_WARNINGS) {
        html.element("<li>", warning_text(warning, language), "</li>\n");
    }
    html.raw("</ul>");
    let further = all.len().saturating_sub(FIRST_WARNINGS);
    if further > 0 {
        let further = form.count(Some(further as f64));
        html.element(
            "<p><a href=\"#quality\">",
            fill(form.0.further_warnings, &[("count", &further)]),
            "</a></p>",
        );
    }
    html.raw("</aside>\n");
}

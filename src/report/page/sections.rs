//! What follows the first screen: sites, districts, lines, sweeps, data quality, provenance.

use geojson::Feature;
use serde_json::Value;

use super::PageInput;
use super::figures::{tone, warning_text};
use super::html::{Bar, Cell, Head, Html, Table, figures, texts};
use super::layers::{name, properties, shown, site_name};
use crate::Language;
use crate::report::form::{Form, fill, list, number, text};
use crate::report::words::role;

/// Rows of one table; a grid may have a million cells.
const MOST_ROWS: usize = 2_000;

/// Parcels that a site's sentence names.
const NAMED_PARCELS: usize = 3;

/// The first rows of a table, and a note where there are more.
fn cut<T>(rows: Vec<T>) -> (Vec<T>, usize) {
    let further = rows.len().saturating_sub(MOST_ROWS);
    let mut rows = rows;
    rows.truncate(MOST_ROWS);
    (rows, further)
}

fn push_table(html: &mut Html, form: Form, mut table: Table<'_>, file: &str) {
    let (rows, further) = cut(std::mem::take(&mut table.rows));
    table.rows = rows;
    table.push(html);
    if further > 0 {
        let further = form.count(Some(further as f64));
        html.element(
            "<p class=\"note\">",
            fill(form.0.further_rows, &[("count", &further), ("file", file)]),
            "</p>\n",
        );
    }
}

fn share_cell(form: Form, share: Option<f64>) -> Cell {
    Cell::figure(form.percent(share), share)
}

fn ha_cell(form: Form, area_m2: Option<f64>) -> Cell {
    Cell::figure(form.ha(area_m2), area_m2)
}

fn count_cell(form: Form, count: Option<f64>) -> Cell {
    Cell::figure(form.count(count), count)
}

fn section(html: &mut Html, id: &'static str, title: &str, lead: &str) {
    html.raw("<section id=\"").raw(id).raw("\"><h2>").text(title).raw("</h2>\n");
    if !lead.is_empty() {
        html.element("<p class=\"lead\">", lead, "</p>\n");
    }
}

/// Sites, one row each, linked with the map.
pub(super) fn sites(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    section(html, "sites", words.low_sites, words.sites_lead);
    let features = input.sites.as_ref().map_or(&[][..], |sites| &sites.features);
    if features.is_empty() {
        html.element("<p>", words.no_sites, "</p></section>\n");
        return;
    }
    let all: Vec<Value> = features.iter().map(properties).collect();
    let any = |path: &str| all.iter().any(|own| number(own, path).is_some());
    let (lines, owners) = (any("/control_share"), any("/owners"));
    let held = |own: &Value| {
        let of = |entry: &&Value| entry.get("site") == own.get("site");
        number(list(&input.summary, "/sensitivity/held").iter().find(of)?, "/held")
    };
    let swept = !list(&input.summary, "/sensitivity/held").is_empty();
    let mut heads = texts(&[words.site]);
    heads.extend(figures(&[words.net_ha, words.mu_head, words.gross_ha, words.parcels]));
    heads.extend(texts(&[words.size_class]));
    heads.extend(figures(&[words.chance, words.lasts]));
    for (there, head) in [(lines, words.inside_share), (owners, words.owners), (swept, words.held)] {
        heads.extend(figures(if there { std::slice::from_ref(&head) } else { &[] }));
    }
    heads.extend(texts(&[words.verdict]));
    let row = |(feature, own): (&Feature, &Value)| {
        let net = number(own, "/net_area_m2");
        let mut row = vec![
            Cell::text(site_name(feature)),
            ha_cell(form, net),
            Cell::figure(form.mu(net), net),
            ha_cell(form, number(own, "/gross_area_m2")),
            count_cell(form, number(own, "/parcels")),
            Cell::text(form.word(text(own, "/size").unwrap_or_default())),
            Cell::figure(form.decimal(number(own, "/p_area"), 3), number(own, "/p_area")),
            Cell::figure(lasting(own, form), number(own, "/persistence_m")),
        ];
        if lines {
            row.push(share_cell(form, number(own, "/control_share")));
        }
        if owners {
            row.push(count_cell(form, number(own, "/owners")));
        }
        if swept {
            row.push(share_cell(form, held(own)));
        }
        row.push(Cell::text(site_sentence(own, form)));
        row
    };
    let rows = features.iter().zip(&all).map(row).collect();
    let table = Table { is_sites: true, ..Table::new(words.sites_caption, heads, rows) };
    push_table(html, form, table, "clusters.geojson");
    html.raw("</section>\n");
}

/// The gaps over which a site is the same.
fn lasting(site: &Value, form: Form) -> String {
    let Some(birth) = number(site, "/birth_m") else { return form.0.not_known.into() };
    let birth = form.decimal(Some(birth), 1);
    match number(site, "/death_m") {
        Some(death) => fill(form.0.from_to, &[("from", &birth), ("to", &form.decimal(Some(death), 1))]),
        None => fill(form.0.from_on, &[("from", &birth)]),
    }
}

/// What makes a site one, in a sentence.
fn site_sentence(site: &Value, form: Form) -> String {
    let words = form.0;
    let ids: Vec<String> = list(site, "/parcel_ids").iter().filter_map(|id| shown(Some(id))).collect();
    let named = ids[..ids.len().min(NAMED_PARCELS)].join(words.comma);
    let p_area = number(site, "/p_area");
    let chance = match p_area {
        Some(p) if p <= 0.05 => words.beyond_chance,
        Some(_) => words.within_chance,
        None => "",
    };
    let chance = fill(chance, &[("p", &form.percent(p_area))]);
    let sentence = if site.get("single_parcel") == Some(&Value::Bool(true)) {
        words.single_sentence
    } else {
        words.site_sentence
    };
    let further = ids.len().saturating_sub(NAMED_PARCELS);
    let further = if further > 0 {
        fill(words.and_more, &[("count", &form.count(Some(further as f64)))])
    } else {
        String::new()
    };
    let parcels = form.count(number(site, "/parcels"));
    fill(sentence, &[("parcels", &parcels), ("named", &named), ("further", &further), ("chance", &chance)])
}

/// Study units with their ledgers.
pub(super) fn districts(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    section(html, "districts", words.districts_title, words.districts_lead);
    let named: std::collections::HashMap<String, String> = input
        .districts
        .iter()
        .flat_map(|districts| &districts.features)
        .filter_map(|feature| Some((shown(feature.property("id"))?, name(feature))))
        .collect();
    let label = |unit: &Value| match shown(unit.get("id")) {
        None => words.outside_districts.to_owned(),
        Some(id) => match named.get(&id) {
            Some(name) if *name != id => format!("{id} {name}"),
            _ => id,
        },
    };
    // A sliver between a district's border and its parcels is in the files; in a table it would only puzzle.
    let shows = |unit: &&Value| {
        shown(unit.get("id")).is_some() || number(unit, "/land_m2").is_none_or(|land| land > 100.0)
    };
    let units = list(&input.summary, "/districts").iter().filter(shows);
    let mut units: Vec<(String, &Value)> = units.map(|unit| (label(unit), unit)).collect();
    if let (Some(total), true) = (input.summary.get("intensity"), units.len() != 1) {
        units.push((words.all.into(), total));
    }
    legend_of_bars(html, form);
    let mut heads = texts(&[words.district, words.bar_head]);
    heads.extend(figures(&[words.gross, words.limit, words.net, words.land_ha, words.construction_ha]));
    heads.extend(figures(&[
        words.other_ha,
        words.unknown_ha,
        words.unparcelled_ha,
        words.of_it_inside,
        words.headroom_ha,
    ]));
    heads.extend(texts(&[words.status]));
    let rows = units.iter().map(|(label, unit)| district_row(label, unit, form)).collect();
    push_table(html, form, Table::new(words.districts_caption, heads, rows), "intensity.csv");
    html.raw("</section>\n");
}

fn district_row(label: &str, unit: &Value, form: Form) -> Vec<Cell> {
    let figure = |key: &str| number(unit, key);
    let gross = form.percents(figure("/gross"), figure("/gross_upper"));
    let limit = figure("/warning_line");
    let bar = figure("/gross").map(|lower| {
        let said =
            fill(form.0.bar_label, &[("name", label), ("gross", &gross), ("limit", &form.percent(limit))]);
        let upper = figure("/gross_upper").unwrap_or(lower);
        Cell::bar(said, Bar { lower, upper, limit, tone: tone(unit) })
    });
    let inside =
        figure("/construction_inside_m2").zip(figure("/construction_m2")).filter(|(_, all)| *all > 0.0);
    let headroom = match (figure("/headroom_lower_m2"), figure("/headroom_m2")) {
        (Some(least), Some(most)) if most - least >= 0.5 => {
            fill(form.0.from_to, &[("from", &form.ha(Some(least))), ("to", &form.ha(Some(most)))])
        }
        (_, Some(most)) => form.ha(Some(most)),
        _ => form.0.none.into(),
    };
    vec![
        Cell::text(label),
        bar.unwrap_or_else(|| Cell::text(form.0.not_known)),
        Cell::figure(gross, figure("/gross")),
        Cell::figure(limit.map_or_else(|| form.0.none.into(), |limit| form.percent(Some(limit))), limit),
        Cell::figure(form.percents(figure("/net"), figure("/net_upper")), figure("/net")),
        ha_cell(form, figure("/land_m2")),
        ha_cell(form, figure("/construction_m2")),
        ha_cell(form, figure("/other_m2")),
        ha_cell(form, figure("/unknown_m2")),
        ha_cell(form, figure("/unparcelled_m2")),
        share_cell(form, inside.map(|(inside, all)| inside / all)),
        Cell::figure(headroom, figure("/headroom_m2")),
        Cell::text(form.word(text(unit, "/status").unwrap_or_default())),
    ]
}

fn legend_of_bars(html: &mut Html, form: Form) {
    let words = form.0;
    let bar = |tone, limit| Bar { lower: 0.4, upper: 0.7, limit, tone };
    html.raw("<ul class=\"keys\">");
    for (label, bar) in [
        (words.exceeded, bar("exceeded", Some(0.3))),
        (words.undetermined, bar("undetermined", Some(0.55))),
        (words.below, bar("below", Some(0.85))),
        (words.not_assessed, bar("", None)),
    ] {
        html.raw("<li>");
        bar.push(html, label);
        html.element("<span>", label, "</span></li>");
    }
    html.raw("</ul>");
}

/// What stands inside the lines, by tier and by line.
pub(super) fn lines(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    section(html, "lines", words.lines_title, words.lines_lead);
    let all = list(&input.summary, "/control_lines");
    if all.is_empty() {
        html.element("<p>", words.no_lines, "</p></section>\n");
        return;
    }
    let key = |line: &Value| {
        (shown(line.get("effect")).unwrap_or_default(), shown(line.get("tier")).unwrap_or_default())
    };
    let mut tiers: Vec<(String, String)> = all.iter().map(key).collect();
    tiers.sort_by_key(|(effect, tier)| (effect != "exclude", effect.clone(), tier.clone()));
    tiers.dedup();
    let reviewed = all.iter().any(|line| line.get("review").is_some_and(Value::is_object));
    let rows = tiers.iter().map(|tier| {
        let members: Vec<&Value> = all.iter().filter(|line| key(line) == *tier).collect();
        let mut row = vec![
            Cell::text(form.word(&tier.0)),
            Cell::text(tier.1.clone()),
            count_cell(form, Some(members.len() as f64)),
        ];
        row.extend(line_cells(&members, reviewed, form));
        row
    });
    let mut heads = texts(&[words.effect, words.tier]);
    heads.extend(figures(&[words.lines_count]));
    heads.extend(figures(&line_heads(reviewed, form)));
    push_table(html, form, Table::new(words.tiers_caption, heads, rows.collect()), "summary.json");
    let rows = all.iter().map(|line| {
        let (effect, tier) = key(line);
        let mut row = vec![
            Cell::text(shown(line.get("id")).unwrap_or_default()),
            Cell::text(form.word(&effect)),
            Cell::text(tier),
        ];
        row.extend(line_cells(&[line], reviewed, form));
        row
    });
    let mut heads = texts(&[words.line, words.effect, words.tier]);
    heads.extend(figures(&line_heads(reviewed, form)));
    push_table(html, form, Table::new(words.lines_caption, heads, rows.collect()), "summary.json");
    checks(html, input, form);
    html.raw("</section>\n");
}

/// Parts of a review, in order.
const REVIEW: [&str; 8] = [
    "/review/certain_m2",
    "/review/possible_m2",
    "/review/artefact_m2",
    "/review/exempt_m2",
    "/review/permitted_m2",
    "/review/grandfathered_m2",
    "/review/encroaching_m2",
    "/review/unreviewed_m2",
];

fn line_heads(reviewed: bool, form: Form) -> Vec<&'static str> {
    let words = form.0;
    let mut heads = vec![words.area_ha, words.construction_ha];
    if reviewed {
        heads.extend([words.certain_ha, words.possible_ha, words.artefact_ha]);
        heads.extend([
            words.exempt,
            words.permitted,
            words.grandfathered,
            words.encroaching,
            words.unreviewed,
        ]);
    }
    heads
}

/// Sums over lines, m²; unknown where no line has the figure.
fn line_cells(lines: &[&Value], reviewed: bool, form: Form) -> Vec<Cell> {
    let sum = |path: &str| lines.iter().filter_map(|line| number(line, path)).reduce(|a, b| a + b);
    let said = |sum: Option<f64>| {
        Cell::figure(sum.map_or_else(|| form.0.none.into(), |sum| form.ha(Some(sum))), sum)
    };
    let review = if reviewed { &REVIEW[..] } else { &[] };
    ["/area_m2", "/construction_m2"].iter().chain(review).map(|path| said(sum(path))).collect()
}

/// Lines that confine construction or reserve land.
fn checks(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    if let Some(confine) = input.summary.pointer("/constraints/confine").filter(|check| check.is_object()) {
        let outside = number(confine, "/construction_outside_m2");
        let most =
            outside.zip(number(confine, "/unknown_outside_m2")).map(|(known, unknown)| known + unknown);
        let said = fill(
            words.confine_sentence,
            &[
                ("outside", &form.areas(outside, most)),
                ("parcels", &form.count(number(confine, "/parcels_outside"))),
                ("partial", &form.count(number(confine, "/parcels_partial"))),
                ("errors", &form.area(number(confine, "/uncertain_m2"))),
                ("status", form.word(text(confine, "/status").unwrap_or_default())),
            ],
        );
        html.element("<p>", said, "</p>\n");
    }
    let rows = list(&input.summary, "/constraints/reserve/lines");
    if rows.is_empty() {
        return;
    }
    let row = |line: &Value| {
        let share = number(line, "/share");
        vec![
            Cell::text(shown(line.get("id")).unwrap_or_default()),
            ha_cell(form, number(line, "/line_m2")),
            Cell::figure(form.percents(share, number(line, "/share_upper")), share),
            share_cell(form, number(line, "/min_share")),
            Cell::text(form.word(text(line, "/status").unwrap_or_default())),
        ]
    };
    let mut heads = texts(&[words.line]);
    heads.extend(figures(&[words.land_ha, words.used_so, words.at_least]));
    heads.extend(texts(&[words.check]));
    push_table(
        html,
        form,
        Table::new(words.reserve_caption, heads, rows.iter().map(row).collect()),
        "summary.json",
    );
}

/// Sites by gap rule, and how findings hang on the settings.
pub(super) fn settings(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    section(html, "settings", words.settings_title, words.settings_lead);
    let own = number(&input.summary, "/adjacency/gap_m");
    let row = |step: &Value| {
        let gap = number(step, "/gap_m");
        let mark = if gap.is_some() && gap == own { words.this_run } else { "" };
        vec![
            Cell::figure(format!("{} {mark}", form.decimal(gap, 0)), gap),
            count_cell(form, number(step, "/sites")),
            count_cell(form, number(step, "/parcels")),
            ha_cell(form, number(step, "/area_m2")),
            share_cell(form, number(step, "/largest_share")),
        ]
    };
    let heads = figures(&[words.gap_m, words.low_sites, words.parcels, words.area_ha, words.largest_share]);
    let rows = list(&input.summary, "/clusters/sweep").iter().map(row).collect();
    html.raw("<div class=\"pair\">");
    push_table(html, form, Table::new(words.sweep_caption, heads, rows), "summary.json");
    sensitivity(html, input, form);
    html.raw("</div></section>\n");
}

fn sensitivity(html: &mut Html, input: &PageInput, form: Form) {
    let words = form.0;
    let Some(swept) = input.summary.get("sensitivity").filter(|swept| swept.is_object()) else { return };
    let row = |step: &Value| {
        let setting = number(step, "/setting");
        vec![
            Cell::figure(form.decimal(setting, 2), setting),
            Cell::figure(form.decimal(number(step, "/threshold"), 3), number(step, "/threshold")),
            count_cell(form, number(step, "/low_count")),
            ha_cell(form, number(step, "/low_area_m2")),
        ]
    };
    let heads = figures(&[words.setting, words.threshold, words.low_parcels, words.area_ha]);
    some_table(
        html,
        form,
        words.thresholds_caption,
        heads,
        list(swept, "/thresholds").iter().map(row).collect(),
    );
    let row = |step: &Value| {
        let moved = number(step, "/buffer_m");
        let inside = number(step, "/construction_inside_m2");
        vec![
            Cell::figure(form.decimal(moved, 0), moved),
            ha_cell(form, inside),
            count_cell(form, number(step, "/parcels")),
        ]
    };
    let heads = figures(&[words.moved_m, words.construction_ha, words.parcels]);
    some_table(html, form, words.moved_caption, heads, list(swept, "/buffers").iter().map(row).collect());
    let row = |unit: &Value| {
        let statuses = list(unit, "/status")
            .iter()
            .map(|status| Cell::text(form.word(status.as_str().unwrap_or_default())));
        let share = |path| share_cell(form, number(unit, path));
        let ends = [share("/exceeds_below"), share("/below_from")];
        std::iter::once(Cell::text(shown(unit.get("id")).unwrap_or_default()))
            .chain(ends)
            .chain(statuses)
            .collect()
    };
    let mut heads = texts(&[words.district]);
    heads.extend(figures(&[words.exceeds_below, words.below_from]));
    let limits = list(swept, "/warning_lines").iter().map(|limit| form.percent(limit.as_f64()));
    heads.extend(limits.map(|text| Head { text: text.into(), is_figure: false }));
    some_table(html, form, words.tips_caption, heads, list(swept, "/units").iter().map(row).collect());
}

fn some_table(html: &mut Html, form: Form, caption: &str, heads: Vec<Head>, rows: Vec<Vec<Cell>>) {
    if !rows.is_empty() {
        push_table(html, form, Table::new(caption, heads, rows), "summary.json");
    }
}

/// What is not known, was mended or put aside; all warnings.
pub(super) fn quality(html: &mut Html, input: &PageInput, form: Form, language: Language) {
    let words = form.0;
    section(html, "quality", words.quality_title, words.quality_lead);
    let summary = &input.summary;
    let count = |path: &str| form.count(number(summary, path));
    let area = |path: &str| form.area(number(summary, path));
    let facts = [
        (words.records_read, count("/parcels/records")),
        (words.rejected, count("/parcels/rejected")),
        (words.repaired, count("/parcels/repaired")),
        (words.parcels, count("/parcels/count")),
        (words.stacks, count("/parcels/stacks")),
        (words.repeated, count("/parcels/repeated")),
        (words.duplicate_ids, count("/parcels/duplicate_ids")),
        (words.overlapping_pairs, count("/coverage/overlapping_pairs")),
        (words.overlap_area, area("/coverage/overlap_area_m2")),
        (words.floor_unknown, count("/parcels/floor_area_unknown")),
        (words.candidates_unknown, count("/efficiency/unknown")),
        (words.unknown_land, area("/intensity/unknown_m2")),
        (words.unparcelled_land, area("/intensity/unparcelled_m2")),
        (
            words.residual,
            number(summary, "/intensity/residual")
                .map_or_else(|| words.not_known.into(), |x| format!("{x:.1e}")),
        ),
    ];
    html.raw("<dl class=\"facts\">");
    for (label, value) in facts {
        html.element("<div><dt>", label, "</dt>").element("<dd>", value, "</dd></div>\n");
    }
    html.raw("</dl>");
    html.element("<h3>", words.all_warnings, "</h3><ul class=\"all\">");
    for warning in list(summary, "/warnings") {
        html.element("<li>", warning_text(warning, language), "</li>\n");
    }
    html.raw("</ul></section>\n");
}

/// Where the figures come from.
pub(super) fn provenance(html: &mut Html, input: &PageInput, form: Form, language: Language) {
    let words = form.0;
    section(html, "provenance", words.provenance_title, "");
    let row = |file: &Value| {
        let path = text(file, "/name").unwrap_or_default();
        // The folder is that of one machine; the hash says which file it was.
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let bytes = number(file, "/bytes");
        vec![
            Cell::text(role(text(file, "/role").unwrap_or_default(), language)),
            Cell::text(name),
            Cell::figure(form.count(bytes), bytes),
            Cell::text(text(file, "/hash").unwrap_or_default()),
        ]
    };
    let mut heads = texts(&[words.role, words.file]);
    heads.extend(figures(&[words.bytes]));
    heads.extend(texts(&[words.hash]));
    some_table(
        html,
        form,
        words.inputs_caption,
        heads,
        list(&input.manifest, "/inputs").iter().map(row).collect(),
    );
    let said = |value: Option<&str>| value.unwrap_or(words.not_known).to_owned();
    let facts = [
        (words.version, said(text(&input.manifest, "/landuse"))),
        (words.source_crs, said(text(&input.summary, "/crs/source"))),
        (words.working_crs, said(text(&input.summary, "/crs/working"))),
        (words.score, said(text(&input.summary, "/efficiency/score"))),
        (
            words.seed,
            shown(input.manifest.pointer("/options/seed")).unwrap_or_else(|| words.not_known.into()),
        ),
    ];
    html.raw("<dl class=\"facts\">");
    for (label, value) in facts {
        html.element("<div><dt>", label, "</dt>").element("<dd>", value, "</dd></div>\n");
    }
    html.raw("</dl>");
    html.element("<h3>", words.methods, "</h3><ul class=\"all\">");
    for method in words.methods_used {
        html.element("<li>", method, "</li>\n");
    }
    html.raw("</ul>");
    if let Some(options) = input.manifest.get("options").filter(|options| options.is_object()) {
        html.element("<details><summary>", words.options, "</summary>");
        html.element("<pre>", serde_json::to_string_pretty(options).unwrap_or_default(), "</pre></details>");
    }
    html.raw("</section>\n");
}

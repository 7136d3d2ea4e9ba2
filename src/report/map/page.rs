//! The page: where title, map, legend, table, scale, north and notes stand.

use std::collections::HashSet;

use tiny_skia::{FillRule, LineCap, LineJoin, PathBuilder, Pixmap, Rect, Stroke, StrokeDash};

use super::label::{Wanted, place};
use super::raster::{Areas, Shade, Transform};
use super::style::{Color, FAINT, FillStyle, INK, LineStyle, RULE, paint};
use super::text::{Fonts, TextStyle};
use super::{Layer, Look, Map, Picture, Table};
use crate::Error;
use crate::geometry::{Coord, Envelope, MultiPolygonArray};

/// Shapes narrower than this many line widths are drawn with half the width.
const SMALL_IN_LINES: f32 = 8.0;
/// Nominal width of a page, pixels: lengths below are in its pixels.
const NOMINAL_WIDTH: f32 = 2400.0;
const MARGIN: f32 = 70.0;
const PANEL: f32 = 640.0;

/// A drawing surface with fonts and the unit that lengths are multiplied with.
pub(super) struct Page<'f> {
    pub(super) pixmap: Pixmap,
    pub(super) fonts: &'f Fonts,
    pub(super) unit: f32,
}

impl Page<'_> {
    pub(super) fn text(&mut self, text: &str, x: f32, y: f32, style: TextStyle) {
        self.fonts.draw(&mut self.pixmap, text, x, y, &style);
    }

    pub(super) fn text_right(&mut self, text: &str, right: f32, y: f32, style: TextStyle) {
        let x = right - self.fonts.width(text, &style);
        self.text(text, x, y, style);
    }

    pub(super) fn text_center(&mut self, text: &str, x: f32, y: f32, style: TextStyle) {
        let x = x - self.fonts.width(text, &style) / 2.0;
        self.text(text, x, y, style);
    }

    pub(super) fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, color: Color) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.pixmap.fill_rect(rect, &paint(color), tiny_skia::Transform::identity(), None);
        }
    }

    pub(super) fn polyline(&mut self, points: &[[f32; 2]], style: &LineStyle) {
        let mut builder = PathBuilder::new();
        for (i, p) in points.iter().enumerate() {
            if i == 0 { builder.move_to(p[0], p[1]) } else { builder.line_to(p[0], p[1]) }
        }
        stroke(&mut self.pixmap, builder, style, self.unit);
    }
}

/// Strokes what was built: the casing first, then the line.
fn stroke(pixmap: &mut Pixmap, builder: PathBuilder, style: &LineStyle, unit: f32) {
    let Some(path) = builder.finish() else { return };
    let mut pass = |color: Color, width: f32, dash: Option<[f32; 2]>| {
        let stroke = Stroke {
            width: width * unit,
            line_join: LineJoin::Round,
            line_cap: if dash.is_some() { LineCap::Butt } else { LineCap::Round },
            dash: dash.and_then(|d| StrokeDash::new(d.map(|l| l * unit).to_vec(), 0.0)),
            ..Stroke::default()
        };
        pixmap.stroke_path(&path, &paint(color), &stroke, tiny_skia::Transform::identity(), None);
    };
    if let Some(casing) = style.casing {
        pass(casing, style.width_px + 4.0, None);
    }
    pass(style.color, style.width_px, style.dash_px);
}

/// Every text of the map, to find out which fonts it needs.
fn texts<'m>(map: &'m Map<'_>) -> impl Iterator<Item = &'m str> {
    let of_layer = |layer: &'m Layer<'_>| {
        let legend: Vec<&str> = match &layer.look {
            Look::Areas { styles, .. } => {
                styles.iter().flat_map(|s| [s.label.as_str(), s.note.as_str()]).collect()
            }
            Look::Lines { label, .. } => vec![label],
        };
        legend.into_iter().chain([layer.heading.as_str()]).chain(layer.labels.iter().map(String::as_str))
    };
    let table = map.table.iter().flat_map(|t| {
        [&t.heading].into_iter().chain(&t.columns).chain(t.rows.iter().flatten()).map(String::as_str)
    });
    [map.title.as_str(), map.subtitle.as_str()]
        .into_iter()
        .chain(map.footnotes.iter().map(String::as_str))
        .chain(map.layers.iter().flat_map(of_layer))
        .chain(table)
}

pub(super) fn draw(map: &Map<'_>) -> Result<Picture, Error> {
    let fonts = Fonts::new(texts(map), map.font.as_deref())?;
    let [width, height] = map.size_px;
    let new = |w: u32, h: u32| {
        let mut pixmap = Pixmap::new(w.max(1), h.max(1)).ok_or(Error::TooLarge {
            what: "pixels",
            found: u64::from(w) * u64::from(h),
            limit: 1 << 29,
        })?;
        pixmap.fill(tiny_skia::Color::WHITE);
        Ok::<_, Error>(pixmap)
    };
    let unit = width as f32 / NOMINAL_WIDTH;
    let mut page = Page { pixmap: new(width, height)?, fonts: &fonts, unit };
    let mut notes = Vec::new();
    let lost: Vec<&str> = texts(map).filter(|text| fonts.drawable(text).1).collect();
    if !lost.is_empty() {
        let chinese = |c: char| matches!(u32::from(c), 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF);
        let han = lost.iter().all(|t| t.chars().all(|c| fonts.has(c) || chinese(c)));
        let what = if han { "labels in Chinese" } else { "characters of some labels" };
        notes.push(format!("{what} left out: no font with these glyphs on this machine"));
    }

    let (left, right) = (MARGIN * unit, width as f32 - MARGIN * unit);
    let top = header(&mut page, map, left, right);
    // Notes about labels are known after the map is drawn, its size before: two lines are kept free for them.
    let note_style = TextStyle::new(20.0 * unit, FAINT);
    let line = 29.0 * unit;
    let footnotes: Vec<String> = map
        .footnotes
        .iter()
        .flat_map(|n| fonts.wrap(&fonts.drawable(n).0, right - left, &note_style))
        .collect();
    let reserved = (footnotes.len() + notes.len() + 1) as f32 * line;
    let bottom = (height as f32 - MARGIN * 0.6 * unit - reserved).max(top + 60.0 * unit);

    let frame_width = (right - left - PANEL * unit - 46.0 * unit).round();
    let frame_height = (bottom - top).round();
    let mut sheet = Page { pixmap: new(frame_width as u32, frame_height as u32)?, fonts: &fonts, unit };
    let transform = map.seen().map(|extent| {
        let sizes = [f64::from(frame_width), f64::from(frame_height)];
        Transform::fit(&extent, sizes[0], sizes[1], 26.0 * f64::from(unit))
    });
    if let Some(transform) = &transform {
        notes.extend(draw_layers(&mut sheet, map, transform));
    } else {
        let style = TextStyle::new(28.0 * unit, FAINT);
        sheet.text_center("nothing to draw", frame_width / 2.0, frame_height / 2.0, style);
    }
    let (x, y) = (left.round(), top.round());
    page.pixmap.draw_pixmap(
        x as i32,
        y as i32,
        sheet.pixmap.as_ref(),
        &tiny_skia::PixmapPaint::default(),
        tiny_skia::Transform::identity(),
        None,
    );
    let border =
        [[x, y], [x + frame_width, y], [x + frame_width, y + frame_height], [x, y + frame_height], [x, y]];
    page.polyline(&border, &LineStyle { color: RULE, width_px: 2.0, dash_px: None, casing: None });

    panel(&mut page, map, transform.as_ref(), [right - PANEL * unit, y, right, y + frame_height]);
    let mut base = y + frame_height + 34.0 * unit;
    for note in footnotes.iter().chain(&notes) {
        let note = fonts.fit(note, right - left, &note_style);
        page.text(&note, left, base, note_style);
        base += line;
    }
    Ok(Picture { pixmap: page.pixmap, notes, dpi: map.dpi })
}

/// Title and subtitle; where the map may begin.
fn header(page: &mut Page<'_>, map: &Map<'_>, left: f32, right: f32) -> f32 {
    let unit = page.unit;
    let fonts = page.fonts;
    let title = TextStyle::new(48.0 * unit, INK).bold();
    let mut y = MARGIN * 0.75 * unit + title.size * 0.8;
    page.text(&fonts.fit(&fonts.drawable(&map.title).0, right - left, &title), left, y, title);
    let subtitle = TextStyle::new(25.0 * unit, FAINT);
    for line in fonts.wrap(&fonts.drawable(&map.subtitle).0, right - left, &subtitle).iter().take(2) {
        y += 42.0 * unit;
        page.text(line, left, y, subtitle);
    }
    y + 30.0 * unit
}

/// Areas first to last, then lines, then numbers and names. Returns notes on what found no room.
fn draw_layers(sheet: &mut Page<'_>, map: &Map<'_>, transform: &Transform) -> Vec<String> {
    let unit = sheet.unit;
    let [width, height] = [sheet.pixmap.width(), sheet.pixmap.height()];
    let frame = Envelope { min: [0.0; 2], max: [f64::from(width), f64::from(height)] };
    for layer in &map.layers {
        match &layer.look {
            Look::Areas { class, styles } => {
                let shades: Vec<Shade> = styles.iter().map(|s| Shade::new(s, f64::from(unit))).collect();
                let areas = Areas { geometry: layer.geometry, class, shades: &shades };
                areas.paint(transform, sheet.pixmap.data_mut(), width as usize);
            }
            Look::Lines { style, .. } => {
                let small_px = f64::from(SMALL_IN_LINES * style.width_px * unit);
                let [bold, fine] = linework(layer.geometry, transform, &frame, small_px);
                stroke(
                    &mut sheet.pixmap,
                    fine,
                    &LineStyle { width_px: style.width_px / 2.0, ..style.clone() },
                    unit,
                );
                stroke(&mut sheet.pixmap, bold, style, unit);
            }
        }
    }
    draw_labels(sheet, map, transform, &frame)
}

fn draw_labels(sheet: &mut Page<'_>, map: &Map<'_>, transform: &Transform, frame: &Envelope) -> Vec<String> {
    let unit = sheet.unit;
    let fonts = sheet.fonts;
    let style = |numbered: bool| {
        if numbered {
            TextStyle::new(26.0 * unit, INK).bold().halo()
        } else {
            TextStyle::new(23.0 * unit, Color::rgb(58, 66, 74)).halo()
        }
    };
    let mut wanted = Vec::new();
    // Numbers choose first, whatever the order of the layers.
    for numbered in [true, false] {
        for layer in map.layers.iter().filter(|layer| layer.numbered == numbered) {
            for (geometry, label) in layer.geometry.iter().zip(layer.labels) {
                let text = fonts.drawable(label).0;
                if !text.is_empty() {
                    let style = style(numbered);
                    let size = [fonts.width(&text, &style), style.size].map(f64::from);
                    wanted.push(Wanted { text, geometry, size: size.map(|s| s * 1.08), leader: numbered });
                }
            }
        }
    }
    let margin = -6.0 * f64::from(unit);
    let placed = place(&wanted, transform, &frame.grown(margin));
    let leader =
        LineStyle { color: INK, width_px: 2.2, dash_px: None, casing: Some(Color::WHITE.with_alpha(200)) };
    for p in &placed {
        if let Some(to) = p.leader_to {
            sheet.polyline(&[p.center, to].map(|c| c.map(|v| v as f32)), &leader);
        }
    }
    for p in placed.iter().rev() {
        let style = style(wanted[p.wanted].leader);
        let [x, y] = p.center.map(|v| v as f32);
        sheet.text_center(&wanted[p.wanted].text, x, y + style.size * 0.36, style);
    }
    let mut notes = Vec::new();
    for (numbered, what) in [(true, "numbers"), (false, "names")] {
        let asked = wanted.iter().filter(|w| w.leader == numbered).count();
        let shown = placed.iter().filter(|p| wanted[p.wanted].leader == numbered).count();
        if shown < asked {
            notes.push(format!("{} of {asked} {what} left out for want of room", asked - shown));
        }
    }
    notes
}

/// The boundaries as open lines: edges that occur twice are taken once, those far outside of the frame not at all, and
/// detail below half a pixel is dropped. Shapes narrower than `small_px` come second: a full line would hide them.
fn linework(
    geometry: &MultiPolygonArray,
    transform: &Transform,
    frame: &Envelope,
    small_px: f64,
) -> [PathBuilder; 2] {
    let near = frame.grown(40.0);
    let mut seen = HashSet::new();
    let mut builders = [PathBuilder::new(), PathBuilder::new()];
    let is_small = |e: &Envelope| e.width().min(e.height()) * transform.scale < small_px;
    let rings = geometry.iter().flat_map(|g| {
        let small = is_small(&g.envelope());
        g.rings().map(move |ring| (ring, usize::from(small)))
    });
    for (ring, size) in rings {
        let builder = &mut builders[size];
        let mut pen: Option<Coord> = None;
        let mut pending: Option<Coord> = None;
        for edge in ring.windows(2) {
            let [a, b] = [edge[0], edge[1]].map(|c| transform.apply(c));
            let bits = [edge[0], edge[1]].map(|c| c.map(f64::to_bits));
            let key = if bits[0] < bits[1] { bits } else { [bits[1], bits[0]] };
            if !near.intersects(&Envelope::of([a, b])) || !seen.insert(key) {
                if let Some([x, y]) = pending.take() {
                    builder.line_to(x as f32, y as f32);
                }
                pen = None;
                continue;
            }
            let from = pen.unwrap_or_else(|| {
                builder.move_to(a[0] as f32, a[1] as f32);
                a
            });
            pen = Some(from);
            if (b[0] - from[0]).abs().max((b[1] - from[1]).abs()) >= 0.5 {
                builder.line_to(b[0] as f32, b[1] as f32);
                pen = Some(b);
                pending = None;
            } else {
                pending = Some(b);
            }
        }
        if let Some([x, y]) = pending {
            builder.line_to(x as f32, y as f32);
        }
    }
    builders
}

/// The column beside the map: legend, table, scale and north, as large as fits.
fn panel(
    page: &mut Page<'_>,
    map: &Map<'_>,
    transform: Option<&Transform>,
    [left, top, right, bottom]: [f32; 4],
) {
    let unit = page.unit;
    let floor = bottom - 120.0 * unit;
    // Measure on a copy that is not drawn upon, with smaller type until all fits.
    let mut size = 1.0;
    while size > 0.62 {
        let used = legend(page, map, [left, top, right], size, false)
            + map.table.as_ref().map_or(0.0, |t| table_height(t, t.rows.len(), unit * size));
        if top + used <= floor {
            break;
        }
        size -= 0.04;
    }
    let used = legend(page, map, [left, top, right], size, true);
    if let Some(t) = &map.table {
        table(page, t, [left, top + used, right, floor], size);
    }
    if let Some(transform) = transform {
        scale_and_north(page, transform, [left, right, bottom]);
    }
}

/// Draws the legend if `ink`; its height either way.
fn legend(page: &mut Page<'_>, map: &Map<'_>, [left, top, right]: [f32; 3], size: f32, ink: bool) -> f32 {
    let fonts = page.fonts;
    let unit = page.unit * size;
    let words = TextStyle::new(24.0 * unit, INK);
    let small = TextStyle::new(21.0 * unit, FAINT);
    let [swatch_width, swatch_height, gap] = [54.0, 32.0, 18.0].map(|v| v * unit);
    let x = left + swatch_width + gap;
    let mut y = top;
    for layer in &map.layers {
        let entries: Vec<(Swatch<'_>, &str, &str)> = match &layer.look {
            Look::Areas { styles, .. } => {
                styles.iter().map(|s| (Swatch::Fill(s), s.label.as_str(), s.note.as_str())).collect()
            }
            Look::Lines { style, label } => vec![(Swatch::Line(style), label.as_str(), "")],
        };
        if !layer.heading.is_empty() {
            if y > top {
                y += 16.0 * unit;
            }
            y = heading(page, &layer.heading, [left, y, right], size, ink);
        }
        for (swatch, label, note) in entries.into_iter().filter(|e| !e.1.is_empty()) {
            let (label, note) = (fonts.drawable(label).0, fonts.drawable(note).0);
            if ink {
                draw_swatch(page, &swatch, [left, y, swatch_width, swatch_height]);
            }
            let one_line = fonts.width(&label, &words) + fonts.width(&note, &small) + gap <= right - x;
            let base = y + swatch_height * 0.5 + words.size * 0.36;
            let lines = fonts.wrap(&label, right - x, &words);
            for (i, line) in lines.iter().enumerate() {
                if ink {
                    page.text(line, x, base + i as f32 * 31.0 * unit, words);
                }
            }
            let mut extra = lines.len().saturating_sub(1) as f32 * 31.0 * unit;
            if one_line && ink {
                page.text_right(&note, right, base, small);
            } else if !one_line && !note.is_empty() {
                extra += 29.0 * unit;
                if ink {
                    page.text(&fonts.fit(&note, right - x, &small), x, base + extra, small);
                }
            }
            y += 46.0 * unit + extra;
        }
    }
    y + 24.0 * unit - top
}

/// A heading with a rule below; where the text goes on.
fn heading(page: &mut Page<'_>, text: &str, [left, top, right]: [f32; 3], size: f32, ink: bool) -> f32 {
    let unit = page.unit * size;
    let style = TextStyle::new(25.0 * unit, INK).bold();
    if ink {
        let text = page.fonts.fit(&page.fonts.drawable(text).0, right - left, &style);
        page.text(&text, left, top + style.size * 0.85, style);
        page.rect(left, top + 34.0 * unit, right - left, (2.0 * unit).max(1.0), RULE);
    }
    top + 52.0 * unit
}

enum Swatch<'a> {
    Fill(&'a FillStyle),
    Line(&'a LineStyle),
}

fn draw_swatch(page: &mut Page<'_>, swatch: &Swatch<'_>, [x, y, width, height]: [f32; 4]) {
    match swatch {
        Swatch::Fill(style) => {
            let Some(mut sample) = Pixmap::new(width.ceil() as u32, height.ceil() as u32) else { return };
            sample.fill(tiny_skia::Color::WHITE);
            let mut area = MultiPolygonArray::new();
            area.push_ring([[-9.0, -9.0], [999.0, -9.0], [999.0, 999.0], [-9.0, 999.0], [-9.0, -9.0]]);
            area.end_polygon();
            area.end_geometry();
            let shades = [Shade::new(style, f64::from(page.unit))];
            let transform = Transform { scale: 1.0, origin: [0.0, 500.0] };
            let columns = sample.width() as usize;
            Areas { geometry: &area, class: &[0], shades: &shades }.paint(
                &transform,
                sample.data_mut(),
                columns,
            );
            page.pixmap.draw_pixmap(
                x.round() as i32,
                y.round() as i32,
                sample.as_ref(),
                &tiny_skia::PixmapPaint::default(),
                tiny_skia::Transform::identity(),
                None,
            );
            let (x, y) = (x.round(), y.round());
            let (w, h) = (width.ceil(), height.ceil());
            let edge = style.edge.filter(|&e| e != Color::WHITE).unwrap_or(Color::rgb(150, 154, 158));
            let frame = LineStyle { color: edge, width_px: 1.5, dash_px: None, casing: None };
            page.polyline(&[[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]], &frame);
        }
        Swatch::Line(style) => {
            let middle = y + height / 2.0;
            page.polyline(&[[x, middle], [x + width, middle]], style);
        }
    }
}

/// Height of a table with `rows` rows, its heading and the space below it.
fn table_height(table: &Table, rows: usize, unit: f32) -> f32 {
    let heading = if table.heading.is_empty() { 0.0 } else { 52.0 };
    (heading + 34.0 * (rows + 1) as f32 + 10.0) * unit
}

fn table(page: &mut Page<'_>, table: &Table, [left, top, right, floor]: [f32; 4], size: f32) {
    let fonts = page.fonts;
    let unit = page.unit * size;
    let mut y = top;
    if !table.heading.is_empty() {
        y = heading(page, &table.heading, [left, y, right], size, true);
    }
    let titles = TextStyle::new(19.0 * unit, FAINT);
    let cells = TextStyle::new(21.0 * unit, INK);
    let gap = 22.0 * unit;
    let columns = table.columns.len();
    let mut rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| (0..columns).map(|c| row.get(c).map_or(String::new(), |t| fonts.drawable(t).0)).collect())
        .collect();
    let room = (((floor - y) / (34.0 * unit)).floor() - 1.0).max(0.0) as usize;
    let hidden = if rows.len() > room { rows.len() - room.saturating_sub(1) } else { 0 };
    rows.truncate(rows.len() - hidden);
    let mut widths: Vec<f32> = (0..columns)
        .map(|c| {
            let widest = rows.iter().map(|row| fonts.width(&row[c], &cells)).fold(0.0, f32::max);
            widest.max(fonts.width(&table.columns[c], &titles))
        })
        .collect();
    // The widest text column gives way.
    let excess = widths.iter().sum::<f32>() + gap * columns.saturating_sub(1) as f32 - (right - left);
    let is_right = |c: usize| table.right.get(c).copied().unwrap_or(false);
    let widest = (0..columns).filter(|&c| !is_right(c)).max_by(|&a, &b| widths[a].total_cmp(&widths[b]));
    if let Some(widest) = widest {
        // Room to spare goes there too, so that figures stand at the right edge.
        widths[widest] = (widths[widest] - excess).max(40.0 * unit);
    }
    let header = table.columns.iter().map(|t| fonts.drawable(t).0).collect();
    for (i, row) in std::iter::once(&header).chain(&rows).enumerate() {
        let row: &Vec<String> = row;
        let style = if i == 0 { titles } else { cells };
        let base = y + 24.0 * unit;
        let mut x = left;
        for (c, text) in row.iter().enumerate() {
            let text = fonts.fit(text, widths[c] + 1.0, &style);
            if is_right(c) {
                page.text_right(&text, x + widths[c], base, style);
            } else {
                page.text(&text, x, base, style);
            }
            x += widths[c] + gap;
        }
        y += 34.0 * unit;
        if i > 0 && i % 5 == 0 && i < rows.len() {
            page.rect(left, y - 1.0 * unit, right - left, unit.max(1.0), Color::rgb(226, 228, 230));
        }
    }
    if hidden > 0 {
        page.text(&format!("… and {hidden} more"), left, y + 24.0 * unit, titles);
    }
}

/// The longest of 1, 2 or 5 times a power of ten that is at most `limit_m`; its label.
fn round_length(limit_m: f64) -> (f64, String) {
    let power = 10_f64.powf(limit_m.log10().floor());
    let length = [5.0, 2.0, 1.0].into_iter().map(|f| f * power).find(|&l| l <= limit_m).unwrap_or(power);
    let label = if length >= 1000.0 { format!("{} km", length / 1000.0) } else { format!("{length} m") };
    (length, label)
}

fn scale_and_north(page: &mut Page<'_>, transform: &Transform, [left, right, bottom]: [f32; 3]) {
    let unit = page.unit;
    let style = TextStyle::new(21.0 * unit, INK);
    let (length_m, label) = round_length(f64::from(400.0 * unit) / transform.scale);
    let length = (length_m * transform.scale) as f32;
    let [y, height] = [bottom - 22.0 * unit, 11.0 * unit];
    page.rect(left, y, length, height, INK);
    page.rect(
        left + length / 2.0,
        y + 2.0 * unit,
        length / 2.0 - 2.0 * unit,
        height - 4.0 * unit,
        Color::WHITE,
    );
    let base = y - 13.0 * unit;
    page.text("0", left, base, style);
    page.text_center(&label, left + length, base, style);
    let middle = right - 66.0 * unit;
    let (tip, foot) = (bottom - 112.0 * unit, bottom - 38.0 * unit);
    for (side, color) in [(-1.0, INK), (1.0, Color::WHITE)] {
        let mut builder = PathBuilder::new();
        builder.move_to(middle, tip);
        builder.line_to(middle + side * 20.0 * unit, foot);
        builder.line_to(middle, foot - 16.0 * unit);
        builder.close();
        if let Some(path) = builder.finish() {
            let identity = tiny_skia::Transform::identity();
            page.pixmap.fill_path(&path, &paint(color), FillRule::Winding, identity, None);
            let line = Stroke { width: 2.0 * unit, ..Stroke::default() };
            page.pixmap.stroke_path(&path, &paint(INK), &line, identity, None);
        }
    }
    page.text("N", middle + 30.0 * unit, foot - 30.0 * unit, style.bold());
    page.text_center("grid north", middle, bottom - 10.0 * unit, TextStyle::new(18.0 * unit, FAINT));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_bars_have_round_lengths() {
        assert_eq!(round_length(734.0), (500.0, "500 m".to_owned()));
        assert_eq!(round_length(2999.0), (2000.0, "2 km".to_owned()));
        assert_eq!(round_length(1000.0), (1000.0, "1 km".to_owned()));
        assert_eq!(round_length(0.7), (0.5, "0.5 m".to_owned()));
    }

    #[test]
    fn shared_edges_are_drawn_once() {
        let mut array = MultiPolygonArray::new();
        for x in [0.0, 10.0] {
            array.push_ring([[x, 0.0], [x + 10.0, 0.0], [x + 10.0, 10.0], [x, 10.0], [x, 0.0]]);
            array.end_polygon();
            array.end_geometry();
        }
        let transform = Transform { scale: 1.0, origin: [0.0, 10.0] };
        let frame = Envelope { min: [0.0; 2], max: [20.0, 10.0] };
        let [bold, fine] = linework(&array, &transform, &frame, 1.0);
        assert!(fine.finish().is_none());
        let path = bold.finish().unwrap();
        let lines = path.segments().filter(|s| matches!(s, tiny_skia::PathSegment::LineTo(_))).count();
        assert_eq!(lines, 7);
    }
}

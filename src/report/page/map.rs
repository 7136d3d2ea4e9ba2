//! The map as vector shapes in a frame, with its buttons and its legend.

use geo::{Area, InteriorPoint, LineString, MultiPolygon, Polygon, Simplify};

use super::PageInput;
use super::html::Html;
use super::layers::{self, Layer, features, name, site_name};
use crate::crs::{SourceCrs, WorkingCrs, WorkingPlane};
use crate::geometry::Envelope;
use crate::report::form::{Form, text};
use crate::report::text::TOP_SITES;

/// Longer side of the drawing, in its own units: a metre or so of a city.
const SIDE: f64 = 16_000.0;

/// The drawing: its frame and its layers from the ground up.
pub(super) struct Map {
    frame: Frame,
    layers: Vec<(&'static str, &'static str, Layer)>,
    /// Where a label stands, in metres, and whether it is a site's.
    labels: Vec<([f64; 2], String, bool)>,
}

/// Metres to units of the drawing.
struct Frame {
    min: [f64; 2],
    max: [f64; 2],
    units_per_m: f64,
}

impl Map {
    /// The map of a page; none where no layer has a shape.
    pub(super) fn of(input: &PageInput, form: Form) -> Option<Self> {
        let words = form.0;
        let mut layers = [
            ("parcels", words.parcels, layers::parcels(input, form)),
            ("districts", words.districts, layers::districts(input, form)),
            ("lines", words.control_lines, layers::lines(input, form)),
            ("inside", words.inside_lines, layers::inside(input, form)),
            ("sites", words.low_sites, layers::sites(input, form)),
        ];
        project(input, &mut layers);
        let frame = Frame::of(&extent(&layers))?;
        let labels = labels(input, &layers);
        Some(Self {
            frame,
            layers: layers.into_iter().filter(|(.., layer)| !layer.shapes.is_empty()).collect(),
            labels,
        })
    }

    /// The drawing with its buttons and its legend.
    pub(super) fn push(&self, html: &mut Html, form: Form) {
        let words = form.0;
        html.raw("<div class=\"map\" id=\"map\" tabindex=\"0\" role=\"group\" aria-label=\"")
            .text(words.map_help)
            .raw("\">");
        let [width, height] = self.frame.size();
        html.raw("<svg id=\"drawing\" viewBox=\"0 0 ").number(width).raw(" ").number(height);
        html.raw("\" data-m=\"")
            .number(1.0 / self.frame.units_per_m)
            .raw("\" role=\"img\" aria-label=\"")
            .text(words.map)
            .raw("\">");
        html.raw(PATTERNS);
        for (name, _, layer) in &self.layers {
            html.raw("<g id=\"layer-").raw(name).raw("\">\n");
            self.push_shapes(html, layer, *name == "sites");
            html.raw("</g>");
        }
        html.raw("<g id=\"layer-labels\">");
        for (at, label, is_site) in &self.labels {
            let [x, y] = self.frame.units(*at);
            html.raw(if *is_site { "<text class=\"no\" x=\"" } else { "<text x=\"" }).number(x.round());
            html.raw("\" y=\"").number(y.round()).raw("\">").text(label).raw("</text>");
        }
        html.raw("</g></svg><div class=\"tools\">");
        for (id, mark, label) in [
            ("zoom-in", "+", words.zoom_in),
            ("zoom-out", "−", words.zoom_out),
            ("zoom-all", "⤢", words.zoom_all),
        ] {
            html.raw("<button type=\"button\" id=\"")
                .raw(id)
                .raw("\" title=\"")
                .text(label)
                .raw("\" aria-label=\"")
                .text(label)
                .raw("\">")
                .raw(mark)
                .raw("</button>");
        }
        html.raw("</div><div class=\"scale\" id=\"scale\"></div></div>\n");
        self.push_legend(html, form);
    }

    fn push_shapes(&self, html: &mut Html, layer: &Layer, are_sites: bool) {
        for (at, shape) in layer.shapes.iter().enumerate() {
            let path = self.frame.path(&shape.polygons);
            html.raw("<path class=\"").raw(shape.class).raw("\"");
            if are_sites {
                html.raw(" data-site=\"").number(at as f64).raw("\"");
            }
            html.raw(" d=\"").text(path).raw("\"><title>").text(&shape.title).raw("</title></path>\n");
        }
    }

    fn push_legend(&self, html: &mut Html, form: Form) {
        html.raw("<div class=\"legend\"><h3>").text(form.0.legend).raw("</h3>");
        for (name, title, layer) in &self.layers {
            switch(html, name, title);
            html.raw("<ul>");
            for (class, label, note) in &layer.legend {
                html.raw(
                    "<li><svg class=\"swatch\" viewBox=\"0 0 22 14\" aria-hidden=\"true\"><rect class=\"",
                )
                .raw(class);
                html.raw("\" x=\"1\" y=\"1\" width=\"20\" height=\"12\"/></svg><span>")
                    .text(label)
                    .raw("</span><small>")
                    .text(note)
                    .raw("</small></li>");
            }
            html.raw("</ul>");
        }
        if !self.labels.is_empty() {
            switch(html, "labels", form.0.labels);
        }
        html.raw("<p class=\"note\">").text(form.0.map_note).raw("</p></div>\n");
    }
}

fn switch(html: &mut Html, name: &'static str, title: &str) {
    html.raw("<label><input type=\"checkbox\" checked data-layer=\"layer-")
        .raw(name)
        .raw("\"> ")
        .text(title)
        .raw("</label>");
}

/// Hatches of tiers and of what is not known, for the map and for the legend. The script keeps those of the map at one width.
const PATTERNS: &str = concat!(
    "<defs>",
    r#"<pattern id="hatch0" class="hatch" width="7" height="7" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="scale(16) rotate(-45)" data-turn="-45"><path class="h0" d="M0 1H7"/></pattern>"#,
    r#"<pattern id="key0" class="key" width="7" height="7" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="rotate(-45)" data-turn="-45"><path class="h0" d="M0 1H7"/></pattern>"#,
    r#"<pattern id="hatch1" class="hatch" width="8" height="8" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="scale(16) rotate(45)" data-turn="45"><path class="h1" d="M0 1H8"/></pattern>"#,
    r#"<pattern id="key1" class="key" width="8" height="8" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="rotate(45)" data-turn="45"><path class="h1" d="M0 1H8"/></pattern>"#,
    r#"<pattern id="hatch2" class="hatch" width="7" height="7" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="scale(16) rotate(0)" data-turn="0"><path class="h2" d="M0 1H7"/></pattern>"#,
    r#"<pattern id="key2" class="key" width="7" height="7" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="rotate(0)" data-turn="0"><path class="h2" d="M0 1H7"/></pattern>"#,
    r#"<pattern id="hatch3" class="hatch" width="8" height="8" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="scale(16) rotate(90)" data-turn="90"><path class="h3" d="M0 1H8"/></pattern>"#,
    r#"<pattern id="key3" class="key" width="8" height="8" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="rotate(90)" data-turn="90"><path class="h3" d="M0 1H8"/></pattern>"#,
    r#"<pattern id="hatch4" class="hatch" width="4" height="4" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="scale(16) rotate(-45)" data-turn="-45"><path class="h4" d="M0 1H4"/></pattern>"#,
    r#"<pattern id="key4" class="key" width="4" height="4" patternUnits="userSpaceOnUse" "#,
    r#"patternTransform="rotate(-45)" data-turn="-45"><path class="h4" d="M0 1H4"/></pattern>"#,
    "</defs>"
);

impl Frame {
    fn of(extent: &Envelope) -> Option<Self> {
        let size = [extent.max[0] - extent.min[0], extent.max[1] - extent.min[1]];
        let longer = size[0].max(size[1]);
        if !(longer > 0.0 && longer.is_finite()) {
            return None;
        }
        let margin = longer * 0.02;
        let [min, max] =
            [(extent.min, -margin), (extent.max, margin)].map(|(at, by)| [at[0] + by, at[1] + by]);
        Some(Self { min, max, units_per_m: SIDE / (longer + 2.0 * margin) })
    }

    fn size(&self) -> [f64; 2] {
        [0, 1].map(|axis| ((self.max[axis] - self.min[axis]) * self.units_per_m).ceil())
    }

    /// The position of a point; y grows downwards.
    fn units(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [(x - self.min[0]) * self.units_per_m, (self.max[1] - y) * self.units_per_m]
    }

    /// A path of whole units; what bends by less is straight.
    fn path(&self, polygons: &MultiPolygon) -> String {
        let mut path = String::new();
        for ring in
            polygons.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
        {
            let ring: LineString =
                ring.coords().map(|c| <(f64, f64)>::from(self.units([c.x, c.y]))).collect();
            let mut points: Vec<[i64; 2]> =
                ring.simplify(0.7).coords().map(|c| [c.x.round() as i64, c.y.round() as i64]).collect();
            points.dedup();
            push_ring(&mut path, &points);
        }
        path
    }
}

fn push_ring(path: &mut String, points: &[[i64; 2]]) {
    let Some(first) = points.first() else { return };
    path.push_str(&format!("M{} {}", first[0], first[1]));
    // Smaller than a unit: a speck is a finding too.
    if points.len() < 4 {
        path.push_str("h1v1h-1z");
        return;
    }
    path.push('l');
    let last = points.len() - usize::from(points.last() == Some(first));
    for (at, pair) in points[..last].windows(2).enumerate() {
        let [dx, dy] = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
        let blank = |value: i64| if value < 0 { "" } else { " " };
        path.push_str(&format!("{}{dx}{}{dy}", if at == 0 { "" } else { blank(dx) }, blank(dy)));
    }
    path.push('z');
}

/// What the frame shows: the study area. Lines may reach far beyond it, and count where there is nothing else.
fn extent(layers: &[(&str, &str, Layer)]) -> Envelope {
    let of = |names: &[&str]| {
        let own = layers.iter().filter(|(name, ..)| names.contains(name));
        let polygons = own.flat_map(|(.., layer)| &layer.shapes).flat_map(|shape| &shape.polygons);
        Envelope::of(polygons.flat_map(Polygon::exterior).map(|c| [c.x, c.y]))
    };
    let study = of(&["parcels", "districts", "sites"]);
    if study.is_empty() { of(&["inside", "lines"]) } else { study }
}

/// Coordinates of the input to metres in a plane around them; as they are where no engine knows their system.
fn project(input: &PageInput, layers: &mut [(&str, &str, Layer)]) {
    let shapes = || layers.iter().flat_map(|(.., layer)| &layer.shapes);
    let coords = shapes().flat_map(|shape| geo::CoordsIter::coords_iter(&shape.polygons));
    let extent = Envelope::of(coords.map(|c| [c.x, c.y]));
    let source = text(&input.summary, "/crs/source").and_then(|name| name.parse::<SourceCrs>().ok());
    let plane = source.and_then(|source| WorkingPlane::new(&source, &WorkingCrs::Auto, extent).ok());
    let plane = plane.unwrap_or_else(WorkingPlane::local);
    for shape in layers.iter_mut().flat_map(|(.., layer)| &mut layer.shapes) {
        geo::MapCoordsInPlace::map_coords_in_place(&mut shape.polygons, |c| {
            let mut coords = [[c.x, c.y]];
            plane.forward(&mut coords);
            geo::Coord { x: coords[0][0], y: coords[0][1] }
        });
        shape
            .polygons
            .0
            .retain(|polygon| polygon.exterior().coords().all(|c| c.x.is_finite() && c.y.is_finite()));
    }
}

/// Names of more districts than this are no longer read on a map.
const MOST_NAMES: usize = 60;

/// Numbers of the first sites, names of the districts.
fn labels(input: &PageInput, layers: &[(&str, &str, Layer)]) -> Vec<([f64; 2], String, bool)> {
    let mut labels = Vec::new();
    let named = if layers[1].2.shapes.len() > MOST_NAMES { 0 } else { MOST_NAMES };
    for (at, is_site, most) in [(1, false, named), (4, true, TOP_SITES)] {
        let features = features(if is_site { input.sites.as_ref() } else { input.districts.as_ref() });
        for (shape, feature) in layers[at].2.shapes.iter().zip(features).take(most) {
            let largest =
                shape.polygons.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()));
            let Some(point) = largest.and_then(Polygon::interior_point) else { continue };
            let label = if is_site { site_name(feature) } else { name(feature) };
            labels.push(([point.x(), point.y()], label, is_site));
        }
    }
    labels
}

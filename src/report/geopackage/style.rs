//! How layers look in QGIS: the colours of the standard maps, as the XML that it keeps.

use crate::report::columns::Cell;
use crate::report::layer::{Layer, OutputLayer};
use crate::report::palette::{BASE, Color, GRADES, SEQUENTIAL, TIERS, breaks};

/// The default style of a layer.
pub(super) struct Style {
    pub(super) description: &'static str,
    pub(super) qml: String,
}

/// An area: its filling, the pattern of that, its edge.
struct Symbol {
    fill: Color,
    pattern: &'static str,
    edge: Color,
    edge_mm: f64,
}

const INK: Color = Color::rgb(32, 36, 40);
const UNKNOWN: Color = Color::rgb(250, 250, 250);
/// Hatches of tiers of lines, the strictest first.
const PATTERNS: [&str; 4] = ["f_diagonal", "b_diagonal", "horizontal", "vertical"];

impl Symbol {
    fn plain(fill: Color) -> Self {
        Self { fill, pattern: "solid", edge: Color::WHITE, edge_mm: 0.06 }
    }

    fn hatched(color: Color, pattern: &'static str) -> Self {
        Self { fill: color, pattern, edge: color, edge_mm: 0.4 }
    }

    fn push(&self, name: usize, xml: &mut String) {
        let Self { fill, pattern, edge, edge_mm } = self;
        let color = |Color { r, g, b, a }: &Color| format!("{r},{g},{b},{a}");
        let (fill, edge) = (color(fill), color(edge));
        xml.push_str(&format!("<symbol type=\"fill\" name=\"{name}\" alpha=\"1\" clip_to_extent=\"1\">"));
        xml.push_str("<layer class=\"SimpleFill\" enabled=\"1\" pass=\"0\" locked=\"0\">");
        for (key, value) in [
            ("color", &*fill),
            ("style", pattern),
            ("outline_color", &edge),
            ("outline_style", "solid"),
            ("outline_width", &edge_mm.to_string()),
            ("outline_width_unit", "MM"),
            ("joinstyle", "bevel"),
        ] {
            xml.push_str(&format!("<prop k=\"{key}\" v=\"{value}\"/>"));
        }
        xml.push_str("</layer></symbol>");
    }
}

/// Classes of the values of a column, each with the words of the legend.
enum Classes {
    Values(Vec<(String, String, Symbol)>),
    /// From, to.
    Ranges(Vec<(f64, f64, String, Symbol)>),
}

/// The style of a layer, where it has one.
pub(super) fn of(layer: &Layer<'_>) -> Option<Style> {
    let which = OutputLayer::ALL.into_iter().find(|which| which.name() == layer.name())?;
    let value = |name: &str, words: &str, symbol| (name.to_owned(), words.to_owned(), symbol);
    let (column, description, classes) = match which {
        OutputLayer::Parcels => (
            "lu_verdict",
            "Parcels by verdict",
            Classes::Values(vec![
                value("low", "low efficiency", Symbol::plain(GRADES[0])),
                value("not_low", "not low", Symbol::plain(GRADES[2])),
                value(
                    "unknown",
                    "not known",
                    Symbol { pattern: "b_diagonal", ..Symbol::hatched(INK, "b_diagonal") },
                ),
                value("not_candidate", "not judged", Symbol::plain(BASE)),
            ]),
        ),
        OutputLayer::Sites => {
            let sizes = [
                ("below1_ha", "under 1 ha", SEQUENTIAL[1]),
                ("from1_to3_ha", "1 to 3 ha", SEQUENTIAL[2]),
                ("from3_to10_ha", "3 to 10 ha", SEQUENTIAL[3]),
                ("over10_ha", "over 10 ha", SEQUENTIAL[4]),
            ];
            let symbol =
                |fill: Color| Symbol { edge: INK, edge_mm: 0.5, ..Symbol::plain(fill.with_alpha(150)) };
            let classes = sizes.map(|(name, words, fill)| value(name, words, symbol(fill)));
            ("size", "Low-efficiency sites by size", Classes::Values(classes.into()))
        }
        OutputLayer::Districts => ("gross", "Districts by gross intensity", intensities(layer)),
        OutputLayer::ControlLines | OutputLayer::Encroachments => (
            "tier",
            if which == OutputLayer::ControlLines { "Lines by tier" } else { "Land inside lines, by tier" },
            tiers(layer),
        ),
        OutputLayer::InsideLines => (
            "status",
            "Land that shares land with lines, by what it counts as",
            Classes::Values(vec![
                value("construction", "construction land", Symbol::plain(GRADES[0])),
                value("unknown", "not known", Symbol::plain(UNKNOWN)),
            ]),
        ),
        _ => return None,
    };
    Some(Style { description, qml: qml(column, &classes) })
}

/// The values of a column of a layer.
fn values<'l>(layer: &'l Layer<'_>, name: &str) -> impl Iterator<Item = Cell<'l>> {
    let rows = layer.rows();
    let at = rows.columns().iter().position(|column| column.name == name);
    at.into_iter().flat_map(move |at| (0..layer.len()).map(move |row| rows.cell(at, layer.item(row))))
}

/// Five classes of about equally many units.
fn intensities(layer: &Layer<'_>) -> Classes {
    let known = values(layer, "gross").map(|cell| if let Cell::Number(x) = cell { Some(x) } else { None });
    let known: Vec<Option<f64>> = known.collect();
    let breaks = breaks(&known);
    let greatest = known.iter().flatten().copied().fold(1.0, f64::max);
    let edges: Vec<f64> = std::iter::once(0.0).chain(breaks).chain([greatest]).collect();
    let steps = (edges.len() - 2).max(1);
    let range = |(k, pair): (usize, &[f64])| {
        let &[from, to] = pair else { return None };
        let fill = SEQUENTIAL.get(k * 4 / steps).copied().unwrap_or(BASE);
        let words = format!("{:.0}% to {:.0}%", from * 100.0, to * 100.0);
        Some((from, to, words, Symbol { edge: INK, edge_mm: 0.3, ..Symbol::plain(fill.with_alpha(200)) }))
    };
    Classes::Ranges(edges.windows(2).enumerate().filter_map(range).collect())
}

fn tiers(layer: &Layer<'_>) -> Classes {
    let mut names: Vec<String> = values(layer, "tier")
        .filter_map(|cell| if let Cell::Text(tier) = cell { Some(tier.into_owned()) } else { None })
        .collect();
    names.sort();
    names.dedup();
    let symbol = |tier: usize| Symbol::hatched(TIERS[tier % TIERS.len()], PATTERNS[tier % PATTERNS.len()]);
    let mut classes: Vec<_> =
        names.iter().enumerate().map(|(tier, name)| (name.clone(), name.clone(), symbol(tier))).collect();
    // All others.
    classes.push((String::new(), "no tier".into(), symbol(names.len())));
    Classes::Values(classes)
}

fn qml(column: &str, classes: &Classes) -> String {
    let mut xml = String::from(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22.0\" styleCategories=\"Symbology\">",
    );
    let open = |kind: &str| {
        format!(
            "<renderer-v2 type=\"{kind}\" attr=\"{column}\" symbollevels=\"0\" forceraster=\"0\" enableorderby=\"0\""
        )
    };
    let mut symbols = String::new();
    match classes {
        Classes::Values(classes) => {
            xml.push_str(&format!("{}><categories>", open("categorizedSymbol")));
            for (i, (name, words, symbol)) in classes.iter().enumerate() {
                let (name, words) = (escaped(name), escaped(words));
                xml.push_str(&format!(
                    "<category value=\"{name}\" type=\"string\" symbol=\"{i}\" label=\"{words}\" render=\"true\"/>"
                ));
                symbol.push(i, &mut symbols);
            }
            xml.push_str("</categories>");
        }
        Classes::Ranges(classes) => {
            xml.push_str(&format!("{} graduatedMethod=\"GraduatedColor\"><ranges>", open("graduatedSymbol")));
            for (i, (from, to, words, symbol)) in classes.iter().enumerate() {
                xml.push_str(&format!(
                    "<range lower=\"{from}\" upper=\"{to}\" symbol=\"{i}\" label=\"{words}\" render=\"true\"/>"
                ));
                symbol.push(i, &mut symbols);
            }
            xml.push_str("</ranges>");
        }
    }
    xml.push_str(&format!("<symbols>{symbols}</symbols></renderer-v2></qgis>\n"));
    xml
}

/// A text as the value of an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // No XML holds these.
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_data_stay_texts() {
        let classes = vec![("a\"<&>\u{1}".to_owned(), "b".to_owned(), Symbol::plain(BASE))];
        let xml = qml("tier", &Classes::Values(classes));
        assert!(xml.contains("value=\"a&quot;&lt;&amp;&gt; \""), "{xml}");
    }
}

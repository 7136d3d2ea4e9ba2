//! Text as outlines: a Latin font that is part of the program, and one more for what it lacks.

use std::path::Path;
use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, FontVec, GlyphId, OutlineCurve, Point};
use tiny_skia::{FillRule, LineJoin, PathBuilder, Pixmap, Stroke, Transform};

use super::style::{Color, paint};
use crate::Error;

const REGULAR: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
const BOLD: &[u8] = include_bytes!("font/DejaVuSans-Bold-subset.ttf");

/// How a piece of text looks. `size` is the em in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextStyle {
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) color: Color,
    pub(super) halo: bool,
}

impl TextStyle {
    pub(super) const fn new(size: f32, color: Color) -> Self {
        Self { size, bold: false, color, halo: false }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn halo(self) -> Self {
        Self { halo: true, ..self }
    }
}

pub(super) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
    extra: Option<FontVec>,
}

impl Fonts {
    /// The fonts that `texts` need: `path` or, failing that, a font of this machine is read only where a character is
    /// missing from the built-in one.
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a str>, path: Option<&Path>) -> Result<Self, Error> {
        let built_in = |bytes| {
            FontRef::try_from_slice(bytes)
                .map_err(|_| Error::Config { file: "built-in font".into(), reason: "not a font".into() })
        };
        let mut fonts = Self { regular: built_in(REGULAR)?, bold: built_in(BOLD)?, extra: None };
        let mut missing: Vec<char> = texts.flat_map(str::chars).filter(|&c| !fonts.has(c)).collect();
        missing.sort_unstable();
        missing.dedup();
        if let Some(path) = path {
            let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
            let font = FontVec::try_from_vec(bytes).map_err(|_| Error::Config {
                file: path.display().to_string().into(),
                reason: "not a TrueType or OpenType font".into(),
            })?;
            fonts.extra = Some(font);
        } else if !missing.is_empty() {
            fonts.extra = system_font(&missing);
        }
        Ok(fonts)
    }

    /// Whether `c` can be drawn.
    pub(super) fn has(&self, c: char) -> bool {
        self.regular.glyph_id(c).0 != 0 || self.extra.as_ref().is_some_and(|font| font.glyph_id(c).0 != 0)
    }

    /// `text` without what cannot be drawn, and whether anything was lost.
    pub(super) fn drawable(&self, text: &str) -> (String, bool) {
        let kept: String = text.chars().filter(|&c| self.has(c)).collect();
        let lost = kept.len() != text.len();
        if lost && !kept.chars().any(char::is_alphanumeric) {
            return (String::new(), true);
        }
        (if lost { kept.trim().to_owned() } else { kept }, lost)
    }

    fn face(&self, c: char, bold: bool) -> (&dyn Face, GlyphId) {
        let built_in = if bold { &self.bold } else { &self.regular };
        let glyph = built_in.glyph_id(c);
        match &self.extra {
            Some(extra) if glyph.0 == 0 => (extra, extra.glyph_id(c)),
            _ => (built_in, glyph),
        }
    }

    /// Width of `text` in pixels.
    pub(super) fn width(&self, text: &str, style: &TextStyle) -> f32 {
        text.chars()
            .map(|c| self.face(c, style.bold))
            .map(|(face, glyph)| face.advance(glyph) * style.size)
            .sum()
    }

    /// Writes `text` from `x` along the base line `y`.
    pub(super) fn draw(&self, pixmap: &mut Pixmap, text: &str, x: f32, y: f32, style: &TextStyle) {
        let mut builder = PathBuilder::new();
        let mut pen = x;
        for c in text.chars() {
            let (face, glyph) = self.face(c, style.bold);
            face.trace(glyph, style.size, [pen, y], &mut builder);
            pen += face.advance(glyph) * style.size;
        }
        let Some(path) = builder.finish() else { return };
        if style.halo {
            let stroke = Stroke { width: style.size * 0.26, line_join: LineJoin::Round, ..Stroke::default() };
            let halo = paint(Color::WHITE.with_alpha(225));
            pixmap.stroke_path(&path, &halo, &stroke, Transform::identity(), None);
        }
        pixmap.fill_path(&path, &paint(style.color), FillRule::Winding, Transform::identity(), None);
    }

    /// `text`, shortened with an ellipsis where it is wider than `room` pixels.
    pub(super) fn fit(&self, text: &str, room: f32, style: &TextStyle) -> String {
        if self.width(text, style) <= room {
            return text.to_owned();
        }
        let room = room - self.width("…", style);
        let mut width = 0.0;
        let kept = text.chars().take_while(|&c| {
            let (face, glyph) = self.face(c, style.bold);
            width += face.advance(glyph) * style.size;
            width <= room
        });
        format!("{}…", kept.collect::<String>().trim_end())
    }

    /// `text` in lines of at most `room` pixels, broken at spaces and, for scripts without spaces, after any character
    /// beyond the Latin ones.
    pub(super) fn wrap(&self, text: &str, room: f32, style: &TextStyle) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut word = String::new();
        for c in text.chars().chain([' ']) {
            word.push(c);
            if !(c == ' ' || u32::from(c) >= 0x2E80) {
                continue;
            }
            if !line.is_empty()
                && self.width(line.trim_end(), style) + self.width(word.trim_end(), style) > room
            {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push_str(&word);
            word.clear();
        }
        if !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
        }
        lines
    }
}

/// What drawing needs of a font, whichever memory holds it.
trait Face {
    fn advance(&self, glyph: GlyphId) -> f32;
    fn trace(&self, glyph: GlyphId, size: f32, pen: [f32; 2], builder: &mut PathBuilder);
}

impl<F: Font> Face for F {
    /// Advance in ems.
    fn advance(&self, glyph: GlyphId) -> f32 {
        self.h_advance_unscaled(glyph) / self.units_per_em().unwrap_or(1000.0)
    }

    fn trace(&self, glyph: GlyphId, size: f32, pen: [f32; 2], builder: &mut PathBuilder) {
        let Some(outline) = self.outline(glyph) else { return };
        let scale = size / self.units_per_em().unwrap_or(1000.0);
        let place = |p: Point| [pen[0] + p.x * scale, pen[1] - p.y * scale];
        // Curves come contour by contour, without a mark between them.
        let mut end: Option<Point> = None;
        for curve in &outline.curves {
            let (start, stop) = match *curve {
                OutlineCurve::Line(a, b) | OutlineCurve::Quad(a, _, b) | OutlineCurve::Cubic(a, _, _, b) => {
                    (a, b)
                }
            };
            if end != Some(start) {
                if end.is_some() {
                    builder.close();
                }
                let [x, y] = place(start);
                builder.move_to(x, y);
            }
            end = Some(stop);
            let [x, y] = place(stop);
            match *curve {
                OutlineCurve::Line(..) => builder.line_to(x, y),
                OutlineCurve::Quad(_, c, _) => {
                    let [cx, cy] = place(c);
                    builder.quad_to(cx, cy, x, y);
                }
                OutlineCurve::Cubic(_, c, d, _) => {
                    let ([cx, cy], [dx, dy]) = (place(c), place(d));
                    builder.cubic_to(cx, cy, dx, dy, x, y);
                }
            }
        }
        if end.is_some() {
            builder.close();
        }
    }
}

/// The font of this machine that holds most of `missing`; of equals an upright sans of regular weight, then the first by
/// name. The list of fonts is read once per process.
fn system_font(missing: &[char]) -> Option<FontVec> {
    static SYSTEM: OnceLock<fontdb::Database> = OnceLock::new();
    let fonts = SYSTEM.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_system_fonts();
        fonts
    });
    let best = fonts
        .faces()
        .filter_map(|face| {
            let held = fonts.with_face_data(face.id, |bytes, index| {
                let font = FontRef::try_from_slice_and_index(bytes, index).ok()?;
                Some(missing.iter().filter(|&&c| font.glyph_id(c).0 != 0).count())
            })??;
            let plain = face.style == fontdb::Style::Normal && face.weight == fontdb::Weight::NORMAL;
            let sans = face.post_script_name.contains("Sans") && !face.monospaced;
            let key = (held, plain, sans, std::cmp::Reverse(face.post_script_name.clone()));
            (held > 0).then_some((key, face.id))
        })
        .max_by(|a, b| a.0.cmp(&b.0))?
        .1;
    fonts
        .with_face_data(best, |bytes, index| FontVec::try_from_vec_and_index(bytes.to_vec(), index).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: TextStyle = TextStyle::new(20.0, Color::BLACK);

    fn fonts() -> Fonts {
        Fonts::new(std::iter::empty(), None).unwrap()
    }

    #[test]
    fn latin_greek_and_units_are_built_in() {
        let fonts = fonts();
        assert!("Zürich Łódź µm² ≥ ≤ − × – — “…” α‰ 0.5 km²".chars().all(|c| fonts.has(c)));
        assert_eq!(fonts.drawable("12.3 km²"), ("12.3 km²".to_owned(), false));
    }

    #[test]
    fn what_no_font_holds_is_left_out() {
        // U+E123 is of private use: no font may give it a meaning.
        assert_eq!(fonts().drawable("\u{E123}\u{E123}"), (String::new(), true));
        assert_eq!(fonts().drawable("\u{E123} (New town)"), ("(New town)".to_owned(), true));
        assert_eq!(fonts().drawable("\u{E123} ()"), (String::new(), true));
    }

    #[test]
    fn text_is_measured_cut_and_wrapped() {
        let fonts = fonts();
        assert!(fonts.width("ll", &STYLE) < fonts.width("WW", &STYLE));
        assert!((fonts.width("abab", &STYLE) - 2.0 * fonts.width("ab", &STYLE)).abs() < 1e-3);
        let cut = fonts.fit("a rather long label", 100.0, &STYLE);
        assert!(cut.ends_with('…') && fonts.width(&cut, &STYLE) <= 100.0, "{cut}");
        let lines = fonts.wrap("one two three four five six seven", 120.0, &STYLE);
        assert!(lines.len() > 1 && lines.iter().all(|l| fonts.width(l, &STYLE) <= 120.0), "{lines:?}");
        assert_eq!(lines.join(" "), "one two three four five six seven");
    }

    #[test]
    fn a_file_that_is_no_font_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Fonts::new(std::iter::empty(), Some(file.path())).err().unwrap();
        assert!(error.to_string().contains("not a TrueType"), "{error}");
        let gone = Fonts::new(std::iter::empty(), Some(Path::new("no such font.ttf"))).err().unwrap();
        assert!(gone.chain().contains("cannot read"), "{gone}");
    }
}

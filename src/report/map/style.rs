//! Colours, hatches and strokes, and the palettes of the standard maps.

use tiny_skia::Paint;

use crate::report::palette::TIERS;
pub use crate::report::palette::{ASSOCIATION, BASE, Color, GRADES, SEQUENTIAL};

/// Parallel lines over an area. Lengths are in nominal pixels: those of a picture 2400 wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hatch {
    /// Direction of the lines, degrees counter-clockwise from east.
    pub angle_deg: f32,
    /// Distance between the middles of two lines.
    pub spacing_px: f32,
    /// Width of a line.
    pub width_px: f32,
    /// Colour of the lines.
    pub color: Color,
}

/// How the areas of one class look, and what the legend says of them.
#[derive(Debug, Clone, PartialEq)]
pub struct FillStyle {
    /// Colour of the area; [`Color::CLEAR`] for a hatch alone.
    pub fill: Color,
    /// Lines over it.
    pub hatch: Option<Hatch>,
    /// Colour of a thin line round each area that is large enough to have one; on shared edges the later area's.
    pub edge: Option<Color>,
    /// The legend's words; a class without any is not in the legend.
    pub label: String,
    /// Count, area or range beside the words; may be empty.
    pub note: String,
}

impl FillStyle {
    /// A plain colour, edged white where it is opaque, with its words in the legend.
    pub fn new(fill: Color, label: impl Into<String>) -> Self {
        let edge = (fill.a == u8::MAX).then_some(Color::WHITE);
        Self { fill, hatch: None, edge, label: label.into(), note: String::new() }
    }

    /// The same with lines over the colour.
    #[must_use]
    pub fn hatched(self, hatch: Hatch) -> Self {
        Self { hatch: Some(hatch), ..self }
    }

    /// The same with a count, an area or a range beside the words.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// How a line looks. Lengths are in nominal pixels: those of a picture 2400 wide.
#[derive(Debug, Clone, PartialEq)]
pub struct LineStyle {
    /// Colour of the line.
    pub color: Color,
    /// Its width.
    pub width_px: f32,
    /// Length of dashes and of the spaces between them; `None` for an unbroken line.
    pub dash_px: Option<[f32; 2]>,
    /// Colour of a wider line below, which sets it off from what it crosses.
    pub casing: Option<Color>,
}

/// Paper beside the parcels, text and lines of the page.
pub(super) const INK: Color = Color::rgb(32, 36, 40);
/// Less important text.
pub(super) const FAINT: Color = Color::rgb(98, 104, 110);
/// Frame and rules.
pub(super) const RULE: Color = Color::rgb(190, 194, 198);

/// The look of subjects whose value is not known: grey lines on white, never a colour of the scale.
pub fn unknown(label: impl Into<String>) -> FillStyle {
    FillStyle::new(Color::rgb(250, 250, 250), label).hatched(Hatch {
        angle_deg: 45.0,
        spacing_px: 7.0,
        width_px: 1.9,
        color: Color::rgb(128, 132, 136),
    })
}

/// The look of control lines of tier `tier` (0 is the strictest): colour and angle differ from tier to tier, and the
/// parcels below stay visible. Tiers beyond the fourth begin again.
pub fn control_tier(tier: usize, label: impl Into<String>) -> FillStyle {
    const HATCHES: [(f32, f32); 4] = [(45.0, 13.0), (135.0, 15.0), (0.0, 14.0), (90.0, 16.0)];
    let (color, (angle_deg, spacing_px)) = (TIERS[tier % TIERS.len()], HATCHES[tier % HATCHES.len()]);
    let hatch = Hatch { angle_deg, spacing_px, width_px: 2.4, color: color.with_alpha(215) };
    FillStyle { edge: Some(color), ..FillStyle::new(color.with_alpha(26), label).hatched(hatch) }
}

/// A strong dark line: contiguous low-efficiency sites.
pub fn site_outline() -> LineStyle {
    LineStyle { color: INK, width_px: 4.0, dash_px: None, casing: Some(Color::WHITE.with_alpha(210)) }
}

/// A dashed grey line: districts.
pub fn district_outline() -> LineStyle {
    LineStyle {
        color: Color::rgb(84, 92, 100),
        width_px: 2.6,
        dash_px: Some([15.0, 8.0]),
        casing: Some(Color::WHITE.with_alpha(170)),
    }
}

/// A color as the drawing library takes it.
pub(super) fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.r, color.g, color.b, color.a);
    paint
}

#[cfg(test)]
mod tests {

    use super::*;

    type Matrix = [[f64; 3]; 3];
    // Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency",
    // table of severity 1.0, on linear RGB.
    const PROTANOPIA: Matrix =
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
    const DEUTERANOPIA: Matrix =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
    const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // sRGB to XYZ over the D65 white (IEC 61966-2-1).
    const XYZ: Matrix = [
        [0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505],
        [0.2126, 0.7152, 0.0722],
        [0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089],
    ];

    fn times(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
        m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    /// CIE L*a*b* as somebody with the given vision sees it.
    fn lab(color: Color, vision: &Matrix) -> [f64; 3] {
        let linear = [color.r, color.g, color.b].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let seen = times(vision, linear).map(|c| c.clamp(0.0, 1.0));
        let [x, y, z] = times(&XYZ, seen)
            .map(|t| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn least_distance(colors: &[Color], vision: &Matrix) -> f64 {
        let lab: Vec<_> = colors.iter().map(|&c| lab(c, vision)).collect();
        let mut least = f64::INFINITY;
        for i in 0..lab.len() {
            for j in 0..i {
                least = least.min((0..3).map(|k| (lab[i][k] - lab[j][k]).powi(2)).sum::<f64>().sqrt());
            }
        }
        least
    }

    #[test]
    fn palettes_are_told_apart_without_red_or_green() {
        // About 2.3 is just noticeable side by side; 15 is plain across a map.
        for palette in [&GRADES[..], &SEQUENTIAL, &ASSOCIATION] {
            let with_base: Vec<_> = palette.iter().copied().chain([BASE]).collect();
            for vision in [NORMAL, PROTANOPIA, DEUTERANOPIA] {
                let least = least_distance(&with_base, &vision);
                println!("least distance {least:.1}");
                assert!(least > 15.0, "{palette:?}: {least}");
            }
        }
        // The measure can fail: red and green of one lightness.
        assert!(least_distance(&[Color::rgb(200, 90, 60), Color::rgb(120, 130, 50)], &DEUTERANOPIA) < 15.0);
    }
}

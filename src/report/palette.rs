//! Colours of the standard maps, and of layers in other programs.

/// A colour with opacity, 8 bits per channel, sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity: 0 is invisible, 255 hides what is below.
    pub a: u8,
}

impl Color {
    /// Invisible.
    pub const CLEAR: Self = Self { r: 0, g: 0, b: 0, a: 0 };
    /// Black.
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    /// White.
    pub const WHITE: Self = Self::rgb(255, 255, 255);

    /// An opaque colour.
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b, a: 255 }
    }

    /// The same colour with opacity `a`.
    #[must_use]
    pub const fn with_alpha(self, a: u8) -> Self {
        Self { a, ..self }
    }
}

/// Grades of efficiency from lowest to highest: orange-red, yellow, light blue, dark blue. They differ in lightness as
/// well as in hue, so that people who see no red or no green tell them apart (a test simulates both).
pub const GRADES: [Color; 4] =
    [Color::rgb(206, 66, 40), Color::rgb(250, 189, 104), Color::rgb(158, 202, 225), Color::rgb(46, 107, 168)];

/// Five steps of a quantity from little to much: light yellow over amber and teal to dark blue, each darker than the one
/// before.
pub const SEQUENTIAL: [Color; 5] = [
    Color::rgb(252, 245, 200),
    Color::rgb(250, 210, 130),
    Color::rgb(70, 160, 180),
    Color::rgb(42, 105, 165),
    Color::rgb(30, 36, 100),
];

/// Significant local statistics: high among high, low among high, low among low, high among low.
pub const ASSOCIATION: [Color; 4] =
    [Color::rgb(178, 24, 43), Color::rgb(146, 197, 222), Color::rgb(33, 82, 160), Color::rgb(246, 178, 140)];

/// Parcels that are not the subject of the map.
pub const BASE: Color = Color::rgb(226, 228, 230);

/// Control lines by tier, the strictest first.
pub(super) const TIERS: [Color; 4] =
    [Color::rgb(0, 110, 72), Color::rgb(120, 64, 150), Color::rgb(150, 100, 20), Color::rgb(60, 70, 80)];

/// What divides values into at most five classes of about equally many: whole hundredths.
pub(super) fn breaks(values: &[Option<f64>]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let Some(&least) = known.first() else { return Vec::new() };
    let mut breaks: Vec<f64> =
        (1..5).map(|k| (known[known.len() * k / 5] * 100.0).round() / 100.0).filter(|b| *b > least).collect();
    breaks.dedup();
    breaks
}

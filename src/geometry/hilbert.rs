//! Position along a Hilbert curve: near in the plane means mostly near in memory.

use super::{Coord, Envelope};

/// Key of `at` on a Hilbert curve of order 16 laid over `extent`; positions outside are clamped to its border.
///
/// # Complexity
/// O(1), no allocation.
///
/// # Source
/// Hilbert 1891; the loop is the classical quadrant rotation.
///
/// ```
/// use landuse::geometry::{Envelope, hilbert};
/// let extent = Envelope { min: [0.0, 0.0], max: [1.0, 1.0] };
/// assert_eq!(hilbert::key([0.0, 0.0], &extent), 0);
/// assert_eq!(hilbert::key([1.0, 0.0], &extent), u32::MAX);
/// ```
pub fn key(at: Coord, extent: &Envelope) -> u32 {
    const SIDE: f64 = 65_535.0;
    let scale = |value: f64, low: f64, span: f64| {
        if span > 0.0 { (((value - low) / span).clamp(0.0, 1.0) * SIDE) as u32 } else { 0 }
    };
    let mut x = scale(at[0], extent.min[0], extent.width());
    let mut y = scale(at[1], extent.min[1], extent.height());
    let mut key = 0;
    let mut side = 1 << 15;
    while side > 0 {
        let right = u32::from(x & side != 0);
        let upper = u32::from(y & side != 0);
        key = (key << 2) | ((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                x = !x & 0xFFFF;
                y = !y & 0xFFFF;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    key
}

//! Position along a Hilbert curve: near in the plane means mostly near in memory.

/// Key of a cell of a square of 2³² by 2³² cells on the Hilbert curve of order 32.
///
/// # Complexity
/// O(1), no allocation.
///
/// # Source
/// Hilbert 1891; the loop is the classical quadrant rotation.
///
/// ```
/// use landuse::geometry::hilbert;
/// assert_eq!(hilbert::key([0, 0]), 0);
/// assert_eq!(hilbert::key([u32::MAX, 0]), u64::MAX);
/// ```
pub fn key([mut x, mut y]: [u32; 2]) -> u64 {
    let mut key = 0;
    for bit in (0..32).rev() {
        let right = x >> bit & 1;
        let upper = y >> bit & 1;
        key = (key << 2) | u64::from((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                (x, y) = (!x, !y);
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_visits_neighbours_one_after_the_other() {
        // The lowest 16 by 16 cells hold the lowest 256 keys.
        let mut cells: Vec<(u64, [u32; 2])> =
            (0..16).flat_map(|x| (0..16).map(move |y| (key([x, y]), [x, y]))).collect();
        cells.sort_unstable();
        for (at, pair) in cells.windows(2).enumerate() {
            let [(low, [x0, y0]), (high, [x1, y1])] = [pair[0], pair[1]];
            assert_eq!((low, high), (at as u64, at as u64 + 1));
            assert_eq!(x0.abs_diff(x1) + y0.abs_diff(y1), 1);
        }
    }
}

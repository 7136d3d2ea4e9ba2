/// The quantile of type 7 (linear interpolation between order statistics; the default of R, NumPy and spreadsheets).
///
/// With the values sorted, `h = (n − 1)·p` and `q = x[⌊h⌋] + (h − ⌊h⌋)·(x[⌊h⌋ + 1] − x[⌊h⌋])`.
///
/// # Arguments
/// * `values`: finite values in any order; reordered in place.
/// * `p`: probability, 0 to 1.
///
/// # Returns
/// The quantile in the unit of the values; `None` without values or with `p` outside 0 to 1.
///
/// # Complexity
/// O(n) expected, no allocation.
///
/// # Source
/// Hyndman and Fan 1996, Sample quantiles in statistical packages, definition 7.
///
/// ```
/// use landuse::efficiency::quantile;
/// assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.2), Some(1.6));
/// assert_eq!(quantile(&mut [], 0.2), None);
/// ```
pub fn quantile(values: &mut [f64], p: f64) -> Option<f64> {
    if values.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let h = (values.len() - 1) as f64 * p;
    let (_, &mut low, above) = values.select_nth_unstable_by(h as usize, f64::total_cmp);
    let next = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(low + (h - h.floor()) * (next - low))
}

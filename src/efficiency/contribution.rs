//! What land contributes compared with what it takes, and where a row stands among its peers.

use serde::Serialize;

use super::Direction;
use crate::error::{Error, ParamError};
use crate::expr::same_length;
use crate::parcel::{CategoryColumn, Column};
use crate::sum;

/// Location quotient: share of an amount over share of land, without unit. 1 is an average yield, 0.5 half of it.
///
/// # Errors
/// [`ParamError`] for an amount share outside 0 to 1 or a land share that is not above 0 and at most 1.
///
/// # Source
/// Definition as in general use. Village parks of Shunde (newspaper feature of about 2021): over 70 % of the
/// industrial land, 27 % of output, 4.3 % of tax.
///
/// ```
/// use landuse::efficiency::location_quotient;
/// assert_eq!(format!("{:.3}", location_quotient(0.27, 0.70)?), "0.386");
/// assert_eq!(format!("{:.3}", location_quotient(0.043, 0.70)?), "0.061");
/// # Ok::<(), landuse::ParamError>(())
/// ```
pub fn location_quotient(amount_share: f64, land_share: f64) -> Result<f64, ParamError> {
    if !(0.0..=1.0).contains(&amount_share) {
        return Err(ParamError::new("amount_share", amount_share, "a share from 0 to 1"));
    }
    if !(land_share > 0.0 && land_share <= 1.0) {
        return Err(ParamError::new("land_share", land_share, "a share above 0, at most 1"));
    }
    Ok(amount_share / land_share)
}

/// What a group contributes compared with the land it takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The group.
    pub group: Box<str>,
    /// Rows counted: group, amount and land known.
    pub rows: usize,
    /// Its share of the land.
    pub land_share: f64,
    /// Its share of the amount.
    pub amount_share: f64,
    /// `amount_share / land_share`; none without land.
    pub location_quotient: Option<f64>,
    /// Land-contribution gap: what it yields less than its land would at the average, in the unit of the amount; negative where
    /// it yields more.
    pub gap: f64,
}

/// What each group contributes compared with the land it takes, with the number of rows left out because something is not known.
///
/// With amounts `Y`, land `S`: `LQ_g = (Y_g / Y) / (S_g / S)`, `gap_g = Y · S_g / S − Y_g`. Over the groups `Σ S_g/S · LQ_g = 1` and
/// `Σ gap_g = 0`. Groups are in order of their names.
///
/// # Errors
/// [`Error::Param`] where columns differ in length, a land or an amount is negative, or either sums to 0.
///
/// # Complexity
/// O(n · log n).
pub fn contributions(
    groups: &CategoryColumn<Box<str>>,
    amounts: &Column<f64>,
    land_m2: &Column<f64>,
) -> Result<(Vec<Contribution>, usize), Error> {
    same_length("amounts", amounts.len(), groups.len())?;
    same_length("land_m2", land_m2.len(), groups.len())?;
    let mut members = vec![(Vec::new(), Vec::new()); groups.distinct().len()];
    let mut left_out = 0;
    for row in 0..groups.len() {
        let (Some(group), Some(amount), Some(land)) = (groups.key(row), amounts.get(row), land_m2.get(row))
        else {
            left_out += 1;
            continue;
        };
        if !(amount >= 0.0 && land >= 0.0) {
            let found = format!("{amount} on {land} m² in row {row}");
            return Err(ParamError::new("amounts", found, "numbers of at least 0").into());
        }
        members[group as usize].0.push(amount);
        members[group as usize].1.push(land);
    }
    let mut sums: Vec<(Box<str>, usize, f64, f64)> = groups
        .distinct()
        .iter()
        .zip(members)
        .filter(|(_, (amounts, _))| !amounts.is_empty())
        .map(|(name, (amounts, land))| {
            (
                name.clone(),
                amounts.len(),
                sum::exact(amounts.iter().copied()),
                sum::exact(land.iter().copied()),
            )
        })
        .collect();
    sums.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let amount: f64 = sums.iter().map(|sum| sum.2).sum();
    let land: f64 = sums.iter().map(|sum| sum.3).sum();
    if !(amount > 0.0 && amount.is_finite() && land > 0.0 && land.is_finite()) {
        let found = format!("{amount} on {land} m² in all");
        return Err(ParamError::new("amounts", found, "finite sums above 0").into());
    }
    let found = sums
        .into_iter()
        .map(|(group, rows, own, own_land)| {
            let (amount_share, land_share) = (own / amount, own_land / land);
            Contribution {
                group,
                rows,
                land_share,
                amount_share,
                location_quotient: (land_share > 0.0).then(|| amount_share / land_share),
                gap: amount * land_share - own,
            }
        })
        .collect();
    Ok((found, left_out))
}

/// Where each row stands among its peers, 0 to 1, 1 the best: `(peers it beats + ½ · peers equal to it, itself included) / peers`.
///
/// # Arguments
/// * `peers`: the group each row is compared within: sector, park, size class.
/// * `min_peers`: groups of fewer known values are not ranked; [`MIN_RANKED`](super::MIN_RANKED) is the library's habit.
///
/// # Returns
/// One value per row; unknown where value or group is, or the group is too small.
///
/// # Errors
/// [`Error::Param`] where columns differ in length.
///
/// # Complexity
/// O(n · log n).
///
/// ```
/// use landuse::efficiency::{Direction, peer_percentile};
/// use landuse::parcel::{CategoryColumn, Column};
/// let values: Column<f64> = [Some(1.0), Some(3.0), Some(3.0), Some(9.0), Some(5.0)].into_iter().collect();
/// let mut peers = CategoryColumn::<Box<str>>::new();
/// for sector in ["C26", "C26", "C26", "C26", "C13"] {
///     peers.push(Some(sector));
/// }
/// let found = peer_percentile(&values, &peers, Direction::HigherIsBetter, 2)?;
/// assert_eq!(found.iter().collect::<Vec<_>>(), [Some(0.125), Some(0.5), Some(0.5), Some(0.875), None]);
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn peer_percentile(
    values: &Column<f64>,
    peers: &CategoryColumn<Box<str>>,
    direction: Direction,
    min_peers: usize,
) -> Result<Column<f64>, Error> {
    same_length("peers", peers.len(), values.len())?;
    let mut groups: Vec<Vec<(f64, usize)>> = vec![Vec::new(); peers.distinct().len()];
    for row in 0..values.len() {
        if let (Some(group), Some(value)) = (peers.key(row), values.get(row).filter(|v| v.is_finite())) {
            let value = if direction == Direction::HigherIsBetter { value } else { -value };
            groups[group as usize].push((value, row));
        }
    }
    let mut found = vec![None; values.len()];
    for group in groups.iter_mut().filter(|group| group.len() >= min_peers) {
        group.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let count = group.len() as f64;
        let mut beaten = 0;
        for ties in group.chunk_by(|a, b| a.0 == b.0) {
            let place = (beaten as f64 + 0.5 * ties.len() as f64) / count;
            for &(_, row) in ties {
                found[row] = Some(place);
            }
            beaten += ties.len();
        }
    }
    Ok(found.into_iter().collect())
}

use std::borrow::Cow;

use crate::adjacency::Graph;
use crate::error::Error;
use crate::parallel;
use crate::parcel::ParcelIdx;

/// How much each link weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Style {
    /// Every link weighs 1.
    Binary,
    /// Every link of observation `i` weighs `1 / k_i`, so that a lag is the mean of the neighbours.
    RowStandardised,
    /// Each link has a weight of its own.
    General,
}

/// Which cells of a lattice are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contiguity {
    /// Those that share an edge.
    Rook,
    /// Those that share an edge or a corner.
    Queen,
}

/// Who counts as a neighbour of whom, and how much: spatial weights in compressed rows.
///
/// Row `i` holds the neighbours of observation `i`, ascending. Links may be one-way (nearest neighbours are). No observation
/// is its own neighbour: the self-weight of Gi* belongs to that statistic, which adds it.
///
/// ```
/// use landuse::stats::Weights;
/// let weights = Weights::from_neighbours(&[vec![1, 2], vec![0], vec![], vec![0]])?.row_standardised();
/// assert_eq!(weights.row(0).collect::<Vec<_>>(), [(1, 0.5), (2, 0.5)]);
/// assert_eq!(weights.islands().collect::<Vec<_>>(), [2]);
/// assert_eq!(weights.one_way_link(), Some((0, 2)));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Start of each row; one more than there are observations.
    offsets: Vec<u32>,
    neighbours: Vec<u32>,
    values: Values,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Binary,
    RowStandardised,
    /// One per link.
    General(Vec<f64>),
}

/// `S0`, `S1` and `S2` of Cliff and Ord (1981).
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    pub(super) s0: f64,
    pub(super) s1: f64,
    pub(super) s2: f64,
}

impl Weights {
    /// Binary weights: the links of an adjacency graph, whatever the reason of contact.
    ///
    /// # Complexity
    /// O(n + m).
    pub fn from_graph(graph: &Graph) -> Self {
        let mut offsets = Vec::with_capacity(graph.len() + 1);
        let mut neighbours = Vec::with_capacity(graph.links().len() * 2);
        offsets.push(0);
        for i in 0..graph.len() {
            neighbours.extend(graph.neighbours(ParcelIdx(i as u32)).iter().map(|n| n.0));
            offsets.push(neighbours.len() as u32);
        }
        Self { offsets, neighbours, values: Values::Binary }
    }

    /// Binary weights from the neighbours of each observation, in any order.
    ///
    /// # Errors
    /// [`Error::Link`] where a neighbour is not below the number of rows, is named twice, or is the observation
    /// itself; [`Error::TooLarge`] where there are more links than 32 bits can address.
    ///
    /// # Complexity
    /// O(n + m log k).
    pub fn from_neighbours<R: AsRef<[u32]>>(rows: &[R]) -> Result<Self, Error> {
        let (offsets, neighbours) = compress(rows, |&neighbour| neighbour)?;
        Ok(Self { offsets, neighbours, values: Values::Binary })
    }

    /// General weights from the (neighbour, weight) pairs of each observation, in any order.
    ///
    /// # Errors
    /// As [`from_neighbours`](Self::from_neighbours); [`Error::Link`] too where a weight is not finite.
    ///
    /// # Complexity
    /// O(n + m log k).
    pub fn from_weighted<R: AsRef<[(u32, f64)]>>(rows: &[R]) -> Result<Self, Error> {
        for (i, row) in rows.iter().enumerate() {
            if let Some((neighbour, weight)) = row.as_ref().iter().find(|link| !link.1.is_finite()) {
                let fault = format!("weighs {weight}, expected a finite number").into();
                return Err(Error::Link { row: i, neighbour: *neighbour, fault });
            }
        }
        let (offsets, links) = compress(rows, |link| link.0)?;
        let (neighbours, values) = links.into_iter().unzip();
        Ok(Self { offsets, neighbours, values: Values::General(values) })
    }

    /// Binary weights of a lattice, numbered row by row.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where 32 bits cannot address the links.
    ///
    /// ```
    /// use landuse::stats::{Contiguity, Weights};
    /// let grid = Weights::lattice(3, 3, Contiguity::Rook)?;
    /// assert_eq!(grid.neighbours(4), [1, 3, 5, 7]);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn lattice(rows: u32, columns: u32, contiguity: Contiguity) -> Result<Self, Error> {
        let cells = u64::from(rows) * u64::from(columns);
        // Eight links for each cell have to be addressed.
        if cells > u64::from(u32::MAX / 8) {
            return Err(Error::TooLarge {
                what: "lattice cells",
                found: cells,
                limit: (u32::MAX / 8).into(),
            });
        }
        let mut offsets = vec![0];
        let mut neighbours = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                for r in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
                    for c in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                        let corner = r != row && c != column;
                        if (r, c) != (row, column) && !(corner && contiguity == Contiguity::Rook) {
                            neighbours.push(r * columns + c);
                        }
                    }
                }
                offsets.push(neighbours.len() as u32);
            }
        }
        Ok(Self { offsets, neighbours, values: Values::Binary })
    }

    pub(super) fn from_sorted(offsets: Vec<u32>, neighbours: Vec<u32>) -> Self {
        Self { offsets, neighbours, values: Values::Binary }
    }

    /// The same links with rows that sum to 1. Equal weights become `1 / k_i`; general ones are divided by the sum of their
    /// row and stay [`Style::General`], rows that sum to 0 as they are.
    #[must_use]
    pub fn row_standardised(mut self) -> Self {
        self.values = match self.values {
            Values::Binary | Values::RowStandardised => Values::RowStandardised,
            Values::General(mut values) => {
                for ends in self.offsets.windows(2) {
                    let row = &mut values[ends[0] as usize..ends[1] as usize];
                    let sum: f64 = row.iter().sum();
                    if sum != 0.0 {
                        for weight in row {
                            *weight /= sum;
                        }
                    }
                }
                Values::General(values)
            }
        };
        self
    }

    /// The same links, each with weight 1.
    #[must_use]
    pub fn binary(mut self) -> Self {
        self.values = Values::Binary;
        self
    }

    /// How the links are weighted.
    pub fn style(&self) -> Style {
        match self.values {
            Values::Binary => Style::Binary,
            Values::RowStandardised => Style::RowStandardised,
            Values::General(_) => Style::General,
        }
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no observation.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many links there are; a link in both directions counts twice.
    pub fn links(&self) -> usize {
        self.neighbours.len()
    }

    /// Neighbours of observation `i`, ascending.
    ///
    /// # Panics
    /// Where there is no observation `i`, as a slice does.
    pub fn neighbours(&self, i: usize) -> &[u32] {
        &self.neighbours[self.range(i)]
    }

    /// Neighbours of observation `i` with their weights, ascending.
    ///
    /// # Panics
    /// Where there is no observation `i`, as a slice does.
    pub fn row(&self, i: usize) -> impl ExactSizeIterator<Item = (u32, f64)> + '_ {
        let range = self.range(i);
        let equal = self.equal_weight(range.len());
        let own = self.explicit(i);
        let neighbours = self.neighbours[range].iter();
        neighbours.enumerate().map(move |(at, &neighbour)| (neighbour, own.map_or(equal, |own| own[at])))
    }

    /// Observations without a neighbour, ascending.
    pub fn islands(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len()).filter(|&i| self.degree(i) == 0).map(|i| i as u32)
    }

    /// The first link whose other direction is missing; `None` where every link runs both ways.
    ///
    /// # Complexity
    /// O(m log k).
    pub fn one_way_link(&self) -> Option<(u32, u32)> {
        (0..self.len()).find_map(|i| {
            let back = |&j: &u32| self.neighbours(j as usize).binary_search(&(i as u32)).is_err();
            self.neighbours(i).iter().copied().find(back).map(|j| (i as u32, j))
        })
    }

    /// Only the observations that `keep` marks, renumbered in order, without the links of the others.
    ///
    /// Equal weights are those of the links that remain (a row-standardised row sums to 1 again); general ones are kept.
    ///
    /// # Panics
    /// Where `keep` is shorter than the weights, as a slice does.
    ///
    /// # Complexity
    /// O(n + m).
    #[must_use]
    pub fn subset(&self, keep: &[bool]) -> Self {
        let mut renumbered = vec![0u32; self.len()];
        let mut kept = 0;
        for i in 0..self.len() {
            renumbered[i] = kept;
            kept += u32::from(keep[i]);
        }
        let mut offsets = Vec::with_capacity(kept as usize + 1);
        let mut neighbours = Vec::with_capacity(self.neighbours.len());
        let mut general = Vec::new();
        offsets.push(0);
        for i in (0..self.len()).filter(|&i| keep[i]) {
            let own = self.explicit(i);
            for (at, &j) in self.neighbours(i).iter().enumerate() {
                if keep[j as usize] {
                    neighbours.push(renumbered[j as usize]);
                    general.extend(own.map(|own| own[at]));
                }
            }
            offsets.push(neighbours.len() as u32);
        }
        let values = match self.values {
            Values::Binary => Values::Binary,
            Values::RowStandardised => Values::RowStandardised,
            Values::General(_) => Values::General(general),
        };
        Self { offsets, neighbours, values }
    }

    /// The observations with a value, and the weights among them.
    pub(super) fn known<T: Copy>(&self, values: &[Option<T>]) -> (Vec<T>, Cow<'_, Self>) {
        let dense: Vec<T> = values.iter().flatten().copied().collect();
        if dense.len() == values.len() {
            return (dense, Cow::Borrowed(self));
        }
        let keep: Vec<bool> = values.iter().map(Option::is_some).collect();
        (dense, Cow::Owned(self.subset(&keep)))
    }

    pub(super) fn degree(&self, i: usize) -> usize {
        (self.offsets[i + 1] - self.offsets[i]) as usize
    }

    /// Whether the weights of a row are all equal, so that a lag depends on the neighbours' sum only.
    pub(super) fn is_equal(&self) -> bool {
        !matches!(self.values, Values::General(_))
    }

    fn range(&self, i: usize) -> std::ops::Range<usize> {
        self.offsets[i] as usize..self.offsets[i + 1] as usize
    }

    fn equal_weight(&self, degree: usize) -> f64 {
        if matches!(self.values, Values::RowStandardised) { 1.0 / degree as f64 } else { 1.0 }
    }

    /// The weights of row `i`, where each link has its own.
    pub(super) fn explicit(&self, i: usize) -> Option<&[f64]> {
        match &self.values {
            Values::General(values) => Some(&values[self.range(i)]),
            Values::Binary | Values::RowStandardised => None,
        }
    }

    /// Spatial lag `Σ_j w_ij x_j` of each observation; 0 where there is no neighbour.
    pub(super) fn lag(&self, values: &[f64]) -> Vec<f64> {
        parallel::map(self.len(), 4096, |i| match self.explicit(i) {
            Some(own) => {
                self.neighbours(i).iter().zip(own).map(|(&j, weight)| weight * values[j as usize]).sum()
            }
            None if self.degree(i) == 0 => 0.0,
            None => {
                let sum: f64 = self.neighbours(i).iter().map(|&j| values[j as usize]).sum();
                if matches!(self.values, Values::Binary) { sum } else { sum / self.degree(i) as f64 }
            }
        })
    }

    /// `Σ w_ij`.
    pub(super) fn s0(&self) -> f64 {
        match &self.values {
            Values::Binary => self.links() as f64,
            Values::RowStandardised => (self.len() - self.islands().count()) as f64,
            Values::General(values) => values.iter().sum(),
        }
    }

    /// `S0 = Σ w_ij`, `S1 = ½ Σ (w_ij + w_ji)²`, `S2 = Σ (w_i. + w_.i)²`. O(m log k).
    pub(super) fn sums(&self) -> Sums {
        let mut s1 = 0.0;
        let mut margin = vec![0.0; self.len()];
        for i in 0..self.len() {
            for (j, weight) in self.row(i) {
                let back = self.neighbours(j as usize).binary_search(&(i as u32)).map_or(0.0, |at| {
                    self.explicit(j as usize)
                        .map_or_else(|| self.equal_weight(self.degree(j as usize)), |own| own[at])
                });
                s1 += weight * (weight + back);
                margin[i] += weight;
                margin[j as usize] += weight;
            }
        }
        Sums { s0: self.s0(), s1, s2: margin.iter().map(|m| m * m).sum() }
    }
}

/// Rows sorted and checked, in one piece.
fn compress<T: Copy, R: AsRef<[T]>>(
    rows: &[R],
    neighbour: impl Fn(&T) -> u32,
) -> Result<(Vec<u32>, Vec<T>), Error> {
    let total: u64 = rows.iter().map(|row| row.as_ref().len() as u64).sum();
    for (what, found) in [("links", total), ("observations", rows.len() as u64)] {
        if found >= u64::from(u32::MAX) {
            return Err(Error::TooLarge { what, found, limit: u64::from(u32::MAX) - 1 });
        }
    }
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    let mut links: Vec<T> = Vec::with_capacity(total as usize);
    offsets.push(0);
    for (i, row) in rows.iter().enumerate() {
        let start = links.len();
        links.extend_from_slice(row.as_ref());
        let row = &mut links[start..];
        row.sort_unstable_by_key(&neighbour);
        let twice =
            row.windows(2).find(|pair| neighbour(&pair[0]) == neighbour(&pair[1])).map(|pair| &pair[0]);
        let fault = |found: &T, what: &str| {
            Err(Error::Link { row: i, neighbour: neighbour(found), fault: what.into() })
        };
        if let Some(found) = twice {
            return fault(found, "is named twice");
        }
        if let Some(found) = row.iter().find(|link| neighbour(link) as usize == i) {
            return fault(found, "is the observation itself");
        }
        if let Some(found) = row.last().filter(|link| neighbour(link) as usize >= rows.len()) {
            return fault(found, &format!("is not among the {} observations", rows.len()));
        }
        offsets.push(links.len() as u32);
    }
    Ok((offsets, links))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{Contact, Link};

    #[test]
    fn a_graph_gives_its_rows() {
        let link = |a, b| Link {
            a: ParcelIdx(a),
            b: ParcelIdx(b),
            contact: Contact::Edge,
            gap_m: 0.0,
            shared_m: 1.0,
        };
        let weights = Weights::from_graph(&Graph::new(4, vec![link(1, 3), link(0, 1)]));
        assert_eq!(weights, Weights::from_neighbours(&[vec![1], vec![3, 0], vec![], vec![1]]).unwrap());
        assert_eq!((weights.links(), weights.one_way_link()), (4, None));
    }

    #[test]
    fn rows_that_do_not_hold_together_are_named() {
        let message = |rows: &[Vec<u32>]| Weights::from_neighbours(rows).unwrap_err().to_string();
        assert_eq!(
            message(&[vec![1], vec![2]]),
            "weights: row 1: neighbour 2 is not among the 2 observations"
        );
        assert_eq!(message(&[vec![1], vec![1]]), "weights: row 1: neighbour 1 is the observation itself");
        assert_eq!(message(&[vec![1, 1], vec![]]), "weights: row 0: neighbour 1 is named twice");
        let nan = Weights::from_weighted(&[vec![(1, f64::NAN)], vec![]]).unwrap_err().to_string();
        assert_eq!(nan, "weights: row 0: neighbour 1 weighs NaN, expected a finite number");
    }

    #[test]
    fn a_subset_loses_the_links_of_the_others() {
        let rows = [vec![(1, 0.5), (2, 1.5)], vec![(0, 2.0)], vec![(0, 3.0), (1, 4.0)]];
        let general = Weights::from_weighted(&rows).unwrap();
        let rest = general.subset(&[true, false, true]);
        assert_eq!(rest, Weights::from_weighted(&[vec![(1, 1.5)], vec![(0, 3.0)]]).unwrap());
        let equal = Weights::lattice(1, 4, Contiguity::Queen).unwrap().row_standardised();
        let rest = equal.subset(&[true, true, true, false]);
        assert_eq!(rest, Weights::lattice(1, 3, Contiguity::Rook).unwrap().row_standardised());
    }

    #[test]
    fn standardised_rows_sum_to_one() {
        let general = Weights::from_weighted(&[vec![(1, 1.0), (2, 3.0)], vec![(0, 0.0)], vec![]]).unwrap();
        let standard = general.row_standardised();
        assert_eq!(standard.row(0).collect::<Vec<_>>(), [(1, 0.25), (2, 0.75)]);
        assert_eq!((standard.row(1).next(), standard.style()), (Some((0, 0.0)), Style::General));
        assert_eq!(standard.binary().s0(), 3.0);
    }

    #[test]
    fn sums_follow_their_definitions() {
        let rows = [vec![(1, 0.5), (2, 1.5)], vec![(0, 2.0)], vec![(1, 4.0)]];
        let general = Weights::from_weighted(&rows).unwrap();
        for weights in [general.clone(), general.clone().binary(), general.binary().row_standardised()] {
            let mut dense = [[0.0; 3]; 3];
            for (i, row) in dense.iter_mut().enumerate() {
                weights.row(i).for_each(|(j, weight)| row[j as usize] = weight);
            }
            let (mut s0, mut s1, mut s2) = (0.0, 0.0, 0.0);
            for (i, row) in dense.iter().enumerate() {
                let mut margin = 0.0;
                for (weight, other) in row.iter().zip(&dense) {
                    let back = other[i];
                    s0 += weight;
                    s1 += (weight + back).powi(2) / 2.0;
                    margin += weight + back;
                }
                s2 += margin * margin;
            }
            let sums = weights.sums();
            assert!((sums.s0 - s0).abs() + (sums.s1 - s1).abs() + (sums.s2 - s2).abs() < 1e-12, "{sums:?}");
        }
    }
}

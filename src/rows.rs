//! Items put into rows by counting.

use std::ops::Range;

/// Items row by row, in each row in the order given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows<T> {
    items: Vec<T>,
    /// Start of each row in `items`; one more than there are rows.
    starts: Vec<u32>,
}

impl<T: Copy> Rows<T> {
    /// Puts each item into the row given with it. The items are gone through twice; `nothing` fills places before.
    ///
    /// # Panics
    /// Where a row is not below `rows`.
    ///
    /// # Complexity
    /// O(rows + items) time, no memory beside the result.
    pub(crate) fn new(rows: usize, nothing: T, items: impl Iterator<Item = (usize, T)> + Clone) -> Self {
        let mut starts = vec![0_u32; rows + 1];
        items.clone().for_each(|(row, _)| starts[row + 1] += 1);
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        // Filling moves each start to that of the next row; one shift puts them right.
        let mut placed = vec![nothing; starts[rows] as usize];
        items.for_each(|(row, item)| {
            let next = &mut starts[row];
            placed[*next as usize] = item;
            *next += 1;
        });
        starts.rotate_right(1);
        starts[0] = 0;
        Self { items: placed, starts }
    }
}

impl<T> Rows<T> {
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where a row is among all items.
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.items[self.range(row)]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [T] {
        let range = self.range(row);
        &mut self.items[range]
    }

    /// All items, row after row.
    pub(crate) fn items(&self) -> &[T] {
        &self.items
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_row_by_row_in_the_order_given() {
        let rows = Rows::new(4, ' ', [(2, 'a'), (0, 'b'), (2, 'c'), (3, 'd')].into_iter());
        assert_eq!(
            (0..rows.len()).map(|row| rows.row(row).iter().collect()).collect::<Vec<String>>(),
            ["b", "", "ac", "d"]
        );
        assert_eq!((rows.range(2), rows.into_items()), (1..3, vec!['b', 'a', 'c', 'd']));
        assert_eq!(Rows::new(0, 0, [].into_iter()).len(), 0);
    }
}

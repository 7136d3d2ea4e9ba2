//! Weights as GAL text, the form that PySAL, GeoDa and R's spdep read and write.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::Weights;
use crate::error::{Error, ParamError};

impl Weights {
    /// Reads GAL text: ids in the file's order, and binary weights.
    ///
    /// The first line is the number of observations, or `0 n name key`. Then for each observation a line `id count` and a
    /// line of `count` neighbour ids; with no neighbour that line is empty or left out. Ids are text, as written.
    ///
    /// # Errors
    /// [`Error::Syntax`] with `file`, the byte and the reason: a line of another shape, a count that does not match, an id that
    /// is unknown, or given twice, or its own neighbour.
    ///
    /// # Complexity
    /// O(n + m log k).
    ///
    /// ```
    /// use landuse::stats::Weights;
    /// let (ids, weights) = Weights::read_gal("three.gal", "3\na 1\nb\nb 2\na c\nc 1\nb\n")?;
    /// assert_eq!(&*ids[2], "c");
    /// assert_eq!(weights.neighbours(1), [0, 2]);
    /// assert_eq!(weights.write_gal("three", "id", &ids)?, "0 3 three id\na 1\nb\nb 2\na c\nc 1\nb\n");
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn read_gal(file: &str, text: &str) -> Result<(Vec<Box<str>>, Self), Error> {
        let fault = |at: usize, reason: String| Error::Syntax {
            file: file.into(),
            offset: at as u64,
            reason: reason.into(),
        };
        let mut end = 0;
        let mut lines = text.split_inclusive('\n').map(|line| {
            let start = end;
            end += line.len();
            (start, line.split_whitespace().collect::<Vec<_>>())
        });
        let (at, header) = lines.next().ok_or_else(|| fault(0, "is empty, expected GAL".into()))?;
        let count = match header[..] {
            [count] | ["0", count, _, _] => count.parse::<u32>().ok(),
            _ => None,
        };
        let shape = "first line is not `n` or `0 n name key`";
        let count = count.ok_or_else(|| fault(at, shape.into()))? as usize;

        let mut ids: Vec<Box<str>> = Vec::new();
        let mut rows: Vec<(usize, Vec<&str>)> = Vec::new();
        let mut position: HashMap<&str, u32> = HashMap::new();
        let mut lines = lines.peekable();
        while let Some((at, line)) = lines.next() {
            let (id, degree) = match line[..] {
                [] if ids.len() == count => continue,
                [id, degree] => (id, degree.parse::<usize>().ok()),
                _ => ("", None),
            };
            let degree =
                degree.ok_or_else(|| fault(at, format!("is `{}`, expected `id count`", line.join(" "))))?;
            if position.insert(id, ids.len() as u32).is_some() {
                return Err(fault(at, format!("id `{id}` is given twice")));
            }
            if ids.len() == count {
                return Err(fault(at, format!("more than the {count} observations of the first line")));
            }
            ids.push(id.into());
            let absent = degree == 0 && lines.peek().is_none_or(|(_, line)| !line.is_empty());
            let (at, row) =
                if absent { (at, Vec::new()) } else { lines.next().unwrap_or((text.len(), Vec::new())) };
            if row.len() != degree {
                return Err(fault(at, format!("`{id}` has {} neighbours, expected {degree}", row.len())));
            }
            rows.push((at, row));
        }
        if ids.len() < count {
            let reason = format!("ends after {} observations, expected {count}", ids.len());
            return Err(fault(text.len(), reason));
        }
        let mut offsets = vec![0];
        let mut neighbours = Vec::new();
        for (i, (at, row)) in rows.iter().enumerate() {
            let start = neighbours.len();
            for id in row {
                let j = *position
                    .get(id)
                    .ok_or_else(|| fault(*at, format!("neighbour `{id}` is no observation")))?;
                if j as usize == i {
                    return Err(fault(*at, format!("`{id}` is its own neighbour")));
                }
                neighbours.push(j);
            }
            let row = &mut neighbours[start..];
            row.sort_unstable();
            if let Some(pair) = row.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(fault(*at, format!("neighbour `{}` is named twice", ids[pair[0] as usize])));
            }
            let total = neighbours.len() as u64;
            let limit = u32::MAX.into();
            offsets.push(u32::try_from(total).map_err(|_| Error::TooLarge {
                what: "links",
                found: total,
                limit,
            })?);
        }
        Ok((ids, Self::from_sorted(offsets, neighbours)))
    }

    /// The links as GAL text, `ids` being those of the observations in order, `name` that of the data set and `key` the column that
    /// the ids stand in.
    ///
    /// Equal weights are implied by the links; readers choose the style anew.
    ///
    /// # Errors
    /// [`ParamError`] where there is not one id for each observation; where an id, the name or the key is empty, holds white space or an
    /// id comes twice; and for general weights, for which GAL has no place.
    ///
    /// # Complexity
    /// O(n + m).
    pub fn write_gal<S: AsRef<str>>(&self, name: &str, key: &str, ids: &[S]) -> Result<String, ParamError> {
        if !self.is_equal() {
            return Err(ParamError::new(
                "weights",
                "general",
                "equal weights in each row, as GAL keeps links only",
            ));
        }
        if ids.len() != self.len() {
            let expected = format!("one for each of the {} observations", self.len());
            return Err(ParamError::new("ids", ids.len(), &expected));
        }
        let mut seen = std::collections::HashSet::with_capacity(ids.len());
        for text in ids.iter().map(AsRef::as_ref).chain([name, key]) {
            if text.is_empty() || text.contains(char::is_whitespace) {
                return Err(ParamError::new("ids", format!("`{text}`"), "text without white space"));
            }
        }
        if let Some(id) = ids.iter().map(AsRef::as_ref).find(|id| !seen.insert(*id)) {
            return Err(ParamError::new("ids", format!("`{id}` twice"), "each id once"));
        }
        let mut text = format!("0 {} {name} {key}\n", self.len());
        for (i, id) in ids.iter().enumerate() {
            let row = self.neighbours(i);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {}", id.as_ref(), row.len());
            for (at, &j) in row.iter().enumerate() {
                let gap = if at == 0 { "" } else { " " };
                let _ = write!(text, "{gap}{}", ids[j as usize].as_ref());
            }
            text.push('\n');
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn islands_with_and_without_their_empty_line() {
        let (_, with) = Weights::read_gal("g", "3\na 0\n\nb 1\nc\nc 1\nb\n").unwrap();
        let (ids, without) = Weights::read_gal("g", "3\r\na 0\r\nb 1\r\nc\r\nc 1\r\nb").unwrap();
        assert_eq!(with, without);
        assert_eq!(with.islands().collect::<Vec<_>>(), [0]);
        let again = Weights::read_gal("g", &with.write_gal("g", "id", &ids).unwrap()).unwrap();
        assert_eq!(again, (ids, with));
        let (_, last) = Weights::read_gal("g", "2\na 0\nb 0\n\n\n").unwrap();
        assert_eq!(last.islands().count(), 2);
    }

    #[test]
    fn faults_are_found_where_they_stand() {
        let message = |text| Weights::read_gal("g", text).unwrap_err().to_string();
        assert_eq!(message(""), "g: is empty, expected GAL (at byte 0)");
        assert_eq!(message("a b\n"), "g: first line is not `n` or `0 n name key` (at byte 0)");
        assert_eq!(message("1 2 3 4\n"), "g: first line is not `n` or `0 n name key` (at byte 0)");
        assert_eq!(message("2\na 1\nb\n"), "g: ends after 1 observations, expected 2 (at byte 8)");
        assert_eq!(
            message("1\na 0\n\nb 0\n"),
            "g: more than the 1 observations of the first line (at byte 7)"
        );
        assert_eq!(message("2\na 2\nb\nb 1\na\n"), "g: `a` has 1 neighbours, expected 2 (at byte 6)");
        assert_eq!(message("2\na 1\nc\nb 1\na\n"), "g: neighbour `c` is no observation (at byte 6)");
        assert_eq!(message("2\na 1\na\nb 1\na\n"), "g: `a` is its own neighbour (at byte 6)");
        assert_eq!(message("2\na 1\nb\na 1\nb\n"), "g: id `a` is given twice (at byte 8)");
        assert_eq!(message("2\na 2\nb b\nb 1\na\n"), "g: neighbour `b` is named twice (at byte 6)");
        assert_eq!(message("2\na x\nb\nb 1\na\n"), "g: is `a x`, expected `id count` (at byte 2)");
        assert_eq!(message("2\na 1"), "g: `a` has 0 neighbours, expected 1 (at byte 5)");
    }

    #[test]
    fn what_gal_cannot_hold_is_refused() {
        let pair = Weights::from_neighbours(&[vec![1], vec![0]]).unwrap();
        let message = |ids: &[&str]| pair.write_gal("p", "id", ids).unwrap_err().to_string();
        assert_eq!(message(&["a"]), "`ids` is 1, expected one for each of the 2 observations");
        assert_eq!(message(&["a", "b c"]), "`ids` is `b c`, expected text without white space");
        assert_eq!(message(&["a", "a"]), "`ids` is `a` twice, expected each id once");
        let general = Weights::from_weighted(&[vec![(1, 2.0)], vec![]]).unwrap();
        assert!(general.write_gal("p", "id", &["a", "b"]).is_err());
    }
}

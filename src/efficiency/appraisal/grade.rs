use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ParamError};
use crate::parcel::Column;

/// A grade of the appraisal, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// Encouraged.
    A,
    /// Supported.
    B,
    /// To improve.
    C,
    /// Low-efficiency: to be put right or moved out.
    D,
    /// Not appraised.
    T,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Shares of the ranking, best first, at which grades end; D is the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct Cuts {
    /// End of A.
    pub a: f64,
    /// End of B.
    pub b: f64,
    /// End of C.
    pub c: f64,
}

impl Cuts {
    /// Huai'an 2024: A 20 %, B to 60 %, C to 95 % (`huaian-2024`).
    pub const HUAIAN: Self = Self { a: 0.20, b: 0.60, c: 0.95 };
    /// Changle, Shandong: A 20 %, B to 75 %, C to 95 % (`changle`).
    pub const CHANGLE: Self = Self { a: 0.20, b: 0.75, c: 0.95 };
    /// Parks of Wenling, firms above scale: A 20 %, B to 80 %, C to 95 % (`wenling`).
    pub const WENLING_ABOVE: Self = Self { a: 0.20, b: 0.80, c: 0.95 };
    /// Parks of Wenling, firms below scale: A 5 %, B to 75 %, C to 95 % (`wenling`).
    pub const WENLING_BELOW: Self = Self { a: 0.05, b: 0.75, c: 0.95 };
}

/// From `share · count` to a whole number of rows. No text read names a rule, so it is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Down.
    Floor,
    /// Up.
    Ceil,
    /// To the nearest, halves up.
    #[default]
    Round,
    /// To the nearest, halves to even.
    NearestEven,
}

impl Rounding {
    /// `share · count` as a whole number; a product within 1e-9 of a whole number is that number, so that 7 % of 100 is 7.
    pub fn count(self, share: f64, count: usize) -> usize {
        let product = share * count as f64;
        let near = product.round();
        if (product - near).abs() <= 1e-9 * near.max(1.0) {
            return near as usize;
        }
        (match self {
            Self::Floor => product.floor(),
            Self::Ceil => product.ceil(),
            Self::Round => (product + 0.5).floor(),
            Self::NearestEven => product.round_ties_even(),
        }) as usize
    }
}

/// Which rank counts for rows of equal score; they share a grade in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// Their best.
    #[default]
    Better,
    /// Their last.
    Worse,
}

/// How ranks become grades.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Grading {
    /// Where grades end.
    pub cuts: Cuts,
    /// How many rows a share is.
    pub rounding: Rounding,
    /// Which rank counts for equal scores.
    pub ties: Ties,
    /// Whether rows of grade T count in the number the shares are taken of.
    pub count_not_appraised: bool,
    /// Decimals the score is rounded to before ranking.
    pub decimals: Option<u8>,
}

impl Grading {
    /// Grading by `cuts`, all else at its default.
    pub fn new(cuts: Cuts) -> Self {
        Self {
            cuts,
            rounding: Rounding::default(),
            ties: Ties::default(),
            count_not_appraised: false,
            decimals: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), ParamError> {
        let Cuts { a, b, c } = self.cuts;
        if 0.0 <= a && a <= b && b <= c && c <= 1.0 {
            return Ok(());
        }
        Err(ParamError::new("cuts", format_args!("{a}, {b}, {c}"), "shares with 0 ≤ A ≤ B ≤ C ≤ 1"))
    }

    /// The score as it is ranked.
    pub(super) fn shown(&self, score: f64) -> f64 {
        let Some(decimals) = self.decimals else { return score };
        let scale = 10f64.powi(i32::from(decimals));
        let shown = (score * scale).round() / scale;
        if shown.is_finite() { shown } else { score }
    }

    /// Grades of the four: for rows `best..=last` of a ranking, ranks from 1, `count` rows to take shares of.
    pub(super) fn grade(&self, best: usize, last: usize, count: usize) -> Grade {
        let rank = match self.ties {
            Ties::Better => best,
            Ties::Worse => last,
        };
        let within = |share| rank <= self.rounding.count(share, count);
        if within(self.cuts.a) {
            Grade::A
        } else if within(self.cuts.b) {
            Grade::B
        } else if within(self.cuts.c) {
            Grade::C
        } else {
            Grade::D
        }
    }
}

/// Whether a row stood in one of `grades` in each of the last `years` years: the rule "D in two years running".
///
/// # Arguments
/// * `history`: grades per year, oldest first; none where a row has no grade or did not exist.
///
/// # Returns
/// One flag per row: false as soon as a year is known to be in no such grade (T included), unknown where the rest is not known,
/// or the history is too short.
///
/// # Errors
/// [`ParamError`] for `years` of 0; [`Error::Param`] where years differ in length.
///
/// # Complexity
/// O(rows · years).
///
/// ```
/// use landuse::efficiency::{Grade, repeated};
/// let (first, second) = ([Some(Grade::D), Some(Grade::C), None], [Some(Grade::D); 3]);
/// let running = repeated(&[&first, &second], &[Grade::D], 2)?;
/// assert_eq!(running.iter().collect::<Vec<_>>(), [Some(true), Some(false), None]);
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn repeated(history: &[&[Option<Grade>]], grades: &[Grade], years: usize) -> Result<Column<bool>, Error> {
    if years == 0 {
        return Err(ParamError::new("years", years, "at least 1").into());
    }
    let rows = history.first().map_or(0, |year| year.len());
    for year in history {
        crate::expr::same_length("history", year.len(), rows)?;
    }
    let recent = &history[history.len().saturating_sub(years)..];
    let flag = |row: usize| {
        let known = recent.iter().map(|year| year[row].map(|grade| grades.contains(&grade)));
        let mut sure = recent.len() == years;
        for flag in known {
            match flag {
                Some(false) => return Some(false),
                Some(true) => {}
                None => sure = false,
            }
        }
        sure.then_some(true)
    };
    Ok((0..rows).map(flag).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_as_told() {
        assert_eq!(Rounding::Ceil.count(0.07, 100), 7);
        let all = [Rounding::Floor, Rounding::Ceil, Rounding::Round, Rounding::NearestEven];
        assert_eq!(all.map(|rule| rule.count(0.2, 275)), [55; 4]);
        assert_eq!(all.map(|rule| rule.count(0.5, 5)), [2, 3, 3, 2]);
        assert_eq!(all.map(|rule| rule.count(0.95, 275)), [261, 262, 261, 261]);
    }
}

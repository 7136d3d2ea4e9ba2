//! A good programme without proof: greedy choice along a relaxation, then exchanges while they help.

use super::model::{Model, Side};

/// Projects up to which pairs are exchanged: their number squared in each pass.
const MOST_EXCHANGED: usize = 1_500;
/// Passes over all exchanges.
const PASSES: usize = 40;

/// A choice that is being changed, with the left side of every row.
struct State<'a> {
    model: &'a Model,
    /// Rows and coefficients of each variable.
    columns: Vec<Vec<(u32, f64)>>,
    starts: Vec<Option<u32>>,
    left: Vec<f64>,
    /// What the violation of a row is measured against.
    scale: Vec<f64>,
}

/// How good a choice is: first how much it violates, then what it is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Merit {
    violation: f64,
    worth: f64,
}

impl Merit {
    fn betters(self, gain: Self) -> bool {
        gain.violation < -1e-12
            || (gain.violation <= 1e-15 && gain.worth > 1e-12 * self.worth.abs().max(1e-300))
    }
}

impl<'a> State<'a> {
    fn new(model: &'a Model) -> Self {
        let mut columns = vec![Vec::new(); model.value.len()];
        for (at, row) in model.rows.iter().enumerate() {
            row.terms.iter().for_each(|&(variable, c)| columns[variable].push((at as u32, c)));
        }
        let scale = model
            .rows
            .iter()
            .map(|row| {
                row.terms.iter().map(|(_, c)| c.abs()).fold(row.limit.abs(), f64::max).max(f64::MIN_POSITIVE)
            })
            .collect();
        let left = vec![0.0; model.rows.len()];
        Self { model, columns, starts: vec![None; model.projects], left, scale }
    }

    /// Changes of the rows where projects start otherwise.
    fn changes(&self, moves: &[(usize, Option<u32>)]) -> Vec<(u32, f64)> {
        let mut changes: Vec<(u32, f64)> = Vec::new();
        for &(project, start) in moves {
            let variable = |year: u32| self.model.variable(project, year as usize);
            if let Some(before) = self.starts[project] {
                changes.extend(self.columns[variable(before)].iter().map(|&(row, c)| (row, -c)));
            }
            if let Some(year) = start {
                changes.extend(&self.columns[variable(year)]);
            }
        }
        changes.sort_unstable_by_key(|change| change.0);
        changes.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        changes
    }

    fn violation(&self, row: usize, left: f64) -> f64 {
        let own = &self.model.rows[row];
        let over = if own.side == Side::AtMost { left - own.limit } else { own.limit - left };
        (over / self.scale[row]).max(0.0)
    }

    fn gain(&self, moves: &[(usize, Option<u32>)]) -> (Merit, Vec<(u32, f64)>) {
        let changes = self.changes(moves);
        let violation = changes
            .iter()
            .map(|&(row, change)| {
                let (row, left) = (row as usize, self.left[row as usize]);
                self.violation(row, left + change) - self.violation(row, left)
            })
            .sum();
        let value = |project: usize, start: Option<u32>| {
            start.map_or(0.0, |year| self.model.value[self.model.variable(project, year as usize)])
        };
        let worth = moves
            .iter()
            .map(|&(project, start)| value(project, start) - value(project, self.starts[project]))
            .sum();
        (Merit { violation, worth }, changes)
    }

    fn take(&mut self, moves: &[(usize, Option<u32>)], changes: &[(u32, f64)]) {
        changes.iter().for_each(|&(row, change)| self.left[row as usize] += change);
        moves.iter().for_each(|&(project, start)| self.starts[project] = start);
    }

    fn try_moves(&mut self, worth: f64, moves: &[(usize, Option<u32>)]) -> bool {
        let (gain, changes) = self.gain(moves);
        let betters = Merit { violation: 0.0, worth }.betters(gain);
        if betters {
            self.take(moves, &changes);
        }
        betters
    }

    fn years(&self, project: usize) -> Vec<Option<u32>> {
        let open = (0..self.model.years).filter(|&year| self.model.open[self.model.variable(project, year)]);
        std::iter::once(None).chain(open.map(|year| Some(year as u32))).collect()
    }

    /// Single changes, then exchanges of two, until none helps.
    fn improve(&mut self) {
        let largest = self.model.value.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let projects = self.model.projects;
        for _ in 0..PASSES {
            let mut better = false;
            for project in 0..projects {
                for start in self.years(project) {
                    if start != self.starts[project] {
                        better |= self.try_moves(largest, &[(project, start)]);
                    }
                }
            }
            if better {
                continue;
            }
            if projects <= MOST_EXCHANGED {
                for a in 0..projects {
                    for b in 0..projects {
                        let (from, to) = (self.starts[a], self.starts[b]);
                        if from.is_none() || from == to {
                            continue;
                        }
                        // `b` takes the place of `a`, and `a` that of `b` or none.
                        let may = |project: usize, start: Option<u32>| {
                            start.is_none_or(|year| {
                                self.model.open[self.model.variable(project, year as usize)]
                            })
                        };
                        if may(b, from) && may(a, to) {
                            better |= self.try_moves(largest, &[(a, to), (b, from)]);
                        }
                    }
                }
            }
            if !better {
                return;
            }
        }
    }
}

/// What a choice begins with.
#[derive(Debug, Clone, PartialEq)]
enum First {
    /// A choice at hand.
    Given(Vec<Option<u32>>),
    /// Every start of at least this share in the relaxation, whatever it breaks.
    Rounded(f64),
    /// Starts by their share in the relaxation, as long as nothing gets worse.
    AlongParts,
    /// Starts by worth, as long as nothing gets worse.
    ByWorth,
}

/// A choice that keeps every row; none where none was found. `parts` are the shares of a relaxation, `given` is a choice to begin with.
pub(super) fn search(
    model: &Model,
    parts: &[f64],
    given: Option<Vec<Option<u32>>>,
) -> Option<Vec<Option<u32>>> {
    let mut best: Option<(f64, Vec<Option<u32>>)> = None;
    let own = [First::Rounded(0.5), First::AlongParts, First::ByWorth];
    for first in given.map(First::Given).into_iter().chain(own) {
        let mut state = State::new(model);
        let mut order: Vec<usize> = (0..model.value.len()).filter(|&variable| model.open[variable]).collect();
        let key = |variable: usize| if first == First::ByWorth { 0.0 } else { parts[variable] };
        order.sort_by(|&a, &b| {
            let by_worth = model.value[b].total_cmp(&model.value[a]);
            key(b).total_cmp(&key(a)).then(by_worth).then(a.cmp(&b))
        });
        for variable in order {
            let (project, year) = (variable / model.years, (variable % model.years) as u32);
            if state.starts[project].is_some() {
                continue;
            }
            let (gain, changes) = state.gain(&[(project, Some(year))]);
            let helps = gain.violation <= 0.0 && (gain.violation < 0.0 || gain.worth > 0.0);
            let take = match &first {
                First::Given(starts) => starts[project] == Some(year),
                First::Rounded(share) => parts[variable] >= *share,
                First::AlongParts => helps && parts[variable] > 1e-6,
                First::ByWorth => helps,
            };
            if take {
                state.take(&[(project, Some(year))], &changes);
            }
        }
        state.improve();
        if model.holds(&state.starts) {
            let worth = model.worth(&state.starts);
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, state.starts));
            }
        }
    }
    best.map(|(_, starts)| starts)
}

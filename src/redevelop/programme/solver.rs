//! Rows handed to a solver of linear programmes, and its answers taken back.

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, SolveOutcome, Variable};

use super::model::{Model, Row, Side};
use crate::error::{Error, ParamError};

/// What a solver says of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// No choice keeps all rows.
    Impossible,
    /// Nothing was found within the branches allowed; no choice is worth more than the bound.
    Unsettled { bound: Option<f64>, branches: u64 },
    /// A choice by variable, what it is worth, and what none is worth more than.
    Found { chosen: Vec<f64>, worth: f64, bound: f64, proved: bool, branches: u64 },
}

/// Variables that are open, in a problem.
struct Opened {
    problem: Problem,
    variables: Vec<Option<Variable>>,
    /// What the solver's objective is multiplied by.
    scale: f64,
}

fn opened(model: &Model, value: &[f64], rows: &[&Row], whole: bool, fixed: &[Option<bool>]) -> Opened {
    // Coefficients of about 1: the tolerances of the solver are absolute.
    let largest = |numbers: &mut dyn Iterator<Item = f64>| {
        let most = numbers.map(f64::abs).fold(0.0, f64::max);
        if most > 0.0 { most } else { 1.0 }
    };
    let is_open = |(variable, value): (usize, &f64)| if model.open[variable] { *value } else { 0.0 };
    let scale = largest(&mut value.iter().enumerate().map(is_open));
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let variables: Vec<Option<Variable>> = model
        .open
        .iter()
        .zip(value)
        .enumerate()
        .map(|(at, (&open, value))| {
            open.then(|| {
                let value = value / scale;
                match fixed.get(at).copied().flatten().map(|on| f64::from(u8::from(on))) {
                    Some(part) => problem.add_var(value, (part, part)),
                    None if whole => problem.add_binary_var(value),
                    None => problem.add_var(value, (0.0, 1.0)),
                }
            })
        })
        .collect();
    for row in rows {
        let terms: Vec<(Variable, f64)> =
            row.terms.iter().filter_map(|&(variable, c)| Some((variables[variable]?, c))).collect();
        let most = largest(&mut terms.iter().map(|(_, c)| *c));
        let comparison = if row.side == Side::AtMost { ComparisonOp::Le } else { ComparisonOp::Ge };
        problem.add_constraint(terms.into_iter().map(|(v, c)| (v, c / most)), comparison, row.limit / most);
    }
    Opened { problem, variables, scale }
}

/// Rows without any open variable are settled by themselves: whether one of them cannot hold.
fn is_void(model: &Model, rows: &[&Row]) -> bool {
    rows.iter().any(|row| row.terms.iter().all(|(v, _)| !model.open[*v]) && row.violation(0.0) > 0.0)
}

fn failed(error: &microlp::Error) -> Error {
    let reason = format!("the solver gave up: {error}");
    ParamError::new("programme", reason, "amounts that do not differ by many orders of magnitude").into()
}

/// The most that `value` comes to where projects may be begun in parts; whole ones come to no more. None where no choice keeps the rows.
pub(super) fn relaxed(model: &Model, value: &[f64], rows: &[&Row]) -> Result<Option<(f64, Vec<f64>)>, Error> {
    relaxed_with(model, value, rows, &[])
}

/// As [`relaxed`], with some variables fixed.
fn relaxed_with(
    model: &Model,
    value: &[f64],
    rows: &[&Row],
    fixed: &[Option<bool>],
) -> Result<Option<(f64, Vec<f64>)>, Error> {
    if is_void(model, rows) {
        return Ok(None);
    }
    let Opened { problem, variables, scale } = opened(model, value, rows, false, fixed);
    match problem.solve() {
        Ok(SolveOutcome::Solution(solution)) => {
            let part =
                |variable: &Option<Variable>| variable.map_or(0.0, |v| solution.var_value(v).clamp(0.0, 1.0));
            Ok(Some((solution.objective() * scale, variables.iter().map(part).collect())))
        }
        Ok(SolveOutcome::Interrupted(_)) | Err(microlp::Error::Infeasible) => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Relaxations that a dive solves at most.
const MOST_DIVES: usize = 120;

/// A choice of whole projects by a dive: what the relaxation begins whole stays, the largest part is begun or, where that cannot be, left out, and
/// the rest is relaxed again. None where that ends nowhere.
pub(super) fn dive(
    model: &Model,
    rows: &[&Row],
    mut parts: Vec<f64>,
) -> Result<Option<Vec<Option<u32>>>, Error> {
    const WHOLE: f64 = 1.0 - 1e-6;
    let mut fixed = vec![None; parts.len()];
    for _ in 0..MOST_DIVES {
        for (fixed, part) in fixed.iter_mut().zip(&parts) {
            if *part >= WHOLE {
                *fixed = Some(true);
            }
        }
        let broken = (0..parts.len()).filter(|&at| fixed[at].is_none() && parts[at] > 1.0 - WHOLE);
        let Some(most) = broken.max_by(|&a, &b| parts[a].total_cmp(&parts[b]).then(b.cmp(&a))) else {
            let begins = |project: usize| {
                (0..model.years)
                    .find(|&year| parts[model.variable(project, year)] >= WHOLE)
                    .map(|year| year as u32)
            };
            return Ok(Some((0..model.projects).map(begins).collect()));
        };
        let mut found = None;
        for on in [true, false] {
            fixed[most] = Some(on);
            found = relaxed_with(model, &model.value, rows, &fixed)?;
            if found.is_some() {
                break;
            }
        }
        match found {
            Some((_, next)) => parts = next,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// The best choice of whole projects, within so many branches; `first` is one to begin with.
pub(super) fn whole(
    model: &Model,
    rows: &[&Row],
    first: Option<&[Option<u32>]>,
    gap: f64,
    branches: u64,
) -> Result<Answer, Error> {
    if is_void(model, rows) {
        return Ok(Answer::Impossible);
    }
    let Opened { problem, variables, scale } = opened(model, &model.value, rows, true, &[]);
    let mut options = SolveOptions::default();
    options.node_limit = Some(branches);
    options.mip_gap = gap;
    options.warm_start = first.map(|starts| {
        let is_on = |variable: usize| starts[variable / model.years] == Some((variable % model.years) as u32);
        let known = variables.iter().enumerate().filter_map(|(at, variable)| Some((at, (*variable)?)));
        known.map(|(at, variable)| (variable, f64::from(u8::from(is_on(at))))).collect()
    });
    match problem.solve_with(options) {
        Ok(SolveOutcome::Solution(solution)) => {
            let stats = solution.stats();
            let worth = solution.objective() * scale;
            Ok(Answer::Found {
                chosen: variables
                    .iter()
                    .map(|variable| variable.map_or(0.0, |v| solution.var_value(v)))
                    .collect(),
                worth,
                bound: stats.best_bound.map_or(f64::INFINITY, |bound| bound * scale).max(worth),
                proved: solution.status() == microlp::SolutionStatus::Optimal,
                branches: stats.nodes_solved,
            })
        }
        Ok(SolveOutcome::Interrupted(stopped)) => {
            let stats = stopped.stats();
            Ok(Answer::Unsettled {
                bound: stats.best_bound.map(|bound| bound * scale),
                branches: stats.nodes_solved,
            })
        }
        Err(microlp::Error::Infeasible) => Ok(Answer::Impossible),
        Err(error) => Err(failed(&error)),
    }
}

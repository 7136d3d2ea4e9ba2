//! A programme as rows over yes-or-no variables: one for each project and year it may start in.

use std::collections::HashMap;

use super::options::ProgrammeOptions;
use super::{Project, Rule};
use crate::error::{Error, ParamError};
use crate::sum;

/// How the two sides of a row compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    AtMost,
    AtLeast,
}

/// A rule as a linear row: `Σ term ≤ or ≥ limit`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) rule: Rule,
    /// The year it is about, from 0.
    pub(super) year: Option<usize>,
    /// Variable and coefficient.
    pub(super) terms: Vec<(usize, f64)>,
    pub(super) side: Side,
    pub(super) limit: f64,
}

impl Row {
    /// What is missing of the limit, 0 where it holds but for rounding.
    pub(super) fn violation(&self, left: f64) -> f64 {
        let over = if self.side == Side::AtMost { left - self.limit } else { self.limit - left };
        let largest = self.terms.iter().map(|(_, c)| c.abs()).fold(self.limit.abs(), f64::max);
        if over <= 1e-9 * largest { 0.0 } else { over }
    }
}

/// All rows of a programme.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) projects: usize,
    pub(super) years: usize,
    pub(super) lag: usize,
    /// What each variable adds to the objective.
    pub(super) value: Vec<f64>,
    /// Whether a variable may be 1.
    pub(super) open: Vec<bool>,
    pub(super) rows: Vec<Row>,
}

/// What a model is made of.
pub(super) struct ModelInput<'a> {
    pub(super) projects: &'a [Project],
    /// Sets of projects of which at most one is begun.
    pub(super) conflicts: &'a [Vec<u32>],
    pub(super) units: &'a [Option<Box<str>>],
    pub(super) existing_floor_m2: Option<f64>,
    pub(super) options: &'a ProgrammeOptions,
}

impl Model {
    pub(super) fn variable(&self, project: usize, year: usize) -> usize {
        project * self.years + year
    }

    pub(super) fn new(input: &ModelInput<'_>) -> Result<Self, Error> {
        let ModelInput { projects, options, .. } = *input;
        let (years, lag) = (options.years, options.lag_years);
        let mut model = Self {
            projects: projects.len(),
            years,
            lag,
            value: Vec::with_capacity(projects.len() * years),
            open: Vec::with_capacity(projects.len() * years),
            rows: Vec::new(),
        };
        let names: HashMap<&str, usize> =
            projects.iter().enumerate().map(|(at, project)| (&*project.name, at)).collect();
        let at = |list: &str, name: &str| {
            names.get(name).copied().ok_or_else(|| {
                let expected = format!("the name of one of {} projects", projects.len());
                ParamError::new(&format!("programme.{list}"), name, &expected)
            })
        };
        let mut excluded = vec![false; projects.len()];
        for name in &options.exclude {
            excluded[at("exclude", name)?] = true;
        }
        for (excluded, project) in excluded.iter_mut().zip(projects) {
            *excluded |= options.max_line_share.is_some_and(|most| project.line_share > most);
        }
        let mut factors = vec![1.0; years + lag];
        for year in 1..factors.len() {
            factors[year] = factors[year - 1] / (1.0 + options.discount);
        }
        for (project, &excluded) in projects.iter().zip(&excluded) {
            for year in 0..years {
                // What is delivered after the last year is not begun.
                let delivered = year + lag < years;
                model.value.push(project.value * factors[year + lag]);
                model.open.push(delivered && !excluded);
            }
        }
        model.choices(input, &at, &excluded)?;
        model.supplies(input)?;
        model.costs(input);
        model.demolitions(input)?;
        Ok(model)
    }

    /// A row over all projects and the years that `of` gives.
    fn row(
        &mut self,
        rule: Rule,
        year: Option<usize>,
        side: Side,
        limit: f64,
        of: impl Fn(usize, usize) -> f64,
    ) {
        let mut terms = Vec::new();
        for project in 0..self.projects {
            for start in 0..self.years {
                let variable = self.variable(project, start);
                let coefficient = of(project, start);
                if coefficient != 0.0 && self.open[variable] {
                    terms.push((variable, coefficient));
                }
            }
        }
        self.rows.push(Row { rule, year, terms, side, limit });
    }

    fn choices(
        &mut self,
        input: &ModelInput<'_>,
        at: &dyn Fn(&str, &str) -> Result<usize, ParamError>,
        excluded: &[bool],
    ) -> Result<(), Error> {
        let options = input.options;
        let mut sets: Vec<Vec<usize>> =
            input.conflicts.iter().map(|set| set.iter().map(|&project| project as usize).collect()).collect();
        for named in &options.conflicts {
            sets.push(named.iter().map(|name| at("conflicts", name)).collect::<Result<_, _>>()?);
        }
        let years = self.years;
        let any = |projects: &[usize]| -> Vec<(usize, f64)> {
            projects.iter().flat_map(|&p| (0..years).map(move |year| (p * years + year, 1.0))).collect()
        };
        for project in 0..self.projects {
            let terms = any(&[project]);
            self.rows.push(Row { rule: Rule::Once, year: None, terms, side: Side::AtMost, limit: 1.0 });
        }
        for set in &sets {
            let terms = any(set);
            self.rows.push(Row { rule: Rule::Conflict, year: None, terms, side: Side::AtMost, limit: 1.0 });
        }
        for required in &options.require {
            let project = at("require", &required.project)?;
            if excluded[project] {
                let found = format!("project `{}`, most of which lies inside the lines", required.project);
                let expected = "projects that `max_line_share` does not exclude";
                return Err(ParamError::new("programme.require", found, expected).into());
            }
            let twice = |set: &&Vec<usize>| {
                set.contains(&project)
                    && options.require.iter().any(|other| {
                        other.project != required.project
                            && at("require", &other.project).is_ok_and(|other| set.contains(&other))
                    })
            };
            if sets.iter().any(|set| twice(&set)) {
                let found =
                    format!("project `{}` and another of which only one may be begun", required.project);
                return Err(ParamError::new("programme.require", found, "projects without a conflict").into());
            }
            let years = match required.year {
                Some(year) => year - 1..year,
                None => 0..self.years,
            };
            let terms: Vec<_> = years
                .map(|year| (self.variable(project, year), 1.0))
                .filter(|(v, _)| self.open[*v])
                .collect();
            if terms.is_empty() {
                let found = format!("project `{}` in year {}", required.project, required.year.unwrap_or(1));
                let expected = format!("a start at least {} years before the end", self.lag);
                return Err(ParamError::new("programme.require", found, &expected).into());
            }
            self.rows.push(Row { rule: Rule::Required, year: None, terms, side: Side::AtLeast, limit: 1.0 });
        }
        Ok(())
    }

    fn supplies(&mut self, input: &ModelInput<'_>) -> Result<(), Error> {
        let (options, lag) = (input.options, self.lag);
        let supply = |project: usize| input.projects[project].supply_m2;
        for year in 0..self.years {
            if let Some(least) = ProgrammeOptions::of_year(&options.supply_m2, year).filter(|m2| *m2 > 0.0) {
                let delivered = |project, start| if start + lag == year { supply(project) } else { 0.0 };
                self.row(Rule::Supply, Some(year), Side::AtLeast, least, delivered);
            }
        }
        for district in &options.districts {
            let is_own = |id: &Option<Box<str>>| id.as_deref() == Some(&*district.unit);
            let Some(unit) = input.units.iter().position(is_own) else {
                let found = &district.unit;
                return Err(ParamError::new("programme.districts", found, "the id of a study unit").into());
            };
            let own = |project: usize| input.projects[project].unit == Some(unit as u32);
            for (share, side) in [(district.min, Side::AtLeast), (district.max, Side::AtMost)] {
                let free = if side == Side::AtLeast { share == 0.0 } else { share == 1.0 };
                if !free {
                    // Σ own − share · Σ all against 0.
                    let part = |project, _| supply(project) * (f64::from(u8::from(own(project))) - share);
                    self.row(Rule::District, None, side, 0.0, part);
                }
            }
        }
        Ok(())
    }

    fn costs(&mut self, input: &ModelInput<'_>) {
        let options = input.options;
        for year in 0..self.years {
            let Some(budget) = ProgrammeOptions::of_year(&options.budget, year) else { return };
            let cost = |project: usize| input.projects[project].cost;
            if options.carry_over {
                let all = (0..=year).filter_map(|year| ProgrammeOptions::of_year(&options.budget, year));
                let spent = |project, start| if start <= year { cost(project) } else { 0.0 };
                self.row(Rule::Budget, Some(year), Side::AtMost, sum::exact(all), spent);
            } else {
                let spent = |project, start| if start == year { cost(project) } else { 0.0 };
                self.row(Rule::Budget, Some(year), Side::AtMost, budget, spent);
            }
        }
    }

    fn demolitions(&mut self, input: &ModelInput<'_>) -> Result<(), Error> {
        let (options, lag) = (input.options, self.lag);
        let demolished = |project: usize| input.projects[project].demolished_m2;
        let built = |project: usize| input.projects[project].built_m2;
        for year in 0..self.years {
            if let Some(most) = ProgrammeOptions::of_year(&options.max_demolished_m2, year) {
                let own = |project, start| if start == year { demolished(project) } else { 0.0 };
                self.row(Rule::Demolition, Some(year), Side::AtMost, most, own);
            }
        }
        if let Some(share) = options.max_demolished_share {
            let Some(floor_m2) = input.existing_floor_m2 else {
                let expected = "a known floor area of the city that it is a share of";
                return Err(ParamError::new("programme.max_demolished_share", share, expected).into());
            };
            let all = |project, _| demolished(project);
            self.row(Rule::DemolishedShare, None, Side::AtMost, share * floor_m2, all);
        }
        if let Some(ratio) = options.max_build_ratio {
            let over = |project, _| built(project) - ratio * demolished(project);
            self.row(Rule::BuildRatio, None, Side::AtMost, 0.0, over);
        }
        if let Some(decant) = options.decant {
            for year in 0..self.years {
                let needed = |project: usize, start: usize| {
                    let displaced = if start <= year { decant.share * demolished(project) } else { 0.0 };
                    let delivered = if start + lag <= year { built(project) } else { 0.0 };
                    displaced - delivered
                };
                self.row(Rule::Decant, Some(year), Side::AtMost, decant.vacant_m2, needed);
            }
        }
        Ok(())
    }

    /// The left side of each row, where project `p` starts in `starts[p]`.
    pub(super) fn left(&self, starts: &[Option<u32>]) -> Vec<f64> {
        let is_on = |variable: usize| starts[variable / self.years] == Some((variable % self.years) as u32);
        let of = |row: &Row| {
            sum::exact(row.terms.iter().filter(|(variable, _)| is_on(*variable)).map(|(_, c)| *c))
        };
        self.rows.iter().map(of).collect()
    }

    /// Whether a choice keeps every row, and starts nothing that may not be started.
    pub(super) fn holds(&self, starts: &[Option<u32>]) -> bool {
        let may = |(project, start): (usize, &Option<u32>)| {
            start.is_none_or(|year| self.open[self.variable(project, year as usize)])
        };
        starts.iter().enumerate().all(may)
            && self.rows.iter().zip(self.left(starts)).all(|(row, left)| row.violation(left) == 0.0)
    }

    /// What a choice is worth.
    pub(super) fn worth(&self, starts: &[Option<u32>]) -> f64 {
        let own = starts.iter().enumerate().filter_map(|(project, start)| {
            start.map(|year| self.value[self.variable(project, year as usize)])
        });
        sum::exact(own)
    }
}

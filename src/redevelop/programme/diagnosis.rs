//! Why no programme meets its targets: the year and the rule that bind.

use super::Rule;
use super::model::{Model, Row};
use super::solver::{Answer, relaxed, whole};
use crate::error::Error;
use crate::units::people_number;

/// A gap that the first choice there is fulfils.
const ANY: f64 = 1e9;

/// The first year whose target cannot be met, in words: what is asked for, the most there can be, and which rule alone stands in the way.
pub(super) fn why(model: &Model, branches: u64) -> Result<Error, Error> {
    let targets: Vec<&Row> = model.rows.iter().filter(|row| row.rule == Rule::Supply).collect();
    let others: Vec<&Row> = model.rows.iter().filter(|row| row.rule != Rule::Supply).collect();
    let infeasible = |year: Option<usize>, rule: Rule, reason: String| Error::Infeasible {
        year: year.map(|year| year + 1),
        rule: rule.name(),
        reason: reason.into(),
    };
    if relaxed(model, &model.value, &others)?.is_none() {
        // Not the targets, but the other rules against each other: which one alone has to go?
        for rule in Rule::ALL {
            let left: Vec<&Row> = others.iter().copied().filter(|row| row.rule != rule).collect();
            if left.len() < others.len() && relaxed(model, &model.value, &left)?.is_some() {
                let row = others.iter().find(|row| row.rule == rule);
                let reason = format!("{} cannot be kept together with the other rules", rule.name());
                return Ok(infeasible(row.and_then(|row| row.year), rule, reason));
            }
        }
        let reason = "several rules contradict each other, and no single one is to blame".to_owned();
        return Ok(infeasible(None, Rule::Required, reason));
    }
    for (at, target) in targets.iter().enumerate() {
        let mut delivered = vec![0.0; model.value.len()];
        target.terms.iter().for_each(|&(variable, c)| delivered[variable] = c);
        let earlier = &targets[..at];
        let most = |without: Option<Rule>| {
            let kept = others.iter().filter(|row| Some(row.rule) != without);
            let kept = kept.chain(earlier.iter().filter(|_| without != Some(Rule::Supply)));
            let kept: Vec<&Row> = kept.copied().collect();
            Ok::<_, Error>(relaxed(model, &delivered, &kept)?.map_or(0.0, |(most, _)| most))
        };
        let (asked, found) = (target.limit, most(None)?);
        if found < asked * (1.0 - 1e-9) {
            let year = target.year.unwrap_or(0);
            let mut words = format!(
                "year {}: {} m² of floor are asked for, at most {} m² can be delivered",
                year + 1,
                people_number(asked, 0),
                people_number(found, 0)
            );
            if year < model.lag {
                words.push_str(&format!(": a project takes {} years", model.lag));
                return Ok(infeasible(Some(year), Rule::Supply, words));
            }
            let mut binding: Option<(f64, Rule)> = None;
            for rule in Rule::ALL {
                let has = model.rows.iter().any(|row| row.rule == rule);
                let is_earlier = rule == Rule::Supply && !earlier.is_empty();
                if rule == Rule::Once || !(is_earlier || (has && rule != Rule::Supply)) {
                    continue;
                }
                let without = most(Some(rule))?;
                if without > binding.map_or(found * (1.0 + 1e-9), |(most, _)| most) {
                    binding = Some((without, rule));
                }
            }
            let rule = if let Some((most, rule)) = binding {
                words.push_str(&format!(
                    "; what binds is {}: without it there would be {} m²",
                    rule.name(),
                    people_number(most, 0)
                ));
                rule
            } else {
                words.push_str("; no rule binds: the projects themselves hold no more");
                Rule::Supply
            };
            return Ok(infeasible(Some(year), rule, words));
        }
    }
    // Parts of projects would do, whole ones do not: the first year that they fail in.
    for at in 0..targets.len() {
        let rows: Vec<&Row> = others.iter().chain(&targets[..=at]).copied().collect();
        match whole(model, &rows, None, ANY, branches)? {
            Answer::Impossible => {
                let year = targets[at].year.unwrap_or(0);
                let words = format!(
                    "year {}: {} m² of floor are asked for; parts of projects could deliver them, whole projects cannot",
                    year + 1,
                    people_number(targets[at].limit, 0)
                );
                return Ok(infeasible(Some(year), Rule::Supply, words));
            }
            Answer::Unsettled { .. } => break,
            Answer::Found { .. } => {}
        }
    }
    let words = format!(
        "no programme was found within {branches} branches, and none was proved impossible: allow more branches or ask for less"
    );
    Ok(infeasible(None, Rule::Supply, words))
}

use super::table::table;
use crate::Error;
use crate::efficiency::{Appraisal, Form, Missing, Negative};

/// A rule pack in words for people: whose rules they are, the columns it needs with units and sources, and every test.
///
/// # Errors
/// [`ParamError`](crate::ParamError) for an expression of the pack that cannot be read.
///
/// ```
/// use landuse::efficiency::Appraisal;
/// let words = landuse::report::rules(&Appraisal::builtin("linhai-2014")?)?;
/// assert!(words.contains("land_mu") && words.contains("mu"));
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn rules(pack: &Appraisal) -> Result<String, Error> {
    let mut text =
        format!("{} {}: {}\n  evidence: {}\n", pack.name(), pack.version(), pack.source(), pack.evidence());
    if !pack.note().is_empty() {
        text.push_str(&format!("  note: {}\n", pack.note()));
    }
    text.push_str("\nColumns it needs\n");
    let mut rows =
        vec![["column", "type", "unit", "what it says", "source", "used by"].map(String::from).to_vec()];
    for column in pack.needs()? {
        rows.push(vec![
            column.name.to_string(),
            column.asked.name().into(),
            dash(&column.unit),
            dash(&column.meaning),
            column.source.to_string(),
            column.used.join("; "),
        ]);
    }
    text.push_str(&table(&rows));
    for group in pack.groups() {
        let who = group.when.as_ref().map_or_else(|| "all others".into(), |when| format!("where {when}"));
        text.push_str(&format!("\nGroup {} ({}): {who}\n", group.key, group.name));
        let mut rows = vec![
            ["item", "name", "value", "unit", "weight", "full points at", "below 0", "unknown"]
                .map(String::from)
                .to_vec(),
        ];
        for item in &group.indicators {
            rows.push(vec![
                item.key.to_string(),
                item.name.to_string(),
                item.metric.to_string(),
                dash(&item.unit),
                item.weight.to_string(),
                full_points(&item.form),
                match item.negative {
                    Negative::Zero => "counts 0".into(),
                    Negative::Keep => "takes away".into(),
                    Negative::Reject => "no score".into(),
                },
                match item.missing {
                    Missing::Unknown => "no score".into(),
                    Missing::ItemMean => "mean of the item".into(),
                    Missing::Zero => "no points".into(),
                    Missing::Reweigh => "left out".into(),
                },
            ]);
        }
        text.push_str(&table(&rows));
        text.push_str(&group.grading.map_or_else(
            || "  no grades: the source does not say how ranks become grades\n".to_owned(),
            |grading| {
                let cuts = grading.cuts;
                format!(
                    "  grades: A up to {} of the ranking, B up to {}, C up to {}, D the rest\n",
                    cuts.a, cuts.b, cuts.c
                )
            },
        ));
    }
    Ok(text)
}

fn full_points(form: &Form) -> String {
    match form {
        Form::MinMax { floor } => format!("the best; {floor} of 100 for the worst"),
        Form::Ratio { benchmark, special, cap_multiple } => {
            let mut text = benchmark.to_string();
            for own in special {
                text.push_str(&format!("; {} where {}", own.value, own.when));
            }
            if let Some(cap) = cap_multiple {
                text.push_str(&format!("; up to {cap} times"));
            }
            text
        }
    }
}

fn dash(text: &str) -> String {
    if text.is_empty() { "–".into() } else { text.into() }
}

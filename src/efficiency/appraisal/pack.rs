//! A rule pack as it stands in a TOML file.

use super::{
    Adjustment, Appraisal, Benchmark, Cuts, Exit, Form, Grade, Grading, Group, Indicator, Limit, Missing,
    Negative, Rounding, StatedColumn, Ties,
};
use crate::error::Error;
use crate::expr::Expr;
use crate::zoning::config::{Keys, Source, list};

const BUILTIN: [(&str, &str); 3] = [
    ("huangyan-2021", include_str!("../packs/huangyan-2021.toml")),
    ("huangyan-2022", include_str!("../packs/huangyan-2022.toml")),
    ("linhai-2014", include_str!("../packs/linhai-2014.toml")),
];

impl Appraisal {
    /// Names of the packs this crate carries.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// A pack this crate carries: `huangyan-2021`, `huangyan-2022` or `linhai-2014`.
    ///
    /// # Errors
    /// [`ParamError`](crate::ParamError) for any other name.
    pub fn builtin(name: &str) -> Result<Self, Error> {
        let found = BUILTIN.iter().find(|(own, _)| *own == name);
        let (own, text) = found.ok_or_else(|| {
            let names: Vec<_> = Self::builtin_names().collect();
            crate::ParamError::new("pack", name, &format!("one of {}", names.join(", ")))
        })?;
        Self::from_toml(text, &format!("built-in {own}"))
    }

    /// Reads a pack; `file` is what errors call it by. The keys are explained in `data/rules/template.toml`.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line, key, value and what was expected.
    ///
    /// ```
    /// use landuse::efficiency::Appraisal;
    /// let text = r#"
    ///     name = "town"
    ///     version = "2024"
    ///     source = "made up"
    ///     evidence = "general knowledge"
    ///     [[group]]
    ///     key = "all"
    ///     indicators = [{ key = "tax", metric = "tax_per_mu", weight = 100, benchmark = -3 }]
    /// "#;
    /// let error = Appraisal::from_toml(text, "town.toml").unwrap_err();
    /// assert_eq!(error.to_string(), "town.toml: line 8: `benchmark` is -3, expected a finite number above 0");
    /// ```
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let source = Source { file, text };
        let table = source.parse()?;
        let root = Keys { source, table: &table, at: 0 }.only(&[
            "name",
            "version",
            "source",
            "evidence",
            "note",
            "not_appraised",
            "group",
            "adjustment",
            "limit",
            "grading",
            "exit",
            "column",
        ])?;
        let shared = sub(root, "grading")?.map(grading).transpose()?;
        let mut groups = Vec::new();
        for keys in root.tables("group")? {
            groups.push(group(keys, shared)?);
        }
        if groups.is_empty() {
            return Err(root.missing("group"));
        }
        if groups.len() > super::MAX_GROUPS {
            return Err(
                source.fault(0, format!("{} groups, expected at most {}", groups.len(), super::MAX_GROUPS))
            );
        }
        let not_appraised = texts(root, "not_appraised")?;
        let limits = root.tables("limit")?.into_iter().map(limit).collect::<Result<Vec<_>, _>>()?;
        if not_appraised.len() > super::MAX_CONDITIONS || limits.len() > super::MAX_CONDITIONS {
            let expected = format!("expected at most {} conditions of a kind", super::MAX_CONDITIONS);
            return Err(source.fault(0, expected));
        }
        let mut columns: Vec<StatedColumn> = Vec::new();
        for keys in root.tables("column")? {
            let column = column(keys)?;
            if columns.iter().any(|other| other.name == column.name) {
                return Err(
                    source.fault(keys.at, format!("column `{}` stands twice, expected once", column.name))
                );
            }
            columns.push(column);
        }
        let pack = Self {
            name: root.require_text("name")?.into(),
            version: root.require_text("version")?.into(),
            source: root.require_text("source")?.into(),
            evidence: root.require_text("evidence")?.into(),
            note: root.text("note")?.unwrap_or_default().into(),
            groups,
            not_appraised,
            limits,
            adjustments: root.tables("adjustment")?.into_iter().map(adjustment).collect::<Result<_, _>>()?,
            exit: sub(root, "exit")?.map(exit).transpose()?,
            columns,
        };
        pack.check_columns(root)?;
        Ok(pack)
    }

    /// Refuses what is said of a column that no expression names: it would have no effect.
    fn check_columns(&self, root: Keys<'_, '_>) -> Result<(), Error> {
        let parsed: Result<Vec<Expr>, _> = self.expressions().into_iter().map(Expr::parse).collect();
        // An expression that cannot be read is told of, with its position, where it is used.
        let Ok(parsed) = parsed else { return Ok(()) };
        let mut named: Vec<&str> = parsed.iter().flat_map(Expr::columns).collect();
        named.sort_unstable();
        named.dedup();
        for (keys, column) in root.tables("column")?.into_iter().zip(&self.columns) {
            if named.binary_search(&&*column.name).is_err() {
                let reason = format!("column `{}` is named by no expression of the pack", column.name);
                return Err(keys.source.fault(keys.at, reason));
            }
        }
        Ok(())
    }
}

fn column(keys: Keys<'_, '_>) -> Result<StatedColumn, Error> {
    let keys = keys.only(&["name", "unit", "meaning", "source"])?;
    let text = |key: &str| -> Result<Box<str>, Error> { Ok(keys.text(key)?.unwrap_or_default().into()) };
    Ok(StatedColumn {
        name: keys.require_text("name")?.into(),
        unit: text("unit")?,
        meaning: text("meaning")?,
        source: text("source")?,
    })
}

fn sub<'a, 'i>(keys: Keys<'a, 'i>, key: &str) -> Result<Option<Keys<'a, 'i>>, Error> {
    keys.get(key).map(|value| keys.table_of(key, value)).transpose()
}

fn texts(keys: Keys<'_, '_>, key: &str) -> Result<Vec<Box<str>>, Error> {
    let items = keys.array(key)?.iter();
    items
        .map(|item| match item.get_ref().as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Ok(text.into()),
            _ => Err(keys.wrong(key, item, "a text that is not empty")),
        })
        .collect()
}

fn choice<T: Copy>(keys: Keys<'_, '_>, key: &str, options: &[(&str, T)]) -> Result<Option<T>, Error> {
    let Some(value) = keys.get(key) else { return Ok(None) };
    let text = value.get_ref().as_str();
    if let Some((_, found)) = options.iter().find(|(name, _)| Some(*name) == text) {
        return Ok(Some(*found));
    }
    let names: Vec<_> = options.iter().map(|(name, _)| *name).collect();
    Err(keys.wrong(key, value, &format!("one of {}", list(&names))))
}

/// The number at `key` where `fits` holds of it.
fn number(
    keys: Keys<'_, '_>,
    key: &str,
    fits: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<Option<f64>, Error> {
    let Some(value) = keys.get(key) else { return Ok(None) };
    match crate::zoning::config::number(value.get_ref()).filter(|&number| fits(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(keys.wrong(key, value, expected)),
    }
}

fn positive(keys: Keys<'_, '_>, key: &str) -> Result<Option<f64>, Error> {
    number(keys, key, |value| value > 0.0, "a finite number above 0")
}

fn share(keys: Keys<'_, '_>, key: &str) -> Result<f64, Error> {
    number(keys, key, |value| (0.0..=1.0).contains(&value), "a share from 0 to 1")?
        .ok_or_else(|| keys.missing(key))
}

fn group(keys: Keys<'_, '_>, shared: Option<Grading>) -> Result<Group, Error> {
    let keys = keys.only(&["key", "name", "when", "indicators", "grading"])?;
    let key: Box<str> = keys.require_text("key")?.into();
    let mut indicators: Vec<Indicator> = Vec::new();
    for inner in keys.tables("indicators")? {
        let found = indicator(inner)?;
        if indicators.iter().any(|other| other.key == found.key) {
            let reason = format!("indicator `{}` stands twice in group `{key}`, expected once", found.key);
            return Err(inner.source.fault(inner.at, reason));
        }
        indicators.push(found);
    }
    if indicators.is_empty() {
        return Err(keys.missing("indicators"));
    }
    let sum: f64 = indicators.iter().map(|indicator| indicator.weight).sum();
    if (sum - 100.0).abs() > 1e-9 {
        let reason = format!("the weights of group `{key}` sum to {sum}, expected 100");
        return Err(keys.source.fault(keys.at, reason));
    }
    Ok(Group {
        name: keys.text("name")?.map_or_else(|| key.clone(), Into::into),
        key,
        when: keys.text("when")?.map(Into::into),
        indicators,
        grading: sub(keys, "grading")?.map(grading).transpose()?.or(shared),
    })
}

fn indicator(keys: Keys<'_, '_>) -> Result<Indicator, Error> {
    let keys = keys.only(&[
        "key",
        "name",
        "metric",
        "unit",
        "weight",
        "form",
        "benchmark",
        "benchmarks",
        "floor",
        "cap_multiple",
        "negative",
        "missing",
    ])?;
    let min_max = choice(keys, "form", &[("ratio", false), ("min_max", true)])?.unwrap_or(false);
    let form = if min_max {
        for other in ["benchmark", "benchmarks", "cap_multiple"] {
            if let Some(value) = keys.get(other) {
                return Err(keys.wrong(other, value, "no such key beside form = \"min_max\""));
            }
        }
        let floor = number(keys, "floor", |v| (0.0..=100.0).contains(&v), "a number from 0 to 100")?;
        Form::MinMax { floor: floor.unwrap_or(20.0) }
    } else {
        if let Some(value) = keys.get("floor") {
            return Err(keys.wrong("floor", value, "no such key beside form = \"ratio\""));
        }
        let mut special = Vec::new();
        for inner in keys.tables("benchmarks")? {
            let inner = inner.only(&["when", "benchmark"])?;
            let value = positive(inner, "benchmark")?.ok_or_else(|| inner.missing("benchmark"))?;
            special.push(Benchmark { when: inner.require_text("when")?.into(), value });
        }
        Form::Ratio {
            benchmark: positive(keys, "benchmark")?.ok_or_else(|| keys.missing("benchmark"))?,
            special,
            cap_multiple: positive(keys, "cap_multiple")?,
        }
    };
    let key: Box<str> = keys.require_text("key")?.into();
    Ok(Indicator {
        name: keys.text("name")?.map_or_else(|| key.clone(), Into::into),
        metric: keys.text("metric")?.map_or_else(|| key.clone(), Into::into),
        key,
        unit: keys.text("unit")?.unwrap_or_default().into(),
        weight: positive(keys, "weight")?.ok_or_else(|| keys.missing("weight"))?,
        form,
        negative: choice(
            keys,
            "negative",
            &[("zero", Negative::Zero), ("keep", Negative::Keep), ("reject", Negative::Reject)],
        )?
        .unwrap_or_default(),
        missing: choice(
            keys,
            "missing",
            &[
                ("unknown", Missing::Unknown),
                ("item_mean", Missing::ItemMean),
                ("zero", Missing::Zero),
                ("reweigh", Missing::Reweigh),
            ],
        )?
        .unwrap_or_default(),
    })
}

fn adjustment(keys: Keys<'_, '_>) -> Result<Adjustment, Error> {
    let keys = keys.only(&["key", "metric", "points", "limit", "missing"])?;
    let key: Box<str> = keys.require_text("key")?.into();
    let points = number(keys, "points", |v| v != 0.0, "a finite number other than 0")?;
    Ok(Adjustment {
        metric: keys.text("metric")?.map_or_else(|| key.clone(), Into::into),
        key,
        points: points.ok_or_else(|| keys.missing("points"))?,
        limit: positive(keys, "limit")?,
        missing_is_zero: choice(keys, "missing", &[("unknown", false), ("zero", true)])?.unwrap_or(false),
    })
}

const GRADES: [(&str, Grade); 4] = [("A", Grade::A), ("B", Grade::B), ("C", Grade::C), ("D", Grade::D)];

fn limit(keys: Keys<'_, '_>) -> Result<Limit, Error> {
    let keys = keys.only(&["when", "at_best", "at_worst"])?;
    let at_best = choice(keys, "at_best", &GRADES)?;
    let at_worst = choice(keys, "at_worst", &GRADES)?;
    if at_best.is_none() == at_worst.is_none() {
        return Err(keys.source.fault(keys.at, "a limit has either `at_best` or `at_worst`"));
    }
    Ok(Limit { when: keys.require_text("when")?.into(), at_best, at_worst })
}

fn grading(keys: Keys<'_, '_>) -> Result<Grading, Error> {
    let keys = keys.only(&["cuts", "rounding", "ties", "count_not_appraised", "decimals"])?;
    let cuts = sub(keys, "cuts")?.ok_or_else(|| keys.missing("cuts"))?.only(&["A", "B", "C"])?;
    let found = Cuts { a: share(cuts, "A")?, b: share(cuts, "B")?, c: share(cuts, "C")? };
    if !(found.a <= found.b && found.b <= found.c) {
        let reason = format!("`cuts` are {}, {}, {}, expected A ≤ B ≤ C", found.a, found.b, found.c);
        return Err(cuts.source.fault(cuts.at, reason));
    }
    let whole = |v: f64| v.fract() == 0.0 && (0.0..=12.0).contains(&v);
    Ok(Grading {
        cuts: found,
        rounding: choice(
            keys,
            "rounding",
            &[
                ("floor", Rounding::Floor),
                ("ceil", Rounding::Ceil),
                ("round", Rounding::Round),
                ("nearest_even", Rounding::NearestEven),
            ],
        )?
        .unwrap_or_default(),
        ties: choice(keys, "ties", &[("better", Ties::Better), ("worse", Ties::Worse)])?.unwrap_or_default(),
        count_not_appraised: keys.flag("count_not_appraised")?.unwrap_or(false),
        decimals: number(keys, "decimals", whole, "a whole number from 0 to 12")?.map(|v| v as u8),
    })
}

fn exit(keys: Keys<'_, '_>) -> Result<Exit, Error> {
    let keys = keys.only(&["when", "lowest_share"])?;
    Ok(Exit { when: keys.require_text("when")?.into(), lowest_share: share(keys, "lowest_share")? })
}

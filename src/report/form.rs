//! Figures in words for people, in one language.

use serde_json::Value;

use crate::report::words::PageWords;
use crate::units::{AreaUnit, people_number};

/// A figure at a path of JSON pointers; none where it is unknown.
pub(super) fn number(value: &Value, path: &str) -> Option<f64> {
    value.pointer(path)?.as_f64()
}

/// A text at a path.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path)?.as_str()
}

/// The entries of a list at a path; none where there is no list.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A sentence with its figures in place of `{name}`.
pub(super) fn fill(sentence: &str, figures: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    // In one pass, so that braces in a figure stay what they are.
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(figures.iter().find(|(own, _)| *own == name).map_or("", |(_, figure)| figure));
        rest = behind;
    }
    filled + rest
}

/// How figures are said in a language.
#[derive(Clone, Copy)]
pub(super) struct Form(pub(super) &'static PageWords);

impl Form {
    /// A number, or that it is not known.
    pub(super) fn decimal(self, value: Option<f64>, decimals: usize) -> String {
        value
            .filter(|x| x.is_finite())
            .map_or_else(|| self.0.not_known.into(), |x| people_number(x, decimals))
    }

    pub(super) fn count(self, value: Option<f64>) -> String {
        self.decimal(value, 0)
    }

    pub(super) fn percent(self, share: Option<f64>) -> String {
        share
            .filter(|x| x.is_finite())
            .map_or_else(|| self.0.not_known.into(), |x| format!("{}%", people_number(x * 100.0, 1)))
    }

    /// A share with its upper bound, where that is another.
    pub(super) fn percents(self, lower: Option<f64>, upper: Option<f64>) -> String {
        match (lower, upper) {
            (Some(lower), Some(upper)) if upper - lower > 5e-4 => {
                let [lower, upper] = [lower, upper].map(|x| self.percent(Some(x)));
                fill(self.0.from_to, &[("from", &lower), ("to", &upper)])
            }
            _ => self.percent(lower),
        }
    }

    /// Hectares; what is more than nothing and rounds to it is said to be under the least that shows.
    pub(super) fn ha(self, area_m2: Option<f64>) -> String {
        match area_m2 {
            Some(area) if area > 0.0 && area < 50.0 => fill(self.0.under, &[("least", "0.01")]),
            _ => self.decimal(area_m2.map(|area| AreaUnit::Hectare.from_m2(area)), 2),
        }
    }

    pub(super) fn mu(self, area_m2: Option<f64>) -> String {
        self.decimal(area_m2.map(|area| AreaUnit::Mu.from_m2(area)), 1)
    }

    /// An area in the unit of its size.
    pub(super) fn short_area(self, area_m2: Option<f64>) -> String {
        let Some(area) = area_m2.filter(|x| x.is_finite()) else { return self.0.not_known.into() };
        let (unit, decimals, symbol) = match area.abs() {
            size if size < 9_999.5 => (AreaUnit::SquareMetre, 0, self.0.square_metres),
            size if size < 999_950.0 => (AreaUnit::Hectare, 2, self.0.hectares),
            _ => (AreaUnit::SquareKilometre, 2, self.0.square_kilometres),
        };
        format!("{} {symbol}", people_number(unit.from_m2(area), decimals))
    }

    /// An area with mu beside it.
    pub(super) fn area(self, area_m2: Option<f64>) -> String {
        let Some(area) = area_m2.filter(|x| x.is_finite()) else { return self.0.not_known.into() };
        let mu = AreaUnit::Mu.from_m2(area);
        let mu = people_number(mu, usize::from(mu.abs() < 1_000.0));
        fill(self.0.with_mu, &[("area", &self.short_area(Some(area))), ("mu", &mu)])
    }

    /// An area with its upper bound, where that is another.
    pub(super) fn areas(self, lower: Option<f64>, upper: Option<f64>) -> String {
        match (lower, upper) {
            (Some(lower), Some(upper)) if upper - lower >= 0.5 => {
                let [from, to] = [lower, upper].map(|x| self.short_area(Some(x)));
                let unit = |said: &str| said.split_once(' ').map(|(_, unit)| unit.to_owned());
                let from = match unit(&from).filter(|own| Some(own) == unit(&to).as_ref()) {
                    Some(unit) => from.trim_end_matches(&*unit).trim_end().to_owned(),
                    None => from,
                };
                fill(self.0.from_to, &[("from", &from), ("to", &to)])
            }
            _ => self.short_area(lower),
        }
    }

    /// The word for a name in files.
    pub(super) fn word(self, name: &str) -> &str {
        let words = self.0;
        match name {
            "not_assessed" => words.not_assessed,
            "below" => words.below,
            "exceeded" => words.exceeded,
            "undetermined" => words.undetermined,
            "met" => words.met,
            "failed" => words.failed,
            "exclude" => words.exclude,
            "confine" => words.confine,
            "reserve" => words.reserve,
            "exempt" => words.exempt,
            "permitted" => words.permitted,
            "grandfathered" => words.grandfathered,
            "encroaching" => words.encroaching,
            "unreviewed" => words.unreviewed,
            "low" => words.low,
            "not_low" => words.not_low,
            "unknown" => words.unknown,
            "not_candidate" => words.not_candidate,
            "below1_ha" => words.below1_ha,
            "from1_to3_ha" => words.from1_to3_ha,
            "from3_to10_ha" => words.from3_to10_ha,
            "over10_ha" => words.over10_ha,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn figures_take_their_places_once() {
        assert_eq!(fill("{a} of {b}", &[("a", "{b}"), ("b", "2")]), "{b} of 2");
        assert_eq!(fill("{none} {", &[]), " {");
    }

    #[test]
    fn unknown_is_never_nought() {
        let form = Form(PageWords::of(Language::English));
        for said in [
            form.area(None),
            form.percent(None),
            form.ha(None),
            form.percents(None, Some(0.4)),
            form.count(Some(f64::NAN)),
        ] {
            assert_eq!(said, "not known");
        }
        assert_eq!(form.area(Some(96_166.1)), "9.62 ha (144.2 mu)");
        assert_eq!(Form(PageWords::of(Language::Chinese)).percents(Some(0.25), Some(0.5)), "25.0% 至 50.0%");
    }
}

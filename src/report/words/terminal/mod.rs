//! The words of the terminal: one table per language, of the same names. Figures stand in the place of `{name}`, columns of a table
//! between bars.

mod chinese;
mod english;

use crate::language::Language;

macro_rules! words {
    ($($name:ident)*) => {
        /// Every word and sentence of the terminal in one language.
        pub(in crate::report) struct TerminalWords {
            $(pub(in crate::report) $name: &'static str,)*
        }

        #[cfg(test)]
        impl TerminalWords {
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

words! {
    parcels_line low_line unjudged_line no_rule rule_lowest rule_highest rule_below rule_above the_score in_sites
    sites_line beyond_chance inside_line no_lines net_line no_warning_line warning_line no_source passed
    kept open open_line alike moran_line sites_head site_columns regions_head regions_line density_head
    density_line sweep_head sweep_columns warnings_head ledger_head balance_columns streets construction
    other unknown stands_head density_columns gradient_head limits_head limit_columns sensitivity_head
    threshold_columns always_low steady_sites moved_columns unit review_head review_columns no_tier
    summed_over_lines checks_head confine_line confine_columns reserve_line reserve_columns line_row
    unit_row no_unit all all_and_more no_land feature
}

impl TerminalWords {
    pub(in crate::report) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::WORDS,
            Language::Chinese => &chinese::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_figures() {
        let places = |sentence: &str| {
            let mut names: Vec<String> = (sentence.split('{').skip(1))
                .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
                .collect();
            names.sort_unstable();
            (names, sentence.matches('|').count())
        };
        let [english, chinese] = [Language::English, Language::Chinese].map(TerminalWords::of);
        for ((name, one), (_, other)) in english.all().into_iter().zip(chinese.all()) {
            assert_eq!(places(one), places(other), "{name}");
            assert!(!one.is_empty() && !other.is_empty(), "{name}");
        }
    }
}

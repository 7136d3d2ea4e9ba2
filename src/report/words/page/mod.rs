//! The words of the page: one table per language, of the same names. Figures stand in the place of `{name}`.

mod chinese;
mod english;

use crate::language::Language;

macro_rules! words {
    ($($name:ident)*) => {
        /// Every word and sentence of the page in one language.
        pub(in crate::report) struct PageWords {
            $(pub(in crate::report) $name: &'static str,)*
            /// What the methods rest on.
            pub(in crate::report) methods_used: &'static [&'static str],
        }

        #[cfg(test)]
        impl PageWords {
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

words! {
    lang title subtitle contents at_a_glance not_known none comma from_to under from_on square_metres
    hectares square_kilometres with_mu mu_only parcels records_line parcels_sentence low_land if_open_is_low
    suspected_sentence low_sentence no_score not_judged low_sites same_over_gaps over_gaps sites_sentence
    inside_construction if_unknown_is_built inside_sentence no_lines intensity net_line no_limit no_source
    limit_passed limit_kept limit_open to_know no_warnings further_warnings map map_help no_map zoom_in
    zoom_out zoom_all legend labels map_note low_site district districts control_lines inside_lines
    inside_now inside_allowed inside_cut inside_open site_title district_title line_title inside_title
    parcel_title picture_title not_candidate low not_low unknown lower_third middle_third upper_third
    sites_lead no_sites sites_caption site net_ha mu_head gross_ha size_class chance lasts inside_share
    owners held verdict below1_ha from1_to3_ha from3_to10_ha over10_ha site_sentence single_sentence
    and_more beyond_chance within_chance districts_title districts_lead districts_caption outside_districts
    all bar_head bar_label gross limit net land_ha construction_ha other_ha unknown_ha unparcelled_ha
    of_it_inside headroom_ha status not_assessed below exceeded undetermined met failed lines_title
    lines_lead tiers_caption lines_caption line effect tier lines_count area_ha certain_ha possible_ha
    artefact_ha exclude confine reserve exempt permitted grandfathered encroaching unreviewed
    confine_sentence reserve_caption used_so at_least check settings_title settings_lead sweep_caption gap_m
    this_run largest_share thresholds_caption setting threshold low_parcels moved_caption moved_m
    tips_caption exceeds_below below_from quality_title quality_lead records_read rejected repaired stacks
    repeated duplicate_ids overlapping_pairs overlap_area floor_unknown candidates_unknown unknown_land
    unparcelled_land residual all_warnings provenance_title inputs_caption role file bytes hash version
    source_crs working_crs score seed methods options further_rows
}

impl PageWords {
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

    /// The names in braces of a sentence, in order of name.
    fn places(sentence: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            sentence.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_say_the_same_figures() {
        let [english, chinese] = [Language::English, Language::Chinese].map(PageWords::of);
        assert_eq!(english.methods_used.len(), chinese.methods_used.len());
        for ((name, one), (_, other)) in english.all().into_iter().zip(chinese.all()) {
            assert_eq!(places(one), places(other), "{name}");
            let has_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(!has_chinese(one), "{name}: {one}");
            let is_bare = |text: &str| {
                !text.split('}').any(|rest| {
                    rest.split('{')
                        .next()
                        .is_some_and(|rest| rest.chars().filter(char::is_ascii_alphabetic).count() > 4)
                })
            };
            assert!(has_chinese(other) || is_bare(other) || name == "lang", "{name}: {other}");
        }
    }
}

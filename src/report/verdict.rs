use crate::Analysis;
use crate::efficiency::{IdleLand, Language, Rule, StockClass, idle_test};
use crate::parcel::ParcelIdx;

/// The verdict on a parcel for people: what it is, by which tests, with value, threshold, margin, place among its peers and what would
/// turn it; the appraisal's score, rank and grade, where there is one; a field check before all of it, as it wins. None for what is
/// neither judged, unused by contract nor checked.
///
/// # Complexity
/// O(tests²) for the parcel.
pub fn sentence(analysis: &Analysis, parcel: ParcelIdx, language: Language) -> Option<String> {
    let english = language == Language::English;
    let computed = computed(analysis, parcel, language);
    let Some(check) = analysis.field_check(parcel) else { return computed };
    let status = check.status.words(language);
    let mut text = if english {
        format!("Field check of {}: {status} ({}).", check.date, check.reason)
    } else {
        format!("{} 实地核查：{status}（{}）。", check.date, check.reason)
    };
    let same = analysis.computed_stock(parcel) == Some(check.status);
    text.push_str(match (same, computed.is_some(), english) {
        (true, _, true) => " It confirms what was computed. ",
        (true, _, false) => "与计算结果一致。",
        (false, true, true) => " It wins over what was computed: ",
        (false, true, false) => "以核查结果为准，计算结果为：",
        (false, false, _) => "",
    });
    text.push_str(&computed.unwrap_or_default());
    Some(text.trim_end().to_owned())
}

/// What was computed of a parcel, in words.
fn computed(analysis: &Analysis, parcel: ParcelIdx, language: Language) -> Option<String> {
    let english = language == Language::English;
    let class = analysis.computed_stock(parcel)?;
    let lead = class.words(language);
    let judge = &analysis.options().efficiency;
    let why = match class {
        StockClass::ApprovedNotSupplied => match (&judge.approved_not_supplied, english) {
            (Some(condition), true) => format!("`{condition}` holds"),
            (Some(condition), false) => format!("符合“{condition}”"),
            (None, true) => "approved for construction and supplied to nobody; supply would end it".into(),
            (None, false) => "已批准为建设用地，尚未供应；供应后即不再属于此类".into(),
        },
        StockClass::Idle => match (&judge.idle, idle_test(analysis.parcels(), parcel), english) {
            (Some(condition), _, true) => format!("`{condition}` holds"),
            (Some(condition), _, false) => format!("符合“{condition}”"),
            (None, IdleLand { not_started: Some(true), .. }, true) => {
                "building has not started a full year after the agreed start; a start would end it".into()
            }
            (None, IdleLand { not_started: Some(true), .. }, false) => {
                "超过约定动工日期满一年未动工；动工后即不再属于此类".into()
            }
            (None, _, true) => {
                "started, but less than a third built or a quarter invested, and suspended for a full \
                year; work going on would end it"
                    .into()
            }
            (None, _, false) => {
                "已动工，但开发面积不足三分之一或投资不足四分之一，且中止建设满一年；复工后即不再属于此类"
                    .into()
            }
        },
        StockClass::Vacant => return None,
        _ => return judged(analysis, parcel, language),
    };
    Some(if english {
        let lead = capital(lead);
        format!("{lead}: {why}. It is a class of its own and not ranked.")
    } else {
        format!("{lead}：{why}。单列一类，不参与排名。")
    })
}

/// With a capital in front.
fn capital(words: &str) -> String {
    let mut words = words.to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn judged(analysis: &Analysis, parcel: ParcelIdx, language: Language) -> Option<String> {
    let assessment = analysis.efficiency().assessment.as_ref()?;
    let found = analysis
        .efficiency()
        .appraised
        .as_ref()
        .and_then(|a| Some(a.found.sentence(a.row(parcel)?, language)));
    let graded = matches!(analysis.efficiency().rule, Some(Rule::Grade { .. }));
    let text = match &found {
        // A grade speaks for itself, with what the next one takes.
        Some(_) if graded => {
            assessment.computed(parcel)?;
            let lead = analysis.computed_stock(parcel)?.words(language);
            if language == Language::English { capital(lead) + "." } else { format!("{lead}。") }
        }
        _ => assessment.sentence(parcel, language)?,
    };
    let space = if language == Language::English { " " } else { "" };
    Some(match found {
        Some(found) => format!("{text}{space}{found}"),
        None => text,
    })
}

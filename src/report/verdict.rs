use super::words::{VerdictWords, WhyUnused};
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
    let words = VerdictWords::of(language);
    let computed = computed(analysis, parcel, language);
    let Some(check) = analysis.field_check(parcel) else { return computed };
    let checked = (words.checked)(check);
    Some(match computed {
        _ if analysis.computed_stock(parcel) == Some(check.status) => {
            let told = computed.map(|text| [words.space, &text].concat()).unwrap_or_default();
            [&checked, words.space, words.check_confirms, &told].concat()
        }
        Some(text) => [&checked, words.space, words.check_wins, &text].concat(),
        None => checked,
    })
}

/// What was computed of a parcel, in words.
fn computed(analysis: &Analysis, parcel: ParcelIdx, language: Language) -> Option<String> {
    let words = VerdictWords::of(language);
    let class = analysis.computed_stock(parcel)?;
    let judge = &analysis.options().efficiency;
    let why = match class {
        StockClass::ApprovedNotSupplied => {
            judge.approved_not_supplied.as_deref().map_or(WhyUnused::NotSupplied, WhyUnused::Condition)
        }
        StockClass::Idle => match (&judge.idle, idle_test(analysis.parcels(), parcel)) {
            (Some(condition), _) => WhyUnused::Condition(condition),
            (None, IdleLand { not_started: Some(true), .. }) => WhyUnused::NotStarted,
            (None, _) => WhyUnused::Suspended,
        },
        StockClass::Vacant => return None,
        _ => return judged(analysis, parcel, language),
    };
    Some([&*(words.lead)(class), words.colon, &(words.unused)(why)].concat())
}

fn judged(analysis: &Analysis, parcel: ParcelIdx, language: Language) -> Option<String> {
    let words = VerdictWords::of(language);
    let assessment = analysis.efficiency().assessment.as_ref()?;
    let appraised = analysis.efficiency().appraised.as_ref();
    let appraised = appraised.and_then(|a| Some(a.found.sentence(a.row(parcel)?, language)));
    let graded = matches!(analysis.efficiency().rule, Some(Rule::Grade { .. }));
    let text = match &appraised {
        // A grade speaks for itself, with what the next one takes.
        Some(_) if graded => {
            assessment.computed(parcel)?;
            (words.lead)(analysis.computed_stock(parcel)?) + words.stop
        }
        _ => assessment.sentence(parcel, language)?,
    };
    Some(match appraised {
        Some(appraised) => [&*text, words.space, &appraised].concat(),
        None => text,
    })
}

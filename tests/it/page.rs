//! The page: whole, the same bytes for any order of features, and nothing in it but text from the data.

use geo::{Rect, coord};
use geojson::FeatureCollection;
use landuse::report::{OutputLayer, PageInput, Summary, is_page, page};
use landuse::{Analysis, Inputs, Language, Options, Parcel};
use serde_json::{Value, json};

use crate::support::Random;

const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

/// What the files of an analysis would hold.
fn input_of(found: &Analysis) -> PageInput {
    let layer = |which| {
        let layer = found.layer(which);
        layer.is_available().then(|| layer.to_geojson().unwrap())
    };
    let mut input = PageInput::default();
    input.summary = serde_json::from_str(&Summary::of(found).to_json()).unwrap();
    input.sites = layer(OutputLayer::Sites);
    input.districts = layer(OutputLayer::Districts);
    input.control_lines = layer(OutputLayer::ControlLines);
    input.inside_lines = layer(OutputLayer::Encroachments);
    input.parcels = layer(OutputLayer::Parcels);
    input
}

/// The city of the repository, with the features of each file in the order of the file, or in another.
fn city(shuffle: Option<u64>) -> PageInput {
    let text = |name: &str| {
        let text = std::fs::read_to_string(format!("data/city/{name}.geojson")).unwrap();
        let Some(seed) = shuffle else { return text.into_bytes() };
        let mut layer: FeatureCollection = text.parse().unwrap();
        layer.features = Random(seed).shuffled(layer.features);
        layer.to_string().into_bytes()
    };
    let source = |name: &str| landuse::io::Source::bytes(name, text(name));
    let inputs = Inputs::open(source("parcels"))
        .control_lines(source("control_lines"))
        .districts(source("districts"))
        .load()
        .unwrap();
    let options = Options::builder().permutations(99).warning_line(0.3, "a plan").build().unwrap();
    input_of(&Analysis::new(&inputs, options).run().unwrap())
}

/// Names of elements that were opened and not closed, or closed out of turn; the script aside.
fn unclosed(page: &str) -> Vec<String> {
    let (start, end) = (page.find("<script>").unwrap(), page.find("</script>").unwrap());
    let markup = format!("{}{}", &page[..start], &page[end + "</script>".len()..]);
    let mut open: Vec<String> = Vec::new();
    for tag in markup.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if tag.starts_with('!') || tag.ends_with('/') || ["meta", "input", "img"].contains(&&*name) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else {
            open.push(name);
        }
    }
    open
}

/// What holds for every page.
fn check(page: &str) {
    assert_eq!(unclosed(page), Vec::<String>::new());
    assert!(is_page(page.as_bytes()));
    assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("http://") && !page.contains("https://"));
    assert_eq!(page.matches("<script").count(), 1);
    for resource in ["src=\"", "url("] {
        let allowed = ["data:image/png", "#hatch", "#key"];
        let holds = |rest: &str| allowed.iter().any(|start| rest.starts_with(start));
        assert!(page.split(resource).skip(1).all(holds), "{resource}");
    }
    assert!(!page.contains("NaN") && !page.contains("null") || page.contains("=== null"));
}

#[test]
fn a_page_is_whole_and_the_same_for_any_order_of_features() {
    let [input, shuffled] = [city(None), city(Some(3))];
    for language in LANGUAGES {
        let made = page(&input, language);
        check(&made);
        assert!(made == page(&input, language) && made == page(&shuffled, language));
        let sites = input.sites.as_ref().unwrap().features.len();
        assert!(sites >= 2 && made.matches("<tr data-site=").count() == sites);
        assert_eq!(made.matches("<path class=\"site\"").count(), sites);
        for district in &input.districts.as_ref().unwrap().features {
            let name = district.property("name").unwrap().as_str().unwrap();
            assert!(made.matches(name).count() >= 3, "{name}");
        }
        for line in input.summary["control_lines"].as_array().unwrap() {
            assert!(made.contains(&format!(">{}<", line["id"].as_str().unwrap())));
        }
        for warning in input.summary["warnings"].as_array().unwrap() {
            let key = if language == Language::English { "text" } else { "text_zh" };
            let text = warning[key].as_str().unwrap();
            assert!(text.contains(['\'', '"', '<', '>', '&']) || made.contains(text), "{text}");
        }
        assert!(made.len() < 600_000, "{} bytes", made.len());
    }
    let [english, chinese] = LANGUAGES.map(|language| page(&input, language));
    assert!(english.contains("<html lang=\"en\">") && english.contains("Low-efficiency sites"));
    assert!(chinese.contains("<html lang=\"zh-Hans\">") && chinese.contains("低效连片区"));
    assert!(!chinese.contains("Low-efficiency"));
}

const SCRIPT: &str = "</script><script>alert(1)</script>";
const IMAGE: &str = "\"'><img src=x onerror=alert(2)>";

/// Adds markup to every text.
fn spoil_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = format!("{text}{SCRIPT}{IMAGE}\u{202e}"),
        Value::Array(values) => values.iter_mut().for_each(spoil_texts),
        Value::Object(members) => members.values_mut().for_each(spoil_texts),
        _ => {}
    }
}

#[test]
fn what_the_data_hold_is_text() {
    let mut input = city(None);
    let spoil = |layer: &mut Option<FeatureCollection>| {
        for feature in layer.iter_mut().flat_map(|layer| &mut layer.features) {
            for key in [
                "id",
                "name",
                "site",
                "line",
                "tier",
                "effect",
                "standing",
                "lu_parcel",
                "lu_verdict",
                "size",
            ] {
                feature.set_property(key, if key.len() % 2 == 0 { SCRIPT } else { IMAGE });
            }
            feature.set_property("parcel_ids", json!([SCRIPT, IMAGE]));
        }
    };
    for layer in [
        &mut input.sites,
        &mut input.districts,
        &mut input.control_lines,
        &mut input.inside_lines,
        &mut input.parcels,
    ] {
        spoil(layer);
    }
    input.manifest = json!({
        "landuse": "1", "inputs": [{ "name": "x/parcels", "role": "parcels", "hash": "h", "bytes": 1 }], "options": { "seed": 0, "a": "b" },
    });
    spoil_texts(&mut input.summary);
    spoil_texts(&mut input.manifest);
    for language in LANGUAGES {
        let made = page(&input, language);
        assert_eq!(made.matches("</script").count(), 1);
        assert!(!made.contains("<script>alert") && !made.contains("<img") && !made.contains('\u{202e}'));
        assert!(made.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(made.contains("&quot;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;"));
        assert_eq!(unclosed(&made), Vec::<String>::new());
    }
}

fn square(id: &str, x: f64) -> Parcel {
    Parcel::new(id, Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 150.0, y: 100.0 }).to_polygon())
}

fn of(parcels: Vec<Parcel>, options: Options) -> PageInput {
    let inputs = Inputs::from_parcels(parcels, "local".parse().unwrap()).load().unwrap();
    input_of(&Analysis::new(&inputs, options).run().unwrap())
}

#[test]
fn a_page_says_what_was_not_given() {
    let bare = of(vec![square("a", 0.0), square("b", 160.0)], Options::default());
    let made = page(&bare, Language::English);
    check(&made);
    for sentence in [
        "No control lines were given.",
        "No limit was given",
        "No rule and no score were given",
        "There is none of at least the least area.",
        "<p class=\"value\">not known ",
    ] {
        assert!(made.contains(sentence), "{sentence}");
    }
    assert!(!made.contains("class=\"bar below\" viewBox=\"0 0 100 12\"><title>all"));
    // No colour of a status without a limit, but in the legend of the bars.
    assert_eq!(made.matches("<svg class=\"bar exceeded\"").count(), 1);
    assert_eq!(made.matches("<svg class=\"bar below\"").count(), 1);
}

#[test]
fn a_page_of_one_parcel_and_of_nothing_at_all() {
    let low = landuse::efficiency::Rule::worse_than(2.0);
    let options = Options::builder()
        .score("score")
        .candidates("true")
        .low(low)
        .set(|options| options.sites.min_area_m2 = 100.0);
    let one = of(vec![square("only", 0.0).number("score", 1.0)], options.build().unwrap());
    for language in LANGUAGES {
        let made = page(&one, language);
        check(&made);
        assert_eq!(made.matches("<tr data-site=").count(), 1);
        let nothing = page(&PageInput::default(), language);
        check(&nothing);
        assert!(nothing.contains(if language == Language::English { "not known" } else { "未知" }));
        assert!(!nothing.contains("id=\"drawing\""));
    }
}

/// The page and the drawn maps show one thing in one colour.
#[cfg(feature = "map")]
#[test]
fn colours_are_those_of_the_maps() {
    use landuse::report::map::style;
    let made = page(&PageInput::default(), Language::English);
    let tiers = (0..4).map(|tier| style::control_tier(tier, "").hatch.unwrap().color);
    for color in style::GRADES.into_iter().chain([style::BASE]).chain(tiers) {
        let hex = format!("#{:02x}{:02x}{:02x}", color.r, color.g, color.b);
        assert!(made.contains(&hex), "{hex}");
    }
}

#[test]
fn a_map_says_where_it_leaves_pieces_out() {
    let mut input = of(vec![square("a", 0.0)], Options::default());
    let mut feature = input.parcels.as_ref().unwrap().features[0].clone();
    feature.set_property("certain_m2", 5.0);
    let features = vec![feature; 3_001];
    input.inside_lines = Some(FeatureCollection { bbox: None, features, foreign_members: None });
    let made = page(&input, Language::English);
    check(&made);
    assert!(made.contains("Only the largest 3,000 of 3,001 pieces are drawn"));
}

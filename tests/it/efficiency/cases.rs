use landuse::efficiency::{HighRiseFactory, Redevelopment, location_quotient};
use landuse::units::AreaUnit;

struct Case(toml::Table);

impl Case {
    fn open(place: &str) -> Self {
        let path = format!("{}/data/cases/{place}.toml", env!("CARGO_MANIFEST_DIR"));
        Self(std::fs::read_to_string(path).unwrap().parse().unwrap())
    }

    fn get(&self, name: &str) -> f64 {
        let value = &self.0["figures"][name]["value"];
        value.as_float().or(value.as_integer().map(|i| i as f64)).unwrap()
    }
}

/// A derived figure, to the digits it is stated with.
fn is(found: f64, stated: &str) {
    let decimals = stated.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    assert_eq!(format!("{found:.decimals$}"), stated);
}

#[test]
fn every_figure_has_value_and_unit() {
    for place in ["shenzhen", "shunde", "jiaojiang", "kunshan", "kunming", "pingshan"] {
        let case = Case::open(place);
        assert!(case.0["place"].is_str() && case.0["source"].is_str());
        for (name, figure) in case.0["figures"].as_table().unwrap() {
            assert!(case.get(name).is_finite() && figure["unit"].is_str(), "{place}: {name}");
        }
    }
}

#[test]
fn shenzhen() {
    let case = Case::open("shenzhen");
    let (land, developable) = (case.get("land"), case.get("developable"));
    is(developable / case.get("developable_to_shanghai"), "2421.6");
    is(developable / case.get("developable_to_suzhou"), "3380.2");
    is(100.0 * developable / land, "48.7");
    let construction = land * case.get("construction_share");
    is(construction, "998.7");
    is(construction - land * case.get("warning_line"), "399.5");
    is(100.0 * construction / developable, "102.6");
    is(100.0 * case.get("construction_elsewhere") / land, "50.2");
    is(case.get("ecological_line") + developable, "1947.5");
    is(case.get("population") / land, "8841");
    is(developable * 1e6 / case.get("population"), "55.1");
    let floor = case.get("annual_target") * case.get("years");
    is(floor / 1e6, "100");
    is(floor / case.get("projects") / 1e6, "1.389");
    let plan = Redevelopment::new(case.get("mean_far"), 3.0, 0.0).unwrap();
    is(plan.site_for_gross_m2(case.get("annual_target")) / 1e6, "6.67");
    is(plan.site_for_gross_m2(floor) / 1e6, "33.3");
    let default = HighRiseFactory::default();
    assert_eq!(
        (default.above_m, default.floors),
        (case.get("high_rise_above"), case.get("high_rise_floors"))
    );
    is(case.get("bao_an_after") / case.get("bao_an_before"), "3.0");
    is(case.get("mean_far") * case.get("bao_an_after") / case.get("bao_an_before"), "4.2");
}

#[test]
fn shunde() {
    let case = Case::open("shunde");
    let land = case.get("park_land_share");
    let (output, tax) = (case.get("park_output_share"), case.get("park_tax_share"));
    let quotients = |share: f64| {
        (location_quotient(share, land).unwrap(), location_quotient(1.0 - share, 1.0 - land).unwrap())
    };
    let ((parks, rest), (tax_parks, tax_rest)) = (quotients(output), quotients(tax));
    is(parks, "0.386");
    is(rest, "2.433");
    is(rest / parks, "6.31");
    is(tax_parks, "0.061");
    is(tax_rest, "3.190");
    is(tax_rest / tax_parks, "51.9");
    is(case.get("firms") / case.get("parks"), "49.7");
    is(AreaUnit::Mu.to_m2(case.get("released")) / 1e6, "74.67");
    is(case.get("released") / case.get("renewal_projects"), "219.6");
    is(100.0 * case.get("released") / case.get("industrial_land"), "50.2");
}

#[test]
fn jiaojiang_in_both_readings() {
    let case = Case::open("jiaojiang");
    let mu = AreaUnit::Mu.to_m2(case.get("park"));
    is(mu, "202000");
    is(case.get("firms") / case.get("park"), "0.561");
    is(case.get("firms") / AreaUnit::Hectare.from_m2(mu), "8.4");
    let acre = AreaUnit::Acre.to_m2(case.get("park"));
    is(AreaUnit::Hectare.from_m2(acre), "122.6");
    is(AreaUnit::Mu.from_m2(acre), "1839");
    is(case.get("firms") / case.get("firms_before"), "17");
}

#[test]
fn kunshan_in_both_readings() {
    let case = Case::open("kunshan");
    let acre_mu = AreaUnit::Mu.from_m2(AreaUnit::Acre.to_m2(case.get("park")));
    is(acre_mu, "60.7");
    let tax = case.get("tax_three_years") / 3.0;
    is(case.get("output") / case.get("park") / case.get("sales_benchmark"), "33");
    is(case.get("output") / acre_mu / 1e6, "16.5");
    is(case.get("output") / acre_mu / case.get("sales_benchmark"), "5.5");
    is(tax / case.get("park") / case.get("tax_target"), "5.1");
    is(tax / acre_mu / 1e3, "313");
    is(tax / acre_mu / case.get("tax_target"), "0.85");
    let growth = 1.0 + case.get("growth");
    is(case.get("output") / growth.powi(3) / 1e9, "0.244");
    let output = case.get("output") * (1.0 + growth.powi(-1) + growth.powi(-2));
    is(100.0 * case.get("tax_three_years") / output, "2.8");
    is(AreaUnit::Hectare.from_m2(AreaUnit::Mu.to_m2(case.get("activated"))), "80.0");
    is(case.get("incubated") / case.get("platforms"), "50");
}

#[test]
fn kunming() {
    let case = Case::open("kunming");
    is(100.0 * case.get("settled") / case.get("contacted"), "10");
    let plan = Redevelopment::new(1.0, 2.5, 0.0).unwrap();
    is(plan.uplift_m2(case.get("site")), "15000");
}

#[test]
fn pingshan() {
    let case = Case::open("pingshan");
    is(case.get("floor") / case.get("site"), "4.6113");
    is(case.get("pilot_floor") / case.get("pilot_site"), "6.01");
    is(100.0 * case.get("supplied") / case.get("annual_task"), "239.8");
    is(case.get("supplied_to_task") * case.get("annual_task"), "22.80");
    is(100.0 * case.get("site") / 1e4 / case.get("supplied"), "46.5");
    is(case.get("new_floor") / (case.get("integrated_land") * 1e6), "1.0");
    is(100.0 * case.get("value_added") / case.get("output"), "22.2");
    is(100.0 * case.get("firms_added") / (case.get("firms") - case.get("firms_added")), "6.0");
}

use geo::{Rect, coord};
use landuse::efficiency::{
    AllocationBasis, Appraisal, Direction, FieldChecks, Grade, Language, Measures, Rule, StockClass, Verdict,
};
use landuse::io::{Source, Table};
use landuse::join::{BuildingOptions, Buildings, Firms};
use landuse::report::{self, Format, Summary};
use landuse::zoning::LandUseCode;
use landuse::{Analysis, Inputs, Options, Parcel, ParcelIdx, ParcelSet};

fn table(text: &str) -> Table {
    Table::read(&Source::bytes("table.csv", text.as_bytes())).unwrap()
}

fn land(id: &str, x: f64, y: f64, width: f64, height: f64) -> Parcel {
    Parcel::new(id, Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + height }).to_polygon())
}

/// The parcels of the worked table, in any order.
fn parcels(ids: &[&str]) -> ParcelSet {
    ParcelSet::local(ids.iter().enumerate().map(|(i, id)| land(id, 100.0 * i as f64, 0.0, 90.0, 60.0)))
}

fn at(set: &ParcelSet, id: &str) -> usize {
    set.attributes().id.iter().position(|own| own == Some(id)).unwrap()
}

fn number(set: &ParcelSet, column: &str, id: &str) -> Option<f64> {
    set.attributes().numbers[column].values.get(at(set, id))
}

const IDS: [&str; 5] = ["D01-0000054", "D01-0000055", "D01-0000056", "D01-0000057", "D01-0000058"];

/// `data/cases/firms.csv` by hand. L has 5, 3 and 2 of its 10 mu on 54, 55 and 57, so 50, 30 and 20 of its tax of 100. On 57 stand
/// L and S1 to S9 with 1 + 2 + … + 9 = 45: together 65. M has 56 to itself: 30. X names a parcel that is none: its 50 stay off.
#[test]
fn a_firm_on_three_parcels_and_a_parcel_with_ten_firms_followed_by_hand() {
    let path = format!("{}/data/cases/firms.csv", env!("CARGO_MANIFEST_DIR"));
    let firms = Firms::from_table(&Table::read(&Source::file(path)).unwrap(), AllocationBasis::Land).unwrap();
    let mut set = parcels(&IDS);
    let joined = firms.join(&mut set).unwrap();
    let tax: Vec<_> = IDS.iter().map(|id| number(&set, "tax", id)).collect();
    println!("tax on {IDS:?}: {tax:?}");
    // Shares of mu in m² are a third of a rounding off.
    let rounded: Vec<_> = tax.iter().map(|tax| tax.map(|tax| (tax * 1e9).round() / 1e9)).collect();
    assert_eq!(rounded, [Some(50.0), Some(30.0), Some(30.0), Some(65.0), None]);
    let count: Vec<_> = IDS.iter().map(|id| number(&set, "firms", id).unwrap()).collect();
    assert_eq!(count, [1.0, 1.0, 1.0, 10.0, 0.0]);
    let report = &joined.report;
    assert_eq!((report.firms, report.join.rows, report.join.matched), (12, 14, 13));
    assert_eq!(report.join.unknown_parcels, ["no-such-parcel".into()]);
    let amount = &report.amounts[0];
    println!("{amount:?}");
    assert_eq!((amount.total, amount.unallocated), (225.0, 50.0));
    assert!((amount.allocated - 175.0).abs() < 1e-9);
    // Firms of one sector give the parcel their sector; 57 has three.
    let sector = &set.attributes().texts["sector"];
    assert_eq!(sector.get(at(&set, "D01-0000055")).map(|s| &**s), Some("C26"));
    assert_eq!(sector.get(at(&set, "D01-0000057")), None);
    let mut rows = Vec::new();
    report::firms_layer(&firms, &joined).write(Format::Csv, &mut rows).unwrap();
    let rows = String::from_utf8(rows).unwrap();
    assert!(rows.starts_with("firm,parcel,outcome,size,share,tax,value_added,land_mu,land_m2\n"), "{rows}");
    assert!(rows.contains("\nX,no-such-parcel,unknown_parcel,"), "{rows}");
    // Appraised as firms: L pays 100 on 10 mu.
    let columns = firms.columns().unwrap();
    let per_mu = columns.numbers("tax / land_mu").unwrap();
    let l = firms.ids().iter().position(|id| id == Some("L")).unwrap();
    assert!((per_mu.get(l).unwrap() - 10.0).abs() < 1e-12);
}

#[test]
fn rows_of_a_firm_must_agree_and_may_name_several_parcels() {
    let text = "企业,地块,tax,new\nF,a; b,90,是\nG,b,10,否\nG,c,11,\nH,d,,\n";
    let firms = Firms::from_table(&table(text), AllocationBasis::Land).unwrap();
    assert_eq!(firms.contradictions().len(), 1);
    let mut set = ParcelSet::local([
        land("a", 0., 0., 20., 10.),
        land("b", 20., 0., 10., 10.),
        land("c", 30., 0., 10., 10.),
        land("d", 40., 0., 9., 9.),
    ]);
    let joined = firms.join(&mut set).unwrap();
    assert_eq!(joined.report.sizes, "parcels");
    // F is split by the parcels' own areas, 200 and 100 m²; G says two things, so that b and c are unknown.
    assert!((number(&set, "tax", "a").unwrap() - 60.0).abs() < 1e-9);
    assert_eq!(
        (number(&set, "tax", "b"), number(&set, "tax", "c"), number(&set, "tax", "d")),
        (None, None, None)
    );
    assert_eq!(set.attributes().texts["new"].get(at(&set, "c")).map(|s| &**s), Some("false"));
    // By jobs there is nothing to split by.
    let by_jobs = Firms::from_table(&table(text), AllocationBasis::Jobs).unwrap();
    let report = by_jobs.join(&mut set).unwrap().report;
    assert_eq!((report.sizes, report.join.firms_without_split), ("rows", 2));
    assert!(Firms::from_table(&table("owner\nx\n"), AllocationBasis::Land).is_err());
}

#[test]
fn joined_values_take_the_place_of_own_ones_and_say_so() {
    let text = "firm,parcel,tax\nF,a,5\nG,b,\n";
    let firms = Firms::from_table(&table(text), AllocationBasis::Land).unwrap();
    let own = |id: &str, x: f64| land(id, x, 0.0, 9.0, 9.0).number("tax", 1.0);
    let mut set = ParcelSet::local([own("a", 0.0), own("b", 10.0), own("c", 20.0)]);
    let report = firms.join(&mut set).unwrap().report;
    let tax = report.columns.iter().find(|column| &*column.column == "tax").unwrap();
    assert_eq!((tax.joined, tax.replaced, tax.kept), (1, 1, 2));
    assert_eq!(["a", "b", "c"].map(|id| number(&set, "tax", id)), [Some(5.0), Some(1.0), Some(1.0)]);
}

#[test]
fn buildings_spread_by_overlap_and_nothing_is_counted_twice() {
    // b and c overlap by half; d is bare.
    let mut set = ParcelSet::local([
        land("a", 0., 0., 100., 100.),
        land("b", 100., 0., 100., 100.),
        land("c", 150., 0., 100., 100.),
        land("d", 400., 0., 100., 100.),
    ]);
    let building = |id: &str, [x, y, width, height]: [f64; 4], floors: Option<f64>, height_m: Option<f64>| {
        let mut building = land(id, x, y, width, height);
        (building.floors, building.height_m) = (floors, height_m);
        building
    };
    let buildings = ParcelSet::local([
        // 200 m² on a, 10 m² on b by its survey error.
        building("tower", [80., 10., 21., 10.], Some(20.0), Some(66.0)),
        // Wholly on b and on c.
        building("twice", [160., 40., 20., 10.], Some(2.0), None),
        // ⌊11 / 3.5⌋ = 3 floors.
        building("hall", [10., 40., 40., 40.], None, Some(11.0)),
        building("shed", [220., 80., 10., 10.], None, None),
        building("far", [1000., 0., 10., 10.], Some(1.0), None),
        // Half of it on no parcel.
        building("edge", [240., 50., 20., 10.], Some(3.0), None),
    ]);
    let joined = Buildings::join(&mut set, &buildings, &BuildingOptions::default()).unwrap();
    let known = set.attributes();
    let get = |column: &landuse::parcel::Column<f64>, id: &str| column.get(at(&set, id));
    let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-9;
    assert!(near(get(&known.floor_area_m2, "a"), 200.0 * 20.0 + 1600.0 * 3.0));
    assert!(near(get(&known.footprint_m2, "a"), 1800.0));
    assert!(near(get(&known.floor_area_m2, "b"), 10.0 * 20.0 + 100.0 * 2.0));
    assert_eq!(
        (get(&known.floors, "a"), get(&known.floors, "b")),
        (Some(20.0), Some(2.0)),
        "a sliver is no tower"
    );
    // The shed leaves c unknown; its ground is known.
    assert_eq!(get(&known.floor_area_m2, "c"), None);
    assert!(near(get(&known.footprint_m2, "c"), 200.0 + 100.0 + 100.0));
    assert_eq!((get(&known.floor_area_m2, "d"), get(&known.footprint_m2, "d")), (None, None));
    let report = &joined.report;
    println!("{report:?}");
    assert_eq!((report.buildings, report.on_one_parcel, report.spread, report.on_no_parcel), (6, 2, 3, 1));
    assert_eq!(
        (report.floors_from_height, report.floor_area_unknown, report.parcels_without_building),
        (1, 1, 1)
    );
    let all = 210.0 * 20.0 + 200.0 * 2.0 + 1600.0 * 3.0 + 100.0 + 600.0;
    assert!((report.floor_area_m2 - all).abs() < 1e-9);
    assert!((report.floor_area_on_parcels_m2 - (all - 100.0 - 300.0)).abs() < 1e-9);
    let mut options = BuildingOptions::default();
    options.complete = true;
    Buildings::join(&mut set, &buildings, &options).unwrap();
    assert_eq!(set.attributes().floor_area_m2.get(at(&set, "d")), Some(0.0));
    options.storey_height_m = 0.0;
    assert!(Buildings::join(&mut set, &buildings, &options).is_err());
}

/// Sixty works in a row, tax rising with the position, some of them unused by contract.
fn works() -> ParcelSet {
    let code = LandUseCode::new("mnr", "2023", "100102");
    let parcel = |i: u32| {
        let parcel = land(&format!("P{i:02}"), 100.0 * f64::from(i), 0.0, 100.0, 100.0)
            .current_use(code.clone())
            .number("tax", f64::from(i));
        match i {
            0 => parcel.text("approved", "true").text("supplied", "false"),
            1 => parcel.text("started", "false").number("years_since_start", 1.5),
            2 => parcel.text("started", "true").number("invested_share", 0.2).number("suspended_years", 1.0),
            _ => parcel,
        }
    };
    ParcelSet::local((0..60).map(parcel))
}

fn analyse(parcels: ParcelSet, change: impl FnOnce(&mut Options)) -> Analysis {
    analyse_checked(parcels, None, change)
}

fn analyse_checked(
    parcels: ParcelSet,
    field_checks: Option<FieldChecks>,
    change: impl FnOnce(&mut Options),
) -> Analysis {
    let mut options = Options::default();
    options.efficiency.score = Some("tax".into());
    options.statistics.permutations = 99;
    change(&mut options);
    let mut inputs = Inputs::open(parcels);
    if let Some(checks) = field_checks {
        inputs = inputs.field_checks(checks);
    }
    Analysis::new(&inputs.load().unwrap(), options).run().unwrap()
}

fn of(analysis: &Analysis, id: &str) -> ParcelIdx {
    ParcelIdx(at(analysis.parcels(), id) as u32)
}

#[test]
fn unused_land_is_a_class_of_its_own_and_not_ranked() {
    let found = analyse(works(), |_| {});
    let class = |id: &str| found.efficiency().stock[of(&found, id).index()];
    assert_eq!(class("P00"), Some(StockClass::ApprovedNotSupplied));
    assert_eq!([class("P01"), class("P02")], [Some(StockClass::Idle); 2]);
    assert_eq!((class("P03"), class("P59")), (Some(StockClass::SuspectedLow), Some(StockClass::NotLow)));
    // 57 candidates remain: the quantile is theirs alone.
    let summary = Summary::of(&found);
    assert_eq!((summary.efficiency.candidates, summary.efficiency.threshold), (57, Some(3.0 + 56.0 * 0.2)));
    assert_eq!(summary.efficiency.stock["idle"].count, 2);
    assert_eq!(summary.efficiency.stock["approved_not_supplied"].area_m2, 10_000.0);
    assert_eq!(summary.efficiency.stock.values().map(|total| total.count).sum::<usize>(), 60);
    let say = |id: &str| report::sentence(&found, of(&found, id), Language::English).unwrap();
    assert!(say("P01").starts_with("Idle land: building has not started a full year"), "{}", say("P01"));
    assert!(say("P02").contains("suspended"), "{}", say("P02"));
    let low = say("P03");
    assert!(low.starts_with("Suspected low-efficiency: `tax` is 3 against 14.2, where the lowest 20% ends, 11.2 short, better than 1% of its peers."), "{low}");
    let chinese = report::sentence(&found, of(&found, "P00"), Language::Chinese).unwrap();
    assert!(chinese.starts_with("批而未供土地："), "{chinese}");
    // A condition of the city's own wins over the columns.
    let found = analyse(works(), |options| options.efficiency.idle = Some("tax > 57".into()));
    let class = |id: &str| found.efficiency().stock[of(&found, id).index()];
    assert_eq!((class("P01"), class("P58")), (Some(StockClass::SuspectedLow), Some(StockClass::Idle)));
}

#[test]
fn field_checks_win_and_say_so() {
    let text = "parcel,status,reason,date\nP03,not_low,new plant in operation,2024-05-02\nP40,低效,roof collapsed,2024-05-03\n\
        P04,low,confirmed,2024-05-03\nP59,idle,gates shut,2024-05-03\nnowhere,low,x,2024-05-03\n";
    let checks = FieldChecks::from_table(&table(text)).unwrap();
    let without = analyse(works(), |_| {});
    let found = analyse_checked(works(), Some(checks), |_| {});
    let verdict = |id: &str| found.verdict(of(&found, id));
    assert_eq!(
        [verdict("P03"), verdict("P40"), verdict("P04")],
        [Verdict::NotLow, Verdict::Low, Verdict::Low]
    );
    assert_eq!(found.efficiency().stock[of(&found, "P59").index()], Some(StockClass::Idle));
    assert_eq!(verdict("P59"), Verdict::NotCandidate);
    let report = found.efficiency().field_check_report.as_ref().unwrap();
    // P04 was suspected and is confirmed: that changes its class too.
    assert_eq!((report.applied, report.changed), (4, 4));
    assert_eq!(report.unknown_parcels, ["nowhere".into()]);
    assert!(
        found.warnings().iter().any(|warning| warning.to_string().starts_with("field checks: 4 parcels"))
    );
    assert_eq!(found.computed_stock(of(&found, "P03")), Some(StockClass::SuspectedLow));
    let say = |id: &str, language| report::sentence(&found, of(&found, id), language).unwrap();
    let text = say("P03", Language::English);
    println!("{text}\n{}", say("P03", Language::Chinese));
    assert!(text.starts_with("Field check of 2024-05-02: not low-efficiency (new plant in operation). It wins over what was computed: Suspected low"), "{text}");
    // Sites follow the checked verdict.
    let site = |analysis: &Analysis, id: &str| analysis.sites().of_parcel()[of(analysis, id).index()];
    assert!(site(&without, "P03").is_some() && site(&found, "P03").is_none());
    assert!(site(&found, "P40").is_some());
}

#[test]
fn a_rule_pack_grades_the_candidates() {
    let pack = Appraisal::from_toml(
        "name = 'town'\nversion = '2024'\nsource = 'made up'\nevidence = 'C'\nnot_appraised = ['tax >= 58']\n\
         [grading]\ncuts = { A = 0.2, B = 0.6, C = 0.9 }\n[[group]]\nkey = 'all'\n\
         indicators = [{ key = 'tax_per_mu', metric = 'tax * 666.6666666666666 / area_m2', weight = 100, benchmark = 1 }]\n",
        "town.toml",
    )
    .unwrap();
    let found = analyse(works(), |options| options.efficiency.appraisal = Some(pack));
    let appraised = found.efficiency().appraised.as_ref().unwrap();
    let grade = |id: &str| appraised.row(of(&found, id)).and_then(|row| appraised.found.grades[row]);
    // 57 candidates, two of them exempt: of 55 the last 10 % are D: rank 51 to 55.
    assert_eq!(appraised.found.count(Grade::T), 2);
    assert_eq!((grade("P07"), grade("P08"), grade("P57")), (Some(Grade::D), Some(Grade::C), Some(Grade::A)));
    assert_eq!(grade("P00"), None, "no candidate");
    assert_eq!(
        (found.verdict(of(&found, "P07")), found.verdict(of(&found, "P08"))),
        (Verdict::Low, Verdict::NotLow)
    );
    assert_eq!(found.verdict(of(&found, "P59")), Verdict::NotCandidate, "not appraised");
    assert_eq!(found.efficiency().stock[of(&found, "P07").index()], Some(StockClass::Low));
    let summary = Summary::of(&found);
    let pack = summary.efficiency.appraisal.unwrap();
    assert_eq!((&*pack.name, pack.rows, pack.grades["D"]), ("town", 57, 5));
    assert_eq!(summary.efficiency.rule.as_deref(), Some("grade in (D)"));
    let say = |language| report::sentence(&found, of(&found, "P07"), language).unwrap();
    println!("{}\n{}", say(Language::English), say(Language::Chinese));
    assert!(
        say(Language::English).contains("grade D. Rank 51 of 55 in all. C begins at 53.3333 points."),
        "{}",
        say(Language::English)
    );
    assert!(say(Language::Chinese).contains("达到 53.3333 分可评为 C"), "{}", say(Language::Chinese));
}

#[test]
fn peers_are_ranked_within_their_group() {
    let sector = |i: usize| if i.is_multiple_of(2) { "C13" } else { "C26" };
    let set = ParcelSet::local((0..80).map(|i| {
        land(&format!("{i}"), 10.0 * i as f64, 0.0, 9.0, 9.0)
            .number("tax", i as f64)
            .text("sector", sector(i))
    }));
    let found = analyse(set, |options| {
        options.efficiency.candidates = Some("tax >= 0".into());
        options.efficiency.low = Some(Rule::Standard {
            metric: Some("tax".into()),
            worse_than: 10.0,
            direction: Direction::HigherIsBetter,
        });
        options.efficiency.peers = Some("sector".into());
    });
    let reasons = |id: &str| {
        found.efficiency().assessment.as_ref().unwrap().reasons(of(&found, id))[0].percentile.unwrap()
    };
    // The second of forty in its sector beats one and ties with itself.
    assert!((reasons("2") - 1.5 / 40.0).abs() < 1e-12 && (reasons("79") - 39.5 / 40.0).abs() < 1e-12);
}

/// Without a column of parcels no firm reaches one: an error that names the columns there are.
#[test]
fn firms_without_a_column_of_parcels_cannot_be_joined() {
    let firms = Firms::from_table(&table("firm,plot,tax\nF,a,1\n"), AllocationBasis::Land).unwrap();
    let error = firms.join(&mut parcels(&["a"])).unwrap_err();
    assert!(matches!(error, landuse::Error::MissingColumn { .. }));
    assert_eq!(
        error.to_string(),
        "table.csv: expected `parcel` or `parcel_id` among its columns, found firm, plot, tax"
    );
}

#[test]
fn one_cell_that_is_no_number_costs_its_firm_alone() {
    let rows: String = (0..40)
        .map(|i| format!("F{i},P{i},{}", if i == 7 { "about 5".into() } else { i.to_string() }))
        .collect::<Vec<_>>()
        .join("\n");
    let firms =
        Firms::from_table(&table(&format!("firm,parcel,tax\n{rows}")), AllocationBasis::Land).unwrap();
    let ids: Vec<String> = (0..40).map(|i| format!("P{i}")).collect();
    let mut set = parcels(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let report = firms.join(&mut set).unwrap().report;
    assert_eq!((number(&set, "tax", "P7"), number(&set, "tax", "P8")), (None, Some(8.0)));
    let [cells] = &report.unreadable[..] else { panic!("{:?}", report.unreadable) };
    assert_eq!((&*cells.column, cells.count, cells.known, cells.first.row), ("tax", 1, 40, 7));
    assert_eq!((report.amounts[0].total, report.amounts[0].unknown), (773.0, 1));
}

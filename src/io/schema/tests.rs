use super::*;

fn field(lines: &str) -> Field {
    let text = format!("[[field]]\nproperty = 'p'\n{lines}");
    Schema::from_toml(&text, "s.toml").unwrap().0.fields.remove(0)
}

fn fault(text: &str) -> String {
    Schema::from_toml(text, "s.toml").unwrap_err().to_string()
}

#[test]
fn profiles_hold_together_and_come_back() {
    for &Profile { name, file, text, .. } in &PROFILES {
        let (read, _) = Schema::from_toml(text, file).unwrap();
        let schema = Schema::builtin(name).unwrap();
        assert_eq!(schema.to_toml(), Schema { name: schema.name.clone(), ..read }.to_toml());
        assert!(schema.fields.iter().all(|field| !field.names().any(str::is_empty)), "{name}");
        let (again, _) = Schema::from_toml(&schema.to_toml(), file).unwrap();
        assert_eq!(again.to_toml(), schema.to_toml(), "{name}");
    }
    assert!(Schema::builtin("tokyo").unwrap_err().to_string().contains("generated, pluto, dltb"));
}

/// Each list of names is that of its source: see the head of the profile.
#[test]
fn profiles_are_told_by_the_names_that_mark_them() {
    use crate::io::PropertySummary;
    let code = |text| vec![Scalar::Text(text)];
    let infer = |properties: &[(&str, Vec<Scalar<'_>>)]| {
        let summaries =
            properties.iter().map(|(name, values)| PropertySummary::of(name, values.iter().copied()));
        let found = Schema::infer(&summaries.collect::<Vec<_>>());
        let fields =
            found.schema.fields.iter().map(|field| (field.property.to_string(), field.target.to_string()));
        (fields.collect::<Vec<_>>(), found.schema.clone())
    };
    let named = |fields: &[(String, String)], property: &str| {
        fields.iter().find(|(own, _)| own == property).map(|(_, target)| target.clone())
    };
    let (fields, schema) = infer(&[
        ("BSM", code("320000000000012345")),
        ("TBBH", code("0012")),
        ("DLBM", vec![Scalar::Text("0601"), Scalar::Text("1001")]),
        ("DLMC", code("工业用地")),
        ("QSDWMC", code("某村")),
        ("ZLDWMC", code("某村")),
        ("TBMJ", vec![Scalar::Number(1_234.5)]),
    ]);
    assert_eq!(named(&fields, "BSM").as_deref(), Some("id"));
    assert_eq!(named(&fields, "TBBH").as_deref(), Some("text:plot_number"));
    assert_eq!(named(&fields, "ZLDWMC").as_deref(), Some("district"));
    assert_eq!(named(&fields, "TBMJ").as_deref(), Some("number:recorded_area_m2"));
    let use_ = schema.fields.iter().find(|field| field.target == Target::CurrentUse).unwrap();
    assert_eq!(use_.scheme, Some(("survey".into(), "third".into())));
    // Without what marks the survey's layer, the same codes are those of a plan.
    let (fields, schema) = infer(&[("DLBM", code("1001")), ("编号", code("a"))]);
    assert_eq!(named(&fields, "编号").as_deref(), Some("id"));
    let use_ = schema.fields.iter().find(|field| field.target == Target::CurrentUse).unwrap();
    assert_eq!(use_.scheme, Some(("mnr".into(), "2023".into())));

    let (fields, schema) = infer(&[
        ("ll_uuid", code("b2c7")),
        ("parcelnumb", code("12-3")),
        ("usecode", code("0100")),
        ("yearbuilt", vec![Scalar::Number(1990.0)]),
        ("city", code("springfield")),
        ("sqft", vec![Scalar::Number(5_000.0)]),
    ]);
    assert_eq!(named(&fields, "parcelnumb").as_deref(), Some("id"));
    assert_eq!(named(&fields, "city").as_deref(), Some("district"));
    assert_eq!(named(&fields, "usecode"), None);
    let left_out: Vec<String> = schema.left_out.iter().map(|left| left.reason.to_string()).collect();
    assert!(left_out.iter().any(|why| why.contains("a scheme has to say")), "{left_out:?}");
    let fitted = Schema::builtin("regrid").unwrap().fit(["PARCELNUMB", "UseCode"]);
    assert_eq!((fitted.fields.len(), &*fitted.left_out[0].property), (1, "UseCode"));
    let (fields, _) = infer(&[("city", code("springfield")), ("sqft", vec![Scalar::Number(5_000.0)])]);
    assert!(fields.is_empty(), "words that common say nothing by themselves");

    let (fields, schema) = infer(&[
        ("LOC_ID", code("F_761210_2957494")),
        ("USE_CODE", vec![Scalar::Text("101"), Scalar::Text("3160")]),
        ("BLD_AREA", vec![Scalar::Number(1_000.0), Scalar::Number(0.0)]),
        ("TOTAL_VAL", vec![Scalar::Number(5e5)]),
    ]);
    assert_eq!(named(&fields, "USE_CODE").as_deref(), Some("current_use"));
    let area = schema.fields.iter().find(|field| field.target == Target::FloorArea).unwrap();
    assert_eq!(area.read(Scalar::Number(0.0)), Ok(Meaning::Unknown));
    let Ok(Meaning::Number(m2)) = area.read(Scalar::Number(1_000.0)) else { panic!("an area") };
    assert!((m2 - 92.903_04).abs() < 1e-9);
    let use_ = schema.fields.iter().find(|field| field.target == Target::CurrentUse).unwrap();
    let Ok(Meaning::Code(found)) = use_.read(Scalar::Number(13.0)) else { panic!("a code") };
    assert_eq!(&*found.code, "013", "a number has lost its zero");
}

#[test]
fn what_is_no_target_is_told_by_the_names_of_profiles() {
    let near = |target: &str| fault(&format!("[[field]]\nproperty = 'a'\ntarget = '{target}'"));
    assert!(near("parcel_id").ends_with("text:NAME (`id`?)"), "{}", near("parcel_id"));
    assert!(near("yearbuilt").ends_with("(`year_built`?)"));
    assert!(near("owner").ends_with("(`text:owner`?)"));
    let missing =
        fault("[[field]]\nproperty = 'a'\ntarget = 'id'\n[[field]]\nproperty = 'b'\ntarget = 'current_use'");
    assert!(missing.starts_with("s.toml: line 4: key `scheme` is missing"), "{missing}");
    assert!(missing.contains("mnr:2023") && missing.contains("[[scheme]]"), "{missing}");
}

#[test]
fn values_are_read_in_the_unit_of_the_column() {
    let area = field("target = 'floor_area'\nunit = 'mu'");
    assert_eq!(area.read(Scalar::Number(3.0)), Ok(Meaning::Number(2_000.0)));
    assert_eq!(area.read(Scalar::Text(" 1,500.0 ")), Ok(Meaning::Number(1_000_000.0)));
    let output = field("target = 'number:output_yuan'\nunit = '万元'\ncolumn_unit = 'yuan'");
    assert_eq!(output.read(Scalar::Number(1.5)), Ok(Meaning::Number(15_000.0)));
    assert_eq!(&*output.unit, "yuan");
    let value = field("target = 'number:improvement_value'\nunit = 'USD'\nscale = 1000");
    assert_eq!((value.read(Scalar::Number(-2.0)), &*value.unit), (Ok(Meaning::Number(-2_000.0)), "USD"));
    for wrong in ["nan", "inf", "1,00", "12,34,567", "1e999", "12 m2", "0x10"] {
        assert_eq!(area.read(Scalar::Text(wrong)), Err("an area of at least 0"), "{wrong}");
    }
    for wrong in [Scalar::Number(-1.0), Scalar::Bool(true), Scalar::Nested("[1]")] {
        assert_eq!(area.read(wrong), Err("an area of at least 0"));
    }
    assert_eq!(field("target = 'year_built'").read(Scalar::Number(0.0)), Err("a year from 1 to 9999"));
}

#[test]
fn unknown_is_what_the_schema_says() {
    let year = field("target = 'year_built'\nunknown = ['n/a', 9999, '< 1600', '>= 2100']");
    for value in [9_999.0, 1_389.0, 2_100.0] {
        assert_eq!(year.read(Scalar::Number(value)), Ok(Meaning::Unknown), "{value}");
    }
    for value in ["n/a", " n/a ", "1599", "", "  "] {
        assert_eq!(year.read(Scalar::Text(value)), Ok(Meaning::Unknown), "{value:?}");
    }
    assert_eq!(year.read(Scalar::Null), Ok(Meaning::Unknown));
    assert_eq!(year.read(Scalar::Number(1_600.0)), Ok(Meaning::Number(1_600.0)));
    assert!(year.read(Scalar::Text("N/A")).is_err(), "as written");
    let floor_area = field("target = 'floor_area'");
    assert_eq!(floor_area.read(Scalar::Number(0.0)), Ok(Meaning::Number(0.0)), "zero is not unknown");
}

#[test]
fn codes_keep_their_zeros_and_values_are_mapped() {
    let code = |text: &str| Ok(Meaning::Code(LandUseCode::new("mnr", "2023", text)));
    let padded =
        field("target = 'current_use'\nscheme = 'mnr:2023'\ndigits = 4\nvalues = { works = '1001' }");
    assert_eq!(padded.read(Scalar::Number(701.0)), code("0701"));
    assert_eq!(padded.read(Scalar::Text("0701")), code("0701"));
    assert_eq!(padded.read(Scalar::Text("works")), code("1001"));
    assert_eq!(padded.read(Scalar::Number(1.5)), Err("a land-use code"));
    assert_eq!(padded.read(Scalar::Bool(true)), Err("a land-use code"));
    let built = field("target = 'construction'\nvalues = { '2' = false, built = true }");
    assert_eq!(built.read(Scalar::Number(2.0)), Ok(Meaning::Bool(false)));
    assert_eq!(built.read(Scalar::Text("built")), Ok(Meaning::Bool(true)));
    assert_eq!(built.read(Scalar::Text("是")), Ok(Meaning::Bool(true)));
    assert_eq!(built.read(Scalar::Number(3.0)), Err("true or false"));
    assert_eq!(
        field("target = 'id'").read(Scalar::Number(1_168_010_800.0)),
        Ok(Meaning::Text("1168010800".into()))
    );
}

#[test]
fn faults_are_told_by_line_key_and_expectation() {
    let head = "[[field]]\nproperty = 'p'\n";
    for (text, part) in [
        (String::new(), "s.toml: line 1: key `field` is missing"),
        ("[[feild]]".into(), "line 1: unknown key `feild`, did you mean `field`?"),
        ("[[field]]\nproprty = 'p'".into(), "line 2: unknown key `proprty`, did you mean `property`?"),
        ("[[field]]\ntarget = 'id'".into(), "key `property` is missing"),
        (
            format!("{head}target = 'flor_area'"),
            "line 3: `target` is flor_area, expected one of id, current_use",
        ),
        (format!("{head}target = 'flor_area'"), "(`floor_area`?)"),
        (format!("{head}target = 'number:'"), "`target` is number:"),
        (
            format!("{head}target = 'floor_area'\nunit = 'sqft2'"),
            "line 4: `unit` is 'sqft2', expected a unit of area",
        ),
        (format!("{head}target = 'height'\nunit = 'm2'"), "expected a unit that converts to m"),
        (format!("{head}target = 'floors'\nunit = 'm'"), "this target has no unit"),
        (format!("{head}target = 'id'\nunit = 'm'"), "`unit` has no place here: the target is no number"),
        (format!("{head}target = 'current_use'"), "key `scheme` is missing"),
        (
            format!("{head}target = 'current_use'\nscheme = 'mnr:2020'"),
            "`scheme` is mnr:2020, expected one of mnr:2023",
        ),
        (format!("{head}target = 'number:x'\nunit = 'yuan'\ncolumn_unit = 'USD'"), "converts to USD"),
        (format!("{head}target = 'id'\nunknown = [true]"), "`unknown` is true, expected a text, a number"),
        (format!("{head}target = 'id'\n{head}target = 'id'"), "target `id` stands twice"),
        (format!("{head}target = 'id'\n[[scheme]]\nname = 'x'"), "line 4: key `edition` is missing"),
    ] {
        let found = fault(&text);
        assert!(found.contains(part), "{text}\n{found}");
    }
}

#[test]
fn a_schema_fits_the_names_of_a_file() {
    let fitted = Schema::builtin("chinese").unwrap().fit(["tbbh", "建筑面积（㎡）", "x", "地类编码"]);
    let names: Vec<&str> = fitted.fields.iter().map(|f| &*f.property).collect();
    assert_eq!(names, ["tbbh", "地类编码", "建筑面积（㎡）"]);
}

#[test]
fn targets_are_written_as_read() {
    for text in ["id", "floor_area", "number:far", "text:owner"] {
        assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
    }
    assert_eq!("floor_area_m2".parse::<Target>(), Ok(Target::FloorArea));
    assert_eq!("height_m".parse::<Target>(), Ok(Target::Height));
}

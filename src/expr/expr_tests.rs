use geo::{Rect, coord};

use super::bind::{FALSE, TRUE, UNKNOWN};
use super::*;
use crate::Parcel;
use crate::parcel::{ParcelColumns, ParcelSet};
use crate::zoning::{LandUseCode, Schemes};

fn land(i: usize, size: f64) -> geo::Polygon<f64> {
    let x = i as f64 * 1_000.0;
    Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + size, y: size }).to_polygon()
}

fn code(code: &str) -> LandUseCode {
    LandUseCode::new("mnr", "2023", code)
}

fn town() -> ParcelSet {
    ParcelSet::local([
        Parcel::new("a", land(0, 100.0))
            .current_use(code("1001"))
            .floor_area_m2(5_000.0)
            .number("tax", 3.0)
            .text("owner", "public"),
        Parcel::new("b", land(1, 10.0))
            .current_use(code("1101"))
            .zoned_use(code("0701"))
            .number("tax", 0.0)
            .number("jobs", 4.0),
        Parcel::new("c", land(2, 50.0))
            .current_use(code("0301"))
            .floor_area_m2(0.0)
            .text("owner", "private")
            .district("north"),
        Parcel::new("d", land(3, 20.0)).construction(true).zoned_use(code("1001")),
        Parcel::new("e", land(4, 20.0)).current_use(code("0301")).zoned_use(code("0301")).construction(true),
    ])
}

fn columns<'a>(set: &'a ParcelSet, schemes: &'a Schemes) -> ParcelColumns<'a> {
    ParcelColumns { set, schemes }
}

/// Ids the expression is true of, then those it is unknown of by way of its negation.
fn ids(text: &str) -> (String, usize) {
    let parcels = town();
    let selection = Expr::parse(text).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap();
    let mut ids: Vec<&str> =
        parcels.iter().filter(|p| selection.mask[p.idx().index()]).filter_map(crate::ParcelRef::id).collect();
    ids.sort_unstable();
    assert_eq!(ids.len(), selection.selected);
    (ids.concat(), selection.unknown)
}

#[test]
fn expressions_select_what_they_say() {
    for (text, selected, unknown) in [
        ("true", "abcde", 0),
        ("class in (industrial, logistics)", "ab", 1),
        ("class == industrial", "a", 1),
        ("logistics != class", "ace", 1),
        ("zoned_class = residential", "b", 2),
        ("class == zoned_class", "e", 3),
        ("current_use starts_with \"10\"", "a", 1),
        ("current_use not starts_with '10'", "bce", 1),
        ("current_use ends_with '01'", "abce", 1),
        ("district contains \"ort\"", "c", 4),
        ("current_use == 1001", "a", 1),
        ("1001 != current_use", "bce", 1),
        ("current_use in (1001, 0301)", "ace", 1),
        ("current_use in (10*, \"03*\")", "ace", 1),
        ("current_use not in (10*)", "bce", 1),
        ("current_use in (\"03\"..\"10\")", "ace", 1),
        ("current_use in (1001..1101)", "ab", 1),
        ("current_use between \"0300\" and \"0301\" or tax == 0", "bce", 1),
        ("current_use not between 1001 and 1101", "ce", 1),
        ("current_use like \"_0%1\"", "a", 1),
        ("current_use like '%01' and current_use not like '1%'", "ce", 1),
        ("owner ilike 'PUB%'", "a", 3),
        ("owner like 'PUB%'", "", 3),
        ("class in (ind*)", "a", 1),
        ("tax in (-1..0, 3)", "ab", 3),
        ("tax between 1 and 3", "a", 3),
        ("area_m2 starts_with '100'", "ab", 0),
        ("area_m2 in (25*, 400)", "cde", 0),
        ("area_m2 like '_00'", "bde", 0),
        ("id in (\"a\", e)", "ae", 0),
        ("construction", "abde", 0),
        ("not construction", "c", 0),
        ("construction == false", "c", 0),
        ("construction != false", "abde", 0),
        ("area_m2 >= 2500", "ac", 0),
        ("area_m2 - 2 * 50 == 0", "b", 0),
        ("-area_m2 < -2_000 and area_m2 < 1e4", "c", 0),
        ("floor_area_m2 is unknown", "bde", 0),
        ("floor_area_m2 is known", "ac", 0),
        ("floor_area_m2 is not known", "bde", 0),
        ("class is unknown", "d", 0),
        ("(tax > 1) is unknown", "cde", 0),
        ("far == 0.5", "a", 3),
        ("far < 1", "ac", 3),
        ("tax in (0, -3)", "b", 3),
        ("jobs / tax > 0", "", 5),
        ("owner == \"public\" or area_m2 > 0", "abcde", 0),
        ("owner == \"public\" and area_m2 < 0", "", 0),
        ("not (owner == \"public\")", "c", 3),
        ("tax > 1 OR jobs > 1", "ab", 3),
        ("`tax` * 2 + 1 >= 7", "a", 3),
        ("8 / 4 / 2 == 1 and 8 - 4 - 2 == 2", "abcde", 0),
        ("not true or true", "abcde", 0),
    ] {
        assert_eq!(ids(text), (selected.into(), unknown), "{text}");
    }
}

#[test]
fn three_values_follow_kleene() {
    // tax is 3 for a, 0 for b, unknown elsewhere: every pair of truths, by hand.
    let (t, f, u) = ("true", "false", "tax > 1 and jobs > 1 and floor_area_m2 > 1");
    for (x, y, and, or) in [
        (t, t, TRUE, TRUE),
        (t, f, FALSE, TRUE),
        (f, f, FALSE, FALSE),
        (t, u, UNKNOWN, TRUE),
        (f, u, FALSE, UNKNOWN),
        (u, u, UNKNOWN, UNKNOWN),
    ] {
        for (a, b) in [(x, y), (y, x)] {
            for (word, expected) in [("and", and), ("or", or)] {
                let parcels =
                    ParcelSet::local([Parcel::new("z", land(0, 1.0)).number("tax", 2.0).number("jobs", 2.0)]);
                let text = format!("({a}) {word} ({b})");
                let found =
                    Expr::parse(&text).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap();
                let truth = if found.selected == 1 {
                    TRUE
                } else if found.unknown == 1 {
                    UNKNOWN
                } else {
                    FALSE
                };
                assert_eq!(truth, expected, "{text}");
            }
        }
    }
}

#[test]
fn numbers_are_unknown_where_they_cannot_be_known() {
    let parcels = town();
    let value = |text: &str| -> Vec<Option<f64>> {
        let column = Expr::parse(text).unwrap().numbers(&columns(&parcels, &Schemes::builtin())).unwrap();
        let mut rows: Vec<_> = parcels.iter().map(|p| (p.id(), column.get(p.idx().index()))).collect();
        rows.sort_by_key(|row| row.0);
        rows.into_iter().map(|row| row.1).collect()
    };
    assert_eq!(value("far"), [Some(0.5), None, Some(0.0), None, None]);
    assert_eq!(value("jobs / tax"), [None; 5], "a quotient by zero is unknown");
    assert_eq!(value("tax - 1"), [Some(2.0), Some(-1.0), None, None, None]);
    assert_eq!(value("1e308 * 10"), [None; 5]);
    assert_eq!(value("2 - 3 * (1 - 4) / 2"), [Some(6.5); 5]);
}

#[test]
fn columns_are_named_once() {
    let expr = Expr::parse("class == industrial and tax > 1 and owner in (state, city) and tax < `Main tax`")
        .unwrap();
    assert_eq!(expr.columns(), ["Main tax", "class", "industrial", "owner", "tax"]);
}

#[test]
fn faults_are_told_by_position() {
    for (text, position, part) in [
        ("", 1, "found the end, expected a number"),
        ("tax >", 6, "found the end"),
        ("tax > 1 1", 9, "expected an operator"),
        ("(tax > 1", 9, "expected `)`"),
        ("tax in 1", 8, "expected `(`"),
        ("tax in (1; 2)", 10, "expected a number, a text, a column or an operator"),
        ("产值 > > 1", 6, "found `>`"),
        ("tax is maybe", 8, "`known` or `unknown`"),
        ("owner starts_with tax", 19, "a text in quotes"),
        ("owner like tax", 12, "a text in quotes"),
        ("tax between 1", 14, "`and` and the upper bound"),
        ("tax in (1..)", 12, "a number, a text or a word"),
        ("tax in (-1*)", 11, "`,` or `)`"),
        ("tax .. 1", 5, "expected an operator"),
        ("owner == \"x", 10, "a closing \""),
        ("1e999 > 1", 1, "a finite number"),
        ("tax not > 1", 9, "expected `in`"),
        ("and", 1, "found `and`"),
        ("tax < 1 < 2", 9, "expected an operator"),
    ] {
        let error = Expr::parse(text).unwrap_err();
        assert_eq!(error.position(), position, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let parcels = town();
    for (text, part) in [
        (
            "taks > 1 or jbs > 1",
            "`columns` is jbs (`jobs`?), taks (`tax`?), expected columns of the parcels: allowed_far",
        ),
        ("taks > 1", "`column` is taks, expected a column of the parcels (`tax`?): allowed_far"),
        ("class == factory", "`class` is factory, expected one of industrial"),
        ("class in (industrial, roads)", "`class` is roads"),
        ("current_use > 1001", "the column current_use, expected a number: texts compare by == and !="),
        ("current_use + 1 == 1001", "the column current_use, expected a number"),
        ("class == 5", "`class` is 5, expected one of industrial"),
        ("class in (x*)", "`class` is x*, expected the start of one of industrial"),
        ("current_use in (1001..301)", "`range` is 1001..301, expected two texts of the same length"),
        ("tax in (3..1)", "`range` is 3..1, expected the lower bound first"),
        ("tax in (1..a)", "the text \"a\", expected a number"),
        ("owner + 1 > 2", "the column owner, expected a number"),
        ("owner < \"x\"", "texts compare by == and !="),
        ("tax", "the column tax, expected a condition"),
        ("tax and true", "the column tax, expected a condition"),
        ("construction > 1", "expected `true` or `false`"),
        ("tax in (a)", "the text \"a\", expected a number"),
    ] {
        let error = Expr::parse(text).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap_err();
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    let error = Expr::parse("tax > 1").unwrap().numbers(&columns(&parcels, &Schemes::builtin())).unwrap_err();
    assert_eq!(error.to_string(), "`expression` is a condition, expected a number");
}

#[test]
fn no_text_overflows_the_stack() {
    for text in ["(".repeat(200_000), "not ".repeat(200_000), format!("1{}", "-".repeat(200_000))] {
        assert!(Expr::parse(&text).is_err());
    }
    let long = format!("area_m2 > 0{}", " and area_m2 + 1 > 0 or false".repeat(20_000));
    let parcels = town();
    let found = Expr::parse(&long).unwrap().select(&columns(&parcels, &Schemes::builtin())).unwrap();
    assert_eq!(found.selected, parcels.len());
}

//! Figures printed in papers, manuals and test suites, to the digits printed.

use std::collections::BTreeMap;

use landuse::stats::{Divisor, LocalOptions, Observations, Reference, Weights};
use serde_json::Value;

use super::support::{csv, csv_text, nearest, property, reference, steps_away, within};

#[test]
fn published_figures() {
    let Some(text) = reference("published.json") else { return };
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut reproduced, mut figures) = (0, 0);
    let mut left_out = Vec::new();
    for entry in &entries {
        match check(entry) {
            0 => left_out.push(entry["statistic"].as_str().unwrap()),
            checked => {
                reproduced += 1;
                figures += checked;
            }
        }
    }
    println!("{reproduced} results, {figures} figures reproduced; left out: {left_out:?}");
    assert_eq!((entries.len(), reproduced), (31, 30));
    assert_eq!(left_out, ["bivariate Moran I (x=SIDR74, lag of SIDR79)"]);
}

/// How many figures of an entry were found again; 0 where its statistic is not ours.
fn check(entry: &Value) -> usize {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    let (values, points, gal) = data(text("dataset"), text("variable"));
    let weights = weights(text("weights"), text("style"), &points, gal.as_ref());
    if text("statistic").starts_with("bivariate") {
        return 0;
    }
    let observations = Observations::new(values.iter().copied(), &weights).unwrap();
    let normal = text("assumption") == "normality";
    let mut figures = Vec::new();
    let mut compare = |key: &str, found: f64| {
        if let Value::Number(printed) = &entry[key] {
            assert!(agrees(&printed.to_string(), found), "{entry}: {key} is {found}");
            figures.push(found);
        }
    };
    let moments = |reference: Option<Reference>, sign: f64, compare: &mut dyn FnMut(&str, f64)| {
        let reference = reference.unwrap();
        compare("expectation", reference.expectation);
        compare("variance", reference.variance);
        compare("z", sign * reference.z);
        compare("p_one_sided", if sign > 0.0 { reference.p_greater() } else { reference.p_less() });
    };
    match text("statistic") {
        "Moran I" => {
            let moran = observations.moran().unwrap();
            compare("value", moran.i);
            moments(if normal { moran.normality } else { moran.randomisation }, 1.0, &mut compare);
        }
        "Geary C" => {
            let geary = observations.geary().unwrap();
            compare("value", geary.c);
            moments(if normal { geary.normality } else { geary.randomisation }, -1.0, &mut compare);
        }
        "Getis-Ord global G" => {
            let g = observations.general_g().unwrap();
            compare("value", g.g);
            moments(g.randomisation, 1.0, &mut compare);
        }
        "local Gi (z)" | "local Gi* (z)" => {
            let local = observations.local(&LocalOptions::default().with_permutations(0)).unwrap();
            let star = text("statistic").contains('*');
            let column = if star { &local.gi_star_z } else { &local.gi_z };
            let z = column.get(entry["id"].as_u64().unwrap() as usize - 1).unwrap();
            let n = values.len() as f64;
            let by_less = text("note").starts_with("division by n-1");
            compare("value", if by_less { z * ((n - 1.0) / n).sqrt() } else { z });
        }
        statistic if statistic.starts_with("local Moran") => {
            return check_local(entry, &observations, &values);
        }
        other => panic!("{other}"),
    }
    figures.len()
}

/// `I_i`, `E(I_i)`, `Var(I_i)` and `Z(I_i)`: I and Z are ours, as Z is ±Gi; the expectation under conditional
/// randomisation is `−z_i² / ((n−1) m2)`, and the variance follows.
fn check_local(entry: &Value, observations: &Observations, values: &[f64]) -> usize {
    let names = csv_text(&reference("afcon/afcon.csv").unwrap(), "name");
    let options = LocalOptions::default().with_permutations(0).with_divisor(Divisor::N);
    let local = observations.local(&options).unwrap();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let m2 = values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
    let printed: BTreeMap<&String, &Value> = entry["values"].as_object().unwrap().iter().collect();
    for (name, row) in &printed {
        let i = names.iter().position(|n| n == *name).unwrap();
        let deviation = values[i] - mean;
        let (moran, z) = (local.moran.get(i).unwrap(), local.gi_z.get(i).unwrap() * deviation.signum());
        let expectation = -deviation * deviation / ((n - 1.0) * m2);
        let variance = ((moran - expectation) / z).powi(2);
        for (at, found) in [moran, expectation, variance, z].into_iter().enumerate() {
            assert!(agrees(&row[at].to_string(), found), "{name} {at}: {found}, printed {}", row[at]);
        }
    }
    assert_eq!(printed.len(), 42);
    4 * printed.len()
}

type Data = (Vec<f64>, Vec<[f64; 2]>, Option<Weights>);

fn data(dataset: &str, variable: &str) -> Data {
    let open = |path: &str| reference(path).unwrap();
    let gal = |path: &str| Some(Weights::read_gal(path, &open(path)).unwrap());
    let points = |text: &str, x: &str, y: &str| {
        csv(text, x).into_iter().zip(csv(text, y)).map(|(x, y)| [x, y]).collect::<Vec<_>>()
    };
    match dataset {
        "columbus-old" => {
            let text = open("columbus-old/columbus_old.csv");
            let (ids, weights) = gal("columbus-old/columbus_old.gal").unwrap();
            assert!(ids.iter().map(|id| &**id).eq(csv_text(&text, "idx")));
            (csv(&text, variable), points(&text, "X", "Y"), Some(weights))
        }
        "afcon" => {
            let text = open("afcon/afcon.csv");
            let (ids, weights) = gal("afcon/afcon_paper_nb.gal").unwrap();
            assert!(ids.iter().map(|id| &**id).eq(csv_text(&text, "idx")));
            (csv(&text, variable), points(&text, "x", "y"), Some(weights))
        }
        "getis-ord-1996" => {
            let text = open("getis-ord-1996/go_xyz.csv");
            (csv(&text, variable), points(&text, "x", "y"), None)
        }
        "stl" => {
            let weights = gal("stl/stl.gal").unwrap().1;
            (property(&open("stl/stl_hom.geojson"), variable), Vec::new(), Some(weights))
        }
        "sids2" if variable.starts_with("1000") => {
            let text = open("sids2/sids_county_seats.csv");
            let rate = |(cases, births): (f64, f64)| 1000.0 * cases / births;
            let rates = csv(&text, "SID79").into_iter().zip(csv(&text, "BIR79")).map(rate).collect();
            (rates, points(&text, "east", "north"), None)
        }
        "sids2" => {
            let text = open("sids2/sids2.geojson");
            let (ids, weights) = gal("sids2/sids2.gal").unwrap();
            let fips = property(&text, "FIPSNO");
            assert!(ids.iter().zip(fips).all(|(id, fips)| id.parse() == Ok(fips)));
            let first = variable.split(',').next().unwrap();
            (property(&text, first), Vec::new(), Some(weights))
        }
        other => panic!("{other}"),
    }
}

fn weights(words: &str, style: &str, points: &[[f64; 2]], gal: Option<&Weights>) -> Weights {
    let binary = if words.starts_with('4') {
        nearest(points, 4)
    } else if let Some((_, radius)) = words.split_once("(0,") {
        within(points, radius.split(']').next().unwrap().parse().unwrap())
    } else if let Some(order) = words.find("-order") {
        let order = words[..order].trim_end_matches(char::is_alphabetic).parse().unwrap();
        steps_away(gal.unwrap(), order)
    } else {
        gal.unwrap().clone()
    };
    match style {
        "B" => binary,
        "W" => binary.row_standardised(),
        // Variance-stabilising (Tiefelsdorf, Griffith and Boots 1999), up to a factor that no figure here depends on.
        "S" => {
            let row = |i: usize| -> Vec<(u32, f64)> {
                let k = binary.neighbours(i).len() as f64;
                binary.neighbours(i).iter().map(|&j| (j, 1.0 / k.sqrt())).collect()
            };
            Weights::from_weighted(&(0..binary.len()).map(row).collect::<Vec<_>>()).unwrap()
        }
        other => panic!("{other}"),
    }
}

/// Whether `found` rounds to the digits printed; figures printed with all their digits agree to 1e-12.
fn agrees(printed: &str, found: f64) -> bool {
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let value: f64 = printed.parse().unwrap();
    let unit = 10f64.powi(exponent.parse::<i32>().unwrap() - i32::try_from(decimals).unwrap());
    (found - value).abs() <= f64::max(0.501 * unit, 1e-12 * value.abs())
}

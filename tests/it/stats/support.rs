//! Reference data, and neighbours by brute force.

use landuse::stats::Weights;

use crate::support::data_text;

/// Text of a file among the reference sets; `None`, said plainly, where the data are absent.
pub(super) fn reference(path: &str) -> Option<String> {
    data_text(&format!("spatial-stats/{path}"))
}

/// A column of plain CSV.
pub(super) fn csv_text(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines();
    let column = lines.next().unwrap().split(',').position(|n| n == name).unwrap();
    lines.map(|line| line.split(',').nth(column).unwrap().to_owned()).collect()
}

/// A column of numbers of plain CSV.
pub(super) fn csv(text: &str, name: &str) -> Vec<f64> {
    csv_text(text, name).iter().map(|number| number.parse().unwrap()).collect()
}

/// A numeric property of GeoJSON features.
pub(super) fn property(text: &str, name: &str) -> Vec<f64> {
    let collection: serde_json::Value = serde_json::from_str(text).unwrap();
    let features = collection["features"].as_array().unwrap();
    features.iter().map(|feature| feature["properties"][name].as_f64().unwrap()).collect()
}

/// Those at a distance up to `radius`.
pub(super) fn within(points: &[[f64; 2]], radius: f64) -> Weights {
    rows(points, |distances| distances.retain(|(distance, _)| *distance <= radius))
}

/// The `k` nearest.
pub(super) fn nearest(points: &[[f64; 2]], k: usize) -> Weights {
    rows(points, |distances| {
        distances.sort_by(|a, b| a.0.total_cmp(&b.0));
        distances.truncate(k);
    })
}

fn rows(points: &[[f64; 2]], choose: impl Fn(&mut Vec<(f64, u32)>)) -> Weights {
    let row = |i: usize| -> Vec<u32> {
        let distance = |j: usize| (points[i][0] - points[j][0]).hypot(points[i][1] - points[j][1]);
        let mut distances: Vec<(f64, u32)> =
            (0..points.len()).filter(|&j| j != i).map(|j| (distance(j), j as u32)).collect();
        choose(&mut distances);
        distances.into_iter().map(|(_, j)| j).collect()
    };
    Weights::from_neighbours(&(0..points.len()).map(row).collect::<Vec<_>>()).unwrap()
}

/// Those exactly `order` steps away.
pub(super) fn steps_away(weights: &Weights, order: usize) -> Weights {
    let row = |i: usize| {
        let mut seen = vec![i as u32];
        let mut shell = vec![i as u32];
        for _ in 0..order {
            let mut next: Vec<u32> =
                shell.iter().flat_map(|&j| weights.neighbours(j as usize)).copied().collect();
            next.sort_unstable();
            next.dedup();
            next.retain(|j| !seen.contains(j));
            seen.extend(&next);
            shell = next;
        }
        shell
    };
    Weights::from_neighbours(&(0..weights.len()).map(row).collect::<Vec<_>>()).unwrap()
}

#[track_caller]
pub(super) fn near(found: f64, expected: f64, relative: f64) {
    let bound = relative * expected.abs().max(1.0);
    assert!((found - expected).abs() <= bound, "{found:e} is not {expected:e} within {bound:e}");
}

use crate::control::Exclusion;
use crate::error::ParamError;
use crate::geometry::{MultiPolygonArray, boolean};

/// Bands of distance from the lines that exclude construction: inside them, then from each edge to the next, then beyond the
/// last. Pressure gathers at the edge of protected land, and this is where it shows.
///
/// To be used as study units ([`StudyUnits::Bands`](super::StudyUnits::Bands)).
#[derive(Debug)]
pub struct Bands {
    edges_m: Vec<f64>,
    /// Land up to each edge, the lines' own included.
    reaches: Vec<Exclusion>,
}

/// Most bands between the lines and the last edge.
pub const MOST_BANDS: usize = 20;

impl Bands {
    /// Bands around `excluded`, disjoint polygons as [`Exclusion::dissolved`] gives.
    ///
    /// # Arguments
    /// * `edges_m`: distances where bands end, m, ascending; a leading 0 says nothing and may stand there.
    ///
    /// # Errors
    /// [`ParamError`] for no edge, more than [`MOST_BANDS`], or edges that do not ascend from above 0.
    ///
    /// # Complexity
    /// One [`buffer`](boolean::buffer) around the lines and one [more](boolean::buffer_again) around each band: the borders have
    /// fewer positions from band to band, and lie up to 0.2 % of their distance from the true ones.
    pub fn new(excluded: &MultiPolygonArray, edges_m: &[f64]) -> Result<Self, ParamError> {
        let edges = edges_m.strip_prefix(&[0.0]).unwrap_or(edges_m);
        let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
        let first = edges.first().copied().unwrap_or(0.0);
        if !ascending
            || first.is_nan()
            || first <= 0.0
            || edges.len() > MOST_BANDS
            || !edges.iter().all(|e| e.is_finite())
        {
            let given: Vec<String> = edges_m.iter().map(ToString::to_string).collect();
            let expected = format!("1 to {MOST_BANDS} distances in m that ascend from above 0");
            return Err(ParamError::new("bands", given.join(","), &expected));
        }
        let mut reaches: Vec<Exclusion> = Vec::new();
        let mut from = 0.0;
        for &edge in edges {
            let grown = match reaches.last() {
                None => boolean::buffer(excluded, edge),
                Some(inner) => boolean::buffer_again(inner.dissolved(), edge - from),
            }?;
            // Growing rounds to its grid: what was inside stays inside.
            reaches.push(Exclusion::new(grown));
            from = edge;
        }
        Ok(Self { edges_m: edges.to_vec(), reaches })
    }

    /// Distances where bands end, m.
    pub fn edges_m(&self) -> &[f64] {
        &self.edges_m
    }

    /// What the bands are called, from the inside out: `inside`, `0-100 m`, …, `over 1000 m`.
    pub fn names(&self) -> Vec<Box<str>> {
        let mut names: Vec<Box<str>> = vec!["inside".into()];
        let mut from = 0.0;
        for &edge in &self.edges_m {
            names.push(format!("{from}-{edge} m").into());
            from = edge;
        }
        names.push(format!("over {from} m").into());
        names
    }

    /// Land up to each edge.
    pub(super) fn reaches(&self) -> &[Exclusion] {
        &self.reaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_must_ascend() {
        let none = MultiPolygonArray::new();
        for edges in [&[][..], &[0.0], &[-1.0], &[100.0, 100.0], &[100.0, f64::NAN], &[f64::INFINITY]] {
            assert_eq!(Bands::new(&none, edges).unwrap_err().name(), "bands", "{edges:?}");
        }
        let bands = Bands::new(&none, &[0.0, 100.0, 500.0]).unwrap();
        assert_eq!(bands.names().join("|"), "inside|0-100 m|100-500 m|over 500 m");
    }

    #[test]
    fn borders_do_not_grow_in_positions_from_band_to_band() {
        let mut square = MultiPolygonArray::new();
        square.push_ring([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0], [0.0, 0.0]]);
        square.end_polygon();
        square.end_geometry();
        let edges: Vec<f64> = (1..=20).map(|i| f64::from(i) * 50.0).collect();
        let bands = Bands::new(&square, &edges).unwrap();
        let positions = |reach: &Exclusion| reach.dissolved().coords().len();
        let first = positions(&bands.reaches()[0]);
        for (reach, edge) in bands.reaches().iter().zip(edges) {
            assert!(
                positions(reach) <= first,
                "{} positions at {edge} m, {first} at first",
                positions(reach)
            );
            let arcs = std::f64::consts::PI * edge * edge;
            let expected = 1e4 + 400.0 * edge + arcs;
            let area = reach.dissolved().get(0).signed_area();
            assert!((area - expected).abs() < 4e-3 * arcs, "{area} at {edge} m, expected {expected}");
        }
    }
}

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, StringArray, UInt32Array};
use landuse::control::ControlLines;
use landuse::parcel::Column;
use landuse::stats::{
    Alternative, LocalOptions, Observations, Reference, Weights, join_counts as joins, local_join_counts,
};
use landuse::{Error, ParamError};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;

use crate::errors::to_py;
use crate::neighbours::{positions, table};
use crate::work::{How, run};

/// Local Moran, Gi and Gi* of values, null where unknown, by weights in compressed rows.
#[pyfunction]
#[pyo3(signature = (values, offsets, neighbors, weights=None, row_standardised=true, permutations=9999, seed=0, alternative="two-sided", alpha=0.05, threads=None, progress=None))]
#[expect(clippy::too_many_arguments, reason = "each is an argument of the package")]
pub(crate) fn local_statistics<'py>(
    py: Python<'py>,
    values: PyArray,
    offsets: PyArray,
    neighbors: PyArray,
    weights: Option<PyArray>,
    row_standardised: bool,
    permutations: u32,
    seed: u64,
    alternative: &str,
    alpha: f64,
    threads: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, Option<String>, Option<f64>)> {
    let values = known_numbers(py, "values", &values)?;
    let weights = rows(py, &offsets, &neighbors, weights.as_ref(), row_standardised)?;
    let alternative = match alternative {
        "two-sided" => Alternative::TwoSided,
        "greater" => Alternative::Greater,
        "less" | "lesser" => Alternative::Less,
        other => {
            let expected = "`two-sided`, `greater` or `lesser`";
            return Err(to_py(py, &ParamError::new("alternative", other, expected).into()));
        }
    };
    let options = LocalOptions::default()
        .with_permutations(permutations)
        .with_seed(seed)
        .with_alternative(alternative)
        .with_alpha(alpha);
    let local = run(py, How::new(threads, progress), move |watched| {
        let _ = watched.tell("stats", 0.0);
        Ok(Observations::new(values, &weights)?.local(&options)?)
    })?;
    let undefined = local.undefined.map(|reason| reason.to_string());
    let global = local.local_moran.global_i;
    let quadrant: ArrayRef =
        Arc::new(local.quadrant.iter().map(|q| q.map(|q| q.name())).collect::<StringArray>());
    let flag = |flags: &[bool]| -> ArrayRef { Arc::new(BooleanArray::from(flags.to_vec())) };
    let columns = [
        ("moran", column(&local.moran)),
        ("quadrant", quadrant),
        ("moran_p", column(&local.moran_p)),
        ("moran_q", column(&local.moran_fdr.q)),
        ("moran_fdr", flag(&local.moran_fdr.discovery)),
        ("gi_z", column(&local.gi_z)),
        ("gi_star_z", column(&local.gi_star_z)),
        ("g_p", column(&local.g_p)),
        ("g_q", column(&local.g_fdr.q)),
        ("g_fdr", flag(&local.g_fdr.discovery)),
    ];
    Ok((table(py, columns)?, undefined, global))
}

/// Joins of marks: BB, BW and WW, each with expectation, variance and z by randomisation, and the local counts with exact p.
#[pyfunction]
#[pyo3(signature = (marks, offsets, neighbors, threads=None))]
#[expect(clippy::type_complexity, reason = "a tuple of Python")]
pub(crate) fn join_counts<'py>(
    py: Python<'py>,
    marks: PyArray,
    offsets: PyArray,
    neighbors: PyArray,
    threads: Option<i64>,
) -> PyResult<(Vec<(f64, Option<(f64, f64, f64, f64, f64)>)>, Bound<'py, PyAny>)> {
    let array = marks.array();
    let marks: Vec<Option<bool>> = match array.as_any().downcast_ref::<BooleanArray>() {
        Some(flags) => flags.iter().collect(),
        None => {
            return Err(to_py(py, &ParamError::new("values", array.data_type(), "true and false").into()));
        }
    };
    let weights = rows(py, &offsets, &neighbors, None, false)?;
    let (found, local) = run(py, How::new(threads, None), move |_| {
        let fault = |reason: landuse::stats::Undefined| -> Error {
            ParamError::new("values", reason, "marks whose joins can be counted").into()
        };
        let found = joins(marks.iter().copied(), &weights).map_err(fault)?;
        let local = local_join_counts(marks, &weights).map_err(fault)?;
        Ok((found, local))
    })?;
    let told = |reference: Option<Reference>| {
        reference.map(|r| (r.expectation, r.variance, r.z, r.p_greater(), r.p_two_sided()))
    };
    let all = vec![
        (found.black_black, told(found.black_black_reference)),
        (found.black_white, told(found.black_white_reference)),
        (found.white_white, told(found.white_white_reference)),
    ];
    let count: ArrayRef = Arc::new(local.count.iter().collect::<UInt32Array>());
    Ok((all, table(py, [("count", count), ("p", column(&local.p))])?))
}

fn column(values: &Column<f64>) -> ArrayRef {
    Arc::new(values.iter().collect::<Float64Array>())
}

/// Weights in compressed rows.
fn rows(
    py: Python<'_>,
    offsets: &PyArray,
    neighbors: &PyArray,
    weights: Option<&PyArray>,
    row_standardised: bool,
) -> PyResult<Weights> {
    let offsets = positions(py, "offsets", offsets)?;
    let neighbors = positions(py, "neighbors", neighbors)?;
    let faulty =
        |reason: &str| to_py(py, &ParamError::new("graph", reason, "weights in compressed rows").into());
    let ends = offsets.windows(2).map(|ends| ends[0] as usize..ends[1] as usize);
    let general = weights.map(|weights| numbers(py, "weights", weights)).transpose()?;
    if general.as_ref().is_some_and(|general| general.len() != neighbors.len()) {
        return Err(faulty("weights and neighbours differ in number"));
    }
    let made = match general {
        Some(general) => {
            let links: Vec<(u32, f64)> = neighbors.into_iter().zip(general).collect();
            let rows: Option<Vec<&[(u32, f64)]>> = ends.map(|range| links.get(range)).collect();
            Weights::from_weighted(&rows.ok_or_else(|| faulty("rows reach beyond the neighbours"))?)
        }
        None => {
            let rows: Option<Vec<&[u32]>> = ends.map(|range| neighbors.get(range)).collect();
            Weights::from_neighbours(&rows.ok_or_else(|| faulty("rows reach beyond the neighbours"))?)
        }
    };
    let made = made.map_err(|error| to_py(py, &error))?;
    Ok(if row_standardised { made.row_standardised() } else { made })
}

/// Numbers of which all are known.
pub(crate) fn numbers(py: Python<'_>, name: &str, array: &PyArray) -> PyResult<Vec<f64>> {
    known_numbers(py, name, array)?
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| to_py(py, &ParamError::new(name, "null", "numbers of which all are known").into()))
}

fn known_numbers(py: Python<'_>, name: &str, array: &PyArray) -> PyResult<Vec<Option<f64>>> {
    let array = array.array();
    let numbers = array.as_any().downcast_ref::<Float64Array>();
    numbers
        .map(|numbers| numbers.iter().collect())
        .ok_or_else(|| to_py(py, &ParamError::new(name, array.data_type(), "doubles").into()))
}

/// What lines are called.
pub(crate) fn texts_of_lines(lines: &ControlLines) -> Vec<String> {
    lines.iter().map(|line| line.id().into_owned()).collect()
}

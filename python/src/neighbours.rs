use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use landuse::adjacency::{Adjacency, Contact, Graph, Link, Rule, within_gap_among};
use landuse::cluster::{Dbscan, IslandPolicy, RegionInput, RegionOptions, Regions};
use landuse::control::Overlay;
use landuse::{Error, ParamError, ParcelIdx, ParcelSet};
use pyo3::prelude::*;
use pyo3_arrow::{PyArray, PyTable};

use crate::errors::to_py;
use crate::inputs::Inputs;
use crate::statistics::{numbers, texts_of_lines};
use crate::work::{How, run};

/// Features in a plane, one by one: what single stages look at.
#[pyclass(frozen, module = "landuse._landuse")]
pub(crate) struct Parcels {
    inputs: landuse::Inputs,
    set: Arc<ParcelSet>,
}

#[pymethods]
impl Parcels {
    #[new]
    fn new(inputs: &Bound<'_, Inputs>) -> Self {
        let inputs = inputs.get().0.clone();
        let set = Arc::clone(inputs.parcels());
        Self { inputs, set }
    }

    /// Row and area in the plane, m², of each feature that can be used.
    fn areas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rows: ArrayRef = Arc::new(UInt32Array::from(self.set.source_row().to_vec()));
        let areas: ArrayRef = Arc::new(Float64Array::from(self.set.area_m2().to_vec()));
        table(py, [("row", rows), ("area_m2", areas)])
    }

    /// Neighbours by a rule: each pair once, with the reason.
    #[pyo3(signature = (rule, threads=None))]
    fn adjacency<'py>(
        &self,
        py: Python<'py>,
        rule: &str,
        threads: Option<i64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let rule: Rule = rule.parse().map_err(|error: ParamError| to_py(py, &error.into()))?;
        let inputs = self.inputs.clone();
        let links = run(py, How::new(threads, None), move |_| {
            let set = inputs.parcels();
            let mut graph = Adjacency::new(rule)?.graph(set)?;
            if let Some(barriers) = inputs.barriers() {
                graph = barriers.apply(set, &graph).graph;
            }
            let row = |idx: ParcelIdx| set.source_row()[idx.index()];
            let column = |of: &dyn Fn(&Link) -> f64| -> ArrayRef {
                Arc::new(graph.links().iter().map(of).collect::<Float64Array>())
            };
            let rows = |of: &dyn Fn(&Link) -> ParcelIdx| -> ArrayRef {
                Arc::new(graph.links().iter().map(|link| row(of(link))).collect::<UInt32Array>())
            };
            let contact: ArrayRef =
                Arc::new(graph.links().iter().map(|link| Some(name(link.contact))).collect::<StringArray>());
            Ok([
                ("focal", rows(&|link| link.a)),
                ("neighbor", rows(&|link| link.b)),
                ("contact", contact),
                ("gap_m", column(&|link| link.gap_m)),
                ("shared_m", column(&|link| link.shared_m)),
            ])
        })?;
        table(py, links)
    }

    /// What each control line takes of each feature, and the row of each feature's share in the union of those that exclude.
    #[pyo3(signature = (threads=None))]
    fn overlap<'py>(
        &self,
        py: Python<'py>,
        threads: Option<i64>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let inputs = self.inputs.clone();
        let (pairs, union) = run(py, How::new(threads, None), move |_| {
            let set = inputs.parcels();
            let Some(lines) = inputs.control_lines() else {
                return Err(
                    ParamError::new("control_lines", "none near the parcels", "a layer of lines").into()
                );
            };
            let overlay = Overlay::new(set, lines)?;
            let found = &overlay.overlaps;
            let row = |idx: ParcelIdx| set.source_row()[idx.index()];
            let ids = texts_of_lines(lines);
            let pairs: [(&str, ArrayRef); 4] = [
                ("row", Arc::new(found.iter().map(|o| row(o.parcel)).collect::<UInt32Array>())),
                (
                    "line",
                    Arc::new(found.iter().map(|o| Some(&*ids[o.line as usize])).collect::<StringArray>()),
                ),
                ("overlap_m2", Arc::new(found.iter().map(|o| o.area_m2).collect::<Float64Array>())),
                (
                    "relation",
                    Arc::new(found.iter().map(|o| Some(o.relation.name())).collect::<StringArray>()),
                ),
            ];
            let union: [(&str, ArrayRef); 3] = [
                ("row", Arc::new(UInt32Array::from(set.source_row().to_vec()))),
                ("excluded_m2", Arc::new(Float64Array::from(overlay.excluded_m2.clone()))),
                (
                    "relation",
                    Arc::new(overlay.relation.iter().map(|r| Some(r.name())).collect::<StringArray>()),
                ),
            ];
            Ok((pairs, union))
        })?;
        Ok((table(py, pairs)?, table(py, union)?))
    }
}

/// Density clusters by the gaps between polygons: row, label (from 0, null for noise) and whether it is a core, of each feature.
#[pyfunction]
#[pyo3(signature = (parcels, eps_m, min_weight, weights=None, takes_part=None, threads=None))]
pub(crate) fn gap_dbscan<'py>(
    py: Python<'py>,
    parcels: &Bound<'py, Parcels>,
    eps_m: f64,
    min_weight: f64,
    weights: Option<PyArray>,
    takes_part: Option<PyArray>,
    threads: Option<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let set = Arc::clone(&parcels.get().set);
    let weights = weights.map(|weights| by_row(&set, numbers(py, "weights", &weights)?)).transpose();
    let weights = weights.map_err(|error: PyErr| error)?.unwrap_or_else(|| set.area_m2().to_vec());
    let takes_part = match takes_part {
        Some(array) => by_row(&set, flags(py, "takes_part", &array)?)?,
        None => vec![true; set.len()],
    };
    let columns = run(py, How::new(threads, None), move |_| {
        let graph = within_gap_among(&set, &takes_part, eps_m)?;
        let found = Dbscan::find(&graph, &takes_part, &weights, eps_m, min_weight)?;
        let columns: [(&str, ArrayRef); 3] = [
            ("row", Arc::new(UInt32Array::from(set.source_row().to_vec()))),
            ("label", Arc::new(UInt32Array::from(found.labels))),
            ("core", Arc::new(BooleanArray::from(found.core))),
        ];
        Ok(columns)
    })?;
    table(py, columns)
}

/// As many contiguous regions as possible, each of a least weight: the label of each observation (from 0, null for none).
#[pyfunction]
#[pyo3(signature = (focal, neighbor, weights, min_weight, max_weight=None, values=None, islands="drop", starts=8, passes=20, seed=0, threads=None, progress=None))]
#[expect(clippy::too_many_arguments, reason = "each is an argument of the package")]
pub(crate) fn max_p<'py>(
    py: Python<'py>,
    focal: PyArray,
    neighbor: PyArray,
    weights: PyArray,
    min_weight: f64,
    max_weight: Option<f64>,
    values: Option<PyArray>,
    islands: &str,
    starts: usize,
    passes: usize,
    seed: u64,
    threads: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyAny>, Option<f64>)> {
    let weights = numbers(py, "weights", &weights)?;
    let values = values.map(|values| numbers(py, "values", &values)).transpose()?;
    let graph = graph(py, weights.len(), &focal, &neighbor)?;
    let mut options = RegionOptions::default();
    options.min_weight = min_weight;
    options.max_weight = max_weight;
    options.starts = starts;
    options.passes = passes;
    options.seed = seed;
    options.islands = match islands {
        "drop" => IslandPolicy::Drop,
        "single" => IslandPolicy::Single,
        other => {
            return Err(to_py(py, &ParamError::new("islands", other, "`drop` or `single`").into()));
        }
    };
    let found = run(py, How::new(threads, progress), move |watched| {
        let all = vec![true; weights.len()];
        let mut input = RegionInput::new(&graph, &all, &weights);
        input.values = values.as_deref();
        let tell = |done: usize, all: usize| {
            let _ = watched.tell("max_p", done as f64 / all.max(1) as f64);
        };
        Ok(Regions::find(&input, &options, tell)?)
    })?;
    let labels: ArrayRef = Arc::new(UInt32Array::from(found.labels));
    Ok((table(py, [("label", labels)])?, found.heterogeneity))
}

/// The links of pairs of observations, each once.
fn graph(py: Python<'_>, len: usize, focal: &PyArray, neighbor: &PyArray) -> PyResult<Graph> {
    let [a, b] = [(focal, "focal"), (neighbor, "neighbor")].map(|(array, name)| positions(py, name, array));
    let (a, b) = (a?, b?);
    let mut links = Vec::with_capacity(a.len());
    for (row, (&a, &b)) in a.iter().zip(&b).enumerate() {
        if a.max(b) as usize >= len {
            let fault = format!("is not below {len}, the number of observations").into();
            return Err(to_py(py, &Error::Link { row, neighbour: a.max(b), fault }));
        }
        if a < b {
            let (a, b) = (ParcelIdx(a), ParcelIdx(b));
            links.push(Link { a, b, contact: Contact::Edge, gap_m: 0.0, shared_m: 0.0 });
        }
    }
    Ok(Graph::new(len, links))
}

pub(crate) fn positions(py: Python<'_>, name: &str, array: &PyArray) -> PyResult<Vec<u32>> {
    let array = array.array();
    let positions = array.as_any().downcast_ref::<UInt32Array>().filter(|array| array.null_count() == 0);
    positions.map(|array| array.values().to_vec()).ok_or_else(|| {
        to_py(py, &ParamError::new(name, array.data_type(), "whole numbers of 32 bits").into())
    })
}

fn flags(py: Python<'_>, name: &str, array: &PyArray) -> PyResult<Vec<bool>> {
    let array = array.array();
    let flags = array.as_any().downcast_ref::<BooleanArray>().filter(|array| array.null_count() == 0);
    flags
        .map(|array| array.values().iter().collect())
        .ok_or_else(|| to_py(py, &ParamError::new(name, array.data_type(), "true and false").into()))
}

/// Values of the rows of a frame, for the features that can be used in their order.
fn by_row<T: Copy>(set: &ParcelSet, values: Vec<T>) -> PyResult<Vec<T>> {
    let of = |&row: &u32| values.get(row as usize).copied();
    set.source_row().iter().map(of).collect::<Option<_>>().ok_or_else(|| {
        pyo3::exceptions::PyValueError::new_err(format!("{} values, expected one for each row", values.len()))
    })
}

const fn name(contact: Contact) -> &'static str {
    match contact {
        Contact::Overlap => "overlap",
        Contact::Edge => "edge",
        Contact::Corner => "corner",
        _ => "gap",
    }
}

/// Columns as a table of pyarrow.
pub(crate) fn table<'py, const N: usize>(
    py: Python<'py>,
    columns: [(&str, ArrayRef); N],
) -> PyResult<Bound<'py, PyAny>> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .map_err(|error| to_py(py, &error.into()))?;
    let schema = batch.schema();
    PyTable::try_new(vec![batch], schema)?.into_pyarrow(py)
}

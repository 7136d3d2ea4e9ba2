use std::path::PathBuf;

use landuse::analysis::LayerSource;
use landuse::crs::SourceCrs;
use landuse::io::schema::Schema;
use landuse::io::{ArrowFeatures, Source};
use pyo3::prelude::*;
use pyo3_arrow::PyTable;

use crate::errors::{param, to_py};
use crate::options::Options;
use crate::work::{How, run};

/// A layer or table before it is read.
#[pyclass(frozen, module = "landuse._landuse")]
#[derive(Clone)]
pub(crate) struct Layer {
    source: LayerSource,
    /// What record batches state of their system.
    crs: Option<String>,
}

#[pymethods]
impl Layer {
    /// A file, and the layer in it that is meant.
    #[staticmethod]
    #[pyo3(signature = (path, layer=None))]
    fn path(path: PathBuf, layer: Option<&str>) -> Self {
        Self { source: Source::file(path).layer(layer).into(), crs: None }
    }

    /// A text in memory.
    #[staticmethod]
    fn text(name: &str, text: &str) -> Self {
        Self { source: Source::bytes(name, text.as_bytes()).into(), crs: None }
    }

    /// Record batches of anything with `__arrow_c_stream__`; `crs` is the system that the caller knows.
    #[staticmethod]
    #[pyo3(signature = (table, name, geometry=None, crs=None))]
    fn arrow(
        py: Python<'_>,
        table: PyTable,
        name: &str,
        geometry: Option<&str>,
        crs: Option<&str>,
    ) -> PyResult<Self> {
        let crs = crs.map(str::parse::<SourceCrs>).transpose().map_err(|error| to_py(py, &error.into()))?;
        let (batches, schema) = table.into_inner();
        let features = match geometry {
            Some(column) => ArrowFeatures::with_geometry_column(name, schema, batches, column),
            None => ArrowFeatures::new(name, schema, batches),
        };
        let mut features = features.map_err(|error| to_py(py, &error))?;
        if let Some(crs) = &crs {
            features = features.in_crs(crs);
        }
        let crs = features.crs().map(str::to_owned);
        Ok(Self { source: features.into(), crs })
    }

    /// What record batches state of their system.
    #[getter]
    fn crs(&self) -> Option<&str> {
        self.crs.as_deref()
    }
}

/// Whether a coordinate system is understood.
#[pyfunction]
pub(crate) fn understands_crs(text: &str) -> bool {
    text.parse::<SourceCrs>().is_ok()
}

/// Every layer in one plane.
#[pyclass(frozen, module = "landuse._landuse")]
pub(crate) struct Inputs(pub(crate) landuse::Inputs);

#[pymethods]
impl Inputs {
    /// What was noticed while reading: kind, subject, figure and sentence of each.
    fn warnings(&self) -> Vec<(&'static str, String, Option<f64>, String)> {
        self.0.warnings().iter().map(told).collect()
    }

    /// Features of the parcels that cannot be used: row, id and reason of each.
    fn rejected(&self) -> Vec<(u32, Option<String>, String)> {
        let rejected = self.0.parcels().rejected().iter();
        rejected.map(|r| (r.at.row, r.at.id.as_deref().map(Into::into), r.reason.to_string())).collect()
    }

    /// How many parcels there are.
    fn __len__(&self) -> usize {
        self.0.parcels().len()
    }
}

/// A warning as Python takes it.
pub(crate) fn told(warning: &landuse::Warning) -> (&'static str, String, Option<f64>, String) {
    (warning.kind().name(), warning.subject().to_owned(), warning.figure(), warning.to_string())
}

/// Reads the parcels, and the layers beside them by their roles.
#[pyfunction]
#[pyo3(signature = (parcels, options, layers, schema=None, profile=None, threads=None, progress=None))]
#[expect(clippy::too_many_arguments, reason = "each is an argument of the package")]
pub(crate) fn load(
    py: Python<'_>,
    parcels: &Bound<'_, Layer>,
    options: &Bound<'_, Options>,
    layers: Vec<(String, Bound<'_, Layer>)>,
    schema: Option<&str>,
    profile: Option<&str>,
    threads: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Inputs> {
    let to_py = |error| to_py(py, &error);
    let mut builder =
        landuse::Inputs::open(parcels.get().source.clone()).options(&options.get().0).map_err(to_py)?;
    for (role, layer) in layers {
        let source = layer.get().source.clone();
        builder = match role.as_str() {
            "control_lines" => builder.control_lines(source),
            "districts" => builder.districts(source),
            "unsuitable" => builder.unsuitable(source),
            "barriers" => builder.barriers(source),
            "lanes" => builder.lanes(source),
            "buildings" => builder.buildings(source),
            "firms" => builder.firms(source),
            "field_checks" => builder.field_checks(landuse::analysis::CheckSource::Table(source)),
            _ => return Err(param(py, "role", role, "a layer beside the parcels")),
        };
    }
    if let Some(text) = schema {
        let (schema, schemes) = Schema::from_toml(text, "schema").map_err(to_py)?;
        builder = builder.schema(schema).schemes(schemes);
    }
    if let Some(name) = profile {
        builder = builder.profile(name);
    }
    run(py, How::new(threads, progress), move |watched| {
        let _ = watched.tell("read", 0.0);
        builder.load().map(Inputs)
    })
}

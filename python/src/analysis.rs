use std::sync::Arc;

use landuse::Language;
use landuse::report::{self, OutputLayer, PageInput, Summary};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3_arrow::PyTable;

use crate::errors::param;
use crate::inputs::{Inputs, told};
use crate::options::Options;
use crate::work::{self, How};

/// Every result.
#[pyclass(frozen, module = "landuse._landuse")]
pub(crate) struct Analysis(Arc<landuse::Analysis>);

/// Runs all stages, taking over from an earlier analysis what is the same.
#[pyfunction]
#[pyo3(signature = (inputs, options, after=None, threads=None, progress=None))]
pub(crate) fn run(
    py: Python<'_>,
    inputs: &Bound<'_, Inputs>,
    options: &Bound<'_, Options>,
    after: Option<&Bound<'_, Analysis>>,
    threads: Option<i64>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Analysis> {
    let (inputs, options) = (inputs.get().0.clone(), options.get().0.clone());
    let earlier = after.map(|after| Arc::clone(&after.get().0));
    work::run(py, How::new(threads, progress), move |watched| {
        let mut run = landuse::Analysis::new(&inputs, options).observe(|progress| watched.observe(progress));
        if let Some(earlier) = &earlier {
            run = run.after(earlier);
        }
        run.run().map(|found| Analysis(Arc::new(found)))
    })
}

impl Analysis {
    fn quietly<T: Send + 'static>(
        &self,
        py: Python<'_>,
        threads: Option<i64>,
        work: impl FnOnce(&landuse::Analysis) -> Result<T, landuse::Error> + Send + 'static,
    ) -> PyResult<T> {
        let found = Arc::clone(&self.0);
        work::run(py, How::new(threads, None), move |_| work(&found))
    }
}

fn spoken(py: Python<'_>, language: &str) -> PyResult<Language> {
    match language {
        "en" => Ok(Language::English),
        "zh" => Ok(Language::Chinese),
        other => Err(param(py, "language", other, "en or zh")),
    }
}

#[pymethods]
impl Analysis {
    /// `summary.json`.
    fn summary_json(&self) -> String {
        Summary::of(&self.0).to_json()
    }

    /// The summary in words.
    fn text(&self, py: Python<'_>, language: &str) -> PyResult<String> {
        Ok(report::text(&self.0, &Summary::of(&self.0), spoken(py, language)?))
    }

    /// A layer as a table of Arrow, with or without its geometries; none where the analysis was not asked for it.
    #[pyo3(signature = (name, geometry, threads=None))]
    fn layer<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        geometry: bool,
        threads: Option<i64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let which = match name {
            "parcels" => OutputLayer::Parcels,
            "sites" => OutputLayer::Sites,
            "districts" => OutputLayer::Districts,
            "lines" => OutputLayer::ControlLines,
            "inside_lines" => OutputLayer::InsideLines,
            "encroachments" => OutputLayer::Encroachments,
            "ledger" => OutputLayer::Intensity,
            "gradient" => OutputLayer::Gradient,
            "withdrawals" => OutputLayer::Withdrawals,
            _ => return Err(param(py, "layer", name, "a layer of an analysis")),
        };
        let batches = self.quietly(py, threads, move |found| {
            let layer = found.layer(which);
            if !layer.is_available() {
                return Ok(None);
            }
            let layer = if geometry { layer } else { layer.without_geometry() };
            layer.to_arrow().map(Some)
        })?;
        let Some(batches) = batches else { return Ok(None) };
        let Some(first) = batches.first() else { return Ok(None) };
        let schema = first.schema();
        PyTable::try_new(batches, schema)?.into_pyarrow(py).map(Some)
    }

    /// The map as PNG, with what could not be shown.
    #[pyo3(signature = (title, threads=None))]
    fn map<'py>(
        &self,
        py: Python<'py>,
        title: String,
        threads: Option<i64>,
    ) -> PyResult<(Bound<'py, PyBytes>, Vec<String>)> {
        let (png, notes) = self.quietly(py, threads, move |found| {
            let seed = found.options().seed;
            let drawn = format!("Drawn by landuse {}; seed {seed}.", env!("CARGO_PKG_VERSION"));
            let picture = report::picture(found, &report::Frame::new(title).note(drawn))?;
            Ok((picture.encode_png()?, picture.notes().to_vec()))
        })?;
        Ok((PyBytes::new(py, &png), notes))
    }

    /// The page to hand in, as HTML.
    #[pyo3(signature = (language, threads=None))]
    fn report(&self, py: Python<'_>, language: &str, threads: Option<i64>) -> PyResult<String> {
        let language = spoken(py, language)?;
        self.quietly(py, threads, move |found| Ok(report::page(&PageInput::of(found)?, language)))
    }

    /// What a reader should know beside what was noticed while reading: kind, subject, figure and sentence of each.
    fn warnings(&self) -> Vec<(&'static str, String, Option<f64>, String)> {
        let noticed = self.0.inputs().warnings().len();
        self.0.warnings().iter().skip(noticed).map(told).collect()
    }

    /// What was asked, with the plane that was taken.
    #[getter]
    fn options(&self) -> Options {
        Options(self.0.options().clone())
    }
}

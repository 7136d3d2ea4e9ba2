use landuse::analysis::InputOptions;
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::errors::to_py;

/// Everything an analysis can be asked, checked.
#[pyclass(frozen, eq, module = "landuse._landuse")]
#[derive(PartialEq)]
pub(crate) struct Options(pub(crate) landuse::Options);

impl Options {
    fn input(&self) -> &InputOptions {
        &self.0.input
    }
}

#[pymethods]
impl Options {
    /// From JSON in the form that a manifest has.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        let options: Value = serde_json::from_str(text).unwrap_or_default();
        Self::from_toml(py, &json!({ "options": options }).to_string(), "options")
    }

    /// From the text of a file: TOML, or the JSON of a manifest.
    #[staticmethod]
    fn from_toml(py: Python<'_>, text: &str, file: &str) -> PyResult<Self> {
        landuse::Options::from_toml(text, file).map(Self).map_err(|error| to_py(py, &error))
    }

    /// As a file that `from_toml` reads back.
    fn to_toml(&self) -> String {
        self.0.to_toml()
    }

    /// Every option by its name in files.
    fn to_json(&self) -> String {
        json!(self.0).to_string()
    }

    /// The system that is declared for all layers.
    #[getter]
    fn source_crs(&self) -> Option<String> {
        self.input().source_crs.as_ref().map(ToString::to_string)
    }

    /// Whether inputs that were read with `other` serve for these: the same way to read, and no column more.
    fn reads_as(&self, py: Python<'_>, other: &Self) -> PyResult<bool> {
        let columns = |options: &Self| options.0.columns().map_err(|error| to_py(py, &error));
        let (own, known) = (columns(self)?, columns(other)?);
        Ok(self.input() == other.input() && own.iter().all(|column| known.contains(column)))
    }
}

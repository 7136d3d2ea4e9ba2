//! The library as the extension module of the Python package `landuse`: data come in and leave as Arrow, work runs on threads of its own.

mod analysis;
mod errors;
mod inputs;
mod neighbours;
mod options;
mod statistics;
mod work;

use pyo3::prelude::*;

/// The module `landuse._landuse`.
#[pymodule]
mod _landuse {
    #[pymodule_export]
    use crate::analysis::{Analysis, run};
    #[pymodule_export]
    use crate::inputs::{Inputs, Layer, load, understands_crs};
    #[pymodule_export]
    use crate::neighbours::{Parcels, gap_dbscan, max_p};
    #[pymodule_export]
    use crate::options::Options;
    #[pymodule_export]
    use crate::statistics::{join_counts, local_statistics};

    #[pymodule_init]
    fn init(module: &super::Bound<'_, super::PyModule>) -> super::PyResult<()> {
        super::PyModuleMethods::add(module, "version", env!("CARGO_PKG_VERSION"))
    }
}

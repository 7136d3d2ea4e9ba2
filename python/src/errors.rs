//! Errors of the library as the exceptions of the package, with all that is known of the place.

use landuse::{Error, ParamError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// An exception of the package by its name, with attributes.
pub(crate) fn raised(
    py: Python<'_>,
    class: &str,
    message: &str,
    attributes: &[(&str, Option<String>)],
    row: Option<u64>,
) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let class = py.import("landuse._errors")?.getattr(class)?;
        let known = PyDict::new(py);
        for (name, value) in attributes.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            known.set_item(name, value)?;
        }
        if let Some(row) = row {
            known.set_item("row", row)?;
        }
        Ok(PyErr::from_value(class.call((message,), Some(&known))?))
    };
    made().unwrap_or_else(|error| error)
}

/// The exception that an error of the library is.
pub(crate) fn to_py(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.chain();
    let of = |class: &str, attributes: &[(&str, Option<String>)], row: Option<u64>| {
        raised(py, class, &message, attributes, row)
    };
    let file = |file: &str| [("file", Some(file.to_owned()))];
    match error {
        Error::Io { path, .. } => of("FileError", &file(&path.display().to_string()), None),
        Error::Write(_) | Error::NotFinite { .. } => of("FileError", &[], None),
        Error::Syntax { file: name, .. }
        | Error::Format { file: name, .. }
        | Error::File { file: name, .. }
        | Error::WhichLayer { file: name, .. }
        | Error::Encoding { file: name, .. }
        | Error::Geodatabase { path: name }
        | Error::Changed { file: name }
        | Error::Decompressed { file: name, .. }
        | Error::Table { file: name, .. }
        | Error::NothingUsable { file: name, .. }
        | Error::NoFeature { file: name, .. } => of("DataError", &file(name), None),
        Error::MissingColumn { file: name, expected, .. } => of(
            "DataError",
            &[("file", Some(name.to_string())), ("expected", Some((*expected).to_owned()))],
            None,
        ),
        Error::NumberFormat { file: name, column, value, .. } => {
            let known = [("file", name), ("property", column), ("value", value)];
            of("DataError", &known.map(|(key, value)| (key, Some(value.to_string()))), None)
        }
        Error::Record { file: name, record, .. } => of("DataError", &file(name), record.checked_sub(1)),
        Error::Feature { file: name, at, .. } => {
            let known = [("file", Some(name.to_string())), ("id", at.id.as_ref().map(ToString::to_string))];
            of("DataError", &known, Some(at.row.into()))
        }
        Error::Value { property, value, expected, .. } => {
            let known = [
                ("property", property.to_string()),
                ("value", value.to_string()),
                ("expected", (*expected).to_owned()),
            ];
            of("DataError", &known.map(|(key, value)| (key, Some(value))), None)
        }
        Error::NotFound { id, .. } => of("DataError", &[("id", Some(id.to_string()))], None),
        Error::Link { row, neighbour, .. } => {
            of("DataError", &[("value", Some(neighbour.to_string()))], Some(*row as u64))
        }
        Error::UnitsOverlap { a, .. } => of("DataError", &[("id", Some(a.to_string()))], None),
        Error::Crs(_) | Error::Planes { .. } => of("CrsError", &[], None),
        Error::Config { file: name, .. } => of("OptionError", &file(name), None),
        Error::Param(fault) => of_param(py, &message, fault),
        Error::Options(faults) => match &faults[..] {
            [fault] => of_param(py, &message, fault),
            _ => of("OptionError", &[], None),
        },
        Error::OverLimit { .. } | Error::TooLarge { .. } => of("LimitError", &[], None),
        Error::Arrow(_) => of("DataError", &[], None),
        _ => of("LanduseError", &[], None),
    }
}

fn of_param(py: Python<'_>, message: &str, fault: &ParamError) -> PyErr {
    let known = [("property", fault.name()), ("value", fault.value()), ("expected", fault.expected())];
    raised(py, "OptionError", message, &known.map(|(key, value)| (key, Some(value.to_owned()))), None)
}

/// A parameter that the package itself refuses.
pub(crate) fn param(py: Python<'_>, name: &str, value: impl std::fmt::Display, expected: &str) -> PyErr {
    to_py(py, &ParamError::new(name, value, expected).into())
}

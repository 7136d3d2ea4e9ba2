//! What to type next: after an error that another command helps with, and where a run could not judge.

use std::borrow::Cow;
use std::path::Path;

use landuse::Error;
use landuse::io::Contents;

/// What to type after a schema file was written.
pub(crate) fn after_schema(parcels: &Path, schema: &Path, contents: &Contents) -> String {
    let (parcels, schema) = (typed(parcels), typed(schema));
    let mut text = String::from("\nNext\n");
    if contents.codes.iter().any(|table| table.scheme.is_none()) {
        text.push_str(&format!(
            "  give the codes in {schema} a class, and say which are construction land, then\n"
        ));
    }
    text.push_str(&format!("  landuse analyze {parcels} --schema {schema} --out out\n"));
    text
}

/// What to type after an error of a run over these parcels, with that schema file; none where nothing helps.
pub(crate) fn after_error(error: &Error, parcels: Option<&Path>, schema: Option<&Path>) -> Option<String> {
    let parcels = parcels.map_or(Cow::Borrowed("PARCELS"), typed);
    match error {
        Error::Crs(_) => Some(
            "`--source-crs` says which system the files are in, `--crs` which plane to compute in".to_owned(),
        ),
        Error::Encoding { .. } => {
            Some("`--encoding` says which encoding the texts of all Shapefiles are in".to_owned())
        }
        Error::Config { file, .. } if schema.is_some_and(|path| path.display().to_string() == **file) => {
            Some(format!(
                "next: `landuse schema {parcels} --out new.toml` writes a schema of this file that loads"
            ))
        }
        Error::Param(fault) if matches!(fault.name(), "column" | "columns" | "expression" | "peers") => {
            Some(format!(
                "next: `landuse schema {parcels}` shows the properties there are, their types and values"
            ))
        }
        _ => None,
    }
}

/// A path as a shell takes it.
pub(crate) fn typed(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''")).into()
}

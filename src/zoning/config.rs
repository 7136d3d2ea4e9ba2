//! TOML files, read so that every fault is told with its line, key, value and what was expected.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Error;
use crate::error::nearest;

/// A TOML text and the name errors call it by.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) fn parse(self) -> Result<DeTable<'a>, Error> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                Err(self.fault(at, error.message().trim().replace('\n', "; ")))
            }
        }
    }

    /// A fault at byte `at`, told by its line.
    pub(crate) fn fault(self, at: usize, reason: impl AsRef<str>) -> Error {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        Error::Config { file: self.file.into(), reason: format!("line {line}: {}", reason.as_ref()).into() }
    }
}

/// Reads a type that refuses unknown keys; `file` is what errors call the text.
///
/// # Errors
/// [`Error::Config`] with the line, the key, what was expected, and the nearest known name for one that is unknown.
pub(crate) fn read<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Error> {
    let source = Source { file, text };
    let table = source.parse()?;
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim();
        // The names in it are all that serde says of the field or variant.
        let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let reason = match names.split_first() {
            Some((name, known)) if message.starts_with("unknown ") => {
                let what = if message.starts_with("unknown field") { "key" } else { "name" };
                format!("unknown {what} `{name}`, {}", hint(name, known))
            }
            _ => match key_at(&table, at) {
                Some(key) => format!("`{key}`: {message}"),
                None => message.into(),
            },
        };
        source.fault(at, reason.replace('\n', "; "))
    })
}

/// The innermost key whose value begins at byte `at`.
fn key_at(table: &DeTable<'_>, at: usize) -> Option<String> {
    fn within(value: &Spanned<DeValue<'_>>, at: usize) -> Option<String> {
        match value.get_ref() {
            DeValue::Table(table) => key_at(table, at),
            DeValue::Array(items) => items.iter().find_map(|item| within(item, at)),
            _ => None,
        }
    }
    table.iter().find_map(|(key, value)| {
        let own = || value.span().contains(&at).then(|| key.get_ref().to_string());
        within(value, at).or_else(own)
    })
}

/// What an unknown name most likely meant, else all known ones.
fn hint(name: &str, known: &[&str]) -> String {
    nearest(name, known.iter().copied())
        .map_or_else(|| format!("expected {}", list(known)), |near| format!("did you mean `{near}`?"))
}

/// One table of a file, and where it starts.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a, 'i> {
    pub(crate) source: Source<'a>,
    pub(crate) table: &'a DeTable<'i>,
    pub(crate) at: usize,
}

pub(crate) type Value<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl<'a, 'i> Keys<'a, 'i> {
    /// Refuses any key that is not among `known`.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Error> {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let reason = format!("unknown key `{name}`, {}", hint(name, known));
                return Err(self.source.fault(key.span().start, reason));
            }
        }
        Ok(self)
    }

    pub(crate) fn get(self, key: &str) -> Option<Value<'a, 'i>> {
        self.table.get(key)
    }

    /// The text at `key`, trimmed and not empty.
    pub(crate) fn text(self, key: &str) -> Result<Option<&'a str>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref().as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Ok(Some(text)),
            _ => Err(self.wrong(key, value, "a text that is not empty")),
        }
    }

    pub(crate) fn require_text(self, key: &str) -> Result<&'a str, Error> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    pub(crate) fn missing(self, key: &str) -> Error {
        self.source.fault(self.at, format!("key `{key}` is missing"))
    }

    pub(crate) fn flag(self, key: &str) -> Result<Option<bool>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.get_ref().as_bool().map(Some).ok_or_else(|| self.wrong(key, value, "true or false"))
    }

    pub(crate) fn number(self, key: &str) -> Result<Option<f64>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        number(value.get_ref()).map(Some).ok_or_else(|| self.wrong(key, value, "a finite number"))
    }

    /// The items of the array at `key`; none without the key.
    pub(crate) fn array(self, key: &str) -> Result<&'a [Spanned<DeValue<'i>>], Error> {
        let Some(value) = self.get(key) else { return Ok(&[]) };
        match value.get_ref().as_array() {
            Some(array) => Ok(array),
            None => Err(self.wrong(key, value, "an array")),
        }
    }

    /// The tables of the array at `key`.
    pub(crate) fn tables(self, key: &str) -> Result<Vec<Self>, Error> {
        let items = self.array(key)?;
        items.iter().map(|item| self.table_of(key, item)).collect()
    }

    pub(crate) fn table_of(self, key: &str, value: Value<'a, 'i>) -> Result<Self, Error> {
        match value.get_ref().as_table() {
            Some(table) => Ok(Self { source: self.source, table, at: value.span().start }),
            None => Err(self.wrong(key, value, "a table")),
        }
    }

    /// Says that `value` of `key` is not what was expected.
    pub(crate) fn wrong(self, key: &str, value: Value<'_, '_>, expected: &str) -> Error {
        let span = value.span();
        let found = self.source.text.get(span.clone()).unwrap_or("…");
        let found: String = found.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.source.fault(span.start, format!("`{key}` is {found}, expected {expected}"))
    }
}

/// A finite number, written as an integer or a float.
pub(crate) fn number(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok()? as f64,
        DeValue::Float(float) => float.as_str().parse().ok()?,
        _ => return None,
    };
    Some(number).filter(|number: &f64| number.is_finite())
}

/// Names in backquotes, set apart by commas.
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_toml_is_told_by_line() {
        let fault = Source { file: "x.toml", text: "a = 1\nb = = 2\n" }.parse().unwrap_err().to_string();
        assert!(fault.starts_with("x.toml: line 2: "), "{fault}");
        let deep = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Source { file: "x.toml", text: &deep }.parse().is_err(), "depth is limited");
    }
}

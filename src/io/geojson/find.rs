use serde_json::{Map, Value};

use super::json::Fault;
use super::read::syntax;
use super::scan::Scanner;
use crate::Error;
use crate::io::Source;
use crate::io::columns::OWN_ID;
use crate::io::layer::BLOCK;

/// A feature that was looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundFeature {
    /// Its position in the file, from 0.
    pub row: u64,
    /// Its properties.
    pub properties: Map<String, Value>,
}

/// The features of a file whose property is `id`: their positions and properties. `$id` names the id of the feature itself. A number is
/// compared by its digits.
///
/// # Errors
/// [`Error::Io`], [`Error::Syntax`] as [`read`](fn@super::read).
///
/// # Complexity
/// O(bytes); only features in whose text the id occurs are parsed.
///
/// ```
/// use landuse::io::{Source, find_features};
/// let text = r#"{"type":"FeatureCollection","features":[
///     {"type":"Feature","properties":{"id":"A","use":1},"geometry":null},
///     {"type":"Feature","properties":{"id":"B","of":"A"},"geometry":null}]}"#;
/// let found = find_features(&Source::bytes("in", text.as_bytes()), "id", "A")?;
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].properties["use"], 1);
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn find_features(source: &Source, property: &str, id: &str) -> Result<Vec<FoundFeature>, Error> {
    let mut scanner = Scanner::open(source, BLOCK)?.strict();
    let needle = memchr::memmem::Finder::new(id);
    let escape = memchr::memmem::Finder::new("\\");
    let mut found: Vec<FoundFeature> = Vec::new();
    let mut row = 0;
    while let Some(block) = scanner.next()? {
        for (i, span) in block.spans().iter().enumerate() {
            let bytes = &block.text[span.clone()];
            if needle.find(bytes).is_none() && escape.find(bytes).is_none() {
                continue;
            }
            // The scan found the braces; what is between them may not be JSON.
            let mut feature: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| {
                let fault = Fault { at: 0, expected: "a feature" };
                syntax(scanner.name(), block.base + span.start as u64, "", fault)
            })?;
            let own = feature.get("id").cloned();
            let mut properties = match feature.remove("properties") {
                Some(Value::Object(properties)) => properties,
                _ => Map::new(),
            };
            let value = if property == OWN_ID { own.as_ref() } else { properties.get(property) };
            let is = match value {
                Some(Value::String(text)) => text.trim() == id,
                // A whole number is one id, whether it is written with a decimal or not.
                Some(Value::Number(number)) => {
                    number.to_string() == id || number.as_f64().is_some_and(|number| number.to_string() == id)
                }
                _ => false,
            };
            if is {
                if let (true, Some(own)) = (property == OWN_ID, own) {
                    properties.insert(OWN_ID.into(), own);
                }
                found.push(FoundFeature { row: row + i as u64, properties });
            }
        }
        row += block.spans().len() as u64;
        scanner.recycle(block.text);
    }
    Ok(found)
}

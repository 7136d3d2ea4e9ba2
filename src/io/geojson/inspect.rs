use std::cell::RefCell;

use super::json::{Fault, Json, KeyCache};
use super::pieces::{Parsed, Piece};
use super::read::{Member, read_value};
use super::scan::Scanner;
use crate::Error;
use crate::io::Source;
use crate::io::columns::OWN_ID;
use crate::io::inspect::{KnownNames, PropertySummary, RecentCounts, Summaries};
use crate::io::layer::BLOCK;
use crate::io::value::Value;

/// Looks at every value of every property of a GeoJSON file; geometries are passed over. The result does not depend on the order of
/// the features, but for the first examples.
///
/// # Errors
/// As [`read`](fn@super::read), for the part of the text that is looked at.
///
/// # Complexity
/// O(bytes), on all threads; a few blocks of text in memory.
///
/// ```
/// use landuse::io::{Source, inspect};
/// let text = r#"{"type":"FeatureCollection","features":[
///     {"type":"Feature","properties":{"tax":"NA"},"geometry":null},
///     {"type":"Feature","properties":{"tax":12.5},"geometry":null}]}"#;
/// let found = inspect(&Source::bytes("in", text.as_bytes()))?;
/// assert_eq!((found[0].features, found[0].numbers, found[0].unknown), (2, 1, 1));
/// assert!(found[0].is_numeric());
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn inspect(source: &Source) -> Result<Vec<PropertySummary>, Error> {
    let file = source.feature_file()?;
    match file.as_ref().and_then(|file| file.columns()) {
        Some(columns) => columns.inspect(),
        None => look(source, false),
    }
}

/// [`inspect`] of the text of a source, whatever else it may be, with the distinct values of every property where they are asked for.
pub(in crate::io) fn look(source: &Source, with_values: bool) -> Result<Vec<PropertySummary>, Error> {
    let mut scanner = Scanner::properties(source, BLOCK)?;
    scanner.enter()?;
    let known = KnownNames::new();
    let mut merged = Summaries::new(&known).with_values(with_values);
    let look = |piece: &mut Piece<'_>| {
        let mut inspector = Inspector {
            summaries: Summaries::new(&known).with_values(with_values),
            members: KeyCache::default(),
            properties: KeyCache::default(),
            recent: Vec::new(),
        };
        let mut row = 0;
        while piece.feature(|json| inspector.feature(json, row))?.is_some() {
            row += 1;
        }
        Ok(inspector.finish())
    };
    scanner.run(look, |Parsed { text, row, pieces, .. }| {
        let mut first_row = row as u32;
        for piece in pieces {
            merged.append(piece.of, first_row);
            first_row += piece.features as u32;
        }
        Ok(text)
    })?;
    Ok(merged.finish())
}

/// Looks at the features of one piece of text.
struct Inspector<'k, 'a> {
    summaries: Summaries<'k>,
    members: KeyCache<'a, Member>,
    /// Where the summary of each property is kept.
    properties: KeyCache<'a, usize>,
    /// For each property, recent texts that are counted and not yet in its summary.
    recent: Vec<RecentCounts<'a>>,
}

impl<'k, 'a> Inspector<'k, 'a> {
    /// The summaries, with the texts that wait.
    fn finish(mut self) -> Summaries<'k> {
        for (slot, recent) in self.recent.into_iter().enumerate() {
            for (text, count, row) in recent.drain() {
                self.summaries.add(slot, count, row, &Value::Text(text.into()));
            }
        }
        self.summaries
    }

    fn feature(&mut self, json: &mut Json<'a>, row: u32) -> Result<(), Fault> {
        if json.token() != Some(b'{') {
            return json.skip();
        }
        let Self { summaries, members, properties, recent } = self;
        json.object_with_cache(members, Member::of, |json, member| {
            match member {
                Member::Id => {
                    let value = read_value(json)?;
                    let slot = summaries.slot(OWN_ID);
                    summaries.met(slot, 0);
                    summaries.add(slot, 1, row, &value);
                }
                Member::Properties if json.token() == Some(b'{') => {
                    let summaries = RefCell::new(&mut *summaries);
                    let mut position = 0;
                    json.object_with_cache(
                        properties,
                        |key| summaries.borrow_mut().slot(key),
                        |json, slot| {
                            position += 1;
                            let value = read_value(json)?;
                            let mut summaries = summaries.borrow_mut();
                            summaries.met(slot, position);
                            if recent.len() <= slot {
                                recent.resize_with(slot + 1, RecentCounts::default);
                            }
                            let done = if let Some(text) = value.borrowed_text() {
                                recent[slot].add(text, row)
                            } else {
                                summaries.add(slot, 1, row, &value);
                                None
                            };
                            if let Some((text, count, row)) = done {
                                summaries.add(slot, count, row, &Value::Text(text.into()));
                            }
                            Ok::<(), Fault>(())
                        },
                    )?;
                }
                // A geometry may be most of the file, and whoever reads it will find its faults.
                Member::Geometry if json.token() == Some(b'{') && json.pass_object() => {}
                _ => json.skip()?,
            }
            Ok(())
        })
    }
}

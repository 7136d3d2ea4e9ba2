use std::ops::Range;

use rayon::prelude::*;

use super::json::{Fault, Json};
use super::read::batches;
use super::source::Source;
use super::walk::{BLOCK, Block, GEOMETRIES, Walk};
use super::write::{OutputFile, push_opening, push_text};
use crate::Error;
use crate::parcel::Rejected;

/// Prefix of the properties this program computes.
const OWN: &str = "lu_";

/// Writes the features of `source` again, byte for byte and in their order, each with computed properties behind its own.
///
/// `append(row, text)` adds the properties of the feature at a position of the file, as `"lu_name":value` with commas between
/// and nothing around; it may add nothing. Properties named `lu_…` that a feature brings along (from an earlier run) are
/// taken out first. Features in `rejected` (ascending positions) go to `quarantine` instead, with `lu_position` and
/// `lu_reason`; a value there that is no feature stands in a feature without geometry, as `lu_found`, and so nothing is lost.
/// A member `crs` is kept, other members of the collection are not. The result is the same for any number of threads.
///
/// Returns how many features were written to each.
///
/// # Errors
/// [`Error::Io`] where reading or writing fails, [`Error::Syntax`] where the source is not what was read before.
///
/// # Complexity
/// O(bytes) time, a few blocks of text in memory.
///
/// # Examples
/// ```
/// use landuse::io::{OutputFile, Source, push_number, splice};
///
/// let text = r#"{"type":"Feature","properties":{"id":1},"geometry":null}"#;
/// let out = OutputFile::to("parcels", Vec::new());
/// let append = |row: u32, text: &mut Vec<u8>| {
///     text.extend_from_slice(b"\"lu_area_m2\":");
///     push_number(text, f64::from(row) + 0.5);
/// };
/// assert_eq!(splice(&Source::bytes("in", text.as_bytes()), out, None, &[], append)?, [1, 0]);
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn splice(
    source: &Source,
    mut accepted: OutputFile,
    mut quarantine: Option<OutputFile>,
    rejected: &[Rejected],
    append: impl Fn(u32, &mut Vec<u8>) + Sync,
) -> Result<[u64; 2], Error> {
    let mut walk = Walk::open(source, BLOCK)?;
    let name = walk.name().to_owned();
    let mut block = walk.next()?;
    let mut opening = Vec::new();
    push_opening(&mut opening, walk.crs());
    let early_crs = walk.crs().is_some();
    accepted.write(&opening)?;
    if let Some(out) = &mut quarantine {
        out.write(&opening)?;
    }
    let mut counts = [0u64; 2];
    let mut spliced: Vec<Spliced> = Vec::new();
    let mut write = |pieces: Vec<Spliced>| -> Result<(), Error> {
        for piece in pieces {
            put(&mut accepted, &piece.accepted, &mut counts[0], piece.counts[0])?;
            if let Some(out) = &mut quarantine {
                put(out, &piece.rejected, &mut counts[1], piece.counts[1])?;
            }
        }
        Ok(())
    };
    while let Some(current) = block {
        let pieces = std::mem::take(&mut spliced);
        let work = || rayon::join(|| splice_block(&current, rejected, &append, &name), || write(pieces));
        let (next, (fresh, written)) = rayon::join(|| walk.next(), work);
        written?;
        spliced = fresh?;
        walk.recycle(current.text);
        block = next?;
    }
    write(spliced)?;
    let mut closing = b"\n]".to_vec();
    if let Some(crs) = walk.crs().filter(|_| !early_crs) {
        closing.extend_from_slice(b",\n\"crs\":");
        closing.extend_from_slice(crs.as_bytes());
    }
    closing.extend_from_slice(b"}\n");
    for mut out in [Some(accepted), quarantine].into_iter().flatten() {
        out.write(&closing)?;
        out.finish()?;
    }
    Ok(counts)
}

/// Output of one run of features, each with a comma and a line break before it.
#[derive(Default)]
struct Spliced {
    accepted: Vec<u8>,
    rejected: Vec<u8>,
    counts: [u64; 2],
}

fn put(out: &mut OutputFile, text: &[u8], before: &mut u64, more: u64) -> Result<(), Error> {
    // The first feature of all has no comma before it.
    let text = if *before == 0 { text.strip_prefix(b",").unwrap_or(text) } else { text };
    *before += more;
    out.write(text)
}

fn splice_block(
    block: &Block,
    rejected: &[Rejected],
    append: &(impl Fn(u32, &mut Vec<u8>) + Sync),
    file: &str,
) -> Result<Vec<Spliced>, Error> {
    batches(block)
        .into_par_iter()
        .map(|range| {
            let spans = &block.spans[range.clone()];
            let bytes = spans.first().map_or(0, |first| spans[spans.len() - 1].end - first.start);
            let mut piece = Spliced { accepted: Vec::with_capacity(bytes * 5 / 4), ..Spliced::default() };
            let first = block.row as usize + range.start;
            let mut bad = rejected.partition_point(|r| (r.at.row as usize) < first);
            for (i, span) in spans.iter().enumerate() {
                let row = (first + i) as u32;
                let syntax = |at: usize, reason: String| Error::Syntax {
                    file: file.into(),
                    offset: block.base + (span.start + at) as u64,
                    reason: reason.into(),
                };
                let text = std::str::from_utf8(&block.text[span.clone()])
                    .map_err(|error| syntax(error.valid_up_to(), "found bytes that are not UTF-8".into()))?;
                let reason = rejected.get(bad).filter(|r| r.at.row == row);
                bad += usize::from(reason.is_some());
                let (out, count) = match reason {
                    None => (&mut piece.accepted, &mut piece.counts[0]),
                    Some(_) => (&mut piece.rejected, &mut piece.counts[1]),
                };
                *count += 1;
                out.extend_from_slice(b",\n");
                let computed = |out: &mut Vec<u8>| match reason {
                    None => append(row, out),
                    Some(Rejected { at, reason }) => {
                        out.extend_from_slice(
                            format!("\"lu_position\":{},\"lu_reason\":", at.row).as_bytes(),
                        );
                        push_text(out, &**reason);
                    }
                };
                push_feature(out, text, computed).map_err(|fault| syntax(fault.at, fault.describe(text)))?;
            }
            Ok(piece)
        })
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

/// Adds one feature with computed properties.
fn push_feature(out: &mut Vec<u8>, text: &str, computed: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
    let mut json = Json::new(text);
    let mut kind = None;
    let mut properties: Option<Range<usize>> = None;
    let object = json.token() == Some(b'{');
    if object {
        json.object(|json, key| {
            match &*key.text() {
                "type" if json.token() == Some(b'"') => kind = Some(json.string()?.text()),
                "properties" => {
                    json.token();
                    let start = json.pos();
                    json.hop()?;
                    properties = Some(start..json.pos());
                }
                _ => json.hop()?,
            }
            Ok::<(), Fault>(())
        })?;
    }
    let before = |out: &mut Vec<u8>| out.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
    match (kind.as_deref(), properties) {
        (Some("Feature"), Some(range)) => {
            out.extend_from_slice(&text.as_bytes()[..range.start]);
            push_properties(out, &text[range.clone()], computed)?;
            out.extend_from_slice(&text.as_bytes()[range.end..]);
        }
        (Some("Feature"), None) => {
            // An object that has a type has a member, so that a comma may follow its brace.
            let brace = text.find('{').map_or(0, |at| at + 1);
            out.extend_from_slice(&text.as_bytes()[..brace]);
            out.extend_from_slice(b"\"properties\":{");
            computed(out);
            out.extend_from_slice(b"},");
            out.extend_from_slice(&text.as_bytes()[brace..]);
        }
        (Some(kind), _) if GEOMETRIES.contains(&kind) => {
            before(out);
            computed(out);
            out.extend_from_slice(b"},\"geometry\":");
            out.extend_from_slice(text.as_bytes());
            out.push(b'}');
        }
        _ => {
            before(out);
            out.extend_from_slice(b"\"lu_found\":");
            out.extend_from_slice(text.as_bytes());
            let length = out.len();
            out.push(b',');
            computed(out);
            if out.len() == length + 1 {
                out.truncate(length);
            }
            out.extend_from_slice(b"},\"geometry\":null}");
        }
    }
    Ok(())
}

/// Adds an object of properties: what was given without earlier results, then what was computed.
fn push_properties(out: &mut Vec<u8>, given: &str, computed: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
    out.push(b'{');
    let start = out.len();
    if !given.starts_with('{') {
        if given != "null" {
            out.extend_from_slice(b"\"lu_found\":");
            out.extend_from_slice(given.as_bytes());
        }
    } else if !has_own(given)? {
        let inner = given[1..given.len() - 1].trim_end_matches([' ', '\t', '\n', '\r']);
        out.extend_from_slice(inner.as_bytes());
    } else {
        Json::new(given).object(|json, key| {
            let value = json.pos();
            json.hop()?;
            if !key.text().starts_with(OWN) {
                if out.len() > start {
                    out.push(b',');
                }
                out.push(b'"');
                out.extend_from_slice(key.raw().as_bytes());
                out.extend_from_slice(b"\":");
                out.extend_from_slice(json.since(value).as_bytes());
            }
            Ok::<(), Fault>(())
        })?;
    }
    let blank = out[start..].iter().all(u8::is_ascii_whitespace);
    let length = out.len();
    if !blank {
        out.push(b',');
    }
    let comma = out.len();
    computed(out);
    if out.len() == comma {
        out.truncate(length);
    }
    out.push(b'}');
    Ok(())
}

/// Whether an object has members from an earlier run; mostly told without looking at each key.
fn has_own(object: &str) -> Result<bool, Fault> {
    let finds = |needle: &[u8]| memchr::memmem::find(object.as_bytes(), needle).is_some();
    let mut own = false;
    if finds(OWN.as_bytes()) || finds(b"\\u") {
        Json::new(object).object(|json, key| {
            own |= key.text().starts_with(OWN);
            json.hop()
        })?;
    }
    Ok(own)
}

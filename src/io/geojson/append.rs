use std::io::Write;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::json::{Fault, Json, KeyCache};
use super::pieces::{PIECE, Parsed, Piece, Stop};
use super::scan::{GEOMETRIES, Scanner};
use super::spans::{FeatureSpan, SpanReader, Spans};
use super::text::GeoJsonText;
use crate::Error;
use crate::io::layer::BLOCK;
use crate::io::write::push_opening;
use crate::json_text::push_text;
use crate::parallel;
use crate::parcel::Rejected;

/// Prefix of the properties this program computes.
pub(super) const OWN: &str = "lu_";

/// Writes the features of a text again, byte for byte and in their order, each with computed properties behind its own.
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
/// [`Error::Io`] where reading fails, [`Error::Write`] where writing does; [`Error::Changed`] where the text is not what
/// was read before, and [`Error::Syntax`] where it is no GeoJSON any more: both before the outputs are closed.
///
/// # Complexity
/// O(bytes) time, a few blocks of text in memory.
///
/// # Examples
/// ```
/// use landuse::io::{GeoJsonText, Source, append_properties, push_number};
///
/// let text = r#"{"type":"Feature","properties":{"id":1},"geometry":null}"#;
/// let mut out = Vec::new();
/// let append = |row: u32, text: &mut Vec<u8>| {
///     text.extend_from_slice(b"\"lu_area_m2\":");
///     push_number(text, f64::from(row) + 0.5);
/// };
/// let text = GeoJsonText::unread(Source::bytes("in", text.as_bytes()));
/// assert_eq!(append_properties(&text, &mut out, None, &[], append)?, [1, 0]);
/// assert!(String::from_utf8_lossy(&out).contains(r#"{"id":1,"lu_area_m2":0.5}"#));
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn append_properties<W: Write + Send>(
    text: &GeoJsonText,
    accepted: W,
    quarantine: Option<W>,
    rejected: &[Rejected],
    append: impl Fn(u32, &mut Vec<u8>) + Sync,
) -> Result<[u64; 2], Error> {
    if let Some(spans) = text.spans() {
        return append_by_spans(text, spans, BLOCK, accepted, quarantine, rejected, &append);
    }
    let scanner = Scanner::open(text.source(), BLOCK)?;
    append_scanned(scanner, text.hash(), accepted, quarantine, rejected, &append)
}

/// [`append_properties`] with a scanner that was opened already.
pub(super) fn append_scanned<W: Write + Send>(
    mut scanner: Scanner,
    hash: Option<&str>,
    accepted: W,
    quarantine: Option<W>,
    rejected: &[Rejected],
    append: &(impl Fn(u32, &mut Vec<u8>) + Sync),
) -> Result<[u64; 2], Error> {
    scanner.enter()?;
    let early_crs = scanner.crs().is_some();
    let mut appender = Appender::new(accepted, quarantine, rejected, append, scanner.crs())?;
    scanner.run(find_places, |Parsed { text, row, pieces, .. }| {
        let mut first_row = row;
        let runs: Vec<Run> = (pieces.into_iter())
            .map(|piece| {
                let run = Run { range: piece.range, first_row, places: piece.of };
                first_row += piece.features;
                run
            })
            .collect();
        appender.block(&text, runs).map(|()| text)
    })?;
    hash.map_or(Ok(()), |hash| scanner.expect_hash(hash))?;
    appender.finish(scanner.crs().filter(|_| !early_crs))
}

/// [`append_properties`] to a text whose features were found before.
pub(super) fn append_by_spans<W: Write + Send>(
    text: &GeoJsonText,
    spans: &Spans,
    block: usize,
    accepted: W,
    quarantine: Option<W>,
    rejected: &[Rejected],
    append: &(impl Fn(u32, &mut Vec<u8>) + Sync),
) -> Result<[u64; 2], Error> {
    let crs = spans.crs.as_deref();
    let mut appender =
        Appender::new(accepted, quarantine, rejected, append, crs.filter(|_| spans.early_crs))?;
    let mut reader = SpanReader::open(text.source(), spans, block)?;
    let mut row = 0;
    let mut current = reader.next(Vec::new())?;
    let mut spare = Vec::new();
    while let Some((block, features)) = current {
        let runs = runs(&features, row);
        row += features.len() as u64;
        let room = std::mem::take(&mut spare);
        let (next, appended) = parallel::join(|| reader.next(room), || appender.block(&block, runs));
        appended?;
        (current, spare) = (next?, block);
    }
    text.hash().map_or(Ok(()), |hash| reader.expect_hash(hash))?;
    appender.finish(crs.filter(|_| !spans.early_crs))
}

/// Features of a block, the first at `row` of the file, as runs of about equal text.
fn runs(features: &[FeatureSpan], mut row: u64) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut rest = features;
    while let Some(&[first, ..]) = rest.first() {
        let count = rest.iter().take_while(|[start, ..]| start - first < PIECE).count();
        let (run, behind) = rest.split_at(count);
        let place = |&[start, brace, end]: &FeatureSpan| Place {
            feature: start - first..end - first,
            kind: PlaceKind::Closed(brace - first),
        };
        let range = first..run.last().map_or(first, |&[.., end]| end);
        runs.push(Run { range, first_row: row, places: run.iter().map(place).collect() });
        row += count as u64;
        rest = behind;
    }
    runs
}

/// The outputs, while features are put into them.
struct Appender<'a, W, A> {
    accepted: W,
    quarantine: Option<W>,
    rejected: &'a [Rejected],
    append: &'a A,
    counts: [u64; 2],
    /// What waits to be written.
    appended: Vec<Appended>,
    /// Room of what was written: fresh memory costs more than to fill it.
    spare: Mutex<Vec<Vec<u8>>>,
}

impl<'a, W: Write + Send, A: Fn(u32, &mut Vec<u8>) + Sync> Appender<'a, W, A> {
    fn new(
        mut accepted: W,
        mut quarantine: Option<W>,
        rejected: &'a [Rejected],
        append: &'a A,
        crs: Option<&str>,
    ) -> Result<Self, Error> {
        let mut opening = Vec::new();
        push_opening(&mut opening, crs);
        for out in std::iter::once(&mut accepted).chain(&mut quarantine) {
            out.write_all(&opening).map_err(Error::Write)?;
        }
        Ok(Self {
            accepted,
            quarantine,
            rejected,
            append,
            counts: [0; 2],
            appended: Vec::new(),
            spare: Mutex::default(),
        })
    }

    /// Adds to the features of a block, while those of the block before are written.
    fn block(&mut self, text: &[u8], runs: Vec<Run>) -> Result<(), Error> {
        let before = std::mem::take(&mut self.appended);
        let (spare, rejected, append) = (&self.spare, self.rejected, self.append);
        let room = || spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let append = |run: Run| run.append(text, rejected, append, room().unwrap_or_default());
        let (accepted, quarantine) = (&mut self.accepted, &mut self.quarantine);
        let counts = &mut self.counts;
        let (written, fresh) = parallel::join(
            || write(before, accepted, quarantine, counts, spare),
            || parallel::consume(runs, append),
        );
        self.appended = fresh;
        written
    }

    /// Closes the outputs, with a member `crs` that did not stand in front. How many features each got.
    fn finish(mut self, late_crs: Option<&str>) -> Result<[u64; 2], Error> {
        let appended = std::mem::take(&mut self.appended);
        write(appended, &mut self.accepted, &mut self.quarantine, &mut self.counts, &self.spare)?;
        let mut closing = b"\n]".to_vec();
        if let Some(crs) = late_crs {
            closing.extend_from_slice(b",\n\"crs\":");
            closing.extend_from_slice(crs.as_bytes());
        }
        closing.extend_from_slice(b"}\n");
        for mut out in [Some(self.accepted), self.quarantine].into_iter().flatten() {
            out.write_all(&closing).and_then(|()| out.flush()).map_err(Error::Write)?;
        }
        Ok(self.counts)
    }
}

/// Writes runs of features, and keeps their room.
fn write(
    pieces: Vec<Appended>,
    accepted: &mut impl Write,
    quarantine: &mut Option<impl Write>,
    counts: &mut [u64; 2],
    spare: &Mutex<Vec<Vec<u8>>>,
) -> Result<(), Error> {
    for mut piece in pieces {
        put(accepted, &piece.accepted, &mut counts[0], piece.counts[0])?;
        if let Some(out) = quarantine {
            put(out, &piece.rejected, &mut counts[1], piece.counts[1])?;
        }
        piece.accepted.clear();
        spare.lock().unwrap_or_else(PoisonError::into_inner).push(piece.accepted);
    }
    Ok(())
}

/// Output of one run of features, each with a comma and a line break before it.
#[derive(Default)]
struct Appended {
    accepted: Vec<u8>,
    rejected: Vec<u8>,
    counts: [u64; 2],
}

fn put(out: &mut impl Write, text: &[u8], before: &mut u64, more: u64) -> Result<(), Error> {
    // The first feature of all has no comma before it.
    let text = if *before == 0 { text.strip_prefix(b",").unwrap_or(text) } else { text };
    *before += more;
    out.write_all(text).map_err(Error::Write)
}

/// Where a feature stands in a text, and its properties in it.
struct Place {
    feature: Range<usize>,
    kind: PlaceKind,
}

/// What properties are added to.
enum PlaceKind {
    /// A feature with properties, none from an earlier run, that this brace closes.
    Closed(usize),
    /// A feature with properties; whether some of them are from an earlier run.
    Properties(Range<usize>, bool),
    /// A feature without.
    Bare,
    /// A geometry by itself.
    Geometry,
    /// Anything else.
    Other,
}

/// A run of features of one block.
struct Run {
    range: Range<usize>,
    first_row: u64,
    places: Vec<Place>,
}

/// What a key is, for who looks for the place of properties.
#[derive(Debug, Clone, Copy)]
enum Member {
    Type,
    Properties,
    Other,
}

/// Finds the features of a piece and their properties: of everything else only braces and quotes are looked at.
fn find_places(piece: &mut Piece<'_>) -> Result<Vec<Place>, Stop> {
    let mut places = Vec::with_capacity(piece.len() / 512);
    let (mut members, mut own) = (KeyCache::default(), KeyCache::default());
    while let Some(place) = piece.feature(|json| find_place(json, &mut members, &mut own))? {
        places.push(place);
    }
    Ok(places)
}

fn find_place<'a>(
    json: &mut Json<'a>,
    members: &mut KeyCache<'a, Member>,
    own: &mut KeyCache<'a, bool>,
) -> Result<Place, Fault> {
    let object = json.token() == Some(b'{');
    let start = json.pos();
    let mut kind = None;
    let mut properties = None;
    let member = |key: &str| match key {
        "type" => Member::Type,
        "properties" => Member::Properties,
        _ => Member::Other,
    };
    if object {
        json.object_with_cache(members, member, |json, member| {
            match member {
                Member::Type if json.token() == Some(b'"') => kind = Some(json.string()?.text()),
                Member::Properties => {
                    let mut earlier = false;
                    let start = json.pos();
                    if json.token() == Some(b'{') {
                        json.object_with_cache(
                            own,
                            |key| key.starts_with(OWN),
                            |json, own| {
                                earlier |= own;
                                json.skip_checked()
                            },
                        )?;
                    } else {
                        json.skip_checked()?;
                    }
                    properties = Some((start..json.pos(), earlier));
                }
                _ => json.skip_checked()?,
            }
            Ok::<(), Fault>(())
        })?;
    } else {
        json.skip_checked()?;
    }
    let kind = match (kind.as_deref(), properties) {
        (Some("Feature"), Some((range, earlier))) => PlaceKind::Properties(range, earlier),
        (Some("Feature"), None) => PlaceKind::Bare,
        (Some(kind), _) if GEOMETRIES.contains(&kind) => PlaceKind::Geometry,
        _ => PlaceKind::Other,
    };
    Ok(Place { feature: start..json.pos(), kind })
}

impl Run {
    /// The features with computed properties, put into `room`.
    fn append(
        self,
        text: &[u8],
        rejected: &[Rejected],
        append: &(impl Fn(u32, &mut Vec<u8>) + Sync),
        mut room: Vec<u8>,
    ) -> Appended {
        let text = &text[self.range];
        room.reserve(text.len() * 2);
        let mut piece = Appended { accepted: room, ..Appended::default() };
        let mut bad = rejected.partition_point(|r| u64::from(r.at.row) < self.first_row);
        for (row, place) in (self.first_row as u32..).zip(&self.places) {
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
                    out.extend_from_slice(format!("\"lu_position\":{},\"lu_reason\":", at.row).as_bytes());
                    push_text(out, &**reason);
                }
            };
            push_feature(out, text, place, computed);
        }
        piece
    }
}

/// Adds one feature with computed properties.
fn push_feature(out: &mut Vec<u8>, text: &[u8], place: &Place, computed: impl FnOnce(&mut Vec<u8>)) {
    let bytes = |range: &Range<usize>| &text[range.clone()];
    let feature = bytes(&place.feature);
    let before = |out: &mut Vec<u8>| out.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
    match &place.kind {
        PlaceKind::Closed(brace) => {
            let head = bytes(&(place.feature.start..*brace)).trim_ascii_end();
            out.extend_from_slice(head);
            let length = out.len();
            if !head.ends_with(b"{") {
                out.push(b',');
            }
            let comma = out.len();
            computed(out);
            if out.len() == comma {
                out.truncate(length);
            }
            out.extend_from_slice(bytes(&(*brace..place.feature.end)));
        }
        PlaceKind::Properties(range, earlier) => {
            out.extend_from_slice(bytes(&(place.feature.start..range.start)));
            push_properties(out, bytes(range), *earlier, computed);
            out.extend_from_slice(bytes(&(range.end..place.feature.end)));
        }
        PlaceKind::Bare => {
            // An object that has a type has a member, so that a comma may follow its brace.
            let (brace, rest) = feature.split_at(1);
            out.extend_from_slice(brace);
            out.extend_from_slice(b"\"properties\":{");
            computed(out);
            out.extend_from_slice(b"},");
            out.extend_from_slice(rest);
        }
        PlaceKind::Geometry => {
            before(out);
            computed(out);
            out.extend_from_slice(b"},\"geometry\":");
            out.extend_from_slice(feature);
            out.push(b'}');
        }
        PlaceKind::Other => {
            before(out);
            out.extend_from_slice(b"\"lu_found\":");
            out.extend_from_slice(feature);
            let length = out.len();
            out.push(b',');
            computed(out);
            if out.len() == length + 1 {
                out.truncate(length);
            }
            out.extend_from_slice(b"},\"geometry\":null}");
        }
    }
}

/// Adds an object of properties: what was given without results of an `earlier` run, then what was computed.
fn push_properties(out: &mut Vec<u8>, given: &[u8], earlier: bool, computed: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    let start = out.len();
    if !given.starts_with(b"{") {
        if given != b"null" {
            out.extend_from_slice(b"\"lu_found\":");
            out.extend_from_slice(given);
        }
    } else if earlier {
        push_foreign(out, given);
    } else {
        out.extend_from_slice(given[1..given.len() - 1].trim_ascii_end());
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
}

/// Adds the members of an object that are not from an earlier run.
fn push_foreign(out: &mut Vec<u8>, object: &[u8]) {
    let start = out.len();
    let Ok(text) = std::str::from_utf8(object) else { return };
    // The object was walked before: there is no fault in it.
    let _: Result<(), Fault> = Json::new(text).object(|json, key| {
        let value = json.pos();
        json.skip_checked()?;
        if !key.text().starts_with(OWN) {
            if out.len() > start {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(key.raw().as_bytes());
            out.extend_from_slice(b"\":");
            out.extend_from_slice(json.since(value).as_bytes());
        }
        Ok(())
    });
}

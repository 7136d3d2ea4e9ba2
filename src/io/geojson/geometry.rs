use std::borrow::Cow;

use super::json::{Fault, Json};
use crate::geometry::{Coord, MultiPolygonArray};
use crate::json_text::push_text;

/// A member of a geometry that another format gave and that could not be read; it says why.
const UNREADABLE: &str = "landuse_unreadable";

/// Adds a geometry that cannot be read, with the reason: an empty collection to other readers, a fault of its feature here.
pub(in crate::io) fn push_unreadable(text: &mut Vec<u8>, reason: &str) {
    text.extend_from_slice(b"{\"type\":\"GeometryCollection\",\"geometries\":[],\"");
    text.extend_from_slice(UNREADABLE.as_bytes());
    text.extend_from_slice(b"\":");
    push_text(text, reason);
    text.push(b'}');
}

/// What is said of a geometry without any position.
pub(in crate::io) const EMPTY: &str = "the geometry is empty, expected a Polygon or a MultiPolygon";
/// What is said of interior rings without an exterior.
pub(in crate::io) const NO_EXTERIOR: &str = "the exterior ring is empty, expected a ring of positions";

/// What was noticed in geometries.
#[derive(Debug, Clone, Default)]
pub(in crate::io) struct Tally {
    pub(in crate::io) dropped_ordinates: u64,
    pub(in crate::io) closed_lines: u64,
    pub(in crate::io) collections: u64,
}

impl Tally {
    /// Adds what was noticed elsewhere.
    pub(in crate::io) fn add(&mut self, other: &Self) {
        self.dropped_ordinates += other.dropped_ordinates;
        self.closed_lines += other.closed_lines;
        self.collections += other.collections;
    }
}

/// Reads a geometry that another format gave as text behind the finished ones of an array; on a reason against it, what was added has to
/// be rolled back.
#[cfg(feature = "parquet")]
pub(in crate::io) fn take_geometry(
    array: &mut MultiPolygonArray,
    tally: &mut Tally,
    closed_lines: bool,
    text: &str,
) -> Result<(), String> {
    let mut geometry = Geometry { array, tally, closed_lines };
    geometry.take(&mut Json::at(text, 0)).unwrap_or_else(|fault| Err(fault.describe(text)))
}

/// What a usable geometry was in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Kind {
    Empty,
    Polygons,
    ClosedLines,
    Collection,
}

/// Reads a geometry behind the finished ones of an array.
pub(in crate::io) struct Geometry<'b> {
    pub(in crate::io) array: &'b mut MultiPolygonArray,
    pub(in crate::io) tally: &'b mut Tally,
    pub(in crate::io) closed_lines: bool,
}

/// Why coordinates cannot be used. Whether they are JSON is decided by skipping them.
enum Trouble {
    Json(Fault),
    Reason(String),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Json(fault)
    }
}

/// Coordinates of polygons that can be read before the type is known, by how deeply they are nested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Polygon,
    MultiPolygon,
}

impl Geometry<'_> {
    /// Counts a geometry that was read.
    pub(in crate::io) fn count(&mut self, kind: Kind) {
        self.tally.closed_lines += u64::from(kind == Kind::ClosedLines);
        self.tally.collections += u64::from(kind == Kind::Collection);
    }

    /// Reads one geometry, counted if it is taken. On a reason, what was added to the array has to be rolled back.
    pub(super) fn take(&mut self, json: &mut Json<'_>) -> Result<Result<(), String>, Fault> {
        let tally = self.tally.clone();
        let taken = match self.read(json)? {
            Ok(Kind::Empty) => Err(EMPTY.into()),
            Ok(kind) => {
                self.count(kind);
                Ok(())
            }
            Err(reason) => Err(reason),
        };
        if taken.is_err() {
            *self.tally = tally;
        }
        Ok(taken)
    }

    /// Reads one geometry. On a reason, what was added to the array has to be rolled back.
    fn read<'a>(&mut self, json: &mut Json<'a>) -> Result<Result<Kind, String>, Fault> {
        const WANTED: &str = "expected a Polygon or a MultiPolygon";
        if json.token() != Some(b'{') {
            let found = json.found();
            json.skip()?;
            return Ok(Err(format!("the geometry is {found}, {WANTED}")));
        }
        let mut kind: Option<Cow<'a, str>> = None;
        let mut coordinates: Option<Json<'a>> = None;
        let mut geometries: Option<Json<'a>> = None;
        let mut done: Option<(Nesting, Result<Kind, String>)> = None;
        let mut twice = false;
        let mut unreadable = None;
        json.object(|json, key| {
            match &*key.text() {
                "type" if json.token() == Some(b'"') => kind = Some(json.string()?.text()),
                "coordinates" => {
                    twice |= coordinates.is_some();
                    coordinates = Some(*json);
                    let nesting = match kind.as_deref() {
                        Some("Polygon") => Some(Nesting::Polygon),
                        Some("MultiPolygon") => Some(Nesting::MultiPolygon),
                        Some(_) => None,
                        None => nesting_of(*json),
                    };
                    match nesting {
                        Some(nesting) if !twice => done = Some((nesting, self.attempt(json, nesting)?)),
                        _ => json.skip()?,
                    }
                }
                "geometries" => {
                    geometries = Some(*json);
                    json.skip()?;
                }
                UNREADABLE if json.token() == Some(b'"') => unreadable = Some(json.string()?.text()),
                _ => json.skip()?,
            }
            Ok::<(), Fault>(())
        })?;
        if let Some(reason) = unreadable {
            return Ok(Err(reason.into_owned()));
        }
        if twice {
            return Ok(Err("`coordinates` stands twice in the geometry, expected it once".into()));
        }
        let nesting = match kind.as_deref() {
            Some("Polygon") => Nesting::Polygon,
            Some("MultiPolygon") => Nesting::MultiPolygon,
            Some("GeometryCollection") => return self.collection(geometries),
            Some(kind @ ("LineString" | "MultiLineString")) if self.closed_lines => {
                let Some(json) = coordinates else { return Ok(Err("there are no `coordinates`".into())) };
                return Ok(self.lines(json, kind == "MultiLineString"));
            }
            Some(kind) => return Ok(Err(format!("the geometry is a {kind}, {WANTED}"))),
            None => return Ok(Err(format!("the geometry has no `type`, {WANTED}"))),
        };
        match (done, coordinates) {
            (Some((read_as, outcome)), _) if read_as == nesting => Ok(outcome),
            // What was read too early makes a feature of the wrong shape: it is read again for the reason alone.
            (_, Some(mut json)) => self.attempt(&mut json, nesting),
            (_, None) => Ok(Err("there are no `coordinates`, expected an array of rings".into())),
        }
    }

    /// Reads coordinates of polygons; where that fails, moves over them as JSON and gives the reason.
    fn attempt(&mut self, json: &mut Json<'_>, nesting: Nesting) -> Result<Result<Kind, String>, Fault> {
        let start = *json;
        let before = self.array.coords().len();
        let outcome = match nesting {
            Nesting::Polygon => self.polygon(json),
            Nesting::MultiPolygon => json.array(|json| self.polygon(json)),
        };
        let reason = match outcome {
            Ok(()) if self.array.coords().len() == before => return Ok(Ok(Kind::Empty)),
            Ok(()) => return Ok(Ok(Kind::Polygons)),
            Err(Trouble::Json(fault)) => format!("in `coordinates` {}", json.describe(fault)),
            Err(Trouble::Reason(reason)) => reason,
        };
        *json = start;
        json.skip()?;
        Ok(Err(reason))
    }

    fn polygon(&mut self, json: &mut Json<'_>) -> Result<(), Trouble> {
        let before = self.array.coords().len();
        let mut rings = 0;
        let mut hollow = false;
        json.array(|json| {
            let start = self.array.coords().len();
            self.positions(json)?;
            let empty = self.array.coords().len() == start;
            hollow |= empty && rings == 0;
            rings += 1;
            if !empty {
                self.array.end_ring();
            }
            Ok::<(), Trouble>(())
        })?;
        let filled = self.array.coords().len() > before;
        if filled && hollow {
            return Err(Trouble::Reason(NO_EXTERIOR.into()));
        }
        if filled {
            self.array.end_polygon();
        }
        Ok(())
    }

    /// Adds the positions of one ring.
    #[inline]
    fn positions(&mut self, json: &mut Json<'_>) -> Result<(), Trouble> {
        json.array(|json| {
            let position = self.position(json)?;
            self.array.push_coord(position);
            Ok(())
        })
    }

    #[inline]
    fn position(&mut self, json: &mut Json<'_>) -> Result<Coord, Trouble> {
        if let Some(plain) = json.plain_pair() {
            return Ok(plain);
        }
        json.expect(b'[', "a position, `[x, y]`")?;
        json.token();
        let x = json.number()?;
        json.expect(b',', "`,` and a second ordinate")?;
        json.token();
        let y = json.number()?;
        while !json.take(b']') {
            json.expect(b',', "`,` or `]`")?;
            json.token();
            json.number()?;
            self.tally.dropped_ordinates += 1;
        }
        if !(x.is_finite() && y.is_finite()) {
            return Err(Trouble::Reason(
                "a coordinate is too large for a number, expected finite coordinates".into(),
            ));
        }
        Ok([x, y])
    }

    /// Takes closed lines as the exteriors of polygons.
    fn lines(&mut self, mut json: Json<'_>, multi: bool) -> Result<Kind, String> {
        let before = self.array.coords().len();
        let mut line = |json: &mut Json<'_>| -> Result<(), Trouble> {
            let start = self.array.coords().len();
            self.positions(json)?;
            self.end_closed_line(start).map_err(Trouble::Reason)
        };
        let outcome = if multi { json.array(line) } else { line(&mut json) };
        match outcome {
            Ok(()) if self.array.coords().len() == before => Ok(Kind::Empty),
            Ok(()) => Ok(Kind::ClosedLines),
            Err(Trouble::Json(fault)) => Err(format!("in `coordinates` {}", json.describe(fault))),
            Err(Trouble::Reason(reason)) => Err(reason),
        }
    }

    /// Takes the positions since `start` as the exterior of a polygon, if they are a closed line.
    pub(in crate::io) fn end_closed_line(&mut self, start: usize) -> Result<(), String> {
        match &self.array.coords()[start..] {
            [] => return Ok(()),
            [first, _, _, .., last] if first == last => {}
            _ => {
                return Err("a line is not closed, expected a Polygon, a MultiPolygon or closed lines".into());
            }
        }
        self.array.end_ring();
        self.array.end_polygon();
        Ok(())
    }

    /// Takes a collection that holds nothing but polygons as one multipolygon.
    fn collection(&mut self, members: Option<Json<'_>>) -> Result<Result<Kind, String>, Fault> {
        let Some(mut json) = members else {
            return Ok(Err("a GeometryCollection without `geometries`, expected polygons in it".into()));
        };
        if json.token() != Some(b'[') {
            return Ok(Err(format!("`geometries` is {}, expected an array", json.found())));
        }
        let before = self.array.coords().len();
        let mut reason = None;
        json.array(|json| {
            if let Err(fault) = self.read(json)? {
                reason.get_or_insert(fault);
            }
            Ok::<(), Fault>(())
        })?;
        Ok(match reason {
            Some(reason) => Err(format!("in a GeometryCollection {reason}")),
            None if self.array.coords().len() == before => Ok(Kind::Empty),
            None => Ok(Kind::Collection),
        })
    }
}

fn nesting_of(mut json: Json<'_>) -> Option<Nesting> {
    let mut depth = 0;
    while depth < 5 && json.take(b'[') {
        depth += 1;
    }
    match depth {
        3 => Some(Nesting::Polygon),
        4 => Some(Nesting::MultiPolygon),
        _ => None,
    }
}

//! The part of a Shapefile with geometries, record by record.
//!
//! Source: ESRI Shapefile Technical Description, July 1998.

use std::io::{BufReader, Read};
use std::ops::Range;

use crate::Error;
use crate::geometry::Coord;
use crate::io::bytes::{f64_le, i32_be, i32_le};
use crate::io::source::fill;

/// Bytes asked of the system at a time.
const BUFFER: usize = 1 << 18;
/// Length of the head of the file, and of each record.
const HEAD: usize = 100;
const RECORD_HEAD: usize = 8;
/// Length of a position.
const POSITION: usize = 16;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Points,
    MultiPoints,
    Lines,
    Polygons,
    /// Nothing but null shapes.
    Nothing,
}

impl Kind {
    /// The kind of a type of shapes; ordinates beyond the second are passed over.
    fn of(code: i32) -> Option<Self> {
        Some(match code {
            0 => Self::Nothing,
            1 | 11 | 21 => Self::Points,
            8 | 18 | 28 => Self::MultiPoints,
            3 | 13 | 23 => Self::Lines,
            5 | 15 | 25 => Self::Polygons,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::MultiPoints => "groups of points",
            Self::Lines => "lines",
            Self::Polygons => "polygons",
            Self::Nothing => "no shapes",
        }
    }
}

/// A shape: positions, in parts.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) coords: Vec<Coord>,
    pub(super) parts: Vec<Range<usize>>,
    pub(super) is_null: bool,
}

/// Reads shapes one after another.
pub(super) struct Shapes {
    name: Box<str>,
    input: BufReader<Box<dyn Read + Send>>,
    pub(super) kind: Kind,
    /// Bytes that the head promises, and how many were read.
    end: u64,
    at: u64,
    /// Records read, and the number of the first.
    pub(super) count: u64,
    first: u64,
    content: Vec<u8>,
    pub(super) shape: Shape,
}

impl Shapes {
    pub(super) fn open(name: &str, input: Box<dyn Read + Send>) -> Result<Self, Error> {
        let mut input = BufReader::with_capacity(BUFFER, input);
        let mut head = [0; HEAD];
        let len = fill(&mut input, &mut head).map_err(|error| Error::io("read", name, error))?;
        let fault = |reason: String| Error::File { file: name.into(), reason: reason.into() };
        let (Some(9994), Some(words), Some(1000), Some(code), HEAD) =
            (i32_be(&head, 0), i32_be(&head, 24), i32_le(&head, 28), i32_le(&head, 32), len)
        else {
            return Err(fault("found no head of a Shapefile, expected 100 bytes of it".into()));
        };
        let kind = Kind::of(code).ok_or_else(|| {
            let what = if code == 31 {
                "surfaces in space (MultiPatch)".to_owned()
            } else {
                format!("shapes of the unknown type {code}")
            };
            fault(format!("found {what}, expected polygons, lines or points"))
        })?;
        let end = u64::try_from(words).unwrap_or(0) * 2;
        if end < HEAD as u64 {
            return Err(fault(format!("its head says that it is {words} words long, expected 50 at least")));
        }
        Ok(Self {
            name: name.into(),
            input,
            kind,
            end,
            at: HEAD as u64,
            count: 0,
            first: 0,
            content: Vec::new(),
            shape: Shape::default(),
        })
    }

    fn io(&self) -> impl Fn(std::io::Error) -> Error {
        |error| Error::io("read", &*self.name, error)
    }

    fn file_fault(&self, reason: String) -> Error {
        Error::File { file: self.name.clone(), reason: reason.into() }
    }

    fn fault(&self, reason: impl Into<Box<str>>) -> Error {
        Error::Record { file: self.name.clone(), record: self.count, reason: reason.into() }
    }

    /// Reads the next shape; false behind the last one.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::File`] and [`Error::Record`] where lengths, counts or numbers contradict each other.
    pub(super) fn next(&mut self) -> Result<bool, Error> {
        if self.at == self.end {
            let mut more = [0; 1];
            if fill(&mut self.input, &mut more).map_err(self.io())? > 0 {
                return Err(self.file_fault(format!(
                    "its head says that it ends after {} bytes and {} records, but more follow",
                    self.end, self.count
                )));
            }
            return Ok(false);
        }
        let mut head = [0; RECORD_HEAD];
        let len = fill(&mut self.input, &mut head).map_err(self.io())?;
        let (Some(number), Some(words), RECORD_HEAD) = (i32_be(&head, 0), i32_be(&head, 4), len) else {
            return Err(self.file_fault(format!(
                "it ends after {} bytes and {} records, but its head says {} bytes",
                self.at + len as u64,
                self.count,
                self.end
            )));
        };
        self.count += 1;
        // Some programs count from 0.
        let own = u64::try_from(number).ok();
        if self.count == 1 {
            self.first = own.unwrap_or(1).min(1);
        }
        if own != Some(self.first + self.count - 1) {
            return Err(
                self.fault(format!("it is numbered {number}, expected {}", self.first + self.count - 1))
            );
        }
        let length = u64::try_from(words).unwrap_or(0) * 2;
        self.at += RECORD_HEAD as u64 + length;
        if words < 2 || self.at > self.end {
            return Err(
                self.fault(format!("it says that it is {words} words long, which the file has no room for"))
            );
        }
        self.content.clear();
        let read = (&mut self.input).take(length).read_to_end(&mut self.content).map_err(self.io())?;
        if (read as u64) < length {
            return Err(self.fault(format!("the file ends after {read} of its {length} bytes")));
        }
        self.take()?;
        Ok(true)
    }

    /// Takes the shape out of the content of a record.
    fn take(&mut self) -> Result<(), Error> {
        let content = &self.content[..];
        let shape = &mut self.shape;
        shape.coords.clear();
        shape.parts.clear();
        let code = i32_le(content, 0).unwrap_or(-1);
        shape.is_null = code == 0;
        if shape.is_null {
            return Ok(());
        }
        let Some(kind) = Kind::of(code).filter(|&kind| kind == self.kind) else {
            let kind = self.kind.name();
            return Err(
                self.fault(format!("found a shape of type {code} among {kind}, expected one kind of shapes"))
            );
        };
        let counts = match kind {
            Kind::Points => Some((0, 1, 4)),
            Kind::MultiPoints => i32_le(content, 36).map(|points| (0, points, 40)),
            _ => i32_le(content, 36).zip(i32_le(content, 40)).map(|(parts, points)| (parts, points, 44)),
        };
        let Some((parts, points, start)) = counts else {
            return Err(self.fault("it is too short for a shape"));
        };
        let room = content.len() as u64;
        let needed = |parts: u64, points: u64| start as u64 + parts * 4 + points * POSITION as u64;
        let whole = u64::try_from(parts)
            .ok()
            .zip(u64::try_from(points).ok())
            .filter(|&(parts, points)| needed(parts, points) <= room);
        if whole.is_none() {
            return Err(self.fault(format!(
                "it says that it has {parts} parts and {points} points, but its {room} bytes have no room for them"
            )));
        }
        let (parts, points) = (parts as usize, points as usize);
        let positions = content.get(start + parts * 4..).unwrap_or_default();
        shape.coords.extend(
            positions
                .chunks_exact(POSITION)
                .take(points)
                .map(|position| [0, 8].map(|at| f64_le(position, at).unwrap_or(f64::NAN))),
        );
        if !matches!(kind, Kind::Lines | Kind::Polygons) {
            return Ok(());
        }
        let starts = content.get(start..).unwrap_or_default().chunks_exact(4).take(parts);
        let starts: Option<Vec<usize>> =
            starts.map(|bytes| usize::try_from(i32_le(bytes, 0)?).ok()).collect();
        let ends = starts.iter().flatten().skip(1).copied().chain([points]);
        let ranges: Vec<Range<usize>> =
            starts.iter().flatten().copied().zip(ends).map(|(start, end)| start..end).collect();
        let sound = ranges.first().is_none_or(|first| first.start == 0)
            && ranges.iter().all(|part| part.start <= part.end && part.end <= points);
        if starts.is_none() || !sound || (ranges.is_empty() && points > 0) {
            return Err(
                self.fault("its parts do not begin one behind the other, expected rising positions from 0")
            );
        }
        self.shape.parts = ranges.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(())
    }
}

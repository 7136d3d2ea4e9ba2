use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::error::{Error, FeaturePos};
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, boolean};
use crate::parcel::{ParcelIdx, ParcelSet};

/// What a line does to construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// No construction inside: ecological control line, ecological red line, permanent basic farmland.
    #[default]
    Exclude,
    /// Construction only inside: urban development boundary.
    Confine,
    /// Kept for one use: industrial block line.
    Reserve,
}

impl FromStr for Effect {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "exclude" => Ok(Self::Exclude),
            "confine" => Ok(Self::Confine),
            "reserve" => Ok(Self::Reserve),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exclude => "exclude",
            Self::Confine => "confine",
            Self::Reserve => "reserve",
        })
    }
}

/// Control lines in a working plane, valid and in canonical order.
#[derive(Debug, Clone)]
pub struct ControlLines {
    set: ParcelSet,
    effects: Vec<Effect>,
}

/// One control line: a cheap view.
#[derive(Debug, Clone, Copy)]
pub struct ControlLine<'a> {
    lines: &'a ControlLines,
    position: usize,
}

impl ControlLines {
    /// Takes features as control lines. Their texts `tier` and `effect` say what they are; a line without an effect excludes.
    ///
    /// # Errors
    /// [`Error::Value`] for an effect other than `exclude`, `confine` or `reserve`.
    ///
    /// ```
    /// use geo::{Rect, coord};
    /// use landuse::control::{ControlLines, Effect};
    /// use landuse::{Parcel, ParcelSet};
    ///
    /// let hill = Rect::new(coord! { x: 0., y: 0. }, coord! { x: 100., y: 50. }).to_polygon();
    /// let set = ParcelSet::local([Parcel::new("hill", hill).text("tier", "core")]);
    /// let lines = ControlLines::new(set)?;
    /// let line = lines.iter().next().unwrap();
    /// assert_eq!((line.id(), line.tier(), line.effect()), ("hill".into(), Some("core"), Effect::Exclude));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn new(set: ParcelSet) -> Result<Self, Error> {
        let texts = set.attributes().texts.get("effect");
        let effects = (0..set.len())
            .map(|i| {
                let Some(text) = texts.and_then(|texts| texts.get(i)) else { return Ok(Effect::default()) };
                text.parse().map_err(|()| {
                    let at = FeaturePos {
                        row: set.source_row()[i],
                        id: set.attributes().id.get(i).map(Into::into),
                    };
                    Error::Value {
                        place: format!("control lines: {at}").into(),
                        property: "effect".into(),
                        value: format!("`{text}`").into(),
                        expected: "`exclude`, `confine` or `reserve`",
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { set, effects })
    }

    /// The lines without those that are the same as another in boundary, effect and tier, and how many those were; lines of different
    /// ids stay apart where one of them is among `named`.
    pub(crate) fn once(self, named: &[Box<str>]) -> (Self, usize) {
        let mut kept = vec![true; self.len()];
        for group in self.set.of_same_boundary() {
            let key = |&row: &u32| {
                let line = self.line(row as usize);
                let id = Some(line.id()).filter(|id| named.iter().any(|named| **named == **id));
                (line.effect(), line.tier(), id)
            };
            for (at, row) in group.iter().enumerate() {
                kept[*row as usize] = !group[..at].iter().any(|before| key(before) == key(row));
            }
        }
        self.with_rows(&kept)
    }

    /// The lines whose id is not among `ids`, and which of those no line has.
    pub(crate) fn without(self, ids: &[Box<str>]) -> (Self, Vec<&str>) {
        let mut met = vec![false; ids.len()];
        let mut kept = vec![true; self.len()];
        for (line, kept) in self.iter().zip(&mut kept) {
            for (_, met) in ids.iter().zip(&mut met).filter(|(id, _)| ***id == *line.id()) {
                (*met, *kept) = (true, false);
            }
        }
        let missing = ids.iter().zip(&met).filter(|(_, met)| !**met).map(|(id, _)| &**id).collect();
        (self.with_rows(&kept).0, missing)
    }

    fn with_rows(self, kept: &[bool]) -> (Self, usize) {
        let (mut rows, effects) = (kept.iter(), self.effects.into_iter());
        let effects = effects.filter(|_| rows.next().is_some_and(|kept| *kept)).collect();
        let (set, left_out) = self.set.with_rows(kept);
        (Self { set, effects }, left_out)
    }

    /// How many lines state no effect and are taken to exclude construction.
    pub fn without_effect(&self) -> usize {
        let texts = self.set.attributes().texts.get("effect");
        texts.map_or(self.len(), |texts| self.len() - texts.known())
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// All lines in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ControlLine<'_>> {
        (0..self.len()).map(|position| self.line(position))
    }

    pub(super) fn line(&self, position: usize) -> ControlLine<'_> {
        ControlLine { lines: self, position }
    }

    /// The lines as a set of features.
    pub fn features(&self) -> &ParcelSet {
        &self.set
    }

    /// The lines of one effect, each as it is.
    pub fn of_effect(&self, effect: Effect) -> MultiPolygonArray {
        let mut lines = MultiPolygonArray::new();
        self.shapes(effect).for_each(|line| lines.push(line));
        lines
    }

    fn shapes(&self, effect: Effect) -> impl Iterator<Item = MultiPolygonRef<'_>> {
        self.iter().filter(move |line| line.effect() == effect).map(ControlLine::geometry)
    }

    /// The union of all lines that exclude construction, overlaps counted once: one geometry of disjoint polygons.
    ///
    /// # Complexity
    /// O(m log m) in vertices, on all threads: see [`dissolve`](boolean::dissolve).
    pub fn excluded(&self) -> MultiPolygonArray {
        self.union_of(Effect::Exclude)
    }

    /// As [`excluded`](Self::excluded), of the lines of one effect.
    pub(crate) fn union_of(&self, effect: Effect) -> MultiPolygonArray {
        boolean::dissolve_all(self.shapes(effect))
    }
}

impl<'a> ControlLine<'a> {
    /// Its position among the lines.
    pub fn position(self) -> usize {
        self.position
    }

    /// Its id; without one, its position in the file.
    pub fn id(self) -> std::borrow::Cow<'a, str> {
        match self.lines.set.attributes().id.get(self.position) {
            Some(id) => id.into(),
            None => self.lines.set.source_row()[self.position].to_string().into(),
        }
    }

    /// Its tier, if it has one.
    pub fn tier(self) -> Option<&'a str> {
        self.lines.set.attributes().texts.get("tier")?.get(self.position).map(|tier| &**tier)
    }

    /// What it does to construction.
    pub fn effect(self) -> Effect {
        self.lines.effects[self.position]
    }

    /// The land it encloses.
    pub fn geometry(self) -> MultiPolygonRef<'a> {
        self.lines.set.geometry().get(self.position)
    }

    /// Its own area, m²: whole, not cut to any study area.
    pub fn area_m2(self) -> f64 {
        self.lines.set.get(ParcelIdx(self.position as u32)).area_m2()
    }
}

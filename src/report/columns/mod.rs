//! Output columns as tables: name, type, unit, meaning, source, presence and how a value is had stand once for each column.
//!
//! A layer's table is a list of [`Group`]s of [`Entry`]s over the rows of some `C`. [`Table`] binds it to one such `C`; GeoJSON, CSV, the
//! forms in memory and the data dictionary are made of it.

mod assembly;
mod audit;
mod firms;
mod lines;
mod parcels;
#[cfg(feature = "programme")]
mod programme;
mod redevelop;
#[cfg(feature = "programme")]
mod scenario;
mod sites;
mod units;

pub(super) use assembly::{AssemblyRows, HoldOutRows, assemblies, holdouts};
pub(super) use audit::{Compared, changes, matches};
pub(super) use firms::{
    AppraisalRows, AppraisedParcelRows, BuildingRows, FirmRows, appraisal, appraised_parcels, buildings,
    firms,
};
pub(super) use lines::{Certain, DrawnLines, control_lines, encroachments, inside_lines};
pub(super) use parcels::{computed, computed_without_reasons, recorded};
#[cfg(feature = "programme")]
pub(super) use programme::{ProjectRows, YearRows, programme_years, projects};
pub(super) use redevelop::{
    ParcelRows, SiteRows, UnitRows, capacity_parcels, capacity_sites, capacity_units,
};
#[cfg(feature = "programme")]
pub(super) use scenario::{
    DifferenceRows, OutcomeRows, scenario_lines, scenario_parcels, scenario_sites, scenario_units, scenarios,
};
pub(super) use sites::{inside_lines_of, sites};
pub(super) use units::{Units, Withdrawals, units, withdrawals};

use std::borrow::Cow;
#[cfg(any(feature = "arrow", feature = "gpkg"))]
use std::collections::HashSet;

use crate::Analysis;
use crate::json_text::{push_number, push_text, push_whole};

/// What the values of an output column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A number, possibly with a fraction.
    Number,
    /// A whole number of at least 0.
    Count,
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// A list or an object, as JSON.
    Nested,
}

impl ColumnKind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Count => "count",
            Self::Flag => "flag",
            Self::Text => "text",
            Self::Nested => "nested",
        }
    }
}

/// What is to be known of an output column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputColumn {
    /// Its name in files.
    pub name: String,
    /// What its values are.
    pub kind: ColumnKind,
    /// Unit of its values; empty where they have none, `1` for ratios.
    pub unit: String,
    /// What it says, in a sentence.
    pub meaning: &'static str,
    /// Where the library makes it: module and type.
    pub source: &'static str,
    /// When a layer has it.
    pub presence: &'static str,
    /// What a nested value is made of; without, it is a list of plain values.
    pub members: &'static [ColumnMember],
}

/// A name for each column, none of them the same or among those that are taken, in whichever case: columns of the input may be called
/// as others are.
#[cfg(any(feature = "arrow", feature = "gpkg"))]
pub(super) fn distinct_names<'c>(
    columns: impl Iterator<Item = &'c OutputColumn>,
    taken: &[&str],
) -> Vec<String> {
    let mut taken: HashSet<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    let name = |column: &OutputColumn| {
        let names = std::iter::once(column.name.clone())
            .chain((2..).map(|number: u32| format!("{}_{number}", column.name)));
        names.into_iter().find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
    };
    columns.map(name).collect()
}

/// A member of an object that is a nested value, or in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnMember {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ColumnKind,
    /// Its unit, as of a column.
    pub unit: &'static str,
    /// What it says, in a sentence.
    pub meaning: &'static str,
}

/// How the value in a row is had. Columns of a family ask for their member of it too.
pub(super) enum Get<C> {
    Number(fn(&C, usize) -> Option<f64>),
    Count(fn(&C, usize) -> Option<u64>),
    Flag(fn(&C, usize) -> Option<bool>),
    Text(for<'x> fn(&'x C, usize) -> Option<Cow<'x, str>>),
    /// The members of the value, for the dictionary, and what adds it as JSON.
    Nested(&'static [ColumnMember], fn(&C, usize, &mut Vec<u8>)),
    Numbers(Members<C>, fn(&C, usize, usize) -> Option<f64>),
    Counts(Members<C>, fn(&C, usize, usize) -> Option<u64>),
    Texts(Members<C>, for<'x> fn(&'x C, usize, usize) -> Option<Cow<'x, str>>),
}

/// Name and unit of each column of a family.
type Members<C> = fn(&C) -> Vec<(String, String)>;

// Derived, they would ask the same of `C`.
impl<C> Copy for Get<C> {}
impl<C> Clone for Get<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Get<C> {
    fn kind(self) -> ColumnKind {
        match self {
            Self::Number(_) | Self::Numbers(..) => ColumnKind::Number,
            Self::Count(_) | Self::Counts(..) => ColumnKind::Count,
            Self::Flag(_) => ColumnKind::Flag,
            Self::Text(_) | Self::Texts(..) => ColumnKind::Text,
            Self::Nested(..) => ColumnKind::Nested,
        }
    }
}

/// Which forms of a layer have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forms {
    All,
    /// GeoJSON, in files and in memory.
    GeoJson,
    /// CSV and Arrow.
    Flat,
}

/// One output column, or a family of columns whose names the data give.
pub(super) struct Entry<C> {
    /// The name; for a family how its names are made.
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) meaning: &'static str,
    pub(super) get: Get<C>,
    forms: Forms,
    /// Whether a GeoJSON feature leaves it out where it is unknown.
    sparse: bool,
}

impl<C> Entry<C> {
    fn new(name: &'static str, unit: &'static str, meaning: &'static str, get: Get<C>) -> Self {
        Self { name, unit, meaning, get, forms: Forms::All, sparse: false }
    }

    fn flat_only(self) -> Self {
        Self { forms: Forms::Flat, ..self }
    }

    fn geojson_only(self) -> Self {
        Self { forms: Forms::GeoJson, ..self }
    }

    fn sparse(self) -> Self {
        Self { sparse: true, ..self }
    }

    pub(super) fn kind(&self) -> ColumnKind {
        self.get.kind()
    }

    pub(super) fn members(&self) -> &'static [ColumnMember] {
        if let Get::Nested(members, _) = self.get { members } else { &[] }
    }

    fn is_family(&self) -> bool {
        matches!(self.get, Get::Numbers(..) | Get::Counts(..) | Get::Texts(..))
    }

    /// Name and unit of each of its columns.
    fn names(&self, context: &C) -> Vec<(String, String)> {
        match self.get {
            Get::Numbers(names, _) | Get::Counts(names, _) | Get::Texts(names, _) => names(context),
            _ => vec![(self.name.to_owned(), self.unit.to_owned())],
        }
    }
}

fn number<C>(
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    get: fn(&C, usize) -> Option<f64>,
) -> Entry<C> {
    Entry::new(name, unit, meaning, Get::Number(get))
}

fn count<C>(name: &'static str, meaning: &'static str, get: fn(&C, usize) -> Option<u64>) -> Entry<C> {
    Entry::new(name, "", meaning, Get::Count(get))
}

fn flag<C>(name: &'static str, meaning: &'static str, get: fn(&C, usize) -> Option<bool>) -> Entry<C> {
    Entry::new(name, "", meaning, Get::Flag(get))
}

fn text<C>(
    name: &'static str,
    meaning: &'static str,
    get: for<'x> fn(&'x C, usize) -> Option<Cow<'x, str>>,
) -> Entry<C> {
    Entry::new(name, "", meaning, Get::Text(get))
}

fn nested<C>(
    name: &'static str,
    meaning: &'static str,
    fields: &'static [ColumnMember],
    push: fn(&C, usize, &mut Vec<u8>),
) -> Entry<C> {
    Entry::new(name, "", meaning, Get::Nested(fields, push))
}

/// Columns of one source that are there together.
pub(super) struct Group<C> {
    pub(super) source: &'static str,
    pub(super) presence: &'static str,
    present: fn(&C) -> bool,
    /// What values are asked for by, of a row of the table.
    of_row: fn(&C, usize) -> usize,
    pub(super) entries: Vec<Entry<C>>,
}

impl<C> Group<C> {
    fn new<const N: usize>(source: &'static str, entries: [Entry<C>; N]) -> Self {
        Self { source, presence: "always", present: |_| true, of_row: |_, row| row, entries: entries.into() }
    }

    fn of_row(self, of_row: fn(&C, usize) -> usize) -> Self {
        Self { of_row, ..self }
    }

    fn when(self, presence: &'static str, present: fn(&C) -> bool) -> Self {
        Self { presence, present, ..self }
    }
}

/// Rows of an analysis.
pub(super) struct Found<'a>(pub(super) &'a Analysis);

impl std::ops::Deref for Found<'_> {
    type Target = Analysis;

    fn deref(&self) -> &Analysis {
        self.0
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Unknown,
    Number(f64),
    Count(u64),
    Flag(bool),
    Text(Cow<'a, str>),
    /// A nested value as JSON.
    Json(Vec<u8>),
}

/// The rows of a layer, whatever they are made of.
pub(super) trait Rows: Sync {
    /// All columns, in order.
    fn columns(&self) -> &[OutputColumn];

    /// Positions of the columns that flat forms have, in order.
    fn flat(&self) -> &[usize];

    /// Positions of the columns that GeoJSON has, in the order of its members.
    fn members(&self) -> &[usize];

    /// Whether a GeoJSON feature leaves column `at` out where it is unknown.
    fn is_sparse(&self, at: usize) -> bool;

    /// The value of column `at` in a row.
    fn cell(&self, at: usize, row: usize) -> Cell<'_>;

    /// Adds the members of a GeoJSON feature's properties, with commas between and nothing around.
    fn push_members(&self, row: usize, text: &mut Vec<u8>);
}

/// A table bound to the rows of one `C`.
pub(super) struct Table<C> {
    context: C,
    columns: Vec<OutputColumn>,
    bound: Vec<Bound<C>>,
    flat: Vec<usize>,
    members: Vec<usize>,
}

/// How a column of a table is had and written.
struct Bound<C> {
    /// A comma and the name, as a member of an object begins.
    key: Box<[u8]>,
    get: Get<C>,
    of_row: fn(&C, usize) -> usize,
    member: usize,
    sparse: bool,
}

/// Order of the members of a GeoJSON feature's properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberOrder {
    AsListed,
    ByName,
}

impl<C> Table<C> {
    pub(super) fn new(context: C, groups: Vec<Group<C>>, order: MemberOrder) -> Self {
        let mut table =
            Self { context, columns: Vec::new(), bound: Vec::new(), flat: Vec::new(), members: Vec::new() };
        for group in groups {
            if !(group.present)(&table.context) {
                continue;
            }
            // Families side by side take turns: what belongs to one member stands together.
            for run in group.entries.chunk_by(|a, b| a.is_family() && b.is_family()) {
                let names: Vec<_> = run.iter().map(|entry| entry.names(&table.context)).collect();
                for member in 0..names.iter().map(Vec::len).max().unwrap_or(0) {
                    for (entry, names) in run.iter().zip(&names) {
                        if let Some((name, unit)) = names.get(member) {
                            table.add(&group, entry, member, name, unit);
                        }
                    }
                }
            }
        }
        if order == MemberOrder::ByName {
            let Self { columns, members, .. } = &mut table;
            members.sort_by(|&a, &b| columns[a].name.cmp(&columns[b].name));
        }
        table
    }

    fn add(&mut self, group: &Group<C>, entry: &Entry<C>, member: usize, name: &str, unit: &str) {
        let at = self.columns.len();
        if entry.forms != Forms::GeoJson {
            self.flat.push(at);
        }
        if entry.forms != Forms::Flat {
            self.members.push(at);
        }
        let mut key = b",".to_vec();
        push_text(&mut key, name);
        key.push(b':');
        let Group { source, presence, of_row, .. } = *group;
        self.bound.push(Bound { key: key.into(), get: entry.get, of_row, member, sparse: entry.sparse });
        self.columns.push(OutputColumn {
            name: name.to_owned(),
            kind: entry.kind(),
            unit: unit.to_owned(),
            meaning: entry.meaning,
            source,
            presence,
            members: entry.members(),
        });
    }
}

impl<C: Sync> Rows for Table<C> {
    fn columns(&self) -> &[OutputColumn] {
        &self.columns
    }

    fn flat(&self) -> &[usize] {
        &self.flat
    }

    fn members(&self) -> &[usize] {
        &self.members
    }

    fn is_sparse(&self, at: usize) -> bool {
        self.bound[at].sparse
    }

    fn cell(&self, at: usize, row: usize) -> Cell<'_> {
        let (c, Bound { get, member, of_row, .. }) = (&self.context, &self.bound[at]);
        let row = of_row(c, row);
        let cell = match *get {
            Get::Number(get) => get(c, row).filter(|x| x.is_finite()).map(Cell::Number),
            Get::Numbers(_, get) => get(c, row, *member).filter(|x| x.is_finite()).map(Cell::Number),
            Get::Count(get) => get(c, row).map(Cell::Count),
            Get::Counts(_, get) => get(c, row, *member).map(Cell::Count),
            Get::Flag(get) => get(c, row).map(Cell::Flag),
            Get::Text(get) => get(c, row).map(Cell::Text),
            Get::Texts(_, get) => get(c, row, *member).map(Cell::Text),
            Get::Nested(_, push) => {
                let mut text = Vec::new();
                push(c, row, &mut text);
                (text != b"null").then_some(Cell::Json(text))
            }
        };
        cell.unwrap_or(Cell::Unknown)
    }

    fn push_members(&self, row: usize, text: &mut Vec<u8>) {
        let c = &self.context;
        let start = text.len();
        // The first number of a row is mostly an area of which others are all: its digits are at hand.
        let mut first: Option<(u64, std::ops::Range<usize>)> = None;
        let mut push = |text: &mut Vec<u8>, number: Option<f64>| match (&first, number) {
            (Some((bits, digits)), Some(x)) if x.to_bits() == *bits => {
                text.extend_from_within(digits.clone());
            }
            (None, Some(x)) => {
                let start = text.len();
                push_number(text, x);
                first = Some((x.to_bits(), start..text.len()));
            }
            _ => push_number(text, number),
        };
        for &at in &self.members {
            let Bound { key, get, of_row, member, sparse } = &self.bound[at];
            let row = of_row(c, row);
            let before = text.len();
            text.extend_from_slice(if before == start { &key[1..] } else { key });
            let value = text.len();
            match *get {
                Get::Number(get) => push(text, get(c, row)),
                Get::Numbers(_, get) => push(text, get(c, row, *member)),
                Get::Count(get) => push_count(text, get(c, row)),
                Get::Counts(_, get) => push_count(text, get(c, row, *member)),
                Get::Flag(get) => push_flag(text, get(c, row)),
                Get::Text(get) => push_text(text, get(c, row).as_deref()),
                Get::Texts(_, get) => push_text(text, get(c, row, *member).as_deref()),
                Get::Nested(_, push) => push(c, row, text),
            }
            if *sparse && text[value..] == *b"null" {
                text.truncate(before);
            }
        }
    }
}

/// Adds an object of a nested value, member by member in the order of its fields.
pub(super) struct Record<'t> {
    text: &'t mut Vec<u8>,
    fields: std::slice::Iter<'static, ColumnMember>,
    mark: u8,
}

impl<'t> Record<'t> {
    pub(super) fn new(text: &'t mut Vec<u8>, fields: &'static [ColumnMember]) -> Self {
        Self { text, fields: fields.iter(), mark: b'{' }
    }

    fn key(&mut self, kind: ColumnKind) -> &mut Vec<u8> {
        let field = self.fields.next();
        debug_assert_eq!(
            field.map(|field| field.kind),
            Some(kind),
            "members come in the order of the fields"
        );
        self.text.push(std::mem::replace(&mut self.mark, b','));
        self.text.push(b'"');
        self.text.extend_from_slice(field.map_or(b"" as &[u8], |field| field.name.as_bytes()));
        self.text.extend_from_slice(b"\":");
        self.text
    }

    pub(super) fn text(&mut self, value: Option<&str>) {
        push_text(self.key(ColumnKind::Text), value);
    }

    pub(super) fn number(&mut self, value: Option<f64>) {
        push_number(self.key(ColumnKind::Number), value);
    }

    pub(super) fn count(&mut self, value: Option<u64>) {
        push_count(self.key(ColumnKind::Count), value);
    }

    pub(super) fn flag(&mut self, value: Option<bool>) {
        push_flag(self.key(ColumnKind::Flag), value);
    }

    pub(super) fn end(self) {
        self.text.push(b'}');
    }
}

/// Adds a list of nested values.
fn push_list<T>(
    text: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    let mut mark = b'[';
    for item in items {
        text.push(std::mem::replace(&mut mark, b','));
        push(text, item);
    }
    if mark == b'[' {
        text.push(b'[');
    }
    text.push(b']');
}

fn push_flag(text: &mut Vec<u8>, flag: Option<bool>) {
    text.extend_from_slice(match flag {
        None => b"null",
        Some(true) => b"true",
        Some(false) => b"false",
    });
}

fn push_count(text: &mut Vec<u8>, count: Option<u64>) {
    match count {
        None => text.extend_from_slice(b"null"),
        Some(count) => push_whole(text, count),
    }
}

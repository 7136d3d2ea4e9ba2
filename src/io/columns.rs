//! From values of properties to typed columns, as a schema says: what readers of all formats share.

use std::collections::{HashMap, HashSet};

use super::layer::{AbsentProperty, PropertyFault, ReadReport, examples, same_fault, warnings};
use super::schema::{Field, LeftOut, Meaning, Scalar, Schema, Target};
use super::value::Value;
use crate::Error;
use crate::error::FeaturePos;
use crate::error::nearest;
use crate::geometry::MultiPolygonArray;
use crate::parcel::{Attributes, CategoryColumn, Column, FeatureTable, NamedNumbers, TextColumn};
use crate::zoning::LandUseCode;

/// What a schema calls the feature's own id.
pub(crate) const OWN_ID: &str = "$id";
/// Names of properties that are kept to find near ones.
const MAX_NAMES: usize = 10_000;

/// A schema turned the way the reader needs it: from properties to columns.
pub(super) struct ColumnPlan {
    /// Names of properties that feed a column; the first is the feature's own id.
    properties: Vec<Box<str>>,
    pub(super) slots: HashMap<Box<str>, usize>,
    columns: Vec<PlannedColumn>,
    /// Which of the columns is the id.
    id: usize,
    /// Properties that a feature should have.
    expected: Vec<Box<str>>,
    left_out: Vec<LeftOut>,
}

struct PlannedColumn {
    target: Target,
    /// Properties that feed it; the first known value counts.
    fields: Vec<(usize, Field)>,
}

impl ColumnPlan {
    pub(super) fn new(schema: &Schema) -> Self {
        let mut plan = Self {
            properties: vec![OWN_ID.into()],
            slots: HashMap::from([(OWN_ID.into(), 0)]),
            columns: Vec::new(),
            id: 0,
            expected: Vec::new(),
            left_out: schema.left_out.clone(),
        };
        for field in &schema.fields {
            let slot = *plan.slots.entry(field.property.clone()).or_insert_with(|| {
                plan.properties.push(field.property.clone());
                plan.properties.len() - 1
            });
            let column = plan.columns.iter().position(|column| column.target == field.target);
            let column = column.unwrap_or_else(|| {
                plan.columns.push(PlannedColumn { target: field.target.clone(), fields: Vec::new() });
                plan.columns.len() - 1
            });
            plan.columns[column].fields.push((slot, field.clone()));
            if !field.is_optional() && &*field.property != OWN_ID {
                plan.expected.push(field.property.clone());
            }
        }
        // A property may be called `$id` too; it would hide the feature's own id, so it is not looked for by name.
        plan.slots.remove(OWN_ID);
        plan.id = plan.columns.iter().position(|column| column.target == Target::Id).unwrap_or_else(|| {
            let own_id = Field::new(OWN_ID, Target::Id);
            plan.columns.push(PlannedColumn { target: Target::Id, fields: vec![(0, own_id)] });
            plan.columns.len() - 1
        });
        plan
    }
}

/// A column being filled.
enum Cells {
    Text(TextColumn),
    Number(Column<f64>),
    Bool(Column<bool>),
    Code(CategoryColumn<LandUseCode>),
    Category(CategoryColumn<Box<str>>),
}

impl Cells {
    fn of(target: &Target) -> Self {
        match target {
            Target::Id => Self::Text(TextColumn::new()),
            Target::CurrentUse | Target::ZonedUse => Self::Code(CategoryColumn::new()),
            Target::Construction => Self::Bool(Column::new()),
            Target::District | Target::Text(_) => Self::Category(CategoryColumn::new()),
            _ => Self::Number(Column::new()),
        }
    }

    fn push(&mut self, meaning: &Meaning<'_>) {
        match (self, meaning) {
            (Self::Text(column), Meaning::Text(text)) => column.push(Some(text)),
            (Self::Text(column), _) => column.push(None),
            (Self::Number(column), Meaning::Number(number)) => column.push(Some(*number)),
            (Self::Number(column), _) => column.push(None),
            (Self::Bool(column), Meaning::Bool(flag)) => column.push(Some(*flag)),
            (Self::Bool(column), _) => column.push(None),
            (Self::Code(column), Meaning::Code(code)) => column.push(Some(code)),
            (Self::Code(column), _) => column.push::<LandUseCode>(None),
            (Self::Category(column), Meaning::Text(text)) => column.push(Some(&**text)),
            (Self::Category(column), _) => column.push::<str>(None),
        }
    }

    /// Positions of the values among the distinct ones, in a column that keeps those.
    fn keys(&self) -> Option<&[u32]> {
        match self {
            Self::Code(column) => Some(column.keys()),
            Self::Category(column) => Some(column.keys()),
            _ => None,
        }
    }

    /// Adds the value whose position among the distinct ones is known.
    fn push_key(&mut self, key: u32) {
        match self {
            Self::Code(column) => column.push_key(key),
            Self::Category(column) => column.push_key(key),
            _ => {}
        }
    }

    fn append(&mut self, other: &Self) {
        match (self, other) {
            (Self::Text(own), Self::Text(theirs)) => own.append(theirs),
            (Self::Number(own), Self::Number(theirs)) => own.append(theirs),
            (Self::Bool(own), Self::Bool(theirs)) => own.append(theirs),
            (Self::Code(own), Self::Code(theirs)) => own.append(theirs),
            (Self::Category(own), Self::Category(theirs)) => own.append(theirs),
            _ => unreachable!("both come from one plan"),
        }
    }
}

/// A table of features that grows row by row, whatever the format.
pub(super) struct TableBuilder<'p> {
    plan: &'p ColumnPlan,
    pub(super) table: FeatureTable,
    cells: Vec<Cells>,
    faults: Vec<PropertyFault>,
    /// Names of properties that were met.
    names: HashSet<Box<str>>,
}

impl<'p> TableBuilder<'p> {
    pub(super) fn new(plan: &'p ColumnPlan) -> Self {
        Self {
            plan,
            table: FeatureTable::default(),
            cells: plan.columns.iter().map(|column| Cells::of(&column.target)).collect(),
            faults: Vec::new(),
            names: HashSet::new(),
        }
    }

    /// Notes that a property occurs.
    pub(super) fn met(&mut self, name: &str) {
        if self.names.len() < MAX_NAMES && !self.names.contains(name) {
            self.names.insert(name.into());
        }
    }

    /// Adds features whose positions are counted from `row`.
    pub(super) fn append(&mut self, mut other: Self, row: u32) -> Result<(), Error> {
        let extra = other.table.geometry.coords().len();
        if !self.table.geometry.fits(extra) {
            let found = self.table.geometry.coords().len() as u64 + extra as u64;
            let limit = MultiPolygonArray::MAX_COORDS as u64;
            return Err(Error::TooLarge { what: "coordinates", found, limit });
        }
        self.table.geometry.append(&other.table.geometry);
        self.table.source_row.extend(other.table.source_row.iter().map(|own| own + row));
        other.table.rejected.iter_mut().for_each(|rejected| rejected.at.row += row);
        self.table.rejected.append(&mut other.table.rejected);
        self.cells.iter_mut().zip(&other.cells).for_each(|(own, theirs)| own.append(theirs));
        for mut fault in other.faults {
            fault.first.row += row;
            match same_fault(&mut self.faults, &fault.property, &fault.expected) {
                Some(own) => own.count += fault.count,
                None => self.faults.push(fault),
            }
        }
        other.names.iter().for_each(|name| self.met(name));
        Ok(())
    }

    /// The table, and a report that says what its values and properties are not. The caller adds what it knows of the file.
    pub(super) fn finish(self, mut report: ReadReport) -> (FeatureTable, ReadReport) {
        let mut table = self.table;
        table.attributes = attributes(self.plan, self.cells, table.source_row.len());
        report.property_faults = self.faults;
        report.left_out.clone_from(&self.plan.left_out);
        if report.features > 0 {
            let absent = self.plan.expected.iter().filter(|property| !self.names.contains(*property));
            let nearest =
                |property: &str| nearest(property, self.names.iter().map(|name| &**name)).map(Into::into);
            report.absent_properties = absent
                .map(|property| AbsentProperty { property: property.clone(), nearest: nearest(property) })
                .collect();
        }
        report.warnings = warnings(&report);
        report.examples = examples(&report, &table.rejected);
        (table, report)
    }
}

/// The values of one feature after the other, each on its way into the columns.
pub(super) struct Row<'p, 'a> {
    plan: &'p ColumnPlan,
    values: Vec<Value<'a>>,
    /// For each column that keeps distinct values: recent texts with their keys in it.
    recent: Vec<RecentTexts<'a>>,
}

impl<'p, 'a> Row<'p, 'a> {
    pub(super) fn new(plan: &'p ColumnPlan) -> Self {
        Self { plan, values: Vec::new(), recent: vec![RecentTexts::default(); plan.columns.len()] }
    }

    /// Begins a feature.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.values.resize_with(self.plan.properties.len(), || Value::Missing);
    }

    /// Forgets the properties, but not the feature's own id.
    pub(super) fn clear_properties(&mut self) {
        self.values[1..].iter_mut().for_each(|value| *value = Value::Missing);
    }

    /// Whether a property has a value already.
    pub(super) fn is_set(&self, slot: usize) -> bool {
        !matches!(self.values[slot], Value::Missing)
    }

    /// Sets a property; slot 0 is the feature's own id.
    pub(super) fn set(&mut self, slot: usize, value: Value<'a>) {
        self.values[slot] = value;
    }

    pub(super) fn id(&self) -> Option<Box<str>> {
        id_of(self.plan, &self.values)
    }

    /// Adds the values to the columns as one row, which stands at `row` of the file.
    pub(super) fn add_to(&mut self, builder: &mut TableBuilder<'p>, row: u32) {
        builder.table.source_row.push(row);
        for i in 0..self.plan.columns.len() {
            self.cell(builder, i, row);
        }
    }

    /// Adds what the values say for one column.
    fn cell(&mut self, builder: &mut TableBuilder<'p>, i: usize, row: u32) {
        let column = &self.plan.columns[i];
        let cells = &mut builder.cells[i];
        // What one field makes of a text is the same each time.
        let text = match column.fields[..] {
            [(slot, _)] if cells.keys().is_some() => self.values[slot].borrowed_text(),
            _ => None,
        };
        if let Some(text) = text
            && let Some(key) = self.recent[i].get(text)
        {
            cells.push_key(key);
            return;
        }
        let mut meaning = Meaning::Unknown;
        for (slot, field) in &column.fields {
            let value = &self.values[*slot];
            match read_value(field, value) {
                Ok(Meaning::Unknown) => {}
                Ok(known) => {
                    meaning = known;
                    break;
                }
                Err(expected) => match same_fault(&mut builder.faults, &field.property, expected) {
                    Some(fault) => fault.count += 1,
                    None => builder.faults.push(PropertyFault {
                        property: field.property.clone(),
                        expected: expected.into(),
                        count: 1,
                        first: FeaturePos { row, id: id_of(self.plan, &self.values) },
                        found: value.quoted(),
                    }),
                },
            }
        }
        let known = !matches!(meaning, Meaning::Unknown);
        match (cells, meaning, text) {
            // A value that was forgotten stands twice then; where columns are joined it is one again.
            (Cells::Category(column), Meaning::Text(value), Some(_)) => column.push_unseen(value.into()),
            (cells, meaning, _) => cells.push(&meaning),
        }
        if let Some(text) = text
            && let Some(key) = builder.cells[i].keys().and_then(|keys| keys.last().copied())
            && known
        {
            self.recent[i].set(text, key);
        }
    }
}

/// The columns of a plan as attributes of `len` rows; what no field feeds is unknown.
fn attributes(plan: &ColumnPlan, cells: Vec<Cells>, len: usize) -> Attributes {
    let mut all = Attributes {
        id: TextColumn::new(),
        current_use: CategoryColumn::unknown(len),
        zoned_use: CategoryColumn::unknown(len),
        construction: Column::unknown(len),
        floor_area_m2: Column::unknown(len),
        footprint_m2: Column::unknown(len),
        floors: Column::unknown(len),
        height_m: Column::unknown(len),
        allowed_far: Column::unknown(len),
        year_built: Column::unknown(len),
        district: CategoryColumn::unknown(len),
        ..Attributes::default()
    };
    for (column, cells) in plan.columns.iter().zip(cells) {
        match (&column.target, cells) {
            (Target::Id, Cells::Text(values)) => all.id = values,
            (Target::CurrentUse, Cells::Code(values)) => all.current_use = values,
            (Target::ZonedUse, Cells::Code(values)) => all.zoned_use = values,
            (Target::Construction, Cells::Bool(values)) => all.construction = values,
            (Target::FloorArea, Cells::Number(values)) => all.floor_area_m2 = values,
            (Target::Footprint, Cells::Number(values)) => all.footprint_m2 = values,
            (Target::Floors, Cells::Number(values)) => all.floors = values,
            (Target::Height, Cells::Number(values)) => all.height_m = values,
            (Target::AllowedFar, Cells::Number(values)) => all.allowed_far = values,
            (Target::YearBuilt, Cells::Number(values)) => all.year_built = values,
            (Target::District, Cells::Category(values)) => all.district = values,
            (Target::Number(name), Cells::Number(values)) => {
                let field = column.fields.first().map(|(_, field)| field);
                let unit = field.map_or_else(Box::default, |field| field.unit.clone());
                let adds_up = field.is_some_and(Field::adds_up);
                all.numbers.insert(name.clone(), NamedNumbers { unit, adds_up, values });
            }
            (Target::Text(name), Cells::Category(values)) => {
                all.texts.insert(name.clone(), values);
            }
            _ => unreachable!("cells are made for their target"),
        }
    }
    all
}

/// Recent texts, each with its key in a column. A text may be forgotten for another.
#[derive(Clone, Default)]
struct RecentTexts<'a>(Vec<Option<(&'a str, u32)>>);

impl<'a> RecentTexts<'a> {
    const SLOTS: usize = 256;

    fn get(&self, text: &str) -> Option<u32> {
        let (seen, key) = (*self.0.get(text_hash(text) % Self::SLOTS)?)?;
        (seen == text).then_some(key)
    }

    fn set(&mut self, text: &'a str, key: u32) {
        self.0.resize(Self::SLOTS, None);
        self.0[text_hash(text) % Self::SLOTS] = Some((text, key));
    }
}

/// What a field makes of a value; a number no double can hold is none.
fn read_value<'v>(field: &'v Field, value: &'v Value<'_>) -> Result<Meaning<'v>, &'static str> {
    match value.scalar(&field.target) {
        Scalar::Number(x) if !x.is_finite() => Err("a finite number"),
        scalar => field.read(scalar),
    }
}

fn id_of(plan: &ColumnPlan, values: &[Value<'_>]) -> Option<Box<str>> {
    plan.columns[plan.id].fields.iter().find_map(|(slot, field)| match read_value(field, &values[*slot]) {
        Ok(Meaning::Text(id)) => Some(id.into()),
        _ => None,
    })
}

/// A hash of a text by its length, the first eight and the last eight bytes.
#[inline]
pub(super) fn text_hash(text: &str) -> usize {
    let bytes = text.as_bytes();
    let [first, last] = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(&first), Some(&last)) => [first, last].map(u64::from_le_bytes),
        _ => [bytes.iter().fold(0, |all, &byte| all << 8 | u64::from(byte)), 0],
    };
    let mixed = (first ^ last.rotate_left(29)).wrapping_add(bytes.len() as u64);
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

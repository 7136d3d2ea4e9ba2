use std::cmp::Ordering;
use std::collections::BTreeMap;

use geo::MultiPolygon;

use super::{CategoryColumn, Column, Parcel, TextColumn};
use crate::parallel;
use crate::units::Unit;
use crate::zoning::LandUseCode;

/// Everything known of parcels but their land: typed columns of one length, aligned with the geometries.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Attributes {
    /// Ids in the cadastre.
    pub id: TextColumn,
    /// Surveyed current use.
    pub current_use: CategoryColumn<LandUseCode>,
    /// Use the plan gives.
    pub zoned_use: CategoryColumn<LandUseCode>,
    /// Recorded construction flag.
    pub construction: Column<bool>,
    /// Gross floor area, m².
    pub floor_area_m2: Column<f64>,
    /// Ground that buildings stand on, m².
    pub footprint_m2: Column<f64>,
    /// Storeys of the highest building.
    pub floors: Column<f64>,
    /// Height of the highest building, m.
    pub height_m: Column<f64>,
    /// Floor area ratio that the plan allows.
    pub allowed_far: Column<f64>,
    /// Year built.
    pub year_built: Column<f64>,
    /// Study unit by attribute.
    pub district: CategoryColumn<Box<str>>,
    /// Named numeric columns, in order of name.
    pub numbers: BTreeMap<Box<str>, NamedNumbers>,
    /// Named text columns, in order of name.
    pub texts: BTreeMap<Box<str>, NamedTexts>,
}

/// A numeric column beyond the fixed ones, with the unit its values are in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedNumbers {
    /// The unit of the values as the schema declares it, such as `yuan`, `persons`, `tce`; empty where none is declared.
    pub unit: Box<str>,
    /// Whether values are amounts, which add up over the records of a parcel, such as tax, jobs or energy.
    pub adds_up: bool,
    /// The values.
    pub values: Column<f64>,
}

impl NamedNumbers {
    /// A column of which nothing is known, without a declared unit: it adds up where its name ends in a unit that does
    /// ([`Unit::adds_up`]), such as `tax_yuan`.
    pub(crate) fn unknown(name: &str, len: usize) -> Self {
        Self { unit: "".into(), adds_up: name_adds_up(name), values: Column::unknown(len) }
    }

    /// The column without its values.
    pub(crate) fn with_values(&self, values: Column<f64>) -> Self {
        Self { unit: self.unit.clone(), adds_up: self.adds_up, values }
    }
}

/// Whether a name ends in a unit of amounts.
pub(crate) fn name_adds_up(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or(name);
    last.parse().is_ok_and(|unit: Unit| unit.adds_up())
}

/// A text column beyond the fixed ones.
pub type NamedTexts = CategoryColumn<Box<str>>;

/// Applies one expression to every column of `$a`, binding each to `$column` (and its twin in `$b` to `$other`).
macro_rules! for_each_fixed_column {
    ($a:expr, $b:expr, |$column:ident, $other:ident| $body:expr) => {{
        let (a, b) = ($a, $b);
        {
            let ($column, $other) = (&mut a.id, &b.id);
            $body;
        }
        {
            let ($column, $other) = (&mut a.current_use, &b.current_use);
            $body;
        }
        {
            let ($column, $other) = (&mut a.zoned_use, &b.zoned_use);
            $body;
        }
        {
            let ($column, $other) = (&mut a.construction, &b.construction);
            $body;
        }
        {
            let ($column, $other) = (&mut a.floor_area_m2, &b.floor_area_m2);
            $body;
        }
        {
            let ($column, $other) = (&mut a.footprint_m2, &b.footprint_m2);
            $body;
        }
        {
            let ($column, $other) = (&mut a.floors, &b.floors);
            $body;
        }
        {
            let ($column, $other) = (&mut a.height_m, &b.height_m);
            $body;
        }
        {
            let ($column, $other) = (&mut a.allowed_far, &b.allowed_far);
            $body;
        }
        {
            let ($column, $other) = (&mut a.year_built, &b.year_built);
            $body;
        }
        {
            let ($column, $other) = (&mut a.district, &b.district);
            $body;
        }
    }};
}

impl Attributes {
    /// How many parcels the columns describe.
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether they describe none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows at `order`, in that order.
    #[must_use]
    pub fn take(&self, order: &[u32]) -> Self {
        let mut taken = Self::default();
        let mut numbers: Vec<Column<f64>> = vec![Column::new(); self.numbers.len()];
        let mut texts: Vec<NamedTexts> = vec![NamedTexts::new(); self.texts.len()];
        let mut tasks: Vec<Box<dyn FnOnce() + Send + '_>> = Vec::new();
        for_each_fixed_column!(&mut taken, self, |column, source| tasks
            .push(Box::new(move || *column = source.take(order))));
        for (column, source) in numbers.iter_mut().zip(self.numbers.values()) {
            tasks.push(Box::new(move || *column = source.values.take(order)));
        }
        for (column, source) in texts.iter_mut().zip(self.texts.values()) {
            tasks.push(Box::new(move || *column = source.take(order)));
        }
        parallel::consume(tasks, |task| task());
        for ((name, column), values) in self.numbers.iter().zip(numbers) {
            taken.numbers.insert(name.clone(), column.with_values(values));
        }
        taken.texts = self.texts.keys().cloned().zip(texts).collect();
        taken
    }

    /// Adds the rows of `other` at the end. A named column that one side lacks is unknown there.
    pub fn append(&mut self, other: &Self) {
        let (own, theirs) = (self.len(), other.len());
        for_each_fixed_column!(&mut *self, other, |column, source| column.append(source));
        for (name, column) in &other.numbers {
            let target =
                self.numbers.entry(name.clone()).or_insert_with(|| column.with_values(Column::unknown(own)));
            target.values.append(&column.values);
        }
        for (name, column) in &other.texts {
            self.texts.entry(name.clone()).or_insert_with(|| NamedTexts::unknown(own)).append(column);
        }
        for column in self.numbers.values_mut().filter(|column| column.values.len() == own) {
            column.values.append(&Column::unknown(theirs));
        }
        for column in self.texts.values_mut().filter(|column| column.len() == own) {
            column.append(&NamedTexts::unknown(theirs));
        }
    }

    /// Orders two rows by everything that is known of them but the id; an unknown value comes before a known one.
    pub(crate) fn compare(&self, a: usize, b: usize) -> Ordering {
        let number = |column: &Column<f64>| match (column.get(a), column.get(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        self.current_use
            .get(a)
            .cmp(&self.current_use.get(b))
            .then_with(|| self.zoned_use.get(a).cmp(&self.zoned_use.get(b)))
            .then_with(|| self.construction.get(a).cmp(&self.construction.get(b)))
            .then_with(|| number(&self.floor_area_m2))
            .then_with(|| number(&self.footprint_m2))
            .then_with(|| number(&self.floors))
            .then_with(|| number(&self.height_m))
            .then_with(|| number(&self.allowed_far))
            .then_with(|| number(&self.year_built))
            .then_with(|| self.district.get(a).cmp(&self.district.get(b)))
            .then_with(|| {
                self.numbers
                    .values()
                    .map(|column| number(&column.values))
                    .chain(self.texts.values().map(|column| column.get(a).cmp(&column.get(b))))
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            })
    }

    /// The attributes of row `i`, its geometry left empty.
    pub(crate) fn row(&self, i: usize) -> Parcel {
        let mut parcel = Parcel::new("", MultiPolygon::new(Vec::new()));
        parcel.id = self.id.get(i).map(Into::into);
        parcel.current_use = self.current_use.get(i).cloned();
        parcel.zoned_use = self.zoned_use.get(i).cloned();
        parcel.construction = self.construction.get(i);
        parcel.floor_area_m2 = self.floor_area_m2.get(i);
        parcel.footprint_m2 = self.footprint_m2.get(i);
        parcel.floors = self.floors.get(i);
        parcel.height_m = self.height_m.get(i);
        parcel.allowed_far = self.allowed_far.get(i);
        parcel.year_built = self.year_built.get(i);
        parcel.district = self.district.get(i).map(ToString::to_string);
        parcel.numbers = (self.numbers.iter())
            .filter_map(|(name, column)| Some((name.to_string(), column.values.get(i)?)))
            .collect();
        parcel.texts = (self.texts.iter())
            .filter_map(|(name, column)| Some((name.to_string(), column.get(i)?.to_string())))
            .collect();
        parcel
    }

    /// Adds one parcel's attributes at the end.
    pub fn push(&mut self, parcel: &Parcel) {
        let own = self.len();
        self.id.push(parcel.id.as_deref());
        self.current_use.push(parcel.current_use.as_ref());
        self.zoned_use.push(parcel.zoned_use.as_ref());
        self.construction.push(parcel.construction);
        self.floor_area_m2.push(parcel.floor_area_m2);
        self.footprint_m2.push(parcel.footprint_m2);
        self.floors.push(parcel.floors);
        self.height_m.push(parcel.height_m);
        self.allowed_far.push(parcel.allowed_far);
        self.year_built.push(parcel.year_built);
        self.district.push(parcel.district.as_deref());
        for (name, &value) in &parcel.numbers {
            let column =
                self.numbers.entry(name.as_str().into()).or_insert_with(|| NamedNumbers::unknown(name, own));
            column.values.push(Some(value));
        }
        for (name, value) in &parcel.texts {
            let column = self.texts.entry(name.as_str().into()).or_insert_with(|| NamedTexts::unknown(own));
            column.push(Some(value.as_str()));
        }
        for column in self.numbers.values_mut().filter(|column| column.values.len() == own) {
            column.values.push(None);
        }
        for column in self.texts.values_mut().filter(|column| column.len() == own) {
            column.push::<str>(None);
        }
    }
}

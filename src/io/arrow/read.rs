//! The features of record batches as columns, as a schema says.

use arrow_array::{Array, RecordBatch};

use super::ArrowFeatures;
use super::shapes::Shapes;
use super::value::{categories, value};
use crate::Error;
use crate::error::FeaturePos;
use crate::geometry::MultiPolygonArray;
use crate::io::columns::{ColumnPlan, Row, TableBuilder};
use crate::io::geojson::{FoundLines, Geometry, Tally};
use crate::io::inspect::{KnownNames, Summaries};
use crate::io::schema::Schema;
use crate::io::{FeatureSource, Layer, OnBadFeature, PropertySummary, ReadOptions, ReadReport};
use crate::parallel;
use crate::parcel::Rejected;

/// Rows that one thread reads at a time.
const PIECE: usize = 2_048;
/// Pieces that are read before they are put in place: what stands in memory twice.
const WAVE: usize = 16;

/// Rows of one batch, which begin at `row` of all.
#[derive(Clone, Copy)]
struct Piece<'a> {
    batch: &'a RecordBatch,
    start: usize,
    end: usize,
    row: u32,
}

/// Features that were read.
struct Rows<'p> {
    table: TableBuilder<'p>,
    tally: Tally,
    repeated: u64,
}

impl FeatureSource for ArrowFeatures {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn inspect(&self) -> Result<Vec<PropertySummary>, Error> {
        self.look(false)
    }

    fn inspect_values(&self) -> Result<Vec<PropertySummary>, Error> {
        self.look(true)
    }

    fn read(&self, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error> {
        let pieces = self.pieces()?;
        self.check_size()?;
        let plan = ColumnPlan::new(schema);
        let mut all = Rows { table: TableBuilder::new(&plan), tally: Tally::default(), repeated: 0 };
        self.properties().for_each(|(_, name)| all.table.met(name));
        for wave in pieces.chunks(WAVE) {
            let read = parallel::collect(wave.len(), 1, &|i| self.rows(wave[i], &plan, options));
            for (piece, rows) in wave.iter().zip(read) {
                all.table.append(rows.table, piece.row)?;
                all.tally.add(&rows.tally);
                all.repeated += rows.repeated;
            }
            if let (OnBadFeature::Stop, [first, ..]) = (options.on_bad_feature, &all.table.table.rejected[..])
            {
                let Rejected { at, reason } = first.clone();
                return Err(Error::Feature { file: self.name.clone(), at, reason });
            }
        }
        let (table, report) = all.table.finish(ReadReport {
            features: self.len() as u64,
            crs_member: self.crs.clone().and_then(Result::ok),
            unread_crs: self.crs.clone().and_then(Result::err),
            dropped_ordinates: all.tally.dropped_ordinates,
            closed_lines: all.tally.closed_lines,
            collections: all.tally.collections,
            repeated_properties: all.repeated,
            ..ReadReport::default()
        });
        Ok(Layer { table, report, text: None })
    }

    fn lines(&self) -> Result<FoundLines, Error> {
        let mut found = FoundLines {
            crs_member: self.crs.clone().and_then(Result::ok),
            unread_crs: self.crs.clone().and_then(Result::err),
            ..FoundLines::default()
        };
        for Piece { batch, start, end, row } in self.pieces()? {
            let shapes = Shapes::new(self.encoding, batch.column(self.geometry));
            for own in start..end {
                let at = FeaturePos { row: row + (own - start) as u32, id: None };
                shapes.read_lines(own, &mut found.lines).map_err(|reason| Error::Feature {
                    file: self.name.clone(),
                    at,
                    reason: reason.into(),
                })?;
            }
        }
        Ok(found)
    }
}

impl ArrowFeatures {
    /// What each property is, with the distinct values where they are asked for.
    fn look(&self, with_values: bool) -> Result<Vec<PropertySummary>, Error> {
        let pieces = self.pieces()?;
        let known = KnownNames::new();
        let mut merged = Summaries::new(&known).with_values(with_values);
        for wave in pieces.chunks(WAVE) {
            let found = parallel::collect(wave.len(), 1, &|i| self.summaries(wave[i], &known, with_values));
            wave.iter().zip(found).for_each(|(piece, found)| merged.append(found, piece.row));
        }
        Ok(merged.finish())
    }

    fn pieces(&self) -> Result<Vec<Piece<'_>>, Error> {
        if u32::try_from(self.len()).is_err() {
            let (found, limit) = (self.len() as u64, u32::MAX.into());
            return Err(Error::TooLarge { what: "features", found, limit });
        }
        let mut pieces = Vec::new();
        let mut first = 0;
        for batch in &self.batches {
            for start in (0..batch.num_rows()).step_by(PIECE) {
                let end = batch.num_rows().min(start + PIECE);
                pieces.push(Piece { batch, start, end, row: (first + start) as u32 });
            }
            first += batch.num_rows();
        }
        Ok(pieces)
    }

    /// Refuses more coordinates than a set can hold before any is copied.
    fn check_size(&self) -> Result<(), Error> {
        let limit = MultiPolygonArray::MAX_COORDS as u64;
        let shapes = || self.batches.iter().map(|b| Shapes::new(self.encoding, b.column(self.geometry)));
        if shapes().map(Shapes::most_coordinates).sum::<u64>() <= limit {
            return Ok(());
        }
        let found = shapes().map(Shapes::coordinates).sum::<u64>();
        if found <= limit { Ok(()) } else { Err(Error::TooLarge { what: "coordinates", found, limit }) }
    }

    fn summaries<'k>(&self, piece: Piece<'_>, known: &'k KnownNames, with_values: bool) -> Summaries<'k> {
        let Piece { batch, start, end, .. } = piece;
        let mut summaries = Summaries::new(known).with_values(with_values);
        for (position, (at, name)) in (1..).zip(self.properties()) {
            let slot = summaries.slot(name);
            summaries.met_by(slot, position, (end - start) as u64);
            let column = batch.column(at).slice(start, end - start);
            let Some((values, keys)) = categories(&column) else {
                for row in 0..column.len() {
                    summaries.add(slot, 1, row as u32, &value(&column, row));
                }
                continue;
            };
            // For each category how many rows have it, and the first of them.
            let mut counts = vec![(0_u64, 0_u32); values.len() + 1];
            for (row, key) in (0..).zip(keys) {
                let own = &mut counts[key.unwrap_or(values.len())];
                *own = if own.0 == 0 { (1, row) } else { (own.0 + 1, own.1) };
            }
            for (key, (count, row)) in counts.into_iter().enumerate().filter(|(_, (count, _))| *count > 0) {
                let missing = key == values.len();
                let of = if missing { crate::io::value::Value::Missing } else { value(values, key) };
                summaries.add(slot, count, row, &of);
            }
        }
        summaries
    }

    fn rows<'p>(&self, piece: Piece<'_>, plan: &'p ColumnPlan, options: &ReadOptions) -> Rows<'p> {
        let Piece { batch, start, end, .. } = piece;
        let wanted = self.properties().filter_map(|(at, name)| Some((*plan.slots.get(name)?, at)));
        let wanted: Vec<(usize, &dyn Array)> =
            wanted.map(|(slot, at)| (slot, batch.column(at).as_ref())).collect();
        let shapes = Shapes::new(self.encoding, batch.column(self.geometry));
        let mut rows = Rows { table: TableBuilder::new(plan), tally: Tally::default(), repeated: 0 };
        let mut values = Row::new(plan);
        for (row, own) in (0..).zip(start..end) {
            values.clear();
            for &(slot, column) in &wanted {
                let value = value(column, own);
                rows.repeated += u64::from(values.is_set(slot));
                values.set(slot, value);
            }
            let mut geometry = Geometry {
                array: &mut rows.table.table.geometry,
                tally: &mut rows.tally,
                closed_lines: options.closed_lines_as_polygons,
            };
            let tally = geometry.tally.clone();
            match shapes.read(own, &mut geometry) {
                Ok(kind) => {
                    geometry.count(kind);
                    geometry.array.end_geometry();
                    values.add_to(&mut rows.table, row);
                }
                Err(reason) => {
                    geometry.array.rollback();
                    rows.tally = tally;
                    let at = FeaturePos { row, id: values.id() };
                    rows.table.table.rejected.push(Rejected { at, reason: reason.into() });
                }
            }
        }
        rows
    }
}

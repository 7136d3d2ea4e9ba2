//! A layer from columns, without text between: the same values, faults and warnings as from the text of its features.

use arrow_array::RecordBatch;

use super::{ArrowFile, Rows};
use crate::Error;
use crate::error::{FeaturePos, few};
use crate::io::columns::{ColumnPlan, Row, TableBuilder};
use crate::io::geojson::{Tally, take_geometry};
use crate::io::inspect::{KnownNames, PropertySummary, RecentCounts, Summaries};
use crate::io::schema::Schema;
use crate::io::transcode::{ColumnFile, StoredFiles};
use crate::io::value::Value;
use crate::io::{Layer, OnBadFeature, ReadOptions, ReadReport};
use crate::parallel;
use crate::parcel::Rejected;
use crate::warning::WarningKind;

/// Batches that are worked on at a time.
const BATCHES: usize = 8;

impl ArrowFile {
    /// Makes something of each batch, on all threads, and puts it together in order, with the position of its first row. How many rows
    /// there were.
    fn each_batch<T: Send>(
        &self,
        stored: &StoredFiles,
        shapes: bool,
        of: impl Fn(&Rows<'_>) -> T + Sync,
        mut merge: impl FnMut(T, u32) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let batches = self.start(stored, shapes, |batch, _| Ok(batch.clone()))?;
        let mut rows = 0u64;
        loop {
            let mut taken: Vec<RecordBatch> = Vec::new();
            while taken.len() < BATCHES
                && let Some(batch) = batches.next()?
            {
                taken.push(batch);
            }
            if taken.is_empty() {
                return Ok(rows);
            }
            let ended = taken.len() < BATCHES;
            let made = parallel::consume(taken, |batch| {
                let rows = Rows::of(&batch, &self.layout, shapes).map_err(|reason| self.fault(reason))?;
                Ok::<_, Error>((of(&rows), rows.len))
            });
            for one in made {
                let (one, len) = one?;
                let Ok(first) = u32::try_from(rows) else {
                    return Err(Error::TooLarge {
                        what: "features",
                        found: rows,
                        limit: u64::from(u32::MAX),
                    });
                };
                merge(one, first)?;
                rows += len as u64;
            }
            if ended {
                return Ok(rows);
            }
        }
    }

    fn fault(&self, reason: String) -> Error {
        Error::File { file: self.name.clone(), reason: reason.into() }
    }
}

impl ColumnFile for ArrowFile {
    fn inspect(&self) -> Result<Vec<PropertySummary>, Error> {
        let known = KnownNames::new();
        let mut merged = Summaries::new(&known);
        let look = |rows: &Rows<'_>| {
            let mut summaries = Summaries::new(&known);
            for (position, (property, cells)) in self.layout.properties.iter().zip(&rows.cells).enumerate() {
                let slot = summaries.slot(&property.name);
                let mut recent = RecentCounts::default();
                for row in 0..rows.len {
                    summaries.met(slot, position as u32 + 1);
                    let value = cells.value(row);
                    match value.borrowed_text() {
                        Some(text) => {
                            if let Some((text, count, row)) = recent.add(text, row as u32) {
                                summaries.add(slot, count, row, &Value::Text(text.into()));
                            }
                        }
                        None => summaries.add(slot, 1, row as u32, &value),
                    }
                }
                for (text, count, row) in recent.drain() {
                    summaries.add(slot, count, row, &Value::Text(text.into()));
                }
            }
            summaries
        };
        self.each_batch(&StoredFiles::new(false), false, look, |summaries, row| {
            merged.append(summaries, row);
            Ok(())
        })?;
        Ok(merged.finish())
    }

    fn read(&self, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error> {
        if self.layout.shape.is_none() {
            let names: Vec<&str> = self.layout.columns.iter().map(|(name, _)| &**name).collect();
            return Err(self.fault(format!(
                "it has no column of geometries: it has no metadata `geo`, no column is marked as one, none holds well-known binary \
                 (columns: {}), expected GeoParquet or a column of well-known binary",
                few(&names)
            )));
        }
        let plan = ColumnPlan::new(schema);
        let stored = StoredFiles::new(true);
        let slots: Vec<Option<usize>> =
            self.layout.properties.iter().map(|property| plan.slots.get(&property.name).copied()).collect();
        let mut merged = Part::new(&plan);
        let features = self.each_batch(
            &stored,
            true,
            |rows| self.part(rows, &plan, &slots, options),
            |part, row| {
                let stopped = options.on_bad_feature == OnBadFeature::Stop;
                if let Some(Rejected { at, reason }) = part.rows.table.rejected.first().filter(|_| stopped) {
                    let (mut at, reason) = (at.clone(), reason.clone());
                    at.row += row;
                    return Err(Error::Feature { file: self.name.clone(), at, reason });
                }
                merged.append(part, row)
            },
        )?;
        let dropped = merged.dropped;
        let noticed = (dropped > 0).then_some(WarningKind::OrdinatesDropped { count: dropped });
        let crs = self.about.crs.as_deref().map(str::to_owned);
        let (table, report) = merged.rows.finish(ReadReport {
            features,
            bytes: stored.bytes(),
            hash: stored.hash(),
            crs_member: crs,
            dropped_ordinates: merged.tally.dropped_ordinates,
            closed_lines: merged.tally.closed_lines,
            collections: merged.tally.collections,
            unread_crs: self.about.unread_crs.clone(),
            settled: self.about.settled.clone(),
            noticed: self.about.warnings.iter().cloned().chain(noticed).collect(),
            ..ReadReport::default()
        });
        Ok(Layer { table, report, text: None })
    }
}

/// Features of a batch.
struct Part<'p> {
    rows: TableBuilder<'p>,
    tally: Tally,
    /// Ordinates beyond the second that were left out.
    dropped: u64,
}

impl<'p> Part<'p> {
    fn new(plan: &'p ColumnPlan) -> Self {
        Self { rows: TableBuilder::new(plan), tally: Tally::default(), dropped: 0 }
    }

    fn append(&mut self, other: Self, row: u32) -> Result<(), Error> {
        self.rows.append(other.rows, row)?;
        self.tally.add(&other.tally);
        self.dropped += other.dropped;
        Ok(())
    }
}

impl ArrowFile {
    /// The rows of a batch as features; their positions are counted from its first.
    fn part<'p>(
        &self,
        rows: &Rows<'_>,
        plan: &'p ColumnPlan,
        slots: &[Option<usize>],
        options: &ReadOptions,
    ) -> Part<'p> {
        let mut part = Part::new(plan);
        let Some(shapes) = &rows.shapes else { return part };
        for property in &self.layout.properties {
            part.rows.met(&property.name);
        }
        let mut feature = Row::new(plan);
        let mut text = Vec::new();
        for row in 0..rows.len {
            feature.clear();
            for (cells, slot) in rows.cells.iter().zip(slots) {
                if let Some(slot) = slot {
                    feature.set(*slot, cells.value(row));
                }
            }
            let geometry = &mut part.rows.table.geometry;
            let taken = if let Some(dropped) = shapes.push_polygons(row, geometry) {
                part.dropped += dropped;
                Ok(())
            } else {
                geometry.rollback();
                text.clear();
                part.dropped += shapes.push_text(row, &mut text);
                let text = std::str::from_utf8(&text).unwrap_or_default();
                take_geometry(geometry, &mut part.tally, options.closed_lines_as_polygons, text)
            };
            match taken {
                Ok(()) => {
                    geometry.end_geometry();
                    feature.add_to(&mut part.rows, row as u32);
                }
                Err(reason) => {
                    geometry.rollback();
                    let at = FeaturePos { row: row as u32, id: feature.id() };
                    part.rows.table.rejected.push(Rejected { at, reason: reason.into() });
                }
            }
        }
        part
    }
}

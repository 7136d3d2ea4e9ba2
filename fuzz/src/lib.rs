//! What must hold for any bytes. Each target takes bytes, makes of them what it tests, and panics where something does not hold that
//! should: `cargo fuzz` looks for such bytes, `tests/replay.rs` holds the ones that are stored and their neighbours.

#![forbid(unsafe_code)]

mod formats;
mod geometry;
mod reader;
mod run;
mod texts;

pub use formats::formats;
pub use geometry::geometry;
pub use reader::reader;
pub use run::run;
pub use texts::{expression, gal, pack, rule, schema, table};

/// What takes bytes and panics where something does not hold.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 10] = [
    ("expression", expression),
    ("formats", formats),
    ("gal", gal),
    ("geometry", geometry),
    ("pack", pack),
    ("reader", reader),
    ("rule", rule),
    ("run", run),
    ("schema", schema),
    ("table", table),
];

/// Numbers taken from bytes, one after another; zeros when they are used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn below(&mut self, end: u8) -> u8 {
        self.next() % end.max(1)
    }
}

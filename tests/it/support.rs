//! What tests of several themes share: random numbers that are the same on every machine, and the data folder.

use std::io::Read;
use std::path::{Path, PathBuf};

/// A stream of random numbers (`SplitMix64`); equal seeds give equal streams.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In `low..high`.
    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// In `0..n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Numbers in 0..1 without end.
    pub(crate) fn units(mut self) -> impl Iterator<Item = f64> {
        std::iter::repeat_with(move || self.unit())
    }

    pub(crate) fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
        items
    }
}

/// A path in the folder of real data named by `LANDUSE_DATA`.
pub(crate) fn data(relative: &str) -> PathBuf {
    std::env::var_os("LANDUSE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from)
        .join(relative)
}

/// A file of real data, unpacked if it is compressed; none, said plainly, where it is absent.
pub(crate) fn data_bytes(relative: &str) -> Option<Vec<u8>> {
    let Ok(bytes) = std::fs::read(data(relative)) else {
        println!("skipped: no {relative} in the data folder (set LANDUSE_DATA)");
        return None;
    };
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Some(bytes);
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
    Some(unpacked)
}

/// [`data_bytes`] of a text.
pub(crate) fn data_text(relative: &str) -> Option<String> {
    data_bytes(relative).map(|bytes| String::from_utf8(bytes).unwrap())
}

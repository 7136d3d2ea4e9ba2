//! Each target over what is stored for it, and over neighbours of that, the same ones in every run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use landuse_fuzz::TARGETS;

/// Neighbours of each stored input.
const NEIGHBOURS: usize = 20;

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// The input with a few bytes changed, cut out, repeated or taken from elsewhere in it.
fn neighbour(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let (a, b) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 64));
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 1 << random.below(8);
            }
            1 => drop(bytes.drain(from..to)),
            2 => {
                let part = bytes[from..to].to_vec();
                bytes.splice(at..at, part);
            }
            3 => bytes.truncate(at),
            _ => bytes.insert(at, b"{}[],:\"\\0-e. \n"[random.below(14)]),
        }
    }
    bytes
}

#[test]
fn stored_inputs_and_their_neighbours_hold() {
    let more: usize = std::env::var("FUZZ_NEIGHBOURS").map_or(NEIGHBOURS, |n| n.parse().expect("a number"));
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        let folder = Path::new("corpus").join(name);
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).expect("a corpus").map(|f| f.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no input");
        let mut tried = 0;
        for file in files {
            let stored = std::fs::read(&file).unwrap();
            let mut random = Random(stored.len() as u64);
            for i in 0..=more {
                let input = if i == 0 { stored.clone() } else { neighbour(&stored, &mut random) };
                tried += 1;
                if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                    let kept = std::env::temp_dir().join(format!("{name}-{i}"));
                    std::fs::write(&kept, &input).unwrap();
                    failed.push(format!(
                        "{name}: {} changed {i} times, kept as {}",
                        file.display(),
                        kept.display()
                    ));
                    break;
                }
            }
        }
        println!("{name}: {tried} inputs");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

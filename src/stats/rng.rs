//! Random numbers whose streams are fixed by (seed, purpose, index), so that threads never matter.

/// xoshiro256++ (Blackman and Vigna 2021), seeded through splitmix64 (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Rng([u64; 4]);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Rng {
    /// The stream of `index` among those drawn for one purpose.
    pub(super) fn stream(seed: u64, purpose: u64, index: u64) -> Self {
        let keyed = mix(mix(seed.wrapping_add(GOLDEN)) ^ purpose.wrapping_mul(GOLDEN)) ^ index;
        let mut state = mix(keyed);
        Self([(); 4].map(|()| {
            state = state.wrapping_add(GOLDEN);
            mix(state)
        }))
    }

    pub(super) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A uniform number below `bound`, which is above 0: multiply and reject (Lemire 2019), without bias.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        loop {
            let product = (self.next() >> 32) * u64::from(bound);
            let low = product as u32;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_generators() {
        // First outputs of the authors' C programs for these states.
        let mut rng = Rng([1, 2, 3, 4]);
        let first = [(); 4].map(|()| rng.next());
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
        assert_eq!(mix(1_234_567u64.wrapping_add(GOLDEN)), 6_457_827_717_110_365_317);
    }

    #[test]
    fn small_bounds_are_uniform() {
        let mut counts = [0u32; 7];
        let mut rng = Rng::stream(3, 1, 0);
        for _ in 0..70_000 {
            counts[rng.below(7) as usize] += 1;
        }
        let chi_square: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi_square < 22.5, "{chi_square} with 6 degrees of freedom (p < 0.001)");
    }

    #[test]
    fn streams_differ() {
        let first = |seed, purpose, index| Rng::stream(seed, purpose, index).next();
        let all = [first(0, 0, 0), first(1, 0, 0), first(0, 1, 0), first(0, 0, 1), first(1, 1, 1)];
        assert!((1..all.len()).all(|i| !all[..i].contains(&all[i])));
    }
}

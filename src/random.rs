//! A small deterministic generator whose streams never change: the same key gives the same numbers on every machine.
//!
//! Counter-based `SplitMix64` (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"), so that a
//! stream is started anywhere from a key without drawing what lies before it. Only the basic IEEE operations are used:
//! no result depends on the mathematical library of the system.

/// The step of the counter: 2^64 over the golden ratio, odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes 64 bits so that each depends on all.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A key made of words; their order matters.
pub(crate) fn key<const N: usize>(words: [u64; N]) -> u64 {
    words.iter().fold(0x6C61_6E64_7573_6531, |state, &word| {
        mix(state.wrapping_add(STEP) ^ mix(word.wrapping_add(STEP)))
    })
}

/// A number in `[0, 1)` from 64 bits.
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// One stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The stream that belongs to a key.
    pub(crate) fn new(key: u64) -> Self {
        Self { state: key }
    }

    /// 64 uniform bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..n`; 0 where `n` is 0. The bias is below `n / 2^64`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Nearly standard normal: twelve uniform numbers added, so never beyond ±6.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// Lognormal about the median 1.
    pub(crate) fn lognormal(&mut self, sigma: f64) -> f64 {
        exp(sigma * self.normal())
    }

    /// Puts the items into random order (Fisher-Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// `e^x` for |x| < 10 to about 1e-4 relative, by ten squarings: exact arithmetic on every machine matters more here.
pub(crate) fn exp(x: f64) -> f64 {
    let small = x / 1024.0;
    let mut power = 1.0 + small + small * small / 2.0;
    for _ in 0..10 {
        power *= power;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_never_change() {
        // First outputs of the published SplitMix64 for the seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(
            [random.bits(), random.bits(), random.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        assert_ne!(key([1, 2]), key([2, 1]));
    }

    #[test]
    fn moments_are_those_asked_for() {
        let mut random = Random::new(7);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        assert!((exp(1.5) / 1.5_f64.exp() - 1.0).abs() < 1e-4);
        assert!((exp(-3.0) / (-3.0_f64).exp() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn shuffling_keeps_the_items() {
        let mut items: Vec<usize> = (0..50).collect();
        Random::new(3).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
        assert!((0..1000).all(|_| Random::new(9).below(5) < 5));
    }
}

//! Draws from one stream of a seed.
//!
//! Invariant: the numbers depend on seed and stream alone, bit for bit on every machine: the generator is
//! `ChaCha8` and the functions are those of `libm`, not of the platform.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of draws: of a market that is made up, and of whoever else needs draws that repeat.
#[derive(Debug, Clone)]
pub struct Dice {
    generator: ChaCha8Rng,
    spare: Option<f64>,
}

impl Dice {
    /// Stream number `stream` of `seed`.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Dice { generator, spare: None }
    }

    /// 64 even bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in 0..1, never 0 itself.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        const TO_UNIT: f64 = 1.0 / 9_007_199_254_740_992.0;
        ((self.generator.next_u64() >> 11) as f64 + 0.5) * TO_UNIT
    }

    /// A fair coin.
    #[inline]
    pub fn flip(&mut self) -> bool {
        self.generator.next_u32() & 1 == 1
    }

    /// Normal with mean 0 and variance 1 (Marsaglia's polar method: two per round).
    #[inline]
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let factor = libm::sqrt(-2.0 * libm::log(square) / square);
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }
}

/// The nearest whole number of a float from 0 to 2^51; outside, the nearer end.
#[inline]
pub(super) fn whole(value: f64) -> i64 {
    // Added to 2^52 a float has no room for a fraction: the low bits are the rounded integer.
    const SHIFT: f64 = 4_503_599_627_370_496.0;
    const MASK: u64 = (1 << 52) - 1;
    let bits = (value.clamp(0.0, SHIFT / 2.0) + SHIFT).to_bits();
    i64::try_from(bits & MASK).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_the_nearest_whole_number() {
        for (value, want) in [(0.0, 0), (0.49, 0), (0.51, 1), (1e9 + 0.7, 1_000_000_001), (-5.0, 0)] {
            assert_eq!(whole(value), want, "{value}");
        }
        assert_eq!(whole(f64::INFINITY), 1 << 51);
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let mut dice = Dice::new(7, 1);
        let normals: Vec<f64> = (0..100_000).map(|_| dice.normal()).collect();
        let mean = normals.iter().sum::<f64>() / 1e5;
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let waits = (0..100_000).map(|_| dice.exponential()).sum::<f64>() / 1e5;
        assert!((waits - 1.0).abs() < 0.02, "{waits}");
    }

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, stream| Dice::new(seed, stream).uniform().to_bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}

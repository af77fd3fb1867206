//! Randomness from a seed: identifiers, jitter and, in simulation, every fault.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers. Clones share the stream; [`Chance::fork`] makes another one.
#[derive(Clone, Debug)]
pub struct Chance {
    /// Held for a few instructions at a time, never over an await.
    stream: Arc<Mutex<ChaCha8Rng>>,
}

impl Chance {
    /// A stream seeded by the operating system, through the hash keys that the standard library draws from it.
    pub fn from_entropy() -> Chance {
        use std::hash::{BuildHasher as _, RandomState};
        let mut seed = [0_u8; 32];
        for (part, index) in seed.chunks_exact_mut(8).zip(0_u64..) {
            // Each RandomState has other keys, of which the hash is a keyed function.
            part.copy_from_slice(&RandomState::new().hash_one(index).to_le_bytes());
        }
        Chance::from_rng(ChaCha8Rng::from_seed(seed))
    }

    /// The stream of this seed, the same on every machine.
    pub fn from_seed(seed: u64) -> Chance {
        Chance::from_rng(ChaCha8Rng::seed_from_u64(seed))
    }

    fn from_rng(rng: ChaCha8Rng) -> Chance {
        Chance {
            stream: Arc::new(Mutex::new(rng)),
        }
    }

    /// A stream of its own, which follows from this one's next number and the label.
    pub fn fork(&self, label: &str) -> Chance {
        // FNV-1a: any fixed function of the label does.
        let mixed = label.bytes().fold(self.u64(), |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Chance::from_seed(mixed)
    }

    /// Any number.
    pub fn u64(&self) -> u64 {
        self.stream.lock().next_u64()
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&self, bound: u64) -> u64 {
        assert!(bound > 0, "nothing is below 0");
        // Multiply and shift: uneven by at most bound / 2^64, which nothing here could notice.
        let wide = u128::from(self.u64()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("a product of two u64 has an upper half of 64 bits")
    }

    /// True with this probability.
    pub fn coin(&self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number from 0 up to, not including, 1.
    pub fn unit(&self) -> f64 {
        // 53 bits: what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.lock().fill_bytes(&mut bytes);
        bytes
    }

    /// A duration from `low` to `high`, to the nanosecond.
    pub fn between(&self, low: Duration, high: Duration) -> Duration {
        let span = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX - 1);
        low + Duration::from_nanos(self.below(span + 1))
    }

    /// Puts the items in a random order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = u64::try_from(last).expect("a slice's length fits") + 1;
            let chosen = usize::try_from(self.below(bound)).expect("below a usize");
            items.swap(last, chosen);
        }
    }
}

#[cfg(test)]
mod tests;

//! What was used last, as far as its bytes go. In the order of keys and uses alone, so that a seed holds the same each time.

use std::collections::BTreeMap;

/// Things by key, each with the bytes it takes.
#[derive(Debug)]
pub(super) struct Opened<K, V> {
    bytes_max: usize,
    bytes: usize,
    /// Uses so far: each has a number.
    uses: u64,
    by_key: BTreeMap<K, Kept<V>>,
    /// The keys by the number of their last use.
    by_use: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Kept<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<K: Copy + Ord, V: Clone> Opened<K, V> {
    /// None yet, and never more than these bytes but for a single thing that has more.
    pub(super) fn new(bytes_max: usize) -> Self {
        Opened {
            bytes_max,
            bytes: 0,
            uses: 0,
            by_key: BTreeMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let kept = self.by_key.get_mut(key)?;
        self.by_use.remove(&kept.used);
        self.uses += 1;
        kept.used = self.uses;
        self.by_use.insert(self.uses, *key);
        Some(kept.value.clone())
    }

    /// Keeps a thing that takes so many bytes, and lets go of those that were not used for the longest time.
    pub(super) fn keep(&mut self, key: K, value: V, bytes: usize) {
        self.let_go(&key);
        self.uses += 1;
        self.bytes += bytes;
        let used = self.uses;
        self.by_use.insert(used, key);
        self.by_key.insert(key, Kept { value, bytes, used });
        while self.bytes > self.bytes_max && self.by_key.len() > 1 {
            let Some(oldest) = self.by_use.values().next().copied() else {
                return;
            };
            self.let_go(&oldest);
        }
    }

    fn let_go(&mut self, key: &K) {
        if let Some(kept) = self.by_key.remove(key) {
            self.by_use.remove(&kept.used);
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests;

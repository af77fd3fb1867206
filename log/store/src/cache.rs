//! Blocks of objects in memory, weighed in bytes. It knows nothing of ranges or requests.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::FutureExt as _;
use moka::future::Cache as Moka;
use moka::policy::EvictionPolicy;
use parking_lot::Mutex;

use crate::{Backing, Key};

/// A block of an object: its key and which of its blocks.
pub(crate) type Place = (Key, u64);

/// What a block weighs beside its bytes: its key, its place in the cache's own structures, the allocation's head.
const OVERHEAD_BYTES: u64 = 256;

/// The cache of one store.
#[derive(Debug)]
pub(crate) enum Cache {
    /// By use, not by frequency: moka's usual admission turns away what was never asked for before, which is exactly
    /// what was just written and will be read next.
    Moka(Moka<Place, Bytes>),
    /// Keeps what was used last. Moka decides by the machine's clock when to do its housekeeping (its `Housekeeper`
    /// runs at latest every 300 ms of real time) and hashes with random keys, so what it holds at a given step of a
    /// simulation differs between runs of one seed, and with it which reads reach the store. Objects in memory,
    /// which simulations stand on and which need no cache for speed, get this one.
    Plain(Mutex<Plain>),
}

impl Cache {
    pub(crate) fn new(backing: Backing, bytes_max: u64) -> Cache {
        if backing == Backing::Memory {
            return Cache::Plain(Mutex::new(Plain::new(bytes_max)));
        }
        let moka = Moka::builder()
            .max_capacity(bytes_max)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, bytes: &Bytes| u32::try_from(weight(bytes)).unwrap_or(u32::MAX))
            .build();
        Cache::Moka(moka)
    }

    /// Moka's futures only wait when another thread holds its locks or its log is full; then a lookup counts as a
    /// miss, and an insertion is finished by a later call (moka keeps what a dropped future left undone).
    pub(crate) fn get(&self, place: &Place) -> Option<Bytes> {
        match self {
            Cache::Moka(moka) => moka.get(place).now_or_never().flatten(),
            Cache::Plain(plain) => plain.lock().get(place),
        }
    }

    pub(crate) fn insert(&self, key: Key, first: u64, blocks: impl IntoIterator<Item = Bytes>) {
        for (block, bytes) in (first..).zip(blocks) {
            match self {
                Cache::Moka(moka) => drop(moka.insert((key, block), bytes).now_or_never()),
                Cache::Plain(plain) => plain.lock().insert((key, block), bytes),
            }
        }
        self.settle();
    }

    pub(crate) fn remove(&self, key: Key, blocks: std::ops::Range<u64>) {
        for block in blocks {
            match self {
                Cache::Moka(moka) => drop(moka.invalidate(&(key, block)).now_or_never()),
                Cache::Plain(plain) => plain.lock().remove(&(key, block)),
            }
        }
        self.settle();
    }

    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Cache::Moka(moka) => moka.weighted_size(),
            Cache::Plain(plain) => plain.lock().bytes,
        }
    }

    /// Moka would let 64 insertions pass before it evicts, which at 1 MiB each is too much.
    fn settle(&self) {
        if let Cache::Moka(moka) = self {
            let _ = moka.run_pending_tasks().now_or_never();
        }
    }
}

fn weight(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len())
        .unwrap_or(u64::MAX)
        .saturating_add(OVERHEAD_BYTES)
}

/// The blocks used last, in the order of their use.
#[derive(Debug)]
pub(crate) struct Plain {
    bytes_max: u64,
    bytes: u64,
    uses: u64,
    blocks: BTreeMap<Place, (u64, Bytes)>,
    /// By use, oldest first.
    order: BTreeMap<u64, Place>,
}

impl Plain {
    fn new(bytes_max: u64) -> Plain {
        Plain {
            bytes_max,
            bytes: 0,
            uses: 0,
            blocks: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }

    fn get(&mut self, place: &Place) -> Option<Bytes> {
        self.uses += 1;
        let (used, bytes) = self.blocks.get_mut(place)?;
        self.order.remove(used);
        *used = self.uses;
        self.order.insert(self.uses, *place);
        Some(bytes.clone())
    }

    fn insert(&mut self, place: Place, bytes: Bytes) {
        self.remove(&place);
        self.uses += 1;
        self.bytes += weight(&bytes);
        self.blocks.insert(place, (self.uses, bytes));
        self.order.insert(self.uses, place);
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.order.first_key_value() else {
                return;
            };
            let oldest = *oldest;
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, place: &Place) {
        if let Some((used, bytes)) = self.blocks.remove(place) {
            self.order.remove(&used);
            self.bytes -= weight(&bytes);
        }
    }
}

#[cfg(test)]
mod tests;

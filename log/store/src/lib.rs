//! Objects: keys, write-once puts, ranged reads, the cache.

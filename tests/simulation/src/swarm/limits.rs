//! Limits of engines, stores and compactors, drawn so that every one of them is met in some run.

use std::time::Duration;

use compactor::CompactorConfig;
use engine::EngineConfig;
use store::StoreOptions;
use world::Chance;

use super::pick;

pub(super) fn engine(chance: &Chance) -> EngineConfig {
    let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
    EngineConfig {
        memory_bytes_max: pick(chance, &[256 << 10, 1 << 20, 16 << 20]),
        segment_bytes_max: pick(chance, &[8 << 10, 64 << 10, 1 << 20]),
        linger: ms(5, 250),
        puts_per_second: pick(chance, &[None, Some(4.0), Some(20.0)]),
        puts_burst: pick(chance, &[1, 8]),
        puts_in_flight_max: pick(chance, &[1, 2, 4]),
        inline_bytes_max: pick(chance, &[None, Some(0), Some(512), Some(4096)]),
        inline_queue_bytes_max: pick(chance, &[2 << 10, 1 << 20]),
        look_interval: pick(chance, &[Duration::ZERO, Duration::from_millis(50)]),
        staleness_max: ms(500, 5_000),
        append_deadline: ms(2_000, 6_000),
        change_deadline: ms(2_000, 5_000),
        store_deadline: ms(1_500, 4_000),
        peer_connect_max: ms(50, 500),
        peer_ping: ms(50, 400),
        peer_silence_max: ms(500, 2_000),
        peer_deadline: ms(300, 2_000),
        peer_suspect_for: ms(300, 4_000),
        lost_puts_per_second: pick(chance, &[10.0, 100.0]),
        witness_interval: ms(300, 5_000),
        inline_cache_bytes_max: pick(chance, &[0, 4 << 10, 1 << 20]),
        ..EngineConfig::default()
    }
}

pub(super) fn store(chance: &Chance) -> StoreOptions {
    let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
    StoreOptions {
        cache_bytes_max: pick(chance, &[8 << 10, 256 << 10, 8 << 20]),
        cache_block_bytes: pick(chance, &[512, 4 << 10, 1 << 20]),
        read_run_bytes_max: 1 << 20,
        read_timeout: ms(600, 2_000),
        put_timeout: ms(800, 3_000),
        hedge_after_initial: ms(50, 500),
        hedges_per_hundred: pick(chance, &[5, 50]),
        retries_per_hundred: pick(chance, &[10, 100]),
        ..StoreOptions::default()
    }
}

pub(super) fn compactor(chance: &Chance) -> CompactorConfig {
    let ms = |low, high| chance.between(Duration::from_millis(low), Duration::from_millis(high));
    let segments = CompactorConfig {
        window_bytes_max: pick(chance, &[16 << 10, 1 << 20]),
        window_extents_max: pick(chance, &[8, 1_000]),
        move_out_after: ms(300, 5_000),
        fan_in: 2 + chance.below(4),
        small_objects_max: 4 + chance.below(20),
        put_deadline: ms(1_500, 4_000),
        snapshot_age: ms(300, 5_000),
        snapshot_entries_min: 3 + chance.below(20),
        tick: ms(100, 1_000),
        merge_interval: ms(300, 3_000),
        retention_interval: ms(2_000, 8_000),
        sweep_interval: ms(1_000, 8_000),
        damaged_retry_after: ms(1_000, 5_000),
        ..CompactorConfig::default()
    };
    CompactorConfig {
        // What describes a table is written and parsed again and again, which takes as long as all else: one run in eight does it.
        // A number that is drawn anyway says which.
        tables: segments.snapshot_entries_min % 8 == 4,
        ..with_lake(&segments, chance)
    }
}

/// In half of the runs nothing becomes rows, so that segments grow old.
fn with_lake(segments: &CompactorConfig, chance: &Chance) -> CompactorConfig {
    if chance.coin(0.5) {
        return CompactorConfig {
            lake_bytes: u64::MAX,
            ..segments.clone()
        };
    }
    CompactorConfig {
        lake_bytes: pick(chance, &[4 << 10, 16 << 10, 64 << 10]),
        lake_at_once: chance.coin(0.2),
        lake_level_bytes: pick(chance, &[4 << 10, 16 << 10]),
        lake_small_files_max: segments.small_objects_max,
        lake_partitions_max: pick(chance, &[1, 2, 64]),
        lake_bytes_large: pick(chance, &[32 << 10, 1 << 20]),
        lake_window_bytes_max: pick(chance, &[16 << 10, 1 << 20]),
        // A codec for each column chunk that is opened takes more time than all else together.
        lake_zstd_level_new: i32::from(chance.coin(0.1)),
        lake_zstd_level_merged: i32::from(chance.coin(0.1)),
        ..segments.clone()
    }
}

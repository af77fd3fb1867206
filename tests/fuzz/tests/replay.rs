//! Every input of the corpus, and every one that ever failed, passes its check: on the toolchain of the house, without
//! the fuzzer.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Panics so far: the runtime swallows those of tasks.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn files(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let Ok(entries) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// All in one test: the memory that is counted is that of the process.
#[test]
fn inputs_pass() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    let mut failed = Vec::new();
    for target in fuzz::TARGETS {
        let corpus = files("corpus", target.name);
        assert!(!corpus.is_empty(), "no corpus for {}", target.name);
        for file in corpus.into_iter().chain(files("regressions", target.name)) {
            let data = fs::read(&file).unwrap();
            let before = PANICS.load(Ordering::Relaxed);
            let passed = catch_unwind(AssertUnwindSafe(|| (target.check)(&data)));
            if passed.is_err() || PANICS.load(Ordering::Relaxed) > before {
                failed.push(file);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The corpus holds what the encoders of today make.
#[test]
fn seeds_are_in_the_corpus() {
    for target in fuzz::SEEDED {
        let seeds = fuzz::seeds(target);
        assert!(!seeds.is_empty(), "no seeds for {target}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        for (name, bytes) in seeds {
            let stored = fs::read(folder.join(&name)).unwrap_or_default();
            assert!(stored == bytes, "{target}/{name} differs: tests/fuzz/run seeds");
        }
    }
}

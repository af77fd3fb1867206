//! Mistakes that can be put into the real code on purpose, one at a time, to see whether the proof sees them.
//!
//! A hook is one question in the code of a room: `if seeded::is(Bug::NoLookAfterRead)`. In every build that is not made
//! for this the answer is the constant `false` and the hook is gone. The feature `seeded_bugs` brings the mistakes in,
//! and builds only where the compiler is told so a second time, by `--cfg seeded_bugs` in RUSTFLAGS: no combination of
//! features alone can ship them. It knows no room and does nothing.

#[cfg(all(feature = "seeded_bugs", not(seeded_bugs)))]
compile_error!(
    "the feature `seeded_bugs` puts mistakes into the log; it builds only with RUSTFLAGS=\"--cfg seeded_bugs\""
);

mod bug;
#[cfg(feature = "seeded_bugs")]
mod chosen;

pub use bug::Bug;
#[cfg(feature = "seeded_bugs")]
pub use chosen::{choose, is, struck};

/// Whether this mistake is to be made: never.
#[cfg(not(feature = "seeded_bugs"))]
#[must_use]
#[inline(always)]
pub const fn is(_: Bug) -> bool {
    false
}

#[cfg(all(test, not(feature = "seeded_bugs")))]
mod tests;

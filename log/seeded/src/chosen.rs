//! Which mistake is made, if any: one for a thread, chosen while it runs. Only in builds that have mistakes.

use std::cell::Cell;

use crate::Bug;

thread_local! {
    static CHOSEN: Cell<Option<Bug>> = const { Cell::new(None) };
    static STRUCK: Cell<u64> = const { Cell::new(0) };
}

/// From now on this thread makes this mistake, or none.
pub fn choose(bug: Option<Bug>) {
    CHOSEN.set(bug);
    STRUCK.set(0);
}

/// Whether this mistake is to be made.
#[must_use]
pub fn is(bug: Bug) -> bool {
    let chosen = CHOSEN.get() == Some(bug);
    if chosen {
        STRUCK.set(STRUCK.get() + 1);
    }
    chosen
}

/// How often the code came by the place of the chosen mistake.
#[must_use]
pub fn struck() -> u64 {
    STRUCK.get()
}

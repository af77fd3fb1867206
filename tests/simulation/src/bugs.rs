//! Puts the mistakes of `seeded` into the log, one after another, and looks whether the simulation finds each: the test
//! of the test. Only in builds that have mistakes.

mod hunt;
mod known;
mod pages;
mod shipped;

pub use hunt::{Found, hunt, hunt_in_processes, run_with};
pub use known::{Known, known};
pub use pages::{write_page, write_seeds};
pub use shipped::check_shipped;

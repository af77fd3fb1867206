//! Real processes, killed: a harness that starts the `tidelog` binary, takes it down in every way, and compares what
//! clients were told with what the log holds afterwards.
//!
//! The cross-check of the simulation: here the file system, the database, the kernel and the clock are the real ones.
//! Knows the HTTP API and the command line alone, not what is behind them; only [`overload`] runs an agent in this
//! process, to put a slow store beneath it.

pub mod clean;
pub mod client;
pub mod command;
pub mod disk;
pub mod flights;
pub mod follower;
pub mod lines;
pub mod loss;
pub mod ordeal;
pub mod overload;
pub mod place;
pub mod postgres;
pub mod process;
pub mod servers;
pub mod stand;
pub mod trace;
pub mod verdict;
pub mod workload;

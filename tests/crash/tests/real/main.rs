//! What happens to a log whose processes are killed, paused, starved of disk and memory, and whose files are damaged.

mod damage;
mod flights;
mod fsync;
mod full_disk;
mod kill;
mod lake;
mod ordeal;
mod overload;
mod pause;
mod sse;
mod support;

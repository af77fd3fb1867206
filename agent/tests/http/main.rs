//! The HTTP front from its router down to an engine in memory.

mod admin;
mod append;
mod common;
mod described;
mod iceberg;
mod read;
mod refused;
mod reset;
mod sockets;
mod unknown;
mod until;
mod upkeep;
mod zones;

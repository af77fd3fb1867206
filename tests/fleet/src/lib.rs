//! Many agents of one log, measured: as tasks of one process over a real ledger and store, linked as `tidelog agent --peer-addr`
//! links them. What a thing took stands beside the floor of the same run, for the machine is never quiet.

pub mod agents;
pub mod append;
pub mod counted;
pub mod floor;
pub mod idle;
pub mod latency;
pub mod load;
pub mod place;
pub mod produce;
pub mod scale;
pub mod table;
pub mod tally;
pub mod trickle;
pub mod volume;

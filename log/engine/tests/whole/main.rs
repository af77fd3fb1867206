//! Whole engines over a ledger and a store in memory, in virtual time.

#[cfg(test)]
mod append_and_fetch;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod common;
#[cfg(test)]
mod damaged;
#[cfg(test)]
mod halted;
#[cfg(test)]
mod lake;
#[cfg(test)]
mod lanes;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod moved;
mod peers;
#[cfg(test)]
mod start;
#[cfg(test)]
mod times;
#[cfg(test)]
mod upkeep;

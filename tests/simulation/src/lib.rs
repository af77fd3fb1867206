//! Agents, clients and faults in one deterministic process.

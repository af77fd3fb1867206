//! Every kind of proposal.

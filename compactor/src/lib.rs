//! Replacing and deleting: plan, run, sweep.

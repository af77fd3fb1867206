//! Time, chance and stop: the one door for each.

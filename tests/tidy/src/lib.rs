//! Checks that the house keeps its own rules.
//!
//! There is no code here: the rules are the tests of `tests/house`. They read the tree as text, so a rule that no
//! compiler knows fails like any other test, with the file, the line and the rule. They know nothing of what the code
//! means; what a lint can see is left to the lints of the workspace.

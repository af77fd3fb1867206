//! The rules of the house as tests over its files, read as text. Nothing here runs the code it looks at.

mod configs;
mod dependencies;
mod determinism;
mod docs;
mod files;
mod golden;
mod limits;
mod manifests;
mod naming;
mod text;
mod tree;
mod words;

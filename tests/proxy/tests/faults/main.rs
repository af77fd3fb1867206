//! Each fault against a server that records what it got.

mod answers;
mod command;
mod control;
mod copies;
mod faults;
mod network;
mod passing;
mod seeded;
mod support;
mod tcp;

//! Real processes on real servers, which `infra/local/run` starts.

mod era;
mod flights;
mod ordeal;

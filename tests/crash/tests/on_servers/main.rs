//! Real processes on real servers, which `infra/local/run` starts.

mod flights;
mod ordeal;

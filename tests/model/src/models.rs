//! The models, one a file; each file begins with a drawing of its state.

mod base;
mod grace;
mod life;
mod loss;
mod remains;
mod sequence;
mod snapshot;
mod swap;
mod sweep;

pub(crate) use base::Base;
pub(crate) use grace::Grace;
pub(crate) use life::Life;
pub(crate) use loss::Loss;
pub(crate) use remains::Remains;
pub(crate) use sequence::Sequence;
pub(crate) use snapshot::Snapshot;
pub(crate) use swap::Swap;
pub(crate) use sweep::Sweep;

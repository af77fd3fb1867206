//! Places for connections: so many in all, so many for one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::http::metrics;

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// All of them free.
    pub(super) fn new(all_max: usize, each_max: usize) -> Arc<Places> {
        Arc::new(Places {
            all_max,
            each_max,
            taken: Mutex::new(Taken::default()),
        })
    }

    /// A place for a connection from an address; none when there is none left.
    pub(super) fn take(self: &Arc<Places>, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock();
        let each = taken.by_address.get(&address).copied().unwrap_or(0);
        if taken.all >= self.all_max || each >= self.each_max {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, each + 1);
        metrics::connections(1.0);
        Some(Place {
            places: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.all = taken.all.saturating_sub(1);
        match taken.by_address.get_mut(&self.address) {
            Some(each) if *each > 1 => *each -= 1,
            _ => {
                taken.by_address.remove(&self.address);
            }
        }
        metrics::connections(-1.0);
    }
}

#[cfg(test)]
mod tests;

//! Which lane a group takes, so that the order of each partition is kept.
//!
//! The two lanes reach the ledger at different speeds: a group that took the inline lane may be folded before one that
//! was submitted earlier and still waits for its object. So a partition changes its lane only with nothing in flight.
//! A group that would break this waits here, parked, and whatever comes later for its partitions waits behind it.
//! Pure: knows neither bytes nor time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use metadata::{Lane, PartitionId};
use seeded::Bug;

/// The lane a group would take if nothing were in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) lane: Lane,
    /// The topic asks for just this lane; else an inline group follows what is in flight to the object lane.
    pub(crate) firm: bool,
}

/// The lanes of the partitions that have something in flight, and the groups that wait for a change of lane.
#[derive(Debug)]
pub(crate) struct Router<G> {
    partitions: BTreeMap<PartitionId, Traffic>,
    parked: VecDeque<Parked<G>>,
}

#[derive(Debug, Default)]
struct Traffic {
    inline: u32,
    object: u32,
    parked: u32,
}

#[derive(Debug)]
struct Parked<G> {
    partitions: Vec<PartitionId>,
    wish: Wish,
    group: G,
}

impl<G> Default for Router<G> {
    fn default() -> Self {
        Router {
            partitions: BTreeMap::new(),
            parked: VecDeque::new(),
        }
    }
}

impl<G> Router<G> {
    /// Takes a group over these (distinct) partitions. Gives it back with its lane when it may go at once; it then
    /// counts as in flight until [`Router::release`].
    pub(crate) fn submit(&mut self, partitions: Vec<PartitionId>, wish: Wish, group: G) -> Option<(Lane, G)> {
        let behind = partitions
            .iter()
            .any(|id| self.partitions.get(id).is_some_and(|traffic| traffic.parked > 0));
        match self.choose(&partitions, wish) {
            Some(lane) if !behind || seeded::is(Bug::ParkedOvertaken) => {
                self.count(&partitions, lane);
                Some((lane, group))
            }
            _ => {
                for id in &partitions {
                    self.partitions.entry(*id).or_default().parked += 1;
                }
                self.parked.push_back(Parked {
                    partitions,
                    wish,
                    group,
                });
                None
            }
        }
    }

    /// A group that took this lane is over. Gives what may go now, in the order in which it was submitted.
    pub(crate) fn release(&mut self, partitions: &[PartitionId], lane: Lane) -> Vec<(Lane, G)> {
        let mut emptied = false;
        for id in partitions {
            let Some(traffic) = self.partitions.get_mut(id) else {
                continue;
            };
            let count = traffic.of(lane);
            *count = count.saturating_sub(1);
            emptied |= *count == 0;
            self.forget_idle(*id);
        }
        if emptied { self.unpark() } else { Vec::new() }
    }

    /// Takes out everything that is parked: the agent takes no more writes.
    pub(crate) fn drain_parked(&mut self) -> Vec<G> {
        let parked = std::mem::take(&mut self.parked);
        for id in parked.iter().flat_map(|parked| &parked.partitions) {
            if let Some(traffic) = self.partitions.get_mut(id) {
                traffic.parked = 0;
            }
            self.forget_idle(*id);
        }
        parked.into_iter().map(|parked| parked.group).collect()
    }

    /// Whether nothing is in flight, and nothing parked.
    pub(crate) fn is_idle(&self) -> bool {
        self.partitions.is_empty() && self.parked.is_empty()
    }

    /// Groups that wait for a change of lane.
    #[cfg(test)]
    pub(crate) fn parked(&self) -> usize {
        self.parked.len()
    }

    /// The lane for a group over these partitions, or none as long as it has to wait.
    fn choose(&self, partitions: &[PartitionId], wish: Wish) -> Option<Lane> {
        if seeded::is(Bug::LaneChange) {
            return Some(wish.lane);
        }
        let traffic = || partitions.iter().filter_map(|id| self.partitions.get(id));
        let inline = traffic().any(|traffic| traffic.inline > 0);
        let object = traffic().any(|traffic| traffic.object > 0);
        match (inline, object) {
            (false, false) => Some(wish.lane),
            (true, false) => (wish.lane == Lane::Inline).then_some(Lane::Inline),
            (false, true) => (wish.lane == Lane::Object || !wish.firm).then_some(Lane::Object),
            // Whatever it takes, some of its partitions would change lane with something in flight.
            (true, true) => None,
        }
    }

    fn count(&mut self, partitions: &[PartitionId], lane: Lane) {
        for id in partitions {
            *self.partitions.entry(*id).or_default().of(lane) += 1;
        }
    }

    fn unpark(&mut self) -> Vec<(Lane, G)> {
        let mut free = Vec::new();
        // Partitions of groups that stay parked: nothing submitted later for them may overtake.
        let mut held = BTreeSet::new();
        for parked in std::mem::take(&mut self.parked) {
            let behind = parked.partitions.iter().any(|id| held.contains(id));
            match self.choose(&parked.partitions, parked.wish) {
                Some(lane) if !behind => {
                    for id in &parked.partitions {
                        self.partitions.entry(*id).or_default().parked -= 1;
                    }
                    self.count(&parked.partitions, lane);
                    free.push((lane, parked.group));
                }
                _ => {
                    held.extend(parked.partitions.iter().copied());
                    self.parked.push_back(parked);
                }
            }
        }
        free
    }

    fn forget_idle(&mut self, id: PartitionId) {
        if self.partitions.get(&id).is_some_and(Traffic::is_idle) {
            self.partitions.remove(&id);
        }
    }
}

impl Traffic {
    fn of(&mut self, lane: Lane) -> &mut u32 {
        match lane {
            Lane::Inline => &mut self.inline,
            Lane::Object | Lane::Control => &mut self.object,
        }
    }

    fn is_idle(&self) -> bool {
        self.inline == 0 && self.object == 0 && self.parked == 0
    }
}

#[cfg(test)]
mod tests;

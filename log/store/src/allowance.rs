//! A share of extra requests: so many among a hundred ordinary ones, and no more however bad it gets. A store in
//! trouble is not helped by being asked more often.

use parking_lot::Mutex;

/// What one extra request costs; an ordinary one earns `per_hundred`.
const COST: u64 = 100;

#[derive(Debug)]
pub(crate) struct Allowance {
    per_hundred: u64,
    credit_max: u64,
    credit: Mutex<u64>,
}

impl Allowance {
    /// Begins with `first` extra requests and saves up at most `burst`.
    pub(crate) fn new(per_hundred: u32, first: u32, burst: u32) -> Allowance {
        Allowance {
            per_hundred: u64::from(per_hundred),
            credit_max: u64::from(burst) * COST,
            credit: Mutex::new(u64::from(first) * COST),
        }
    }

    /// Notes an ordinary request.
    pub(crate) fn earn(&self) {
        let mut credit = self.credit.lock();
        *credit = (*credit + self.per_hundred).min(self.credit_max);
    }

    /// Takes an extra one, if there is one.
    pub(crate) fn spend(&self) -> bool {
        let mut credit = self.credit.lock();
        match credit.checked_sub(COST) {
            Some(left) => {
                *credit = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests;

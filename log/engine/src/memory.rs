//! The memory for records that wait for their acknowledgement: a semaphore counted in bytes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::AppendError;

/// Bytes of the budget, held from before a body is read until its records are acknowledged or refused.
#[derive(Debug)]
pub struct Permit {
    held: Option<OwnedSemaphorePermit>,
}

impl Permit {
    /// Takes what the other holds, too.
    pub fn merge(&mut self, other: Permit) {
        match (&mut self.held, other.held) {
            (Some(mine), Some(more)) => mine.merge(more),
            (mine @ None, more) => *mine = more,
            (Some(_), None) => {}
        }
    }

    /// Keeps the bytes for ever.
    pub(crate) fn leak(&mut self) {
        if let Some(held) = self.held.take() {
            held.forget();
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

/// The budget itself.
#[derive(Debug)]
pub(crate) struct Memory {
    free: Arc<Semaphore>,
    bytes_max: usize,
}

impl Memory {
    pub(crate) fn new(bytes_max: usize) -> Memory {
        let bytes_max = bytes_max.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Memory {
            free: Arc::new(Semaphore::new(bytes_max)),
            bytes_max,
        }
    }

    /// Takes bytes that are free now.
    ///
    /// # Errors
    /// [`AppendError::Overloaded`] when they are not, [`AppendError::TooLarge`] when they never will be.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Result<Permit, AppendError> {
        match Arc::clone(&self.free).try_acquire_many_owned(self.count(bytes)?) {
            Ok(held) => Ok(Permit { held: Some(held) }),
            Err(TryAcquireError::NoPermits) => Err(AppendError::Overloaded),
            Err(TryAcquireError::Closed) => Err(AppendError::Draining),
        }
    }

    /// Waits, in the order of the calls, until the bytes are free.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when they never will be, [`AppendError::Draining`] when the process stops.
    pub(crate) async fn reserve(&self, bytes: usize) -> Result<Permit, AppendError> {
        match Arc::clone(&self.free).acquire_many_owned(self.count(bytes)?).await {
            Ok(held) => Ok(Permit { held: Some(held) }),
            Err(_) => Err(AppendError::Draining),
        }
    }

    fn count(&self, bytes: usize) -> Result<u32, AppendError> {
        let too_large = || {
            AppendError::TooLarge(format!(
                "{bytes} bytes in one request, {} fit in memory",
                self.bytes_max
            ))
        };
        if bytes > self.bytes_max {
            Err(too_large())
        } else {
            u32::try_from(bytes).map_err(|_| too_large())
        }
    }

    /// Bytes that are held.
    pub(crate) fn used(&self) -> usize {
        self.bytes_max.saturating_sub(self.free.available_permits())
    }
}

#[cfg(test)]
mod tests;

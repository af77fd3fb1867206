//! One DynamoDB table, which may hold several logs. Strongly consistent within one region, durable when a put was answered.
//!
//! An entry is put where nothing is; that is all the server judges, so the layer above looks at the base and the
//! predecessor after the put. The items are drawn in `client/item.rs`. A segment of 65,536 entries shares a partition key:
//! in a busy log, what is deleted an hour later lies under another one than what is being written. Nothing is tried again by the SDK:
//! see `insist.rs`.

mod address;
mod base;
mod client;
mod examine;
mod insist;
mod table;
mod trim;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use parking_lot::Mutex;
use world::World;

use crate::backend::{Append, Backend, Base, Looks, RawRead};
use crate::error::{LedgerError, OpenError};
use crate::ids::{Hash, Position};
use crate::memory::Collect;
use crate::options::AwsOptions;

pub(crate) use address::Address;
use address::{SEGMENT_ENTRIES, segment_of};
use client::{BYTES, Client, Failure, Item, POSITION, Page, Put, Swap};
pub(crate) use examine::examine;
use insist::Insist;
pub(crate) use table::create;
use watch::Watch;

/// The most bytes of a stored entry. An item may have 400 KB, and a put is paid by the KB.
const ENTRY_BYTES_MAX: usize = 64 << 10;
/// DynamoDB charges for each look, and a hot key has 3,000 read units a second. A process with much to answer looks twenty times a second.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// A put of up to so many bytes costs less here than as an object of its own.
const INLINE_BYTES_MAX: usize = 4 << 10;
/// The most items of one request.
const PAGE_ITEMS_MAX: usize = 4096;
/// No entry is smaller: what its envelope takes.
const ENTRY_BYTES_MIN: usize = crate::envelope::HEADER_BYTES;

/// A ledger in a DynamoDB table.
#[derive(Debug)]
pub struct DynamoLedger {
    client: Client,
    address: Address,
    world: World,
    insist: Insist,
    watch: Watch,
    /// The lowest segment that held something when it was last looked for.
    lowest: Mutex<Option<u64>>,
}

impl DynamoLedger {
    /// Opens a log in a table that exists.
    ///
    /// # Errors
    /// When the options are not enough, the table cannot be reached or is not there, or it is set so that it would lose
    /// entries.
    pub(crate) async fn open(
        address: &Address,
        options: &AwsOptions,
        world: &World,
    ) -> Result<DynamoLedger, OpenError> {
        let client = table::reach(address, options, world).await?;
        Ok(DynamoLedger::new(client, address, world))
    }

    fn new(client: Client, address: &Address, world: &World) -> DynamoLedger {
        DynamoLedger {
            client,
            address: address.clone(),
            world: world.clone(),
            insist: Insist::new(world),
            watch: Watch::new(&world.clock),
            lowest: Mutex::new(None),
        }
    }

    /// Puts an entry where nothing is. The one who finds something there has lost, unless an attempt before it was not
    /// answered: then it may have found what that one put.
    async fn put(&self, position: Position, envelope: &Bytes, doubt: bool) -> Result<Append, Failure> {
        let key = self.address.entry(position);
        let item = Item::at(&key).with_bytes(BYTES, envelope);
        let found = match self.client.put_new(item, doubt).await? {
            Put::Done => return Ok(Append::Appended),
            Put::There(_) if !doubt => return Ok(Append::Taken),
            Put::There(Some(found)) => Some(found),
            Put::There(None) => self.client.get(&key).await?,
        };
        match found.as_ref().and_then(|found| found.bytes(BYTES)) {
            Some(bytes) if bytes == &envelope[..] => Ok(Append::Appended),
            _ => Ok(Append::Taken),
        }
    }

    /// One page of the segment that `first` lies in, from there on.
    async fn page(&self, first: Position, limit: usize) -> Result<Page, LedgerError> {
        let segment = segment_of(first);
        self.page_of(segment, first, last_of(segment), limit).await
    }

    async fn page_of(&self, segment: u64, first: Position, last: Position, limit: usize) -> Result<Page, LedgerError> {
        let key = self.address.segment(segment);
        let limit = i32::try_from(limit.clamp(1, PAGE_ITEMS_MAX)).unwrap_or(i32::MAX);
        self.insist.read(|| self.client.query(&key, first..=last, limit)).await
    }

    async fn item(&self, key: &address::Key) -> Result<Option<Item>, LedgerError> {
        self.insist.read(|| self.client.get(key)).await
    }

    /// Whether anything follows `after`. A gap before it does not hide it while it is in the same segment or the next one, nor
    /// does deletion: the base is then beyond.
    async fn is_followed(&self, after: Position) -> Result<bool, LedgerError> {
        let Some(next) = after.checked_add(1) else {
            return Ok(false);
        };
        if !self.page(next, 1).await?.items.is_empty() {
            return Ok(true);
        }
        let beyond = async {
            match last_of(segment_of(next)).checked_add(1) {
                Some(first) => self.page(first, 1).await.map(|page| !page.items.is_empty()),
                None => Ok(false),
            }
        };
        let (beyond, base) = futures::join!(beyond, self.base());
        Ok(beyond? || base?.is_some_and(|base| base.position > after))
    }
}

/// The last position of a segment.
fn last_of(segment: u64) -> Position {
    segment * SEGMENT_ENTRIES + (SEGMENT_ENTRIES - 1)
}

#[async_trait]
impl Backend for DynamoLedger {
    async fn append(&self, position: Position, _previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        if envelope.len() > ENTRY_BYTES_MAX {
            let (bytes, bytes_max) = (envelope.len(), ENTRY_BYTES_MAX);
            return Err(LedgerError::TooLarge { bytes, bytes_max });
        }
        let put = self.insist.write(|doubt| self.put(position, &envelope, doubt)).await?;
        if put == Append::Appended {
            self.watch.appended(position);
        }
        Ok(put)
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let mut collect = Collect::new(from, max_bytes);
        // An item without bytes is an entry of none, which the layer above knows for damaged, and reads up to it.
        let bytes_of = |item: &mut Item| item.take_bytes(BYTES).unwrap_or_default();
        if max_bytes == 0 {
            if let Some(mut item) = self.item(&self.address.entry(from)).await? {
                let bytes = bytes_of(&mut item);
                collect.take(from, bytes.len(), || bytes);
            }
            return Ok(collect.read);
        }
        let (mut next, mut taken) = (from, 0);
        loop {
            // The first one, those that fit, and the one that tells whether there is more.
            let limit = (max_bytes.saturating_sub(taken) / ENTRY_BYTES_MIN).saturating_add(3);
            let page = self.page(next, limit).await?;
            let end = last_of(segment_of(next));
            for mut item in page.items {
                let position = position_of(&item)?;
                let bytes = bytes_of(&mut item);
                taken = taken.saturating_add(bytes.len());
                if !collect.take(position, bytes.len(), || bytes) {
                    return Ok(collect.read);
                }
                next = position.saturating_add(1);
            }
            if !page.cut && next <= end {
                return Ok(collect.read);
            }
        }
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        let item = self.item(&self.address.base()).await?;
        item.as_ref().map(base::of_item).transpose()
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        let item = &base::item_of(base, &self.address.base());
        let created = self.insist.write(|doubt| async move {
            Ok(match self.client.put_new(item.clone(), false).await? {
                Put::Done => Some(true),
                Put::There(_) if !doubt => Some(false),
                // An attempt before this one may have put what is there.
                Put::There(_) => None,
            })
        });
        match created.await? {
            Some(created) => Ok(created),
            None => self.settle(base).await,
        }
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        // The server can compare bytes and cannot hash them, so it is told the very bytes that have the hash.
        let key = self.address.entry(new.position);
        let entry = self.item(&key).await?;
        let bytes = entry.as_ref().and_then(|entry| entry.bytes(BYTES));
        let bytes = match bytes {
            Some(bytes) if Hash::of(bytes) == new.hash && new.position >= old.position => bytes,
            _ => return Ok(false),
        };
        let entry = &Item::at(&key).with_bytes(BYTES, bytes);
        let [old, put] = [old, new].map(|base| base::item_of(base, &self.address.base()));
        let (old, put, token) = (&old, &put, &token(&self.world));
        let swapped = self.insist.write(|doubt| async move {
            Ok(match self.client.swap(old, put, entry, token).await? {
                Swap::Done => Some(true),
                Swap::Differs if !doubt => Some(false),
                Swap::Differs => None,
            })
        });
        match swapped.await? {
            Some(swapped) => Ok(swapped),
            None => self.settle(new).await,
        }
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        self.trim(position, u64::from(limit)).await
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        let watched = self.watch.until(after, |thorough| {
            match thorough {
                true => self.is_followed(after).boxed(),
                // What comes next comes there.
                false => async move {
                    let next = self.page(after.saturating_add(1), 1).await?;
                    Ok(!next.items.is_empty())
                }
                .boxed(),
            }
        });
        watched.await
    }

    fn looks(&self) -> Looks {
        Looks::AfterPut
    }

    fn entry_bytes_max(&self) -> usize {
        ENTRY_BYTES_MAX
    }

    fn look_interval(&self) -> Duration {
        LOOK_INTERVAL
    }

    fn inline_bytes_max(&self) -> usize {
        INLINE_BYTES_MAX
    }
}

impl DynamoLedger {
    /// An attempt to write this base was not answered, and the next one found another than it expected. When it is this
    /// one, it was written. When it is not, it may have been and been replaced since.
    async fn settle(&self, base: &Base) -> Result<bool, LedgerError> {
        let now = self
            .base()
            .await
            .map_err(|error| LedgerError::unknown(error.to_string()))?;
        match now.as_ref() == Some(base) {
            true => Ok(true),
            false => Err(LedgerError::unknown("an attempt to write the base was not answered")),
        }
    }
}

/// The name under which the attempts of one transaction are one.
fn token(world: &World) -> String {
    format!("{:016x}{:016x}", world.chance.u64(), world.chance.u64())
}

fn position_of(item: &Item) -> Result<Position, LedgerError> {
    let position = item.number(POSITION);
    position.ok_or_else(|| LedgerError::refused("an item of the table has a position that is none"))
}

/// Opens the backend for [`crate::connect`].
pub(crate) async fn connect(
    address: &Address,
    options: &AwsOptions,
    world: &World,
) -> Result<Arc<dyn Backend>, OpenError> {
    Ok(Arc::new(DynamoLedger::open(address, options, world).await?))
}

#[cfg(test)]
mod tests;

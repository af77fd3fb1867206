//! Messages as bytes: a tag byte, numbers big-endian, and lists as lengths and bytes.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use engine::{ToFollower, ToHost};
use ledger::{ClusterId, Hash, Tip};

const FOLLOW: u8 = 1;
const PROPOSE: u8 = 2;
const LOOK: u8 = 3;
const PING: u8 = 4;
const ENTRIES: u8 = 5;
const LOOKED: u8 = 6;
const BEHIND: u8 = 7;

/// A message of one direction.
pub(super) trait Message: Sized + Send + 'static {
    fn encode(&self) -> Bytes;
    /// None for bytes that are no such message.
    fn decode(bytes: Bytes) -> Option<Self>;
}

impl Message for ToHost {
    fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            ToHost::Follow { cluster, tip } => {
                out.put_u8(FOLLOW);
                out.put_slice(&cluster.0);
                put_tip(&mut out, tip);
            }
            ToHost::Propose(body) => {
                out.reserve(1 + body.len());
                out.put_u8(PROPOSE);
                out.put_slice(body);
            }
            ToHost::Look(look) => {
                out.put_u8(LOOK);
                out.put_u64(*look);
            }
        }
        out.freeze()
    }

    fn decode(mut bytes: Bytes) -> Option<ToHost> {
        let message = match bytes.try_get_u8().ok()? {
            FOLLOW => ToHost::Follow {
                cluster: ClusterId(array(&mut bytes)?),
                tip: get_tip(&mut bytes)?,
            },
            PROPOSE => ToHost::Propose(std::mem::take(&mut bytes)),
            LOOK => ToHost::Look(bytes.try_get_u64().ok()?),
            _ => return None,
        };
        bytes.is_empty().then_some(message)
    }
}

impl Message for ToFollower {
    fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            ToFollower::Entries(entries) => {
                out.reserve(1 + entries.iter().map(|stored| 4 + stored.len()).sum::<usize>());
                out.put_u8(ENTRIES);
                for stored in entries {
                    // Entries are bounded far below this by every ledger.
                    out.put_u32(u32::try_from(stored.len()).unwrap_or(u32::MAX));
                    out.put_slice(stored);
                }
            }
            ToFollower::Looked { look, tip } => {
                out.put_u8(LOOKED);
                out.put_u64(*look);
                put_tip(&mut out, tip);
            }
            ToFollower::Behind => out.put_u8(BEHIND),
            ToFollower::Ping => out.put_u8(PING),
        }
        out.freeze()
    }

    fn decode(mut bytes: Bytes) -> Option<ToFollower> {
        let message = match bytes.try_get_u8().ok()? {
            ENTRIES => {
                let mut entries = Vec::new();
                while !bytes.is_empty() {
                    let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
                    if length > bytes.len() {
                        return None;
                    }
                    // A slice of the frame, not a copy.
                    entries.push(bytes.split_to(length));
                }
                ToFollower::Entries(entries)
            }
            LOOKED => ToFollower::Looked {
                look: bytes.try_get_u64().ok()?,
                tip: get_tip(&mut bytes)?,
            },
            BEHIND => ToFollower::Behind,
            PING => ToFollower::Ping,
            _ => return None,
        };
        bytes.is_empty().then_some(message)
    }
}

fn put_tip(out: &mut BytesMut, tip: &Tip) {
    out.put_u64(tip.era);
    out.put_u64(tip.position);
    out.put_slice(&tip.hash.0);
}

fn get_tip(bytes: &mut Bytes) -> Option<Tip> {
    let (era, position) = (bytes.try_get_u64().ok()?, bytes.try_get_u64().ok()?);
    Some(Tip::new(era, position, Hash(array(bytes)?)))
}

fn array<const N: usize>(bytes: &mut Bytes) -> Option<[u8; N]> {
    let mut array = [0; N];
    bytes.try_copy_to_slice(&mut array).ok()?;
    Some(array)
}

//! Tables in memory for the suite, behind whatever faults are asked for.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use world::World;

use super::{Harness, Table};
use crate::backend::{Backend, Looks};
use crate::faulty::{Faults, FaultyLedger};
use crate::ids::Position;
use crate::memory::MemoryLedger;

/// Makes tables in memory.
#[derive(Debug)]
pub struct MemoryTables {
    looks: Looks,
    faults: Faults,
    world: World,
}

#[derive(Debug)]
struct MemoryTable {
    memory: MemoryLedger,
    faults: Faults,
    world: World,
}

impl MemoryTables {
    /// Tables of one kind, whose calls suffer these faults.
    pub fn new(looks: Looks, faults: Faults, world: World) -> MemoryTables {
        MemoryTables { looks, faults, world }
    }
}

#[async_trait]
impl Harness for MemoryTables {
    async fn fresh(&self) -> Arc<dyn Table> {
        Arc::new(MemoryTable {
            memory: MemoryLedger::new(self.looks),
            faults: self.faults,
            world: self.world.clone(),
        })
    }
}

#[async_trait]
impl Table for MemoryTable {
    async fn open(&self) -> Arc<dyn Backend> {
        let memory = Arc::new(self.memory.clone());
        Arc::new(FaultyLedger::new(memory, self.faults, self.world.child("faulty")))
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        self.memory.plant(position, bytes);
    }
}

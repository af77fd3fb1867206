use async_trait::async_trait;

use super::*;
use crate::backend::Looks;
use crate::conformance::MemoryTables;
use crate::faulty::Faults;

#[tokio::test]
async fn the_model_is_its_own_equal() {
    for looks in [Looks::InStatement, Looks::AfterPut] {
        let world = World::simulated(0);
        let harness = MemoryTables::new(looks, Faults::NONE, world.child("harness"));
        for seed in 0..4 {
            differential(&harness, &world, seed, 1000).await;
        }
    }
}

/// What a backend may get wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    /// Does not look at the base or the predecessor, and says it does.
    Looks,
    /// Takes one byte too many for a read.
    Read,
    /// Compares only the position of the base.
    Compare,
    /// Deletes the highest first.
    Delete,
}

#[derive(Debug)]
struct WrongTable(MemoryLedger, Wrong);

#[derive(Debug)]
struct WrongTables(Wrong);

#[async_trait]
impl Harness for WrongTables {
    async fn fresh(&self) -> Arc<dyn Table> {
        let looks = match self.0 {
            Wrong::Looks => Looks::AfterPut,
            _ => Looks::InStatement,
        };
        Arc::new(WrongTable(MemoryLedger::new(looks), self.0))
    }
}

#[async_trait]
impl Table for WrongTable {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(WrongTable(self.0.clone(), self.1))
    }

    async fn plant(&self, position: Position, bytes: Option<Bytes>) {
        self.0.plant(position, bytes);
    }
}

#[async_trait]
impl Backend for WrongTable {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        self.0.append(position, previous, envelope).await
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let more = usize::from(self.1 == Wrong::Read && max_bytes > 0);
        self.0.read(from, max_bytes.saturating_add(more)).await
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        self.0.base().await
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        self.0.create_base(base).await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        match (self.1, self.0.base().await?) {
            (Wrong::Compare, Some(base)) if base.position == old.position => self.0.advance_base(&base, new).await,
            _ => self.0.advance_base(old, new).await,
        }
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        if self.1 != Wrong::Delete {
            return self.0.delete_below(position, limit).await;
        }
        let entries = self.0.entries();
        let below = entries.iter().rev().filter(|entry| entry.position < position);
        let gone: Vec<_> = below.take(limit as usize).collect();
        for entry in &gone {
            self.0.plant(entry.position, None);
        }
        Ok(gone.len() as u64)
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        self.0.watch(after).await
    }

    fn looks(&self) -> Looks {
        Looks::InStatement
    }

    fn entry_bytes_max(&self) -> usize {
        self.0.entry_bytes_max()
    }
}

#[tokio::test]
async fn what_is_wrong_is_found() {
    for wrong in [Wrong::Looks, Wrong::Read, Wrong::Compare, Wrong::Delete] {
        let world = World::simulated(0);
        let run = async { differential(&WrongTables(wrong), &world, 1, 3000).await };
        let failed = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run)).await;
        let text = *failed
            .expect_err(&format!("{wrong:?} goes unseen"))
            .downcast::<String>()
            .unwrap();
        assert!(text.starts_with("seed 1, call "), "{text}");
    }
}

/// The same seed asks the same.
#[tokio::test]
async fn the_seed_says_all() {
    let calls = async |seed: u64| {
        let (draw, model) = (Draw::new(Chance::from_seed(seed), 1 << 20), MemoryLedger::sql_like());
        let mut text = String::new();
        for _ in 0..200 {
            let base = model.base().await.unwrap();
            let call = draw.call(&model.entries(), base.as_ref());
            match &call {
                Call::Plant(position, bytes) => model.plant(*position, bytes.clone()),
                Call::LoseEnd(count) => model.lose_end(*count),
                Call::Watch(_) => {}
                call => drop(answer(&model, call).await),
            }
            text += &format!("{call}\n");
        }
        text
    };
    assert_eq!(calls(7).await, calls(7).await);
    assert_ne!(calls(7).await, calls(8).await);
}

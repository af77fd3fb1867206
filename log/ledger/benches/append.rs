//! One append at a time, each durable before the next: what a committer gets from a backend. `-- --test` only checks
//! that it runs.

use std::sync::Arc;

use bytes::Bytes;
use ledger::{Appended, Backend, Ledger, MemoryLedger, MemoryWitness, SqliteLedger, Tip};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use world::World;

fn main() {
    divan::main();
}

const BODY_BYTES: [usize; 3] = [256, 4 << 10, 64 << 10];

struct Appender {
    runtime: Runtime,
    ledger: Ledger,
    tip: Tip,
    _dir: TempDir,
}

impl Appender {
    fn new(sqlite: bool) -> Appender {
        let runtime = Runtime::new().expect("a runtime");
        let dir = TempDir::new().expect("a folder");
        let world = World::real();
        let (ledger, tip) = runtime.block_on(async {
            let path = dir.path().join("ledger.db");
            let backend: Arc<dyn Backend> = match sqlite {
                true => Arc::new(SqliteLedger::open(&path, &world).await.expect("a file")),
                false => Arc::new(MemoryLedger::sql_like()),
            };
            let witness = Arc::new(MemoryWitness::new());
            let ledger = Ledger::open(backend, witness, world).await.expect("a ledger");
            let tip = ledger.base().await.expect("a base").tip();
            (ledger, tip)
        });
        Appender {
            runtime,
            ledger,
            tip,
            _dir: dir,
        }
    }

    fn append(&mut self, body: &Bytes) {
        let append = self.ledger.append(&self.tip, body.clone());
        match self.runtime.block_on(append) {
            Ok(Appended::At(tip)) => self.tip = tip,
            other => panic!("{other:?}"),
        }
    }
}

#[divan::bench(args = BODY_BYTES)]
fn sqlite(bencher: divan::Bencher<'_, '_>, bytes: usize) {
    let (mut appender, body) = (Appender::new(true), Bytes::from(vec![7; bytes]));
    bencher.bench_local(|| appender.append(&body));
}

#[divan::bench(args = BODY_BYTES)]
fn memory(bencher: divan::Bencher<'_, '_>, bytes: usize) {
    let (mut appender, body) = (Appender::new(false), Bytes::from(vec![7; bytes]));
    bencher.bench_local(|| appender.append(&body));
}

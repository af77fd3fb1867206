//! Objects as they are put and deleted: a name is used for one content for ever, and what is deleted is named by
//! nothing and was not for the grace.

use futures::StreamExt as _;
use metadata::{ClusterConfig, ObjectName, ObjectStatus};
use store::{Key, Objects as _, SnapshotName};

use super::lives::{Lives, Over};
use super::{Audit, Books, now};

impl Audit {
    /// An object is about to be put; `same` when nothing else was ever put under its name.
    pub(crate) fn object_put(&self, path: &str, bytes: usize, same: bool) {
        self.journal.line(format_args!("place put {path} {bytes} bytes"));
        self.journal
            .check("a name has one content for ever", same, || path.to_owned());
    }

    /// Somebody asked for an object that is not there.
    pub(crate) fn object_missed(&self, path: &str) {
        self.journal.line(format_args!("place has no {path}"));
        self.journal.count("objects missed");
    }

    /// Objects are about to be deleted.
    pub(crate) fn objects_deleted(&self, paths: &[String]) {
        let books = &mut *self.books.lock();
        books.catch_up();
        for path in paths {
            self.journal.line(format_args!("place delete {path}"));
            let key = books.parse(path);
            let swept = matches!(
                key,
                Some(Key::Segment(_) | Key::LakeData(..) | Key::LakeMetadata(..) | Key::Snapshot(_))
            );
            self.journal.check(
                "nothing is deleted but segments, lake objects and snapshots",
                swept,
                || path.clone(),
            );
            let grace_ms = |of: fn(&ClusterConfig) -> u64| {
                let config = books.account.as_ref().map(|account| account.state.cluster_config());
                config.map_or(0, of)
            };
            match key {
                Some(Key::Segment(name)) => books.check_deletion(&name, grace_ms(ClusterConfig::segment_grace_ms)),
                Some(Key::LakeData(_, name) | Key::LakeMetadata(_, name, _)) => {
                    books.check_deletion(&name, grace_ms(ClusterConfig::lake_grace_ms));
                }
                Some(Key::Snapshot(name)) => books.check_snapshot_deletion(path, &name),
                _ => {}
            }
        }
    }

    /// Whether a segment that is in the place is named by nothing yet, and may still be.
    pub(crate) fn waits(&self, path: &str) -> bool {
        let books = self.books.lock();
        match (books.parse(path), &books.account) {
            (Some(Key::Segment(name) | Key::LakeData(_, name) | Key::LakeMetadata(_, name, _)), Some(account)) => {
                let named = matches!(books.status(&name), Some(ObjectStatus::Named { .. }));
                !named && account.lives.may_come(&name)
            }
            _ => false,
        }
    }

    /// Objects that are in the place and that nothing needs, once all lives are over.
    pub(crate) fn orphans(&self) -> Vec<String> {
        let books = self.books.lock();
        let listed: Vec<_> = now(books.place.list("").collect::<Vec<_>>());
        let paths = listed.into_iter().filter_map(Result::ok).map(|found| found.path);
        paths.filter(|path| books.is_orphan(path)).collect()
    }
}

impl Books {
    /// Whether an object is in the place.
    pub(super) fn is_there(&self, path: &str) -> bool {
        now(self.place.get(path, Some(0..1))).is_ok()
    }

    pub(super) fn is_key_there(&self, key: &Key) -> bool {
        self.ledger
            .as_ref()
            .is_some_and(|ledger| self.is_there(&key.path(&ledger.cluster())))
    }

    fn parse(&self, path: &str) -> Option<Key> {
        Key::parse(path, &self.ledger.as_ref()?.cluster())
    }

    pub(super) fn base_snapshot(&self) -> Option<SnapshotName> {
        let base = now(ledger::Backend::base(&self.table)).ok()??;
        match self.parse(&base.snapshot)? {
            Key::Snapshot(name) => Some(name),
            _ => None,
        }
    }

    fn check_deletion(&self, name: &ObjectName, grace_ms: u64) {
        let status = self.status(name);
        let named = matches!(status, Some(ObjectStatus::Named { .. }));
        self.journal
            .check("nothing is deleted that is named", !named, || name.to_string());
        let Some(account) = &self.account else { return };
        // Who folded what was then lost may delete by a later flush that was lost: the life itself knows of its flush.
        let by_flush = |(lives, end): &(Lives, u64)| lives.over(name, *end) == Over::ByFlush;
        let over = match self.lost_lives.iter().any(by_flush) {
            true => Over::ByFlush,
            false => account.lives.over(name, account.tip.position),
        };
        self.journal
            .check("nothing is deleted that can be named", over != Over::No, || {
                name.to_string()
            });
        if let Over::Since(at) = over {
            let (old, told) = self.is_older_than(at, grace_ms);
            self.journal
                .check("what a dead life left is kept for the grace", old, || {
                    format!("{name} of a life that ended {told}")
                });
        }
        let Some(ObjectStatus::Unnamed { at }) = status else {
            self.journal.count("objects deleted, never named");
            return;
        };
        self.journal.count("objects deleted, no longer named");
        let (old, told) = self.is_older_than(at, grace_ms);
        self.journal.check("what was named is kept for the grace", old, || {
            format!("{name} un-named {told}")
        });
    }

    /// Whether an entry came longer ago than the grace, and how to say when.
    fn is_older_than(&self, at: u64, grace_ms: u64) -> (bool, String) {
        let now_ms = self.world.clock.wall_ms();
        let since_ms = self.followed(at).map_or(i64::MAX, |followed| followed.at_ms);
        let old = now_ms.saturating_sub(since_ms) >= i64::try_from(grace_ms).unwrap_or(i64::MAX);
        (old, format!("at {at}, {since_ms} ms; deleted at {now_ms} ms"))
    }

    fn check_snapshot_deletion(&self, path: &str, name: &SnapshotName) {
        self.journal.count("snapshots deleted");
        let newest = self.base_snapshot();
        let older = newest.is_some_and(|newest| (name.era, name.position) < (newest.era, newest.position));
        self.journal
            .check("only snapshots older than the base's are deleted", older, || {
                path.to_owned()
            });
    }

    fn is_orphan(&self, path: &str) -> bool {
        match self.parse(path) {
            Some(Key::Segment(name) | Key::LakeData(_, name) | Key::LakeMetadata(_, name, _)) => {
                !matches!(self.status(&name), Some(ObjectStatus::Named { .. }))
            }
            Some(Key::Snapshot(name)) => {
                let known = self.account.as_ref().is_some_and(|account| {
                    let mut snapshots = account.state.snapshots().iter();
                    snapshots.any(|taken| taken.position == name.position && taken.incarnation == name.incarnation)
                });
                let newest = self.base_snapshot();
                let older = newest.is_some_and(|newest| (name.era, name.position) < (newest.era, newest.position));
                !known && older
            }
            Some(Key::Witness | Key::Cluster) => false,
            _ => path != "cluster.json",
        }
    }
}

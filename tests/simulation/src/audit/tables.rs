//! Topics as tables: what is published tells of the topic's lake files, and every snapshot that it tells of can be read for
//! as long as it does.

use std::collections::BTreeMap;

use bytes::Bytes;
use lake::LakeFile;
use lake::iceberg::{Table, told};
use metadata::entry::Publish;
use metadata::{ObjectName, Place, TopicId, TopicNumber, Verdict};
use store::{Key, LakeFormat, Objects as _};

use super::entries::Judged;
use super::{Audit, Books, now};
use crate::journal::Journal;

/// How a place in memory is named.
const URL: &str = "memory:/";

impl Audit {
    /// A look at every table, in the middle of a run or when it has ended.
    pub(crate) fn check_tables(&self) {
        let books = &mut *self.books.lock();
        books.catch_up();
        books.check_told(&self.journal);
    }
}

impl Books {
    /// What was published tells of all lake files that the topic has, each once, and of all records in them.
    pub(super) fn published(&self, judged: &Judged<'_>, publish: &Publish, journal: &Journal) {
        if !matches!(judged.verdicts, [Verdict::Applied(_)]) {
            return;
        }
        // What stands behind it in the entry may have made them others: then it is not known here which files there were.
        let changed = self
            .account
            .as_ref()
            .and_then(|account| account.state.topic(publish.topic));
        if changed.is_none_or(|topic| topic.lake_changed() == judged.position) {
            return;
        }
        let files = self.lake_files(publish.topic);
        let table = self.table(publish.topic);
        let same = table.as_ref().is_ok_and(|table| {
            let told = table.files();
            // Rows below the log start stay in a file for as long as it does.
            let holds = |(at, records): (&String, &u64)| told.get(at.as_str()).is_some_and(|rows| rows >= records);
            table.entries() == files.len() && told.len() == files.len() && files.iter().all(holds)
        });
        journal.check("a table tells of each lake file once", same, || {
            format!("{publish:?} where {files:?} stand: {table:?}")
        });
        let twice = self.told_twice(publish.topic);
        journal.check("a table tells of each record once", twice == Ok(None), || {
            format!("{publish:?}: {twice:?}")
        });
    }

    /// An offset that two lake files of a topic have rows of, or one of which no file was written.
    fn told_twice(&self, topic: TopicNumber) -> Result<Option<(i32, i64)>, String> {
        let account = self.account.as_ref().ok_or("no account")?;
        let id = self.topic_id(topic).ok_or("no topic")?;
        let mut ends = BTreeMap::new();
        for (_, partition) in account.state.partitions(topic) {
            for extent in partition.extents() {
                if let Place::Lake { name, end } = extent.place {
                    ends.insert(name, end);
                }
            }
        }
        let mut parts = Vec::new();
        for (name, end) in ends {
            let bytes = self.bytes(&Key::LakeData(id, name)).ok_or("a file is missing")?;
            let tail = bytes.slice(bytes.len().saturating_sub(end.tail_bytes as usize)..);
            let file = LakeFile::open(&tail, end.object_bytes, end.tail_checksum).map_err(|error| error.to_string())?;
            let rows = file.footer().parts.iter().filter(|part| part.rows > 0);
            parts.extend(rows.map(|part| (part.partition, part.base, part.last)));
        }
        parts.sort_unstable();
        let twice = parts
            .windows(2)
            .find(|pair| pair[0].0 == pair[1].0 && pair[1].1 <= pair[0].2);
        Ok(twice.map(|pair| (pair[1].0, pair[1].1)))
    }

    /// Every object to which a table's snapshots lead is there.
    fn check_told(&self, journal: &Journal) {
        let Some(account) = &self.account else { return };
        for topic in account.state.topics() {
            let Some(published) = account.state.published(topic.number()) else {
                continue;
            };
            let metadata = Key::describing(topic.id(), &published).next();
            let metadata = metadata.and_then(|(key, _)| self.bytes(&key)).unwrap_or_default();
            let read = |location: &str| self.at(location.strip_prefix(URL)?);
            let files = told(&metadata, read).map_err(|error| error.to_string());
            let missing: Result<Vec<String>, String> = files.map(|files| {
                let is_there = |file: &String| file.strip_prefix(URL).is_some_and(|path| self.is_there(path));
                files.into_iter().filter(|file| !is_there(file)).collect()
            });
            journal.check(
                "every snapshot that is told of can be read",
                missing == Ok(Vec::new()),
                || format!("{}: {missing:?} of {published:?}", topic.name()),
            );
        }
    }

    /// Where the lake files of a topic lie, and the records that extents have in each.
    fn lake_files(&self, topic: TopicNumber) -> BTreeMap<String, u64> {
        let mut files = BTreeMap::new();
        let Some((account, id)) = self.account.as_ref().zip(self.topic_id(topic)) else {
            return files;
        };
        for (_, partition) in account.state.partitions(topic) {
            for extent in partition.extents() {
                if let Place::Lake { name, .. } = extent.place {
                    let at = format!("{URL}{}", self.path(&Key::LakeData(id, name)).unwrap_or_default());
                    *files.entry(at).or_default() += u64::from(extent.records);
                }
            }
        }
        files
    }

    fn table(&self, topic: TopicNumber) -> Result<Table, String> {
        let account = self.account.as_ref().ok_or("no account")?;
        let (id, published) = self
            .topic_id(topic)
            .zip(account.state.published(topic))
            .ok_or("it is not published")?;
        let objects: Option<Vec<Bytes>> = Key::describing(id, &published)
            .map(|(key, _)| self.bytes(&key))
            .collect();
        let table = Table::open(&id.0, &objects.ok_or("an object is missing")?);
        table.map_err(|error| error.to_string())
    }

    fn topic_id(&self, topic: TopicNumber) -> Option<TopicId> {
        Some(self.account.as_ref()?.state.topic(topic)?.id())
    }

    fn path(&self, key: &Key) -> Option<String> {
        Some(key.path(&self.ledger.as_ref()?.cluster()))
    }

    fn bytes(&self, key: &Key) -> Option<Bytes> {
        self.at(&self.path(key)?)
    }

    fn at(&self, path: &str) -> Option<Bytes> {
        now(self.place.get(path, None)).ok().map(|fetched| fetched.bytes)
    }

    /// The objects of what is published: durable before they are named.
    pub(super) fn described(&self, publish: &Publish) -> Vec<(ObjectName, Key)> {
        let Some(id) = self.topic_id(publish.topic) else {
            return Vec::new();
        };
        let format = |at| if at == 0 { LakeFormat::Json } else { LakeFormat::Avro };
        let named = publish.objects.iter().enumerate().filter_map(|(at, object)| {
            let name = object.name.as_ref()?.try_into().ok()?;
            Some((name, Key::LakeMetadata(id, name, format(at))))
        });
        named.collect()
    }
}

//! What a process asked of the kernel, as `strace -f -y` wrote it down, and the proof in it that an acknowledgement
//! left after what it rests on was on the disk. Pure.
//!
//! A line's place in the file is the time: a call began where its line, or the line that ends in `<unfinished ...>`,
//! stands, and had ended where its result stands. So "a sync ended before an answer began" can be read off, whichever
//! threads they were on.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The calls that matter.
const CALLS: &str = "trace=read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,\
                     rename,renameat,renameat2,link,linkat";

/// What comes before a command to trace it into a file. The command stays a child of whoever starts it (`-D`).
pub fn wrapper(file: &Path) -> Vec<OsString> {
    let words = ["strace", "-D", "-f", "-y", "-s", "16384", "-e", CALLS, "-o"];
    words.into_iter().map(OsString::from).chain([file.into()]).collect()
}

/// One call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// What its first argument's descriptor is of; empty when it is none.
    pub file: String,
    /// Its arguments, as they are written.
    pub arguments: String,
    /// Where it began.
    pub began: usize,
    /// Where it had ended.
    pub ended: usize,
}

/// The calls of a trace, by when they began. What never ended, or failed, is left out.
pub fn parse(trace: &str) -> Vec<Call> {
    let mut open: HashMap<&str, Call> = HashMap::new();
    let mut calls = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            if let (Some(mut call), Some((_, more))) = (open.remove(thread), resumed.split_once(" resumed>"))
                && succeeded(more)
            {
                call.arguments.push_str(more);
                call.ended = at;
                calls.push(call);
            }
        } else if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            if let Some(call) = call(begun, at) {
                open.insert(thread, call);
            }
        } else if succeeded(rest)
            && let Some(call) = call(rest, at)
        {
            calls.push(call);
        }
    }
    calls.sort_by_key(|call| call.began);
    calls
}

fn call(text: &str, at: usize) -> Option<Call> {
    let (name, arguments) = text.split_once('(')?;
    let first = arguments.split([',', ')']).next().unwrap_or_default();
    let file = first.split_once('<').and_then(|(_, file)| file.rsplit_once('>'));
    Some(Call {
        name: name.to_owned(),
        file: file.map_or_else(String::new, |(file, _)| file.to_owned()),
        arguments: arguments.to_owned(),
        began: at,
        ended: at,
    })
}

/// Whether a call's result is there and no error.
fn succeeded(text: &str) -> bool {
    text.rsplit_once(" = ")
        .is_some_and(|(_, result)| !result.starts_with(['-', '?']))
}

/// The lines that prove one acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The request was there.
    pub request: usize,
    /// The entry's bytes had been written.
    pub entry: usize,
    /// They had been synced.
    pub synced: usize,
    /// The answer began to leave.
    pub answer: usize,
}

/// Proves that the answer to the request with `marker` in its body left after the ledger's write was synced which has
/// the marker in it: the inline lane.
///
/// # Errors
/// Which step is missing.
pub fn prove_inline(calls: &[Call], marker: &str) -> Result<Proof> {
    let (request, answer) = exchange(calls, marker)?;
    let between = between(calls, request.ended, answer.began);
    // The first write that has it: whichever commits next may write the same page of the database once more.
    let entry = between
        .clone()
        .find(|call| is_wal(call) && writes(call) && call.arguments.contains(marker));
    let entry =
        entry.with_context(|| format!("{marker}: no write of the ledger has it before line {}", answer.began))?;
    proof(&between, request, entry, answer, marker)
}

/// Proves the same for the object lane: the object's bytes were written and synced, the object got its name, its folder
/// was synced, and only then the ledger was written and synced.
///
/// # Errors
/// Which step is missing.
pub fn prove_object(calls: &[Call], marker: &str) -> Result<Proof> {
    let (request, answer) = exchange(calls, marker)?;
    let between = between(calls, request.ended, answer.began);
    let missing = |step: &str| format!("{marker}: {step} before line {}", answer.began);
    let is_object = |call: &&Call| call.file.contains("/segment/") && writes(call) && call.arguments.contains(marker);
    let bytes = between
        .clone()
        .find(is_object)
        .with_context(|| missing("no object was written"))?;
    let synced = after(&between, bytes).find(|call| syncs(call) && call.file == bytes.file);
    let synced = synced.with_context(|| missing("no object was synced"))?;
    let named = after(&between, synced).find(|call| names(call) && call.arguments.contains(&bytes.file));
    let named = named.with_context(|| missing("no object was named"))?;
    let folder = Path::new(&bytes.file)
        .parent()
        .map(|folder| folder.display().to_string());
    let folder = after(&between, named).find(|call| syncs(call) && Some(&call.file) == folder.as_ref());
    let folder = folder.with_context(|| missing("no folder was synced"))?;
    let entry = after(&between, folder).find(|call| is_wal(call) && writes(call));
    let entry = entry.with_context(|| missing("no entry was written"))?;
    proof(&between, request, entry, answer, marker)
}

fn proof<'a>(
    between: &(impl Iterator<Item = &'a Call> + Clone),
    request: &Call,
    entry: &Call,
    answer: &Call,
    marker: &str,
) -> Result<Proof> {
    let synced = after(between, entry).find(|call| is_wal(call) && syncs(call));
    let synced = synced.with_context(|| {
        let (entry, answer) = (entry.ended, answer.began);
        format!("{marker}: the ledger was not synced between line {entry} and line {answer}")
    })?;
    Ok(Proof {
        request: request.ended,
        entry: entry.ended,
        synced: synced.ended,
        answer: answer.began,
    })
}

/// The request with the marker, and its answer: the next 200 on the same socket.
fn exchange<'a>(calls: &'a [Call], marker: &str) -> Result<(&'a Call, &'a Call)> {
    let request = calls
        .iter()
        .find(|call| is_socket(call) && reads(call) && call.arguments.contains(marker));
    let request = request.with_context(|| format!("{marker}: no request"))?;
    let is_answer = |call: &&Call| {
        call.file == request.file
            && writes(call)
            && call.began > request.ended
            && call.arguments.contains("HTTP/1.1 200")
    };
    let answer = calls
        .iter()
        .find(is_answer)
        .with_context(|| format!("{marker}: no answer"))?;
    Ok((request, answer))
}

/// What both began and ended between two lines.
fn between(calls: &[Call], from: usize, to: usize) -> impl DoubleEndedIterator<Item = &Call> + Clone {
    calls.iter().filter(move |call| call.began > from && call.ended < to)
}

fn after<'a>(calls: &(impl Iterator<Item = &'a Call> + Clone), first: &Call) -> impl Iterator<Item = &'a Call> {
    let ended = first.ended;
    calls.clone().filter(move |call| call.began > ended)
}

fn is_socket(call: &Call) -> bool {
    call.file.starts_with("socket:") || call.file.starts_with("TCP")
}

fn is_wal(call: &Call) -> bool {
    call.file.ends_with(".db-wal")
}

fn reads(call: &Call) -> bool {
    matches!(call.name.as_str(), "read" | "readv" | "recvfrom" | "recvmsg")
}

fn writes(call: &Call) -> bool {
    matches!(
        call.name.as_str(),
        "write" | "writev" | "pwrite64" | "pwritev" | "sendto" | "sendmsg"
    )
}

fn syncs(call: &Call) -> bool {
    matches!(call.name.as_str(), "fsync" | "fdatasync")
}

fn names(call: &Call) -> bool {
    matches!(
        call.name.as_str(),
        "rename" | "renameat" | "renameat2" | "link" | "linkat"
    )
}

#[cfg(test)]
mod tests;

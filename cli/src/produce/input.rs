//! Reads lines from a file or stdin and gathers them into batches. Knows nothing of what the lines mean.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use world::Clock;

use crate::exit::Ended;

/// Longest line, and longest whole input.
pub(super) const INPUT_BYTES_MAX: u64 = 64 << 20;

/// When a batch is full, and how long an unfinished one waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most lines.
    pub(super) records_max: usize,
    /// Most bytes, unless one line is longer.
    pub(super) bytes_max: usize,
    /// How long a source that may pause is waited for once there are lines.
    pub(super) linger: Duration,
}

/// Lines that go into one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The number of the first line, from 1.
    pub(super) first_line: u64,
    /// The lines without their ends.
    pub(super) lines: Vec<Vec<u8>>,
}

/// A source of lines.
pub(super) struct Input {
    reader: Box<dyn AsyncBufRead + Unpin + Send>,
    limits: Limits,
    clock: Clock,
    /// A file is cut by the limits alone, so the same file gives the same requests. What comes through a pipe is sent
    /// when it pauses.
    may_pause: bool,
    /// Bytes of a line whose end has not come yet, or a line that did not fit the batch before.
    partial: Vec<u8>,
    held: Option<Vec<u8>>,
    lines_read: u64,
}

impl Input {
    /// Opens a file; `-` and nothing are stdin.
    pub(super) async fn open(path: Option<&Path>, limits: Limits, clock: Clock) -> Result<Input> {
        let (source, regular) = open(path).await?;
        Ok(Input::new(
            Box::new(BufReader::with_capacity(1 << 18, source)),
            !regular,
            limits,
            clock,
        ))
    }

    fn new(reader: Box<dyn AsyncBufRead + Unpin + Send>, may_pause: bool, limits: Limits, clock: Clock) -> Input {
        Input {
            reader,
            limits,
            clock,
            may_pause,
            partial: Vec::new(),
            held: None,
            lines_read: 0,
        }
    }

    /// The next lines; none at the end.
    pub(super) async fn batch(&mut self) -> Result<Option<Batch>> {
        let Some(first) = self.next_line().await? else {
            return Ok(None);
        };
        let mut bytes = first.len();
        let mut lines = vec![first];
        let first_line = self.lines_read;
        while lines.len() < self.limits.records_max {
            let Some(line) = self.next_line_soon().await? else {
                break;
            };
            if bytes + line.len() > self.limits.bytes_max {
                self.held = Some(line);
                self.lines_read -= 1;
                break;
            }
            bytes += line.len();
            lines.push(line);
        }
        Ok(Some(Batch { first_line, lines }))
    }

    /// The next line, or none at the end or when the source pauses.
    async fn next_line_soon(&mut self) -> Result<Option<Vec<u8>>> {
        if !self.may_pause {
            return self.next_line().await;
        }
        let (clock, linger) = (self.clock.clone(), self.limits.linger);
        // What was read of an unfinished line stays in `partial`.
        match clock.timeout(linger, self.next_line()).await {
            Ok(line) => line,
            Err(_) => Ok(None),
        }
    }

    async fn next_line(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(line) = self.held.take() {
            self.lines_read += 1;
            return Ok(Some(line));
        }
        let room = INPUT_BYTES_MAX - self.partial.len() as u64;
        (&mut self.reader)
            .take(room)
            .read_until(b'\n', &mut self.partial)
            .await
            .context("cannot read the input")?;
        if self.partial.len() as u64 >= INPUT_BYTES_MAX {
            let line = self.lines_read + 1;
            return Err(Ended::usage(format!("line {line} is longer than {INPUT_BYTES_MAX} bytes")).into());
        }
        if self.partial.is_empty() {
            return Ok(None);
        }
        let mut line = std::mem::take(&mut self.partial);
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        self.lines_read += 1;
        Ok(Some(line))
    }
}

async fn open(path: Option<&Path>) -> Result<(Box<dyn AsyncRead + Unpin + Send>, bool)> {
    match path {
        Some(path) if path.as_os_str() != "-" => {
            let file = tokio::fs::File::open(path).await;
            let file = file.with_context(|| format!("cannot read {}", path.display()))?;
            let regular = file.metadata().await.is_ok_and(|meta| meta.is_file());
            Ok((Box::new(file), regular))
        }
        _ => Ok((Box::new(tokio::io::stdin()), false)),
    }
}

/// The whole input.
pub(super) async fn whole(path: Option<&Path>) -> Result<Vec<u8>> {
    let (source, _) = open(path).await?;
    let mut bytes = Vec::new();
    source
        .take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .await
        .context("cannot read the input")?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        let error = io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the input is longer than {INPUT_BYTES_MAX} bytes"),
        );
        return Err(error.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;

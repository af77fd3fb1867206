use std::sync::Arc;

use super::*;
use crate::operation::{Poll, PollPart, Send, SendPart};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Full;

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // There is room for the head.
        if bytes.starts_with(b"{\"history\"") || bytes.len() < 3 {
            return Ok(bytes.len());
        }
        Err(io::Error::other("full"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn send(value: &str, base: Option<u64>) -> Did {
    let part = SendPart {
        key: "t/0".to_owned(),
        values: vec![value.to_owned()],
        base,
        offsets: None,
    };
    Did::Send(Send {
        parts: vec![part],
        ..Send::default()
    })
}

#[test]
fn what_was_recorded_can_be_judged() {
    let shared = Shared::default();
    let recorder = Recorder::new(shared.clone()).unwrap();
    let (one, two) = (recorder.begin(1), recorder.begin(2));
    recorder.end(two, send("b", Some(0)), Outcome::Ok, None);
    recorder.end(one, send("a", None), Outcome::Info, Some("reset".to_owned()));
    let part = PollPart {
        key: "t/0".to_owned(),
        records: vec![(0, "b".to_owned())],
        ..PollPart::default()
    };
    let poll = Poll {
        parts: vec![part],
        last: true,
        ..Poll::default()
    };
    let last = recorder.begin(3);
    recorder.end(last, Did::Poll(poll), Outcome::Ok, None);
    recorder.flush().unwrap();
    assert_eq!(recorder.sends(), (1, 0, 1));
    let text = shared.0.lock().clone();
    let verdict = crate::judge(text.as_slice()).unwrap();
    assert_eq!((verdict.operations, verdict.anomalies), (3, Vec::new()));
}

#[test]
fn what_was_not_written_is_told() {
    let recorder = Recorder::new(Full).unwrap();
    let begun = recorder.begin(1);
    recorder.end(begun, send("a", None), Outcome::Ok, None);
    assert_eq!(recorder.flush().unwrap_err().to_string(), "full");
}

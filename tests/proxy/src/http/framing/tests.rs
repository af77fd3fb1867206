use super::{Framing, NotHttp};

/// The content and the length of the body that the bytes begin with, given in pieces of this size.
fn content(mut framing: Framing, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize, bool), NotHttp> {
    let (mut content, mut at) = (Vec::new(), 0);
    while at < bytes.len() && !framing.is_done() {
        let end = bytes.len().min(at + piece);
        let run = framing.step(&bytes[at..end])?;
        assert!(run.len > 0, "no step at {at}");
        if run.content {
            content.extend_from_slice(&bytes[at..at + run.len]);
        }
        at += run.len;
    }
    Ok((content, at, framing.is_done()))
}

#[test]
fn bodies_end_where_they_say_however_they_come() {
    let many = "5\r\nhello\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n";
    for (framing, text, expect) in [
        (Framing::length(5), "hello", "hello"),
        (Framing::length(0), "", ""),
        (Framing::chunked(), many, "hello0123456789abcdef"),
        (Framing::chunked(), "0\r\n\r\n", ""),
        (Framing::chunked(), "00\r\nA: b\r\nC: d\r\n\r\n", ""),
        (Framing::chunked(), "A \r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    ] {
        for piece in [1, 2, 3, 7, 1000] {
            let bytes = format!("{text}GET / HTTP/1.1\r\n");
            let read = content(framing.clone(), bytes.as_bytes(), piece);
            assert_eq!(read, Ok((expect.into(), text.len(), true)), "{text} by {piece}");
        }
    }
}

#[test]
fn a_body_that_is_not_whole_is_not_done() {
    let text = "5\r\nhello\r\n0\r\n\r\n";
    for end in 0..text.len() {
        let read = content(Framing::chunked(), &text.as_bytes()[..end], 4);
        assert!(read.is_ok_and(|(_, _, done)| !done), "{end}");
    }
}

#[test]
fn what_is_no_chunk_is_refused() {
    for text in [
        "\r\n",
        "x\r\n",
        ";a\r\n",
        "5\r\nhelloX",
        "10000000000000000\r\n",
        "5x\r\n",
    ] {
        assert_eq!(content(Framing::chunked(), text.as_bytes(), 3), Err(NotHttp), "{text}");
    }
    let endless = format!("0\r\nA: {}", "b".repeat(20_000));
    assert_eq!(content(Framing::chunked(), endless.as_bytes(), 100), Err(NotHttp));
}

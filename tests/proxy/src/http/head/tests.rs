use bytes::BytesMut;

use super::{Answer, Framing, HEAD_BYTES_MAX, NotHttp, Request, take};

#[test]
fn a_head_is_taken_when_it_is_whole() {
    let mut buffer = BytesMut::from("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r");
    assert_eq!(take(&mut buffer), Ok(None));
    buffer.extend_from_slice(b"\nrest");
    let head = take(&mut buffer).expect("http").expect("whole");
    assert_eq!(&head[..], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(&buffer[..], b"rest");
    let mut endless = BytesMut::from(&vec![b'a'; HEAD_BYTES_MAX + 1][..]);
    assert_eq!(take(&mut endless), Err(NotHttp));
}

fn request(text: &str) -> Result<Request, NotHttp> {
    Request::parse(text.to_owned().into())
}

#[test]
fn requests_say_where_they_end_and_whether_more_follow() {
    for (text, framing, closes) in [
        ("GET / HTTP/1.1\r\n\r\n", Framing::length(0), false),
        ("GET / HTTP/1.0\r\n\r\n", Framing::length(0), true),
        (
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            Framing::length(0),
            false,
        ),
        (
            "PUT /a HTTP/1.1\r\ncontent-LENGTH:12\r\n\r\n",
            Framing::length(12),
            false,
        ),
        (
            "PUT /a HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\nConnection: x, close\r\n\r\n",
            Framing::chunked(),
            true,
        ),
    ] {
        let request = request(text).expect(text);
        assert_eq!((request.framing, request.closes), (framing, closes), "{text}");
    }
    for text in [
        "PRI * HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ] {
        assert!(request(text).is_err(), "{text}");
    }
}

#[test]
fn requests_say_what_they_ask_for() {
    let asked = request(
        "POST /?a=b HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.TransactWriteItems\r\nExpect: 100-Continue\r\n\r\n",
    )
    .expect("a request");
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/?a=b"));
    assert_eq!(asked.operation(), Some("TransactWriteItems"));
    assert!(asked.expects_continue());
    assert_eq!(asked.values("EXPECT").collect::<Vec<_>>(), ["100-Continue"]);
}

#[test]
fn answers_say_where_they_end() {
    for (method, text, framing, closes) in [
        (
            "GET",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            Framing::length(3),
            false,
        ),
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            Framing::length(0),
            false,
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
            Framing::length(0),
            false,
        ),
        ("DELETE", "HTTP/1.1 204\r\n\r\n", Framing::length(0), false),
        ("GET", "HTTP/1.1 100 Continue\r\n\r\n", Framing::length(0), false),
        ("GET", "HTTP/1.1 200 OK\r\n\r\n", Framing::UntilClose, true),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            Framing::chunked(),
            false,
        ),
    ] {
        let answer = Answer::parse(text.to_owned().into(), method).expect(text);
        assert_eq!((answer.framing, answer.closes), (framing, closes), "{method} {text}");
    }
    assert!(Answer::parse("HTTP/1.1 abc\r\n\r\n".into(), "GET").is_err());
}

use tokio::io::AsyncWriteExt as _;

use super::*;

const LIMITS: Limits = Limits {
    records_max: 3,
    bytes_max: 10,
    linger: Duration::from_millis(50),
};

async fn check(text: &'static str, expect: &[&[&str]]) {
    let mut input = Input::new(Box::new(text.as_bytes()), false, LIMITS, Clock::real());
    let mut first_line = 1;
    for lines in expect {
        let batch = input.batch().await.expect("a good input").expect("a batch");
        assert_eq!(batch.first_line, first_line, "{text:?}");
        let got: Vec<_> = batch.lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
        assert_eq!(got, *lines, "{text:?}");
        first_line += lines.len() as u64;
    }
    assert_eq!(input.batch().await.expect("a good end"), None, "{text:?}");
}

#[tokio::test]
async fn lines_are_cut_by_count_and_bytes() {
    check("", &[]).await;
    check("a", &[&["a"]]).await;
    check("a\n", &[&["a"]]).await;
    check("a\n\n", &[&["a", ""]]).await;
    check("a\r\nb", &[&["a\r", "b"]]).await;
    check("1\n2\n3\n4\n", &[&["1", "2", "3"], &["4"]]).await;
    check("12345\n67890\nx\n", &[&["12345", "67890"], &["x"]]).await;
    check("12345678901234\nx\n", &[&["12345678901234"], &["x"]]).await;
    check("x\n12345678901234\ny\n", &[&["x"], &["12345678901234"], &["y"]]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pipe_that_pauses_is_sent_as_far_as_it_came() {
    let (mut writer, reader) = tokio::io::duplex(64);
    let mut input = Input::new(Box::new(BufReader::new(reader)), true, LIMITS, Clock::simulated());
    writer.write_all(b"one\ntw").await.expect("room");
    let batch = input.batch().await.expect("a good input").expect("a batch");
    assert_eq!(batch.lines, [b"one"]);
    writer.write_all(b"o\n").await.expect("room");
    drop(writer);
    let batch = input.batch().await.expect("a good input").expect("a batch");
    assert_eq!(batch.lines, [b"two"]);
    assert_eq!(batch.first_line, 2);
    assert_eq!(input.batch().await.expect("a good end"), None);
}

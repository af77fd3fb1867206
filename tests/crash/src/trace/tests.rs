use super::*;

const REQUEST: &str =
    r#"7 recvfrom(12<socket:[5]>, "POST /v1/topics/t HTTP/1.1\r\n\r\n{\"id\":\"m1\"}", 8192, 0, NULL, NULL) = 60"#;
const ENTRY: &str = r#"8 pwrite64(9</d/ledger.db-wal>, "\1\2m1\0", 4096, 56) = 4096"#;
const SYNC: &str = "8 fdatasync(9</d/ledger.db-wal>) = 0";
const ANSWER: &str = r#"7 sendto(12<socket:[5]>, "HTTP/1.1 200 OK\r\n", 17, MSG_NOSIGNAL, NULL, 0) = 17"#;
const BYTES: &str = r#"9 write(14</d/objects/c/segment/ab/x/1-0#1>, "TLSG m1", 7) = 7"#;
const BYTES_SYNC: &str = "9 fsync(14</d/objects/c/segment/ab/x/1-0#1>) = 0";
const NAMED: &str = r#"9 rename("/d/objects/c/segment/ab/x/1-0#1", "/d/objects/c/segment/ab/x/1-0") = 0"#;
const FOLDER_SYNC: &str = "9 fsync(14</d/objects/c/segment/ab/x>) = 0";
const PLAIN_ENTRY: &str = r#"8 pwrite64(9</d/ledger.db-wal>, "\1\2\0", 4096, 56) = 4096"#;

fn proved(prove: fn(&[Call], &str) -> Result<Proof>, lines: &[&str]) -> Result<Proof, String> {
    prove(&parse(&lines.join("\n")), "m1").map_err(|error| error.to_string())
}

#[test]
fn an_inline_append() {
    let check = |lines: &[&str], expect: Result<[usize; 4], &str>| {
        let got = proved(prove_inline, lines).map(|proof| [proof.request, proof.entry, proof.synced, proof.answer]);
        match (&got, expect) {
            (Ok(got), Ok(expect)) => assert_eq!(*got, expect),
            (Err(got), Err(expect)) => assert!(got.contains(expect), "{got}"),
            (got, expect) => panic!("{got:?} for {expect:?}"),
        }
    };
    check(&[REQUEST, ENTRY, SYNC, ANSWER], Ok([0, 1, 2, 3]));
    // The next commit wrote the page again, and had not synced it yet.
    check(&[REQUEST, ENTRY, SYNC, ENTRY, ANSWER, SYNC], Ok([0, 1, 2, 4]));
    check(&[ENTRY, SYNC, ANSWER], Err("no request"));
    check(&[REQUEST, ENTRY, SYNC], Err("no answer"));
    check(&[REQUEST, SYNC, ANSWER], Err("no write of the ledger"));
    check(&[REQUEST, ENTRY, ANSWER, SYNC], Err("not synced"));
    check(&[REQUEST, SYNC, ENTRY, ANSWER], Err("not synced"));
    check(
        &[
            REQUEST,
            ENTRY,
            &SYNC.replace("= 0", "= -1 EIO (Input/output error)"),
            ANSWER,
        ],
        Err("not synced"),
    );
    check(
        &[REQUEST, ENTRY, &SYNC.replace("db-wal", "db"), ANSWER],
        Err("not synced"),
    );
}

#[test]
fn calls_that_overlap() {
    let begun = "8 fdatasync(9</d/ledger.db-wal> <unfinished ...>";
    let ended = "8 <... fdatasync resumed>) = 0";
    let check = |lines: &[&str], expect: bool| assert_eq!(proved(prove_inline, lines).is_ok(), expect, "{lines:?}");
    check(&[REQUEST, ENTRY, begun, ended, ANSWER], true);
    check(&[REQUEST, ENTRY, begun, ANSWER, ended], false);
    check(&[REQUEST, begun, &ENTRY.replace("8 ", "9 "), ended, ANSWER], false);
}

#[test]
fn an_object() {
    let all = [
        REQUEST,
        BYTES,
        BYTES_SYNC,
        NAMED,
        FOLDER_SYNC,
        PLAIN_ENTRY,
        SYNC,
        ANSWER,
    ];
    let proof = proved(prove_object, &all).expect("everything is there");
    assert_eq!([proof.request, proof.entry, proof.synced, proof.answer], [0, 5, 6, 7]);
    let names = [
        "no object was written",
        "no object was synced",
        "no object was named",
        "no folder",
        "no entry",
        "not synced",
    ];
    for (at, expect) in (1..7).zip(names) {
        let mut lines = all.to_vec();
        lines.remove(at);
        let got = proved(prove_object, &lines).expect_err("a step is missing");
        assert!(got.contains(expect), "without {at}: {got}");
    }
    let mut late = all.to_vec();
    late.swap(4, 6);
    assert!(proved(prove_object, &late).is_err(), "a folder synced after the ledger");
}

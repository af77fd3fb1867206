use super::*;

fn read(text: &str) -> Result<Vec<Operation>, LinesError> {
    Reader::new(text.as_bytes())?.collect()
}

/// Every kind of operation, with every field: once written, always read.
const GOLDEN: &str = include_str!("../../tests/golden/history-1.jsonl");

#[test]
fn what_was_once_written_is_read_and_written_alike() {
    let operations = read(GOLDEN).unwrap();
    let mut writer = Writer::new(Vec::new()).unwrap();
    for operation in &operations {
        writer.write(operation).unwrap();
    }
    assert_eq!(String::from_utf8(writer.out).unwrap(), GOLDEN);
    let verdict = crate::judge(GOLDEN.as_bytes()).unwrap();
    assert_eq!(verdict.kinds(), [], "{:?}", verdict.anomalies);
    assert_eq!(verdict.operations, operations.len() as u64);
}

#[test]
fn what_is_no_history_is_refused() {
    let good = r#"{"process":1,"invoked":2,"completed":3,"outcome":"ok","did":"crash"}"#;
    let refuse = |text: &str, expect: &str| {
        assert_eq!(read(text).unwrap_err().to_string(), expect, "{text}");
    };
    assert_eq!(read(&format!("{{\"history\":1}}\n{good}\n")).unwrap().len(), 1);
    assert_eq!(read("{\"history\":1}").unwrap().len(), 0);
    for head in ["", "\n", "{}", "{\"history\":2}\n", "{\"history\":1,\"more\":2}", good] {
        refuse(head, "line 1 is not {\"history\":1}");
    }
    for line in [
        "",
        "{}",
        &good.replace("\"ok\"", "\"maybe\""),
        &good.replace("crash", "rest"),
        &good.replace("\"process\":1", "\"process\":1,\"color\":2"),
        &good[..good.len() - 1],
    ] {
        refuse(
            &format!("{{\"history\":1}}\n{good}\n{line}\n"),
            "line 3 is no operation",
        );
    }
}

#[test]
fn names_tell_values_apart() {
    let long = "x".repeat(100);
    let longer = "x".repeat(101);
    assert_eq!(name_of("short"), "short");
    assert_eq!(name_of(&long), name_of(&long));
    assert_ne!(name_of(&long), name_of(&longer));
    assert!(name_of(&longer).len() <= NAME_BYTES_MAX);
    assert_eq!(
        name_of(&"\u{e9}".repeat(50)).chars().take(24).collect::<String>(),
        "\u{e9}".repeat(24)
    );
}

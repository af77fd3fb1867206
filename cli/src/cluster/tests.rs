use super::*;

#[test]
fn plain_fields_become_rows() {
    let rows = plain_rows(&json!({"id": "ab", "era": 1, "halted": false, "config": {"x": "1"}, "loss": null}));
    let rows: Vec<_> = rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(rows, [("era", "1"), ("halted", "false"), ("id", "ab"), ("loss", "")]);
}

#[test]
fn settings_are_told_in_either_shape() {
    let rows = setting_rows(&json!({"a.ms": "1", "b.ms": {"value": "2", "source": "default"}}));
    assert_eq!(rows, [["a.ms", "1", ""], ["b.ms", "2", "default"]]);
}

use super::*;

fn topic() -> Topic {
    let partition = |number: u32| json!({"partition": number, "log_start": 10, "high_watermark": 20});
    let text = json!({"name": "orders", "id": "x", "partitions": [partition(0), partition(1), partition(2)]});
    serde_json::from_value(text).expect("a topic")
}

fn check(offsets: [u64; 3], only: &[u32], expect: &[(u32, u64)]) {
    let offsets: Vec<Value> = (0..)
        .zip(offsets)
        .map(|(partition, offset): (u32, u64)| json!({"partition": partition, "offset": offset}))
        .collect();
    let offsets: OffsetsAnswer = serde_json::from_value(json!({"offsets": offsets})).expect("offsets");
    let plan = plan_trim(&topic(), &offsets, only).expect("a plan");
    let plan: Vec<_> = plan.iter().map(|trim| (trim.partition, trim.before)).collect();
    assert_eq!(plan, expect);
}

#[test]
fn only_partitions_that_lose_records_are_trimmed() {
    check([10, 10, 10], &[], &[]);
    check([11, 5, 20], &[], &[(0, 11), (2, 20)]);
    check([11, 5, 20], &[2], &[(2, 20)]);
    check([11, 5, 20], &[1], &[]);
}

#[test]
fn a_partition_that_is_not_there_is_not_found() {
    let offsets = OffsetsAnswer { offsets: Vec::new() };
    assert_eq!(
        plan_trim(&topic(), &offsets, &[3]).expect_err("no 3").exit,
        Exit::NotFound
    );
}

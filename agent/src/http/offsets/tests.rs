use super::*;

#[test]
fn a_refused_trim_tells_what_was_trimmed() {
    let refused = || Err(Rejection::OffsetBeyondEnd { high_watermark: 3 });
    let problem = |results: Vec<Result<u64, Rejection>>| told((0..).zip(results)).unwrap_err().to_json("r");
    let some = problem(vec![Ok(5), refused(), Ok(7)]);
    assert_eq!(
        (&some["no_side_effects"], &some["partition"], &some["log_start"]),
        (&json!(false), &json!(1), &json!({"0": 5, "2": 7}))
    );
    let none = problem(vec![refused(), Err(Rejection::UnknownPartition)]);
    assert_eq!(
        (&none["no_side_effects"], &none["code"], &none["log_start"]),
        (&json!(true), &json!("offset_out_of_range"), &json!({}))
    );
    assert_eq!(told([(4, Ok(9))].into_iter()).unwrap().log_start["4"], 9);
}

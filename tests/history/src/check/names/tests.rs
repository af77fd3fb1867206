use super::*;

#[test]
fn a_text_has_one_number_and_a_number_one_text() {
    let mut names = Names::default();
    let texts: Vec<String> = (0..5_000)
        .map(|at| format!("{}-{at}", at % 7))
        .chain([String::new()])
        .collect();
    for (text, number) in texts.iter().zip(0..) {
        assert_eq!(names.number(text), number);
    }
    for (text, number) in texts.iter().zip(0..) {
        assert_eq!(names.number(text), number);
        assert_eq!(names.text(number), text);
    }
    assert_eq!(names.len(), texts.len());
}

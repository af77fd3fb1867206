use super::Glob;

#[test]
fn a_pattern_fits_the_whole_text() {
    for (pattern, text, expect) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a/b", true),
        ("/logs/*", "/logs/a/b", true),
        ("/logs/*", "/logs", false),
        ("*.seg", "/a/b.seg", true),
        ("*.seg", "/a/b.segment", false),
        ("/a/*/c*", "/a/b/b/c", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*ab*ab", "abab", true),
        ("*ab*ab", "abxab", true),
        ("*ab*ab", "aab", false),
        ("a*b*c", "aXbXbXc", true),
        ("**a", "ba", true),
    ] {
        assert_eq!(Glob::new(pattern).fits(text), expect, "{pattern} on {text}");
    }
}

//! Rust source as text: what is code in it, what is a word. A lexer of the few things that hide words, no parser.

/// The source with comments and the insides of strings blanked out, line for line.
pub(crate) fn code(source: &str) -> String {
    let mut rest = source;
    let mut out = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let (bytes, hidden) = token(rest, out.chars().next_back());
        let (taken, left) = rest.split_at(bytes.max(first.len_utf8()));
        if hidden {
            out.extend(taken.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(taken);
        }
        rest = left;
    }
    out
}

/// The length of what begins here, and whether it hides words: a comment, a string, a character, or one letter.
fn token(rest: &str, before: Option<char>) -> (usize, bool) {
    let within_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), true);
    }
    if rest.starts_with("/*") {
        return (block(rest), true);
    }
    if let Some(inside) = rest.strip_prefix('"') {
        return (1 + quoted(inside, '"'), true);
    }
    if !within_word && let Some(bytes) = raw(rest) {
        return (bytes, true);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    (0, false)
}

fn block(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let (step, change) = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth += change;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length up to and with the closing quote.
fn quoted(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// The length of a raw string.
fn raw(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or_default();
        after.trim_start_matches('#').starts_with('"') && (after.starts_with('#') || after.starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let end = format!("\"{}", &after[..hashes]);
    let body = &after[hashes + 1..];
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + length)
}

/// A character is hidden, the tick of a lifetime is not.
fn character(rest: &str) -> (usize, bool) {
    let mut inside = rest[1..].chars();
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => (1 + quoted(&rest[1..], '\''), true),
        (Some(one), Some('\'')) => (2 + one.len_utf8(), true),
        _ => (1, false),
    }
}

/// The identifiers of some code.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// The number of the line, from 1, at which `byte` lies.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    1 + text.as_bytes()[..byte]
        .iter()
        .filter(|letter| **letter == b'\n')
        .count()
}

/// Where `name` of `module` is imported or named, as lines: `module::name`, or among `module::{...}`.
pub(crate) fn named(code: &str, module: &str, name: &str) -> Vec<usize> {
    let path = format!("{module}::");
    let mut lines = Vec::new();
    for (at, _) in code.match_indices(&path) {
        let after = &code[at + path.len()..];
        let list = after
            .strip_prefix('{')
            .map(|list| list.split('}').next().unwrap_or(list));
        let hit = match list {
            Some(list) => words(list).any(|word| word == name),
            None => words(after).next() == Some(name),
        };
        if hit {
            lines.push(line_at(code, at));
        }
    }
    lines
}

#[test]
fn comments_and_strings_hide_words() {
    for (source, expect) in [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("f(\"x // y\") g", "f(        ) g"),
        ("f(\"\\\"x\") g", "f(     ) g"),
        ("r#\"a \" b\"# c", "           c"),
        ("b\"x\" c", "b    c"),
        ("'a' 'b", "    'b"),
        ("'\\'' c", "     c"),
        ("b'\"' c", "b    c"),
        ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ("\"\u{e9}\n\" c", "  \n  c"),
    ] {
        assert_eq!(code(source), expect, "{source}");
    }
}

#[test]
fn names_are_found_in_paths_and_lists() {
    for (source, expect) in [
        ("use std::collections::HashMap;", vec![1]),
        ("use std::collections::{\n    BTreeMap,\n    HashMap,\n};", vec![1]),
        ("use std::collections::BTreeMap;\nlet HashMap = 1;", vec![]),
        ("let x: std::collections::HashMap<u8, u8>;", vec![1]),
    ] {
        assert_eq!(named(source, "collections", "HashMap"), expect, "{source}");
    }
}

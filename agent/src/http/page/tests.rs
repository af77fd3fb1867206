use super::*;

fn ask(prefix: &str, page_size: u32, page_token: Option<String>) -> Ask {
    Ask::of(PageQuery {
        prefix: Some(prefix.to_owned()),
        page_size: Some(page_size),
        page_token,
    })
    .unwrap()
}

fn walk(names: &[&str], prefix: &str, size: u32) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let page = ask(prefix, size, token).page(names.iter(), |name| name, ToString::to_string);
        pages.push(page.items);
        token = page.next_page_token;
        if token.is_none() {
            return pages;
        }
    }
}

#[test]
fn pages_cover_everything_once() {
    let names = ["a", "ab", "b", "ba", "bb", "c"];
    assert_eq!(walk(&names, "", 4), [vec!["a", "ab", "b", "ba"], vec!["bb", "c"]]);
    assert_eq!(walk(&names, "", 3).len(), 2);
    assert_eq!(walk(&names, "b", 2), [vec!["b", "ba"], vec!["bb"]]);
    assert_eq!(walk(&names, "x", 2), [Vec::<String>::new()]);
}

#[test]
fn what_makes_no_sense() {
    for (page_size, page_token) in [
        (Some(0), None),
        (Some(1_001), None),
        (None, Some("*".to_owned())),
        (None, Some("_w".to_owned())),
    ] {
        assert!(
            Ask::of(PageQuery {
                prefix: None,
                page_size,
                page_token
            })
            .is_err()
        );
    }
}

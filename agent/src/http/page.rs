//! Pages of lists by name: the token is the last name of the page before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;
use super::shapes::PageQuery;

const PAGE_SIZE_MAX: u32 = 1_000;

/// The token of the page behind a name.
pub(crate) fn token(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The name in a token; none in one that is none of ours.
pub(crate) fn named(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Ask {
    prefix: String,
    size: usize,
    after: Option<String>,
}

/// A page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paged<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where the next begins.
    pub(crate) next_page_token: Option<String>,
}

impl Ask {
    /// Reads the query.
    ///
    /// # Errors
    /// `bad_request` for a size or token that makes no sense.
    pub(crate) fn of(query: PageQuery) -> Result<Ask, Problem> {
        let size = query.page_size.unwrap_or(PAGE_SIZE_MAX);
        if !(1..=PAGE_SIZE_MAX).contains(&size) {
            return Err(Problem::bad_request(format!("page_size is 1 to {PAGE_SIZE_MAX}")));
        }
        let after = match &query.page_token {
            None => None,
            Some(token) => Some(named(token).ok_or_else(|| Problem::bad_request("page_token is none of ours"))?),
        };
        Ok(Ask {
            prefix: query.prefix.unwrap_or_default(),
            size: size as usize,
            after,
        })
    }

    /// The page of things that come in the order of their names.
    pub(crate) fn page<'a, T: 'a, U>(
        &self,
        all: impl Iterator<Item = &'a T>,
        name: impl Fn(&'a T) -> &'a str,
        show: impl Fn(&'a T) -> U,
    ) -> Paged<U> {
        let after = |found: &str| self.after.as_ref().is_none_or(|after| found > after.as_str());
        let mut rest = all
            .filter(|item| after(name(item)) && name(item).starts_with(&self.prefix))
            .peekable();
        let mut items = Vec::new();
        let mut last = None;
        while let Some(item) = rest.next_if(|_| items.len() < self.size) {
            last = Some(name(item));
            items.push(show(item));
        }
        let more = rest.peek().is_some();
        Paged {
            items,
            next_page_token: last.filter(|_| more).map(token),
        }
    }
}

#[cfg(test)]
mod tests;

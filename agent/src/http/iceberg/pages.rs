//! Pages of lists: asked for by a token, which is empty for the first.

use serde::Deserialize;

use crate::http::page::{self, named};
use crate::http::problem::Problem;

/// Names on a page, where less are not asked for.
const PAGE_SIZE_MAX: usize = 1_000;

/// How much of a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageQuery {
    /// Where the page begins; empty for the first. Who gives none wants all at once.
    page_token: Option<String>,
    page_size: Option<usize>,
    /// Of namespaces: those inside this one.
    pub(super) parent: Option<String>,
}

impl PageQuery {
    /// The names of the page, of all in order, and where the next begins.
    ///
    /// # Errors
    /// `bad_request` for a token or a size that makes no sense.
    pub(super) fn page(&self, names: Vec<String>) -> Result<(Vec<String>, Option<String>), Problem> {
        let Some(token) = &self.page_token else {
            return Ok((names, None));
        };
        let size = self.page_size.unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX);
        if size == 0 {
            return Err(Problem::bad_request("pageSize is at least 1"));
        }
        let after = named(token).ok_or_else(|| Problem::bad_request("pageToken is none of ours"))?;
        let mut rest = names.into_iter().filter(|name| after.is_empty() || *name > after);
        let page: Vec<String> = rest.by_ref().take(size).collect();
        let more = rest.next().is_some();
        let next = page.last().filter(|_| more).map(|last| page::token(last));
        Ok((page, next))
    }
}

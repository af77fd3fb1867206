//! The one namespace, and its tables.

use axum::Json;
use axum::extract::State;
use metadata::table_names;
use serde_json::{Value, json};

use super::NAMESPACE;
use super::envelope::{Missing, missing};
use super::pages::PageQuery;
use crate::http::authorize::{Allowed, DescribeCluster};
use crate::http::extract::{UrlPath, UrlQuery};
use crate::http::front::Front;
use crate::http::problem::Problem;

/// Lists namespaces. There is none inside the one.
pub(super) async fn list(
    _: Allowed<DescribeCluster>,
    UrlQuery(query): UrlQuery<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let all: Vec<[&str; 1]> = match query.parent.as_deref() {
        None | Some("") => vec![[NAMESPACE]],
        Some(NAMESPACE) => Vec::new(),
        Some(other) => return Err(missing(Missing::Namespace, other)),
    };
    Ok(Json(json!({"namespaces": all, "next-page-token": null})))
}

/// Tells that a namespace is there.
pub(super) async fn describe(
    _: Allowed<DescribeCluster>,
    UrlPath(namespace): UrlPath<String>,
) -> Result<Json<Value>, Problem> {
    check(&namespace)?;
    Ok(Json(json!({"namespace": [NAMESPACE], "properties": {}})))
}

/// Lists tables.
pub(super) async fn tables(
    State(front): State<Front>,
    _: Allowed<DescribeCluster>,
    UrlPath(namespace): UrlPath<String>,
    UrlQuery(query): UrlQuery<PageQuery>,
) -> Result<Json<Value>, Problem> {
    check(&namespace)?;
    front.look().await?;
    let names = front.engine().read(table_names).into_keys().collect();
    let (page, next) = query.page(names)?;
    let identifier = |name: String| json!({"namespace": [NAMESPACE], "name": name});
    let identifiers: Vec<Value> = page.into_iter().map(identifier).collect();
    Ok(Json(json!({"identifiers": identifiers, "next-page-token": next})))
}

fn check(namespace: &str) -> Result<(), Problem> {
    match namespace {
        NAMESPACE => Ok(()),
        other => Err(missing(Missing::Namespace, other)),
    }
}

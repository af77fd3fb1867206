//! How a handler gets its [`Authorized`]: by naming the action it performs in its arguments. The topic or group comes
//! out of the authorization, not out of the path, so a handler cannot touch another one.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::front::Front;
use super::problem::Problem;
use crate::auth::{Authorized, Operation, Principal, Resource};

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// The topic in the path.
    Topic,
    /// The group in the path.
    Group,
    /// The cluster.
    Cluster,
}

/// An operation on a kind of resource.
pub(crate) trait Action: Send {
    /// What is done.
    const OPERATION: Operation;
    /// To what.
    const ON: On;
}

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident = $operation:ident $on:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Action for $name {
            const OPERATION: Operation = Operation::$operation;
            const ON: On = On::$on;
        }
    )+};
}

actions! {
    /// Read a topic's records.
    ReadTopic = Read Topic;
    /// Append to a topic.
    WriteTopic = Write Topic;
    /// Make a topic.
    CreateTopic = Create Topic;
    /// See a topic.
    DescribeTopic = Describe Topic;
    /// Change a topic's configs and partitions.
    AlterTopic = AlterConfigs Topic;
    /// Delete a topic, or records of it.
    DeleteTopic = Delete Topic;
    /// See a group.
    DescribeGroup = Describe Group;
    /// Commit a group's offsets.
    CommitGroup = Read Group;
    /// Delete a group.
    DeleteGroup = Delete Group;
    /// See the cluster, and what topics and groups there are.
    DescribeCluster = Describe Cluster;
    /// Change the cluster's configs.
    AlterCluster = AlterConfigs Cluster;
}

/// That the request's principal may do the action.
pub(crate) struct Allowed<A> {
    authorized: Authorized,
    action: PhantomData<A>,
}

impl<A> fmt::Debug for Allowed<A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.authorized.fmt(out)
    }
}

impl<A> Deref for Allowed<A> {
    type Target = Authorized;

    fn deref(&self) -> &Authorized {
        &self.authorized
    }
}

impl<A: Action> FromRequestParts<Front> for Allowed<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Problem> {
        let resource = match A::ON {
            On::Cluster => Resource::Cluster,
            On::Topic => Resource::Topic(name(parts, front, "topic").await?),
            On::Group => Resource::Group(name(parts, front, "group").await?),
        };
        let judged = front
            .settings()
            .authorizer
            .authorize(Principal::anonymous(), A::OPERATION, resource);
        Ok(Allowed {
            authorized: judged?,
            action: PhantomData,
        })
    }
}

async fn name(parts: &mut Parts, front: &Front, parameter: &str) -> Result<String, Problem> {
    let wrong = || Problem::bad_request("the path is not UTF-8");
    let names = RawPathParams::from_request_parts(parts, front)
        .await
        .map_err(|_| wrong())?;
    let found = names.iter().find(|(name, _)| *name == parameter);
    found.map(|(_, value)| value.to_owned()).ok_or_else(wrong)
}

//! Who may do what. A handler below a front needs an [`Authorized`] value, and only [`Authorizer::authorize`] makes one:
//! a handler cannot run for a request that nobody judged. Knows no protocol.

use std::fmt;
use std::sync::Arc;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal(Arc<str>);

impl Principal {
    /// Somebody who has not said who they are.
    pub fn anonymous() -> Principal {
        Principal(Arc::from("anonymous"))
    }

    /// The name, as it stands in administrative proposals.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is asked for, in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Read records, or a group's offsets.
    Read,
    /// Append records.
    Write,
    /// Make a topic.
    Create,
    /// Remove records, a topic or a group.
    Delete,
    /// Change partitions or offsets.
    Alter,
    /// Change configs.
    AlterConfigs,
    /// See that it is there, and how it is.
    Describe,
}

/// What it is asked of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A topic, by name.
    Topic(String),
    /// A consumer group, by name.
    Group(String),
    /// The cluster itself.
    Cluster,
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Topic(name) => write!(out, "topic {name}"),
            Resource::Group(name) => write!(out, "group {name}"),
            Resource::Cluster => out.write_str("the cluster"),
        }
    }
}

/// That a principal may do an operation on a resource. It cannot be made but by [`Authorizer::authorize`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorized {
    principal: Principal,
    operation: Operation,
    resource: Resource,
}

impl Authorized {
    /// Who may.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Do what.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// On what.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// The name of the topic or group; empty for the cluster, which needs none.
    pub fn name(&self) -> &str {
        match &self.resource {
            Resource::Topic(name) | Resource::Group(name) => name,
            Resource::Cluster => "",
        }
    }
}

/// That a principal may not. Certainly nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{principal} is not allowed to {operation:?} {resource}")]
pub struct Denied {
    /// Who may not.
    pub principal: Principal,
    /// Do what.
    pub operation: Operation,
    /// On what.
    pub resource: Resource,
}

/// Which judgement an authorizer makes.
#[derive(Clone, Copy, Debug)]
enum Policy {
    AllowAll,
    DenyAll,
}

/// Judges every request.
#[derive(Clone, Debug)]
pub struct Authorizer {
    policy: Policy,
}

impl Authorizer {
    /// Allows everything to everybody: for an address that only this machine reaches, or where whoever started the
    /// process took that upon themselves.
    pub fn allow_all() -> Authorizer {
        Authorizer {
            policy: Policy::AllowAll,
        }
    }

    /// Allows nothing.
    pub fn deny_all() -> Authorizer {
        Authorizer {
            policy: Policy::DenyAll,
        }
    }

    /// Judges.
    ///
    /// # Errors
    /// [`Denied`] when the principal may not.
    pub fn authorize(
        &self,
        principal: Principal,
        operation: Operation,
        resource: Resource,
    ) -> Result<Authorized, Denied> {
        match self.policy {
            Policy::AllowAll => Ok(Authorized {
                principal,
                operation,
                resource,
            }),
            Policy::DenyAll => Err(Denied {
                principal,
                operation,
                resource,
            }),
        }
    }
}

#[cfg(test)]
mod tests;

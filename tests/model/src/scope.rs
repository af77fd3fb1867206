//! How large a model is, and over which kind of table.

/// Who looks at the base and the predecessor when an entry is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The statement that writes the entry. It may stall between its look at the base and its write, as a statement of
    /// Postgres can; a lock on the predecessor keeps that from being deleted meanwhile.
    Sql,
    /// The agent, after a put that lands wherever nothing is: DynamoDB, an object store.
    Puts,
}

/// How far a model goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a minute or two for all models together, on two cores: for every run of the tests.
    Short,
    /// As far as some minutes a model allow.
    Deep,
}

impl Scope {
    /// One number or the other.
    pub(crate) fn pick(self, short: u8, deep: u8) -> u8 {
        match self {
            Scope::Short => short,
            Scope::Deep => deep,
        }
    }
}

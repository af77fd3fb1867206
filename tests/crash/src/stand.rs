//! What a log stands on, as the `tidelog` command is told of it.

use std::ffi::OsString;
use std::path::Path;

/// A ledger, a store, and how they are reached.
#[derive(Clone, Debug)]
pub struct Stand {
    /// What `--ledger` takes.
    pub ledger: String,
    /// What `--store` takes.
    pub store: String,
    /// Further options of the command.
    pub options: Vec<OsString>,
    /// What its environment has to say.
    pub variables: Vec<(&'static str, String)>,
}

impl Stand {
    /// A SQLite ledger and a folder of objects below a folder.
    pub fn local(dir: &Path) -> Stand {
        Stand {
            ledger: format!("sqlite:{}", dir.join("ledger.db").display()),
            store: format!("file:{}", dir.join("objects").display()),
            options: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// The options by which every command of the place is told.
    pub fn options(&self) -> Vec<OsString> {
        let urls = ["--store", &self.store, "--ledger", &self.ledger];
        urls.into_iter()
            .map(OsString::from)
            .chain(self.options.iter().cloned())
            .collect()
    }
}

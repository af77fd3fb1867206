//! What the URL says: where the database is, as whom it is asked, which log is meant. Nothing is asked here.

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::options::Secret;

const PORT: u16 = 5432;
const LOG: &str = "tidelog";
/// The most bytes of a log's name.
const LOG_BYTES_MAX: usize = 128;
const SHAPE: &str = "postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?log=NAME&...]";

/// A log in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// A name, an address, or the folder of a socket.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) database: String,
    pub(super) log: String,
    /// Whether appends are announced and listened for.
    pub(super) notify: bool,
    pub(super) encryption: Encryption,
}

/// How the connection is protected. There is nothing between the two: encryption without knowing who answers, as libpq's
/// `require` gives, stops nobody who sits in between, and `prefer` not even one who only listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Not at all.
    Plain,
    /// By TLS, with the host's name in a certificate of the system's authorities, or of those in a PEM file.
    Verified { roots: Option<PathBuf> },
}

impl Place {
    /// Reads a URL.
    ///
    /// # Errors
    /// Says what is wrong, in words that hold nothing of the password.
    pub(super) fn parse(url: &str) -> Result<Place, String> {
        let url = Url::parse(url).map_err(|error| format!("{error}; the shape is {SHAPE}"))?;
        if url.fragment().is_some() {
            return Err("what follows a # has no meaning here; in a password it is written %23".to_owned());
        }
        let host = host_of(&url)?;
        let user = decoded(url.username(), "the user")?;
        let path: Vec<_> = url.path_segments().map(Iterator::collect).unwrap_or_default();
        let [database] = path[..] else {
            return Err(format!("one database must be named; the shape is {SHAPE}"));
        };
        let database = decoded(database, "the database")?;
        let password = url.password().map(|text| decoded(text, "the password")).transpose()?;
        if user.is_empty() || database.is_empty() {
            return Err(format!("user and database must be named; the shape is {SHAPE}"));
        }
        let near = is_near(&host);
        let mut place = Place {
            host,
            port: url.port().unwrap_or(PORT),
            user,
            password: password.map(Secret::new),
            database,
            log: LOG.to_owned(),
            notify: true,
            encryption: if near {
                Encryption::Plain
            } else {
                Encryption::Verified { roots: None }
            },
        };
        place.read_parameters(&url)?;
        Ok(place)
    }

    fn read_parameters(&mut self, url: &Url) -> Result<(), String> {
        let mut seen = Vec::new();
        let mut roots = None;
        for (name, value) in url.query_pairs() {
            if seen.contains(&name) {
                return Err(format!("parameter {name:?} is given twice"));
            }
            match (&*name, &*value) {
                ("log", log) => self.log = checked_log(log)?,
                ("notify", "on") => self.notify = true,
                ("notify", "off") => self.notify = false,
                ("notify", other) => return Err(format!("notify is on or off, not {other:?}")),
                ("sslmode", "disable") => self.encryption = Encryption::Plain,
                ("sslmode", "verify-full") => self.encryption = Encryption::Verified { roots: None },
                ("sslmode", other) => {
                    return Err(format!(
                        "sslmode {other:?} does not make sure who answers; there are verify-full (with \
                         sslrootcert=FILE for an authority of one's own) and disable"
                    ));
                }
                ("sslrootcert", "") => return Err("sslrootcert is the path of a PEM file".to_owned()),
                ("sslrootcert", path) => roots = Some(PathBuf::from(path)),
                (other, _) => {
                    return Err(format!(
                        "parameter {other:?} is not known; there are log, notify, sslmode and sslrootcert"
                    ));
                }
            }
            seen.push(name);
        }
        match (&mut self.encryption, roots) {
            (_, None) => Ok(()),
            (Encryption::Verified { roots }, given) => {
                *roots = given;
                Ok(())
            }
            (Encryption::Plain, Some(_)) => Err("sslrootcert needs sslmode=verify-full".to_owned()),
        }
    }

    /// The place in words, for errors.
    pub(super) fn shown(&self) -> String {
        format!("postgres {}:{}/{}", self.host, self.port, self.database)
    }
}

fn host_of(url: &Url) -> Result<String, String> {
    let host = match url.host() {
        Some(Host::Domain(name)) => decoded(name, "the host")?,
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => String::new(),
    };
    match host.is_empty() {
        true => Err(format!("a host must be named; the shape is {SHAPE}")),
        false => Ok(host),
    }
}

/// Whether what is sent there stays on this machine.
fn is_near(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn checked_log(name: &str) -> Result<String, String> {
    match name.len() {
        1..=LOG_BYTES_MAX if !name.contains('\0') => Ok(name.to_owned()),
        _ => Err(format!("log is a name of 1 to {LOG_BYTES_MAX} bytes")),
    }
}

fn decoded(text: &str, what: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    match decoded {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(format!("{what} is no text")),
    }
}

#[cfg(test)]
mod tests;

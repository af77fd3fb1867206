//! A server of a test's own, which it may kill.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server that stops when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    dir: TempDir,
    port: u16,
    settings: String,
}

impl Server {
    /// A fresh one, with lines added to its configuration.
    pub(super) fn start(settings: &str) -> Server {
        let server = Server::absent(settings);
        server.start_again();
        server
    }

    /// A place for one, with no data yet.
    pub(super) fn absent(settings: &str) -> Server {
        let dir = TempDir::new().expect("a folder");
        // The server runs as another user, who must get as far as its data.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).expect("a folder");
        Server {
            dir,
            port: crate::free_port(),
            settings: settings.to_owned(),
        }
    }

    /// Starts it on the data that it has.
    pub(super) fn start_again(&self) {
        let port = self.port.to_string();
        let mut start = script("start");
        start
            .arg(self.path())
            .arg(port)
            .env("POSTGRES_SETTINGS", &self.settings);
        let started = start.stderr(Stdio::inherit()).status().expect("the script");
        assert!(started.success(), "the server starts");
    }

    /// `kill -9` of every process of the server: none has time to finish what it has begun.
    pub(super) fn kill(&self) {
        let pid = fs::read_to_string(self.path().join("pid")).expect("a running server");
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", pid.trim()]).output();
        let children = String::from_utf8(children.expect("ps").stdout).expect("numbers");
        let mut kill = Command::new("kill");
        kill.args(["-9", pid.trim()]).args(children.split_whitespace());
        // One that has ended by itself since is no failure.
        kill.stderr(Stdio::null()).status().expect("kill");
    }

    /// Its folder; the data lies in `data` below.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("server")
    }

    /// Its URL for this user, who may have a password, at this host.
    pub(super) fn url_at(&self, user: &str, host: &str) -> String {
        format!("postgres://{user}@{host}:{}/postgres", self.port)
    }

    pub(super) fn url(&self) -> String {
        self.url_at("postgres", "127.0.0.1")
    }

    /// Runs one of the server's own programs as the server's user.
    pub(super) fn program(&self, name: &str, arguments: &[&str]) {
        let path = format!("/usr/lib/postgresql/15/bin/{name}");
        let as_server = format!("cd / && umask 077 && exec \"$0\" \"$@\"");
        let ran = Command::new("runuser")
            .args(["-u", "postgres", "--", "sh", "-c", &as_server, &path])
            .args(arguments)
            .stdout(Stdio::null())
            .status();
        assert!(ran.expect("the program").success(), "{name} {arguments:?}");
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = script("stop").arg(self.path()).status();
        if !std::thread::panicking() {
            assert!(stopped.expect("the script").success(), "the server stops");
        }
    }
}

fn script(what: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/local/servers/postgres");
    let mut command = Command::new(path);
    command.arg(what).stdout(Stdio::null());
    command
}

//! `tidelog dev` as a newcomer meets it: started, its printed lines pasted, killed, started again, stopped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const TIDELOG: &str = env!("CARGO_BIN_EXE_tidelog");

/// A process that serves a folder.
struct Dev {
    child: Child,
    address: String,
    /// The commands it printed.
    lines: Vec<String>,
}

impl Dev {
    /// Starts it and reads what it prints until it serves.
    fn start(dir: &Path) -> Dev {
        let mut child = Command::new(TIDELOG)
            .args(["dev", "--http-addr", "127.0.0.1:0", "--dir"])
            .arg(dir.join("data"))
            .current_dir(dir)
            .stderr(Stdio::piped())
            .spawn()
            .expect("dev starts");
        let mut printed = BufReader::new(child.stderr.take().expect("its stderr"));
        let mut lines = Vec::new();
        // The port is one that it chose: one that was free a moment ago may be anybody's.
        let mut address = String::new();
        loop {
            let mut line = String::new();
            assert!(
                printed.read_line(&mut line).expect("text") > 0,
                "it ended after {lines:?}"
            );
            let line = line.trim_end().to_owned();
            let last = line.contains("text/event-stream");
            if let Some(rest) = line.strip_prefix("tidelog serves http://") {
                rest.split(' ').next().expect("an address").clone_into(&mut address);
            }
            if line.starts_with("  ") {
                lines.push(line.trim().to_owned());
            }
            if last {
                break;
            }
        }
        // Whatever it says later must not block it.
        #[expect(clippy::disallowed_methods, reason = "a test of a process, not a simulation")]
        std::thread::spawn(move || printed.read_to_end(&mut Vec::new()));
        assert!(!address.is_empty(), "it says where it serves");
        Dev { child, address, lines }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The printed line that contains this.
    fn line(&self, part: &str) -> &str {
        self.lines
            .iter()
            .find(|line| line.contains(part))
            .expect("a line is printed")
    }

    fn tidelog(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(TIDELOG)
            .args(args)
            .env("TIDELOG_URL", self.url())
            .output()
            .expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().expect("a code"),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    fn terminate(mut self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .expect("kill runs")
                .success()
        );
        assert_eq!(
            self.child.wait().expect("it ends").code(),
            Some(0),
            "SIGTERM ends it well"
        );
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Pastes a line into a shell that finds the command.
fn paste(dir: &Path, line: &str) -> String {
    let bin = Path::new(TIDELOG).parent().expect("a folder").display().to_string();
    let path = std::env::vars_os()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value)
        .unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", line])
        .env("PATH", format!("{bin}:{}", path.to_string_lossy()))
        .current_dir(dir)
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_printed_lines_work_when_pasted() {
    let dir = folder();
    let dev = Dev::start(dir.path());
    paste(dir.path(), dev.line("topic create"));
    paste(dir.path(), dev.line("tidelog produce"));
    let consumed = paste(dir.path(), dev.line("tidelog consume"));
    assert!(consumed.ends_with(":0 1 {\"id\":1,\"item\":\"tea\"}\n"), "{consumed:?}");
    paste(dir.path(), dev.line("curl -X PUT"));
    paste(dir.path(), dev.line("-d '"));
    let read = paste(dir.path(), &dev.line("earliest'").replace("curl", "curl -s"));
    let read: Value = serde_json::from_str(&read).expect("json");
    assert_eq!(read["records"][0]["value"]["page"], "/");
    dev.terminate();
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let dir = folder();
    let mut dev = Dev::start(dir.path());
    assert_eq!(dev.tidelog(&["topic", "create", "t", "-p", "2"]).0, 0);
    let lines = dir.path().join("lines");
    let text: String = (0..5_000).map(|number| format!("{number}\n")).collect();
    std::fs::write(&lines, &text).expect("written");
    let (code, _, told) = dev.tidelog(&["produce", "t", &lines.display().to_string(), "-p", "1"]);
    assert_eq!(code, 0, "{told}");
    dev.child.kill().expect("killed");
    dev.child.wait().expect("gone");
    let dev = Dev::start(dir.path());
    let (code, consumed, told) = dev.tidelog(&["consume", "t"]);
    assert_eq!((code, consumed == text), (0, true), "{told}");
    let (_, some, _) = dev.tidelog(&["consume", "t", "-o", "-10:-5", "-p", "1", "-f", "%p %o %s,"]);
    assert_eq!(some, "1 4990 4990,1 4991 4991,1 4992 4992,1 4993 4993,1 4994 4994,");
    dev.terminate();
    let verified = Command::new(TIDELOG)
        .args(["verify", "--dir"])
        .arg(dir.path().join("data"))
        .output()
        .expect("it runs");
    assert_eq!(
        verified.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

#[test]
fn the_same_producer_appends_nothing_twice() {
    let dir = folder();
    let dev = Dev::start(dir.path());
    assert_eq!(dev.tidelog(&["topic", "create", "t"]).0, 0);
    let lines = dir.path().join("lines");
    std::fs::write(&lines, "{\"n\":1}\n{\"n\":2}\n").expect("written");
    let file = lines.display().to_string();
    let again = [
        "produce",
        "t",
        file.as_str(),
        "-f",
        "ndjson",
        "--producer-id",
        "p",
        "-o",
        "json",
    ];
    for replayed in [0, 1] {
        let (code, report, told) = dev.tidelog(&again);
        let report: Value = serde_json::from_str(&report).expect("json");
        assert_eq!(
            (code, &report["records"], &report["replayed"]),
            (0, &Value::from(2), &Value::from(replayed)),
            "{told}"
        );
    }
    assert_eq!(dev.tidelog(&["consume", "t"]).1, "{\"n\":1}\n{\"n\":2}\n");
    dev.terminate();
}

#[test]
fn groups_go_on_where_they_stopped() {
    let dir = folder();
    let dev = Dev::start(dir.path());
    assert_eq!(dev.tidelog(&["topic", "create", "t"]).0, 0);
    let lines = dir.path().join("lines");
    std::fs::write(&lines, "a\nb\nc\n").expect("written");
    assert_eq!(dev.tidelog(&["produce", "t", &lines.display().to_string()]).0, 0);
    assert_eq!(dev.tidelog(&["consume", "t", "-g", "g", "-n", "2"]).1, "a\nb\n");
    assert_eq!(dev.tidelog(&["consume", "t", "-g", "g"]).1, "c\n");
    assert_eq!(dev.tidelog(&["consume", "t", "-g", "g"]).1, "");
    let (code, plan, told) = dev.tidelog(&["group", "reset", "g", "--topic", "t", "--to", "1", "-o", "json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!(
        (code, &plan["offsets"][0]["before"], &plan["offsets"][0]["offset"]),
        (0, &Value::from(3), &Value::from(1))
    );
    assert_eq!(
        dev.tidelog(&["consume", "t", "-g", "g"]).1,
        "",
        "a plan changes nothing"
    );
    let (code, _, told) = dev.tidelog(&["group", "reset", "g", "--topic", "t", "--shift-by", "-1", "--yes"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(dev.tidelog(&["consume", "t", "-g", "g"]).1, "c\n");
    assert!(dev.tidelog(&["group", "list"]).1.contains('g'));
    assert_eq!(dev.tidelog(&["group", "delete", "g"]).0, 0);
    assert_eq!(dev.tidelog(&["group", "describe", "g"]).0, 4);
    dev.terminate();
}

#[test]
fn topics_are_altered_trimmed_and_deleted() {
    let dir = folder();
    let dev = Dev::start(dir.path());
    assert_eq!(
        dev.tidelog(&["topic", "create", "t", "-c", "retention.ms=1000000"]).0,
        0
    );
    assert_eq!(
        dev.tidelog(&["topic", "create", "t", "-c", "retention.ms=1000000"]).0,
        0,
        "the same is fine"
    );
    assert_eq!(dev.tidelog(&["topic", "create", "t", "-p", "2"]).0, 5, "another is not");
    assert_eq!(
        dev.tidelog(&["topic", "create", "t", "-p", "2", "--if-not-exists"]).0,
        0
    );
    let (code, described, _) = dev.tidelog(&[
        "topic",
        "alter",
        "t",
        "-p",
        "3",
        "--unset",
        "retention.ms",
        "-o",
        "json",
    ]);
    let described: Value = serde_json::from_str(&described).expect("json");
    assert_eq!((code, described["partitions"].as_array().map(Vec::len)), (0, Some(3)));
    assert_eq!(described["config"]["retention.ms"]["source"], "default");
    let lines = dir.path().join("lines");
    std::fs::write(&lines, "a\nb\nc\n").expect("written");
    assert_eq!(
        dev.tidelog(&["produce", "t", &lines.display().to_string(), "-p", "0"])
            .0,
        0
    );
    assert_eq!(dev.tidelog(&["topic", "trim", "t", "--before", "2"]).0, 0);
    assert_eq!(dev.tidelog(&["consume", "t"]).1, "a\nb\nc\n", "a plan changes nothing");
    let (code, _, told) = dev.tidelog(&["topic", "trim", "t", "--before", "2", "--partition", "0", "--yes"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(dev.tidelog(&["consume", "t"]).1, "c\n");
    assert!(dev.tidelog(&["topic", "list"]).1.contains('t'));
    assert_eq!(dev.tidelog(&["cluster", "alter", "-c", "agent.timeout.ms=60000"]).0, 0);
    let (code, cluster, _) = dev.tidelog(&["cluster", "describe"]);
    assert!(code == 0 && cluster.contains("60000"), "{cluster}");
    assert_eq!(dev.tidelog(&["topic", "delete", "t"]).0, 0);
    assert_eq!(dev.tidelog(&["topic", "describe", "t"]).0, 4);
    assert_eq!(dev.tidelog(&["consume", "t"]).0, 4);
    dev.terminate();
}

#[test]
fn nobody_there_is_told_apart() {
    let address = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let url = format!("http://{address}");
    let status = Command::new(TIDELOG)
        .args(["topic", "list", "--url", &url])
        .stderr(Stdio::null())
        .status();
    assert_eq!(status.expect("it runs").code(), Some(6));
    let status = Command::new(TIDELOG)
        .args(["dev", "--http-addr", "0.0.0.0:0"])
        .stderr(Stdio::null())
        .status();
    assert_eq!(
        status.expect("it runs").code(),
        Some(2),
        "beyond loopback has to be meant"
    );
}

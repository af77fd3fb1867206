//! `infra/local/compose.yaml` against the binary: no Docker is needed, and none is run. What it tells `tidelog` is understood,
//! and what it stands on is pinned.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_yaml_ng::Value;

const TIDELOG: &str = env!("CARGO_BIN_EXE_tidelog");
const LOCAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/local");

/// The services, by name.
fn services() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(format!("{LOCAL}/compose.yaml")).expect("compose.yaml");
    let compose: Value = serde_yaml_ng::from_str(&text).expect("YAML");
    serde_yaml_ng::from_value(compose["services"].clone()).expect("services")
}

/// Those that run `tidelog`.
fn agents() -> BTreeMap<String, Value> {
    let mut services = services();
    services.retain(|_, service| image(service).starts_with("tidelog:"));
    services
}

fn image(service: &Value) -> &str {
    service["image"].as_str().expect("an image")
}

fn words(service: &Value, name: &str) -> Vec<String> {
    serde_yaml_ng::from_value(service[name].clone()).expect("a list of words")
}

fn environment(service: &Value) -> BTreeMap<String, String> {
    serde_yaml_ng::from_value(service["environment"].clone()).expect("texts by name")
}

/// Every variable that an argument of the command takes its value from.
fn variables() -> String {
    fn gather(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                gather(&path, all);
            } else {
                all.push_str(&std::fs::read_to_string(path).expect("a source"));
            }
        }
    }
    let mut all = String::new();
    gather(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut all);
    all
}

#[test]
fn there_are_two_agents_with_names_of_their_own() {
    let agents = agents();
    assert_eq!(agents.len(), 2);
    let told: Vec<Vec<String>> = agents.values().map(|agent| words(agent, "command")).collect();
    assert_ne!(told[0], told[1]);
    for (name, agent) in &agents {
        assert!(words(agent, "command").contains(&format!("--name={name}")), "{name}");
        assert!(
            words(agent, "command").contains(&format!("--peer-advertise={name}:9001")),
            "{name}"
        );
    }
}

/// Whatever comes before `--help` is parsed first: an unknown flag, or a value that is none, is refused.
#[test]
fn the_binary_takes_every_command_line() {
    let run = |words: &[String]| {
        let output = Command::new(TIDELOG)
            .args(words)
            .arg("--help")
            .output()
            .expect("it runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    for (name, agent) in agents() {
        let mut words = words(&agent, "command");
        assert_eq!(run(&words), (Some(0), String::new()), "{name}");
        words.push("--no-such-flag".to_owned());
        assert_ne!(run(&words).0, Some(0), "nothing is refused");
    }
}

/// What the flags and the environment say together is complete: it gets as far as the network.
#[test]
fn the_binary_gets_as_far_as_its_ledger() {
    for (name, agent) in agents() {
        // The same on this machine, where nobody answers at port 1.
        let here = |text: String| {
            let text = text
                .replace("minio:9000", "127.0.0.1:1")
                .replace("@postgres/", "@127.0.0.1:1/");
            text.replace("=0.0.0.0:8080", "=127.0.0.1:0")
                .replace("=0.0.0.0:9001", "=127.0.0.1:0")
        };
        let output = Command::new(TIDELOG)
            .args(words(&agent, "command").into_iter().map(here))
            .envs(environment(&agent).into_iter().map(|(name, value)| (name, here(value))))
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let refused = said.contains("cannot open the ledger") && said.contains("Connection refused");
        assert!(output.status.code() == Some(1) && refused, "{name}: {said}");
    }
}

#[test]
fn every_variable_is_read() {
    let variables = variables();
    for (name, agent) in agents() {
        for variable in environment(&agent).keys() {
            assert!(
                variables.contains(&format!("env = \"{variable}\"")),
                "{name}: nobody reads {variable}"
            );
        }
    }
}

#[test]
fn every_image_is_pinned() {
    let pinned = |image: &str| {
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        tag.is_some_and(|tag| tag != "latest" && tag.chars().any(|letter| letter.is_ascii_digit()))
    };
    for (name, service) in services() {
        assert!(pinned(image(&service)), "{name}: {}", image(&service));
    }
    let dockerfile = std::fs::read_to_string(format!("{LOCAL}/Dockerfile")).expect("the Dockerfile");
    let bases: Vec<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "))
        .collect();
    assert_eq!(bases.len(), 2);
    for base in bases {
        assert!(pinned(base.split(' ').next().unwrap_or_default()), "{base}");
    }
    let toolchain = std::fs::read_to_string(format!("{LOCAL}/../../rust-toolchain.toml")).expect("the toolchain");
    let version = toolchain.split('"').nth(1).expect("a version");
    assert!(
        dockerfile.contains(&format!("rust:{version}-")),
        "the image builds with another Rust than {version}"
    );
}

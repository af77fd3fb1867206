//! The suite against a real server, which a script beside this folder starts and stops.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ledger::{AwsOptions, Secret};
use store::{S3Objects, StoreOptions};
use world::World;

use crate::suite;

const PORT: u16 = 21_333;

struct Server(Child);

impl Server {
    fn start() -> Server {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seaweedfs");
        let mut child = Command::new(here.join("tests/seaweedfs"))
            .arg(venv)
            .args([&PORT.to_string(), "bucket"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        assert_eq!(said, "ready\n");
        Server(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "starts a SeaweedFS server, and installs it first if need be"]
async fn s3() {
    let _server = Server::start();
    let world = World::real();
    let options = StoreOptions {
        aws: AwsOptions {
            endpoint: Some(format!("http://127.0.0.1:{}", PORT + 3)),
            access_key_id: Some("testkey".to_owned()),
            secret_access_key: Some(Secret::new("testsecret")),
            ..AwsOptions::default()
        },
        ..StoreOptions::default()
    };
    suite::run(&world, async || {
        Arc::new(S3Objects::open("s3://bucket/some/prefix", &options).unwrap())
    })
    .await;
}

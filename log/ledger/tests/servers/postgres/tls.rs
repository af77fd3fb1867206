//! Encryption and passwords.

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::{LedgerError, OpenError};
use tempfile::TempDir;

use super::server::Server;
use super::{Other, fill, open, refused};

/// A certificate for `localhost` that signs itself, and the server's settings with it.
fn certificate(dir: &Path) -> (PathBuf, String) {
    let (key, certificate, hba) = (dir.join("key.pem"), dir.join("certificate.pem"), dir.join("hba.conf"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=a test of Tidelog",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{made:?}");
    let rules = "host all postgres 127.0.0.1/32 trust\nhostssl all secured 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(&hba, rules).expect("a file");
    for path in [dir, &key, &certificate, &hba] {
        let owned = Command::new("chown").arg("postgres:").arg(path).status();
        assert!(owned.expect("chown").success());
    }
    let settings = format!(
        "ssl = on\nssl_key_file = '{}'\nssl_cert_file = '{}'\nhba_file = '{}'\n",
        key.display(),
        certificate.display(),
        hba.display()
    );
    (certificate, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_is_made_sure_of() {
    let dir = TempDir::new().expect("a folder");
    let (certificate, settings) = certificate(dir.path());
    let server = Server::start(&settings);
    let other = Other::connect(&server.url()).await;
    other
        .execute("CREATE ROLE secured LOGIN PASSWORD 'hunter2'; GRANT CREATE ON SCHEMA public TO secured")
        .await;
    let roots = format!("?sslmode=verify-full&sslrootcert={}", certificate.display());
    let at = |user: &str, host: &str, parameters: &str| server.url_at(user, host) + parameters;

    let ledger = open(&at("secured:hunter2", "localhost", &roots)).await;
    fill(&ledger, 0, 2).await;
    let encrypted =
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'secured' AND ssl";
    assert!(other.number(encrypted).await >= 1);

    let unavailable = async |url: &str, expect: &str| {
        let error = refused(url).await;
        let text = format!("{error} {error:?}");
        assert!(text.contains(expect), "{text} does not say {expect}");
        assert!(!text.contains("hunter2"), "{text}");
        matches!(error, OpenError::Ledger(LedgerError::Unavailable { .. }))
    };
    // A name that is not in the certificate; an authority that is not known; no encryption where the server wants it.
    assert!(unavailable(&at("secured:hunter2", "127.0.0.1", &roots), "not valid for name").await);
    assert!(
        unavailable(
            &at("secured:hunter2", "localhost", "?sslmode=verify-full"),
            "UnknownIssuer"
        )
        .await
    );
    assert!(!unavailable(&at("secured:hunter2", "localhost", ""), "no encryption").await);
    assert!(
        !unavailable(
            &at("secured:hunter3", "localhost", &roots),
            "password authentication failed"
        )
        .await
    );
    let missing = roots.replace("certificate.pem", "absent.pem");
    assert!(!unavailable(&at("secured:hunter2", "localhost", &missing), "absent.pem").await);
}

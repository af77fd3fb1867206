use super::*;

fn shown(url: &str) -> String {
    match Place::parse(url) {
        Ok(place) => {
            let encryption = match &place.encryption {
                Encryption::Plain => "plain".to_owned(),
                Encryption::Verified { roots: None } => "verified".to_owned(),
                Encryption::Verified { roots: Some(path) } => format!("verified by {}", path.display()),
            };
            let Place {
                user,
                database,
                log,
                notify,
                ..
            } = &place;
            let password = place.password.as_ref().map_or("-", Secret::reveal);
            format!(
                "{} {user} {password} {database} {log} {notify} {encryption}",
                place.shown()
            )
        }
        Err(what) => what,
    }
}

#[test]
fn urls() {
    for (url, expect) in [
        (
            "postgres://me@localhost/db",
            "postgres localhost:5432/db me - db tidelog true plain",
        ),
        (
            "postgresql://me:pw@127.0.0.1:6000/db?log=two",
            "postgres 127.0.0.1:6000/db me pw db two true plain",
        ),
        (
            "postgres://me@[::1]/db?notify=off",
            "postgres ::1:5432/db me - db tidelog false plain",
        ),
        (
            "postgres://me@%2Frun%2Fpg/db",
            "postgres /run/pg:5432/db me - db tidelog true plain",
        ),
        (
            "postgres://me@db.example/db",
            "postgres db.example:5432/db me - db tidelog true verified",
        ),
        (
            "postgres://me@10.0.0.1/db?sslmode=disable",
            "postgres 10.0.0.1:5432/db me - db tidelog true plain",
        ),
        (
            "postgres://me@localhost/db?sslmode=verify-full&sslrootcert=%2Fca.pem",
            "postgres localhost:5432/db me - db tidelog true verified by /ca.pem",
        ),
        (
            "postgres://me:p%40%3A%2F%23@h/d%20b",
            "postgres h:5432/d b me p@:/# d b tidelog true verified",
        ),
    ] {
        assert_eq!(shown(url), expect, "{url}");
    }
}

#[test]
fn refused() {
    for (url, expect) in [
        ("postgres:db", "a host must be named"),
        ("postgres://me@h", "one database must be named"),
        ("postgres://me@h/", "user and database must be named"),
        ("postgres://h/db", "user and database must be named"),
        ("postgres://me@h/a/b", "one database must be named"),
        ("postgres://me:secret@h:port/db", "invalid port number"),
        ("postgres://me@h/db#x", "what follows a #"),
        ("postgres://me@h/db?log=", "log is a name of 1 to 128 bytes"),
        ("postgres://me@h/db?log=%00", "log is a name"),
        ("postgres://me@h/db?notify=yes", "notify is on or off, not \"yes\""),
        ("postgres://me@h/db?sslmode=require", "does not make sure who answers"),
        ("postgres://me@h/db?sslmode=prefer", "does not make sure who answers"),
        (
            "postgres://me@h/db?sslmode=disable&sslrootcert=x",
            "sslrootcert needs sslmode=verify-full",
        ),
        (
            "postgres://me@localhost/db?sslrootcert=x",
            "sslrootcert needs sslmode=verify-full",
        ),
        ("postgres://me@h/db?password=x", "parameter \"password\" is not known"),
        ("postgres://me@h/db?log=a&log=b", "parameter \"log\" is given twice"),
        (
            "postgres://me@h/db?application_name=x",
            "parameter \"application_name\" is not known",
        ),
    ] {
        let what = shown(url);
        assert!(what.contains(expect), "{url}: {what} does not say {expect}");
        assert!(!what.contains("secret"), "{what}");
    }
}

#[test]
fn the_password_is_not_shown() {
    let place = Place::parse("postgres://me:hunter2@h/db").unwrap();
    assert!(!format!("{place:?} {}", place.shown()).contains("hunter2"));
}

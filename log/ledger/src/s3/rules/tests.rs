use super::*;
use crate::finding::Verdict;

fn rule(status: &str, prefix: &str, expiration: &str) -> String {
    format!(
        "<Rule><ID>one</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>{status}</Status>\
         <Expiration>{expiration}</Expiration></Rule>"
    )
}

#[test]
fn rules_that_expire() {
    let check = |rules: &str, prefix: &str, verdict: Verdict| {
        let document = format!("<?xml version=\"1.0\"?><LifecycleConfiguration>{rules}</LifecycleConfiguration>");
        let found = lifecycle("lifecycle", &understand(200, &document), prefix);
        assert_eq!(found.verdict, verdict, "{rules} under {prefix:?}: {}", found.what);
    };
    let days = "<Days>30</Days>";
    check("", "p", Verdict::Ok);
    check(&rule("Enabled", "", days), "p", Verdict::Fail);
    check(&rule("Enabled", "p/", days), "p", Verdict::Fail);
    check(&rule("Enabled", "p", days), "p", Verdict::Fail);
    check(&rule("Enabled", "p/abc/segment/", days), "p", Verdict::Fail);
    check(&rule("Enabled", "pq", days), "p", Verdict::Ok);
    check(&rule("Enabled", "other/", days), "p", Verdict::Ok);
    check(&rule("Enabled", "other/", days), "", Verdict::Fail);
    check(&rule("Enabled", "a&amp;b/", days), "a&b", Verdict::Fail);
    check(&rule("Disabled", "", days), "p", Verdict::Ok);
    check(
        &rule("Enabled", "", "<Date>2030-01-01T00:00:00Z</Date>"),
        "p",
        Verdict::Fail,
    );
    check(
        &rule(
            "Enabled",
            "",
            "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>",
        ),
        "p",
        Verdict::Ok,
    );
    check(
        "<Rule><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays>\
         </NoncurrentVersionExpiration></Rule>",
        "p",
        Verdict::Ok,
    );
    check(
        &(rule("Enabled", "other/", days) + &rule("Enabled", "p/", days)),
        "p",
        Verdict::Fail,
    );
}

#[test]
fn rules_that_archive() {
    let check = |of: &str, inner: &str, verdict: Verdict| {
        let rule = format!("<Rule><Filter><Prefix>{of}</Prefix></Filter><Status>Enabled</Status>{inner}</Rule>");
        let document = format!("<LifecycleConfiguration>{rule}</LifecycleConfiguration>");
        let found = lifecycle("lifecycle", &understand(200, &document), "p");
        assert_eq!(found.verdict, verdict, "{inner} of {of:?}: {}", found.what);
    };
    let to = |class: &str| format!("<Transition><Days>30</Days><StorageClass>{class}</StorageClass></Transition>");
    check("", &to("GLACIER"), Verdict::Fail);
    check("p/", &(to("STANDARD_IA") + &to("DEEP_ARCHIVE")), Verdict::Fail);
    check("other/", &to("GLACIER"), Verdict::Ok);
    // These are read like any other.
    check("", &to("GLACIER_IR"), Verdict::Ok);
    check("", &to("STANDARD_IA"), Verdict::Ok);
    let older = "<NoncurrentVersionTransition><NoncurrentDays>3</NoncurrentDays><StorageClass>GLACIER</StorageClass>\
                 </NoncurrentVersionTransition>";
    check("", older, Verdict::Ok);
}

#[test]
fn versions_and_locks() {
    let versions = |document: &str| versioning("versioning", &understand(200, document)).verdict;
    assert_eq!(versions("<VersioningConfiguration xmlns=\"x\"/>"), Verdict::Ok);
    for status in ["Enabled", "Suspended"] {
        let document = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        assert_eq!(versions(&document), Verdict::Warn);
    }
    let locks = |document: &str| object_lock("lock", &understand(200, document)).verdict;
    let enabled = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
    assert_eq!(locks(enabled), Verdict::Ok);
    assert_eq!(
        locks(&format!(
            "{enabled}<Rule><DefaultRetention><Mode>GOVERNANCE</Mode></DefaultRetention></Rule>"
        )),
        Verdict::Warn
    );
}

#[test]
fn answers_that_are_none() {
    let error = |code: &str| format!("<Error><Code>{code}</Code></Error>");
    let check = |status: u16, code: &str, told: &Told| assert_eq!(understand(status, &error(code)), *told);
    check(404, "NoSuchLifecycleConfiguration", &Told::Nothing);
    check(404, "ObjectLockConfigurationNotFoundError", &Told::Nothing);
    check(403, "AccessDenied", &Told::Refused);
    check(
        501,
        "NotImplemented",
        &Told::Unseen("the answer is 501 NotImplemented".to_owned()),
    );
    assert_eq!(understand(500, "?"), Told::Unseen("the answer is 500".to_owned()));
    assert_eq!(lifecycle("l", &Told::Nothing, "p").verdict, Verdict::Ok);
    let refused = lifecycle("l", &Told::Refused, "p");
    assert_eq!(refused.verdict, Verdict::Warn);
    assert!(
        refused.what.contains("s3:GetLifecycleConfiguration"),
        "{}",
        refused.what
    );
    let unseen = versioning("v", &Told::Unseen("the answer is 501".to_owned()));
    assert_eq!(
        (unseen.verdict, &*unseen.what),
        (Verdict::Warn, "cannot be seen here: the answer is 501")
    );
}

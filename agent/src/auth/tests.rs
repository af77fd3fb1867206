use super::*;

fn ask(authorizer: &Authorizer) -> Result<Authorized, Denied> {
    authorizer.authorize(
        Principal::anonymous(),
        Operation::Write,
        Resource::Topic("orders".to_owned()),
    )
}

#[test]
fn what_is_allowed_says_who_what_and_on_what() {
    let allowed = ask(&Authorizer::allow_all()).unwrap();
    assert_eq!(allowed.principal().name(), "anonymous");
    assert_eq!(allowed.operation(), Operation::Write);
    assert_eq!(allowed.resource(), &Resource::Topic("orders".to_owned()));
    assert_eq!(allowed.name(), "orders");
}

#[test]
fn what_is_denied_says_so_too() {
    let denied = ask(&Authorizer::deny_all()).unwrap_err();
    assert_eq!(denied.to_string(), "anonymous is not allowed to Write topic orders");
}

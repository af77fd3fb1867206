//! The table itself: made once, checked when it is opened, and refused where it would lose entries.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};
use ledger::{Finding, Verdict};
use world::World;

use super::{options, sdk};

struct Yard {
    endpoint: String,
    table: String,
    url: String,
    world: World,
}

impl Yard {
    fn new() -> Yard {
        let world = World::real();
        let table = format!("table-{:016x}", world.chance.u64());
        Yard {
            endpoint: crate::variable("TIDELOG_TEST_DYNAMODB"),
            url: format!("dynamodb://{table}"),
            table,
            world,
        }
    }

    async fn create(&self) -> Result<ledger::Created, ledger::OpenError> {
        ledger::create(&self.url, &options(&self.endpoint), &self.world).await
    }

    /// What opening it gives.
    async fn open(&self) -> String {
        match ledger::connect(&self.url, &options(&self.endpoint), &self.world).await {
            Ok(_) => "opens".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

#[tokio::test]
async fn dynamodb_table_is_made_once() {
    let yard = Yard::new();
    let missing = yard.open().await;
    assert!(
        missing.contains("there is no DynamoDB table") && missing.contains("`tidelog ledger create`"),
        "{missing}"
    );
    let made = yard.create().await.expect("a table");
    assert!(made.made && made.what.contains(&yard.table), "{made:?}");
    assert_eq!(yard.open().await, "opens");
    let described = sdk(&yard.endpoint)
        .describe_table()
        .table_name(&yard.table)
        .send()
        .await;
    let table = described.expect("described").table.expect("a table");
    assert_eq!(table.deletion_protection_enabled, Some(true));
    let again = yard.create().await.expect("the same table");
    assert!(!again.made, "{again:?}");
}

#[tokio::test]
async fn dynamodb_table_of_many_makers() {
    let yard = Yard::new();
    let makers = futures::future::join_all((0..4).map(|_| yard.create())).await;
    let made = makers.into_iter().map(|made| made.expect("a table").made);
    assert_eq!(made.filter(|made| *made).count(), 1);
}

#[tokio::test]
async fn dynamodb_table_of_another_shape_is_refused() {
    let yard = Yard::new();
    let request = sdk(&yard.endpoint).create_table().table_name(&yard.table);
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    let request = request
        .key_schema(key.build().expect("a key"))
        .attribute_definitions(attribute.build().expect("an attribute"))
        .billing_mode(BillingMode::PayPerRequest);
    request.send().await.expect("a table");
    let refused = yard.open().await;
    assert!(
        refused.contains("its key is (id HASH S), not (log_segment HASH S, position RANGE N)"),
        "{refused}"
    );
    let refused = yard.create().await.expect_err("it is of no use").to_string();
    assert!(refused.contains("its key is"), "{refused}");
}

#[tokio::test]
async fn dynamodb_table_whose_items_expire_is_refused() {
    let yard = Yard::new();
    yard.create().await.expect("a table");
    let expiry = TimeToLiveSpecification::builder()
        .attribute_name("expires")
        .enabled(true);
    let request = sdk(&yard.endpoint).update_time_to_live().table_name(&yard.table);
    let request = request.time_to_live_specification(expiry.build().expect("a specification"));
    request.send().await.expect("set");
    let refused = yard.open().await;
    assert!(refused.contains("its items expire"), "{refused}");
}

/// What an examination finds: also of a table in which no ledger is opened.
#[tokio::test]
async fn dynamodb_table_is_examined() {
    let yard = Yard::new();
    let examine = async || ledger::examine(&yard.url, &options(&yard.endpoint), &yard.world).await;
    let missing = examine().await.expect_err("there is none").to_string();
    assert!(missing.contains("there is no DynamoDB table"), "{missing}");
    yard.create().await.expect("a table");
    let not_ok = |found: &[Finding]| -> Vec<(&'static str, Verdict)> {
        let wrong = found.iter().filter(|found| found.verdict != Verdict::Ok);
        wrong.map(|found| (found.name, found.verdict)).collect()
    };
    let found = examine().await.expect("examined");
    assert!(
        not_ok(&found).iter().all(|(_, verdict)| *verdict == Verdict::Warn),
        "{found:?}"
    );
    let expiry = TimeToLiveSpecification::builder()
        .attribute_name("expires")
        .enabled(true);
    let sdk = sdk(&yard.endpoint);
    let request = sdk.update_time_to_live().table_name(&yard.table);
    let request = request.time_to_live_specification(expiry.build().expect("a specification"));
    request.send().await.expect("set");
    let request = sdk
        .update_table()
        .table_name(&yard.table)
        .deletion_protection_enabled(false);
    request.send().await.expect("set");
    let found = examine().await.expect("examined");
    let wrong = not_ok(&found);
    assert!(wrong.contains(&("dynamodb_time_to_live", Verdict::Fail)), "{found:?}");
    assert!(
        wrong.contains(&("dynamodb_deletion_protection", Verdict::Warn)),
        "{found:?}"
    );
}

//! Requests for the table itself, one attempt each.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ContinuousBackupsDescription, GlobalTableWitnessDescription, KeySchemaElement,
    KeyType, MultiRegionConsistency, PointInTimeRecoveryDescription, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ReplicaDescription, ScalarAttributeType, TableDescription, TableStatus,
    TimeToLiveStatus,
};

use super::item::{POSITION, SEGMENT};
use super::items::incomplete;
use super::{Client, Failure};

/// How long a request for the table may take.
const TABLE_TIMEOUT: Duration = Duration::from_secs(4);

/// What a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dynamodb) struct Described {
    /// `ACTIVE`, `CREATING`...
    pub(in crate::dynamodb) status: String,
    /// Each attribute of the key with its role and type: `log_segment HASH S`.
    pub(in crate::dynamodb) key: Vec<String>,
    /// The other regions that hold it.
    pub(in crate::dynamodb) regions: Vec<String>,
    /// Whether it is protected from being deleted by a call.
    pub(in crate::dynamodb) deletion_protection: bool,
    /// Of a global table, what its regions agree on: `EVENTUAL` where nothing else is said, or `STRONG`.
    pub(in crate::dynamodb) consistency: String,
    /// The read and write units a second that are paid for; none where the request is.
    pub(in crate::dynamodb) units: Option<(i64, i64)>,
}

/// What became of making a table.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dynamodb) enum Made {
    Begun,
    /// There is one of that name.
    There,
}

impl Client {
    /// What the table is; none when there is no such table.
    pub(in crate::dynamodb) async fn describe(&self) -> Result<Option<Described>, Failure> {
        let request = self.sdk.describe_table().table_name(&self.table);
        let answer = match self.attempt(TABLE_TIMEOUT, request.send()).await? {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(Failure::of(&error)),
        };
        let region = self.sdk.config().region().map(|region| region.as_ref().to_owned());
        let table = answer.table.as_ref();
        Ok(table.map(|table| described(table, region.as_deref().unwrap_or_default())))
    }

    /// Whether items of the table expire.
    pub(in crate::dynamodb) async fn expires(&self) -> Result<bool, Failure> {
        let request = self.sdk.describe_time_to_live().table_name(&self.table);
        let answer = self.attempt(TABLE_TIMEOUT, request.send()).await?;
        let answer = answer.map_err(|error| Failure::of(&error))?;
        let status = answer
            .time_to_live_description
            .and_then(|told| told.time_to_live_status);
        Ok(!matches!(status, None | Some(TimeToLiveStatus::Disabled)))
    }

    /// Whether the table can be put back to an earlier moment.
    pub(in crate::dynamodb) async fn keeps_backups(&self) -> Result<bool, Failure> {
        let request = self.sdk.describe_continuous_backups().table_name(&self.table);
        let answer = self.attempt(TABLE_TIMEOUT, request.send()).await?;
        let answer = answer.map_err(|error| Failure::of(&error))?;
        let told = answer.continuous_backups_description.as_ref();
        let recovery = told.and_then(ContinuousBackupsDescription::point_in_time_recovery_description);
        let status = recovery.and_then(PointInTimeRecoveryDescription::point_in_time_recovery_status);
        Ok(status == Some(&PointInTimeRecoveryStatus::Enabled))
    }

    /// Begins to make the table: paid by the request, with deletion protection.
    pub(in crate::dynamodb) async fn create(&self) -> Result<Made, Failure> {
        let attribute = |name, kind| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(kind)
                .build()
        };
        let key = |name, role| KeySchemaElement::builder().attribute_name(name).key_type(role).build();
        let incomplete = |error: BuildError| incomplete(&error);
        let request = self
            .sdk
            .create_table()
            .table_name(&self.table)
            .attribute_definitions(attribute(SEGMENT, ScalarAttributeType::S).map_err(incomplete)?)
            .attribute_definitions(attribute(POSITION, ScalarAttributeType::N).map_err(incomplete)?)
            .key_schema(key(SEGMENT, KeyType::Hash).map_err(incomplete)?)
            .key_schema(key(POSITION, KeyType::Range).map_err(incomplete)?)
            .billing_mode(BillingMode::PayPerRequest)
            .deletion_protection_enabled(true);
        match self.attempt(TABLE_TIMEOUT, request.send()).await? {
            Ok(_) => Ok(Made::Begun),
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(Made::There),
            Err(error) => Err(Failure::of(&error)),
        }
    }

    /// Asks for continuous backups.
    pub(in crate::dynamodb) async fn keep_backups(&self) -> Result<(), Failure> {
        let recovery = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(true)
            .build();
        let recovery = recovery.map_err(|error| incomplete(&error))?;
        let request = self
            .sdk
            .update_continuous_backups()
            .table_name(&self.table)
            .point_in_time_recovery_specification(recovery);
        match self.attempt(TABLE_TIMEOUT, request.send()).await? {
            Ok(_) => Ok(()),
            // A table that was just made is not ready for it yet.
            Err(error) if error.code() == Some("ContinuousBackupsUnavailableException") => {
                Err(Failure::Busy("backups are not available yet".to_owned()))
            }
            Err(error) => Err(Failure::of(&error)),
        }
    }
}

fn described(table: &TableDescription, own_region: &str) -> Described {
    let kind = |name: &str| {
        let mut attributes = table.attribute_definitions().iter();
        let attribute = attributes.find(|attribute| attribute.attribute_name() == name);
        attribute.map_or("", |attribute| attribute.attribute_type().as_str())
    };
    let key = table.key_schema().iter().map(|key| {
        let name = key.attribute_name();
        format!("{name} {} {}", key.key_type().as_str(), kind(name))
    });
    let replicas = table.replicas().iter().filter_map(ReplicaDescription::region_name);
    let witnesses = table
        .global_table_witnesses()
        .iter()
        .filter_map(GlobalTableWitnessDescription::region_name);
    let others = replicas.chain(witnesses).filter(|region| *region != own_region);
    let consistency = table.multi_region_consistency();
    // A table that is paid by the request has units of 0.
    let units = table.provisioned_throughput().map(|units| {
        let [read, write] = [units.read_capacity_units(), units.write_capacity_units()];
        (read.unwrap_or_default(), write.unwrap_or_default())
    });
    Described {
        status: table.table_status().map_or("unknown", TableStatus::as_str).to_owned(),
        key: key.collect(),
        regions: others.map(ToOwned::to_owned).collect(),
        deletion_protection: table.deletion_protection_enabled().unwrap_or_default(),
        consistency: consistency
            .map_or("EVENTUAL", MultiRegionConsistency::as_str)
            .to_owned(),
        units: units.filter(|(read, write)| (*read, *write) != (0, 0)),
    }
}

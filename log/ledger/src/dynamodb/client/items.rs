//! Requests for items, one attempt each.

use std::ops::RangeInclusive;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, DeleteRequest, Put as PutOfTransaction,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, WriteRequest,
};

use super::item::{Condition, Item, POSITION, SEGMENT};
use super::{Client, Failure, ITEM_TIMEOUT, PAGE_TIMEOUT};
use crate::dynamodb::address::Key;
use crate::ids::Position;

/// The most items that one request deletes.
pub(in crate::dynamodb) const DELETE_ITEMS_MAX: usize = 25;

/// What became of a put where nothing should be.
#[derive(Debug, PartialEq)]
pub(in crate::dynamodb) enum Put {
    Done,
    /// This is there. None when the server was not asked what, or does not say.
    There(Option<Item>),
}

/// What became of an exchange.
#[derive(Debug, PartialEq)]
pub(in crate::dynamodb) enum Swap {
    Done,
    /// One of the two items is not as it should be.
    Differs,
}

/// Items in order.
#[derive(Debug, PartialEq)]
pub(in crate::dynamodb) struct Page {
    pub(in crate::dynamodb) items: Vec<Item>,
    /// Whether the page ended before what was asked for did.
    pub(in crate::dynamodb) cut: bool,
}

impl Client {
    /// Puts an item where none is. What is there instead is told when it is asked for: it may be large.
    pub(in crate::dynamodb) async fn put_new(&self, item: Item, tell: bool) -> Result<Put, Failure> {
        let absent = Condition::absent();
        let told = match tell {
            true => ReturnValuesOnConditionCheckFailure::AllOld,
            false => ReturnValuesOnConditionCheckFailure::None,
        };
        let request = self
            .sdk
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.0))
            .condition_expression(absent.text)
            .set_expression_attribute_names(Some(absent.names))
            .return_values_on_condition_check_failure(told);
        let error = match self.attempt(ITEM_TIMEOUT, request.send()).await? {
            Ok(_) => return Ok(Put::Done),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Put::There(failed.item().cloned().map(Item)))
            }
            _ => Err(Failure::of(&error)),
        }
    }

    /// The item at a key.
    pub(in crate::dynamodb) async fn get(&self, key: &Key) -> Result<Option<Item>, Failure> {
        let request = self
            .sdk
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Item::at(key).0))
            .consistent_read(true);
        let answer = self.attempt(ITEM_TIMEOUT, request.send()).await?;
        let answer = answer.map_err(|error| Failure::of(&error))?;
        Ok(answer.item.map(Item))
    }

    /// The items of a segment at these positions, the lowest first, at most `limit`.
    pub(in crate::dynamodb) async fn query(
        &self,
        segment: &str,
        positions: RangeInclusive<Position>,
        limit: i32,
    ) -> Result<Page, Failure> {
        let number = |position: &Position| AttributeValue::N(position.to_string());
        let request = self
            .sdk
            .query()
            .table_name(&self.table)
            .key_condition_expression("#log_segment = :segment AND #position BETWEEN :first AND :last")
            .expression_attribute_names("#log_segment", SEGMENT)
            .expression_attribute_names("#position", POSITION)
            .expression_attribute_values(":segment", AttributeValue::S(segment.to_owned()))
            .expression_attribute_values(":first", number(positions.start()))
            .expression_attribute_values(":last", number(positions.end()))
            .consistent_read(true)
            .limit(limit);
        let answer = self.attempt(PAGE_TIMEOUT, request.send()).await?;
        let answer = answer.map_err(|error| Failure::of(&error))?;
        Ok(Page {
            cut: answer.last_evaluated_key.is_some(),
            items: answer.items.unwrap_or_default().into_iter().map(Item).collect(),
        })
    }

    /// Puts `new` in the place of `old`, if that is there with exactly these attributes, and so is `with`. Attempts that
    /// bear the same token are one: when the first one has happened, the second says so again (for ten minutes).
    pub(in crate::dynamodb) async fn swap(
        &self,
        old: &Item,
        new: &Item,
        with: &Item,
        token: &str,
    ) -> Result<Swap, Failure> {
        let request = self
            .sdk
            .transact_write_items()
            .client_request_token(token)
            .transact_items(self.check(with)?)
            .transact_items(self.exchange(old, new)?);
        let error = match self.attempt(ITEM_TIMEOUT, request.send()).await? {
            Ok(_) => return Ok(Swap::Done),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                judge(cancelled.cancellation_reasons())
            }
            _ => Err(Failure::of(&error)),
        }
    }

    fn check(&self, item: &Item) -> Result<TransactWriteItem, Failure> {
        let equal = Condition::equal(item);
        let key = item.key().map(|key| Item::at(&key).0);
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(key)
            .condition_expression(equal.text)
            .set_expression_attribute_names(Some(equal.names))
            .set_expression_attribute_values(Some(equal.values))
            .build();
        let check = check.map_err(|error| incomplete(&error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn exchange(&self, old: &Item, new: &Item) -> Result<TransactWriteItem, Failure> {
        let equal = Condition::equal(old);
        let put = PutOfTransaction::builder()
            .table_name(&self.table)
            .set_item(Some(new.0.clone()))
            .condition_expression(equal.text)
            .set_expression_attribute_names(Some(equal.names))
            .set_expression_attribute_values(Some(equal.values))
            .build();
        let put = put.map_err(|error| incomplete(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Deletes at most [`DELETE_ITEMS_MAX`] items, in no order, and says which are left to do. One that is not there counts as
    /// deleted.
    pub(in crate::dynamodb) async fn delete(&self, keys: &[Key]) -> Result<Vec<Key>, Failure> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(Item::at(key).0)).build();
            let delete = delete.map_err(|error| incomplete(&error))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let request = self.sdk.batch_write_item().request_items(&self.table, requests);
        let answer = self.attempt(PAGE_TIMEOUT, request.send()).await?;
        let answer = answer.map_err(|error| Failure::of(&error))?;
        let left = answer.unprocessed_items.unwrap_or_default();
        let left = left.into_values().flatten().map(|request| {
            let key = request.delete_request.map(|delete| Item(delete.key));
            key.and_then(|key| key.key())
                .ok_or_else(|| Failure::Unclear("what was left to delete has no key".to_owned()))
        });
        left.collect()
    }
}

/// Why a transaction was cancelled. One condition that does not hold is enough to know the answer; a conflict with
/// another write, or throttling, says nothing of it.
fn judge(reasons: &[CancellationReason]) -> Result<Swap, Failure> {
    let is = |codes: &[&str]| {
        let mut each = reasons.iter().filter_map(CancellationReason::code);
        each.any(|code| codes.contains(&code))
    };
    let told = || format!("dynamodb: the transaction was cancelled: {reasons:?}");
    if is(&["ConditionalCheckFailed"]) {
        Ok(Swap::Differs)
    } else if is(&[
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ]) {
        Err(Failure::Busy(told()))
    } else {
        Err(Failure::Refused(told()))
    }
}

/// A request lacks something that it must have.
pub(super) fn incomplete(error: &BuildError) -> Failure {
    Failure::Refused(format!("dynamodb: {error}"))
}

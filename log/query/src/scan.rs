//! The plan that reads files: which row groups of each, and which columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use metadata::LakeColumns;

use crate::reader::{File, Place, Readers};

/// A file of which row groups are read.
#[derive(Debug)]
pub(crate) struct Scanned {
    file: PartitionedFile,
    columns: Vec<(String, i32)>,
    has_rows: bool,
}

/// Columns by their places in the table, what is asked of rows, and how many are wanted.
pub(crate) type Wanted<'a> = (Option<&'a Vec<usize>>, &'a [Expr], Option<usize>);

impl Scanned {
    /// A file, of which the records of these partitions are the log's.
    pub(crate) fn new(name: &str, (place, file): (Place, &File), partitions: &BTreeSet<i32>) -> Self {
        let footer = file.lake.footer();
        let mut groups = vec![RowGroupAccess::Skip; file.metadata.num_row_groups()];
        for part in footer.parts.iter().filter(|part| partitions.contains(&part.partition)) {
            for group in groups.get_mut(part.groups.clone()).into_iter().flatten() {
                *group = RowGroupAccess::Scan;
            }
        }
        let has_rows = groups.iter().any(|group| matches!(group, RowGroupAccess::Scan));
        let columns = file.lake.typed_columns().map(|(name, id)| (name.to_owned(), id));
        Self {
            columns: columns.collect(),
            has_rows,
            file: PartitionedFile::new(name, file.lake.bytes())
                .with_extension(ParquetAccessPlan::new(groups))
                .with_extension(place),
        }
    }

    pub(crate) fn has_rows(&self) -> bool {
        self.has_rows
    }

    /// The table's columns of which this file has another of the same name.
    pub(crate) fn others(&self, table: &LakeColumns) -> BTreeSet<String> {
        let own = self.columns.iter();
        let other = own.filter(|(name, id)| {
            let known = table.columns().iter().find(|column| column.declared.name == *name);
            known.is_some_and(|column| column.id != *id)
        });
        other.map(|(name, _)| name.clone()).collect()
    }
}

/// Reads files in which the columns `others` are not the table's: these are null.
pub(crate) fn plan(
    session: &dyn Session,
    schema: &SchemaRef,
    others: &BTreeSet<String>,
    files: &[Scanned],
    (projection, filters, limit): Wanted<'_>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let all: Vec<usize> = (0..schema.fields().len()).collect();
    let wanted = projection.unwrap_or(&all);
    let is_own = |at: &usize| !others.contains(schema.field(*at).name());
    let visible: Vec<usize> = all.iter().copied().filter(is_own).collect();
    let own_schema = Arc::new(schema.project(&visible)?);
    let mut source = ParquetSource::new(Arc::clone(&own_schema))
        .with_parquet_file_reader_factory(Arc::new(Readers))
        .with_pushdown_filters(true)
        .with_enable_page_index(true)
        .with_bloom_filter_on_read(true);
    // A filter that names one of the others is left to whoever reads the rows.
    if others.is_empty()
        && let Some(filter) = conjunction(filters.to_vec())
    {
        let columns = DFSchema::try_from(Arc::clone(schema))?;
        source = source.with_predicate(session.create_physical_expr(filter, &columns)?);
    }
    let own = wanted.iter().filter(|at| is_own(at));
    let own: Vec<usize> = own.filter_map(|at| visible.binary_search(at).ok()).collect();
    let group = FileGroup::new(files.iter().map(|scanned| scanned.file.clone()).collect());
    // Files are not read by this address, but by what was opened of them.
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
        .with_file_groups(group.split_files(session.config().target_partitions()))
        .with_projection_indices(Some(own))?
        .with_limit(limit.filter(|_| filters.is_empty()))
        .build();
    let scan = DataSourceExec::from_data_source(config);
    if wanted.iter().all(is_own) {
        return Ok(scan);
    }
    let scanned = scan.schema();
    let columns = wanted.iter().map(|&at| column(schema, others, &scanned, at));
    let columns: Vec<(Arc<dyn PhysicalExpr>, String)> = columns.collect::<Result<_>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, scan)?))
}

fn column(
    schema: &SchemaRef,
    others: &BTreeSet<String>,
    scanned: &Schema,
    at: usize,
) -> Result<(Arc<dyn PhysicalExpr>, String)> {
    let field = schema.field(at);
    let name = field.name().clone();
    let read: Arc<dyn PhysicalExpr> = match others.contains(&name) {
        true => Arc::new(Literal::new(ScalarValue::try_from(field.data_type())?)),
        false => Arc::new(Column::new(&name, scanned.index_of(&name)?)),
    };
    Ok((read, name))
}

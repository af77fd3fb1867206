//! What AWS charges, in dollars, in us-east-1, on demand. List prices of S3, DynamoDB, RDS for PostgreSQL and
//! Fargate as they were known in November 2026; AWS' own pages are what counts. The one table of prices.

/// When the prices were looked up.
pub(super) const AS_OF: &str = "us-east-1, November 2026";
/// Hours of a month, as AWS counts.
pub(super) const MONTH_HOURS: f64 = 730.0;

/// S3 Standard: one PUT or LIST.
pub(super) const S3_PUT: f64 = 0.005 / 1e3;
/// S3 Standard: one GET.
pub(super) const S3_GET: f64 = 0.0004 / 1e3;
/// S3 Standard: a GiB for a month, by how much there is: up to so many GiB at so much, the rest at the last.
pub(super) const S3_STORAGE: [(f64, f64); 3] =
    [(50.0 * 1024.0, 0.023), (500.0 * 1024.0, 0.022), (f64::INFINITY, 0.021)];

/// DynamoDB on demand: one write unit.
pub(super) const DYNAMODB_WRITE: f64 = 0.625 / 1e6;
/// DynamoDB on demand: one read unit, a strongly consistent read of up to 4 KiB.
pub(super) const DYNAMODB_READ: f64 = 0.125 / 1e6;
/// DynamoDB: a GiB for a month. The first 25 are free, which is left out.
pub(super) const DYNAMODB_STORAGE: f64 = 0.25;

/// RDS for PostgreSQL: an hour of db.t4g.medium with a standby in another zone.
pub(super) const POSTGRES_HOUR: f64 = 0.130;
/// RDS: a GiB of gp3 for a month, with the standby's.
pub(super) const POSTGRES_STORAGE: f64 = 0.23;
/// The smallest gp3 volume of RDS, in GiB.
pub(super) const POSTGRES_GIB: f64 = 20.0;

/// Fargate on ARM: an hour of a vCPU, and of a GiB of memory.
pub(super) const FARGATE_VCPU_HOUR: f64 = 0.032_38;
pub(super) const FARGATE_GIB_HOUR: f64 = 0.003_56;

/// A GiB from one zone to another, both ends.
pub(super) const CROSS_ZONE: f64 = 0.02;

/// S3 Standard for a month of so many GiB.
pub(super) fn s3_storage(gib: f64) -> f64 {
    let mut dollars = 0.0;
    let mut from = 0.0;
    for (to, price) in S3_STORAGE {
        dollars += (gib.min(to) - from).max(0.0) * price;
        from = to;
    }
    dollars
}

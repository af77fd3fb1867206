use super::{Workload, bill, total};
use crate::cost::measured::Ledger;
use crate::cost::prices;

const QUIET: Workload = Workload {
    mibps: 0.0,
    reads: 2.0,
    run_kib: 64.0,
    retention_hours: 168.0,
    agents: 3,
    agent_hour: 0.04,
    puts_per_second: 4.0,
    ledger: Ledger::Dynamodb,
};

fn of(workload: &Workload, what: &str) -> (f64, f64) {
    let bill = bill(workload);
    let term = bill.iter().find(|term| term.what == what).unwrap();
    (term.count, term.dollars)
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= right.abs() * 1e-9
}

#[test]
fn idle_agents_put_no_segments() {
    assert_eq!(of(&QUIET, "S3 PUT, segments"), (0.0, 0.0));
    assert_eq!(of(&QUIET, "S3 storage"), (0.0, 0.0));
    assert!(close(of(&QUIET, "agents").1, 3.0 * 730.0 * 0.04));
}

#[test]
fn puts_are_bounded_by_time_until_segments_are_full() {
    let puts = |mibps| of(&Workload { mibps, ..QUIET }, "S3 PUT, segments").0;
    // Three agents, four a second.
    assert!(close(puts(1.0), 12.0 * 730.0 * 3600.0));
    assert!(close(puts(10.0), puts(1.0)));
    assert!(close(puts(2000.0), 2.0 * puts(1000.0)) && puts(1000.0) > puts(10.0));
}

#[test]
fn small_runs_cost_write_units() {
    let units = |run_kib| {
        let workload = Workload {
            mibps: 1000.0,
            run_kib,
            ..QUIET
        };
        of(&workload, "DynamoDB writes").0
    };
    assert!(units(4.0) > 10.0 * units(64.0), "{} {}", units(4.0), units(64.0));
    // What 26 bytes a run come to.
    let gib = 1000.0 * 730.0 * 3600.0 / 1024.0;
    assert!(units(4.0) > gib * 262_144.0 * 26.0 / 1024.0);
}

#[test]
fn what_is_kept_is_what_came_in_the_retention_and_the_grace() {
    let workload = Workload {
        mibps: 1.0,
        retention_hours: 22.0,
        ..QUIET
    };
    let (gib, dollars) = of(&workload, "S3 storage");
    assert!(close(gib, 24.0 * 3600.0 / 1024.0));
    assert!(close(dollars, gib * 0.023));
}

#[test]
fn storage_becomes_cheaper_in_steps() {
    let tib = |count: f64| prices::s3_storage(count * 1024.0) / 1024.0;
    assert!(close(tib(50.0), 50.0 * 0.023));
    assert!(close(tib(51.0), 50.0 * 0.023 + 0.022));
    assert!(close(tib(501.0), 50.0 * 0.023 + 450.0 * 0.022 + 0.021));
}

#[test]
fn the_sum_is_that_of_its_lines() {
    for ledger in Ledger::ALL {
        let bill = bill(&Workload {
            mibps: 100.0,
            ledger,
            ..QUIET
        });
        let sum: f64 = bill.iter().map(|term| term.dollars).sum();
        assert!(close(total(&bill), sum) && bill.iter().all(|term| term.dollars >= 0.0));
    }
}

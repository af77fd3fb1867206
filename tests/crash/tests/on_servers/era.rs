//! A PostgreSQL that lost its end: agents halt and say why, an operator accepts the loss, and readers of what is lost are
//! told.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use crash::command;
use crash::loss::{self, Follower, Table, Trial};
use crash::place::Place;
use crash::postgres::Postgres;
use crash::process::{Spec, free_port};
use crash::servers::{LedgerServer, Servers, StoreServer, fresh_name};
use crash::stand::Stand;
use proxy::{Config, Cut, How, Mode, Proxy};
use serde_json::Value;
use tempfile::TempDir;
use world::World;

/// A folder for servers, which run as another user where the test is root's.
fn ground() -> Result<TempDir> {
    let made = TempDir::with_prefix("tidelog-era-")?;
    std::fs::set_permissions(made.path(), std::fs::Permissions::from_mode(0o711))?;
    Ok(made)
}

/// Three readers of everything there is: a cursor, and two streams that stay.
struct Readers {
    cursor: String,
    followers: [Follower; 2],
}

impl Readers {
    async fn read(world: &World, trial: &Trial) -> Result<Readers> {
        let (one, two) = (trial.client(0)?, trial.client(1)?);
        Ok(Readers {
            cursor: loss::read_to_the_end(&two).await?,
            followers: [
                Follower::start(world, &one, None).await?,
                Follower::start(world, &two, Some(0)).await?,
            ],
        })
    }
}

/// The older data folder is put in the place of the server's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup() -> Result<()> {
    let (world, ground, log) = (World::real(), ground()?, fresh_name("era"));
    let postgres = Postgres::start(ground.path(), "primary", free_port()?).await?;
    let servers = Servers {
        ledger: LedgerServer::Postgres,
        ledger_at: postgres.address(),
        ..Servers::from_environment(LedgerServer::Bucket, StoreServer::Seaweedfs)?
    };
    let mut trial = Trial::begin(&world, Place::on(servers.stand(&log))?).await?;
    trial.write_kept(60).await?;
    let read_kept = loss::read_to_the_end(&trial.client(0)?).await?;
    let backup = postgres.backup("backup").await?;
    trial.write_lost(40).await?;
    let readers = Readers::read(&world, &trial).await?;
    let table = Table {
        server: &postgres,
        log: &log,
    };
    let before = table.rows().await?;
    postgres.stop().await?;
    backup.begin().await?;

    let table = Table {
        server: &backup,
        log: &log,
    };
    trial.must_halt().await?;
    table.must_end_in_a_halt(&before).await?;
    let halted = table.rows().await?;
    trial.must_not_sweep().await?;
    // Whoever starts over the loss sees it, too.
    trial.agents[1].kill()?;
    trial.agents[1].begin()?;
    let deadline = world.clock.now() + Duration::from_secs(20);
    while trial.must_say_why(1).await.is_err() {
        ensure!(world.clock.now() < deadline, "{}", trial.agents[1].log());
        world.clock.sleep(Duration::from_millis(100)).await;
    }
    for agent in [0, 1, 0, 1] {
        ensure!(trial.is_refused(agent).await?, "agent {agent} does not refuse any more");
    }
    ensure!(table.rows().await? == halted, "written while halted");

    trial.accept(&table, "restored from the backup, by a test").await?;
    trial.must_go_on(&readers.cursor, &read_kept).await?;
    trial.must_take_the_offsets(60).await?;
    for follower in readers.followers {
        follower.must_be_told().await?;
    }
    trial.end().await
}

/// A standby that was cut off before the last commits takes the place of a primary that died.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_was_behind() -> Result<()> {
    let (world, ground, log) = (World::real(), ground()?, fresh_name("era"));
    let postgres = Postgres::start(ground.path(), "primary", free_port()?).await?;
    let wire = Proxy::start(&world, Config::new(Mode::Tcp, postgres.address())).await?;
    let stand = |server: &Postgres| Stand {
        ledger: format!("postgres://postgres@{}/postgres?log={log}", server.address()),
        store: format!("file:{}", ground.path().join("objects").display()),
        options: Vec::new(),
        variables: Vec::new(),
    };
    let mut trial = Trial::begin(&world, Place::on(stand(&postgres))?).await?;
    let standby = postgres.standby(wire.address().port(), "standby", free_port()?).await?;
    standby.begin().await?;
    trial.write_kept(60).await?;
    let read_kept = loss::read_to_the_end(&trial.client(0)?).await?;
    let (table, copy) = (
        Table {
            server: &postgres,
            log: &log,
        },
        Table {
            server: &standby,
            log: &log,
        },
    );
    while copy.rows().await? != table.rows().await? {
        world.clock.sleep(Duration::from_millis(100)).await;
    }
    wire.cut(Cut::new(How::Refuse))?;
    must_be_refused(&trial.place, &stand(&standby)).await?;
    trial.write_lost(40).await?;
    let readers = Readers::read(&world, &trial).await?;
    let before = table.rows().await?;
    postgres.kill()?;
    let port = postgres.address().port();
    // The address moves before the promotion, as it may: whoever comes is turned away.
    let standby = standby.at(port);
    standby.begin().await?;
    trial.must_wait_for("the server is a standby").await?;
    standby.promote().await?;

    let table = Table {
        server: &standby,
        log: &log,
    };
    trial.must_halt().await?;
    table.must_end_in_a_halt(&before).await?;
    trial.must_not_sweep().await?;
    trial.accept(&table, "failed over, by a test").await?;
    trial.must_go_on(&readers.cursor, &read_kept).await?;
    trial.must_take_the_offsets(60).await?;
    for follower in readers.followers {
        follower.must_be_told().await?;
    }
    trial.end().await
}

/// `tidelog doctor` and an agent say that the server is a standby.
async fn must_be_refused(place: &Place, stand: &Stand) -> Result<()> {
    let words = ["doctor", "-o", "json"].map(std::ffi::OsString::from);
    let output = command::run(stand, words.into_iter().chain(stand.options())).await?;
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let findings = said["findings"].as_array().cloned().unwrap_or_default();
    let primary = findings.iter().find(|finding| finding["name"] == "postgres_primary");
    let failed = primary.is_some_and(|finding| finding["verdict"] == "FAIL");
    ensure!(output.status.code() == Some(3) && failed, "{}: {said}", output.status);
    let spec = Spec::agent_on(place, stand, "on-the-standby", &[])?;
    loss::must_not_start(spec, "the server is a standby").await
}

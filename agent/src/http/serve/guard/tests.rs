use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use world::World;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let clock = World::simulated(1).clock;
    let (near, mut far) = tokio::io::duplex(10);
    let mut guarded = Guarded::new(near, clock.clone(), Duration::from_secs(10));
    guarded.write_all(&[1; 10]).await.unwrap();
    let began = clock.now();
    let error = guarded.write_all(&[2; 10]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(clock.now() - began, Duration::from_secs(10));
    let mut taken = [0; 10];
    far.read_exact(&mut taken).await.unwrap();
    guarded.write_all(&[3; 10]).await.unwrap();
}

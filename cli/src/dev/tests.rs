use super::*;

#[test]
fn the_default_address_needs_no_flag() {
    let lines = paste("tidelog", Path::new("d"), "127.0.0.1:8080".parse().expect("an address"));
    assert!(lines.iter().all(|line| !line.contains("--url")), "{lines:?}");
    let lines = paste("tidelog", Path::new("d"), "127.0.0.1:9".parse().expect("an address"));
    let commands = lines
        .iter()
        .filter(|line| line.contains("tidelog ") && line.starts_with("  "));
    assert!(
        commands.clone().all(|line| line.ends_with("--url http://127.0.0.1:9")),
        "{lines:?}"
    );
    assert_eq!(commands.count(), 3);
}

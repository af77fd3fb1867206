use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    agent: AgentArgs,
}

fn check(flags: &[&str], serves_at: Option<&str>, told: &str) {
    let line = Line::try_parse_from(["x"].iter().chain(flags)).expect("a line");
    assert_eq!(line.agent.serves_at(), serves_at, "{flags:?}");
    let bound = serves_at.map(|_| SocketAddr::from(([127, 0, 0, 1], 9)));
    assert_eq!(line.agent.config(bound).http_address, told, "{flags:?}");
}

#[test]
fn an_agent_serves_and_a_compactor_where_it_is_told_to() {
    check(&[], Some(HTTP_ADDR_DEFAULT), "127.0.0.1:9");
    check(
        &["--roles", "agent,compact", "--http-addr", "[::1]:1"],
        Some("[::1]:1"),
        "127.0.0.1:9",
    );
    check(&["--roles", "compact"], None, "");
    check(&["--roles", "compact", "--http-addr", "[::1]:1"], Some("[::1]:1"), "");
}

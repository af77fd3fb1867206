use super::*;
use crate::Role;
use crate::entry::CreateTopic;
use crate::entry::proposal::Kind;
use crate::fold::tests::Fixture;

#[test]
fn names_are_words_of_sql_and_differ() {
    let mut fixture = Fixture::new();
    let agent = fixture.register(1, Role::Agent);
    for (id, name) in (1..).zip(["Web.Clicks", "web-clicks", "web_clicks_2", "web_clicks", "orders"]) {
        let create = CreateTopic {
            name: name.to_owned(),
            id: vec![id; 16].into(),
            partitions: 1,
            ..Default::default()
        };
        fixture.control(agent, Kind::CreateTopic(create));
    }
    let names: Vec<(String, u32)> = table_names(&fixture.state).into_iter().collect();
    let expect = [
        ("orders", 5),
        ("web_clicks", 1),
        ("web_clicks_2", 2),
        ("web_clicks_2_2", 3),
        ("web_clicks_3", 4),
    ];
    assert_eq!(names, expect.map(|(name, number)| (name.to_owned(), number)));
}

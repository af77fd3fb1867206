use super::*;
use crate::Checker;
use crate::lines::Reader;

#[test]
fn an_anomaly_is_told_with_those_who_saw_it() {
    let history = r#"{"history":1}
{"process":1,"invoked":0,"completed":1,"outcome":"ok","did":{"send":{"parts":[{"key":"t/0","values":["a","b","c"],"base":0}]}}}
{"process":2,"invoked":2,"completed":3,"outcome":"ok","did":{"poll":{"parts":[{"key":"t/0","from":0,"records":[[0,"a"],[2,"c"]]}]}}}
{"process":3,"invoked":4,"completed":5,"outcome":"info","why":"reset","did":{"commit":{"group":"g","offsets":[["t/0",1]]}}}
"#;
    let verdict = crate::judge(history.as_bytes()).unwrap();
    let concerned = concerned(&verdict.anomalies, Reader::new(history.as_bytes()).unwrap()).unwrap();
    let told: Vec<String> = verdict
        .anomalies
        .iter()
        .map(|anomaly| text(anomaly, &concerned))
        .collect();
    assert_eq!(
        told,
        [
            "lost-write: b was acknowledged at t/0 1, and nobody ever read it\n    \
             line 2: process 1, 0 to 1, ok: send t/0 at 0: a b c\n    \
             line 3: process 2, 2 to 3, ok: poll t/0 from 0: 0=a 2=c\n",
            "int-poll-skip: t/0: b at 1 was left out between 1 and 2\n    \
             line 2: process 1, 0 to 1, ok: send t/0 at 0: a b c\n    \
             line 3: process 2, 2 to 3, ok: poll t/0 from 0: 0=a 2=c\n",
        ]
    );
    let json = serde_json::to_value(explained(&verdict.anomalies[0], &concerned)).unwrap();
    assert_eq!(json["kind"], "lost-write");
    assert_eq!(json["operations"][1]["line"], 3);
    assert_eq!(
        json["operations"][1]["operation"]["did"]["poll"]["parts"][0]["key"],
        "t/0"
    );
}

#[test]
fn every_line_that_is_named_is_found() {
    let plan = crate::generate::Plan {
        operations: 400,
        seed: 5,
    };
    let mut operations: Vec<Operation> = crate::generate::Generator::new(plan).collect();
    let plant = crate::plant::plants()
        .find(|plant| plant.kind == crate::Kind::Phantom)
        .unwrap();
    assert!(plant.apply(&mut operations, &world::Chance::from_seed(5)));
    let mut checker = Checker::default();
    operations
        .iter()
        .try_for_each(|operation| checker.take(operation))
        .unwrap();
    let verdict = checker.finish();
    let all = operations.into_iter().map(Ok::<_, std::convert::Infallible>);
    let Ok(concerned) = concerned(&verdict.anomalies, all);
    let lines = verdict.anomalies.iter().flat_map(|anomaly| &anomaly.lines);
    assert!(lines.clone().count() > 0 && lines.into_iter().all(|line| concerned.contains_key(line)));
}

#[test]
fn long_lists_are_shortened_around_what_is_meant() {
    let list = |all: u32, meant: u32| (0..all).map(|at| (at.to_string(), at == meant)).collect();
    assert_eq!(shortened(list(8, 99)), "0 1 2 3 4 5 6 7");
    assert_eq!(shortened(list(20, 99)), "0 ... 19");
    assert_eq!(shortened(list(20, 7)), "0 ... 6 7 8 ... 19");
    assert_eq!(shortened(list(20, 1)), "0 1 2 ... 19");
}

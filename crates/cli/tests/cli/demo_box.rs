//! The demo over sockets: the run that trades at a venue, over an exchange in a box on this machine.

use crate::common::Sandbox;

#[test]
fn the_demo_protects_what_somebody_left_without_a_stop_and_its_journal_proves_it() {
    let sandbox = Sandbox::new();
    let text = sandbox.run("demo --headless --speed 1 --duration 3s --json r.json --data-dir data").text();
    let told = ["an exchange in a box listens on 127.0.0.1:", "reconciling: ", "ready: ", "stops resting"];
    for words in told {
        assert!(text.contains(words), "{words}: {text}");
    }
    let summary = sandbox.json("r.json");
    assert!(summary["violations"].as_array().unwrap().is_empty(), "{summary}");
    assert!(summary["positions_open"].as_u64().unwrap() >= 2 && summary["orders"].as_u64().unwrap() >= 2);
    assert!(summary["first_protected_s"].is_number(), "{summary}");
    let run = summary["folder"].as_str().unwrap();
    assert!(run.ends_with("demo/run-000001"), "{run}");
    let replayed = sandbox.run(&format!("journal replay {run}")).text();
    assert!(replayed.contains("equal to the recorded one"), "{replayed}");
    assert!(sandbox.run("why BTC --data-dir data").text().contains("kraken-futures:BTC/USD:USD"));
    // The next one begins anew and shares the numbers with those within the process.
    let quick = "demo --in-process --headless --speed 2000 --duration 1s --json - --data-dir data";
    assert!(sandbox.run(quick).json()["folder"].as_str().unwrap().ends_with("demo/run-000002"));
    let again = sandbox.run("demo --headless --speed 1 --duration 2s --json - --data-dir data").json();
    assert!(again["folder"].as_str().unwrap().ends_with("demo/run-000003"), "{again}");
    assert!(again["initial_equity"] == "10000" && again["positions_open"].as_u64().unwrap() >= 2, "{again}");
}

#[test]
fn what_sockets_cannot_do_is_refused_with_the_way_out() {
    let sandbox = Sandbox::new();
    for set in ["--speed 31", "--set demo.spot_basis_bps=20"] {
        let refused = sandbox.run(&format!("demo --headless --duration 1s --data-dir data {set}"));
        assert_eq!(refused.code, Some(2), "{}", refused.err);
        assert!(refused.err.contains("--in-process"), "{}", refused.err);
    }
}

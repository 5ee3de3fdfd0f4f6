//! A run whose database is on a server: the same rows as in a file, also when the server is away for a while,
//! and a run that goes on when it never comes back.

#![cfg(all(unix, feature = "postgres"))]

#[path = "../../../store/tests/store/common/server.rs"]
mod server;

use std::path::Path;
use std::time::Duration;

use seawall_config::Loader;
use seawall_live::{Demo, DemoOptions, Manifest, StopSwitch, Summary, rebuild, replay};
use seawall_model::Span;
use seawall_store::db::{DatabaseUrl, Filter, Place, Reader};
use server::Server;

const DEMO: &str = include_str!("../../../../config/demo.yaml");

fn prepare(folder: &Path, speed: u32, wall_ms: i64, url: Option<&DatabaseUrl>) -> Demo {
    let speed = format!("demo.speed={speed}");
    let config = Loader::new().file("demo.yaml", DEMO).set([speed]).load().unwrap().config;
    let (data_dir, duration) = (folder.to_owned(), Some(Span::from_millis(wall_ms)));
    Demo::prepare(DemoOptions { config, data_dir, duration, database: url.cloned() }, None).unwrap()
}

fn rows(summary: &Summary, url: Option<&DatabaseUrl>) -> String {
    let folder = Path::new(&summary.folder);
    let run = Manifest::read(folder).unwrap().run;
    let reader = Reader::of_run(Place::of_run(folder, url).unwrap(), run).unwrap();
    let all = Filter { limit: 1_000_000, ..Filter::default() };
    let parts = [
        format!("{:#?}", reader.orders(&all).unwrap()),
        format!("{:#?}", reader.fills(&all).unwrap()),
        format!("{:#?}", reader.trades(&all).unwrap()),
        format!("{:#?}", reader.decisions(&all).unwrap()),
        format!("{:#?}", reader.shadows(&all).unwrap()),
        format!("{:#?}", reader.equity(&all).unwrap()),
        format!("{:#?}", reader.alerts(&all).unwrap()),
        format!("{:#?}", reader.positions(&all).unwrap()),
    ];
    parts.join("\n")
}

fn address(server: &Server) -> DatabaseUrl {
    DatabaseUrl::parse(&server.url(&server.create("live"))).unwrap()
}

#[test]
fn a_server_that_is_away_for_a_while_has_every_row_in_the_end() {
    let Some(mut server) = Server::start() else { return server::skip() };
    let url = address(&server);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    // Six hours of the market in six seconds.
    let on_server = prepare(folders[0].path(), 3_600, 6_000, Some(&url));
    let running = std::thread::spawn(move || on_server.run(&StopSwitch::new()).unwrap());
    std::thread::sleep(Duration::from_millis(1_500));
    server.stop();
    std::thread::sleep(Duration::from_millis(2_000));
    server.run();
    let with_outage = running.join().unwrap();
    assert_eq!(with_outage.violations, Vec::<String>::new());
    assert!(with_outage.fills > 0, "there has to be something to miss");

    let in_file = prepare(folders[1].path(), 3_600, 6_000, None).run(&StopSwitch::new()).unwrap();
    assert_eq!(with_outage.fingerprint, in_file.fingerprint, "the engine noticed nothing");
    assert!(
        rows(&with_outage, Some(&url)) == rows(&in_file, None),
        "the server has other rows than the file"
    );
}

#[test]
fn a_run_starts_and_ends_without_its_server_and_is_rebuilt_from_the_journal() {
    let Some(mut server) = Server::start() else { return server::skip() };
    let url = address(&server);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    server.stop();
    let summary = prepare(folders[0].path(), 100_000, 108, Some(&url)).run(&StopSwitch::new()).unwrap();
    let problem = summary.violations.join("; ");
    assert!(problem.contains("is away") && problem.contains("rows did not reach the database"), "{problem}");
    assert!(problem.contains(&format!("seawall journal rebuild {}", summary.folder)), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");

    server.run();
    let folder = Path::new(&summary.folder);
    let place = Place::of_run(folder, Some(&url)).unwrap();
    assert!(rebuild(folder, &place, &mut |_| {}).unwrap().is_equal());
    let in_file = prepare(folders[1].path(), 100_000, 108, None).run(&StopSwitch::new()).unwrap();
    let file = Path::new(&in_file.folder);
    assert!(replay(file, true, &mut |_| {}).unwrap().is_equal());
    assert!(rows(&summary, Some(&url)) == rows(&in_file, None), "the rebuilt rows are others");
}

#[test]
fn data_folders_that_share_a_server_give_their_runs_different_numbers() {
    let Some(server) = server::shared() else { return };
    let url = address(server);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [first, second] = [0, 1].map(|number: usize| {
        let summary =
            prepare(folders[number].path(), 100_000, 36, Some(&url)).run(&StopSwitch::new()).unwrap();
        assert_eq!(summary.violations, Vec::<String>::new());
        Manifest::read(Path::new(&summary.folder)).unwrap().run
    });
    assert_eq!((first, second), (1, 2));
}

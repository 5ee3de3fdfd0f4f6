//! What is no database of ours is left alone, and ours is made anew at once.

use crate::common::databases::{Scratch, batch, contents, on_both, run_header, writer};
use crate::common::{fill, instruments};
use seawall_store::StoreError;
use seawall_store::db::{Batch, Database, Filter, Place, Reader};

#[test]
fn what_is_no_database_of_ours_is_named_and_left_alone() {
    let scratch = Scratch::new("foreign");
    let path = scratch.path();
    assert!(matches!(Reader::open(&path), Err(StoreError::Database { .. })), "readers make no database");
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    assert!(matches!(Reader::open(&path), Err(StoreError::DatabaseOlder { .. })), "nor a schema");
    std::fs::write(&path, "open,high,low,close\n".repeat(100)).unwrap();
    let text = Database::open(&path).unwrap_err().to_string();
    assert!(text.contains("is not a database of seawall (not an SQLite file)"), "{text}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("open,high"));
}

fn rebuild(place: &Place, rows: &Batch) -> Database {
    let rebuild = Database::recreate(place).unwrap();
    let mut writer = rebuild.database().writer(7, &run_header(), &instruments()).unwrap();
    writer.record_batch(rows).unwrap();
    drop(writer);
    rebuild.finish().unwrap()
}

#[test]
fn a_rebuilt_database_takes_the_place_of_the_old_one() {
    on_both("rebuild", |place| {
        rebuild(place, &batch());
        let whole = contents(place);
        let mut old = writer(place, 7);
        old.record_batch(&Batch { fills: vec![fill(77)], ..Batch::default() }).unwrap();
        assert_ne!(contents(place), whole);
        drop(old);

        let unfinished = Database::recreate(place).unwrap();
        drop(unfinished);
        assert!(contents(place).contains("77"), "until it is finished, the old one is there");

        rebuild(place, &batch());
        assert_eq!(contents(place), whole, "nothing of the old one is left, not even in a log");
    });
}

#[test]
fn readers_of_an_old_file_see_it_until_they_open_anew_and_a_spoilt_one_is_replaced() {
    let scratch = Scratch::new("stale");
    let place = Place::from(&scratch.path());
    rebuild(&place, &batch());
    let whole = contents(&place);
    writer(&place, 7).record_batch(&Batch { fills: vec![fill(77)], ..Batch::default() }).unwrap();
    let stale_reader = Reader::open(&place).unwrap();
    rebuild(&place, &batch());
    assert_eq!(stale_reader.fills(&Filter::default()).unwrap().len(), 3);
    let names: Vec<_> = std::fs::read_dir(&scratch.0)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("rebuild"))
        .collect();
    assert_eq!(names, Vec::<String>::new());

    std::fs::write(scratch.path(), "spoilt").unwrap();
    rebuild(&place, &batch());
    assert_eq!(contents(&place), whole);
}

#[test]
fn a_rebuild_that_is_still_written_to_is_not_finished() {
    on_both("busy", |place| {
        let rebuild = Database::recreate(place).unwrap();
        let writer = rebuild.database().writer(7, &run_header(), &instruments()).unwrap();
        let error = rebuild.finish().unwrap_err();
        assert!(matches!(error, StoreError::Database { .. } | StoreError::DatabaseLocked { .. }), "{error}");
        assert!(Reader::open(place).is_err(), "nothing has come into its place");
        drop(writer);
    });
}

//! The capability table of ARCHITECTURE.md is the one of the code.

use seawall_venues::profile::{ALL, Profile};

fn row(profile: &Profile) -> String {
    let triggers: Vec<&str> = profile.stop_triggers.iter().map(|source| source.name()).collect();
    let cells = [
        profile.venue.to_owned(),
        format!("{:?}", profile.positions),
        format!("{:?}", profile.stop_market),
        triggers.join(", "),
        format!("{:?}", profile.amend),
        if profile.reduce_only { "yes".to_owned() } else { "no".to_owned() },
        format!("{:?}", profile.client_ids.memory),
        format!("{:?}", profile.id_spaces),
        format!("{:?}", profile.qty_unit),
        format!("{:?}", profile.position_mode),
        format!("{:?}", profile.dead_man),
        format!("{:?}", profile.book_proof),
        if profile.fee_on_stream { "yes".to_owned() } else { "no".to_owned() },
        profile.candles_max.to_string(),
    ];
    format!("| {} |", cells.join(" | "))
}

#[test]
fn the_table_of_the_architecture_is_the_table_of_the_code() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md")).unwrap();
    let missing: Vec<String> = ALL.into_iter().map(row).filter(|row| !text.contains(row)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md lacks:\n{}", missing.join("\n"));
}

#[test]
fn what_a_venue_does_by_itself_is_told_to_the_engine_and_nothing_more() {
    for profile in ALL {
        let seen = profile.capabilities();
        assert_eq!(seen.cancels_orphaned_reduce_only, profile.cancels_orphaned_reduce_only);
        assert_eq!(seen.stop_triggers.as_slice(), profile.stop_triggers);
        assert!(profile.client_ids.on_conditional || profile.client_ids.query, "{}", profile.venue);
        // Without either, an order that rests cannot be taken back.
        assert!(
            profile.client_ids.cancel || profile.derivatives == profile.attached_stop || !profile.derivatives
        );
    }
}

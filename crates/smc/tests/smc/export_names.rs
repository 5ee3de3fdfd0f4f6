//! The names of exported files: what is read, what is written, and what is said about a wrong one.

use proptest::prelude::*;
use seawall_smc::export::{ALL, Causal, Name, Reference, forms};

/// A name and what the message about it must say.
type Case = (&'static str, &'static [&'static str]);

const WRONG: [Case; 40] = [
    ("", &["there is no indicator ``", "write one of ref_fvg__join{0,1}, "]),
    ("ref_fvgs__join1", &["`ref_fvgs__join1`: there is no indicator `ref_fvgs`"]),
    ("REF_FVG__join1", &["there is no indicator `REF_FVG`"]),
    ("ref_fvg__join1.csv", &["`join1.csv` must be join0 or join1", "write ref_fvg__join{0,1}, like"]),
    ("ref_fvg", &["join0 or join1 is missing", "like ref_fvg__join1"]),
    ("ref_fvg__", &["join0 or join1 is missing"]),
    ("ref_fvg__join2", &["`join2` must be join0 or join1"]),
    ("ref_fvg__join1_", &["`_` at the end is too much"]),
    ("ref_fvg__join1_x", &["`_x` at the end is too much"]),
    ("ref_swing__5", &["`5` must be L and a whole number of bars from 1 to 1000000"]),
    ("ref_swing__L0", &["`L0` must be L and a whole number of bars from 1 to"]),
    ("ref_swing__L05", &["`L05` must be L"]),
    ("ref_swing__L+5", &["`L+5` must be L"]),
    ("ref_swing__L-5", &["`L-5` must be L"]),
    ("ref_swing__L5.5", &["`L5.5` must be L"]),
    ("ref_swing__L1000001", &["from 1 to 1000000"]),
    ("ref_swing__L99999999999999999999", &["from 1 to 1000000"]),
    ("ref_bos_choch__L5", &["close0 or close1 is missing"]),
    ("ref_bos_choch__L5_closemit1", &["`closemit1` must be close0 or close1"]),
    ("ref_ob__L5_close1", &["`close1` must be closemit0 or closemit1"]),
    ("ref_liquidity__L5_rp", &["`rp` must be rp and a number, 0 or above, like rp0.01"]),
    ("ref_liquidity__L5_rp-0.1", &["`rp-0.1` must be rp and a number"]),
    ("ref_liquidity__L5_rpinf", &["`rpinf` must be rp and a number"]),
    ("ref_liquidity__L5_rp1e999", &["`rp1e999` must be rp and a number"]),
    ("ref_previous_high_low__4H", &["\"4H\" is not supported"]),
    ("ref_previous_high_low__0D", &["\"0D\" is not supported"]),
    ("ref_previous_high_low", &["the period is missing"]),
    (
        "ref_sessions__Paris",
        &["`Paris` must be a session: Sydney, Tokyo, London, NewYork, AsianKZ", "Custom2230-0115"],
    ),
    ("ref_sessions__Custom", &["`Custom` must be a session"]),
    ("ref_sessions__Custom2230-2460", &["`2460` in `Custom2230-2460` must be a time HHMM from 0000 to 2359"]),
    ("ref_sessions__Custom22:30-01:15", &["`22:30` in `Custom22:30-01:15` must be a time HHMM"]),
    ("ref_sessions__London_UTC+2", &["`UTC+2` must be tzUTC or tzGMT"]),
    ("ref_sessions__London_tzUTC+13", &["`tzUTC+13` must be tzUTC or tzGMT", "-14 to +12 whole hours"]),
    ("ref_sessions__London_tzUTC+5:30", &["`tzUTC+5:30` must be tzUTC or tzGMT"]),
    ("causal_fvg__S5", &["`_S5` at the end is too much", "write causal_fvg"]),
    ("causal_fractals__L5", &["`L5` must be L and R"]),
    ("causal_structure__S10001", &["`S10001` must be S and a whole number of bars from 1 to 10000"]),
    ("causal_ob__S5_atr", &["`atr` must be nofilter, or atr and a whole number of bars"]),
    ("causal_equal__S3", &["thr with a number is missing"]),
    ("causal_prev__5h", &["`5h` must be one of <n>min and <n>h that divide a day"]),
];

#[test]
fn a_wrong_name_is_refused_with_its_wrong_part_and_what_is_allowed() {
    for (name, says) in WRONG {
        let error = name.parse::<Name>().unwrap_err().to_string();
        for part in says {
            assert!(error.contains(part), "{name}: `{error}` lacks `{part}`");
        }
    }
}

#[test]
fn parameters_mean_what_they_say() {
    let Ok(Name::Reference(Reference::Liquidity { length, range_percent })) =
        "ref_liquidity__L12_rp2e-3".parse()
    else {
        unreachable!("a name of liquidity")
    };
    assert_eq!((length, range_percent.value().to_bits()), (12, 0.002_f64.to_bits()));
    let Ok(Name::Causal(Causal::Fractals { left, right })) = "causal_fractals__L3R7".parse() else {
        unreachable!("a name of fractals")
    };
    assert_eq!((left, right), (3, 7));
    let Ok(Name::Causal(Causal::Ob { size, atr_period })) = "causal_ob__S8_atr14".parse() else {
        unreachable!("a name of order blocks")
    };
    assert_eq!((size, atr_period), (8, Some(14)));
    assert_ne!("ref_fvg__join0".parse::<Name>(), "ref_fvg__join1".parse());
    assert_ne!("ref_bos_choch__L5_close0".parse::<Name>(), "ref_bos_choch__L5_close1".parse());
    assert!("ref_ob__L5_closemit0".parse::<Name>().unwrap().needs_volume());
    assert!(!"causal_ob__S5_nofilter".parse::<Name>().unwrap().needs_volume());
}

#[test]
fn all_has_a_name_of_every_form() {
    for form in forms() {
        let family = form.split("__").next().unwrap();
        assert!(ALL.iter().any(|name| name.split("__").next() == Some(family)), "{form}");
    }
}

/// Names as the grammar allows them.
fn name() -> impl Strategy<Value = String> {
    let bars = || 1u32..=10_000;
    let number = "(0|[1-9][0-9]{0,2})(\\.[0-9]{1,4})?(e-?0?[1-9])?";
    let session = "Sydney|Tokyo|London|NewYork|AsianKZ|LondonOpenKZ|NewYorkKZ|LondonCloseKZ|\
                   Custom([01][0-9]|2[0-3])[0-5][0-9]-([01][0-9]|2[0-3])[0-5][0-9]";
    let zone = "|_tz(UTC|GMT)(|[+-](0|[1-9]|1[0-2]))|_tzUTC-1[34]";
    let frame = "(|[1-9]|1[05])(s|min|h|D|W|W-(MON|TUE|WED|THU|FRI|SAT|SUN)|MS|ME|QS|QE|YS|YE|QE-MAR|YS-OCT)";
    prop_oneof![
        "ref_fvg__join[01]",
        bars().prop_map(|bars| format!("ref_swing__L{bars}")),
        (bars(), 0..2).prop_map(|(bars, flag)| format!("ref_bos_choch__L{bars}_close{flag}")),
        (bars(), 0..2).prop_map(|(bars, flag)| format!("ref_ob__L{bars}_closemit{flag}")),
        (bars(), number).prop_map(|(bars, number)| format!("ref_liquidity__L{bars}_rp{number}")),
        frame.prop_map(|frame| format!("ref_previous_high_low__{frame}")),
        (session, zone).prop_map(|(session, zone)| format!("ref_sessions__{session}{zone}")),
        bars().prop_map(|bars| format!("ref_retracements__L{bars}")),
        Just("causal_fvg".to_owned()),
        (bars(), bars()).prop_map(|(left, right)| format!("causal_fractals__L{left}R{right}")),
        bars().prop_map(|bars| format!("causal_structure__S{bars}")),
        bars().prop_map(|bars| format!("causal_ob__S{bars}_nofilter")),
        (bars(), 1..=1_000_000).prop_map(|(bars, period)| format!("causal_ob__S{bars}_atr{period}")),
        bars().prop_map(|bars| format!("causal_pools__S{bars}")),
        (bars(), number).prop_map(|(bars, number)| format!("causal_equal__S{bars}_thr{number}")),
        "causal_prev__((|1|2|3|4|6|8|12|24)h|(5|15|30|720)min|1?D|W|W-SUN|MS|ME)",
    ]
}

proptest! {
    #[test]
    fn a_name_of_the_grammar_is_written_as_it_was_read(name in name()) {
        let read = name.parse::<Name>();
        prop_assert!(read.is_ok(), "{:?}", read);
        prop_assert_eq!(read.unwrap().to_string(), name);
    }

    #[test]
    fn what_is_read_at_all_is_written_as_it_was_read(
        name in name(),
        at in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_.+:/ -]{0,2}",
    ) {
        let mut text = name;
        let at = at.index(text.len());
        text.replace_range(at..=at, &with);
        if let Ok(read) = text.parse::<Name>() {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn any_text_is_answered_and_no_name_leaves_its_folder(text in "\\PC{0,40}") {
        if let Ok(read) = text.parse::<Name>() {
            prop_assert!(!read.to_string().contains(['/', '\\', '.']));
        }
    }
}

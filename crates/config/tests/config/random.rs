//! Whatever stands in a file, a variable or an argument: an answer, never a panic, never a secret.

use proptest::prelude::*;
use seawall_config::Loader;

/// Pieces that YAML and this configuration are made of.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "strategy:",
            "  ema_cross:",
            "    fast: 5",
            "    slow: x",
            "instruments:",
            "  - name: BTC/USDT",
            "    tick: 0.1",
            "risk: {leverage_max: 3",
            "}",
            "[",
            "]",
            "- ",
            ": ",
            "? ",
            "| ",
            "> ",
            "&a ",
            "*a",
            "!!str ",
            "---",
            "...",
            "%YAML 1.2",
            "'",
            "\"",
            "\t",
            "\r\n",
            "\u{feff}",
            "\u{0}",
            "\\x",
            "<<: *a",
            "null",
            "~",
            "#",
            "é𝒳",
            "api_key: ",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ]
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec((fragment(), prop::bool::ANY), 0..40)
        .prop_map(|parts| parts.into_iter().map(|(text, ends)| text + if ends { "\n" } else { "" }).collect())
}

fn answer(loader: &Loader) {
    if let Err(error) = loader.load() {
        assert!(!error.problems().is_empty());
        assert!(!error.to_string().is_empty() && !error.render().is_empty());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        answer(&Loader::new().file("c.yaml", bytes));
    }

    #[test]
    fn any_document_is_answered(text in document()) {
        answer(&Loader::new().file("c.yaml", text));
    }

    #[test]
    fn any_variable_and_argument_is_answered(
        name in "[A-Z_\\[\\]0-9]{0,30}", key in "[a-z_.\\[\\]0-9]{0,30}", value in "\\PC{0,20}",
    ) {
        let known = format!("strategy.ema_cross.fast={value}");
        let list = format!("instruments={value}");
        answer(
            &Loader::new()
                .environment([(format!("SEAWALL__{name}"), &value)])
                .environment([("SEAWALL__DATA__DIR", &value)])
                .set([format!("{key}={value}"), key, known, list]),
        );
    }

    #[test]
    fn a_secret_is_never_shown(
        before in document(), secret in "[a-z0-9]{16}", depth in 0_usize..4,
        key in prop::sample::select(vec!["api_key", "secret", "Token", "db_password", "passphrase"]),
    ) {
        let indent = "  ".repeat(depth);
        let sections: String = (0..depth).map(|level| format!("{}s{level}:\n", "  ".repeat(level))).collect();
        for text in [
            format!("{sections}{indent}{key}: {secret}\n"),
            format!("{sections}{indent}{key}: [{secret}, {{a: {secret}}}]\n"),
            format!("{before}\n{sections}{indent}{key}: {secret}\n"),
            format!("data: {{dir: '{key}={secret}'}}\ndemo: {{seed: {key}={secret}}}\n"),
            format!("instruments: [{{name: {key}={secret}, tick: {key}={secret}}}]\n{key}={secret}: 5\n"),
            format!("{key}={secret}\n"),
            format!("{sections}{indent}{key}: {secret}\n{before}\n"),
        ] {
            let error = Loader::new().file("c.yaml", text).load();
            if let Err(error) = error {
                let shown = format!("{error}\n{}", error.render());
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
        }
    }
}

//! Deliberate bugs reach nothing that ships: no manifest enables the feature `mutants`, neither by a default
//! nor through another feature nor in a dependency. Only a feature of that name may ask for those below it.

use super::Finding;
use super::files::TextFile;
use super::manifest::Manifest;

const FEATURE: &str = "mutants";
const RULE: &str = "mutants";

/// Checks one manifest, the workspace's or a member's.
pub(crate) fn check(file: &TextFile) -> Vec<Finding> {
    let manifest = Manifest::new(&file.path, &file.text);
    let asked = manifest.dependencies.iter().filter(|one| mentions(&one.value)).map(|one| {
        let message = format!("the dependency on `{}` enables `{FEATURE}`: deliberate bugs", one.name);
        Finding::new(&file.path, one.line, RULE, message)
    });
    let enabled =
        features(&file.text).into_iter().filter(|(_, name, value)| name != FEATURE && mentions(value));
    let enabled = enabled.map(|(line, name, _)| {
        let message = format!("the feature `{name}` enables `{FEATURE}`: deliberate bugs");
        Finding::new(&file.path, line, RULE, message)
    });
    asked.chain(enabled).collect()
}

/// Whether one of the features in quotes is that one, of this crate or another.
fn mentions(value: &str) -> bool {
    let quoted = value.split('"').skip(1).step_by(2);
    quoted.into_iter().any(|feature| feature.rsplit(['/', ':']).next() == Some(FEATURE))
}

/// Line, name and value of each feature, the value on one line.
fn features(text: &str) -> Vec<(usize, String, String)> {
    let mut found: Vec<(usize, String, String)> = Vec::new();
    let (mut inside, mut unfinished) = (false, false);
    for (index, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        if line.is_empty() {
            continue;
        }
        if line.starts_with('[') && !unfinished {
            inside = line == "[features]";
        } else if inside && !unfinished {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            found.push((index + 1, name.trim().to_owned(), value.to_owned()));
            unfinished = !line.contains(']');
        } else if let Some(last) = found.last_mut().filter(|_| unfinished) {
            last.2.push_str(line);
            unfinished = !line.contains(']');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = TextFile { path: "crates/sample/Cargo.toml".to_owned(), text: text.to_owned() };
        check(&file).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_feature_of_that_name_may_ask_for_those_below_it() {
        assert!(lines("[features]\n# why\nmutants = [\"seawall-engine/mutants\"]\nfast = []\n").is_empty());
        assert!(lines("[[example]]\nname = \"mutants\"\nrequired-features = [\"mutants\"]\n").is_empty());
    }

    #[test]
    fn nothing_else_may_enable_them() {
        assert_eq!(lines("[features]\ndefault = [\"mutants\"]\n"), [2]);
        assert_eq!(lines("[features]\ndefault = [\n  \"fast\",\n  \"mutants\",\n]\n[lints]\n"), [2]);
        assert_eq!(lines("[features]\nfast = [\"seawall-engine?/mutants\"]\n"), [2]);
        let with =
            |name: &str| format!("[{name}]\nseawall-engine = {{ path = \"x\", features = [\"mutants\"] }}\n");
        for table in ["dependencies", "dev-dependencies", "workspace.dependencies", "build-dependencies"] {
            assert_eq!(lines(&with(table)), [2], "{table}");
        }
    }
}

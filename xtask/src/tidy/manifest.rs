//! Reads the dependencies out of a `Cargo.toml`.
//!
//! It knows the part of TOML that our manifests use: section headers, `name = value` lines and values that
//! run over several lines. What it does not understand it skips; cargo itself has the last word on the
//! syntax.

/// Which table a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// `[dependencies]` or `[build-dependencies]`, for all targets or one: it ends up in what is built.
    Built,
    /// `[dev-dependencies]`: tests and benches only.
    Dev,
    /// `[workspace.dependencies]`: versions, not uses.
    Workspace,
}

/// One dependency.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Where it stands.
    pub(crate) section: Section,
    /// The package's name: that of `package = "…"` where it is renamed.
    pub(crate) name: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// All that the manifest says about it, on one line.
    pub(crate) value: String,
}

impl Dependency {
    /// Whether its version comes from the workspace's table.
    pub(crate) fn is_inherited(&self) -> bool {
        self.value.replace(' ', "").contains("workspace=true")
    }

    /// Whether it is one of our own crates.
    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with("seawall-")
    }
}

/// A manifest's dependencies.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// Relative to the repository's root.
    pub(crate) path: String,
    /// In the order of the file.
    pub(crate) dependencies: Vec<Dependency>,
}

impl Manifest {
    /// Reads a manifest.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), dependencies: dependencies(text) }
    }

    /// The name of the crate's folder: `engine` for `crates/engine/Cargo.toml`.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit('/').nth(1).unwrap_or_default()
    }
}

fn dependencies(text: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut table = Table::Other;
    let mut depth = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.split_once(" #").map_or(line, |(before, _)| before).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if depth > 0 {
            append(&mut found, line);
        } else if let Some(header) = line.strip_prefix('[') {
            table = Table::of(header.trim_end_matches(']'));
            if let Table::One(section, name) = &table {
                found.push(Dependency::new(*section, name, index + 1, ""));
            }
            continue;
        } else if let (Table::Many(section), Some((key, value))) = (&table, line.split_once('=')) {
            let (name, property) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
            found.push(Dependency::new(*section, name, index + 1, &format!("{property} = {}", value.trim())));
        } else if let Table::One(..) = &table {
            append(&mut found, line);
        }
        depth = (depth + nesting(line)).max(0);
    }
    for dependency in &mut found {
        if let Some(renamed) = package_of(&dependency.value) {
            dependency.name = renamed;
        }
    }
    found
}

impl Dependency {
    fn new(section: Section, name: &str, line: usize, value: &str) -> Self {
        Self { section, name: name.trim_matches('"').to_owned(), line, value: value.to_owned() }
    }
}

/// What the lines after a header are about.
enum Table {
    Other,
    /// A table of dependencies.
    Many(Section),
    /// A table of one dependency, as in `[dependencies.serde]`.
    One(Section, String),
}

impl Table {
    fn of(header: &str) -> Self {
        let kinds = [
            ("workspace.dependencies", Section::Workspace),
            ("dev-dependencies", Section::Dev),
            ("build-dependencies", Section::Built),
            ("dependencies", Section::Built),
        ];
        for (kind, section) in kinds {
            if header == kind || header.starts_with("target.") && header.ends_with(&format!(".{kind}")) {
                return Self::Many(section);
            }
            if let Some(name) = header.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')) {
                return Self::One(section, name.to_owned());
            }
        }
        Self::Other
    }
}

fn append(found: &mut [Dependency], line: &str) {
    if let Some(last) = found.last_mut() {
        last.value.push(' ');
        last.value.push_str(line);
    }
}

fn nesting(line: &str) -> i32 {
    let outside = line.split('"').step_by(2).flat_map(str::chars);
    outside.map(|c| if matches!(c, '[' | '{') { 1 } else { -i32::from(matches!(c, ']' | '}')) }).sum()
}

fn package_of(value: &str) -> Option<String> {
    let (_, after) = value.split_once("package")?;
    let quoted = after.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
    quoted.split_once('"').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(Section, String, usize)> {
        dependencies(text).into_iter().map(|found| (found.section, found.name, found.line)).collect()
    }

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let text = "[package]\nname = \"x\"\n\n[dependencies]\n# one\nserde.workspace = true # why\n\
                    tokio = { version = \"1\", features = [\n    \"rt\",\n] }\nlibm = \"0.2\"\n\n\
                    [target.'cfg(unix)'.dependencies]\nnix = \"1\"\n[build-dependencies]\ncc = \"1\"\n\
                    [dev-dependencies.proptest]\nworkspace = true\n[lints]\nworkspace = true\n";
        let expected = [
            (Section::Built, "serde", 6),
            (Section::Built, "tokio", 7),
            (Section::Built, "libm", 10),
            (Section::Built, "nix", 13),
            (Section::Built, "cc", 15),
            (Section::Dev, "proptest", 16),
        ];
        assert_eq!(names(text), expected.map(|(section, name, line)| (section, name.to_owned(), line)));
    }

    #[test]
    fn inherited_versions_are_told_from_local_ones() {
        let text = "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"x\"] }\nc = \"1\"\n\
                    [dependencies.d]\nworkspace = true\n";
        let inherited: Vec<bool> = dependencies(text).iter().map(Dependency::is_inherited).collect();
        assert_eq!(inherited, [true, true, false, true]);
    }

    #[test]
    fn a_renamed_dependency_goes_by_its_package() {
        let text = "[dependencies]\nclock = { package = \"chrono\", version = \"0.4\" }\n";
        assert_eq!(names(text), [(Section::Built, "chrono".to_owned(), 2)]);
    }

    #[test]
    fn the_folder_names_the_crate() {
        assert_eq!(Manifest::new("crates/engine/Cargo.toml", "").folder(), "engine");
    }
}

//! Reads the packages out of `Cargo.lock`.

/// One locked package.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// The line its name stands on, counted from 1.
    pub(crate) line: usize,
    /// Where it comes from; empty for a crate of this workspace.
    pub(crate) source: String,
    /// The names of the packages it may use, on any platform and with any feature that is on somewhere.
    pub(crate) dependencies: Vec<String>,
}

/// Every package of the lock file, in its order.
pub(crate) fn packages(lock: &str) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for (index, line) in lock.lines().enumerate() {
        if line == "[[package]]" {
            packages.push(Package::default());
            continue;
        }
        let Some(package) = packages.last_mut() else { continue };
        if let Some(name) = quoted_after(line, "name = ") {
            package.name = name.to_owned();
            package.line = index + 1;
        } else if let Some(source) = quoted_after(line, "source = ") {
            package.source = source.to_owned();
        } else if let Some(dependency) = quoted_after(line, " ") {
            package.dependencies.extend(dependency.split(' ').next().map(str::to_owned));
        }
    }
    packages
}

fn quoted_after<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let quoted = line.strip_prefix(prefix)?.trim().trim_end_matches(',');
    quoted.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_with_their_sources_and_dependencies() {
        let lock = "version = 4\n\n[[package]]\nname = \"seawall-model\"\nversion = \"0.1.0\"\ndependencies = [\n \
                    \"jiff\",\n \"syn 2.0.1\",\n]\n\n[[package]]\nname = \"jiff\"\nversion = \"0.2\"\nsource = \"registry+x\"\n";
        let expected = [
            Package {
                name: "seawall-model".to_owned(),
                line: 4,
                source: String::new(),
                dependencies: vec!["jiff".to_owned(), "syn".to_owned()],
            },
            Package {
                name: "jiff".to_owned(),
                line: 12,
                source: "registry+x".to_owned(),
                dependencies: vec![],
            },
        ];
        assert_eq!(packages(lock), expected);
    }
}

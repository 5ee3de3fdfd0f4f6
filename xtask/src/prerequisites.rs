//! What the machine must have before the long build starts.
//!
//! SQLite, zstd and AWS-LC are compiled from C, so a C compiler with the C library's headers is needed and
//! nothing else: no `CMake`, no clang, no OpenSSL. Where it is missing it is installed (Debian, as root) or
//! explained. The tests want a PostgreSQL server too, and can do without.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Debian packages that bring a C compiler, the C library's headers and make.
const PACKAGES: [&str; 3] = ["gcc", "libc6-dev", "make"];

/// The Debian package of the server that the database's tests start for themselves.
const POSTGRES: &str = "postgresql";

/// The Debian package that has promtool.
const PROMETHEUS: &str = "prometheus";

/// What decides how a missing compiler is mended.
#[derive(Clone, Copy)]
struct Machine {
    /// `$CC` names the compiler: the user chose it, so the user mends it.
    cc_is_set: bool,
    is_root: bool,
    has_apt_get: bool,
}

/// What to do about a missing compiler.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    /// We may install it ourselves.
    Install,
    /// The user has to; this is what to tell them.
    Explain(String),
}

/// Makes sure that C can be compiled.
///
/// # Errors
/// One message that names the command to run, when it can't and we may not mend it.
pub(crate) fn ensure_c_compiler() -> Result<(), String> {
    if compiles_c() {
        return Ok(());
    }
    let machine =
        Machine { cc_is_set: chosen_cc().is_some(), is_root: is_root(), has_apt_get: has_apt_get() };
    match remedy(machine) {
        Remedy::Explain(message) => Err(message),
        Remedy::Install => {
            println!("==> no working C compiler: installing {}", PACKAGES.join(", "));
            install(&PACKAGES);
            if compiles_c() { Ok(()) } else { Err(explanation("apt-get ran, and still `cc` does not work.")) }
        }
    }
}

fn remedy(machine: Machine) -> Remedy {
    if machine.cc_is_set {
        return Remedy::Explain(explanation(
            "$CC is set, but what it names does not work; unset or correct it.",
        ));
    }
    match (machine.is_root, machine.has_apt_get) {
        (true, true) => Remedy::Install,
        (false, true) => {
            Remedy::Explain(explanation("`cc` does not work, and this user may not install packages."))
        }
        (true | false, false) => {
            Remedy::Explain(explanation("`cc` does not work, and there is no apt-get here."))
        }
    }
}

fn explanation(reason: &str) -> String {
    format!(
        "a C compiler is needed: SQLite, zstd and AWS-LC are compiled from C.\n{reason}\n\
         Debian and Ubuntu have one in these packages:\n\n    sudo apt-get install {}\n\n\
         Elsewhere install GCC or clang with the C library's headers. Then run this command again.",
        PACKAGES.join(" ")
    )
}

fn chosen_cc() -> Option<String> {
    std::env::var("CC").ok().filter(|cc| !cc.trim().is_empty())
}

/// Compiles two lines of C, headers included, without writing anything.
fn compiles_c() -> bool {
    let compiler =
        std::env::var("CC").ok().filter(|cc| !cc.trim().is_empty()).unwrap_or_else(|| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let Some(program) = words.next() else { return false };
    let started = Command::new(program)
        .args(words)
        .args(["-x", "c", "-fsyntax-only", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return false };
    let written = child.stdin.take().is_some_and(|mut stdin| {
        stdin.write_all(b"#include <stdlib.h>\nint main(void) { return 0; }\n").is_ok()
    });
    child.wait().is_ok_and(|status| status.success()) && written
}

/// Makes sure, as far as we may, that the tests of the database find a PostgreSQL server. They skip aloud
/// where there is none, so this is no reason to stop.
pub(crate) fn offer_postgres() {
    if has_postgres() {
        return;
    }
    if can_install() {
        println!("==> no PostgreSQL: installing {POSTGRES}");
        install(&[POSTGRES]);
    }
    if !has_postgres() {
        println!("==> no PostgreSQL: its tests are skipped; sudo apt-get install {POSTGRES} brings it");
    }
}

/// Makes sure, as far as we may, that the rules for Prometheus can be tried. Their test skips aloud
/// otherwise.
///
/// The package is taken apart below `target/tools`, where the tests look: installed it would start a server.
pub(crate) fn offer_promtool(root: &Path) {
    let tools = root.join("target/tools");
    let works = |tool: &Path| {
        let mut command = Command::new(tool);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let own = tools.join("usr/bin/promtool");
    if works(Path::new("promtool")) || works(&own) || !has_apt_get() {
        return;
    }
    println!("==> no promtool: taking it out of the package {PROMETHEUS}");
    let took = std::fs::create_dir_all(&tools).is_ok()
        && quietly(Command::new("apt-get").args(["download", PROMETHEUS]).current_dir(&tools))
        && packages(&tools)
            .iter()
            .any(|package| quietly(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&tools)));
    if !took || !works(&own) {
        println!("==> no promtool: its tests are skipped; sudo apt-get install {PROMETHEUS} brings it");
    }
}

fn quietly(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The Debian packages in a folder.
fn packages(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    files.filter(|path| path.extension().is_some_and(|end| end == "deb")).collect()
}

/// Whether the server's programs are where Debian puts them, or in the path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let in_path =
        || Command::new("initdb").arg("--version").output().is_ok_and(|output| output.status.success());
    versions.into_iter().any(|version| version.path().join("bin/initdb").is_file()) || in_path()
}

/// Whether Debian packages may be installed here without asking.
pub(crate) fn can_install() -> bool {
    is_root() && has_apt_get()
}

/// Installs Debian packages; whether that helped is for the caller to find out.
pub(crate) fn install(packages: &[&str]) {
    for words in [&["update"][..], &["install", "--yes", "--no-install-recommends"][..]] {
        let packages = if words.contains(&"install") { packages } else { &[] };
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(words).args(packages);
        if let Err(error) = command.status() {
            eprintln!("warning: cannot run apt-get: {error}");
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn has_apt_get() -> bool {
    Command::new("apt-get").arg("--version").output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN_ROOT: Machine = Machine { cc_is_set: false, is_root: true, has_apt_get: true };

    #[test]
    fn root_on_debian_gets_it_installed() {
        assert_eq!(remedy(DEBIAN_ROOT), Remedy::Install);
    }

    #[test]
    fn anyone_else_is_told_the_command() {
        let others = [
            Machine { is_root: false, ..DEBIAN_ROOT },
            Machine { has_apt_get: false, ..DEBIAN_ROOT },
            Machine { cc_is_set: true, ..DEBIAN_ROOT },
        ];
        for machine in others {
            let Remedy::Explain(message) = remedy(machine) else { panic!("expected an explanation") };
            assert!(message.contains("sudo apt-get install gcc libc6-dev make"), "{message}");
        }
    }
}

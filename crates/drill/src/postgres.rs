//! A PostgreSQL server of the drill's own, from Debian's packages, in a folder of its own; it ends with the
//! drill, however that ends.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::http::free_port;

/// Ends the server when it is told to, and when our end of its input is closed, which the death of the drill
/// does: then nobody is left to remove the folder.
const KEEPER: &str = r#"
folder=$1
shift
"$@" & server=$!
read -r word
kill -INT "$server" 2>/dev/null
wait "$server"
[ "$word" = stop ] || rm -rf "$folder"
"#;
/// What the names of folders begin with; the drill's process follows.
const FOLDER: &str = "seawall-drill-pg-";
const USER: &str = "seawall";
const PASSWORD: &str = "drill";
/// The user that a server runs as where the drill is run by root, which PostgreSQL refuses: nobody.
const NOBODY: u32 = 65_534;
const START_MAX: Duration = Duration::from_secs(60);

/// A server that can be stopped and started again.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    keeper: Option<Child>,
}

impl Postgres {
    /// A new server that runs; `None` where PostgreSQL is not installed.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start() -> anyhow::Result<Option<Postgres>> {
        let Some(programs) = programs() else { return Ok(None) };
        // Not in the drill's folder: the server's user may have no way to that.
        sweep();
        let folder = std::env::temp_dir().join(format!("{FOLDER}{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777))?;
        let password = folder.join("password");
        std::fs::write(&password, PASSWORD)?;
        let mut server = Postgres { programs, folder, port: free_port()?, keeper: None };
        let mut initdb = server.program("initdb");
        initdb.arg("-D").arg(server.data()).args(["-U", USER, "-A", "scram-sha-256", "--no-sync"]);
        let made = initdb.args(["--locale=C.UTF-8", "-E", "UTF8", "--pwfile"]).arg(&password).output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.run()?;
        Ok(Some(server))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn program(&self, name: &str) -> Command {
        as_nobody(Command::new(self.programs.join(name)), &self.folder)
    }

    /// Starts it, on the port that it had before.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn run(&mut self) -> anyhow::Result<()> {
        let mut command = as_nobody(Command::new("/bin/sh"), &self.folder);
        command.args(["-c", KEEPER, "keeper"]).arg(&self.folder).arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        command.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        self.keeper = Some(command.spawn()?);
        let began = Instant::now();
        loop {
            let mut ask = self.program("pg_isready");
            ask.arg("-q").arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
            if ask.status()?.success() {
                return Ok(());
            }
            if began.elapsed() > START_MAX {
                bail!("PostgreSQL does not start: see {}", self.folder.join("log").display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it as an administrator would in a hurry: connections are cut, data stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // One that is gone cannot be told, and need not be.
            let _ = keeper.stdin.take().map(|mut input| input.write_all(b"stop\n"));
            // Whether it ended well is in its log.
            let _ = keeper.wait();
        }
    }

    /// What a run is told.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// What a statement prints.
    ///
    /// # Errors
    /// The server refuses it.
    pub(crate) fn sql(&self, statement: &str) -> anyhow::Result<String> {
        let mut command = self.program("psql");
        command.env("PGPASSWORD", PASSWORD).arg("-h").arg(&self.folder);
        command.args(["-p", &self.port.to_string(), "-U", USER, "-d", "postgres", "-Atqc", statement]);
        let output = command.output().context("cannot run psql")?;
        ensure!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        // What cannot be removed is in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Removes the folders of drills that were ended while their server was stopped: nobody was left to do it.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            // What cannot be removed is somebody else's.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Where the newest server's programs are.
fn programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let versions = installed.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs.join("initdb").is_file().then_some((version, programs))
    });
    versions.max().map(|(_, programs)| programs)
}

/// Root may not run a server: where we are root, `command` is run by nobody, who gets the folder.
fn as_nobody(mut command: Command, folder: &Path) -> Command {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|us| std::os::unix::fs::MetadataExt::uid(&us) == 0);
    if is_root {
        // Where that fails the program itself will say so.
        let _ = std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY));
        let _ = std::os::unix::fs::chown(folder.join("password"), Some(NOBODY), Some(NOBODY));
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir(folder);
    command
}

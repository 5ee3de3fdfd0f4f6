//! A PostgreSQL server for tests, from Debian's packages, in a folder of its own under the temporary one. One
//! for each test process, and one database for each test. It ends with the process, however that ends.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "each test binary uses a part of it; a test fails by panicking and skips aloud"
)]

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The password of the server's only user.
pub(crate) const PASSWORD: &str = "p%40ss-hunter2";
/// As it is without the escapes of an address.
const PLAIN_PASSWORD: &str = "p@ss-hunter2";
const USER: &str = "seawall";
/// The user that a server runs as where the tests are run by root, which Postgres refuses: nobody.
const NOBODY: u32 = 65_534;

/// Ends the server when our end of its input is closed, which the death of this process does too.
const KEEPER: &str = r#"
"$@" & server=$!
read -r _
kill -INT "$server" 2>/dev/null
wait "$server"
"#;

/// A server that can be stopped and started again.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    keeper: Option<Child>,
}

impl Server {
    /// A new server that runs; `None` where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Server> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let programs = programs()?;
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("seawall-pg-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        let password = folder.join("password");
        std::fs::write(&password, PLAIN_PASSWORD).unwrap();
        let mut server = Server { programs, folder, port: free_port(), settings: Vec::new(), keeper: None };
        let data = server.data();
        let mut initdb = server.program("initdb");
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]);
        let made = initdb.args(["--locale=C.UTF-8", "--pwfile"]).arg(&password).output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.run();
        Some(server)
    }

    /// The folder, in which the server's user may write.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Puts a file of the server's own into its data.
    pub(crate) fn install(&self, name: &str, bytes: &[u8]) {
        let path = self.data().join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let owner = std::fs::metadata(self.data()).unwrap();
        let owner = std::os::unix::fs::MetadataExt::uid(&owner);
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
    }

    /// A further setting for the next start.
    pub(crate) fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    fn program(&self, name: &str) -> Command {
        as_nobody(Command::new(self.programs.join(name)), &self.folder)
    }

    /// Starts it, on the port that it had before.
    pub(crate) fn run(&mut self) {
        let mut command = as_nobody(Command::new("/bin/sh"), &self.folder);
        command.args(["-c", KEEPER, "keeper"]).arg(self.programs.join("postgres"));
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        command.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        self.keeper = Some(command.spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(60);
        while !self.is_ready() {
            assert!(Instant::now() < until, "the server does not start: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        let mut command = self.program("pg_isready");
        command.arg("-q").arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]);
        command.status().unwrap().success()
    }

    fn log(&self) -> String {
        let mut text = String::new();
        let _ =
            std::fs::File::open(self.folder.join("log")).and_then(|mut file| file.read_to_string(&mut text));
        text
    }

    /// Stops it as an administrator would in a hurry: connections are cut, data stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }

    /// The address of a database of this server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address by the socket in the server's folder.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://{USER}:{PASSWORD}@{folder}:{}/{database}", self.port)
    }

    /// Executes a statement as the administrator; returns what it prints.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let mut command = self.program("psql");
        command.env("PGPASSWORD", PLAIN_PASSWORD).arg("-h").arg(&self.folder);
        command.args(["-p", &self.port.to_string(), "-U", USER, "-d", database, "-Atqc", statement]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A new empty database; returns its name.
    pub(crate) fn create(&self, name: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{name}_{}", COUNT.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The address of a new database on the server that this process's tests share; `None`, and said so, where
/// PostgreSQL is not installed.
pub(crate) fn database(name: &str) -> Option<String> {
    let server = shared()?;
    Some(server.url(&server.create(name)))
}

/// The server that this process's tests share.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        sweep();
        Server::start()
    });
    if server.is_none() {
        skip();
    }
    server.as_ref()
}

/// Says that a test does less than it could.
pub(crate) fn skip() {
    eprintln!("SKIPPED on PostgreSQL: it is not installed (Debian: apt-get install postgresql)");
}

/// A static is never dropped: removes the folders of servers whose processes are gone.
fn sweep() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let process = name.strip_prefix("seawall-pg-").and_then(|rest| rest.split('-').next());
        let Some(process) = process.and_then(|digits| digits.parse::<u32>().ok()) else { continue };
        let is_gone = !Path::new(&format!("/proc/{process}")).exists();
        if is_gone && !entry.path().join("data/postmaster.pid").exists() {
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
    let newest = versions.max().map(|(_, programs)| programs);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .find(|folder| folder.join("initdb").is_file() && folder.join("psql").is_file())
    })
}

/// Root may not run a server: where we are root, `command` is run by nobody, who gets the folder.
fn as_nobody(mut command: Command, folder: &Path) -> Command {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|us| std::os::unix::fs::MetadataExt::uid(&us) == 0);
    if is_root {
        let _ = std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY));
        let _ = std::os::unix::fs::chown(folder.join("password"), Some(NOBODY), Some(NOBODY));
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir(folder);
    command
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

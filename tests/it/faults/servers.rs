//! Servers of a test's own, to be stopped, frozen, slowed, filled up and brought back.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::hub::Servers;

/// The disk of the database, the disk of the log: enough for a cluster, soon full.
const DISKS: [(&str, &str); 2] = [("postgres", "640m"), ("kafka/data", "400m")];

pub struct PrivateServers {
    home: tempfile::TempDir,
    /// Disks that could be made, which takes root.
    mounted: Vec<PathBuf>,
    pub servers: Servers,
}

/// A server, by the name of its pid file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Kafka,
    Postgres,
    Redis,
}

impl Server {
    const ALL: [Self; 3] = [Self::Kafka, Self::Postgres, Self::Redis];

    const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

fn ran(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

impl PrivateServers {
    pub fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::Builder::new()
            .prefix("tickwire-faults-")
            .permissions(std::fs::Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        // For `./test`, should this process be killed.
        if let Ok(own) = std::env::var("TICKWIRE_HOME") {
            let note = std::path::Path::new(&own).join("faults.home");
            std::fs::write(note, home.path().as_os_str().as_encoded_bytes()).ok();
        }
        let mut mounted = Vec::new();
        for (folder, size) in DISKS {
            let place = home.path().join(folder);
            std::fs::create_dir_all(&place).unwrap();
            let options = format!("size={size},mode=777");
            let mut mount = Command::new("mount");
            if ran(mount.args(["-t", "tmpfs", "-o", &options, "tickwire-test"]).arg(&place)) {
                mounted.push(place);
            } else {
                std::fs::remove_dir(&place).unwrap();
            }
        }
        let servers = Servers::default();
        let mut own = Self { home, mounted, servers };
        own.up();
        let settings = std::fs::read_to_string(own.home.path().join("services.env")).unwrap();
        let setting = |name: &str| {
            let line = settings.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.unwrap_or_else(|| panic!("no {name} in services.env")).replace('\\', "")
        };
        own.servers = Servers {
            kafka: setting("TICKWIRE_KAFKA__BROKERS"),
            database: setting("TICKWIRE_DATABASE__URL"),
            redis: Some(setting("TICKWIRE_REDIS__URL")),
        };
        own
    }

    fn services(&self, what: &str) -> (bool, String) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/services");
        let output = Command::new(script)
            .arg(what)
            .env("TICKWIRE_HOME", self.home.path())
            // What a Kafka that stood still makes of itself belongs to the drills.
            .env_remove("TICKWIRE_KAFKA_SESSION_MS")
            .env_remove("TICKWIRE_KAFKA__BROKERS")
            .env_remove("TICKWIRE_DATABASE__URL")
            .env_remove("TICKWIRE_REDIS__URL")
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Starts whichever is not running, as a supervisor would.
    pub fn up(&self) {
        let (started, said) = self.services("up");
        assert!(started, "the test's own servers do not start:\n{said}");
    }

    /// The server's first process, and all that it started.
    fn processes(&self, server: Server) -> Vec<i32> {
        let file = self.home.path().join(format!("{}.pid", server.name()));
        let noted = std::fs::read_to_string(file).unwrap_or_default();
        let Some(first) = noted.split(' ').next().and_then(|pid| pid.parse().ok()) else {
            return Vec::new();
        };
        let parent_of = |pid: i32| -> Option<i32> {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
        };
        let mut all = vec![first];
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(pid) = pid.filter(|pid| parent_of(*pid) == Some(first)) {
                all.push(pid);
            }
        }
        all
    }

    pub fn signal(&self, server: Server, signal: &str) {
        let pids: Vec<String> = self.processes(server).iter().map(ToString::to_string).collect();
        // Some may have ended meanwhile.
        ran(Command::new("kill").args(["-s", signal]).args(pids));
    }

    /// Asks a server to end, as whoever upgrades it does.
    pub fn stop(&self, server: Server) {
        let signal = if server == Server::Postgres { "INT" } else { "TERM" };
        let first = self.processes(server)[0].to_string();
        assert!(ran(Command::new("kill").args(["-s", signal, &first])));
    }

    /// Lets a server run for a twentieth of a second in each quarter, until the handle is dropped.
    pub fn slow_down(self: &Arc<Self>, server: Server) -> Slowed {
        let over = Arc::new(AtomicBool::new(false));
        let (servers, seen) = (self.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Acquire) {
                servers.signal(server, "STOP");
                std::thread::sleep(Duration::from_millis(200));
                servers.signal(server, "CONT");
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Slowed { over, thread: Some(thread) }
    }

    /// Fills a server's disk to the last byte; none where it has no disk of its own here.
    pub fn fill_disk(&self, server: Server) -> Option<FullDisk> {
        let disk = self.mounted.iter().find(|place| {
            place.strip_prefix(self.home.path()).is_ok_and(|name| name.starts_with(server.name()))
        })?;
        let ballast = disk.join("ballast");
        // It ends with "no space left", which is the point.
        ran(Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg({
            let mut out = std::ffi::OsString::from("of=");
            out.push(&ballast);
            out
        }));
        Some(FullDisk(ballast))
    }
}

pub struct Slowed {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Slowed {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

pub struct FullDisk(PathBuf);

impl Drop for FullDisk {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

impl Drop for PrivateServers {
    fn drop(&mut self) {
        for server in Server::ALL {
            self.signal(server, "CONT");
        }
        self.services("down");
        if std::thread::panicking() {
            let kept = std::env::temp_dir().join("tickwire-faults-logs");
            ran(Command::new("cp").arg("-rT").arg(self.home.path().join("logs")).arg(&kept));
            eprintln!("the servers' logs: {}", kept.display());
        }
        for place in &self.mounted {
            ran(Command::new("umount").arg("-l").arg(place));
        }
    }
}

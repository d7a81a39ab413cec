//! A hub in a process of its own, watched from outside: its metrics, its processor time, its memory.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

pub const PARTITIONS: i32 = 16;
/// The kernel's unit of processor time, in seconds (`getconf CLK_TCK`).
const CLOCK_TICK_S: f64 = 0.01;

pub struct Hub {
    child: Child,
    pub port: u16,
}

/// What a hub is started with.
pub struct Wanted<'a> {
    /// Its binary.
    pub binary: &'a str,
    pub roles: &'a str,
    pub brokers: &'a str,
    /// Before the names of its topics.
    pub prefix: &'a str,
    /// The core that it is kept on; none for all.
    pub core: Option<usize>,
    /// Variables beside these, without `TICKWIRE_`.
    pub settings: &'a [(&'a str, &'a str)],
}

impl Hub {
    pub fn start(wanted: &Wanted<'_>) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = match wanted.core {
            Some(core) => {
                let mut pinned = Command::new("taskset");
                pinned.args(["-c", &core.to_string(), wanted.binary]);
                pinned
            }
            None => Command::new(wanted.binary),
        };
        let child = command
            .args(["hub", "--roles", wanted.roles])
            .env("TICKWIRE_KAFKA__BROKERS", wanted.brokers)
            .env("TICKWIRE_KAFKA__PREFIX", wanted.prefix)
            .env("TICKWIRE_HTTP__BIND", format!("127.0.0.1:{port}"))
            .env("TICKWIRE_HTTP__WORKERS", "1")
            .env("TICKWIRE_HTTP__SYMBOL_THREADS", "1")
            .env("TICKWIRE_LOG__FILTER", "warn")
            .envs(wanted.settings.iter().map(|(name, value)| (format!("TICKWIRE_{name}"), value)))
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| wanted.binary.to_owned())?;
        Ok(Self { child, port })
    }

    pub async fn until_ready(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.get("/readyz").await.is_some_and(|answer| answer.starts_with("HTTP/1.0 200")) {
            ensure!(Instant::now() < deadline, "the hub is not ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The sum of a metric's lines, read as any monitoring would.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics").await?;
        let values = text.lines().filter_map(|line| {
            let (key, value) = line.rsplit_once(' ')?;
            (key.split('{').next() == Some(name)).then(|| value.parse::<f64>().ok())?
        });
        let values: Vec<f64> = values.collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    async fn get(&self, path: &str) -> Option<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        Some(text)
    }

    /// Processor time of all its threads so far, in seconds.
    pub fn cpu_s(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> =
            stat.rsplit_once(") ").context("/proc/…/stat")?.1.split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
        let (user, system) = ticks(11).zip(ticks(12)).context("/proc/…/stat")?;
        Ok((user + system) * CLOCK_TICK_S)
    }

    /// Memory that it holds, in MiB.
    pub fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|text| text.trim().split(' ').next()).context("VmRSS")?;
        Ok(kib.parse::<f64>()? / 1_024.0)
    }
}

/// It ends when the measurement ends, however that does.
impl Drop for Hub {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub fn make_topic(brokers: &str, topic: &str) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let wanted = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1))
        .set("message.timestamp.type", "LogAppendTime");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let made = runtime.block_on(admin.create_topics([&wanted], &AdminOptions::new()))?;
    ensure!(made.iter().all(Result::is_ok), "{made:?}");
    Ok(())
}

/// A name that no other run has.
pub fn fresh_prefix() -> String {
    format!("load{:08x}.", rand::random::<u32>())
}

/// Keeps this process on a core, away from the hub's.
pub fn stay_on(core: usize) -> anyhow::Result<()> {
    let pid = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-a", "-c", "-p", &core.to_string(), &pid])
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "taskset");
    Ok(())
}

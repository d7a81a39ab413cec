//! Load scenarios: an outside client of the hub. What they print are ratios to something of the same
//! run, and shares of a core; `docs/performance.md` says what was measured.

mod dbn;
mod decode;
mod hub;
mod idle;
mod ingest;
mod latency;
mod mutate;
mod quotes;
mod socket;
mod sockets;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "tickwire-load")]
struct Cli {
    /// The hub's binary.
    #[arg(long, global = true, default_value = "target/release/tickwire")]
    hub: String,
    /// Kafka.
    #[arg(long, global = true, env = "TICKWIRE_KAFKA__BROKERS", default_value = "127.0.0.1:9092")]
    brokers: String,
    /// The core that the hub is kept on, where a scenario keeps it on one.
    #[arg(long, global = true, default_value_t = 1)]
    core: usize,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// How fast the hub folds a log, as a share of how fast one can merely count it.
    Ingest {
        /// Records, one event each: 60 % quotes, 25 % three-level deltas, 15 % trades.
        #[arg(long, default_value_t = 2_000_000)]
        records: u64,
        /// Instruments.
        #[arg(long, default_value_t = 50)]
        symbols: u64,
    },
    /// Reads a topic and only counts; what the hub is compared with.
    Count {
        /// The topic.
        #[arg(long)]
        topic: String,
    },
    /// How fast recorded frames become events, against parsing them into JSON values.
    Decode {
        /// The venue.
        #[arg(long)]
        venue: String,
        /// Recordings.
        #[arg(required = true)]
        files: Vec<std::path::PathBuf>,
    },
    /// Frames that no venue sends, against a decoder: what became of them.
    Mutate {
        /// A venue, `md` for records of the log, `command` for what clients say, `dbn` or `csv`.
        #[arg(long)]
        venue: String,
        /// Whose frames the recordings have, where `md` is made of them.
        #[arg(long)]
        from: Option<String>,
        /// Frames.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The same seed makes the same frames.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Recordings; none for `command` and `csv`.
        files: Vec<std::path::PathBuf>,
    },
    /// How fast a DBN file of single orders becomes a book, against decoding it alone.
    Dbn {
        /// The file, schema mbo.
        file: std::path::PathBuf,
    },
    /// Whether one core keeps up with many sockets, and what an update costs.
    Sockets {
        /// Sockets.
        #[arg(long, default_value_t = 1_000)]
        sockets: usize,
        /// Quotes that each follows; all change in every tick.
        #[arg(long, default_value_t = 20)]
        quotes: usize,
        /// Milliseconds between two frames of a socket.
        #[arg(long, default_value_t = 20)]
        tick_ms: u64,
        /// How long is measured.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// How much later a quote reaches a socket than a bare consumer of the log.
    Latency {
        /// How long is measured.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// What a hub costs that has many instruments and nothing to do.
    Idle {
        /// Instruments.
        #[arg(long, default_value_t = 1_000)]
        instruments: usize,
        /// How long is measured.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// A database of the measurement's own.
        #[arg(long, env = "TICKWIRE_DATABASE__URL")]
        database: String,
    },
}

/// What the process may grow to while it reads broken frames.
const MEMORY_KIB_MAX: u64 = 128 * 1024;

/// Prints what became of broken frames.
fn mutated(scenario: &mutate::Scenario) -> anyhow::Result<()> {
    let mutate::Outcomes { accepted, refused, events, not_admitted } = mutate::run(scenario)?;
    let memory = peak_kib()?;
    println!(
        "{}: {} frames, seed {}: {accepted} accepted with {events} events ({not_admitted} not admitted by the fold), {} refused; peak {} MiB",
        scenario.target,
        scenario.count,
        scenario.seed,
        refused.values().sum::<u64>(),
        memory / 1024,
    );
    for (why, count) in &refused {
        println!("  {count:>10} {why}");
    }
    ensure!(memory < MEMORY_KIB_MAX, "memory grew to {memory} KiB");
    Ok(())
}

/// The most memory the process has had.
fn peak_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmHWM")?.parse()?)
}

fn main() -> anyhow::Result<()> {
    let Cli { hub, brokers, core, scenario } = Cli::parse();
    match scenario {
        Scenario::Ingest { records, symbols } => {
            ingest::ingest(&brokers, records, symbols, core, &hub)
        }
        Scenario::Dbn { file } => dbn::run(&file),
        Scenario::Decode { venue, files } => decode::run(&venue, &files),
        Scenario::Mutate { venue, from, count, seed, files } => {
            mutated(&mutate::Scenario { target: venue, from, count, seed, files })
        }
        Scenario::Count { topic } => ingest::count(&brokers, &topic),
        Scenario::Sockets { sockets, quotes, tick_ms, seconds } => {
            sockets::run(&sockets::Scenario {
                brokers,
                hub,
                sockets,
                quotes,
                tick_ms,
                seconds,
                core,
            })
        }
        Scenario::Latency { seconds } => latency::run(&brokers, &hub, seconds, core),
        Scenario::Idle { instruments, seconds, database } => {
            idle::run(&brokers, &database, &hub, instruments, seconds)
        }
    }
}

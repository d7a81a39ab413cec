//! Load scenarios: an outside client of the hub. What they print are ratios to something of the same
//! run, and shares of a core; `docs/performance.md` says what was measured.

mod dbn;
mod decode;
mod hub;
mod idle;
mod ingest;
mod latency;
mod mutate;
mod mutation;
mod quotes;
mod socket;
mod sockets;

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
        /// A venue, `md` for records of the log or `command` for what clients say.
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
        /// Recordings; none for `command`.
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

fn main() -> anyhow::Result<()> {
    let Cli { hub, brokers, core, scenario } = Cli::parse();
    match scenario {
        Scenario::Ingest { records, symbols } => {
            ingest::ingest(&brokers, records, symbols, core, &hub)
        }
        Scenario::Dbn { file } => dbn::run(&file),
        Scenario::Decode { venue, files } => decode::run(&venue, &files),
        Scenario::Mutate { venue, from, count, seed, files } => {
            mutate::run(&mutate::Scenario { target: venue, from, count, seed, files })
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

//! The one place that knows everyone: the command line, and what each command starts.

mod check;
mod hub;
mod live;
mod start;
mod ticks;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Settings, SettingsError};
use crate::feeds::dbn;
use crate::feeds::kafka;
use crate::feeds::replay::{self, Played, Speed};
use crate::feeds::simulator::Simulator;
use crate::truth;
use crate::wire::time;

/// An actor-based trading market-data hub.
#[derive(Debug, Parser)]
#[command(name = "tickwire", version, arg_required_else_help = true)]
pub struct Cli {
    /// Settings file (TOML); variables TICKWIRE_SECTION__NAME lie over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Consume, aggregate, serve, record.
    Hub {
        /// Which parts to run, separated by commas: serve, record.
        #[arg(long, default_value = "serve,record")]
        roles: String,
    },
    /// Feed market events into the log.
    #[command(subcommand)]
    Feed(Feed),
    /// Apply database migrations.
    Migrate,
    /// Print the settings in force and try every connection.
    Check,
    /// Replay recorded sets and compare with what their venues and vendors published.
    Verify {
        /// A folder of sets, or one set.
        #[arg(env = "TICKWIRE_DATA", default_value = "../shared/data")]
        dir: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Feed {
    /// A believable random market, SIM:….
    Sim(Sim),
    /// Recorded venue frames and REST bodies through the venue's adapter.
    Replay {
        /// The venue whose frames they are.
        #[arg(long)]
        venue: String,
        /// How many times as fast as recorded, or max.
        #[arg(long, default_value = "1")]
        speed: Speed,
        /// Recordings, .gz too; several are merged by receive time.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Databento DBN files, of any schema and version.
    Dbn {
        /// How many times as fast as recorded, or max.
        #[arg(long, default_value = "1")]
        speed: Speed,
        /// Files, .zst too, with metadata or fragments, played in this order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Vendors' tick files, CSV: trades or quotes of one instrument.
    Csv(Box<ticks::Csv>),
    /// A venue's public WebSocket, until the process is asked to end.
    Live(live::Options),
}

#[derive(Debug, Args)]
struct Sim {
    /// Events a second.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// Instruments.
    #[arg(long, default_value_t = 50)]
    instruments: usize,
    /// The same seed and start make the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Event time of the first record: RFC 3339 or nanoseconds; now unless told.
    #[arg(long)]
    start: Option<String>,
    /// Stop after so many events.
    #[arg(long)]
    count: Option<u64>,
}

/// How a command ended.
#[derive(Debug)]
pub enum Outcome {
    /// It did what it was asked.
    Done,
    /// It could not.
    Failed(String),
    /// It was asked wrongly, or a setting is wrong.
    Misused(String),
}

/// Runs a command to its end.
#[must_use]
pub fn run(cli: Cli) -> Outcome {
    let settings = match settings(cli.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return Outcome::Misused(error.to_string()),
    };
    match cli.command {
        Command::Hub { roles } => match hub::Roles::parse(&roles) {
            Ok(roles) => match hub::run(settings, roles) {
                Err(error) if error.is::<hub::WrongSettings>() => {
                    Outcome::Misused(format!("{error:#}"))
                }
                outcome => done_or_failed(outcome),
            },
            Err(why) => Outcome::Misused(why),
        },
        Command::Feed(Feed::Sim(sim)) => simulate(&settings, &sim),
        Command::Feed(Feed::Replay { venue, speed, files }) => {
            match replay::replay(&settings.kafka, &venue, speed, &files) {
                Ok(played) => {
                    report(&played);
                    Outcome::Done
                }
                Err(error @ replay::FeedError::Venue(_)) => Outcome::Misused(error.to_string()),
                Err(error) => Outcome::Failed(error.to_string()),
            }
        }
        Command::Feed(Feed::Dbn { speed, files }) => {
            let (played, ended) = dbn::play(&settings.kafka, speed, &files);
            let Played { frames, events, refused } = played;
            println!("{frames} records read, {events} events written, {refused} passed over");
            match ended {
                Ok(()) => Outcome::Done,
                Err(error) => Outcome::Failed(error.to_string()),
            }
        }
        Command::Feed(Feed::Csv(ticks)) => ticks::run(&settings, &ticks),
        Command::Feed(Feed::Live(options)) => live::run(&settings, options),
        Command::Migrate => done_or_failed(migrate(&settings)),
        Command::Check => done_or_failed(check::run(&settings)),
        Command::Verify { dir } => verify(&dir),
    }
}

/// The settings, checked by those too who alone can; from here on the log is written as they say.
fn settings(file: Option<&Path>) -> Result<Settings, SettingsError> {
    let settings = config::load(file, std::env::vars())?;
    crate::telemetry::start_logging(&settings.log)?;
    kafka::check(&settings.kafka)?;
    Ok(settings)
}

fn done_or_failed(outcome: anyhow::Result<()>) -> Outcome {
    match outcome {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Failed(format!("{error:#}")),
    }
}

fn report(played: &Played) {
    let Played { frames, events, refused } = played;
    println!("{frames} frames read, {events} events written, {refused} passed over");
}

fn verify(dir: &Path) -> Outcome {
    match truth::verify(dir) {
        Ok(rows) => {
            print!("{}", truth::markdown(&rows));
            let failed = rows.iter().filter(|row| !row.holds()).count();
            if failed == 0 {
                Outcome::Done
            } else {
                Outcome::Failed(format!("{failed} of {} comparisons do not hold", rows.len()))
            }
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn simulate(settings: &Settings, sim: &Sim) -> Outcome {
    let start = match &sim.start {
        None => jiff::Timestamp::now().as_nanosecond().try_into().ok(),
        Some(text) => time::parse(text),
    };
    let Some(start) = start.filter(|start| 0 <= *start) else {
        let given = sim.start.as_deref().unwrap_or("now");
        return Outcome::Misused(format!("--start is RFC 3339 or nanoseconds, not {given:?}"));
    };
    if sim.rate == 0 || sim.instruments == 0 {
        return Outcome::Misused("--rate and --instruments are above zero".into());
    }
    let simulator = Simulator::new(sim.seed, start, sim.rate, sim.instruments);
    let stop = Arc::new(AtomicBool::new(false));
    if let Err(error) = start::stop_on_signal(stop.clone()) {
        return Outcome::Failed(error.to_string());
    }
    let stopped = || stop.load(Ordering::Acquire);
    match replay::simulate(&settings.kafka, simulator, sim.count, stopped) {
        Ok(events) => {
            println!("{events} events written");
            Outcome::Done
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let applied = runtime.block_on(crate::store::migrate(&settings.database))?;
    println!("{applied} migrations applied");
    Ok(())
}

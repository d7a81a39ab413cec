//! The `tickwire` binary: settings in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use tickwire::app::{Cli, Outcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One provider for all that speak TLS, before the first of them does.
    let _first = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match tickwire::app::run(Cli::parse()) {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Failed(why) => {
            eprintln!("tickwire: {why}");
            ExitCode::from(1)
        }
        Outcome::Misused(why) => {
            eprintln!("tickwire: {why}");
            ExitCode::from(2)
        }
    }
}

//! What a hub costs that has many instruments and nothing to do.

use std::time::{Duration, Instant};

use crate::hub::{Hub, Wanted, fresh_prefix, make_topic};
use crate::quotes::{self, instrument};

pub fn run(
    brokers: &str,
    database: &str,
    binary: &str,
    instruments: usize,
    seconds: u64,
) -> anyhow::Result<()> {
    let prefix = fresh_prefix();
    let topic = format!("{prefix}md.v1");
    make_topic(brokers, &topic)?;
    let settings = [("DATABASE__URL", database)];
    let roles = "serve,record";
    let hub = Hub::start(&Wanted {
        binary,
        roles,
        brokers,
        prefix: &prefix,
        core: None,
        settings: &settings,
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        hub.until_ready().await?;
        quotes::write_once(brokers, &topic, instruments)?;
        while hub
            .metric("tickwire_instruments")
            .await
            .is_none_or(|known| known < instruments as f64)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What beginning costs is not what resting costs.
        tokio::time::sleep(Duration::from_secs(15)).await;
        let (cpu_before, began) = (hub.cpu_s()?, Instant::now());
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let share = (hub.cpu_s()? - cpu_before) / began.elapsed().as_secs_f64();
        println!("{instruments} instruments ({} …), no clients, both roles", instrument(0));
        println!("resident       {:.0} MiB", hub.resident_mib()?);
        println!("processor      {:.1} % of a core over {seconds} s", 100.0 * share);
        Ok(())
    })
}

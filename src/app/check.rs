//! `tickwire check`: the settings in force, and whether every connection works.

use crate::config::{self, Settings};
use crate::feeds::kafka::Identity;
use crate::store;

pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let mut shown = serde_json::to_value(settings)?;
    hide_secrets(&mut shown);
    println!("{}", serde_json::to_string_pretty(&shown)?);
    let mut faults = 0;
    let mut tell = |what: &str, outcome: Result<String, String>| match outcome {
        Ok(word) => println!("{what}: ok, {word}"),
        Err(fault) => {
            faults += 1;
            println!("{what}: {fault}");
        }
    };
    if settings.kafka.embedded {
        tell("kafka", Ok("inside the hub".into()));
    } else {
        let log = Identity::new(&settings.kafka).and_then(|identity| identity.current());
        let word = log.map(|log| format!("cluster {}, topic {}", log.cluster, log.topic_id));
        tell("kafka", word.map_err(|error| error.to_string()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let database = runtime.block_on(store::describe(&settings.database));
    tell("database", database.map_err(|error| error.to_string()));
    // Its connection is a task of the runtime it is made on.
    let _entered = runtime.enter();
    match store::Cache::new(&settings.redis) {
        Ok(None) => tell("redis", Ok("none: no redis.url".into())),
        Ok(Some(cache)) => {
            let answer = runtime.block_on(cache.ping());
            tell("redis", answer.map(|()| "answers".into()).map_err(|error| error.to_string()));
        }
        Err(error) => tell("redis", Err(error.to_string())),
    }
    anyhow::ensure!(faults == 0, "{faults} connections do not work");
    Ok(())
}

fn hide_secrets(value: &mut serde_json::Value) {
    let Some(sections) = value.as_object_mut() else { return };
    for section in sections.values_mut().filter_map(|section| section.as_object_mut()) {
        for (name, value) in section {
            if name.contains("password") && !value.is_null() {
                *value = "(secret)".into();
            } else if name == "url"
                && let Some((scheme, rest)) = value.as_str().and_then(|url| url.split_once("://"))
            {
                let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
                // A password may stand there too.
                let address = address.split_once('?').map_or(address, |(address, _)| address);
                *value = format!("{scheme}://(secret)@{address}").into();
            } else if name == "properties"
                && let Some(properties) = value.as_object_mut()
            {
                for (name, value) in properties {
                    if config::is_secret_property(name) {
                        *value = "(secret)".into();
                    }
                }
            }
        }
    }
}

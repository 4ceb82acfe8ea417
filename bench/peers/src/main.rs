//! The official Fluvio client as a program. Run by the tests in test/clients (steps.rs) and the benchmark in bench/fluvio (arms.rs).

mod arms;
mod steps;

use anyhow::{bail, Context, Result};
use fluvio::config::{TlsConfig, TlsPaths, TlsPolicy};
use fluvio::{Fluvio, FluvioClusterConfig};
use fluvio_future::task::run_block_on;

const USAGE: &str = "usage: official ENDPOINT COMMAND ARGUMENTS...
create TOPIC PARTITIONS COMPRESSION | delete TOPIC | list | watch TOPIC
produce TOPIC COMPRESSION | consume TOPIC PARTITION START [COUNT] | first TOPIC PARTITION START
commit TOPIC PARTITION CONSUMER STRATEGY COUNT | offsets | forget CONSUMER TOPIC PARTITION
bench-produce TOPIC FILE COMPRESSION BATCH_BYTES LINGER_MS | bench-consume TOPIC RECORDS MAX_BYTES API | bench-latency TOPIC RECORDS PER_SECOND";

/// The arguments behind the command, taken one by one.
pub struct Args(std::env::Args);

impl Args {
    pub fn text(&mut self) -> Result<String> {
        self.0.next().context(USAGE)
    }

    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        let text = self.text()?;
        text.parse().ok().with_context(|| format!("{text:?} is no number in range"))
    }

    pub fn more(&mut self) -> Option<String> {
        self.0.next()
    }
}

/// A cluster without TLS, or with the certificates that OFFICIAL_TLS names: a folder with ca.pem, client.pem and client.key.
fn cluster(endpoint: String) -> FluvioClusterConfig {
    let config = FluvioClusterConfig::new(endpoint);
    let Ok(folder) = std::env::var("OFFICIAL_TLS") else {
        return config;
    };
    let file = |name: &str| std::path::Path::new(&folder).join(name);
    config.with_tls(TlsPolicy::Verified(TlsConfig::Files(TlsPaths {
        domain: "fluvio.example".into(),
        key: file("client.key"),
        cert: file("client.pem"),
        ca_cert: file("ca.pem"),
    })))
}

async fn run() -> Result<()> {
    let mut args = Args(std::env::args());
    args.text()?; // the program's name
    let endpoint = args.text()?;
    let command = args.text()?;
    let client = Fluvio::connect_with_config(&cluster(endpoint)).await?;
    match command.as_str() {
        "create" => steps::create(&client, args).await,
        "delete" => steps::delete(&client, args).await,
        "list" => steps::list(&client).await,
        "watch" => steps::watch(&client, args).await,
        "produce" => steps::produce(&client, args).await,
        "consume" => steps::consume(&client, args).await,
        "first" => steps::first(&client, args).await,
        "commit" => steps::commit(&client, args).await,
        "offsets" => steps::offsets(&client).await,
        "forget" => steps::forget(&client, args).await,
        "bench-produce" => arms::produce(&client, args).await,
        "bench-consume" => arms::consume(&client, args).await,
        "bench-latency" => arms::latency(client, args).await,
        _ => bail!("{command:?}\n{USAGE}"),
    }
}

fn main() -> Result<()> {
    run_block_on(run())
}

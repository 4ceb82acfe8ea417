//! What the client's tests do, a step a call. Records go in and out as lines of fields with tabs between them; keys and values
//! are in hexadecimal, "-" stands for no key.

use std::io::{BufRead, Write};

use anyhow::{bail, Context, Result};
use fluvio::consumer::{ConsumerConfigExtBuilder, ConsumerStream, OffsetManagementStrategy, Record, RetryMode};
use fluvio::metadata::topic::{ReplicaSpec, TopicSpec};
use fluvio::{Compression, Fluvio, Offset, ProduceOutput, RecordKey, TopicProducerConfigBuilder};
use futures_util::StreamExt;

use crate::Args;

pub async fn create(client: &Fluvio, mut args: Args) -> Result<()> {
    let (name, partitions, compression) = (args.text()?, args.number()?, args.text()?);
    let mut spec = TopicSpec::from(ReplicaSpec::new_computed(partitions, 1, None));
    spec.set_compression_type(compression.parse()?);
    client.admin().await.create(name, false, spec).await
}

pub async fn delete(client: &Fluvio, mut args: Args) -> Result<()> {
    client.admin().await.delete::<TopicSpec>(args.text()?).await
}

pub async fn list(client: &Fluvio) -> Result<()> {
    for topic in client.admin().await.all::<TopicSpec>().await? {
        print(format_args!("{}", topic.name));
    }
    Ok(())
}

/// watch says "watching" when it has the first picture, and ends when the topic appears.
pub async fn watch(client: &Fluvio, mut args: Args) -> Result<()> {
    let name = args.text()?;
    let admin = client.admin().await;
    let mut updates = admin.watch::<TopicSpec>().await?;
    let mut watching = false;
    while let Some(update) = updates.next().await {
        let update = update?.inner();
        if !watching {
            print(format_args!("watching"));
            watching = true;
        }
        let changed = update.changes.into_iter().map(|change| change.content);
        if update.all.into_iter().chain(changed).any(|topic| topic.name == name) {
            print(format_args!("{name}"));
            return Ok(());
        }
    }
    bail!("the watch ended");
}

/// produce sends a record a line, KEY and VALUE, and prints PARTITION and OFFSET of each when it is acknowledged: at an empty
/// line, and at the end.
pub async fn produce(client: &Fluvio, mut args: Args) -> Result<()> {
    let (topic, compression) = (args.text()?, args.text()?);
    let mut config = TopicProducerConfigBuilder::default();
    config.linger(std::time::Duration::from_millis(20)); // batches of more than one record
    if compression != "default" {
        config.compression(compression.parse::<Compression>()?);
    }
    let producer = client.topic_producer_with_config(topic, config.build()?).await?;
    let mut sent: Vec<ProduceOutput> = Vec::new();
    let acknowledge = |sent: Vec<ProduceOutput>| async {
        producer.flush().await?;
        for output in sent {
            let record = output.wait().await?;
            print(format_args!("{}\t{}", record.partition_id(), record.offset()));
        }
        Ok::<(), anyhow::Error>(())
    };
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.is_empty() {
            acknowledge(std::mem::take(&mut sent)).await?;
            continue;
        }
        let (key, value) = line.split_once('\t').context("no tab in the line")?;
        let key = match key {
            "-" => RecordKey::NULL,
            key => RecordKey::from(bytes(key)?),
        };
        sent.push(producer.send(key, bytes(value)?).await?);
    }
    acknowledge(sent).await
}

/// consume prints OFFSET, TIMESTAMP, KEY and VALUE: of COUNT records, however long it takes, or of those up to the end.
pub async fn consume(client: &Fluvio, mut args: Args) -> Result<()> {
    let mut config = ConsumerConfigExtBuilder::default();
    config.topic(args.text()?).partition(args.number()?).offset_start(start(&args.text()?)?);
    let count = args.more().map(|n| n.parse::<usize>()).transpose()?;
    if count.is_none() {
        config.disable_continuous(true).retry_mode(RetryMode::Disabled);
    }
    let mut records = client.consumer_with_config(config.build()?).await?;
    for _ in 0..count.unwrap_or(usize::MAX) {
        match records.next().await {
            Some(record) => show(&record?),
            None => break,
        }
    }
    Ok(())
}

/// first prints the record at an offset, and does not try again when the broker answers with an error.
pub async fn first(client: &Fluvio, mut args: Args) -> Result<()> {
    let mut config = ConsumerConfigExtBuilder::default();
    config.topic(args.text()?).partition(args.number()?).offset_start(start(&args.text()?)?);
    config.retry_mode(RetryMode::Disabled);
    let mut records = client.consumer_with_config(config.build()?).await?;
    show(&records.next().await.context("the stream ended")??);
    Ok(())
}

/// commit prints COUNT records and stores that they are done with.
pub async fn commit(client: &Fluvio, mut args: Args) -> Result<()> {
    let mut config = ConsumerConfigExtBuilder::default();
    config.topic(args.text()?).partition(args.number()?).offset_consumer(args.text()?);
    let strategy: OffsetManagementStrategy = args.text()?.parse()?;
    config.offset_strategy(strategy).offset_start(Offset::beginning());
    let count: usize = args.number()?;
    let mut records = client.consumer_with_config(config.build()?).await?;
    for _ in 0..count {
        show(&records.next().await.context("the stream ended")??);
    }
    if strategy == OffsetManagementStrategy::Manual {
        records.offset_commit().await?;
    }
    records.offset_flush().await?;
    Ok(())
}

pub async fn offsets(client: &Fluvio) -> Result<()> {
    for o in client.consumer_offsets().await? {
        print(format_args!("{}\t{}\t{}\t{}", o.consumer_id, o.topic, o.partition, o.offset));
    }
    Ok(())
}

pub async fn forget(client: &Fluvio, mut args: Args) -> Result<()> {
    let (consumer, topic, partition) = (args.text()?, args.text()?, args.number::<u32>()?);
    client.delete_consumer_offset(consumer, (topic, partition)).await
}

/// start reads "beginning", "beginning+N", "end", "end-N" or an offset.
fn start(text: &str) -> Result<Offset> {
    if let Some(n) = text.strip_prefix("beginning") {
        return Ok(Offset::from_beginning(n.parse().unwrap_or(0)));
    }
    if let Some(n) = text.strip_prefix("end") {
        return Ok(Offset::from_end(n.trim_start_matches('-').parse().unwrap_or(0)));
    }
    Ok(Offset::absolute(text.parse()?)?)
}

fn show(record: &Record) {
    let key = record.key().map_or("-".into(), hex);
    print(format_args!("{}\t{}\t{}\t{}", record.offset(), record.timestamp(), key, hex(record.value())));
}

/// print writes a line at once, for the test that waits for it.
fn print(line: std::fmt::Arguments) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("standard output");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let digits = |at| hex.get(at..at + 2).context("half a byte");
    (0..hex.len()).step_by(2).map(|at| Ok(u8::from_str_radix(digits(at)?, 16)?)).collect()
}

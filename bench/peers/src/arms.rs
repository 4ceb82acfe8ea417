//! What the benchmark measures of the official client. Each arm prints one line of JSON; the arms of package fluvio in
//! bench/fluvio do the same and say the same.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, Context, Result};
use fluvio::consumer::{ConsumerConfig, ConsumerConfigExtBuilder, Record};
use fluvio::dataplane::link::ErrorCode;
use fluvio::{Compression, Fluvio, Isolation, Offset, TopicProducerConfigBuilder};
use fluvio_future::{task, timer};
use futures_util::{Stream, StreamExt};

use crate::Args;

/// produce sends every line of a file under its number as the key, and ends when all of them are acknowledged.
pub async fn produce(client: &Fluvio, mut args: Args) -> Result<()> {
    let (topic, file) = (args.text()?, std::fs::read(args.text()?)?);
    let config = TopicProducerConfigBuilder::default()
        .compression(args.text()?.parse::<Compression>()?)
        .batch_size(args.number()?)
        .linger(Duration::from_millis(args.number()?))
        .isolation(Isolation::ReadUncommitted)
        .build()?;
    let start = Instant::now();
    let producer = client.topic_producer_with_config(topic, config).await?;
    let mut records = 0u64;
    for line in file.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        producer.send(records.to_be_bytes(), line).await?;
        records += 1;
    }
    producer.flush().await?;
    println!(r#"{{"records":{records},"seconds":{}}}"#, start.elapsed().as_secs_f64());
    Ok(())
}

/// consume reads RECORDS records of partition 0 from the beginning with the API that the documentation recommends ("stream"),
/// or with the older one without its retry layer ("partition").
#[allow(deprecated)]
pub async fn consume(client: &Fluvio, mut args: Args) -> Result<()> {
    let (topic, records, max_bytes, api) = (args.text()?, args.number()?, args.number::<i32>()?, args.text()?);
    let start = Instant::now();
    match api.as_str() {
        "stream" => {
            let mut config = ConsumerConfigExtBuilder::default();
            config.topic(topic).partition(0).offset_start(Offset::beginning());
            config.max_bytes(max_bytes).isolation(Isolation::ReadUncommitted);
            drain(client.consumer_with_config(config.build()?).await?, start, records).await
        }
        "partition" => {
            let config =
                ConsumerConfig::builder().max_bytes(max_bytes).isolation(Isolation::ReadUncommitted).build()?;
            let consumer = client.partition_consumer(topic, 0).await?;
            drain(consumer.stream_with_config(Offset::beginning(), config).await?, start, records).await
        }
        _ => bail!("{api:?}: want stream or partition"),
    }
}

/// How long no record may come before the count is taken as it is.
const STALLED: Duration = Duration::from_secs(10);

/// drain touches key, value and timestamp of every record by a checksum over them.
async fn drain(records: impl Stream<Item = Result<Record, ErrorCode>>, start: Instant, want: usize) -> Result<()> {
    let count = Arc::new(AtomicUsize::new(0));
    report_stall(count.clone());
    let mut records = std::pin::pin!(records);
    let mut checksum = 0;
    for n in 1..=want {
        let record = records.next().await.context("the stream ended")??;
        checksum = add(checksum, &record);
        count.store(n, Relaxed);
    }
    println!(r#"{{"records":{want},"seconds":{},"checksum":"{checksum:016x}"}}"#, start.elapsed().as_secs_f64());
    Ok(())
}

/// add mixes a record into the checksum: its timestamp and every word of key and value. Cheap, so that it hides no difference.
fn add(checksum: u64, record: &Record) -> u64 {
    let content = words(record.key().unwrap_or_default()).wrapping_mul(31).wrapping_add(words(record.value()));
    (checksum ^ content.wrapping_add(record.timestamp() as u64)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

/// words adds up the little-endian words of bytes, the last one filled up with zeros.
fn words(bytes: &[u8]) -> u64 {
    let (whole, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    whole.iter().fold(u64::from_le_bytes(last), |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)))
}

/// report_stall ends the process with the records it has when no more come: a cluster that cuts chunks inside a batch makes
/// this client lose some.
fn report_stall(count: Arc<AtomicUsize>) {
    std::thread::spawn(move || {
        let mut last = usize::MAX;
        loop {
            std::thread::sleep(STALLED);
            let now = count.load(Relaxed);
            if now == last {
                println!(r#"{{"records":{now},"seconds":{}}}"#, STALLED.as_secs_f64());
                std::process::exit(0);
            }
            last = now;
        }
    });
}

/// latency sends PER_SECOND records a second without linger and times each from before it is sent until it is consumed in the
/// same process. The first second is not counted.
pub async fn latency(client: Fluvio, mut args: Args) -> Result<()> {
    let (topic, count, per_second) = (args.text()?, args.number::<usize>()?, args.number::<usize>()?);
    let total = count + per_second;
    let sent: Arc<Vec<AtomicU64>> = Arc::new((0..total).map(|_| AtomicU64::new(0)).collect());
    let mut config = ConsumerConfigExtBuilder::default();
    config.topic(topic.clone()).partition(0).offset_start(Offset::beginning()).isolation(Isolation::ReadUncommitted);
    let records = client.consumer_with_config(config.build()?).await?;
    let config =
        TopicProducerConfigBuilder::default().isolation(Isolation::ReadUncommitted).linger(Duration::ZERO).build()?;
    let producer = client.topic_producer_with_config(topic, config).await?;

    let start = Instant::now();
    let consumed = task::spawn_task(arrivals(records, sent.clone(), start));
    let mut value = vec![b'x'; 300];
    for (n, at) in sent.iter().enumerate() {
        let due = Duration::from_secs(n as u64) / per_second as u32;
        timer::sleep(due.saturating_sub(start.elapsed())).await;
        value[..8].copy_from_slice(&(n as u64).to_le_bytes());
        at.store(start.elapsed().as_nanos() as u64, Relaxed);
        producer.send(n.to_be_bytes(), value.as_slice()).await?;
    }
    producer.flush().await?;
    let mut times = consumed.await?.split_off(per_second);
    times.sort_unstable();
    let quantile = |q: f64| times[((times.len() - 1) as f64 * q) as usize] as f64 / 1e6;
    println!(
        r#"{{"records":{count},"p50_ms":{},"p99_ms":{},"max_ms":{}}}"#,
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
    Ok(())
}

/// arrivals returns how many nanoseconds each record took.
async fn arrivals(
    records: impl Stream<Item = Result<Record, ErrorCode>>,
    sent: Arc<Vec<AtomicU64>>,
    start: Instant,
) -> Result<Vec<u64>> {
    let mut records = std::pin::pin!(records);
    let mut times = Vec::with_capacity(sent.len());
    for n in 0..sent.len() {
        let record = records.next().await.context("the stream ended")??;
        let number = u64::from_le_bytes(record.value()[..8].try_into()?);
        if number != n as u64 {
            bail!("record {number} came as number {n}");
        }
        times.push(start.elapsed().as_nanos() as u64 - sent[n].load(Relaxed));
    }
    Ok(times)
}

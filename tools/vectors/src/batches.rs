//! Record batches as upstream's producer makes them.
//!
//! ```text
//! gzip: keys
//! 0000000000000000...       batches, back to back
//! [{"base_offset":0,...}]   what upstream reads
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use fluvio_compression::Compression;
use fluvio_protocol::record::{Batch, MemoryRecords, RawRecords, Record, RecordSet};
use fluvio_protocol::Decoder;
use serde_json::{json, Value};

use crate::show::{digits, hex};
use crate::write::{encode, HEAD};

const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// When the records of most batches were made, in milliseconds since 1970.
const TIME: i64 = 1_700_000_000_000;

pub fn write(folder: &Path) -> io::Result<()> {
    let mut text = String::from(HEAD);
    for codec in CODECS {
        for (title, batch) in batches() {
            put(&mut text, &format!("{codec}: {title}"), vec![compressed(batch, codec)]);
        }
    }
    let mixed = CODECS
        .iter()
        .enumerate()
        .map(|(i, &codec)| compressed(batch(vec![plain("a"), plain("b")]).base_offset(100 + 2 * i as i64), codec));
    put(&mut text, "all: one batch of each codec", mixed.collect());
    fs::write(folder.join("batches.txt"), text)
}

/// The batches that are made with every codec.
fn batches() -> Vec<(&'static str, Batch)> {
    let mut later = batch(vec![]);
    for (n, delta) in [0, 1, 1500, -1, i32::MAX as i64, i32::MIN as i64].into_iter().enumerate() {
        let mut record = plain(&format!("value {n}"));
        record.preamble.set_timestamp_delta(delta);
        later.add_record(record);
    }
    later.header.max_time_stamp = TIME + i32::MAX as i64;

    let mut timeless = batch(vec![plain("no time"), keyed("k", "none either")]);
    timeless.header.first_timestamp = -1;
    timeless.header.max_time_stamp = -1;

    let mut header = batch(vec![plain("header")]).base_offset(i64::MAX - 1);
    header.header.partition_leader_epoch = 7;
    header.header.producer_id = i64::MAX;
    header.header.producer_epoch = 0x1234;
    header.header.first_sequence = i32::MIN;

    let mut noise = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    })
    .take(1000)
    .collect();

    vec![
        ("one record", batch(vec![plain("hello")])),
        ("keys", batch(vec![plain("no key"), keyed("", "empty key"), keyed("key", "value"), keyed("key", "")])),
        ("an empty value", batch(vec![plain("")])),
        ("timestamps", later),
        ("no timestamps", timeless),
        ("header fields", header),
        ("300 records", batch((0..300).map(|n| keyed(&format!("key {n}"), &format!("value {}", n * n))).collect())),
        ("a long value", batch(vec![plain("before"), Record::new(REPEATED.repeat(REPEATS)), plain("after")])),
        ("noise", batch(vec![Record::new_key_value("noise", noise)])),
        ("no records", batch(vec![])),
    ]
}

/// A value longer than the blocks of any codec is shown as what is repeated in it, and how often.
const REPEATED: &[u8] = b"All work and no play makes Jack a dull boy. ";
const REPEATS: usize = 70_000 / REPEATED.len();

fn plain(value: &str) -> Record {
    Record::new(value)
}

fn keyed(key: &str, value: &str) -> Record {
    Record::new_key_value(key, value)
}

fn batch(records: MemoryRecords) -> Batch {
    let mut batch = Batch::from(records);
    batch.header.first_timestamp = TIME;
    batch.header.max_time_stamp = TIME;
    batch
}

fn compressed(mut batch: Batch, codec: Compression) -> Batch<RawRecords> {
    batch.header.set_compression(codec);
    batch.try_into().expect("compressible")
}

fn put(text: &mut String, title: &str, batches: Vec<Batch<RawRecords>>) {
    let set = encode(&RecordSet { batches }, 0);
    let read: RecordSet<RawRecords> = RecordSet::decode_from(&mut &set[..], 0).expect("decodable");
    let shown: Vec<Value> = read.batches.into_iter().map(show).collect();
    let _ = write!(text, "\n{title}\n{}\n{}\n", digits(&set[4..]), json!(shown));
}

fn show(batch: Batch<RawRecords>) -> Value {
    let codec = batch.get_compression().expect("a codec").to_string();
    let batch = Batch::try_from(batch).expect("decompressible");
    let (header, base_offset) = (batch.header.clone(), batch.base_offset);
    let records: Vec<Value> = batch
        .into_consumer_records_iter(0)
        .map(|r| {
            json!({
                "offset": r.offset(),
                "timestamp": r.timestamp(),
                "key": r.key().map(hex),
                "value": show_value(r.value()),
            })
        })
        .collect();
    json!({
        "base_offset": base_offset,
        "leader_epoch": header.partition_leader_epoch,
        "crc": header.crc,
        "codec": codec,
        "last_offset_delta": header.last_offset_delta,
        "first_timestamp": header.first_timestamp,
        "max_timestamp": header.max_time_stamp,
        "producer_id": header.producer_id,
        "producer_epoch": header.producer_epoch,
        "first_sequence": header.first_sequence,
        "records": records,
    })
}

fn show_value(value: &[u8]) -> Value {
    if value == REPEATED.repeat(REPEATS) {
        return json!({ "repeat": hex(REPEATED), "times": REPEATS });
    }
    hex(value)
}

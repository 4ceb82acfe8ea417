//! The arm of arrow-avro.

use std::hint::black_box;

use anyhow::{bail, Context, Result};
use arrow_array::RecordBatch;
use arrow_avro::reader::{Decoder, DecoderMode, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, SchemaStore};

use crate::digest::Digest;
use crate::{measure, Args};

/// frames cuts a file of datums, each behind its length (u32, little-endian).
fn frames(mut file: &[u8]) -> Result<Vec<&[u8]>> {
    let mut frames = Vec::new();
    while let Some((length, rest)) = file.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        frames.push(rest.get(..length).context("the last datum is cut off")?);
        file = &rest[length..];
    }
    Ok(frames)
}

fn pass(d: &mut Decoder, frames: &[&[u8]], mut each: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    for frame in frames {
        if d.decode(frame)? != frame.len() {
            bail!("bytes are left behind a datum");
        }
        if d.batch_is_full() {
            d.flush()?.map_or(Ok(()), &mut each)?;
        }
    }
    d.flush()?.map_or(Ok(()), each)
}

pub fn decode(mut args: Args) -> Result<()> {
    let (schema, file) = (std::fs::read_to_string(args.text()?)?, std::fs::read(args.text()?)?);
    let mut store = SchemaStore::new();
    let fingerprint = store.register(AvroSchema::new(schema))?;
    let mut d = ReaderBuilder::new()
        .with_batch_size(args.number()?)
        .with_writer_schema_store(store)
        .with_active_fingerprint(fingerprint)
        .with_decoder_mode(DecoderMode::UnframedDatum)
        .build_decoder()?;
    let frames = frames(&file)?;
    let mut digest = Digest::default();
    pass(&mut d, &frames, |batch| digest.add(&batch))?;
    measure(digest.rows, digest.sum, args.number()?, || {
        pass(&mut d, &frames, |batch| {
            black_box(batch);
            Ok(())
        })
    })
}

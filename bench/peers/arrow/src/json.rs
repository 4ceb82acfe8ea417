//! The arms of arrow-json.

use std::hint::black_box;

use anyhow::{bail, Result};
use arrow_array::RecordBatch;
use arrow_json::reader::Decoder;
use arrow_json::writer::LineDelimited;
use arrow_json::{ReaderBuilder, WriterBuilder};
use arrow_schema::SchemaRef;

use crate::digest::{text, Digest};
use crate::{measure, tables, Args};

/// How a decoder is fed: a record a call, as messages come (Arroyo's way), or all of a file that there is (the reader's way).
type Feed = fn(&mut Decoder, &[u8], usize, &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()>;

fn records(d: &mut Decoder, file: &[u8], rows: usize, each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    for record in file.split_inclusive(|b| *b == b'\n') {
        d.decode(record)?;
        if d.len() == rows {
            d.flush()?.map_or(Ok(()), &mut *each)?;
        }
    }
    d.flush()?.map_or(Ok(()), each)
}

fn buffer(d: &mut Decoder, file: &[u8], _: usize, each: &mut dyn FnMut(RecordBatch) -> Result<()>) -> Result<()> {
    let mut rest = file;
    while !rest.is_empty() {
        let read = d.decode(rest)?; // up to a batch
        rest = &rest[read..];
        d.flush()?.map_or(Ok(()), &mut *each)?;
    }
    Ok(())
}

fn decoder(schema: SchemaRef, rows: usize) -> Result<Decoder> {
    Ok(ReaderBuilder::new(schema).with_batch_size(rows).build_decoder()?)
}

pub fn decode(mut args: Args) -> Result<()> {
    let (schema, file, rows) = (tables::table(&args.text()?)?, std::fs::read(args.text()?)?, args.number()?);
    let feed: Feed = match args.text()?.as_str() {
        "records" => records,
        "buffer" => buffer,
        other => bail!("{other:?}: want records or buffer"),
    };
    let mut d = decoder(schema, rows)?;
    let mut digest = Digest::default();
    feed(&mut d, &file, rows, &mut |batch| digest.add(&batch))?;
    measure(digest.rows, digest.sum, args.number()?, || {
        feed(&mut d, &file, rows, &mut |batch| {
            black_box(batch);
            Ok(())
        })
    })
}

/// encode writes batches that were decoded before, nulls as Arroyo has them written.
pub fn encode(mut args: Args) -> Result<()> {
    let (schema, file, rows) = (tables::table(&args.text()?)?, std::fs::read(args.text()?)?, args.number()?);
    let mut batches = Vec::new();
    buffer(&mut decoder(schema, rows)?, &file, rows, &mut |batch| {
        batches.push(batch);
        Ok(())
    })?;
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
    let mut lines = Vec::new();
    for batch in &batches {
        writer.write(batch)?;
        lines.append(writer.get_mut());
    }
    measure(batches.iter().map(|batch| batch.num_rows()).sum(), text(lines), args.number()?, || {
        for batch in &batches {
            writer.get_mut().clear();
            writer.write(batch)?;
            black_box(writer.get_ref());
        }
        Ok(())
    })
}

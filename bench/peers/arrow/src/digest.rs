//! A checksum of the values in record batches, however rows were cut into batches. digest.go in bench/format is its twin.

use anyhow::{bail, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

#[derive(Default)]
pub struct Digest {
    pub sum: u64,
    pub rows: usize,
    column: u64, // leaves and lists are numbered as they come
}

impl Digest {
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.column = 0;
        self.rows += batch.num_rows();
        batch.columns().iter().try_for_each(|column| self.array(column))
    }

    fn array(&mut self, a: &dyn Array) -> Result<()> {
        match a.data_type() {
            DataType::Struct(_) => return a.as_struct().columns().iter().try_for_each(|column| self.array(column)),
            DataType::List(_) => {
                let list = a.as_list::<i32>();
                self.values(a, |i| list.value_length(i) as u64);
                return self.array(list.values());
            }
            DataType::Map(_, _) => {
                let map = a.as_map();
                self.values(a, |i| map.value_length(i) as u64);
                return map.entries().columns().iter().try_for_each(|column| self.array(column));
            }
            DataType::Boolean => self.values(a, |i| a.as_boolean().value(i) as u64),
            DataType::Utf8 => self.values(a, |i| text(a.as_string::<i32>().value(i))),
            DataType::Int32 => self.numbers::<Int32Type>(a, |v| v as i64 as u64),
            DataType::Int64 => self.numbers::<Int64Type>(a, |v| v as u64),
            DataType::Float32 => self.numbers::<Float32Type>(a, |v| v.to_bits() as u64),
            DataType::Float64 => self.numbers::<Float64Type>(a, |v| v.to_bits()),
            DataType::Decimal128(_, _) => self.numbers::<Decimal128Type>(a, |v| v as u64),
            DataType::Timestamp(TimeUnit::Microsecond, _) => self.numbers::<TimestampMicrosecondType>(a, |v| v as u64),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => self.numbers::<TimestampNanosecondType>(a, |v| v as u64),
            other => bail!("no digest of {other}"),
        }
        Ok(())
    }

    fn numbers<T: ArrowPrimitiveType>(&mut self, a: &dyn Array, bits: impl Fn(T::Native) -> u64) {
        let values = a.as_primitive::<T>().values();
        self.values(a, |i| bits(values[i]));
    }

    fn values(&mut self, a: &dyn Array, bits: impl Fn(usize) -> u64) {
        self.column += 1;
        for i in (0..a.len()).filter(|i| a.is_valid(*i)) {
            let mixed = (bits(i) ^ self.column.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            self.sum = self.sum.wrapping_add(mixed ^ (mixed >> 32));
        }
    }
}

/// text is FNV-1a.
pub fn text(text: impl AsRef<[u8]>) -> u64 {
    text.as_ref().iter().fold(0xCBF2_9CE4_8422_2325, |sum, b| (sum ^ *b as u64).wrapping_mul(0x0100_0000_01B3))
}

//! The tables that the files hold, as bench/format declares them in SQL.

use std::sync::Arc;

use anyhow::{bail, Result};
use arrow_schema::DataType::{Boolean, Decimal128, Float32, Float64, Int32, Int64, List, Map, Struct, Timestamp, Utf8};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

pub fn table(name: &str) -> Result<SchemaRef> {
    let fields = match name {
        "flights" => flights(),
        "parking" => parking(),
        "nested" => nested(),
        "floats" => floats(),
        _ => bail!("no table {name:?}: want flights, parking, nested or floats"),
    };
    Ok(Arc::new(Schema::new(fields)))
}

fn nullable(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}

fn required(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn flights() -> Vec<Field> {
    vec![
        required("year", Int32),
        required("month", Int32),
        required("day", Int32),
        nullable("dep_time", Int32),
        nullable("sched_dep_time", Int32),
        nullable("dep_delay", Int64),
        nullable("arr_time", Int32),
        nullable("sched_arr_time", Int32),
        nullable("arr_delay", Int64),
        required("carrier", Utf8),
        nullable("flight", Int32),
        nullable("tailnum", Utf8),
        required("origin", Utf8),
        required("dest", Utf8),
        nullable("air_time", Int32),
        nullable("distance", Int32),
        nullable("hour", Int32),
        nullable("minute", Int32),
        nullable("time_hour", Timestamp(TimeUnit::Nanosecond, None)),
    ]
}

const PARKING: [&str; 19] = [
    "Ticket",
    "IssueData",
    "IssueTime",
    "MeterId",
    "MarkedTime",
    "RPState",
    "PlateExpiry",
    "VIN",
    "Make",
    "BodyStyle",
    "Color",
    "Location",
    "Route",
    "Agency",
    "ViolationCode",
    "ViolationDescr",
    "Fine",
    "Latitude",
    "Longitude",
];

fn parking() -> Vec<Field> {
    PARKING.iter().map(|name| nullable(name, Utf8)).collect()
}

fn nested() -> Vec<Field> {
    let structure = |fields: Vec<Field>| Struct(Fields::from(fields));
    let list = |kind: DataType| List(Arc::new(nullable("item", kind)));
    let address = structure(vec![nullable("city", Utf8), nullable("zip", Utf8)]);
    let user = structure(vec![nullable("name", Utf8), nullable("address", address), nullable("verified", Boolean)]);
    let item = structure(vec![
        nullable("sku", Utf8),
        nullable("quantity", Int32),
        nullable("price", Decimal128(10, 2)),
        nullable("tags", list(Utf8)),
    ]);
    let entry = structure(vec![required("key", Utf8), nullable("value", Utf8)]);
    vec![
        nullable("id", Int64),
        nullable("user", user),
        nullable("items", list(item)),
        nullable("attributes", Map(Arc::new(required("entries", entry)), false)),
        nullable("total", Float64),
    ]
}

fn floats() -> Vec<Field> {
    let mut fields = vec![nullable("id", Int64)];
    fields.extend(["lat", "lon", "alt", "speed", "x", "y", "z", "tiny"].map(|name| nullable(name, Float64)));
    fields.extend(["temperature", "ratio"].map(|name| nullable(name, Float32)));
    fields
}

"""Writes streams as Arrow's C++ implementation makes them: pip install pyarrow==26.0.1; python make_pyarrow.py

pyarrow.arrows has flat columns, pyarrow_types.arrows all other types and what holds them, in two batches of which the second
is cut out of a longer one.
"""

import datetime
import decimal
import uuid

import pyarrow as pa


def write(path, *batches):
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            batch.validate(full=True)
            writer.write_batch(batch)


ns = 1357016400123456789
times = lambda unit, div: pa.array([ns // div, None, 0], pa.timestamp(unit))
columns = [
    ("text", pa.array(["", "später", None])),
    ("i64", pa.array([-1, None, 2**63 - 1], pa.int64())),
    ("i32", pa.array([1, 2, -3], pa.int32())),
    ("f64", pa.array([0.5, None, float("nan")], pa.float64())),
    ("bool", pa.array([True, False, None])),
    ("s", times("s", 10**9)),
    ("ms", times("ms", 10**6)),
    ("us", times("us", 10**3)),
    ("ns", times("ns", 1)),
]
write("pyarrow.arrows", pa.record_batch([c for _, c in columns], names=[n for n, _ in columns]))

ints = lambda t, low, high: pa.array([low, None, high, 1], t)
day = 86_400
point = pa.struct([pa.field("x", pa.int16(), nullable=False), pa.field("y", pa.string())])
columns = [
    ("i8", ints(pa.int8(), -(2**7), 2**7 - 1)),
    ("i16", ints(pa.int16(), -(2**15), 2**15 - 1)),
    ("u8", ints(pa.uint8(), 0, 2**8 - 1)),
    ("u16", ints(pa.uint16(), 0, 2**16 - 1)),
    ("u32", ints(pa.uint32(), 0, 2**32 - 1)),
    ("u64", ints(pa.uint64(), 0, 2**64 - 1)),
    ("f32", pa.array([0.5, None, float("nan"), -2], pa.float32())),
    ("dec", pa.array([decimal.Decimal("-99.99"), None, decimal.Decimal("0.01"), decimal.Decimal("1")], pa.decimal128(4, 2))),
    ("wide", pa.array([decimal.Decimal(10**38 - 1), None, decimal.Decimal(1 - 10**38), decimal.Decimal(0)], pa.decimal128(38, 0))),
    ("bin", pa.array([b"\xff\x00", None, b"", b"a"], pa.binary())),
    ("fsb", pa.array([b"\xff\x00\x01", None, b"abc", b"def"], pa.binary(3))),
    ("date", pa.array([datetime.date(1969, 12, 31), None, datetime.date(2024, 2, 29), datetime.date(1970, 1, 1)], pa.date32())),
    ("t0", ints(pa.time32("s"), 0, day - 1)),
    ("t3", ints(pa.time32("ms"), 0, day * 10**3 - 1)),
    ("t6", ints(pa.time64("us"), 0, day * 10**6 - 1)),
    ("t9", ints(pa.time64("ns"), 0, day * 10**9 - 1)),
    ("zoned", pa.array([ns // 10**3, None, 0, -1], pa.timestamp("us", "UTC"))),
    ("span", pa.array([pa.MonthDayNano([1, -2, 3]), None, pa.MonthDayNano([-4, 5, -6]), pa.MonthDayNano([0, 0, 0])], pa.month_day_nano_interval())),
    ("json", pa.array(['{"a":1}', None, "[]", '"ü"'], pa.json_())),
    ("uuid", pa.array([uuid.UUID(int=1).bytes, None, uuid.UUID(int=2**128 - 1).bytes, uuid.UUID(int=2).bytes], pa.uuid())),
    ("list", pa.array([["a", None], None, [], ["b"]], pa.list_(pa.string()))),
    ("lists", pa.array([[[1, 2], []], None, [], [[3]]], pa.list_(pa.field("item", pa.list_(pa.int64()), nullable=False)))),
    ("struct", pa.array([{"x": 1, "y": "a"}, None, {"x": 2, "y": None}, {"x": 3, "y": "c"}], point)),
    ("map", pa.array([[("a", {"x": 1, "y": "a"}), ("b", None)], None, [], [("c", {"x": 2, "y": None})]], pa.map_(pa.string(), point))),
    ("maps", pa.array([[[(1, "x")], None], None, [[]], [[(2, None)]]], pa.list_(pa.map_(pa.uint8(), pa.string())))),
]
batch = pa.record_batch([c for _, c in columns], names=[n for n, _ in columns])
rows = pa.Table.from_batches([batch] * 3).combine_chunks().to_batches()[0]
write("pyarrow_types.arrows", batch, rows.slice(3, 6))

"""Writes pyarrow.arrows, a stream as Arrow's C++ implementation makes it: pip install pyarrow==26.0.1; python make_pyarrow.py"""

import pyarrow as pa

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
batch = pa.record_batch([c for _, c in columns], names=[n for n, _ in columns])
with pa.OSFile("pyarrow.arrows", "wb") as sink, pa.ipc.new_stream(sink, batch.schema) as writer:
    writer.write_batch(batch)

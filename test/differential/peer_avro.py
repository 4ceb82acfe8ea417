"""Avro: schemas drawn at random, datums written and read by fastavro."""

import io
import json
import math
import struct
from decimal import Decimal

import fastavro
import fastavro.schema

from avro_schemas import BASIC, Branch, Datums, Readers, Schemas, find_named, logical, name_of, plain, type_of
from peer_json import Number
from values import Entries, columns, difference, table

ROWS = 40
CODECS = ["null", "deflate", "snappy", "zstandard"]


class Case:
    """What was drawn last."""


def draw(seed, writable):
    """Draws a schema and datums; writable: one that weir can write. The answer is the schema, its single-object header, and the raw datums."""
    Case.seed = int(seed)
    written = Schemas(Case.seed).draw(writable == b"writable")
    Case.text = json.dumps(written)
    Case.schema = fastavro.parse_schema(json.loads(Case.text))
    Case.named = find_named(Case.schema)
    source = Datums(Case.seed)
    if writable != b"writable":
        source.more = [0, 0, 3]
    Case.datums = [source.draw(Case.schema, Case.named) for _ in range(ROWS)]
    Case.raw = [write(Case.schema, Case.named, d) for d in Case.datums]
    canonical = fastavro.schema.to_parsing_canonical_form(written)
    fingerprint = bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))
    return [Case.text, b"\xc3\x01" + fingerprint, *Case.raw]


def write(schema, named, datum):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, plain(schema), tuples(schema, named, datum))
    return out.getvalue()


def tuples(schema, named, value):
    """A datum as fastavro takes it: a union's value is a tuple of the branch's name and the value."""
    kind = type_of(schema)
    if kind in named and kind not in BASIC:
        return tuples(named[kind], named, value)
    if kind == "union":
        branch = schema[value.index]
        return (name_of(branch), tuples(branch, named, value.value))
    if kind == "record":
        return {f["name"]: tuples(f["type"], named, value[f["name"]]) for f in schema["fields"]}
    if kind == "array":
        return [tuples(schema["items"], named, v) for v in value]
    if kind == "map":
        return {k: tuples(schema["values"], named, v) for k, v in value.items()}
    return value


def containers():
    """Object container files of all datums, for each codec."""
    files = []
    for codec in CODECS:
        out = io.BytesIO()
        records = [tuples(Case.schema, Case.named, d) for d in Case.datums]
        # Small blocks, so that there are several.
        fastavro.writer(out, Case.schema, records, codec=codec, sync_interval=300)
        files.append(out.getvalue())
    return files


def compare(stream):
    """Compares rows with the datums."""
    return report(Case.schema, Case.named, Case.datums, stream)


def report(schema, named, datums, stream):
    got = table(stream)
    if got.num_rows != len(datums):
        return [f"{got.num_rows} rows of {len(datums)} datums"]
    found, have = [], columns(got)
    for field in schema["fields"]:
        if field["name"] not in have:
            return [f"no column {field['name']}"]
        for i, datum in enumerate(datums):
            want = column(field["type"], named, datum[field["name"]])
            if d := difference(field["name"], want, have[field["name"]][i]):
                found.append(f"seed {Case.seed}, row {i}, {json.dumps(field['type'])}: {d}")
                break
    return found


def texts(stream):
    """Compares rows of one JSON column with the datums."""
    (have,) = columns(table(stream)).values()
    for i, (datum, text) in enumerate(zip(Case.datums, have, strict=True)):
        if not JSON(Case.schema, Case.named, datum) == text:
            return [f"seed {Case.seed}, row {i}: want {datum}, got {text}, schema {Case.text}"]
    return []


def column(schema, named, value):
    """What a column that a schema gives holds of a datum, in the terms of values.py."""
    kind = type_of(schema)
    if kind in named and kind not in BASIC:
        return column(named[kind], named, value)
    if kind == "union":
        others = [b for b in schema if b != "null"]
        tagged = isinstance(value, Branch)
        if value is None or tagged and value.value is None:
            return None
        if len(others) == 1 and len(schema) < 3:
            return column(others[0], named, value.value if tagged else value)
        return JSON(schema, named, value)
    if kind == "null":
        return None
    if kind == "record":
        if recursive(schema, named) or not schema["fields"]:
            return JSON(schema, named, value)
        return {f["name"]: column(f["type"], named, value[f["name"]]) for f in schema["fields"]}
    if kind == "array":
        return [column(schema["items"], named, v) for v in value]
    if kind == "map":
        return Entries({k: column(schema["values"], named, v) for k, v in value.items()})
    return flat(schema, kind, value)


def flat(schema, kind, value):
    if kind in ("bytes", "fixed") and isinstance(value, str):
        value = value.encode("latin-1")  # a default, which fastavro gives as it stands in the schema
    if kind == "string" and isinstance(value, bytes):
        value = value.decode()
    if kind == "float":
        # fastavro leaves an int that is promoted a double.
        return nearest(value)
    if kind == "double":
        return float(value)
    match logical(schema):
        case "decimal":
            unscaled = int.from_bytes(value, "big", signed=True)
            return Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -schema["scale"]))
        case "uuid":
            return value if kind == "fixed" else bytes.fromhex(value.replace("-", ""))
        case "duration":
            months, days, millis = struct.unpack("<III", value)
            return Duration(months, days, millis * 1_000_000)
    return value


class Duration(tuple):
    """Months, days and nanoseconds."""

    def __new__(cls, *parts):
        return super().__new__(cls, parts)


def nearest(value):
    try:
        return struct.unpack(">f", struct.pack(">f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def recursive(schema, named):
    """Whether a record can hold another one of its own."""
    seen = set()

    def reaches(s):
        kind = type_of(s)
        if kind == "union":
            return any(map(reaches, s))
        if kind in named and kind not in BASIC:
            if kind == schema["name"]:
                return True
            if kind in seen:
                return False
            seen.add(kind)
            return reaches(named[kind])
        inner = [f["type"] for f in s["fields"]] if kind == "record" else []
        inner += [s[i] for i in ("items", "values") if kind in ("array", "map") and i in s]
        return any(map(reaches, inner))

    return any(reaches(f["type"]) for f in schema["fields"])


class JSON:
    """A value that a JSON column holds as a text."""

    means = True

    def __init__(self, *of):
        self.of = of

    def __eq__(self, text):
        return isinstance(text, str) and same(*self.of, json.loads(text, parse_float=Number, parse_int=Number))

    def __ne__(self, text):
        return not self == text

    def __repr__(self):
        return f"JSON of {self.of[2]!r}"


def same(schema, named, value, got):
    """Whether a JSON value is the datum, as package avroformat writes JSON."""
    kind = type_of(schema)
    if kind in named and kind not in BASIC:
        return same(named[kind], named, value, got)
    if kind == "union":
        return same_union(schema, named, value, got)
    if kind == "null":
        return value is None and got is None
    if kind == "record":
        if not isinstance(got, dict) or got.keys() != {f["name"] for f in schema["fields"]}:
            return False
        return all(same(f["type"], named, value[f["name"]], got[f["name"]]) for f in schema["fields"])
    if kind == "array":
        return isinstance(got, list) and len(got) == len(value) and all(same(schema["items"], named, v, g) for v, g in zip(value, got))
    if kind == "map":
        return isinstance(got, dict) and got.keys() == value.keys() and all(same(schema["values"], named, v, got[k]) for k, v in value.items())
    return same_flat(flat(schema, kind, value), kind, logical(schema), got)


def same_union(schema, named, value, got):
    others = [b for b in schema if b != "null"]
    tagged = isinstance(value, Branch)
    if value is None or tagged and value.value is None:
        return got is None
    if len(others) == 1:
        return same(others[0], named, value.value if tagged else value, got)
    if not isinstance(got, dict) or len(got) != 1:
        return False
    (name, inner), names = next(iter(got.items())), [name_of(b) for b in schema]
    if name not in names or tagged and names[value.index] != name:
        return False
    return same(schema[names.index(name)], named, value.value if tagged else value, inner)


def same_flat(want, kind, logically, got):
    if isinstance(want, bool):
        return got is want
    if isinstance(want, Duration):
        expected = {"months": want[0], "days": want[1], "milliseconds": want[2] // 1_000_000}
        return isinstance(got, dict) and {k: int(v.text) for k, v in got.items()} == expected
    if isinstance(want, float) and not math.isfinite(want):
        return got in ("NaN", "Infinity", "-Infinity") and str(float(got)) == str(want)
    if isinstance(want, float):
        number = isinstance(got, Number) and float(got.text)
        return number is not False and (nearest(number) if kind == "float" else number) == want
    if isinstance(want, (int, Decimal)):
        return isinstance(got, Number) and Decimal(got.text) == want
    if logically == "uuid":
        return isinstance(got, str) and bytes.fromhex(got.replace("-", "")) == want
    if isinstance(want, bytes):
        return isinstance(got, str) and got.encode("latin-1") == want
    return got == want


def written(*messages):
    """Reads datums that weir wrote with the schema. The answer begins with the number of those that have fastavro's bytes."""
    found, equal = [], 0
    for i, (ours, theirs) in enumerate(zip(messages, Case.raw, strict=True)):
        equal += ours == theirs
        if ours != theirs and read(ours) != read(theirs):
            found.append(f"seed {Case.seed}, datum {i}: want {theirs.hex()}, got {ours.hex()}, schema {Case.text}")
    return [str(equal), *found[:1]]


def read(raw, reader=None):
    source = io.BytesIO(raw)
    value = fastavro.schemaless_reader(source, plain(Case.schema), reader, return_named_type=reader is None)
    if source.read():
        raise ValueError("bytes behind the datum")
    return repr(value)  # in which NaN is equal to NaN


def written_containers(*files):
    """Reads containers of one row each that weir wrote."""
    for i, (file, theirs) in enumerate(zip(files, Case.raw, strict=True)):
        reader = fastavro.block_reader(io.BytesIO(file))
        if plainly(reader.writer_schema) != plainly(Case.schema):
            return [f"seed {Case.seed}: the container's schema is {json.dumps(reader.writer_schema)}"]
        blocks = list(reader)
        raw = b"".join(block.bytes_.getvalue() for block in blocks)
        if sum(block.num_records for block in blocks) != 1 or read(raw) != read(theirs):
            return [f"seed {Case.seed}, container {i}: want {theirs.hex()}, got {raw.hex()}, schema {Case.text}"]
    return []


def derived(stream, *files):
    """Compares containers with a schema that weir made from columns with the rows in them."""
    have, found = columns(table(stream)), []
    for i, file in enumerate(files):
        reader = fastavro.block_reader(io.BytesIO(file))
        schema = reader.writer_schema
        named = find_named(schema)
        (block,) = reader
        datum = fastavro.schemaless_reader(io.BytesIO(block.bytes_.getvalue()), plain(schema))
        for field, (name, rows) in zip(schema["fields"], have.items(), strict=True):
            if d := difference(name, column(field["type"], named, datum[field["name"]]), rows[i]):
                found.append(f"seed {Case.seed}, row {i}, {json.dumps(field['type'])}: {d}")
    return found[:1]


def resolve(seed):
    """Derives a reader's schema and has fastavro read the datums with it."""
    schema = Readers(int(seed)).derive(plainly(Case.schema))
    Case.reader_text = json.dumps(schema)
    Case.reader = fastavro.parse_schema(json.loads(Case.reader_text))
    Case.resolved, verdicts = [], []
    reader = plain(json.loads(Case.reader_text))
    for raw in Case.raw:
        try:
            Case.resolved.append(fastavro.schemaless_reader(io.BytesIO(raw), plain(Case.schema), reader))
            verdicts.append(b"")
        except Exception as e:
            verdicts.append(f"{type(e).__name__}: {e}".encode())
    return [Case.reader_text, *verdicts]


def plainly(schema):
    """A parsed schema without what fastavro adds."""
    return {k: v for k, v in schema.items() if not k.startswith("__")}


def resolved(stream):
    found = report(Case.reader, find_named(Case.reader), Case.resolved, stream)
    return [f"{f}\nwriter {Case.text}\nreader {Case.reader_text}" for f in found]

"""Prints vectors.json: what fastavro 1.13.1 writes, and reads with another schema.

    python3 -m venv venv && venv/bin/pip install fastavro==1.13.1 cramjam backports.zstd && venv/bin/python vectors.py > vectors.json

Values are given as the JSON that package avroformat makes of them (see its documentation).
"""
import base64
import datetime
import decimal
import io
import json
import random
import uuid

import fastavro

R = random.Random(20240607)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def b64(b):
    return base64.b64encode(b).decode()


def datum(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def branch_name(schema):
    if isinstance(schema, dict):
        return schema["name"] if schema["type"] in ("record", "enum", "fixed") else schema["type"]
    return schema


def to_json(schema, value, named=None):
    """The JSON that the package makes of a value of the schema."""
    named = {} if named is None else named
    if isinstance(schema, str) and schema in named:
        schema = named[schema]
    if isinstance(schema, list):
        values = [b for b in schema if b != "null"]
        if value is None:
            return None
        if len(values) == 1:
            return to_json(values[0], value, named)
        name, value = value
        for b in values:
            if branch_name(b) == name:
                return {name: to_json(b, value, named)}
        raise ValueError(name)
    kind = schema if isinstance(schema, str) else schema["type"]
    logical = schema.get("logicalType") if isinstance(schema, dict) else None
    if isinstance(schema, dict) and "name" in schema:
        named[schema["name"]] = schema
    if logical == "decimal":
        return value  # compared as a number with all its digits
    if logical == "uuid":
        return str(value)
    if logical == "date":
        return (value - EPOCH.date()).days
    if logical in ("time-millis", "time-micros"):
        micros = ((value.hour * 60 + value.minute) * 60 + value.second) * 1000000 + value.microsecond
        return micros // 1000 if logical == "time-millis" else micros
    if logical in ("timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros"):
        epoch = EPOCH if logical.startswith("timestamp") else EPOCH.replace(tzinfo=None)
        micros = (value - epoch) // datetime.timedelta(microseconds=1)
        return micros // 1000 if logical.endswith("millis") else micros
    if kind == "record":
        return {f["name"]: to_json(f["type"], value[f["name"]], named) for f in schema["fields"]}
    if kind == "array":
        return [to_json(schema["items"], v, named) for v in value]
    if kind == "map":
        return {k: to_json(schema["values"], v, named) for k, v in value.items()}
    if kind in ("bytes", "fixed"):
        return value.decode("latin-1")
    return value


def dumps(value):
    """JSON with decimals as numbers."""
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dumps(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumps(v) for v in value) + "]"
    return json.dumps(value)


def text():
    return "".join(R.choice("abcxyz 019\"\\\n\u00e9\u4e2d\U0001f600") for _ in range(R.choice([0, 1, 3, 8, 9, 40])))


def whole(bits):
    return R.choice([0, 1, -1, 63, 64, -64, -65, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), R.getrandbits(bits - 1)])


class Generator:
    def __init__(self):
        self.count = 0

    def name(self, kind):
        self.count += 1
        return "%s%d" % (kind, self.count)

    def schema(self, depth):
        leaves = ["null", "boolean", "int", "long", "float", "double", "bytes", "string", "enum", "fixed", "decimal", "uuid",
                  "date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "local-timestamp-millis",
                  "local-timestamp-micros", "fixed-decimal"]
        kind = R.choice(leaves if depth > 3 else leaves + ["record", "array", "map", "optional", "union"] * 3)
        if kind == "enum":
            return {"type": "enum", "name": self.name("E"), "symbols": ["A", "B", "C"]}
        if kind == "fixed":
            return {"type": "fixed", "name": self.name("F"), "size": R.randrange(0, 5)}
        if kind == "decimal":
            return {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": R.choice([0, 2, 10])}
        if kind == "fixed-decimal":
            return {"type": "fixed", "name": self.name("D"), "size": 10, "logicalType": "decimal", "precision": 20, "scale": 3}
        if kind == "uuid":
            return {"type": "string", "logicalType": "uuid"}
        if kind in ("date", "time-millis"):
            return {"type": "int", "logicalType": kind}
        if kind in ("time-micros", "timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros"):
            return {"type": "long", "logicalType": kind}
        if kind == "record":
            return self.record(depth)
        if kind == "array":
            return {"type": "array", "items": self.schema(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth + 1)}
        if kind == "optional":
            value = self.value_schema(depth + 1)
            return R.choice([["null", value], [value, "null"]])
        if kind == "union":
            branches = R.sample(["null", "boolean", "long", "double", "string", {"type": "array", "items": "int"}], R.randrange(2, 5))
            if R.random() < 0.5:
                branches.append(self.record(depth + 1))
            return branches
        return kind

    def value_schema(self, depth):
        while True:
            s = self.schema(depth)
            if s != "null" and not isinstance(s, list):
                return s

    def record(self, depth):
        name = self.name("R")
        return {"type": "record", "name": name,
                "fields": [{"name": "f%d" % i, "type": self.schema(depth + 1)} for i in range(R.randrange(1, 5))]}


def value(schema):
    """A value for fastavro, whose unions are (name, value) where they have several branches beside null."""
    if isinstance(schema, list):
        b = R.choice(schema)
        if b == "null":
            return None
        return value(b) if len([x for x in schema if x != "null"]) == 1 else (branch_name(b), value(b))
    kind = schema if isinstance(schema, str) else schema["type"]
    logical = schema.get("logicalType") if isinstance(schema, dict) else None
    if logical == "decimal":
        digits = R.choice([1, 5, schema["precision"]])
        return decimal.Decimal((R.randrange(2), tuple(R.randrange(10) for _ in range(digits)), -schema["scale"]))
    if logical == "uuid":
        return uuid.UUID(int=R.getrandbits(128))
    if logical == "date":
        return EPOCH.date() + datetime.timedelta(days=R.randrange(-50000, 50000))
    if logical in ("time-millis", "time-micros"):
        return datetime.time(R.randrange(24), R.randrange(60), R.randrange(60), R.randrange(1000) * 1000)
    if logical:
        t = EPOCH + datetime.timedelta(milliseconds=R.randrange(-10 ** 12, 4 * 10 ** 12))
        return t if logical.startswith("timestamp") else t.replace(tzinfo=None)
    if kind == "null":
        return None
    if kind == "boolean":
        return R.random() < 0.5
    if kind in ("int", "long"):
        return whole(32 if kind == "int" else 64)
    if kind == "float":
        return float(R.randrange(-10 ** 5, 10 ** 5)) / 4
    if kind == "double":
        return R.choice([0.0, 1.5, -2.25e-300, 1e300, R.random() * 10 ** R.randrange(-20, 20)])
    if kind == "bytes":
        return R.randbytes(R.choice([0, 1, 20]))
    if kind == "string":
        return text()
    if kind == "enum":
        return R.choice(schema["symbols"])
    if kind == "fixed":
        return R.randbytes(schema["size"])
    if kind == "array":
        return [value(schema["items"]) for _ in range(R.choice([0, 1, 3]))]
    if kind == "map":
        return {text(): value(schema["values"]) for _ in range(R.choice([0, 1, 3]))}
    return {f["name"]: value(f["type"]) for f in schema["fields"]}


def untagged(v):
    if isinstance(v, tuple):
        return untagged(v[1])
    if isinstance(v, dict):
        return {k: untagged(x) for k, x in v.items()}
    return [untagged(x) for x in v] if isinstance(v, list) else v


def random_cases(n):
    cases = []
    while len(cases) < n:
        schema = Generator().record(0)
        v = value(schema)
        d = datum(schema, v)
        cases.append({"schema": json.dumps(schema), "datum": b64(d), "json": dumps(to_json(schema, v))})
    return cases


def containers():
    schema = {"type": "record", "name": "P", "fields": [{"name": "a", "type": "long"}, {"name": "s", "type": ["null", "string"]}]}
    rows = [{"a": i * i - 5, "s": None if i % 3 == 0 else "row %d" % i} for i in range(50)]
    out = []
    for codec in ("null", "deflate", "snappy", "zstandard"):
        f = io.BytesIO()
        fastavro.writer(f, fastavro.parse_schema(schema), rows, codec=codec, sync_interval=200, sync_marker=b"0123456789abcdef")
        out.append({"codec": codec, "file": b64(f.getvalue()), "rows": [dumps(r) for r in rows]})
    return out


def resolution():
    """Pairs of types, and what fastavro reads of a value of the first with the second; none where it refuses."""
    rec = lambda *fields, **more: dict({"type": "record", "name": "R", "fields": list(fields)}, **more)
    f = lambda name, t, **more: dict({"name": name, "type": t}, **more)
    enum = lambda *symbols, **more: dict({"type": "enum", "name": "E", "symbols": list(symbols)}, **more)
    fixed = lambda name, size: {"type": "fixed", "name": name, "size": size}
    arr = lambda t: {"type": "array", "items": t}
    mapped = lambda t: {"type": "map", "values": t}
    pairs = []
    values = {"null": None, "boolean": True, "int": 7, "long": -9, "float": 1.5, "double": -2.25, "bytes": b"by", "string": "te"}
    for w in values:
        for r in values:
            pairs.append((w, r, values[w]))
            if r != "null":
                pairs.append((w, ["null", r], values[w]))
        pairs.append((["null", w] if w != "null" else ["null", "int"], w, values[w]))
    pairs += [
        (["null", "int"], "long", 5), (["null", "int"], "long", None), ("int", ["string", "long"], 5), ("int", ["float", "int"], 5),
        (["int", "string"], ["string", "long"], 5), (["int", "string"], ["string", "long"], "x"), (["int", "string"], "string", 5),
        (["int", "string"], "string", "x"), (["int", "string"], "int", "x"), (["null", "int"], ["int", "null"], 5),
        (enum("A", "B"), enum("B", "A"), "A"), (enum("A", "B"), enum("A"), "B"), (enum("A", "B"), enum("A", default="A"), "B"),
        (enum("A"), {"type": "enum", "name": "X", "symbols": ["A"]}, "A"),
        (enum("A"), {"type": "enum", "name": "X", "symbols": ["A"], "aliases": ["E"]}, "A"), (enum("A"), "string", "A"),
        (fixed("F", 2), fixed("F", 2), b"ab"), (fixed("F", 2), fixed("F", 3), b"ab"), (fixed("F", 2), fixed("G", 2), b"ab"),
        (fixed("F", 2), "bytes", b"ab"), (arr("int"), arr("long"), [1, 2]), (arr("int"), arr("string"), [1]), (arr("int"), arr("string"), []),
        (mapped("int"), mapped("double"), {"k": 3}), (mapped("int"), arr("int"), {"k": 3}),
        (arr(["null", "int"]), arr("long"), [1, 2]), (arr("int"), arr(["null", "long"]), [1, 2]),
        (rec(f("a", "int"), f("b", "string")), rec(f("b", "string"), f("a", "long")), {"a": 1, "b": "x"}),
        (rec(f("a", "int"), f("b", "string")), rec(f("b", "string")), {"a": 1, "b": "x"}),
        (rec(f("a", "int")), rec(f("a", "int"), f("c", "string", default="d")), {"a": 1}),
        (rec(f("a", "int")), rec(f("a", "int"), f("c", ["null", "string"], default=None)), {"a": 1}),
        (rec(f("a", "int")), rec(f("a", "int"), f("c", arr("int"), default=[4, 5])), {"a": 1}),
        (rec(f("a", "int")), rec(f("a", "int"), f("c", mapped("long"), default={"k": 2})), {"a": 1}),
        (rec(f("a", "int")), rec(f("a", "int"), f("c", "string")), {"a": 1}),
        (rec(f("a", "int")), rec(f("z", "long", aliases=["a"])), {"a": 1}),
        (rec(f("a", "int"), f("z", "int")), rec(f("z", "long", aliases=["a"])), {"a": 1, "z": 2}),
        (rec(f("a", "int")), rec(f("a", "int"), name="Other"), {"a": 1}),
        (rec(f("a", "int")), rec(f("a", "int"), name="Other", aliases=["R"]), {"a": 1}),
        (rec(f("a", "int"), namespace="n"), rec(f("a", "int"), namespace="m"), {"a": 1}),
        (rec(f("a", "int")), "string", {"a": 1}),
        (rec(f("n", ["null", "R"]), f("v", "int")), rec(f("v", "long"), f("n", ["null", "R"])), {"n": {"n": None, "v": 1}, "v": 2}),
    ]
    out = []
    for w, r, v in pairs:
        # In a field, so that it is a row, with something behind it that must be found.
        ws = rec_of(w)
        rs = rec_of(r)
        d = datum(ws, {"x": v, "end": 42})
        case = {"writer": json.dumps(ws), "reader": json.dumps(rs), "datum": b64(d)}
        try:
            got = fastavro.schemaless_reader(io.BytesIO(d), fastavro.parse_schema(ws), fastavro.parse_schema(rs))
            case["json"] = dumps(to_json_plain(got))
        except Exception:  # fastavro has an exception of its own, and lets others through
            pass
        out.append(case)
    return out


def rec_of(t):
    return {"type": "record", "name": "Row", "fields": [{"name": "x", "type": t}, {"name": "end", "type": "long"}]}


def to_json_plain(v):
    if isinstance(v, bytes):
        return v.decode("latin-1")
    if isinstance(v, dict):
        return {k: to_json_plain(x) for k, x in v.items()}
    return [to_json_plain(x) for x in v] if isinstance(v, list) else v


def fingerprints():
    out = []
    for s in ["null", "string", {"type": "record", "name": "a.b.R", "doc": "d", "aliases": ["Q"], "fields": [
            {"name": "t", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 5},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"], "namespace": "c"}},
            {"name": "f", "type": {"type": "fixed", "name": "F", "size": 3}},
            {"name": "u", "type": ["null", "a.b.F", {"type": "map", "values": "c.E"}, {"type": "array", "items": "int"}]}]}]:
        canonical = fastavro.schema.to_parsing_canonical_form(s)
        out.append({"schema": json.dumps(s), "canonical": canonical, "fingerprint": fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")})
    return out


print(json.dumps({"random": random_cases(120), "containers": containers(), "resolution": resolution(), "fingerprints": fingerprints()},
                 indent=0))

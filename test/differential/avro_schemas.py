"""Avro schemas, datums for them, and reader's schemas derived from them, all drawn at random.

Schemas are those that fastavro.parse_schema returns: names are full, and a named type is there once and then by its name. Datums are of
the underlying types, whatever the logical type says: fastavro takes them so. A Branch says which one of a union's a value is of.
"""

import copy
import random
import struct
import uuid
from typing import Any, NamedTuple

PRIMITIVES = ["boolean", "int", "long", "float", "double", "string", "bytes"]
LOGICAL = [
    ("int", "date"),
    ("int", "time-millis"),
    ("long", "time-micros"),
    ("long", "timestamp-millis"),
    ("long", "timestamp-micros"),
    ("long", "timestamp-nanos"),
    ("long", "local-timestamp-millis"),
    ("long", "local-timestamp-micros"),
    ("long", "local-timestamp-nanos"),
    ("string", "uuid"),
    ("bytes", "decimal"),
    ("fixed", "decimal"),
    ("fixed", "uuid"),
    ("fixed", "duration"),
]
NAMED = ("record", "enum", "fixed")
BASIC = PRIMITIVES + ["null", "array", "map", *NAMED]
PROMOTIONS = {"int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"], "string": ["bytes"], "bytes": ["string"]}


class Branch(NamedTuple):
    index: int
    value: Any


def type_of(schema):
    """The schema's type, or the name of the one that it refers to."""
    if isinstance(schema, list):
        return "union"
    return schema["type"] if isinstance(schema, dict) else schema


def name_of(schema):
    """What a union calls a branch."""
    return schema["name"] if isinstance(schema, dict) and schema["type"] in NAMED else type_of(schema)


def logical(schema):
    return schema.get("logicalType") if isinstance(schema, dict) else None


def find_named(schema, found=None):
    """All the named types in a schema."""
    found = {} if found is None else found
    if isinstance(schema, list):
        for branch in schema:
            find_named(branch, found)
    elif isinstance(schema, dict):
        if schema["type"] in NAMED:
            found[schema["name"]] = schema
        for field in schema.get("fields", []):
            find_named(field["type"], found)
        for inner in ("items", "values"):
            if inner in schema:
                find_named(schema[inner], found)
    return found


def plain(schema):
    """A schema without its logical types."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: v for k, v in schema.items() if k not in ("logicalType", "precision", "scale", "__fastavro_parsed__", "__named_schemas")}
    for inner in ("items", "values"):
        if inner in out:
            out[inner] = plain(out[inner])
    if "fields" in out:
        out["fields"] = [{**f, "type": plain(f["type"])} for f in out["fields"]]
    return out if len(out) > 1 else out["type"]


def last(schema):
    return name_of(schema).rpartition(".")[2]


class Schemas(random.Random):
    """Draws a schema. One that is writable has no type that becomes a JSON column, from which weir writes none but strings."""

    def draw(self, writable):
        self.writable = writable
        self.count = 0
        self.named = []  # full names of types that are complete
        self.open = []  # of the records around
        return self.record(3, top=True)

    def one_in(self, n):
        return self.randrange(n) == 0

    def name(self):
        """A new name, as it is spelled here and in full. The namespace of the record around can be left out."""
        self.count += 1
        around = self.open[-1].rpartition(".")[0]
        space, name = self.choice([around, around, "ns", "other.space"]), f"{self.choice(['T', '_x', 'Name'])}{self.count}"
        return name if space == around else f"{space}.{name}", f"{space}.{name}"

    def record(self, depth, top=False):
        name, full = ("space.Row",) * 2 if top else self.name()
        self.open.append(full)
        fields = [self.field(f"f{i}", depth - 1) for i in range(self.randint(1, 8 if top else 3))]
        self.open.pop()
        if not top:
            self.named.append(full)
        return {"type": "record", "name": name, "fields": fields}

    def field(self, name, depth):
        out = {"name": name, "type": self.schema(depth)}
        if self.one_in(4):
            out["doc"] = 'what it is: "for"'
        return out

    def schema(self, depth):
        if self.one_in(3):
            return self.optional(depth)
        if depth > 0 and self.one_in(8) and not self.writable:
            return self.union(depth)
        if depth > 0 and self.one_in(12) and not self.writable and len(self.open) > 1:
            return ["null", self.open[-1]]
        return self.single(depth)

    def optional(self, depth):
        both = ["null", self.single(depth)]
        if self.one_in(4):
            both.reverse()
        return both

    def union(self, depth):
        branches = []
        for _ in range(self.randint(2, 4)):
            branch = self.choice([lambda: "null", lambda: self.single(depth - 1)])()
            # A type and its name have the last part in common, which no two types have.
            if last(branch) not in map(last, branches):
                branches.append(branch)
        return branches if len(branches) > 1 else self.optional(0)

    def single(self, depth):
        if depth > 0 and self.one_in(3):
            return self.choice([self.array, self.map, self.record])(depth)
        if self.named and self.one_in(10):
            return self.choice(self.named)
        return self.choice([self.primitive, self.primitive, self.logical, self.logical, self.enum, self.fixed])()

    def array(self, depth):
        return {"type": "array", "items": self.schema(depth - 1)}

    def map(self, depth):
        return {"type": "map", "values": self.schema(depth - 1)}

    def primitive(self):
        name = self.choice(PRIMITIVES)
        return {"type": name} if self.one_in(6) else name

    def logical(self):
        of, kind = self.choice(LOGICAL)
        out = {"type": of, "logicalType": kind}
        size = {"uuid": 16, "duration": 12}.get(kind) or self.randint(1, 20)
        if of == "fixed":
            out |= {**self.new(), "size": size}
        if kind == "decimal":
            digits = 38 if of == "bytes" else min(38, len(str(2 ** (8 * size - 1) - 1)) - 1)
            out["precision"] = self.randint(1, digits)
            out["scale"] = self.randint(0, out["precision"])
        return out

    def new(self):
        """The name of a type that is complete with it."""
        name, full = self.name()
        self.named.append(full)
        return {"name": name}

    def enum(self):
        return {"type": "enum", **self.new(), "symbols": [f"S{i}" for i in range(self.randint(1, 5))]}

    def fixed(self):
        return {"type": "fixed", **self.new(), "size": self.choice([0, 1, 3, 16, 40])}


class Datums(random.Random):
    """Draws datums of a schema that was parsed."""

    more = [0]  # bytes of a decimal, than the fewest that hold it

    def draw(self, schema, named, depth=6):
        kind = type_of(schema)
        if kind in named and kind not in BASIC:
            return self.draw(named[kind], named, depth)
        if kind == "union":
            fit = [i for i, b in enumerate(schema) if depth > 0 or b == "null"] or range(len(schema))
            index = self.choice(list(fit))
            return Branch(index, self.draw(schema[index], named, depth - 1))
        if kind == "record":
            return {f["name"]: self.draw(f["type"], named, depth - 1) for f in schema["fields"]}
        if kind == "array":
            return [self.draw(schema["items"], named, depth - 1) for _ in range(self.count(depth))]
        if kind == "map":
            return {self.text() + str(i): self.draw(schema["values"], named, depth - 1) for i in range(self.count(depth))}
        if kind == "enum":
            return self.choice(schema["symbols"])
        if kind == "fixed":
            return self.fixed(schema)
        if logical(schema):
            return getattr(self, logical(schema).replace("local-", "").replace("-", "_"))(schema)
        return getattr(self, "a_" + kind)()

    def count(self, depth):
        return self.choice([0, 1, 2, 5, 70]) if depth > 4 else self.choice([0, 1, 2])

    def text(self):
        return "".join(self.choice('aB7 "\\/\n\x00\x7fé\u2028語\U0001f600') for _ in range(self.choice([0, 1, 3, 8, 9, 40])))

    def a_null(self):
        return None

    def a_boolean(self):
        return self.random() < 0.5

    def a_int(self):
        return self.number(32)

    def a_long(self):
        return self.number(64)

    def number(self, bits):
        high = 2 ** (bits - 1)
        return self.choice([0, -1, 1, 63, 64, -64, -65, high - 1, -high, self.randrange(-high, high), self.randrange(-high, high) >> self.randrange(bits)])

    def a_float(self):
        return struct.unpack(">f", struct.pack(">I", self.getrandbits(32)))[0] if self.random() < 0.7 else self.choice([0.0, -0.0, 0.1, 1.5])

    def a_double(self):
        return struct.unpack(">d", struct.pack(">Q", self.getrandbits(64)))[0] if self.random() < 0.7 else self.choice([0.0, -0.0, 0.1, 1e300])

    def a_string(self):
        return self.text()

    def a_bytes(self):
        return self.randbytes(self.choice([0, 1, 5, 30]))

    def fixed(self, schema):
        if logical(schema) == "decimal":
            return self.unscaled(schema).to_bytes(schema["size"], "big", signed=True)
        if logical(schema) == "duration":
            # Months and days are 32 bits without a sign in Avro and with one in Arrow: weir refuses what does not fit.
            return struct.pack("<III", self.getrandbits(31), self.getrandbits(31), self.getrandbits(32))
        return self.randbytes(schema["size"])

    def unscaled(self, schema):
        return self.randrange(10 ** schema["precision"]) // 10 ** self.randrange(schema["precision"]) * self.choice([1, -1])

    def decimal(self, schema):
        n = self.unscaled(schema)
        return n.to_bytes((n if n >= 0 else ~n).bit_length() // 8 + 1 + self.choice(self.more), "big", signed=True)

    def uuid(self, schema):
        return str(uuid.UUID(int=self.getrandbits(128)))

    def date(self, schema):
        return self.number(32)

    def time_millis(self, schema):
        return self.randrange(86_400_000)

    def time_micros(self, schema):
        return self.randrange(86_400_000_000)

    def timestamp_millis(self, schema):
        return self.number(64)

    timestamp_micros = timestamp_nanos = timestamp_millis


class Readers(random.Random):
    """Derives a reader's schema: promotions, fields that come, go, move and are renamed, symbols and branches likewise."""

    def derive(self, schema):
        self.names, self.added = {}, 0
        return self.evolve(copy.deepcopy(schema))

    def one_in(self, n):
        return self.randrange(n) == 0

    def evolve(self, schema):
        kind = type_of(schema)
        if kind == "union":
            return self.union(schema)
        if kind in self.names:
            return self.names[kind]
        if kind in NAMED:
            return self.type(schema)
        if kind in ("array", "map"):
            inner = "items" if kind == "array" else "values"
            return {**schema, inner: self.evolve(schema[inner])}
        if not logical(schema) and kind in PROMOTIONS and self.one_in(3):
            return self.choice(PROMOTIONS[kind])
        return schema

    def type(self, schema):
        name = schema["name"]
        self.names[name] = name
        if self.one_in(4) and name != "space.Row":
            self.names[name] = f"renamed.{name.split('.')[-1]}"
            schema |= {"name": self.names[name], "aliases": [name]}
        if schema["type"] == "enum":
            self.enum(schema)
        if schema["type"] == "record":
            self.record(schema)
        return schema

    def enum(self, schema):
        if self.one_in(2):
            schema["symbols"] = schema["symbols"][: self.randint(1, len(schema["symbols"]))] + ["Other"]
            if not self.one_in(4):
                schema["default"] = "Other"
            self.shuffle(schema["symbols"])

    def record(self, schema):
        fields = []
        for field in schema["fields"]:
            drops = self.one_in(5) and not self.defines(field["type"])
            field["type"] = self.lifted(self.evolve(field["type"]))
            if drops:
                continue
            if self.one_in(4):
                field |= {"aliases": [field["name"]], "name": field["name"] + "_new"}
            fields.append(field)
        self.shuffle_undefined(fields)
        for _ in range(self.choice([0, 0, 1, 2]) if fields else 1):
            fields.append(self.addition())
        schema["fields"] = fields

    def lifted(self, schema):
        """A union around a type that is none, or one of an optional type without null, which cannot be read as that."""
        if type_of(schema) != "union":
            return ["null", schema] if self.one_in(6) else schema
        others = [b for b in schema if b != "null"]
        return others[0] if len(others) == 1 and self.one_in(8) else schema

    def defines(self, schema):
        """A field that defines a named type is neither dropped nor moved, as fields behind it may refer to that."""
        return bool(find_named(schema))

    def shuffle_undefined(self, fields):
        places = [i for i, f in enumerate(fields) if not self.defines(f["type"]) and type_of(f["type"]) in PRIMITIVES]
        moved = [fields[i] for i in places]
        self.shuffle(moved)
        for i, field in zip(places, moved):
            fields[i] = field

    def addition(self):
        self.added += 1
        of, default = self.choice(
            [
                ("int", 7),
                ("long", -(2**40)),
                ("double", 0.1),
                ("float", 1),
                ("boolean", True),
                ("string", 'é"語'),
                ("bytes", "\u0000ÿ"),
                (["null", "long"], None),
                (["string", "null"], "x"),
                ({"type": "array", "items": "int"}, [1, 2]),
                ({"type": "map", "values": "string"}, {"a": "b"}),
                ({"type": "enum", "name": f"added.E{self.added}", "symbols": ["A", "B"]}, "B"),
                ({"type": "fixed", "name": f"added.F{self.added}", "size": 2}, "ÿ\u0001"),
                ({"type": "record", "name": f"added.R{self.added}", "fields": [{"name": "a", "type": "int"}]}, {"a": 3}),
                ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "\u0001\u0002"),
                ({"type": "long", "logicalType": "timestamp-micros"}, 1_000_000),
                ({"type": "int", "logicalType": "date"}, 19000),
            ]
        )
        return {"name": f"added{self.added}", "type": of, "default": default}

    def union(self, schema):
        branches = [self.evolve(b) if type_of(b) not in PRIMITIVES else b for b in schema]
        if not self.defines(schema):
            self.shuffle(branches)
        return branches

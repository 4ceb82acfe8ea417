"""JSON: by pyarrow's reader, and by Python's json module with conversions of our own."""

import base64
import binascii
import io
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.types as pt

from values import Entries, columns, difference, table


def pyarrow(stream, text, verdicts):
    """Compares rows with those that pyarrow reads from documents, one a line; none of them may have been refused."""
    got = table(stream)
    lines = text.split(b"\n")
    refused = [f"document {i} is refused, {v.decode()}\n{lines[i].decode()}" for i, v in enumerate(verdicts.split(b"\n")) if v]
    if refused:
        return refused[:3]
    schema = pa.schema([pa.field(f.name, f.type) for f in got.schema])
    want = pj.read_json(
        io.BytesIO(text),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    return compare(columns(want.select(schema.names)), columns(got), lines)


def compare(want, got, lines):
    """The first difference of each column."""
    found = []
    for name, expected in want.items():
        if len(expected) != len(got[name]):
            return [f"want {len(expected)} rows, got {len(got[name])}"]
        for i, line in enumerate(lines):
            if d := difference(name, expected[i], got[name][i]):
                found.append(f"row {i}: {d}\n{line.decode()}")
                break
    return found


class Bad(Exception):
    """A value that its column does not take."""


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    text: str


def python(stream, text, verdicts):
    """Compares rows, of the documents that were not refused, with what Python's json module reads."""
    got = table(stream)
    rows, kept, found = [], [], []
    for i, (line, verdict) in enumerate(zip(text.split(b"\n"), verdicts.split(b"\n"))):
        if not line:
            continue
        try:
            document = json.loads(line, parse_float=Number, parse_int=Number, parse_constant=constant)
            row, bad = struct_of(got.schema, document), ""
        except Bad as e:
            row, bad = None, str(e)
        if bool(bad) != bool(verdict):
            found.append(f"document {i}: want {bad or 'a row'}, got {verdict.decode() or 'a row'}\n{line.decode()}")
        elif row is not None:
            rows.append(row)
            kept.append(line)
    if found:
        return found[:3]
    return compare({f.name: [row[f.name] for row in rows] for f in got.schema}, columns(got), kept)


def constant(word):
    raise Bad(f"{word} is no JSON")


def struct_of(fields, document):
    if not isinstance(document, dict):
        raise Bad("no object")
    return {f.name: field_of(f, document[f.name]) if f.name in document else absent(f) for f in fields}


def absent(field):
    if is_json(field.type):
        return "null"
    if not field.nullable:
        raise Bad(f"{field.name} is missing")
    return None


def is_json(t):
    return isinstance(t, pa.JsonType)


def field_of(field, value):
    if is_json(field.type):
        return JSON(value)
    if value is None:
        if not field.nullable:
            raise Bad(f"null for {field.name}")
        return None
    return value_of(field.type, value)


class JSON:
    """A value that a JSON column holds as a text that means it."""

    def __init__(self, value):
        self.value = value

    means = True  # it is compared with a text, though it is none

    def __eq__(self, text):
        return json.loads(text, parse_float=Number, parse_int=Number) == self.value

    def __ne__(self, text):
        return not self == text

    def __repr__(self):
        return f"JSON({self.value!r})"


def value_of(t, v):
    if pt.is_struct(t):
        return struct_of(t, v)
    if pt.is_map(t):
        want(isinstance(v, dict))
        return Entries((key_of(t.key_type, k), field_of(t.item_field, x)) for k, x in v.items())
    if pt.is_list(t):
        want(isinstance(v, list))
        return [field_of(t.value_field, x) for x in v]
    for suits, convert in CONVERSIONS:
        if suits(t):
            return convert(t, v)
    raise NotImplementedError(t)


def key_of(t, text):
    if pt.is_string(t):
        return text
    if pt.is_boolean(t):
        want(text in ("true", "false"))
        return text == "true"
    want(re.fullmatch(r"[+-]?[0-9]+", text))
    return in_range(t, int(text))


def want(ok):
    if not ok:
        raise Bad("another type or spelling")


def string(_, v):
    want(isinstance(v, str))
    if any(0xD800 <= ord(c) < 0xE000 for c in v):
        raise Bad("an unpaired surrogate")
    return v


def boolean(_, v):
    want(isinstance(v, bool))
    return v


def exactly(v):
    """A number, or a string with one, as a fraction."""
    want(isinstance(v, (Number, str)))
    text = v.text if isinstance(v, Number) else v
    want(re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text))
    return Fraction(text)


def in_range(t, n):
    bits = t.bit_width
    low, high = (0, 2**bits - 1) if pt.is_unsigned_integer(t) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if not low <= n <= high:
        raise Bad("out of range")
    return n


def integer(t, v):
    if isinstance(v, str):
        want(re.fullmatch(r"[+-]?[0-9]+", v))
    exact = exactly(v)
    return in_range(t, int(exact))  # toward zero


def double(t, v):
    if isinstance(v, str) and re.fullmatch(r"(?i)nan|[+-]?(inf|infinity)", v):
        return float(v)
    exactly(v)
    text = re.sub(r"^\+", "", v.text if isinstance(v, Number) else v)
    got = float(text)
    if pt.is_float32(t) and abs(got) != INFINITY:
        got = pa.array([text]).cast(pa.float32())[0].as_py()  # a number half between two would be rounded twice by way of a double
    if abs(got) == INFINITY:
        raise Bad("out of range")
    return got


def decimal(t, v):
    exact = exactly(v)
    unscaled = int(exact * 10**t.scale)
    if abs(unscaled) >= 10**t.precision:
        raise Bad("out of range")
    return Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -t.scale))


def binary(_, v):
    try:
        return base64.b64decode(string(_, v), validate=True)
    except (binascii.Error, ValueError) as e:
        raise Bad(str(e)) from e


def uuid(_, v):
    text = re.sub(r"^urn:uuid:", "", string(_, v))
    want(re.fullmatch(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))
    return bytes.fromhex(text.replace("-", ""))


INFINITY = float("inf")
UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
CLOCK = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(\.(?P<f>\d+))?"


def clock(found, unit):
    """The time of day in a unit, digits past it dropped."""
    fraction = int(((found["f"] or "") + "0" * 9)[:9])
    seconds = int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"])
    return seconds * 10 ** UNITS[unit] + fraction // 10 ** (9 - UNITS[unit])


def timestamp(t, v):
    if isinstance(v, Number):
        return in_range(pa.int64(), int(exactly(v)))  # in the column's unit
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ]" + CLOCK + r"(Z|[+-]\d\d(:?\d\d)?)?", string(t, v))
    want(found)
    whole = datetime.fromisoformat(f"{found[1]}T{found['h']}:{found['m']}:{found['s']}{found[7] or ''}")
    since = (whole.replace(tzinfo=whole.tzinfo or timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1)
    fraction = int(((found["f"] or "") + "0" * 9)[:9])
    return in_range(pa.int64(), since * 10 ** UNITS[t.unit] + fraction // 10 ** (9 - UNITS[t.unit]))


def day(t, v):
    if isinstance(v, Number):
        return in_range(pa.int32(), int(exactly(v)))
    found = re.fullmatch(r"\d{4}-\d\d-\d\d", string(t, v))
    want(found)
    return (date.fromisoformat(v) - date(1970, 1, 1)).days


def time(t, v):
    if isinstance(v, Number):
        n = int(exactly(v))
        if not 0 <= n < 86400 * 10 ** UNITS[t.unit]:
            raise Bad("no time of a day")
        return n
    found = re.fullmatch(CLOCK, string(t, v))
    want(found)
    return clock(found, t.unit)


def interval(_, v):
    n = r"(-?\d+)"
    found = re.fullmatch(rf"(-)?P(?:{n}Y)?(?:{n}M)?(?:{n}W)?(?:{n}D)?(?:T(?:{n}H)?(?:{n}M)?(?:(-)?(\d+)(?:\.(\d+))?S)?)?", string(_, v))
    want(found)
    sign = -1 if found[1] else 1
    number = lambda i: sign * int(found[i] or 0)
    nanos = number(6) * 3600 + number(7) * 60
    seconds = int(found[9] or 0) * 10**9 + int(((found[10] or "") + "0" * 9)[:9])
    nanos = nanos * 10**9 + sign * (-seconds if found[8] else seconds)
    months, days = number(2) * 12 + number(3), number(4) * 7 + number(5)
    return (months, days, nanos)


CONVERSIONS = [
    (pt.is_string, string),
    (pt.is_dictionary, string),
    (pt.is_boolean, boolean),
    (pt.is_integer, integer),
    (pt.is_floating, double),
    (pt.is_decimal, decimal),
    (pt.is_binary, binary),
    (lambda t: isinstance(t, pa.UuidType), uuid),
    (pt.is_timestamp, timestamp),
    (pt.is_date32, day),
    (pt.is_time, time),
    (pt.is_interval, interval),
]

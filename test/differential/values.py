"""Arrow arrays as lists of Python values that lose nothing, and comparing such values."""

import math
import struct

import pyarrow as pa
import pyarrow.types as pt


def table(stream):
    return pa.ipc.open_stream(stream).read_all().combine_chunks()


def columns(table):
    """The values of each column, by name."""
    return {f.name: values(table.column(i).combine_chunks()) for i, f in enumerate(table.schema)}


def values(array):
    """Times are whole numbers in their unit, UUIDs bytes, JSON its text, maps lists of pairs, intervals tuples."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    t = array.type
    if isinstance(t, pa.BaseExtensionType):
        return values(array.storage)
    if pt.is_dictionary(t):
        return values(array.dictionary_decode())
    if pt.is_map(t):
        pairs = list(zip(values(array.keys), values(array.items)))
        return runs(array, pairs)
    if pt.is_list(t):
        return runs(array, values(array.values))
    if pt.is_struct(t):
        fields = [(f.name, values(array.field(i))) for i, f in enumerate(t)]
        return [{n: v[i] for n, v in fields} if ok else None for i, ok in enumerate(valid(array))]
    if pt.is_timestamp(t) or pt.is_time64(t):
        array = array.view(pa.int64())
    elif pt.is_date32(t) or pt.is_time32(t):
        array = array.view(pa.int32())
    got = array.to_pylist()
    if pt.is_interval(t):
        return [None if v is None else tuple(v) for v in got]
    if pt.is_float32(t) or pt.is_float64(t):
        return [None if v is None else Float(v) for v in got]
    return got


def valid(array):
    return array.is_valid().to_pylist()


def runs(array, items):
    offsets = array.offsets.to_pylist()
    return [items[offsets[i] : offsets[i + 1]] if ok else None for i, ok in enumerate(valid(array))]


class Float(float):
    """A float that is equal to itself where it is NaN, and is not where zeros differ in sign."""

    def __eq__(self, other):
        if not isinstance(other, float):
            return NotImplemented
        return math.isnan(self) and math.isnan(other) or struct.pack(">d", self) == struct.pack(">d", other)

    def __ne__(self, other):
        return not self == other

    __hash__ = float.__hash__


class Entries(dict):
    """Those that a map is to have, whose order does not matter."""


def difference(path, want, got):
    """Where two values differ first, in words; None where they are equal. Numbers of different types are not equal."""
    if isinstance(want, Entries) and isinstance(got, list):
        if len(got) != len(want) or dict(got).keys() != want.keys():
            return f"{path}: want the keys {list(want)!r:.300}, got {got!r:.300}"
        return first(difference(f"{path}{{{k!r}}}", v, dict(got)[k]) for k, v in want.items())
    if isinstance(want, dict) and isinstance(got, dict):
        if want.keys() != got.keys():
            return f"{path}: want the fields {list(want)}, got {list(got)}"
        return first(difference(f"{path}.{k}", want[k], got[k]) for k in want)
    if isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(want) != len(got):
            return f"{path}: want {len(want)} items, got {len(got)}: {want!r:.300} and {got!r:.300}"
        return first(difference(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(want, got)))
    if kind(want) is not kind(got) and not hasattr(want, "means") or (Float(want) if isinstance(want, float) else want) != got:
        return f"{path}: want {want!r:.300}, got {got!r:.300}"
    return None


def kind(v):
    return float if isinstance(v, float) else type(v)


def first(found):
    return next((f for f in found if f is not None), None)

"""Protobuf: files and messages drawn at random, written and read by Google's runtime."""

import base64
import difflib
import io
import json

import pyarrow as pa
import pyarrow.types as pt
from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    json_format,
    message_factory,
    proto,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import FieldDescriptor as FD
from google.protobuf.internal import api_implementation

from proto_messages import WRAPPERS, Files, Messages, flipped, is_map, one_nan, only
from values import Entries, columns, difference, table

ROWS = 30
KNOWN = [any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2]


class Case:
    """What was drawn last."""


def pool_of(file):
    pool = descriptor_pool.DescriptorPool()
    for known in KNOWN:
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def draw(seed, writable):
    """Draws a file and messages. The answer is the descriptor set and the messages."""
    if api_implementation.Type() != "upb":
        raise RuntimeError("the runtime is not upb")
    Case.seed = int(seed)
    Case.file = Files(Case.seed).draw()
    Case.pool = pool_of(Case.file)
    Case.row = Case.pool.FindMessageTypeByName("drawn.Row")
    Case.source = Messages(Case.seed, Case.pool, writable == b"writable")
    Case.messages = [Case.source.draw(Case.row) for _ in range(ROWS)]
    return [descriptor_pb2.FileDescriptorSet(file=[Case.file]).SerializeToString(), *map(deterministic, Case.messages)]


def deterministic(message):
    return message.SerializeToString(deterministic=True)


def variants():
    """The same messages in other bytes: numbers packed that were not, and the other way around; in pieces, out of order."""
    other = message_factory.GetMessageClass(pool_of(flipped(Case.file)).FindMessageTypeByName("drawn.Row"))
    repacked = [other.FromString(deterministic(m)).SerializeToString() for m in Case.messages]
    pieces = [Case.source.pieces(m) for m in Case.messages]
    for raw, message in zip(repacked + pieces, Case.messages * 2):
        same = type(message).FromString(raw)
        same.DiscardUnknownFields()
        if deterministic(same) != deterministic(message):
            raise RuntimeError("the runtime itself reads another message")
    return repacked + pieces


def delimited():
    out = io.BytesIO()
    for message in Case.messages:
        proto.serialize_length_prefixed(message, out)
    return [out.getvalue()]


def compare(stream):
    """Compares rows with the messages, in turn."""
    got = table(stream)
    if got.num_rows % len(Case.messages):
        return [f"{got.num_rows} rows of {len(Case.messages)} messages"]
    have, found = columns(got), []
    for field in Case.row.fields:
        t = got.schema.field(field.name).type
        for i, value in enumerate(have[field.name]):
            message = Case.messages[i % len(Case.messages)]
            if d := difference(field.name, of_field(t, message, field), value):
                found.append(f"seed {Case.seed}, row {i}: {d}\n{str(message):.1000}\n{Case.file}")
                break
    return found[:1]


def is_json(t):
    return isinstance(t, pa.JsonType)


def of_field(t, message, field):
    """What a column holds of a message's field."""
    value = getattr(message, field.name)
    if is_map(field):
        if is_json(t):
            return JSON(lambda got: same_field(message, field, got), str(value))
        inner = field.message_type.fields_by_name["value"]
        return Entries({k: single(t.item_type, inner, value[k]) for k in value})
    if field.is_repeated:
        return [single(t.value_type, field, v) for v in value]
    if field.has_presence and not message.HasField(field.name) and not field.has_default_value:
        return None
    return single(t, field, value)


def single(t, field, value):
    if field.message_type is not None:
        return of_message(t, value)
    if field.type == FD.TYPE_ENUM:
        named = field.enum_type.values_by_number.get(value)
        return named.name if named else ""
    if field.type == FD.TYPE_BYTES:
        return base64.b64encode(value).decode()
    return value


def of_message(t, message):
    name = message.DESCRIPTOR.full_name
    if is_json(t):
        return JSON(lambda got: same_message(message, got), str(message))
    if name == "google.protobuf.Timestamp":
        return message.seconds * 10**9 + message.nanos
    if name == "google.protobuf.Duration":
        return (0, 0, message.seconds * 10**9 + message.nanos)
    if name.rpartition(".")[2] in WRAPPERS and name.startswith("google.protobuf."):
        return single(t, message.DESCRIPTOR.fields_by_name["value"], message.value)
    if not pt.is_struct(t):
        raise NotImplementedError(t)
    return {f.name: of_field(t.field(f.name).type, message, f) for f in message.DESCRIPTOR.fields}


def loads(text):
    """The module makes -0 an integer, which has no sign; protojson writes it for a double, and so does weir."""
    return json.loads(text, parse_int=lambda n: -0.0 if n == "-0" else int(n))


class JSON:
    """What a JSON column holds: a text that Google's own parser takes for the value."""

    means = True

    def __init__(self, check, shown):
        self.check, self.shown = check, shown

    def __eq__(self, text):
        return isinstance(text, str) and self.check(loads(text))

    def __ne__(self, text):
        return not self == text

    def __repr__(self):
        return f"JSON of {self.shown}"


def same_message(message, got):
    return deterministic(parse(message, got)) == deterministic(message)


def same_field(message, field, got):
    parsed, want = parse(message, {field.name: got}), type(message)()
    only(want, field, message)
    return parsed.SerializePartialToString(deterministic=True) == want.SerializePartialToString(deterministic=True)


def parse(like, got):
    message = type(like)()
    json_format.ParseDict(got, message, descriptor_pool=Case.pool)
    return message


def texts(stream):
    """Compares rows of one JSON column with the messages."""
    (have,) = columns(table(stream)).values()
    for i, (message, text) in enumerate(zip(Case.messages, have, strict=True)):
        if not same_message(message, loads(text)):
            return [f"seed {Case.seed}, row {i}: want\n{message}, got\n{text}\n{Case.file}"]
    return []


def written(*raw):
    """Reads messages that weir wrote. The answer begins with the number of those that have the runtime's bytes."""
    equal = 0
    for i, (message, ours) in enumerate(zip(Case.messages, raw, strict=True)):
        want = type(message).FromString(deterministic(message))
        explicit(want)
        got = type(message).FromString(ours)
        equal += ours in (message.SerializeToString(), deterministic(message), deterministic(want))
        one_nan(got)
        explicit(got)  # within JSON columns what is not set stays so
        if deterministic(got) != deterministic(want):
            return [str(equal), f"seed {Case.seed}, message {i}: {changes(want, got)}\n{ours.hex()}\n{Case.file}"]
    return [str(equal)]


def changes(want, got):
    return "\n".join(difflib.unified_diff(str(want).splitlines(), str(got).splitlines(), "want", "got", lineterm=""))


def explicit(message):
    """Sets the fields that a file gives a default: rows do not tell them from those that are set."""
    for field in message.DESCRIPTOR.fields:
        if field.has_default_value and not field.is_repeated and not message.HasField(field.name):
            if field.containing_oneof is None:
                setattr(message, field.name, field.default_value)
    for field, value in message.ListFields():
        if is_map(field):
            for key in value if field.message_type.fields_by_name["value"].message_type else ():
                explicit(value[key])
        elif field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                explicit(inner)


def written_delimited(stream):
    source, raw = io.BytesIO(stream), []
    for message in Case.messages:
        got = proto.parse_length_prefixed(type(message), source)
        raw.append(deterministic(got))
    if source.read():
        return ["bytes behind the last message"]
    return written(*raw)[1:]


def written_texts(*raw):
    """Reads messages that weir wrote from their JSON, which tells a field that is set to its default from one that is not."""
    for i, (message, ours) in enumerate(zip(Case.messages, raw, strict=True)):
        got = type(message).FromString(ours)
        one_nan(got)
        if deterministic(got) != deterministic(message):
            return [f"seed {Case.seed}, message {i}: {changes(message, got)}\n{ours.hex()}\n{Case.file}"]
    return []

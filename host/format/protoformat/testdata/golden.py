"""Writes all.binpb and golden.ndjson: what Google's compiler and Python runtime make of all.proto.

    python3 -m venv venv && venv/bin/pip install protobuf==7.36.2 grpcio-tools
    venv/bin/python golden.py

Each line of golden.ndjson has a record in hexadecimal digits, the runtime's JSON of it (absent: the runtime refuses the
record, or has no JSON for it), whether the runtime reads it, and whether the runtime wrote it as it is.
"""

import json
import os
import random
import struct

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.descriptor import FieldDescriptor as F
from grpc_tools import protoc
import grpc_tools

os.chdir(os.path.dirname(os.path.abspath(__file__)))
include = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
if protoc.main(["", "-I.", "-I" + include, "--include_imports", "--descriptor_set_out=all.binpb", "all.proto"]) != 0:
    raise SystemExit("all.proto does not compile")
pool = descriptor_pool.DescriptorPool()
files = descriptor_pb2.FileDescriptorSet()
with open("all.binpb", "rb") as f:
    files.ParseFromString(f.read())
for f in files.file:
    pool.Add(f)
All = message_factory.GetMessageClass(pool.FindMessageTypeByName("test.All"))
draw = random.Random(1)
texts = ["", "x", "žluťoučký kůň", "\u0000\"\\\n", "0123456789"]


def scalar(fd):
    if fd.type in (F.TYPE_DOUBLE,):
        return draw.choice([0.0, -0.0, 1.5, -2.25e300, float("inf"), draw.uniform(-1e6, 1e6)])
    if fd.type == F.TYPE_FLOAT:
        return draw.choice([0.0, 0.1, -1e-30, struct.unpack("f", struct.pack("f", draw.uniform(-1e3, 1e3)))[0]])
    if fd.type in (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32):
        return draw.choice([0, 1, -1, -(2**31), 2**31 - 1, draw.randrange(-(2**31), 2**31)])
    if fd.type in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64):
        return draw.choice([0, 1, -1, -(2**63), 2**63 - 1, draw.randrange(-(2**63), 2**63)])
    if fd.type in (F.TYPE_UINT32, F.TYPE_FIXED32):
        return draw.choice([0, 1, 2**32 - 1, draw.randrange(2**32)])
    if fd.type in (F.TYPE_UINT64, F.TYPE_FIXED64):
        return draw.choice([0, 1, 2**64 - 1, draw.randrange(2**64)])
    if fd.type == F.TYPE_BOOL:
        return draw.random() < 0.5
    if fd.type == F.TYPE_STRING:
        return draw.choice(texts)
    if fd.type == F.TYPE_BYTES:
        return draw.randbytes(draw.randrange(10))
    return draw.choice([v.number for v in fd.enum_type.values])


def fill(m, depth=0):
    name = m.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        m.seconds, m.nanos = draw.randrange(-(2**33), 2**33), draw.choice([0, 1, 500000000, 999999999])
    elif name == "google.protobuf.Duration":
        sign = draw.choice([1, -1])
        m.seconds, m.nanos = sign * draw.randrange(2**33), sign * draw.choice([0, 1, 500000000, 999999999])
    elif name == "google.protobuf.Struct":
        json_format.ParseDict(draw.choice([{}, {"a": [1, None, "x"]}, {"b": {"c": True}, "a": 0.5}]), m)
    elif name == "google.protobuf.Any":
        point = message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Point"))(x=draw.randrange(-9, 9))
        m.Pack(point)
    else:
        for fd in m.DESCRIPTOR.fields:
            if draw.random() < 0.6 or depth > 3:
                continue
            if fd.message_type and fd.message_type.GetOptions().map_entry:
                values = getattr(m, fd.name)
                key, value = fd.message_type.fields_by_name["key"], fd.message_type.fields_by_name["value"]
                for _ in range(draw.randrange(1, 4)):
                    if value.message_type:
                        fill(values[scalar(key)], depth + 1)
                    else:
                        values[scalar(key)] = scalar(value)
            elif fd.is_repeated:
                for _ in range(draw.randrange(1, 4)):
                    if fd.message_type:
                        fill(getattr(m, fd.name).add(), depth + 1)
                    else:
                        getattr(m, fd.name).append(scalar(fd))
            elif fd.message_type:
                getattr(m, fd.name).SetInParent()
                fill(getattr(m, fd.name), depth + 1)
            else:
                setattr(m, fd.name, scalar(fd))


def verdict(b, written):
    line = {"hex": b.hex(), "written": written, "reads": True}
    m = All()
    try:
        m.ParseFromString(b)
    except DecodeError:
        line["reads"] = False
        return line
    try:
        line["json"] = json_format.MessageToJson(m, preserving_proto_field_name=True, indent=None, descriptor_pool=pool)
    except (json_format.Error, TypeError, ValueError, UnicodeDecodeError):
        pass  # an Any of an unknown type, a time out of range
    return line


lines = []
records = []
for _ in range(150):
    m = All()
    fill(m)
    records.append(m.SerializeToString(deterministic=True))
    lines.append(verdict(records[-1], True))
for _ in range(50):  # what a parser merges
    lines.append(verdict(draw.choice(records) + draw.choice(records), False))
for _ in range(300):  # damage
    b = bytearray(draw.choice(records)[:200])
    for _ in range(draw.randrange(1, 3)):
        if b:
            b[draw.randrange(len(b))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
    lines.append(verdict(bytes(b), False))
with open("golden.ndjson", "w") as f:
    for line in lines:
        f.write(json.dumps(line) + "\n")

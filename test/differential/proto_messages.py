"""Protobuf files and messages drawn at random."""

import math
import random
import struct

from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor import FieldDescriptor as FD
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

SCALARS = [n for n in Field.Type.values() if n not in (Field.TYPE_GROUP, Field.TYPE_MESSAGE, Field.TYPE_ENUM)]
KEYS = [n for n in SCALARS if n not in (Field.TYPE_DOUBLE, Field.TYPE_FLOAT, Field.TYPE_BYTES)]
UNPACKED = (Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE, Field.TYPE_GROUP)
WRAPPERS = ["DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue"]
KNOWN = ["Timestamp", "Timestamp", "Duration", "Struct", "Value", "ListValue", "Any", "FieldMask", "Empty", *WRAPPERS]
IMPORTS = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"]
DEFAULTS = {
    Field.TYPE_INT32: "-7",
    Field.TYPE_INT64: str(2**40),
    Field.TYPE_DOUBLE: "0.5",
    Field.TYPE_BOOL: "true",
    Field.TYPE_STRING: 'é "x"',
    Field.TYPE_UINT64: str(2**64 - 1),
}


class Files(random.Random):
    """Draws a file with a message type Row."""

    def draw(self):
        self.proto3 = self.random() < 0.6
        self.file = descriptor_pb2.FileDescriptorProto(name="row.proto", package="drawn", syntax="proto3" if self.proto3 else "proto2")
        self.file.dependency.extend(f"google/protobuf/{name}.proto" for name in IMPORTS)
        self.enums, self.messages = [], []  # full names of complete types
        self.enum(self.file.enum_type.add(), "drawn", "Color")
        packed = self.file.message_type.add(name="Packed")
        for i, kind in enumerate(self.sample(SCALARS, 3)):
            packed.field.add(name=f"p{i}", number=i + 1, label=Field.LABEL_OPTIONAL, type=kind)
        for name in ("Inner", "Other"):
            self.message(self.file.message_type.add(), "drawn", name, 1)
        self.message(self.file.message_type.add(), "drawn", "Row", 2)
        return self.file

    def one_in(self, n):
        return self.randrange(n) == 0

    def enum(self, enum, scope, name):
        enum.name = name
        for i, number in enumerate([0, 1, 2, self.choice([-1, 1000, 2**31 - 1, -(2**31)])]):
            enum.value.add(name=f"{name.upper()}_{i}", number=number)
        self.enums.append(f".{scope}.{name}")

    def message(self, message, scope, name, depth):
        message.name, full = name, f"{scope}.{name}"
        if self.one_in(2):
            self.enum(message.enum_type.add(), full, "Kind")
        if depth > 1 and self.one_in(2):
            self.message(message.nested_type.add(), full, "Nested", depth - 1)
        numbers = self.sample([*range(1, 20), 100, 2047, 2048, 18999, 20000, 2**29 - 1], 14)
        for i in range(self.randint(1, 10)):
            self.field(message, full, f"f{i}" if not self.one_in(5) else f"someName_{i}", numbers.pop())
        if self.one_in(2):
            self.oneof(message, full, numbers)
        # Behind all the others, which the language asks for.
        for field in message.field:
            if field.proto3_optional:
                field.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name="_" + field.name)
        self.messages.append("." + full)

    def oneof(self, message, full, numbers):
        index = len(message.oneof_decl)
        message.oneof_decl.add(name="choice")
        for i in range(self.randint(1, 3)):
            field = message.field.add(name=f"one{i}", number=numbers.pop(), label=Field.LABEL_OPTIONAL, oneof_index=index)
            self.type(field, full)

    def field(self, message, full, name, number):
        field = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
        if self.one_in(6):
            return self.map(message, full, field)
        if not self.proto3 and self.one_in(10):
            return self.group(message, full, field)
        self.type(field, full)
        shape = self.randrange(6)
        if shape < 2:
            field.label = Field.LABEL_REPEATED
            if field.type not in UNPACKED and self.one_in(2):
                field.options.packed = self.one_in(2)
        elif self.proto3:
            field.proto3_optional = shape == 2 and field.type != Field.TYPE_MESSAGE
        elif shape == 2 and field.type != Field.TYPE_MESSAGE:  # which might need one of its own in it
            field.label = Field.LABEL_REQUIRED
        elif field.type in DEFAULTS and self.one_in(2):
            field.default_value = DEFAULTS[field.type]

    def type(self, field, full):
        match self.randrange(8):
            case 0:
                field.type, field.type_name = Field.TYPE_ENUM, self.choice(self.enums)
            case 1 if self.messages:
                field.type, field.type_name = Field.TYPE_MESSAGE, self.choice(self.messages)
            case 2 | 3:
                field.type, field.type_name = Field.TYPE_MESSAGE, ".google.protobuf." + self.choice(KNOWN)
            case 4 if self.one_in(4):
                field.type, field.type_name = Field.TYPE_MESSAGE, "." + full  # contains itself
            case _:
                field.type = self.choice(SCALARS)

    def map(self, message, full, field):
        entry = message.nested_type.add()
        entry.name = "".join(part[:1].upper() + part[1:] for part in field.name.split("_")) + "Entry"
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=Field.LABEL_OPTIONAL, type=self.choice(KEYS))
        value = entry.field.add(name="value", number=2, label=Field.LABEL_OPTIONAL)
        self.type(value, full)
        field.label, field.type, field.type_name = Field.LABEL_REPEATED, Field.TYPE_MESSAGE, f".{full}.{entry.name}"

    def group(self, message, full, field):
        group = message.nested_type.add(name=f"Group{field.number}")
        group.field.add(name="a", number=1, label=Field.LABEL_OPTIONAL, type=self.choice(SCALARS))
        group.field.add(name="b", number=2, label=Field.LABEL_REPEATED, type=self.choice(SCALARS))
        field.name, field.type, field.type_name = group.name.lower(), Field.TYPE_GROUP, f".{full}.{group.name}"
        if self.one_in(3):
            field.label = Field.LABEL_REPEATED


def flipped(file):
    """The file with packed numbers unpacked and the other way around."""
    out = descriptor_pb2.FileDescriptorProto()
    out.CopyFrom(file)
    flip(out.message_type, file.syntax == "proto3")
    return out


def flip(messages, by_default):
    for message in messages:
        flip(message.nested_type, by_default)
        for field in message.field:
            if field.label == Field.LABEL_REPEATED and field.type not in UNPACKED:
                packed = field.options.packed if field.options.HasField("packed") else by_default
                field.options.packed = not packed


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


class Messages(random.Random):
    """Draws messages. Numbers that an enum has no name for are only in those that are not writable: TEXT says nothing of them."""

    def __init__(self, seed, pool, writable):
        super().__init__(seed)
        self.pool, self.writable = pool, writable

    def one_in(self, n):
        return self.randrange(n) == 0

    def draw(self, descriptor, depth=3):
        message = message_factory.GetMessageClass(descriptor)()
        self.fill(message, depth)
        return message

    def fill(self, message, depth):
        name = message.DESCRIPTOR.full_name
        if name.startswith("google.protobuf."):
            return self.known(message, name.rpartition(".")[2], depth)
        for field in message.DESCRIPTOR.fields:
            if field.is_required or not self.one_in(3):
                self.set(message, field, depth)

    def set(self, message, field, depth):
        if is_map(field):
            return self.map(message, field, depth)
        if field.is_repeated:
            values = getattr(message, field.name)
            for _ in range(self.choice([0, 1, 2, 5]) if depth > 0 else 0):
                if field.message_type is not None:
                    self.fill(values.add(), depth - 1)
                else:
                    values.append(self.scalar(field))
        elif field.message_type is None:
            setattr(message, field.name, self.scalar(field))
        elif depth > 0 or field.is_required:
            getattr(message, field.name).SetInParent()
            self.fill(getattr(message, field.name), depth - 1)

    def map(self, message, field, depth):
        key, value = (field.message_type.fields_by_name[n] for n in ("key", "value"))
        entries = getattr(message, field.name)
        for _ in range(self.choice([0, 1, 3]) if depth > 0 else 0):
            k = self.scalar(key)
            if value.message_type is None:
                entries[k] = self.scalar(value)
            else:
                self.fill(entries[k], depth - 1)

    def scalar(self, field):
        kind = field.type
        if kind == FD.TYPE_ENUM:
            numbers = [v.number for v in field.enum_type.values]
            return self.choice(numbers if self.writable or field.enum_type.is_closed else [*numbers, 77])
        if kind in (FD.TYPE_DOUBLE, FD.TYPE_FLOAT):
            size, form = (64, "Q") if kind == FD.TYPE_DOUBLE else (32, "I")
            drawn = struct.unpack(">" + {64: "d", 32: "f"}[size], struct.pack(">" + form, self.getrandbits(size)))[0]
            if math.isnan(drawn):
                # JSON does not have the bits of others. Within an Any they would be among its bytes, and runtimes choose them differently.
                drawn = math.nan if field.containing_type.name != "Packed" else 0.5
            return self.choice([drawn, drawn, 0.0, -0.0, 1.5])
        if kind == FD.TYPE_BOOL:
            return self.one_in(2)
        if kind == FD.TYPE_STRING:
            return "".join(self.choice('aB7 "\\/\n\x00\x7fé\u2028語\U0001f600') for _ in range(self.choice([0, 1, 3, 8, 130])))
        if kind == FD.TYPE_BYTES:
            return self.randbytes(self.choice([0, 1, 5, 130]))
        bits = 64 if field.cpp_type in (FD.CPPTYPE_INT64, FD.CPPTYPE_UINT64) else 32
        n = self.getrandbits(bits) >> self.choice([0, 0, 1, self.randrange(bits)])
        if self.one_in(5):
            n = 0
        return n if field.cpp_type in (FD.CPPTYPE_UINT32, FD.CPPTYPE_UINT64) else n - (1 << bits) if n >> (bits - 1) else n

    def known(self, message, name, depth):
        match name:
            case "Timestamp" | "Duration":
                message.seconds, message.nanos = self.choice([0, self.randrange(-(9 * 10**9), 9 * 10**9)]), self.randrange(10**9)
                if name == "Duration" and message.seconds < 0:
                    message.nanos *= -1
            case "Struct":
                message.update({f"k{i}é": self.json(2) for i in range(self.randrange(3))})
            case "ListValue":
                message.extend([self.json(2) for _ in range(self.randrange(3))])
            case "Value":
                self.value(message, self.json(2))
            case "FieldMask":
                message.paths.extend(["a_b.c", "d"][: self.randrange(3)])
            case "Any":
                # Without maps, as their order would be part of its bytes.
                inner = self.pool.FindMessageTypeByName(self.choice(["google.protobuf.Timestamp", "google.protobuf.Int64Value", "drawn.Packed"]))
                message.Pack(self.draw(inner, max(depth - 1, 0)))
            case "Empty":
                pass
            case _:
                message.value = self.scalar(message.DESCRIPTOR.fields_by_name["value"])

    def value(self, message, v):
        if v is None:
            message.null_value = 0
        elif isinstance(v, bool):
            message.bool_value = v
        elif isinstance(v, float):
            message.number_value = v
        elif isinstance(v, str):
            message.string_value = v
        elif isinstance(v, dict):
            message.struct_value.update(v)
            message.struct_value.SetInParent()
        else:
            message.list_value.extend(v)
            message.list_value.SetInParent()

    def json(self, depth):
        match self.randrange(6 if depth > 0 else 4):
            case 0:
                return None
            case 1:
                return self.one_in(2)
            case 2:
                return self.choice([0.0, 1.5, -3e300, self.random()])
            case 3:
                return self.choice(["", "é\n", "語"])
            case 4:
                return {str(i): self.json(depth - 1) for i in range(self.randrange(3))}
        return [self.json(depth - 1) for _ in range(self.randrange(3))]

    def pieces(self, message):
        """The message's bytes in another order, in pieces that a parser merges, and with unknown fields between them."""
        out = [b"\xb0\x83\x3c\x05", b"\xba\x83\x3c\x02hi"]  # fields 123446 and 123447
        for field, value in message.ListFields():
            lone = type(message)()
            if field.is_repeated and not is_map(field) and len(value) > 1:
                cut = self.randrange(1, len(value))
                first = type(message)()
                getattr(first, field.name).extend(value[:cut])
                getattr(lone, field.name).extend(value[cut:])
                # They stay in order, as does what is around them.
                out.append(first.SerializePartialToString() + lone.SerializePartialToString())
                continue
            only(lone, field, message)
            out.append(lone.SerializePartialToString())
            if field.message_type is None and not field.is_repeated:
                out[-1] = self.decoy(lone, field) + out[-1]  # of which the last one counts
        self.shuffle(out)
        return b"".join(out)

    def decoy(self, like, field):
        other = type(like)()
        setattr(other, field.name, self.scalar(field))
        return other.SerializePartialToString()


def one_nan(message):
    """Gives all NaNs the bits that Python's has. Go's protojson, and so weir where it reads JSON, makes others of them."""
    for field, value in message.ListFields():
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type:
                for key in value:
                    one_nan(value[key])
            else:
                for key in [k for k in value if value[k] != value[k]]:
                    value[key] = math.nan
        elif field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                one_nan(inner)
        elif field.is_repeated:
            for i, v in enumerate(value):
                if v != v:
                    value[i] = math.nan
        elif value != value:
            setattr(message, field.name, math.nan)


def only(target, field, source):
    """Copies one field."""
    target.CopyFrom(source)
    for other, _ in source.ListFields():
        if other.name != field.name:
            target.ClearField(other.name)

"""The registry's own clients: confluent-kafka's serializers and deserializers."""

import json
import random

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import peer_avro
import peer_protobuf
from peer_protobuf import KNOWN, deterministic, of_field
from proto_messages import Messages
from values import columns, difference, table

ROWS = 30
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Thing",
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "price": {"type": "number"},
        "good": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "where": {"type": "object", "properties": {"x": {"type": "number"}, "note": {"type": "string"}}, "additionalProperties": False},
    },
    "required": ["id", "name"],
    "additionalProperties": False,
}


def client(url):
    return SchemaRegistryClient({"url": url.decode()})


def value_of(topic):
    return SerializationContext(topic.decode(), MessageField.VALUE)


def write_avro(url, topic):
    """Writes the datums that peer_avro has drawn, having registered their schema."""
    case = peer_avro.Case
    serializer = AvroSerializer(client(url), case.text)
    return [serializer(peer_avro.tuples(case.schema, case.named, d), value_of(topic)) for d in case.datums]


def write_json(url, topic):
    """Writes documents, and keeps them for compare_json."""
    r, serializer = random.Random(topic), JSONSerializer(json.dumps(SCHEMA), client(url))
    write_json.documents = [document(r) for _ in range(ROWS)]
    return [serializer(d, value_of(topic)) for d in write_json.documents]


def document(r):
    out = {"id": r.getrandbits(60), "name": r.choice(["", "é\n", '語"'])}
    some = {"price": r.random(), "good": r.random() < 0.5, "tags": ["a", "b"][: r.randrange(3)], "where": {"x": r.random(), "note": "n"}}
    return out | {k: v for k, v in some.items() if r.random() < 0.7}


def compare_json(stream):
    have = columns(table(stream))
    for name in SCHEMA["properties"]:
        for i, d in enumerate(write_json.documents):
            if found := difference(name, d.get(name), have[name][i]):
                return [f"row {i}: {found}"]
    return []


def load(descriptors):
    pool = descriptor_pool.DescriptorPool()
    for known in KNOWN:
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors).file:
        if not file.name.startswith("google/"):
            pool.Add(file)
    return pool


def write_protobuf(url, topic, descriptors, name):
    """Writes messages of a type, having registered its file and those that it imports. peer_protobuf can compare them then."""
    case = peer_protobuf.Case
    case.pool = load(descriptors)
    case.seed, case.file, case.row = 1, "", case.pool.FindMessageTypeByName(name.decode())
    source = Messages(name.decode(), case.pool, True)
    case.messages = [source.draw(case.row) for _ in range(ROWS)]
    serializer = ProtobufSerializer(message_factory.GetMessageClass(case.row), client(url))
    return [serializer(m, value_of(topic)) for m in case.messages]


def read_protobuf(url, topic, *frames):
    """Reads messages of the type of write_protobuf, and compares them."""
    case = peer_protobuf.Case
    deserializer = ProtobufDeserializer(message_factory.GetMessageClass(case.row), {}, client(url))
    for i, (message, frame) in enumerate(zip(case.messages, frames, strict=True)):
        got = deserializer(frame, value_of(topic))
        if deterministic(got) != deterministic(message):
            return [f"message {i}: want\n{message}, got\n{got}"]
    return []


def read_rows(kind, url, topic, stream, descriptors, *frames):
    """Reads records of a kind and compares them with rows."""
    rows, deserialize = table(stream), reader(kind, url, descriptors)
    have = columns(rows)
    for i, frame in enumerate(frames):
        got = deserialize(frame, value_of(topic))
        for field in rows.schema:
            value = of_field(field.type, got, got.DESCRIPTOR.fields_by_name[field.name]) if kind == b"protobuf" else got[field.name]
            if d := difference(field.name, have[field.name][i], value):
                return [f"record {i}: {d}"]
    return []


def reader(kind, url, descriptors):
    registry = client(url)
    if kind == b"avro":
        return AvroDeserializer(registry)
    if kind == b"json":
        return JSONDeserializer(None, schema_registry_client=registry)
    file = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file[-1]
    prefix = file.package + "." if file.package else ""
    descriptor = load(descriptors).FindMessageTypeByName(prefix + file.message_type[0].name)
    return ProtobufDeserializer(message_factory.GetMessageClass(descriptor), {}, registry)

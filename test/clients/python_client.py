"""What the official Python client does against a broker, a step a run; README.md tells the commands and the lines."""

import os
import sys

from fluvio import (
    Compression,
    ConsumerConfigExtBuilder,
    Fluvio,
    FluvioAdmin,
    FluvioConfig,
    Offset,
    OffsetManagementStrategy,
    TopicProducerConfigBuilder,
    TopicSpec,
)

compressions = {
    "none": Compression.None_,
    "gzip": Compression.Gzip,
    "snappy": Compression.Snappy,
    "lz4": Compression.Lz4,
    "zstd": Compression.Zstd,
}


def create(config, topic, partitions, compression):
    spec = TopicSpec.create().with_partitions(int(partitions)).build()
    if compression != "any":  # with_compression of this version fails in build for every type
        spec.set_compression_type(compressions[compression])
    FluvioAdmin.connect_with_config(config).create_topic(topic, spec)


def delete(config, topic):
    FluvioAdmin.connect_with_config(config).delete_topic(topic)


def list_topics(config):
    for topic in FluvioAdmin.connect_with_config(config).all_topics():
        print(topic.name())


def watch(config, topic):
    first = True
    for update in FluvioAdmin.connect_with_config(config).watch_topic():
        if first:
            print("watching", flush=True)
            first = False
        names = [t.name() for t in update.all()] + [c.metadata_topic_spec().name() for c in update.changes()]
        if topic in names:
            print(topic)
            return


def produce(config, topic, compression):
    builder = TopicProducerConfigBuilder().linger(20)  # batches of more than one record
    if compression != "default":
        builder = builder.compression(compressions[compression])
    producer = Fluvio.connect_with_config(config).topic_producer_with_config(topic, builder.build())
    sent = []

    def acknowledge():
        producer.flush()
        for output in sent:
            record = output.wait()
            print(record.partition_id(), record.offset(), sep="\t", flush=True)
        sent.clear()

    for line in iter(sys.stdin.readline, ""):
        if line == "\n":
            acknowledge()
            continue
        key, value = line.rstrip("\n").split("\t")
        sent.append(producer.send(b"" if key == "-" else bytes.fromhex(key), bytes.fromhex(value)))
    acknowledge()


def offset(start):
    if start.startswith("beginning"):
        return Offset.from_beginning(int(start.removeprefix("beginning") or 0))
    if start.startswith("end"):
        return Offset.from_end(-int(start.removeprefix("end") or 0))
    return Offset.absolute(int(start))


def show(record):
    key = record.key()
    key = "-" if key is None else bytes(key).hex()
    print(record.offset(), record.timestamp(), key, bytes(record.value()).hex(), sep="\t", flush=True)


def consume(config, topic, partition, start, count=None):
    builder = ConsumerConfigExtBuilder(topic)
    builder.partition(int(partition))
    builder.offset_start(offset(start))
    if count is None:
        builder.disable_continuous()
    for n, record in enumerate(Fluvio.connect_with_config(config).consumer_with_config(builder.build()), 1):
        show(record)
        if n == int(count or 0):
            return


def commit(config, topic, partition, consumer, strategy, count):
    builder = ConsumerConfigExtBuilder(topic)
    builder.partition(int(partition))
    builder.offset_start(Offset.beginning())
    builder.offset_consumer(consumer)
    builder.offset_strategy(getattr(OffsetManagementStrategy, strategy.upper()))
    records = Fluvio.connect_with_config(config).consumer_with_config(builder.build())
    for _ in range(int(count)):
        show(next(records))
    if strategy == "manual":
        records.offset_commit()
    records.offset_flush()


def offsets(config):
    for o in Fluvio.connect_with_config(config).consumer_offsets():
        print(o.consumer_id, o.topic, o.partition, o.offset, sep="\t")


def forget(config, consumer, topic, partition):
    Fluvio.connect_with_config(config).delete_consumer_offset(consumer, topic, int(partition))


steps = {
    "create": create,
    "delete": delete,
    "list": list_topics,
    "watch": watch,
    "produce": produce,
    "consume": consume,
    "commit": commit,
    "offsets": offsets,
    "forget": forget,
}


def cluster(endpoint):
    """Without TLS, or with the certificates in the folder that OFFICIAL_TLS names."""
    config = FluvioConfig.new(endpoint)
    folder = os.environ.get("OFFICIAL_TLS")
    if folder:
        files = [os.path.join(folder, name) for name in ("client.key", "client.pem", "ca.pem")]
        config.set_tls_file_paths("fluvio.example", *files)
    return config


steps[sys.argv[2]](cluster(sys.argv[1]), *sys.argv[3:])

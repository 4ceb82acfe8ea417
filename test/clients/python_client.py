"""What the official Python client does against a broker, step by step; run by the test beside it.

usage: python_client.py ENDPOINT create TOPIC PARTITIONS
       python_client.py ENDPOINT produce TOPIC COUNT
       python_client.py ENDPOINT consume TOPIC PARTITION OFFSET     prints offset, key and value, tab-separated
       python_client.py ENDPOINT list
"""

import sys

from fluvio import ConsumerConfigExtBuilder, Fluvio, FluvioAdmin, FluvioConfig, Offset, TopicSpec


def create(config, topic, partitions):
    FluvioAdmin.connect_with_config(config).create_topic(topic, TopicSpec.new().with_partitions(int(partitions)).build())


def produce(config, topic, count):
    producer = Fluvio.connect_with_config(config).topic_producer(topic)
    for i in range(int(count)):
        producer.send(b"key-%d" % i, b"value-%d" % i)
    producer.flush()


def consume(config, topic, partition, offset):
    builder = ConsumerConfigExtBuilder(topic)
    builder.partition(int(partition))
    builder.offset_start(Offset.beginning() if offset == "beginning" else Offset.absolute(int(offset)))
    builder.disable_continuous()
    for record in Fluvio.connect_with_config(config).consumer_with_config(builder.build()):
        key = bytes(record.key()).decode() if record.key() is not None else ""
        print(record.offset(), key, record.value_string(), sep="\t")


def list_topics(config):
    for topic in FluvioAdmin.connect_with_config(config).list_topics([]):
        print(topic.name())


steps = {"create": create, "produce": produce, "consume": consume, "list": list_topics}
steps[sys.argv[2]](FluvioConfig.new(sys.argv[1]), *sys.argv[3:])

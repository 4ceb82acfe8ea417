// What the official npm client does against a broker, a step a run; README.md tells the commands and the lines. This client
// has no compression of its own, no absolute offsets, no stored ones and no watch that a program sees, and its records tell
// neither offset nor time.
'use strict'

const readline = require('node:readline')
const { default: Fluvio, Offset } = require('@fluvio/client')

// Not an ArrayBuffer, as the types ask for: it is refused. And not an empty Buffer: the client crashes.
const bytes = (hex) => (hex === '' ? '' : Buffer.from(hex, 'hex'))
const hex = (buffer) => Buffer.from(buffer).toString('hex')

const steps = {
    async create(client, topic, partitions) {
        const spec = { partitions: Number(partitions), replicationFactor: 1, ignoreRackAssignment: false }
        await (await client.admin()).createTopic(topic, spec)
    },

    async delete(client, topic) {
        await (await client.admin()).deleteTopic(topic)
    },

    async list(client) {
        for (const topic of JSON.parse(await (await client.admin()).listTopic())) {
            console.log(topic.name)
        }
    },

    // A producer can be had when the client's own picture of the cluster holds the topic.
    async watch(client, topic) {
        console.log('watching')
        for (;;) {
            try {
                await client.topicProducer(topic)
                console.log(topic)
                return
            } catch (err) {
                await new Promise((resolve) => setTimeout(resolve, 50))
            }
        }
    },

    // Prints a line for every empty one: what came before it is acknowledged.
    async produce(client, topic) {
        const producer = await client.topicProducer(topic)
        for await (const line of readline.createInterface({ input: process.stdin })) {
            if (line === '') {
                await producer.flush()
                console.log('acknowledged')
                continue
            }
            const [key, value] = line.split('\t')
            await producer.send(key === '-' ? '' : bytes(key), bytes(value))
        }
        await producer.flush()
    },

    async consume(client, topic, partition, start, count) {
        const consumer = await client.partitionConsumer(topic, Number(partition))
        const records = await consumer.createStream(offset(start))
        let left = Number(count)
        for await (const record of records) {
            const key = record.hasKey() ? hex(record.key()) : '-'
            console.log(`?\t?\t${key}\t${hex(record.value())}`)
            if (--left === 0) {
                return
            }
        }
    },
}

function offset(start) {
    const [, from, index] = /^(beginning|end)[+-]?(\d*)$/.exec(start)
    return new Offset({ index: Number(index), from })
}

async function main([endpoint, command, ...args]) {
    const [host, port] = endpoint.split(':')
    await steps[command](await Fluvio.connect({ host, port: Number(port) }), ...args)
}

// The client's connections keep the process alive, so its end is said.
main(process.argv.slice(2)).then(
    () => process.exit(0),
    (err) => {
        console.error(err)
        process.exit(1)
    }
)

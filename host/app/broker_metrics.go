package app

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-stream/weir/fluvio/broker"
)

// most consumers, of all partitions together, whose stored offsets are shown each. Their names are the clients' to choose, so there may be any number.
const mostConsumers = 1000

// brokerCollector shows a broker's Stats as Prometheus metrics. Every scrape takes one snapshot.
type brokerCollector struct{ stats func() broker.Stats }

var _ prometheus.Collector = brokerCollector{}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("weir_broker_"+name, help, labels, nil)
}

// What there is to see. Labels have few values: the servers, the protocol's requests and error codes, the broker's reasons, and the partitions, whose number
// the broker limits.
var (
	descConnections = describe("connections", "Connections that are open now.", "server")
	descAccepted    = describe("connections_accepted_total", "Connections accepted, those included that were refused at once.", "server")
	descClosed      = describe("connections_closed_total", "Connections that the broker closed because of the peer.", "server", "reason")
	descStreams     = describe("streams", "Streams and watches that are running now.", "server")
	descReceived    = describe("received_bytes_total", "Bytes of requests received, without those of TLS.", "server")
	descSent        = describe("sent_bytes_total", "Bytes of answers sent, without those of TLS.", "server")
	descRequests    = describe("requests_total", "Requests by what became of them: ok, error (the answer has an error code) or closed (no answer, the connection was closed).",
		"server", "request", "outcome")
	descErrors = describe("errors_total", "Error codes sent in answers, one for each part of an answer that has one.", "server", "code")

	descRecords     = describe("records_total", "Records stored (in), acknowledged because they were stored before (repeated) and sent to consumers (out).", "direction")
	descBatches     = describe("batches_total", "Record batches stored (in), acknowledged because they were stored before (repeated) and sent to consumers (out).", "direction")
	descRecordBytes = describe("record_bytes_total", "Bytes of record batches stored (in), acknowledged because they were stored before (repeated) and sent to consumers (out).", "direction")
	descFsyncs      = describe("fsyncs_total", "Times that a segment of a log was forced to the disk.")

	descInFlight      = describe("in_flight_bytes", "Memory held by requests, and by chunks and large answers.", "kind")
	descInFlightLimit = describe("in_flight_limit_bytes", "Memory that each kind may hold.")
	descWaiting       = describe("waiting", "Requests, chunks and answers that wait for memory.")
	descModules       = describe("smartmodules", "SmartModules stored.")
	descModuleBytes   = describe("smartmodule_bytes", "Bytes of the code of the SmartModules, as it was sent.")

	descStart     = describe("partition_start_offset", "First offset that the partition's log still has.", "topic", "partition")
	descEnd       = describe("partition_end_offset", "Offset that the partition's next record gets.", "topic", "partition")
	descSize      = describe("partition_size_bytes", "Bytes of the partition's batches on the disk.", "topic", "partition")
	descConsumers = describe("partition_consumers", "Consumers with a stored offset in the partition.", "topic", "partition")
	descOffset    = describe("consumer_offset", "Stored offset: that of the last record which the consumer has processed. At most 1000 are shown.", "topic", "partition", "consumer")
	descHidden    = describe("consumer_offsets_hidden", "Stored offsets that are not shown because there are too many.")

	brokerDescs = []*prometheus.Desc{descConnections, descAccepted, descClosed, descStreams, descReceived, descSent, descRequests, descErrors,
		descRecords, descBatches, descRecordBytes, descFsyncs, descInFlight, descInFlightLimit, descWaiting, descModules, descModuleBytes,
		descStart, descEnd, descSize, descConsumers, descOffset, descHidden}
)

// Describe sends every description.
func (brokerCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range brokerDescs {
		out <- d
	}
}

// Collect sends a snapshot.
func (c brokerCollector) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	m := scrape{out}
	m.server("sc", s.SC)
	m.server("spu", s.SPU)
	m.records("in", s.In)
	m.records("repeated", s.Repeated)
	m.records("out", s.Out)
	m.counter(descFsyncs, s.Fsyncs)
	m.gauge(descInFlight, s.RequestBytes, "request")
	m.gauge(descInFlight, s.ChunkBytes, "chunk")
	m.gauge(descInFlightLimit, s.MaxInFlightBytes)
	m.gauge(descWaiting, s.Waiting)
	m.gauge(descModules, s.SmartModules)
	m.place(descModuleBytes, s.SmartModuleBytes)
	m.partitions(s.Partitions)
}

// scrape sends single metrics.
type scrape struct{ out chan<- prometheus.Metric }

func (m scrape) counter(d *prometheus.Desc, v uint64, labels ...string) {
	m.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (m scrape) gauge(d *prometheus.Desc, v int, labels ...string) { m.place(d, int64(v), labels...) }

// place is a gauge of an offset or a size on the disk, which may be more than an int has room for.
func (m scrape) place(d *prometheus.Desc, v int64, labels ...string) {
	m.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
}

func (m scrape) server(name string, s broker.ServerStats) {
	m.gauge(descConnections, s.Connections, name)
	m.counter(descAccepted, s.Accepted, name)
	m.gauge(descStreams, s.Streams, name)
	m.counter(descReceived, s.BytesIn, name)
	m.counter(descSent, s.BytesOut, name)
	for _, r := range s.Requests {
		m.counter(descRequests, r.Count, name, r.Name, r.Outcome)
	}
	for _, e := range s.Errors {
		m.counter(descErrors, e.Count, name, e.Reason)
	}
	for _, c := range s.Closed {
		m.counter(descClosed, c.Count, name, c.Reason)
	}
}

func (m scrape) records(direction string, s broker.RecordStats) {
	m.counter(descRecords, s.Records, direction)
	m.counter(descBatches, s.Batches, direction)
	m.counter(descRecordBytes, s.Bytes, direction)
}

func (m scrape) partitions(all []broker.PartitionStats) {
	shown, hidden := 0, 0
	for _, p := range all {
		id := strconv.FormatUint(uint64(p.Partition), 10)
		m.place(descStart, p.Start, p.Topic, id)
		m.place(descEnd, p.End, p.Topic, id)
		m.place(descSize, p.Bytes, p.Topic, id)
		m.gauge(descConsumers, len(p.Consumers), p.Topic, id)
		for _, c := range p.Consumers {
			if shown++; shown > mostConsumers {
				hidden++
				continue
			}
			m.place(descOffset, c.Offset, p.Topic, id, strings.ToValidUTF8(c.ID, "?"))
		}
	}
	m.gauge(descHidden, hidden)
}

package fluvioconn

import (
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
)

// deliveries are those that a sink can have.
var deliveries = []connector.Delivery{connector.AtLeastOnce, connector.AtMostOnce, connector.ExactlyOnce}

// Describe lists the options.
func (Connector) Describe() connector.Description {
	cluster := []option.Spec{
		{Key: "topic", Type: option.Text, Required: true, Help: "the topic's name, matched exactly"},
		{Key: "endpoint", Type: option.Text, Help: "HOST:PORT of the SC; goes before --endpoint and the profile"},
		{Key: "profile", Type: option.Text, Help: "a profile of ~/.fluvio/config; without it --endpoint, else the active one"},
	}
	source := []option.Spec{
		{Key: "source.offset", Type: option.Word, Values: []string{"earliest", "latest"}, Default: "latest", Help: "where a pipeline without a checkpoint begins"},
		{Key: "source.isolation", Type: option.Word, Values: []string{"read_committed", "read_uncommitted"}, Default: "read_committed",
			Help: "records that enough replicas have, or all that the leader has"},
		{Key: "source.lost", Type: option.Word, Values: []string{"fail", "skip"}, Default: "fail", Help: "what to do where records were removed before they were read"},
		{Key: "source.consumer", Type: option.Text,
			Help: "a consumer whose stored offset in the cluster follows the checkpoints, for others to look at: weir goes on where its checkpoint says"},
		{Key: "source.drop_stale", Type: option.Boolean, Default: "true", Help: "leave out records that come a second time from a writer of a producer sequence"},
	}
	sink := []option.Spec{
		connector.DeliverySpec(deliveries),
		{Key: "sink.linger", Type: option.Duration, Default: "0s", Help: "how long an unfinished batch waits for more records"},
		{Key: "sink.batch_size", Type: option.Size, Default: "1MB", Help: "bytes of a batch before compression, at most 31 MB"},
		{Key: "sink.compression", Type: option.Word, Values: []string{"none", "gzip", "snappy", "lz4", "zstd"}, Help: "compression of batches; without it what the topic asks for"},
	}
	return connector.Description{
		Summary: "topics of a Fluvio cluster, or of the embedded broker", Deliveries: deliveries, Keys: true,
		Source: append(cluster[:len(cluster):len(cluster)], source...), Sink: append(cluster[:len(cluster):len(cluster)], sink...),
	}
}

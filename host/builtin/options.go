package builtin

import (
	"slices"

	"github.com/weir-stream/weir/host/option"
)

// FormatOptions are the options that each format takes, by its name.
func FormatOptions() map[string][]option.Spec {
	debezium := slices.Clone(json())
	debezium = slices.DeleteFunc(debezium, func(s option.Spec) bool { return s.Key == "json.unstructured" })
	for i := range debezium {
		switch debezium[i].Key {
		case "json.timestamp_format":
			debezium[i].Default = "unix_millis"
		case "json.decimal_encoding":
			debezium[i].Default = "bytes"
		}
	}
	return map[string][]option.Spec{
		"json": json(), "debezium_json": debezium, "avro": avro(), "protobuf": protobuf(), "raw_string": nil, "raw_bytes": nil,
	}
}

func json() []option.Spec {
	return append([]option.Spec{
		{Key: "json.timestamp_format", Type: option.Word, Values: []string{"RFC3339", "unix_millis", "UnixMillis"}, Default: "RFC3339",
			Help: "how timestamps are written, and numbers read for them"},
		{Key: "json.decimal_encoding", Type: option.Word, Values: []string{"number", "string", "bytes"}, Default: "number", Help: "how decimals are written; bytes are base64"},
		{Key: "json.invalid_documents", Type: option.Word, Values: []string{"reject", "string"}, Default: "reject",
			Help: "what becomes of a row when it is written with a JSON column that does not hold JSON; or the text is written as a string"},
		{Key: "json.strict", Type: option.Choice, Default: "false", Help: "true, or a list with commas of the leniencies to turn off, such as commas, duplicate_keys"},
		{Key: "json.include_schema", Type: option.Boolean, Default: "false", Help: "records are Kafka Connect envelopes: schema and payload"},
		{Key: "json.unstructured", Type: option.Boolean, Default: "false", Help: "a record is the text of the one column"},
		{Key: "json.confluent_schema_registry", Type: option.Boolean, Default: "false", Help: "records begin with the header of a schema registry"},
		{Key: "json.schema", Type: option.Text, Help: "the JSON Schema that columns come from where none are declared"},
		{Key: "json.schema_file", Type: option.Text, Help: "a file that holds it"},
	}, append(registry("json"), limits()...)...)
}

// limits are the bounds on what a decoder makes of one record.
func limits() []option.Spec {
	return []option.Spec{
		{Key: "limit.depth", Type: option.Integer, Help: "how deep values nest in a record, 1 to 1024; 128 where the format says nothing else"},
		{Key: "limit.fields", Type: option.Integer, Help: "values of a record at every level, 1 to 67108864; without it 4194304"},
		{Key: "limit.string", Type: option.Size, Help: "bytes of one text or byte string, 64 to 1GB; without it 16MB"},
	}
}

func avro() []option.Spec {
	return append([]option.Spec{
		{Key: "avro.raw_datums", Type: option.Boolean, Default: "false", Help: "a record is one datum, without a header"},
		{Key: "avro.single_object", Type: option.Boolean, Default: "false", Help: "a record is a datum in the single-object encoding"},
		{Key: "avro.confluent_schema_registry", Type: option.Boolean, Default: "false",
			Help: "records begin with the header of a schema registry; where none of the three is set they are object container files"},
		{Key: "avro.schema", Type: option.Text, Help: "the schema that records are written with, as JSON"},
		{Key: "avro.schema_file", Type: option.Text, Help: "a file that holds it"},
		{Key: "avro.reader_schema", Type: option.Text, Help: "the schema that records are read as; without it the columns say"},
		{Key: "avro.reader_schema_file", Type: option.Text, Help: "a file that holds it"},
		{Key: "avro.into_unstructured_json", Type: option.Boolean, Default: "false", Help: "a datum becomes JSON in the one column"},
		{Key: "avro.record_name", Type: option.Text, Default: "Row", Help: "name of the record in a schema that is made of the columns"},
		{Key: "avro.timestamp_nanos", Type: option.Boolean, Default: "false", Help: "such a schema has timestamp-nanos for TIMESTAMP(9), in place of timestamp-micros"},
		{Key: "avro.compression", Type: option.Word, Values: []string{"null", "deflate", "snappy", "zstandard"}, Default: "null", Help: "of object container files that are written"},
		{Key: "avro.max_uncompressed", Type: option.Size, Default: "64MB", Help: "bytes of an object container file's blocks, unpacked"},
	}, append(registry("avro"), limits()...)...)
}

func protobuf() []option.Spec {
	return append([]option.Spec{
		{Key: "protobuf.file", Type: option.Text, Help: "a .proto file"},
		{Key: "protobuf.source", Type: option.Text, Help: "the text of one"},
		{Key: "protobuf.descriptor_set", Type: option.Text, Help: "a file of protoc --descriptor_set_out"},
		{Key: "protobuf.import_path", Type: option.Text, Help: "folders for imports, with commas between"},
		{Key: "protobuf.message", Type: option.Text, Help: "the message type of records"},
		{Key: "protobuf.message_name", Type: option.Text, Help: "another name of protobuf.message"},
		{Key: "protobuf.length_delimited", Type: option.Boolean, Default: "false", Help: "a record is any number of messages, each behind its length"},
		{Key: "protobuf.into_unstructured_json", Type: option.Boolean, Default: "false", Help: "a message becomes JSON in the one column"},
		{Key: "protobuf.enums", Type: option.Word, Values: []string{"name", "number"}, Default: "name", Help: "how enums are read into TEXT columns"},
		{Key: "protobuf.defaults", Type: option.Word, Values: []string{"presence", "arroyo"}, Default: "presence", Help: "what an absent field is: as its presence says, or always NULL"},
		{Key: "protobuf.confluent_schema_registry", Type: option.Boolean, Help: "records begin with the header of a schema registry; without it, whether one is named"},
	}, append(registry("protobuf"), limits()...)...)
}

// registry are the options of a schema registry, which each format has under its own name.
func registry(format string) []option.Spec {
	specs := []option.Spec{
		{Key: "registry", Type: option.Text, Help: "URL of the schema registry"},
		{Key: "registry.user", Type: option.Text, Help: "user of the registry"},
		{Key: "registry.password", Type: option.Text, Help: "the user's password"},
		{Key: "registry.token", Type: option.Text, Help: "bearer token, in place of a user"},
		{Key: "registry.ca_file", Type: option.Text, Help: "PEM file of authorities of the registry's certificate; without it the system's"},
		{Key: "registry.timeout", Type: option.Duration, Default: "15s", Help: "how long an answer may take, further tries included"},
		{Key: "subject", Type: option.Text, Help: "subject of the schema; without it the strategy names it"},
		{Key: "subject_strategy", Type: option.Word, Values: []string{"topic_name", "record_name", "topic_record_name"}, Default: "topic_name", Help: "how subjects are named"},
		{Key: "topic", Type: option.Text, Help: "topic that subjects are named after; without it the table's"},
		{Key: "register", Type: option.Boolean, Default: "false", Help: "register the schema with the first record that is written"},
		{Key: "schema_id", Type: option.Integer, Help: "id of the schema; without a registry what headers are written with"},
		{Key: "schema_version", Type: option.Integer, Help: "version of the subject; without it the latest"},
	}
	for i := range specs {
		specs[i].Key = format + "." + specs[i].Key
	}
	return specs
}

// FramingOptions are the options of framing, for a table that is read and one that is written.
func FramingOptions() (source, sink []option.Spec) {
	methods := []string{"newline", "delimiter", "length", "json_array", "json_concat"}
	sink = []option.Spec{
		{Key: "framing", Type: option.Word, Values: append([]string{"none"}, methods...), Default: "none", Help: "how a record is cut into frames, of which each is a row"},
		{Key: "framing.delimiter", Type: option.Text, Help: `what stands between frames with framing = 'delimiter'; \n \r \t \0 \\ \xNN are bytes`},
		{Key: "framing.length.prefix", Type: option.Word, Values: []string{"u16_be", "u16_le", "u32_be", "u32_le", "varint"}, Help: "the length before each frame with framing = 'length'"},
		{Key: "framing.compression", Type: option.Word, Values: []string{"none", "gzip", "zstd", "snappy", "snappy_block", "lz4"}, Default: "none", Help: "of whole records"},
		{Key: "framing.max_uncompressed", Type: option.Size, Help: "bytes of a record, unpacked; 64MB where there is compression"},
	}
	for _, m := range methods {
		sink = append(sink, option.Spec{Key: "framing." + m + ".max_length", Type: option.Size, Help: "bytes of a frame with framing = '" + m + "'"})
	}
	source = append(slices.Clone(sink), option.Spec{
		Key: "framing.max_frames", Type: option.Integer, Help: "frames of one record, 1 to 67108864; 65536 where there is framing",
	})
	for _, m := range methods[:2] {
		source = append(source, option.Spec{
			Key: "framing." + m + ".on_long", Type: option.Word, Values: []string{"reject", "truncate"}, Default: "reject", Help: "what becomes of a longer frame",
		})
	}
	return source, sink
}

// BadDataOptions are what a table that is read says of bad data.
func BadDataOptions() []option.Spec {
	return []option.Spec{
		{Key: "bad_data", Type: option.Word, Values: []string{"fail", "drop", "dead_letter"}, Default: "fail", Help: "what becomes of a record that cannot be decoded"},
		{Key: "bad_data.topic", Type: option.Text, Help: "where its dead letter goes: a topic, or of connector file a path, of stdio 'stderr' or 'stdout'"},
		{Key: "bad_data.max_errors", Type: option.Integer, Help: "so many bad frames of a partition do not stop the pipeline"},
		{Key: "bad_data.max_ratio", Type: option.Number, Help: "share of bad frames among the last ones that does not stop the pipeline"},
		{Key: "bad_data.window", Type: option.Integer, Help: "how many frames that share is of; 1000 beside it"},
	}
}

package connector

import "github.com/weir-stream/weir/host/option"

// Description is what a connector is and takes, for people and editors. It is the caller's.
type Description struct {
	Summary string // one line, lower case, without a full stop
	// Deliveries are those that its sinks can have, the default first.
	Deliveries []Delivery
	// Keys says that its records have keys, which a sink takes from the column that the option sink.key_field names.
	Keys bool
	// Source and Sink are the options that Configure takes, by role; connector and type, which every table has, are not among
	// them.
	Source, Sink []option.Spec
}

// Options are those of a role.
func (d *Description) Options(role Role) []option.Spec {
	if role == RoleSource {
		return d.Source
	}
	return d.Sink
}

// DeliverySpec describes what DeliveryOption takes where a sink can have these deliveries, the default first.
func DeliverySpec(can []Delivery) option.Spec {
	s := option.Spec{
		Key: "delivery", Type: option.Word, Default: AtLeastOnce.String(),
		Help: "how often a record gets into the sink where things fail",
	}
	for _, d := range can {
		s.Values = append(s.Values, d.String())
	}
	return s
}

package connector

import "github.com/weir-stream/weir/host/option"

// Delivery is how often a record that a pipeline makes gets into a sink where things fail: what the option delivery says.
type Delivery uint8

// The deliveries. AtLeastOnce is the default.
const (
	AtLeastOnce Delivery = iota // what is not confirmed is written again
	AtMostOnce                  // what is not confirmed is given up
	ExactlyOnce                 // what is not confirmed is looked for, by producer sequences
)

var deliveries = []string{AtLeastOnce: "at_least_once", AtMostOnce: "at_most_once", ExactlyOnce: "exactly_once"}

// String is the value of the option delivery.
func (d Delivery) String() string {
	if int(d) < len(deliveries) {
		return deliveries[d]
	}
	return "no delivery"
}

// DeliveryOption takes the option delivery of a sink.
func DeliveryOption(options *option.Bag) Delivery {
	word := options.Enum("delivery", AtLeastOnce.String(), deliveries...)
	for d, name := range deliveries {
		if name == word {
			return Delivery(d)
		}
	}
	return AtLeastOnce // the bag has an error
}

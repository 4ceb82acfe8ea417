package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/weir-stream/weir/host/batch"
)

// Rows of a batch: weir's pipelines' limit, Arroyo's, and the default of arrow-rs' readers.
var (
	weirRows   = strconv.Itoa(batch.DefaultLimits.Rows)
	arroyoRows = "512"
	readerRows = "1024"
)

// arm is one side of a comparison.
type arm struct {
	name string
	run  func() (Result, error)
}

// comparison is a figure of two arms' times: how often ours goes into that of the best peer.
type comparison struct {
	name   string
	ours   string
	peers  []string
	wanted float64 // at least; 0: nothing is
	same   bool    // both do the same work, so what comes out must be the same
}

// codecArms are all arms. Those of arrow-json decode record by record in batches of 512 rows, as Arroyo has it, and the file as a whole in larger
// batches.
func (b *bench) codecArms(in inputs) (all []arm) {
	weir := func(name string, t Task) { all = append(all, arm{name, func() (Result, error) { return b.ours(t) }}) }
	rust := func(name string, args ...string) {
		all = append(all, arm{name, func() (Result, error) { return b.theirs(args...) }})
	}
	decode := func(name, table, file string) {
		weir("JSON decode, "+name, Task{Arm: "json-decode", Table: table, File: file})
		rust("arrow-json decode, "+name+", as Arroyo", "json-decode", table, file, arroyoRows, "records")
		rust("arrow-json decode, "+name+", whole, "+readerRows, "json-decode", table, file, readerRows, "buffer")
		rust("arrow-json decode, "+name+", whole, "+weirRows, "json-decode", table, file, weirRows, "buffer")
	}
	weir("JSON decode, flights, again", Task{Arm: "json-decode", Table: "flights", File: in.flights})
	decode("flights", "flights", in.flights)
	decode("parking", "parking", in.parking)
	decode("nested", "nested", in.nested)
	decode("floats", "floats", in.floats)
	decode("shuffled keys", "flights", in.shuffled)
	weir("JSON decode, 3 of 19", Task{Arm: "json-decode", Table: "flights", File: in.flights, Keep: []string{"carrier", "dep_delay", "time_hour"}})
	weir("JSON decode, 3 declared of 19", Task{Arm: "json-decode", Table: "flights in part", File: in.flights})
	weir("JSON decode, 1% bad", Task{Arm: "json-decode", Table: "flights", File: in.bad, Refused: in.refused})
	weir("JSON encode, flights", Task{Arm: "json-encode", Table: "flights", File: in.flights})
	rust("arrow-json encode, flights, "+readerRows, "json-encode", "flights", in.flights, readerRows)
	rust("arrow-json encode, flights, "+weirRows, "json-encode", "flights", in.flights, weirRows)
	weir("JSON encode, one column added", Task{Arm: "json-encode-added", Table: "flights", File: in.flights})
	weir("JSON patch, one column added", Task{Arm: "json-patch-added", Table: "flights", File: in.flights})

	for _, set := range []struct{ name, file, schema string }{
		{"nullable", in.nullable, in.nullableSchema}, {"required", in.required, in.requiredSchema},
	} {
		weir("Avro decode, "+set.name, Task{Arm: "avro-decode", File: set.file, Schema: set.schema})
		weir("hamba/avro into structs, "+set.name, Task{Arm: "hamba", Table: set.name, File: set.file, Schema: set.schema})
		rust("arrow-avro decode, "+set.name+", "+readerRows, "avro-decode", set.schema, set.file, readerRows)
		rust("arrow-avro decode, "+set.name+", "+weirRows, "avro-decode", set.schema, set.file, weirRows)
	}
	weir("Avro encode", Task{Arm: "avro-encode", File: in.nullable, Schema: in.nullableSchema})
	weir("Protobuf decode", Task{Arm: "protobuf-decode", File: in.messages})
	weir("dynamicpb into builders", Task{Arm: "dynamicpb", File: in.messages})
	weir("Protobuf encode", Task{Arm: "protobuf-encode", File: in.messages})
	return all
}

// comparisons are the figures, A/A before all.
func comparisons() []comparison {
	decode := func(name string, wanted float64) comparison {
		peer := "arrow-json decode, " + name + ", "
		return comparison{"JSON decode, " + name + ", to arrow-json", "JSON decode, " + name,
			[]string{peer + "as Arroyo", peer + "whole, " + readerRows, peer + "whole, " + weirRows}, wanted, true}
	}
	avro := func(name string) []comparison {
		peer := "arrow-avro decode, " + name + ", "
		return []comparison{
			{"Avro decode, " + name + ", to hamba/avro into structs", "Avro decode, " + name, []string{"hamba/avro into structs, " + name}, 3, true},
			{"Avro decode, " + name + ", to arrow-avro", "Avro decode, " + name, []string{peer + readerRows, peer + weirRows}, 1, true},
		}
	}
	flights := []string{"JSON decode, flights"}
	return slices.Concat([]comparison{
		{codecAA, "JSON decode, flights, again", flights, 0, true},
		decode("flights", 4),
		{"JSON decode, 3 of 19 columns, to all", "JSON decode, 3 of 19", flights, 1.6, false},
		{"JSON decode, 3 columns declared of 19, to all", "JSON decode, 3 declared of 19", flights, 0, false},
		decode("parking", 2.5), decode("nested", 2.5), decode("floats", 2.5),
		decode("shuffled keys", 0),
		{"JSON decode, shuffled keys, to keys in order", "JSON decode, shuffled keys", flights, 0, true},
		{"JSON decode, 1% bad, to clean", "JSON decode, 1% bad", flights, 0.85, false},
		{"JSON encode, flights, to arrow-json", "JSON encode, flights",
			[]string{"arrow-json encode, flights, " + readerRows, "arrow-json encode, flights, " + weirRows}, 3, true},
		{"JSON patch, one column added, to encode", "JSON patch, one column added", []string{"JSON encode, one column added"}, 2, true},
	}, avro("nullable"), avro("required"), []comparison{
		{"Protobuf decode, to dynamicpb into builders", "Protobuf decode", []string{"dynamicpb into builders"}, 3, true},
	})
}

const codecAA = "A/A: JSON decode, flights"

// counted are the arms whose allocations are counted, which is all decoders and encoders.
func counted() []string {
	return []string{"JSON decode, flights", "JSON decode, 3 of 19", "JSON decode, parking", "JSON decode, nested", "JSON decode, floats",
		"JSON decode, shuffled keys", "JSON encode, flights", "JSON patch, one column added", "Avro decode, nullable", "Avro decode, required",
		"Avro encode", "Protobuf decode", "Protobuf encode"}
}

// allocationLimit is for a record.
const allocationLimit = 0.01

// codecs measures the decoders and encoders.
func (b *bench) codecs(r *Report) error {
	chosen, names := b.chosen(comparisons(), counted())
	if len(chosen)+len(names) == 0 {
		return nil
	}
	in, err := b.prepare()
	if err != nil {
		return err
	}
	needed := slices.Clone(names)
	for _, c := range chosen {
		needed = append(append(needed, c.ours), c.peers...)
	}
	run := slices.DeleteFunc(b.codecArms(in), func(a arm) bool { return !slices.Contains(needed, a.name) })
	all, err := b.alternate(run)
	if err != nil {
		return err
	}
	for _, a := range run {
		r.Arms = append(r.Arms, all.measured(a.name))
	}
	for _, c := range chosen {
		f, err := all.compare(c)
		if err != nil {
			return err
		}
		if c.name == codecAA {
			r.AA = append(r.AA, f)
			continue
		}
		r.Figures = append(r.Figures, f)
	}
	for _, name := range names {
		r.Figures = append(r.Figures, all.allocations(name))
	}
	return nil
}

// chosen are the figures that -only asks for, and A/A before any.
func (b *bench) chosen(from []comparison, counted []string) (chosen []comparison, names []string) {
	for _, c := range from {
		if c.name != codecAA && b.only.MatchString(c.name) {
			chosen = append(chosen, c)
		}
	}
	for _, name := range counted {
		if b.only.MatchString(name + allocationsSuffix) {
			names = append(names, name)
		}
	}
	if len(chosen)+len(names) > 0 {
		chosen = slices.Insert(chosen, 0, from[0])
	}
	return chosen, names
}

// alternate runs the arms in turn, as often as asked for and every other time the other way round. What an arm makes is the same each time.
func (b *bench) alternate(arms []arm) (results, error) {
	all := results{}
	for round := range b.rounds {
		turn := slices.Clone(arms)
		if round%2 == 1 {
			slices.Reverse(turn)
		}
		for _, a := range turn {
			r, err := a.run()
			if err != nil {
				return nil, fmt.Errorf("round %d, %s: %w", round+1, a.name, err)
			}
			first := r
			if round > 0 {
				first = all[a.name][0]
			}
			if r.made() != first.made() {
				return nil, fmt.Errorf("round %d, %s: it made %s, before %s", round+1, a.name, r.made(), first.made())
			}
			all[a.name] = append(all[a.name], r)
		}
	}
	return all, nil
}

package model

// What lanes may read. Ordinals that come again are stale.
var (
	pair   = source{read: []int8{0, 1}, plans: [2][][]int8{{{0}, {0}}}}
	single = source{read: []int8{0, 1, 2}, plans: [2][][]int8{{{0}, {0}, {0}}}}
	two    = source{read: []int8{0, 0, 1}, plans: [2][][]int8{{{0, 1}, {0}}, {{1}, {0, 0}}}}
	three  = source{read: []int8{0, 1, 0, 2}, plans: [2][][]int8{{{0}, {1, 0}, {1}}, {{1}, {0}, {0, 1}}}}
	holes  = source{read: []int8{0, 1, 0, 1, 2}, plans: [2][][]int8{{{}, {0, 0}, {1}}, {{1}, {}, {0}}}}
)

type source struct {
	read  []int8
	plans [2][][]int8
}

// A broker is one kind of sink.
type broker struct {
	name  string
	plain bool
}

var (
	embedded = broker{name: "embedded broker"}
	plain    = broker{name: "plain broker", plain: true}
)

// world makes a small one: one lane, two partitions, records by key.
func world(name string, b broker, s source, f Faults, broken ...Rule) *Config {
	c := &Config{Name: name + ", " + b.name, Lanes: 1, Source: s.read, Plans: s.plans, Keyed: true, Parts: 2, Plain: b.plain,
		Batch: 2, Queue: 2, Faults: f, Broken: map[Rule]bool{}}
	for _, r := range broken {
		c.Broken[r] = true
	}
	return c
}

// with changes a world.
func with(c *Config, change func(*Config)) *Config {
	change(c)
	return c
}

// byCount spreads records by the running count.
func byCount(c *Config) { c.Keyed = false }

// cut lets requests take any number of records.
func cut(c *Config) { c.Cuts = true }

// one has a sink of one partition.
func one(c *Config) { c.Parts = 1 }

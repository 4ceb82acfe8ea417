package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestKeysAreAbsentUnlessConfigured looks at the keys of a sink's records. None is not an empty one: that would be a key, and all records of one key
// are in one partition.
func TestKeysAreAbsentUnlessConfigured(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "in", 1)
	var records strings.Builder
	for i := range 60 {
		fmt.Fprintf(&records, `{"city":"%c","n":%d}`+"\n", 'a'+i%2, i)
	}
	c.cmd(t, records.String(), "produce", "in", "--key", "of the source")
	for name, tc := range map[string]struct{ options, keys string }{
		"none":  {"", "-"},
		"field": {", sink.key_field = 'city'", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.topic(t, name, 3)
			s := c.run(t, file(t, "keys.sql", fmt.Sprintf(`
CREATE TABLE i (city TEXT, n BIGINT) WITH (connector = 'fluvio', topic = 'in', type = 'source', source.offset = 'earliest', format = 'json');
CREATE TABLE o (city TEXT, n BIGINT) WITH (connector = 'fluvio', topic = '%s', type = 'sink', format = 'json'%s);
INSERT INTO o SELECT * FROM i;
`, name, tc.options)))
			if s.RecordsOut != 60 {
				t.Errorf("%+v", s)
			}
			partitions, of := map[int]int{}, map[string]map[int]bool{} // records by partition; partitions by key
			for _, line := range c.consume(t, name, "--json") {
				var r struct {
					Partition int
					Key       *string
					Value     string
				}
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					t.Fatal(err)
				}
				key := "-"
				if r.Key != nil {
					key = *r.Key
				}
				if !strings.Contains(tc.keys, key) || key == "" || r.Key != nil && field(r.Value, "city") != `"`+key+`"` {
					t.Errorf("%s", line)
				}
				if of[key] == nil {
					of[key] = map[int]bool{}
				}
				partitions[r.Partition]++
				of[key][r.Partition] = true
			}
			for key, in := range of {
				if key != "-" && len(in) != 1 {
					t.Errorf("records of key %s are in %d partitions", key, len(in))
				}
			}
			if tc.keys == "-" && (partitions[0] != 20 || partitions[1] != 20 || partitions[2] != 20) {
				t.Errorf("without keys the partitions hold %v records", partitions)
			}
		})
	}
}

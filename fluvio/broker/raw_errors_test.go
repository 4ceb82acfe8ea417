package broker

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// rawCase is one odd request that was sent to a real cluster, and what came back.
type rawCase struct {
	Case      string   `json:"case"`
	Server    string   `json:"server"`
	Request   string   `json:"request"`
	Responses []string `json:"responses"`
	End       string   `json:"end"`
}

// rawDifferences is where the answer to an odd request is another one than the cluster's, and why. The function gets the body.
var rawDifferences = map[string]struct {
	why   string
	check func(c *client, body []byte) error
}{
	"produce, one payload byte flipped (CRC wrong)": {"checksums are checked here, and a wrong one refused", func(c *client, body []byte) error {
		resp := c.decode(&protocol.ProduceRequest{}, 25, body).(*protocol.ProduceResponse)
		return codeIs(resp.Responses[0].Partitions[0].ErrorCode, protocol.ErrorCodeOther)
	}},
	"produce, version 1000": {"one record less was accepted before", baseOffsetIs(1000, 101)},
	"produce, version 0":    {"one record less was accepted before", baseOffsetIs(0, 102)},
	"stream fetch, as recorded": {"the records are others", func(c *client, body []byte) error {
		resp := c.decode(&protocol.StreamFetchRequest{}, 25, body).(*protocol.StreamFetchResponse)
		if resp.StreamID != 1 || resp.Partition.HighWatermark != 103 || len(resp.Partition.Records) == 0 {
			return fmt.Errorf("%s", asJSON(resp))
		}
		return codeIs(resp.Partition.ErrorCode, protocol.ErrorCodeNone)
	}},
	"stream fetch, offset 1000000": {"the log ends at another offset", func(c *client, body []byte) error {
		resp := c.decode(&protocol.StreamFetchRequest{}, 25, body).(*protocol.StreamFetchResponse)
		const want = "start offset: 1000000 is greater than leo: 103"
		if got := resp.Partition.ErrorCode.Value.(*protocol.ErrorText).Text; got != want || resp.Partition.HighWatermark != 0 {
			return fmt.Errorf("%q with %s", got, asJSON(resp))
		}
		return codeIs(resp.Partition.ErrorCode, protocol.ErrorCodeOther)
	}},
	"two requests in one write":    {"the log ends at another offset", nil},
	"sc: api versions asked twice": {"another platform version", nil},
	"sc: text instead of a frame":  {"a length that is over the limit closes the connection at once", nil},
}

func baseOffsetIs(version int16, want int64) func(c *client, body []byte) error {
	return func(c *client, body []byte) error {
		p := c.decode(&protocol.ProduceRequest{}, version, body).(*protocol.ProduceResponse).Responses[0].Partitions[0]
		if p.BaseOffset != want {
			return fmt.Errorf("base offset %d, want %d", p.BaseOffset, want)
		}
		return codeIs(p.ErrorCode, protocol.ErrorCodeNone)
	}
}

// TestRawErrors sends the odd requests that were sent to a real cluster, in the same order.
func TestRawErrors(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "greetings", topicSpec(1))
	dial(t, b.SPU()).mustProduce("greetings", 0, batchOf(t, record.None, make([]string, 100)...))
	file, err := os.ReadFile(filepath.Join(conversations, "70-raw-errors.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(file)), "\n") {
		var rc rawCase
		if err := json.Unmarshal([]byte(line), &rc); err != nil {
			t.Fatal(err)
		}
		t.Run(rc.Case, func(t *testing.T) { rc.run(t, b) })
	}
}

func (rc rawCase) run(t *testing.T, b *Broker) {
	addr := b.SC()
	if rc.Server == "spu" {
		addr = b.SPU()
	}
	c := dial(t, addr)
	request, err := hex.DecodeString(rc.Request)
	if err != nil {
		t.Fatal(err)
	}
	c.write(request)
	different, listed := rawDifferences[rc.Case]
	for _, r := range rc.Responses {
		want, err := hex.DecodeString(r)
		if err != nil {
			t.Fatal(err)
		}
		id := int32(binary.BigEndian.Uint32(want[4:]))
		got := c.receive(id)
		switch {
		case !listed:
			if string(got) != string(want[8:]) {
				t.Errorf("got  %x\nwant %x", got, want[8:])
			}
		case different.check != nil:
			if err := different.check(c, got); err != nil {
				t.Error(err)
			}
		}
	}
	if rc.End == "closed by server" || rc.Case == "sc: text instead of a frame" {
		c.closed()
		return
	}
	versions := &protocol.ApiVersionsRequest{ClientVersion: "0.50.2"}
	if resp := call[*protocol.ApiVersionsResponse](c, versions); len(resp.APIKeys) == 0 {
		t.Error("the connection is of no use any more")
	}
}

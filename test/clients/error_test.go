//go:build clients

package clients

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// What the broker refuses, the clients name as they do at a cluster.
func TestErrorsAreNamed(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		s.topic(t, "there", admin.TopicConfig{})
		s.topic(t, "gzip", admin.TopicConfig{Compression: admin.Gzip})
		refused := func(can bool, want string, args ...string) {
			t.Helper()
			if !can {
				return
			}
			if got := s.fail(t, args...); !strings.Contains(got, want) {
				t.Errorf("%q says %q, want %q", args, got, want)
			}
		}
		refused(true, "Topic already exists", "create", "there", "1", "any")
		refused(true, "Topic not found", "delete", "nowhere")
		refused(true, "Topic not found", "produce", "nowhere", "default")
		refused(true, "not found: nowhere", "consume", "nowhere", "0", "beginning", "1")
		refused(true, "artition not found", "consume", "there", "7", "beginning", "1")
		refused(s.compresses, "Compression in the producer (lz4) does not match with topic level compression (gzip)", "produce", "gzip", "lz4")
		refused(s.client == rust, "start offset: 1000 is greater than leo: 0", "first", "there", "0", "1000")

		// And go on as if nothing had been.
		s.produce(t, "there", "default", []fluvio.Record{{Key: []byte("k"), Value: []byte("v")}})
		if got := s.read(t, "there", 0); len(got) != 1 {
			t.Errorf("%d records, want 1", len(got))
		}
	})
}

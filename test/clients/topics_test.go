//go:build clients

package clients

import (
	"errors"
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func TestTopicsAreCreatedListedAndDeleted(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		s.do(t, "create", "theirs", "3", "any")
		topic, err := s.admin().Topic(t.Context(), "theirs")
		if err != nil || topic.Partitions != 3 || topic.Status != "Provisioned" {
			t.Fatalf("their topic is %+v, %v", topic, err)
		}
		s.topic(t, "ours", admin.TopicConfig{Partitions: 2})
		names := s.do(t, "list")
		slices.Sort(names)
		if !slices.Equal(names, []string{"ours", "theirs"}) {
			t.Errorf("it lists %q", names)
		}
		s.do(t, "delete", "theirs")
		if _, err := s.admin().Topic(t.Context(), "theirs"); !errors.Is(err, fluvio.ErrTopicNotFound) {
			t.Errorf("the topic that it deleted: %v", err)
		}
		if names := s.do(t, "list"); !slices.Equal(names, []string{"ours"}) {
			t.Errorf("it lists %q", names)
		}
	})
}

func TestTopicsAreCreatedWithACompression(t *testing.T) {
	each(t, func(c *client) bool { return c.compresses }, func(t *testing.T, s *session) {
		for text, want := range map[string]admin.Compression{
			"gzip": admin.Gzip, "snappy": admin.Snappy, "lz4": admin.LZ4, "zstd": admin.Zstd, "none": admin.NoCompression, "any": admin.AnyCompression,
		} {
			s.do(t, "create", text, "1", text)
			if topic, err := s.admin().Topic(t.Context(), text); err != nil || topic.Config.Compression != want {
				t.Errorf("a topic for %s is %+v, %v", text, topic, err)
			}
		}
	})
}

func TestWatchSeesATopicOfAnotherClient(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		watch := s.start(t, "watch", "new")
		if line := watch.next(t); line != "watching" {
			t.Fatalf("it prints %q", line)
		}
		s.topic(t, "other", admin.TopicConfig{})
		s.topic(t, "new", admin.TopicConfig{})
		if line := watch.next(t); line != "new" {
			t.Errorf("it saw %q", line)
		}
		watch.end(t)
	})
}

//go:build clients

package clients

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio/admin"
)

// A client that reconnects goes on behind crashes of the broker, as a producer and as a consumer: what was acknowledged is there,
// at the offset that was told, and is read once.
func TestClientsGoOnAfterTheBrokerWasKilled(t *testing.T) {
	each(t, func(c *client) bool { return c.reconnects }, func(t *testing.T, s *session) {
		s.topic(t, "crash", admin.TopicConfig{})
		const lives, perLife = 3, 10
		consumer := s.start(t, "consume", "crash", "0", "beginning", fmt.Sprint(lives*perLife))
		producer := s.start(t, "produce", "crash", "default")
		var got []string
		for life := range lives {
			if life > 0 {
				s.broker.kill()
				s.broker.start(t)
			}
			for _, r := range numbered(life*perLife, life*perLife+perLife) {
				producer.write(t, s.input(r))
			}
			producer.write(t, "\n") // flush
			for n := range perLife {
				if ack, want := producer.next(t), fmt.Sprintf("0\t%d", life*perLife+n); ack != want {
					t.Errorf("acknowledged as %q, want %q", ack, want)
				}
			}
			for range perLife {
				got = append(got, consumer.next(t))
			}
		}
		producer.end(t)
		consumer.end(t)
		if want := s.lines(s.read(t, "crash", 0)); len(want) != lives*perLife || !slices.Equal(got, want) {
			t.Errorf("it read %q, want %q", got, want)
		}
	})
}

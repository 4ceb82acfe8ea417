// Package behaviour says what a client of Fluvio may rely on: one list of behaviours for the embedded broker and for any
// cluster that WEIR_FLUVIO_ENDPOINT names.
package behaviour

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A behaviour is something that every server does, unless the table of differences says otherwise.
type behaviour struct {
	name string
	run  func(*testing.T, *server)
}

// A difference is a behaviour that only one kind of server has.
type difference struct {
	behaviour string
	has       kind
	reason    string
}

// on tells whether a behaviour is one of servers of that kind.
func on(k kind, name string) bool {
	i := slices.IndexFunc(differences, func(d difference) bool { return d.behaviour == name })
	return i < 0 || differences[i].has == k
}

// TestEmbeddedBroker runs the behaviours against a broker in this process.
func TestEmbeddedBroker(t *testing.T) {
	b := embed(t, t.TempDir(), "", "")
	t.Cleanup(func() { stop(t, b) })
	runAll(t, newServer(t, embedded, b.SC()))
}

// TestCluster runs them against a cluster, where one is named.
func TestCluster(t *testing.T) {
	if endpoint := os.Getenv("WEIR_FLUVIO_ENDPOINT"); endpoint != "" {
		runAll(t, newServer(t, cluster, endpoint))
	}
}

func runAll(t *testing.T, s *server) {
	for _, b := range behaviours {
		if on(s.kind, b.name) {
			t.Run(b.name, func(t *testing.T) {
				if s.kind == embedded { // a cluster is given time: what several clients change at a time it sometimes loses
					t.Parallel()
				}
				b.run(t, s)
			})
		}
	}
}

// TestDifferencesAreDeclaredWithReason holds the tables together.
func TestDifferencesAreDeclaredWithReason(t *testing.T) {
	names := map[string]bool{}
	for _, b := range behaviours {
		if names[b.name] {
			t.Errorf("two behaviours %q", b.name)
		}
		names[b.name] = true
	}
	for _, d := range differences {
		if !names[d.behaviour] || d.reason == "" || d.has != embedded && d.has != cluster {
			t.Errorf("difference %q: it names no behaviour, no single kind of server, or no reason", d.behaviour)
		}
	}
}

// TestReadmeHasAllBehaviours holds the results table against the list.
func TestReadmeHasAllBehaviours(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.HasPrefix(line, "| ") {
			rows = append(rows, strings.TrimSpace(cells[1]))
		}
	}
	if len(rows) > 0 {
		rows = rows[1:] // the head
	}
	for _, b := range behaviours {
		if i := slices.Index(rows, b.name); i >= 0 {
			rows = slices.Delete(rows, i, i+1)
		} else {
			t.Errorf("README.md has no row for %q", b.name)
		}
	}
	if len(rows) > 0 {
		t.Errorf("README.md has rows for no behaviour: %q", rows)
	}
}

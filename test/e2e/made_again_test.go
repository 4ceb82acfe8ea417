package e2e

import (
	"strings"
	"testing"
)

// again deletes a topic and makes it again.
func (k *copier) again(t *testing.T, topic string, partitions int) {
	t.Helper()
	k.c.cmd(t, "", "topic", "delete", k.name+topic)
	k.c.topic(t, k.name+topic, partitions)
}

// refused wants a run to end with code 2 and some words.
func (k *copier) refused(t *testing.T, words ...string) {
	t.Helper()
	r := weir(t, nil, k.args("--until-end")...)
	if r.code != 2 {
		t.Errorf("code %d, want 2\n%s", r.code, r.errOut)
	}
	says(t, r.errOut, words...)
}

// says wants words in a text.
func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// TestASourceThatWasMadeAgainStopsThePipeline deletes the source's topic and makes it again, with fewer records, more records and fewer
// partitions, between two runs and under one. Another --state reads the new one.
func TestASourceThatWasMadeAgainStopsThePipeline(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	for _, delivery := range []string{"at_least_once", "exactly_once"} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			k := newCopier(t, c, delivery[:2], 2, 1, "", ", delivery = '"+delivery+"'")
			k.sendAll(t, 50)
			k.run(t)
			k.again(t, "-in", 2)
			k.refused(t, "deleted and made again", "--state", "offset 50")
			k.sent = make([]int, 2)
			k.sendAll(t, 60) // the same, but later
			k.refused(t, "deleted and made again", "weir state rewind", "offset 49 is not the one that was read before")
			k.again(t, "-in", 1)
			k.refused(t, "deleted and made again", "--state", "1 partitions")
			k.again(t, "-in", 2)
			k.again(t, "-out", 1)
			k.sent, k.state = make([]int, 2), t.TempDir()
			k.sendAll(t, 30)
			k.run(t)
			k.expect(t, false, 0, 0)

			p := k.start(t)
			k.sendAll(t, 10)
			k.through(t)
			c.cmd(t, "", "topic", "delete", k.name+"-in")
			if code := p.over(t); code != 3 {
				t.Errorf("under a run: code %d, want 3", code)
			}
			says(t, p.talk(), "topic not found: '"+k.name+"-in'")
			c.topic(t, k.name+"-in", 2)
			k.refused(t, "deleted and made again", "--state", "offset 40")
		})
	}
}

// TestASinkThatWasMadeAgainStopsExactlyOnce deletes the sink's topic and makes it again: what it lacks was confirmed and can't come again.
func TestASinkThatWasMadeAgainStopsExactlyOnce(t *testing.T) {
	t.Parallel()
	k := newCopier(t, startBroker(t), "k", 1, 2, "", ", delivery = 'exactly_once'")
	k.send(t, 0, 50)
	k.run(t)
	k.again(t, "-out", 2)
	k.send(t, 0, 10)
	k.refused(t, "weir state rewind")
	must(t, nil, "state", "rewind", "o", "0", "--state", k.state, "--to-offset", "0")
	k.run(t)
	k.expect(t, false, 0)
}

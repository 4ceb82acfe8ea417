package app

import (
	"fmt"
	"slices"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/pipeline"
)

// deadTopic is a topic for dead letters as an option names it.
type deadTopic struct {
	option, name string // name is "" where there is none
	at           option.Pos
}

// letterBook collects the dead letter topics of a pipeline, each once.
type letterBook struct{ plan *plan }

// to returns the index of a dead letter topic, made with the connector of the source's table.
func (b *letterBook) to(t *table, topic deadTopic) (int, error) {
	c := &b.plan.Config
	for i, l := range c.Letters {
		if l.Name == topic.name {
			return i, nil
		}
	}
	config, err := t.connector.DeadLetters(topic.name, b.plan.delivery())
	if err != nil {
		return -1, topic.at.Errorf("option %s: %w, got %s", option.Show(topic.option), err, option.Show(topic.name))
	}
	c.Letters = append(c.Letters, pipeline.Letters{Name: topic.name, Connector: config})
	b.plan.dead = append(b.plan.dead, topic)
	return len(c.Letters) - 1, nil
}

// refuseLoops refuses dead letters that come back to the source whose records they were, through the pipelines of the run:
// a record that is bad once is bad again, and its letters would never end. It refuses those too that go where the pipeline's
// rows go: who reads the rows would take letters for rows.
func refuseLoops(plans []*plan, env connector.Env) error {
	next := map[string][]string{} // from the place of a source to those that its pipelines write to
	for _, pl := range plans {
		source := pl.Config.Source.Connector.Place(env)
		for _, s := range pl.Config.Sinks {
			next[source] = append(next[source], s.Connector.Place(env))
		}
		for _, l := range pl.Config.Letters {
			next[source] = append(next[source], l.Connector.Place(env))
		}
	}
	for _, pl := range plans {
		source := pl.Config.Source.Connector.Place(env)
		for i, l := range pl.Config.Letters {
			letters := l.Connector.Place(env)
			topic := pl.dead[i]
			if slices.ContainsFunc(pl.Config.Sinks, func(s pipeline.Sink) bool { return s.Connector.Place(env) == letters }) {
				return fmt.Errorf("pipeline %s: %w", pl.Config.Name, topic.at.Errorf("option %s: topic %s is what the pipeline writes its rows to, "+
					"and dead letters among them would be read as rows; name a topic of its own", option.Show(topic.option), option.Show(topic.name)))
			}
			if !reaches(next, letters, source, map[string]bool{}) {
				continue
			}
			way := "is what the pipeline reads"
			if letters != source {
				way = "is read by a pipeline of this file whose output comes back to what the pipeline reads"
			}
			return fmt.Errorf("pipeline %s: %w", pl.Config.Name, topic.at.Errorf("option %s: topic %s %s, so that bad records would go round without end; "+
				"name a topic of its own", option.Show(topic.option), option.Show(topic.name), way))
		}
	}
	return nil
}

// reaches tells whether records of one place come to another.
func reaches(next map[string][]string, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, place := range next[from] {
		if reaches(next, place, to, seen) {
			return true
		}
	}
	return false
}

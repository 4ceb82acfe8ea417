// Command soak kills and restarts a broker under producers and consumers, and checks by number that no acknowledged record is
// lost, out of order, invented or, where the producer has sequences, there twice.
//
//	soak -weir bin/weir -duration 10m             # rounds of producers, consumers and kills, until the time is over
//	soak -weir bin/weir -flights 336776           # the flight records through weir produce and weir consume, without and with kills
//
// It talks on stderr and prints a summary on stdout. Exit codes: 0 all was well, 1 records were not what they should be, or something
// got stuck, 2 wrong arguments, 3 the environment failed, such as a broker that can't be started. The seed that it prints repeats the random choices,
// not what the machine does with them.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// config is what the command is told.
type config struct {
	weir     string        // binary under test
	duration time.Duration // after which no further round begins
	seed     uint64
	flights  int // records of the flights scenario; 0: rounds instead
	data     string
	json     bool
	talk     io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	os.Exit(int(fault.Of(err)))
}

func command(ctx context.Context, args []string, out, talk io.Writer) error {
	if len(args) > 0 && args[0] == followCommand {
		return follow(ctx, args[1:], out)
	}
	c := config{talk: talk}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(talk)
	flags.StringVar(&c.weir, "weir", "bin/weir", "weir binary under test")
	flags.DurationVar(&c.duration, "duration", time.Minute, "time after which no further round begins")
	flags.Uint64Var(&c.seed, "seed", 0, "seed of the random choices; 0: another one each time")
	flags.IntVar(&c.flights, "flights", 0, "run the flights scenario with that many records, in place of rounds")
	flags.StringVar(&c.data, "data", "examples/data/flights.ndjson.zst", "flight records, one a line, compressed with zstd")
	flags.BoolVar(&c.json, "json", false, "print the summary as JSON")
	if err := flags.Parse(args); err != nil {
		return fault.InputError(err)
	}
	if flags.NArg() > 0 || c.duration <= 0 || c.flights < 0 {
		return fault.Inputf("arguments %q: see -help; -duration has to be more than 0", args)
	}
	if _, err := os.Stat(c.weir); err != nil {
		return fault.Inputf("no binary to test, build it and name it with -weir: %w", err)
	}
	for c.seed == 0 {
		c.seed = rand.Uint64()
	}
	fmt.Fprintf(talk, "soak: seed %d\n", c.seed)
	return c.run(ctx, out)
}

// run does what was asked for and prints the summary, of a failure too.
func (c config) run(ctx context.Context, out io.Writer) error {
	t := &tally{Seed: c.seed, began: time.Now()}
	var err error
	if c.flights > 0 {
		err = c.flightScenario(ctx, t)
	} else {
		err = c.rounds(ctx, t)
	}
	s := t.summary(err)
	if c.json {
		text, bad := json.Marshal(s)
		_, failed := fmt.Fprintf(out, "%s\n", text)
		return first(err, bad, failed)
	}
	_, failed := fmt.Fprint(out, s)
	return first(err, failed)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

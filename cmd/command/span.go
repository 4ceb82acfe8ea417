package command

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// span is a flag that is a length of time, written as Go does, 1h30m, or as Fluvio's command line does: 2d 10s, 7 days.
type span struct{ d *time.Duration }

var _ pflag.Value = span{}

// spanUnits are the words for units, by length.
var spanUnits = []struct {
	unit  time.Duration
	words []string
}{
	{time.Nanosecond, []string{"ns"}},
	{time.Microsecond, []string{"us", "µs"}},
	{time.Millisecond, []string{"ms", "msec", "msecs"}},
	{time.Second, []string{"s", "sec", "secs", "second", "seconds"}},
	{time.Minute, []string{"m", "min", "mins", "minute", "minutes"}},
	{time.Hour, []string{"h", "hr", "hrs", "hour", "hours"}},
	{24 * time.Hour, []string{"d", "day", "days"}},
	{7 * 24 * time.Hour, []string{"w", "week", "weeks"}},
}

func (s span) String() string {
	if s.d == nil || *s.d == 0 { // so that help shows no default: the flag's text says what none means
		return ""
	}
	return s.d.String()
}

func (s span) Type() string { return "duration" }

func (s span) Set(text string) error {
	d, ok := parseSpan(text)
	if !ok {
		return fmt.Errorf("want a length of time such as 150ms, 1h30m or 7 days")
	}
	*s.d = d
	return nil
}

// parseSpan adds up numbers with units.
func parseSpan(text string) (total time.Duration, ok bool) {
	rest := strings.TrimSpace(text)
	if rest == "0" {
		return 0, true
	}
	for rest != "" {
		number := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789."))]
		rest = strings.TrimLeft(rest[len(number):], " ")
		word := rest
		if i := strings.IndexAny(rest, " 0123456789."); i >= 0 {
			word = rest[:i]
		}
		rest = strings.TrimLeft(rest[len(word):], " ")
		n, err := strconv.ParseFloat(number, 64)
		i := slices.IndexFunc(spanUnits, func(u struct {
			unit  time.Duration
			words []string
		}) bool {
			return slices.Contains(u.words, word)
		})
		if err != nil || i < 0 {
			return 0, false
		}
		part := n * float64(spanUnits[i].unit)
		if part+float64(total) >= math.MaxInt64 {
			return 0, false
		}
		total += time.Duration(math.Round(part))
	}
	return total, strings.TrimSpace(text) != ""
}

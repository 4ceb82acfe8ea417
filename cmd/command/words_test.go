package command

import (
	"bytes"
	"strings"
	"testing"
)

func TestWhatIsWrongWithACommandIsSaidInPlainWords(t *testing.T) {
	for args, want := range map[string]string{
		"topic create":                        "weir topic create: want NAME after it",
		"topic create a b":                    `weir topic create: it takes one NAME, got "b" too`,
		"topic list extra":                    `weir topic list: it takes no argument, got "extra"`,
		"topic delete":                        "weir topic delete: want NAME after it",
		"topic create a -p x":                 "want a whole number",
		"topic create a -p -1":                "want a whole number that is not negative",
		"topic create a -p 99999999999":       "the number is out of range",
		"topic list --retry-budget soon":      "want a length of time",
		"consume t -p one":                    "want a whole number",
		"topic create a --dry-run=maybe":      "want true or false",
		"broker --data x --flush soon":        "want none, each or an interval",
		"broker --data x --max-connections 0": "--max-connections: want 1 or more",
		"broker --data x --public-host a:b":   "--public-host: want a host without a port",
		"help nosuch":                         `unknown command "nosuch" for "weir"`,
		"help topic nosuch":                   `unknown command "nosuch" for "weir topic"`,
		"help topic lst":                      `unknown command "lst" for "weir topic"; did you mean list?`,
		"connector lst":                       `unknown command "lst" for "weir connector"; did you mean list?`,
		"connector nosuch":                    `unknown command "nosuch" for "weir connector"`,
		"decode --shema x":                    "unknown flag: --shema; did you mean --schema?",
		"decode --loglevel=debug":             "unknown flag: --loglevel; did you mean --log-level?",
		"decode --nothing-alike":              "unknown flag: --nothing-alike",
		"run x.sql --state=":                  "--state: want a value, got an empty text",
		"produce t --file=":                   "--file: want a value",
		"broker --data=":                      "--data: want a value",
		"topic list --endpoint=":              "--endpoint: want a value",
		"consume t --head 1 --tail 2":         "weir: --head and --tail: want one of them",
		"consume t --max-bytes 0":             "want a size from 1024 to",
		"consume t --max-bytes 1":             "want a size from 1024 to",
		"topic delete t --force":              "--force needs --system",
		"state show --state s":                "weir state show: want PIPELINE [PARTITION] after it",
		"state show a 0 1 --state s":          `it takes one PIPELINE [PARTITION], got "1" too`,
		"state show a b --state s":            `want a partition such as 0, got "b"`,
		"state rewind a 0 --state s":          "weir state rewind: want --to-offset",
		"deadletter":                          "want one of list, replay, show after it",
		"deadletter show d 0":                 "weir deadletter show: want TOPIC PARTITION OFFSET after it",
		"deadletter show d 0 1 2":             `it takes one [TOPIC] [PARTITION] [OFFSET], got "2" too`,
		"deadletter show d -- -1 0":           `want a partition such as 0, got "-1"`,
		"deadletter show d 2147483648 0":      "want a partition",
		"deadletter show d 0 0x1":             "want an offset",
		"deadletter replay d --offsets 0:1,2": `want PARTITION:OFFSET such as 0:17, got "2"`,
		"deadletter replay d --offsets 0:-1":  "want PARTITION:OFFSET",
		"deadletter replay d --offsets :":     "want PARTITION:OFFSET",
		"deadletter replay d --derived":       "--derived needs --to",
		"deadletter list d --limit 0":         "--limit: want 1 or more",
		"deadletter list d --from -1":         "--from: want earliest, latest or an offset",
	} {
		var out, errs bytes.Buffer
		code := Run("test", strings.Fields(args), strings.NewReader(""), &out, &errs)
		if code != 2 || !strings.Contains(errs.String(), want) || strings.Contains(errs.String(), "strconv") {
			t.Errorf("weir %s: code %d, %s; want %q", args, code, errs.String(), want)
		}
	}
}

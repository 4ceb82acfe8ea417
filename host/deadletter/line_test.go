package deadletter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/deadletter"
)

const lineKey = `"topic":"in.jsonl","partition":0,"offset":7,"frame":0,"row":1,"code":"json.type","message":"m","time":-1`

func TestLettersComeFromLines(t *testing.T) {
	for line, want := range map[string]string{
		"{" + lineKey + `,"value":"a\nb"}` + "\n": "a\nb",
		"{" + lineKey + `,"value":""}`:            "",
		"{" + lineKey + `,"value_b64":"/wA="}`:    "\xff\x00",
	} {
		l, err := deadletter.ParseLine([]byte(line))
		if err != nil || string(l.Value) != want || l.Offset != 7 || l.Row != 1 || l.Topic != "in.jsonl" {
			t.Errorf("%s: %+v, %v", line, l, err)
		}
	}
}

func TestLinesThatAreNoLetters(t *testing.T) {
	for line, want := range map[string]string{
		"": "the line is not JSON", "{" + lineKey + `,"val`: "the line is not JSON", "7": "the line is a JSON number, not an object",
		"{" + lineKey + "}":                           "has not one of 'value' and 'value_b64'",
		"{" + lineKey + `,"value":"","value_b64":""}`: "has not one of",
		"{" + lineKey + `,"value":5}`:                 "the line's 'value' can't be a number",
		"{" + lineKey + `,"value_b64":"!"}`:           "the line's 'value_b64' is not base64",
		`{"topic":"t","value":"a"}`:                   "the key has no 'partition'",
		`{"value":"secret"`:                           "the line is not JSON",
	} {
		_, err := deadletter.ParseLine([]byte(line))
		if !errors.Is(err, deadletter.ErrNoLetter) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add([]byte("{" + lineKey + `,"value_b64":"/wA="}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if _, err := deadletter.ParseLine(line); err != nil && !errors.Is(err, deadletter.ErrNoLetter) {
			t.Error(err)
		}
	})
}

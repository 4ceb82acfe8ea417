package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// ShowLetterConfig is what `weir deadletter show` is told.
type ShowLetterConfig struct {
	Cluster
	LetterBox
	At  LetterPlace
	Raw bool // the original bytes, as they were, and nothing else
	Out Output
}

// ShowLetter prints everything about one dead letter.
func ShowLetter(ctx context.Context, c ShowLetterConfig) error {
	return c.withLetters(ctx, c.LetterBox, func(client *fluvio.Client) error {
		r, err := openLetters(ctx, client, c.LetterBox, LetterFilter{At: []LetterPlace{c.At}}, c.Log)
		if err != nil {
			return err
		}
		return r.each(ctx, func(f *found) error {
			switch shown := r.show(f); {
			case c.Raw:
				_, err := c.Out.W.Write(f.Value)
				return fault.EnvironmentError(err)
			case c.Out.JSON:
				return c.Out.printJSON(withValue(shown))
			default:
				return errors.Join(printDetail(c.Out, shown, letterColumns), showValue(c.Out.W, shown.Value))
			}
		})
	})
}

// fullLetter is a dead letter as JSON with its value, in value_b64 where that is not UTF-8.
type fullLetter struct {
	shownLetter
	Value    any    `json:"value,omitempty"`
	ValueB64 string `json:"value_b64,omitempty"`
}

func withValue(l shownLetter) fullLetter {
	full := fullLetter{shownLetter: l}
	full.Value, full.ValueB64 = text(l.Letter.Value)
	return full
}

func digits[N int | int32 | uint32 | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

var letterColumns = []column[shownLetter]{
	{"LETTER", func(l shownLetter) string {
		if l.In.File != "" {
			return fmt.Sprintf("%s offset %d", l.In.File, l.In.Offset)
		}
		return fmt.Sprintf("%s partition %d offset %d", l.In.Topic, l.In.Partition, l.In.Offset)
	}},
	{"WRITTEN", func(l shownLetter) string { return moment(l.In.Timestamp) }},
	{"TOPIC", func(l shownLetter) string { return l.Topic }},
	{"PARTITION", func(l shownLetter) string { return digits(l.Partition) }},
	{"OFFSET", func(l shownLetter) string {
		if l.Derived {
			return fmt.Sprintf("%d to %d", l.Offset, l.LastOffset)
		}
		return digits(l.Offset)
	}},
	{"FRAME", func(l shownLetter) string { return digits(l.Frame) }},
	{"ROW", func(l shownLetter) string { return digits(l.Row) }},
	{"TIME", func(l shownLetter) string { return moment(l.Time) }},
	{"CODE", func(l shownLetter) string { return l.Code }},
	{"PATH", func(l shownLetter) string { return l.Path }},
	{"MESSAGE", func(l shownLetter) string { return l.Message }},
	{"MODULE", func(l shownLetter) string { return l.Module }},
	{"FUNCTION", func(l shownLetter) string { return l.Function }},
	{"DERIVED", func(l shownLetter) string {
		if l.Derived {
			return "yes: the value is a row made from several records, not the bytes of one"
		}
		return ""
	}},
	{"VALUE", func(l shownLetter) string {
		if utf8.Valid(l.Letter.Value) {
			return fmt.Sprintf("%d bytes of text", l.Size)
		}
		return fmt.Sprintf("%d bytes", l.Size)
	}},
}

const (
	// mostText and mostHex are how much of a value is shown, in bytes.
	mostText = 64 << 10
	mostHex  = 512
)

// showValue prints a value as text fit for terminals, or the beginning of what is no text in hexadecimal.
func showValue(w io.Writer, value []byte) error {
	var preview string
	shown := value
	if utf8.Valid(value) {
		for len(shown) > mostText || !utf8.Valid(shown) {
			shown = shown[:min(len(shown)-1, mostText)]
		}
		preview = visible.Lines(string(shown))
	} else {
		shown = value[:min(len(value), mostHex)]
		preview = hex.Dump(shown)
	}
	preview = strings.TrimSuffix(preview, "\n") + "\n"
	if left := len(value) - len(shown); left > 0 {
		preview += fmt.Sprintf("… and %d bytes more; --raw prints all as they are\n", left)
	}
	_, err := fmt.Fprint(w, "\n", preview)
	return fault.EnvironmentError(err)
}

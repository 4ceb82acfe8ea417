package command

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// checkArgs holds the arguments against what Use says: nothing, NAME, NAME... or [NAME...].
func checkArgs(cmd *cobra.Command, args []string) error {
	_, want, takes := strings.Cut(cmd.Use, " ")
	many := strings.HasSuffix(want, "...")
	switch {
	case strings.HasPrefix(want, "["):
		return nil
	case !takes && len(args) > 0:
		return fmt.Errorf("%s: it takes no argument, got %q", cmd.CommandPath(), args[0])
	case takes && len(args) == 0:
		return fmt.Errorf("%s: want %s after it", cmd.CommandPath(), strings.TrimSuffix(want, "..."))
	case takes && !many && len(args) > 1:
		return fmt.Errorf("%s: it takes one %s, got %q too", cmd.CommandPath(), want, args[1])
	}
	return nil
}

// what Go's own parsers say of a flag's value, and what it means.
var parserWords = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`strconv\.ParseBool: parsing ".*": invalid syntax`), "want true or false"},
	{regexp.MustCompile(`strconv\.(ParseUint|ParseInt|Atoi): parsing "-.*": invalid syntax`), "want a whole number that is not negative"},
	{regexp.MustCompile(`strconv\.(ParseUint|ParseInt|Atoi): parsing ".*": invalid syntax`), "want a whole number"},
	{regexp.MustCompile(`strconv\.(ParseUint|ParseInt|Atoi): parsing ".*": value out of range`), "the number is out of range"},
	{regexp.MustCompile(`time: .*duration.*`), "want a length of time such as 150ms or 1h30m"},
}

// plainly says what is wrong with a flag in words that are not those of a programming language.
func plainly(_ *cobra.Command, err error) error {
	text := err.Error()
	for _, w := range parserWords {
		text = w.theirs.ReplaceAllLiteralString(text, w.ours)
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// checkArgs holds the arguments against what Use says: nothing, NAME, NAME OTHER, NAME [OTHER], NAME... or [NAME...].
func checkArgs(cmd *cobra.Command, args []string) error {
	words := strings.Fields(cmd.Use)[1:]
	least := len(words)
	for least > 0 && strings.HasPrefix(words[least-1], "[") {
		least--
	}
	switch {
	case len(words) == 0 && len(args) > 0:
		return fmt.Errorf("%s: it takes no argument, got %q", cmd.CommandPath(), args[0])
	case len(args) < least:
		return fmt.Errorf("%s: want %s after it", cmd.CommandPath(), strings.TrimSuffix(strings.Join(words, " "), "..."))
	case len(args) > len(words) && !strings.HasSuffix(strings.TrimSuffix(words[len(words)-1], "]"), "..."):
		return fmt.Errorf("%s: it takes one %s, got %q too", cmd.CommandPath(), strings.Join(words, " "), args[len(words)])
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

// exclusive is what cobra says of flags of which it takes one.
var exclusive = regexp.MustCompile(`^if any flags in the group \[[^\]]*\] are set none of the others can be; \[([^\]]*)\] were all set$`)

// noFlag is what pflag says of a flag that a command does not have.
var noFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// nearestFlag adds to the error about a flag that a command does not have the one that it is most likely a slip of.
func nearestFlag(cmd *cobra.Command, err error) error {
	m := noFlag.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near, ok := option.Nearest(m[1], names); ok {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

// noCommand is the error about a word that is none of a command's own commands.
func noCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	hint := ""
	if near, ok := option.Nearest(word, names); ok {
		hint = "; did you mean " + near + "?"
	}
	return fmt.Errorf("unknown command %q for %q%s", word, cmd.CommandPath(), hint)
}

// mayBeEmpty are the flags of text whose empty value means something else than none at all.
var mayBeEmpty = []string{"key", "aggregate-initial"}

// noEmptyFlag refuses flags that are given an empty text: what was meant for them, such as a variable of the shell, is not set, and
// without them the command would do something else.
func noEmptyFlag(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" && !slices.Contains(mayBeEmpty, f.Name) {
			err = fmt.Errorf("--%s: want a value, got an empty text; leave the flag out where none is meant", f.Name)
		}
	})
	return err
}

// plainly says what is wrong with a flag in words that are not those of a programming language.
func plainly(err error) error {
	text := err.Error()
	if m := exclusive.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("--%s: want one of them", strings.Join(strings.Fields(m[1]), " and --"))
	}
	for _, w := range parserWords {
		text = w.theirs.ReplaceAllLiteralString(text, w.ours)
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// helpCommand is as cobra's own, but help for a command that there is not is a mistake.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Show the help of a command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) (names []string, _ cobra.ShellCompDirective) {
			if found, _, err := cmd.Root().Find(args); err == nil {
				for _, sub := range found.Commands() {
					if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), typed) {
						names = append(names, sub.Name())
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = noCommand(found, rest[0])
			}
			if err != nil {
				return fault.InputError(err)
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

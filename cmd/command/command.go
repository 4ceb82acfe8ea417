// Package command is the weir command: flags, arguments and what is printed, over host/app. Each main that is weir runs it.
package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// shell is what every command is given: the three streams and the flags common to all.
type shell struct {
	version  string
	in       io.Reader
	out, err io.Writer
	results  *stream // out, watched

	json      bool
	logFormat string
	logLevel  string
	endpoint  string
	profile   string
	tls       app.ClusterTLS
	// How long to try to reach a cluster again.
	retryBudget time.Duration

	received chan os.Signal // since before main; nil: nobody has listened, or somebody does already
	log      *slog.Logger
	started  bool // flags and arguments were good: what fails from here on classes itself
}

// Main runs the command that the process was started for, and returns its exit code. received is registered for SIGINT and SIGTERM.
func Main(version string, received chan os.Signal) (code int) {
	sh := &shell{version: version, in: os.Stdin, out: os.Stdout, err: os.Stderr, received: received}
	return sh.run(os.Args[1:])
}

// Run runs one command and returns the process's exit code.
func Run(version string, args []string, in io.Reader, out, errs io.Writer) (code int) {
	sh := &shell{version: version, in: in, out: out, err: errs}
	return sh.run(args)
}

func (sh *shell) run(args []string) (code int) {
	sh.log = slog.New(slog.DiscardHandler)
	defer func() {
		if p := recover(); p != nil {
			code = sh.fail(fmt.Errorf("internal error: %v; this is a mistake in weir, please report it with what led to it", p))
		}
	}()
	ctx, ended := sh.watched()
	defer ended()
	root := sh.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !sh.started {
		err = fault.InputError(plainly(err))
	}
	if errors.Is(context.Cause(ctx), errNoReader) {
		return int(fault.Environment) // quietly: whoever closed the pipe has what they wanted
	}
	if failed := sh.results.failure(); failed != nil {
		err = fault.EnvironmentError(cmp.Or(err, failed))
	}
	if err == nil {
		return 0
	}
	return sh.fail(err)
}

func (sh *shell) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "weir",
		Short:         "Sandboxed WebAssembly operators on Fluvio streams",
		Version:       sh.version,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if sh.retryBudget < 0 {
				return fmt.Errorf("--retry-budget: want 0 or more, got %s", sh.retryBudget)
			}
			if err := noEmptyFlag(cmd); err != nil {
				return err
			}
			if err := sh.cluster().Check(); err != nil {
				return err
			}
			return sh.setLog()
		},
	}
	root.SetHelpCommand(helpCommand())
	root.SetIn(sh.in)
	root.SetOut(sh.out)
	root.SetErr(sh.err)
	root.SetFlagErrorFunc(nearestFlag)
	flags := root.PersistentFlags()
	flags.BoolVar(&sh.json, "json", false, "print results as JSON")
	flags.StringVar(&sh.logFormat, "log-format", "text", "text or json; with json the error stream has log lines alone: no progress, and the final counts as a line")
	flags.DurationVar(&sh.retryBudget, "retry-budget", time.Minute, "how long to try to reach the cluster again, at start as in mid-stream, before giving up with code 3")
	flags.StringVar(&sh.logLevel, "log-level", "info", "debug, info, warn or error")
	root.AddCommand(sh.runCommand(), sh.brokerCommand(), sh.topicCommand(), sh.partitionCommand(), sh.spuCommand(), sh.consumerCommand(),
		sh.smartmoduleCommand(), sh.produceCommand(), sh.consumeCommand(), sh.deadletterCommand(), sh.stateCommand(), sh.moduleCommand(), sh.configCommand(), sh.connectorCommand(), sh.schemaCommand(), sh.decodeCommand(), sh.encodeCommand(), sh.demoCommand(),
		sh.completionCommand())
	sh.markStart(root)
	return root
}

// markStart notes when a command begins to run: whatever failed before is about its flags and arguments.
func (sh *shell) markStart(cmd *cobra.Command) {
	if do := cmd.RunE; do != nil {
		if !cmd.HasSubCommands() {
			cmd.Args = checkArgs
		}
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			sh.started = true
			sh.letSignalsEnd(cmd)
			return do(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		sh.markStart(sub)
	}
}

// setLog makes the logger: to the error stream, since the output stream is for results.
func (sh *shell) setLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(sh.logLevel)); err != nil {
		return fmt.Errorf("--log-level: want debug, info, warn or error, got %q", sh.logLevel)
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	switch sh.logFormat {
	case "text":
		sh.log = slog.New(slog.NewTextHandler(sh.err, options))
	case "json":
		sh.log = slog.New(slog.NewJSONHandler(sh.err, options))
	default:
		return fmt.Errorf("--log-format: want text or json, got %q", sh.logFormat)
	}
	return nil
}

// readable makes durations text such as 1.5s: in JSON they would be nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// fail tells the user what went wrong and returns the exit code: 1 a bug, 2 bad input, 3 the environment.
func (sh *shell) fail(err error) int {
	var quiet silent
	text := visible.Lines(strings.TrimSpace(err.Error()))
	switch {
	case errors.As(err, &quiet):
	case sh.logFormat == "json":
		sh.log.Error(text, "code", int(fault.Of(err)))
	default:
		fmt.Fprintf(sh.err, "weir: %s\n", text)
	}
	return int(fault.Of(err))
}

// say tells people what the process is doing: in the log where that is for machines.
func (sh *shell) say(text string) {
	if sh.logFormat == "json" {
		sh.log.Info(text)
		return
	}
	fmt.Fprintf(sh.err, "weir: %s\n", text)
}

// talk is where progress goes: nowhere where the log is for machines.
func (sh *shell) talk() io.Writer {
	if sh.logFormat == "json" {
		return io.Discard
	}
	return sh.err
}

// group is a command that only has others below it.
func group(cmd *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subs...)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return noCommand(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var names []string
		for _, sub := range cmd.Commands() {
			names = append(names, sub.Name())
		}
		return fault.Inputf("weir %s: want one of %s after it", cmd.Name(), strings.Join(names, ", "))
	}
	return cmd
}

// silent is an error whose text the command has printed already.
type silent struct{ error }

func (s silent) Unwrap() error { return s.error }

// printJSON prints one result as a line of JSON.
func (sh *shell) printJSON(v any) error {
	enc := json.NewEncoder(sh.out)
	enc.SetEscapeHTML(false)
	return fault.EnvironmentError(enc.Encode(v))
}

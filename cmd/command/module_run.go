package command

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

// runModuleFlags are the flags of the commands that run a module.
func (sh *shell) runModuleFlags(cmd *cobra.Command, c *app.ModuleRun) *cobra.Command {
	flags := cmd.Flags()
	flags.StringVar(&c.Schema, "schema", "", "columns of the records, as SQL: 'a BIGINT NOT NULL, b TEXT' (required)")
	flags.StringVar(&c.Input, "input", "", "file of records, one a line of at most 16 MiB; -: standard input (required)")
	flags.StringVar(&c.Format, "format", "json", "format of the records")
	flags.StringArrayVar(&c.Options, "option", nil, "KEY=VALUE of the format, such as json.timestamp_format=unix_millis; may be repeated")
	flags.StringArrayVar(&c.Params, "param", nil, "KEY=VALUE of the module; with a key that begins with weir., an option as in CREATE FUNCTION; may be repeated")
	flags.StringVar(&c.Fuel, "fuel", "", "units of fuel for one call, about one an instruction: 1 to 10^15; default: 10^9")
	flags.StringVar(&c.Memory, "memory", "", "bytes for memory, stack and what the host holds for a call, such as 64MB: 128KB to 256MB; default: 64MB")
	flags.StringVar(&c.Timeout, "timeout", "", "wall time of one call, such as 500ms: up to 1h; default: 30s, which the interpreter needs more than for the default of fuel")
	flags.StringVar(&c.Depth, "depth", "", "stack of nested calls in slots of 8 bytes, at most an eighth of the memory: 1 to 2000000; default: 1000000")
	flags.StringVar(&c.Engine, "engine", "", "wazero, interpreter or wasmtime, where the build has it; default: wazero")
	for _, required := range []string{"schema", "input"} {
		_ = cmd.MarkFlagRequired(required) // fails only for a flag that does not exist
	}
	suggest(cmd, "format", "json")
	suggest(cmd, "engine", "wazero", "interpreter", "wasmtime")
	for _, text := range []string{"schema", "option", "param", "fuel", "memory", "timeout", "depth"} {
		suggest(cmd, text)
	}
	cmd.ValidArgsFunction = completeWasm
	return cmd
}

// completeWasm completes the one argument with files that end in .wasm.
func completeWasm(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return only(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"wasm"}, cobra.ShellCompDirectiveFilterFileExt
	})(cmd, args, typed)
}

func (sh *shell) moduleTest() *cobra.Command {
	var c app.ModuleTest
	cmd := &cobra.Command{
		Use:   "test FILE.wasm",
		Short: "Run a module on records of a file and print what comes out",
		Long: `Test runs a module without a broker, on the path that a pipeline takes: records are decoded into batches, rows that the module fails
on alone are taken out, everything else goes through. Nothing of the module's is kept.

Rows go to stdout, one a line, as weir's JSON sink writes them; where the module has several outputs, as {"output":"NAME","row":{…}}.
Rejected records, those that could not be decoded and those that the module rejected or failed on, go to stderr or --rejects FILE, one a
line: {"record":0,"frame":0,"code":"…","path":"…","message":"…"}, records counted from 0. With --json the last line of stderr is
{"rows_in","rows_out","rejected","traps","fuel","guest_seconds","memory_pages","seconds"}: traps are calls that failed, fuel is in units,
pages have 64 KiB. It is there after a failure too, behind the reason.

Batches are cut at 8192 rows or 1 MiB, so that the fuel is the same each time, on each machine and engine. --cuts N runs the records N
times more, with batches cut at random, and compares rows and rejected rows: a module whose manifest says batch_independent must not show
where the cuts were. The first difference ends it with code 2, and with the seed that shows it again.

Limits are those of CREATE FUNCTION: --fuel 1000 is 'weir.fuel' = '1000', and --param takes its other options, such as weir.on_error=fail,
weir.fuel_per_second and weir.host_calls, beside the module's parameters. Records have no time and no key here; the module's clock stands still.
Exit codes: 0 done, whatever was rejected; 2 the module, the input or a flag is at fault; 3 the environment.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Cuts < 0 {
				return fault.Inputf("--cuts: want 0 or more, got %d", c.Cuts)
			}
			if cmd.Flags().Changed("seed") && c.Cuts == 0 {
				return fault.Inputf("--seed: it is for --cuts, which is not given")
			}
			if !cmd.Flags().Changed("seed") {
				c.Seed = rand.Uint64N(1_000_000)
			}
			c.Path, c.In, c.Out, c.Err, c.Log = args[0], sh.in, sh.out, sh.err, sh.log
			done, err := app.TestModule(cmd.Context(), c)
			switch {
			case done == nil:
				return err
			case sh.json:
				return sh.endWith(done, err)
			case err == nil && c.Cuts > 0:
				fmt.Fprintf(sh.talk(), "%s: the same with other batch cuts, %d times (seeds %d to %d)\n", c.Path, c.Cuts, c.Seed, c.Seed+uint64(c.Cuts)-1)
			}
			_ = done.Print(sh.talk(), c.Path) // nobody hears more than that
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Rejects, "rejects", "", "file for rejected records; default: standard error")
	flags.IntVar(&c.Cuts, "cuts", 0, "how many more runs, with batches cut at random, must give the same")
	flags.Uint64Var(&c.Seed, "seed", 0, "seed of the first of them, the next ones count on; default: drawn")
	return sh.runModuleFlags(cmd, &c.ModuleRun)
}

// endWith makes an object the last line of the error stream, behind the reason of a failure.
func (sh *shell) endWith(object any, err error) error {
	if err != nil {
		sh.fail(err)
		err = silent{err}
	}
	line, broken := json.Marshal(object)
	if broken != nil {
		return broken
	}
	fmt.Fprintf(sh.err, "%s\n", line)
	return err
}

func (sh *shell) moduleBench() *cobra.Command {
	var c app.ModuleBench
	cmd := &cobra.Command{
		Use:   "bench FILE.wasm",
		Short: "Measure what a module costs a row, and what metering adds to that",
		Long: `Bench decodes the records of a file once and hands them to the module again and again, in batches as a pipeline cuts them. It gives
nanoseconds and fuel a row, the bytes that are copied into and out of the module a row, calls and memory. A round is as many passes over
the records as take a twentieth of a second.

It also runs the module as it was built, without metering, on the same records in turn with the metered one, and gives the ratio. Nothing can
stop a module that is not metered, so it is run so only after the metered one has got through the same records within all limits, which
proves that it ends. Rounds of the two take turns at beginning. Times are medians over rounds, with the range that nine tenths of
them lie in, of the module's own code (guest) and of the whole call, which has the copies and checks around it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Path, c.In, c.Log = args[0], sh.in, sh.log
			done, err := app.BenchModule(cmd.Context(), c)
			if err != nil {
				return err
			}
			if sh.json {
				return sh.printJSON(done)
			}
			return done.Print(sh.out)
		},
	}
	cmd.Flags().IntVar(&c.Rounds, "rounds", app.DefaultBenchRounds, fmt.Sprintf("rounds of each of the two, 3 to %d", app.MaxBenchRounds))
	return sh.runModuleFlags(cmd, &c.ModuleRun)
}

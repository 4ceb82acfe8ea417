package command

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) stateCommand() *cobra.Command {
	return group(&cobra.Command{Use: "state", Short: "List, show and rewind the checkpoints of pipelines"},
		sh.stateList(), sh.stateShow(), sh.stateRewind())
}

// stateFlag adds --state, which must be given.
func stateFlag(cmd *cobra.Command, folder *string) {
	cmd.Flags().StringVar(folder, "state", "", "folder of the checkpoints, as given to run")
	_ = cmd.MarkFlagRequired("state") // it is there
	_ = cmd.MarkFlagDirname("state")
}

func (sh *shell) stateList() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the lanes that a state folder has checkpoints of",
		Long: `List prints a line for each lane, a source partition of a pipeline: the offset that it goes on from, when that was saved, the process that
runs it now, and how many of its files are damaged. Nothing is locked: pipelines may run meanwhile.`,
		RunE: func(*cobra.Command, []string) error { return app.ListState(folder, sh.output()) },
	}
	stateFlag(cmd, &folder)
	return cmd
}

func (sh *shell) stateShow() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:   "show PIPELINE [PARTITION]",
		Short: "Show everything that the checkpoints of a pipeline say",
		RunE: func(_ *cobra.Command, args []string) error {
			partition := int64(-1)
			if len(args) > 1 {
				p, err := readPartition(args[1])
				if err != nil {
					return err
				}
				partition = int64(p)
			}
			return app.ShowState(folder, args[0], partition, sh.output())
		},
	}
	stateFlag(cmd, &folder)
	return cmd
}

func (sh *shell) stateRewind() *cobra.Command {
	var (
		folder string
		to     int64
	)
	cmd := &cobra.Command{
		Use:   "rewind PIPELINE PARTITION",
		Short: "Make a pipeline go on from another offset of a partition",
		Long: `Rewind saves a checkpoint at another offset, back or forth. What the pipeline makes of the records from there on is written anew, whatever
is in its sinks already: with exactly once, under new writer ids. The pipeline must not be running.`,
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readPartition(args[1])
			if err != nil {
				return err
			}
			return app.RewindState(folder, args[0], p, to, sh.output())
		},
	}
	stateFlag(cmd, &folder)
	cmd.Flags().Int64Var(&to, "to-offset", 0, "offset to go on from")
	_ = cmd.MarkFlagRequired("to-offset") // it is there
	return cmd
}

func readPartition(text string) (uint32, error) {
	p, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fault.Inputf("want a partition such as 0, got %q", text)
	}
	return uint32(p), nil
}

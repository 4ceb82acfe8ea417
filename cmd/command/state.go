package command

import (
	"slices"
	"strconv"
	"strings"

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
runs it now, how many of its files are damaged, and why a run would refuse the lane, if it would. Nothing is locked: pipelines may run
meanwhile.`,
		RunE: func(*cobra.Command, []string) error { return app.ListState(folder, sh.output()) },
	}
	stateFlag(cmd, &folder)
	return cmd
}

func (sh *shell) stateShow() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:               "show PIPELINE [PARTITION]",
		Short:             "Show everything that the checkpoints of a pipeline say",
		ValidArgsFunction: completeLane(&folder),
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
		ValidArgsFunction: completeLane(&folder),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readPartition(args[1])
			if err != nil {
				return err
			}
			return app.RewindState(folder, args[0], p, to, sh.output())
		},
	}
	stateFlag(cmd, &folder)
	cmd.Flags().Int64Var(&to, "to-offset", 0, "offset to go on from (required)")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error { // marked as required, it would be completed in place of the lanes
		if !cmd.Flags().Changed("to-offset") {
			return fault.Inputf("weir state rewind: want --to-offset, the offset to go on from")
		}
		return nil
	}
	return cmd
}

// completeLane completes a pipeline of the state folder, and then a partition of that.
func completeLane(folder *string) complete {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		var names []string
		switch len(args) {
		case 0:
			names = app.PipelineNames(*folder)
		case 1:
			names = app.PipelinePartitions(*folder, args[0])
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, typed) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func readPartition(text string) (uint32, error) {
	p, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fault.Inputf("want a partition such as 0, got %q", text)
	}
	return uint32(p), nil
}

package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

// completionScripts write the script of a shell. It asks weir itself for what fits, so it need not be made anew.
var completionScripts = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
}

var shells = []string{"bash", "zsh", "fish", "powershell"}

func (sh *shell) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "Print a script that teaches a shell to complete weir's commands",
		Long: `Completion prints a script for a shell. Names of topics, SmartModules and consumers are completed too: they are asked of the
cluster that the flags typed so far, or the active profile, name.

  bash         source <(weir completion bash)
  zsh          weir completion zsh > "${fpath[1]}/_weir"
  fish         weir completion fish | source
  powershell   weir completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			generate, ok := completionScripts[args[0]]
			if !ok {
				return fault.Inputf("weir completion: want one of %s, got %q", strings.Join(shells, ", "), args[0])
			}
			var script bytes.Buffer
			if err := generate(cmd.Root(), &script); err != nil {
				return err
			}
			if sh.json {
				return sh.printJSON(map[string]string{"shell": args[0], "script": script.String()})
			}
			_, err := script.WriteTo(sh.out)
			return fault.EnvironmentError(err)
		},
	}
}

// complete is what cobra asks for the words that fit.
type complete = func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective)

// fitting are the names that begin as what is typed does and are not there yet.
func (sh *shell) fitting(ctx context.Context, names func(context.Context, app.Cluster) []string, args []string, typed string) (
	[]string, cobra.ShellCompDirective) {
	var fit []string
	if sh.cluster().Check() == nil {
		fit = slices.DeleteFunc(names(ctx, sh.cluster()), func(name string) bool {
			return !strings.HasPrefix(name, typed) || slices.Contains(args, name)
		})
	}
	return fit, cobra.ShellCompDirectiveNoFileComp
}

// only completes the first argument.
func only(complete complete) complete {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, typed)
	}
}

func (sh *shell) completeTopics(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return sh.fitting(cmd.Context(), app.TopicNames, args, typed)
}

func (sh *shell) completeTopic(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return only(sh.completeTopics)(cmd, args, typed)
}

func (sh *shell) completeSmartModules(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return sh.fitting(cmd.Context(), app.SmartModuleNames, args, typed)
}

func (sh *shell) completeSmartModule(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return only(sh.completeSmartModules)(cmd, args, typed)
}

func (sh *shell) completeConsumer(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return only(func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		return sh.fitting(cmd.Context(), app.ConsumerNames, args, typed)
	})(cmd, args, typed)
}

// suggest completes the value of a flag from a list.
func suggest(cmd *cobra.Command, flag string, values ...string) {
	register(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func (sh *shell) suggestTopics(cmd *cobra.Command, flag string) {
	register(cmd, flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return sh.completeTopics(cmd, nil, typed)
	})
}

func (sh *shell) suggestSmartModules(cmd *cobra.Command, flag string) {
	register(cmd, flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return sh.completeSmartModules(cmd, nil, typed)
	})
}

func register(cmd *cobra.Command, flag string, complete complete) {
	_ = cmd.RegisterFlagCompletionFunc(flag, complete) // fails only for a flag that does not exist
}

// needs refuses flags that would do nothing without another one.
func needs(cmd *cobra.Command, flag string, others ...string) {
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		for _, other := range others {
			if cmd.Flags().Changed(other) && !cmd.Flags().Changed(flag) {
				return fmt.Errorf("--%s needs --%s", other, flag)
			}
		}
		if before == nil {
			return nil
		}
		return before(cmd, args)
	}
}

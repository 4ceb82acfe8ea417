package command

import (
	"context"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

// drains marks a command that ends in good order when it is told to. It asks [shell.signals] for that.
func drains(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{drainsKey: ""}
	return cmd
}

const drainsKey = "drains"

// signals is app.Signals for a command that was marked.
func (sh *shell) signals(cmd *cobra.Command) (ctx context.Context, drain <-chan struct{}, done func()) {
	received := sh.received
	sh.received = nil
	return app.Signals(cmd.Context(), received, sh.say)
}

// letSignalsEnd gives signals their usual effect back, for a command that has nothing to bring to an end; those that have come already have it
// now.
func (sh *shell) letSignalsEnd(cmd *cobra.Command) {
	if _, marked := cmd.Annotations[drainsKey]; marked || sh.received == nil {
		return
	}
	signal.Stop(sh.received)
	select {
	case s := <-sh.received:
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(s) // where there are no signals none has come
		}
	default:
	}
	sh.received = nil
}

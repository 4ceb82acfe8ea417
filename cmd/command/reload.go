package command

import (
	"context"
	"errors"
	"strings"

	"github.com/weir-stream/weir/host/app"
)

// reload reads a run's file again, and logs what came of it.
func (sh *shell) reload(ctx context.Context, live *app.Live) {
	changes, err := live.Reload(ctx)
	switch {
	case errors.Is(err, app.ErrNothingToReload):
		sh.log.Info("SIGHUP: nothing to reload", "reason", err)
	case err != nil:
		sh.log.Warn("SIGHUP: the limits stay as they are", "reason", err)
	case len(changes) == 0:
		sh.log.Info("SIGHUP: no limit has changed")
	default:
		var lines []string
		for _, c := range changes {
			lines = append(lines, c.String())
		}
		sh.log.Info("SIGHUP: limits have changed, from the next call on", "limits", strings.Join(lines, ", "))
	}
}

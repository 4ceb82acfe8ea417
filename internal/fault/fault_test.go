package fault

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestClassIsTheOutermostInTheChain(t *testing.T) {
	base := errors.New("x")
	for name, tc := range map[string]struct {
		err  error
		want Class
	}{
		"nil":                        {nil, None},
		"plain":                      {base, Bug},
		"input":                      {InputError(base), Input},
		"wrapped":                    {fmt.Errorf("a: %w", EnvironmentError(base)), Environment},
		"outer wins":                 {EnvironmentError(InputError(base)), Environment},
		"joined: input before env":   {errors.Join(EnvironmentError(base), InputError(base)), Input},
		"joined: bug first":          {errors.Join(EnvironmentError(base), base), Bug},
		"two %w verbs":               {fmt.Errorf("%w: %w", EnvironmentError(base), InputError(base)), Input},
		"cancelled":                  {fmt.Errorf("a: %w", context.Canceled), Environment},
		"formatted, input":           {Inputf("line %d", 3), Input},
		"formatted, environment":     {Environmentf("port %d", 3), Environment},
		"nil stays nil, input":       {InputError(nil), None},
		"nil stays nil, environment": {EnvironmentError(nil), None},
	} {
		if got := Of(tc.err); got != tc.want {
			t.Errorf("%s: class %d, want %d", name, got, tc.want)
		}
	}
	if !errors.Is(InputError(base), base) {
		t.Error("a class hides the error beneath it")
	}
}

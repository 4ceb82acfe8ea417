package command

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// broken is an output whose writes fail.
type broken struct{ why error }

func (b broken) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "out", Err: b.why}
}

// TestResultsThatAreNotWrittenAreCodeThree has commands that print without looking at the error, too.
func TestResultsThatAreNotWrittenAreCodeThree(t *testing.T) {
	for _, args := range []string{"--version", "--help", "help topic", "topic list --help", "completion bash", "completion zsh --json"} {
		var errs bytes.Buffer
		if code := Run("test", strings.Fields(args), strings.NewReader(""), broken{syscall.ENOSPC}, &errs); code != 3 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("weir %s on a full disk: code %d, %s", args, code, errs.String())
		}
		errs.Reset()
		if code := Run("test", strings.Fields(args), strings.NewReader(""), broken{syscall.EPIPE}, &errs); code != 3 || errs.Len() > 0 {
			t.Errorf("weir %s without a reader: code %d, %s", args, code, errs.String())
		}
	}
}

func TestAStreamKeepsTheFirstError(t *testing.T) {
	first, ended := fmt.Errorf("first"), 0
	s := &stream{Writer: broken{first}, end: func(error) { ended++ }}
	_, _ = s.Write(nil)
	s.Writer = broken{syscall.EPIPE}
	if _, err := s.Write(nil); !errors.Is(err, syscall.EPIPE) || !errors.Is(s.failure(), first) || ended != 1 {
		t.Errorf("%v, kept %v, ended %d times", err, s.failure(), ended)
	}
}

func TestHelpNamesEachDefaultOnce(t *testing.T) {
	for _, args := range []string{"broker --help", "produce --help", "consume --help", "topic create --help"} {
		var out, errs bytes.Buffer
		if code := Run("test", strings.Fields(args), strings.NewReader(""), &out, &errs); code != 0 {
			t.Fatalf("weir %s: code %d, %s", args, code, errs.String())
		}
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, "default: ") && strings.Contains(line, "(default ") || strings.Contains(line, "(default 0s)") {
				t.Errorf("weir %s: %s", args, line)
			}
		}
	}
}

//go:build faults

package faultpoint

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAPlaceEndsTheProcess(t *testing.T) {
	if os.Getenv("WEIR_FAULT") != "" {
		for range 5 {
			Pass("here")
			Pass("there")
		}
		t.Fatal("still there")
	}
	log := filepath.Join(t.TempDir(), "log")
	child := exec.Command(os.Args[0], "-test.run=^TestAPlaceEndsTheProcess$")
	child.Env = append(os.Environ(), "WEIR_FAULT=there:3", "WEIR_FAULT_LOG="+log)
	_ = child.Run()
	status, ok := child.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("the child ended with %v", child.ProcessState)
	}
	if got, err := os.ReadFile(log); err != nil || string(got) != "passed here\npassed there\nstruck there\n" {
		t.Errorf("the log is %q, %v", got, err)
	}
}

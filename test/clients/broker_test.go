//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const weir = "../../bin/weir"

// broker is a weir broker as a process.
type broker struct {
	sc, spu string
	dir     string
	flags   []string
	cmd     *exec.Cmd
	errs    bytes.Buffer
}

func startBroker(t *testing.T, flags ...string) *broker {
	t.Helper()
	if _, err := os.Stat(weir); err != nil {
		t.Fatalf("%v; run make build first", err)
	}
	b := &broker{sc: "127.0.0.1:0", spu: "127.0.0.1:0", dir: t.TempDir(), flags: flags}
	b.start(t)
	t.Cleanup(func() { b.stop(t) })
	return b
}

// start serves where the broker served before.
func (b *broker) start(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(weir, append([]string{"broker", "--data", b.dir, "--sc", b.sc, "--spu", b.spu}, b.flags...)...)
	b.errs.Reset()
	b.cmd.Stderr = &b.errs
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscanf(line, "ready sc=%s spu=%s\n", &b.sc, &b.spu)
	}
	if err != nil {
		_ = b.cmd.Wait()
		t.Fatalf("the broker's line %q: %v\n%s", line, err, b.errs.String())
	}
}

func (b *broker) stop(t *testing.T) {
	t.Helper()
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	if err := b.cmd.Wait(); err != nil {
		t.Errorf("the broker: %v\n%s", err, b.errs.String())
	}
}

// kill ends it as a crash does.
func (b *broker) kill() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}

//go:build differential

package differential

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// patience is when a peer that has not come to its end is taken for stuck, and ended.
const patience = 5 * time.Minute

// largest is the most bytes a message between us and a peer may have. peer.py has the same bound.
const largest = 256 << 20

var installed = sync.OnceValues(install)

// peer is a Python process that answers questions, one after the other: peer.py. A question is an array of byte strings, the first
// of which names it; so is an answer.
type peer struct {
	in   io.WriteCloser
	out  io.Reader
	errs *bytes.Buffer
}

// startPeer starts a process that ends with the test.
func startPeer(t *testing.T) *peer {
	t.Helper()
	python, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, python, "peer.py")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0")
	p := &peer{errs: &bytes.Buffer{}}
	cmd.Stderr = p.errs
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.in.Close()
		cancel()
		_ = cmd.Wait() // it was killed, if it had not ended
	})
	return p
}

// ask asks a question. An answer that something went wrong in the peer is fatal.
func (p *peer) ask(t *testing.T, name string, parts ...[]byte) [][]byte {
	t.Helper()
	answer, err := p.exchange(append([][]byte{[]byte(name)}, parts...))
	if err != nil {
		t.Fatalf("asking the peer %q: %v\n%s", name, err, p.errs)
	}
	if string(answer[0]) != "ok" {
		t.Fatalf("the peer failed at %q: %s", name, answer[0])
	}
	return answer[1:]
}

func (p *peer) exchange(parts [][]byte) ([][]byte, error) {
	question := binary.BigEndian.AppendUint32(nil, 0)
	for _, part := range parts {
		question = append(binary.BigEndian.AppendUint32(question, uint32(len(part))), part...)
	}
	if len(question) > largest {
		return nil, fmt.Errorf("a question of %d bytes", len(question))
	}
	binary.BigEndian.PutUint32(question, uint32(len(question)-4))
	if _, err := p.in.Write(question); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(p.out, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > largest {
		return nil, fmt.Errorf("an answer of %d bytes", n)
	}
	answer := make([]byte, n)
	if _, err := io.ReadFull(p.out, answer); err != nil {
		return nil, err
	}
	return split(answer)
}

// split takes the byte strings of a message apart.
func split(message []byte) (parts [][]byte, err error) {
	for len(message) > 0 {
		if len(message) < 4 || uint64(binary.BigEndian.Uint32(message)) > uint64(len(message)-4) {
			return nil, errors.New("an answer that ends within a part")
		}
		n := 4 + int(binary.BigEndian.Uint32(message))
		parts, message = append(parts, message[4:n]), message[n:]
	}
	if len(parts) == 0 {
		return nil, errors.New("an empty answer")
	}
	return parts, nil
}

// noComplaints fails the test with what a peer found.
func noComplaints(t *testing.T, report [][]byte) {
	t.Helper()
	for _, found := range report {
		t.Errorf("%s", found)
	}
}

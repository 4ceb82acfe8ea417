//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A disk that is really full takes a file system of its own. The test binary starts itself in a user and mount namespace of its own, where
// nobody needs to be root to mount a small one in memory; it copies the state folder there, runs weir on it, fills it up when it is told
// to, and copies the state back.

const (
	roomVariable  = "CHAOS_ROOM"  // an empty folder, where the small file system is mounted
	stateVariable = "CHAOS_STATE" // the state folder that it begins with
	backVariable  = "CHAOS_BACK"  // where that goes in the end
	roomSize      = "size=16m"    // a plan with its modules, several times
)

// stateInRoom is the state folder on the small file system.
func stateInRoom(room string) string { return filepath.Join(room, "state") }

// startInRoom starts weir in a room. Its state is there a copy of what is in state, and what becomes of it will be in back. fill fills the
// room up.
func startInRoom(environment []string, room, state, back string, args ...string) (p *process, fill func(), err error) {
	if err := os.Mkdir(room, 0o755); err != nil {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	p = &process{cmd: exec.Command(self, args...)}
	p.cmd.Env = append(append(os.Environ(), environment...),
		weirVariable+"="+weirBinary, roomVariable+"="+room, stateVariable+"="+state, backVariable+"="+back)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:   syscall.SIGKILL,
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	told, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := p.start(); err != nil {
		return nil, nil, err
	}
	return p, sync.OnceFunc(func() { _ = told.Close() }), nil
}

// roomIsThere tells whether the system lets us mount a file system.
var roomIsThere = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "weir-room-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	p, fill, err := startInRoom(nil, filepath.Join(dir, "room"), "", "", "help")
	if err != nil {
		return false
	}
	fill()
	<-p.ended
	return p.cmd.ProcessState.Success()
})

// inRoom is what the process does that startInRoom starts. It ends as weir does.
func inRoom(room string) (code int, err error) {
	if err := unix.Mount("weir", room, "tmpfs", 0, roomSize); err != nil {
		return 0, fmt.Errorf("mount a small file system: %w", err)
	}
	if err := copied(stateInRoom(room), os.Getenv(stateVariable)); err != nil {
		return 0, err
	}
	cmd := exec.Command(os.Getenv(weirVariable), os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is closed
		fillUp(filepath.Join(room, "filler"))
	}()
	var ended *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &ended) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), copied(os.Getenv(backVariable), stateInRoom(room))
}

// copied copies a folder, where there is one.
func copied(to, from string) error {
	if _, err := os.Stat(from); err != nil {
		return nil
	}
	return os.CopyFS(to, os.DirFS(from))
}

// fillUp writes a file until there is no room for more.
func fillUp(path string) {
	f, err := os.Create(path)
	if err != nil {
		return
	}
	defer f.Close()
	for page := make([]byte, 4<<10); err == nil; {
		_, err = f.Write(page)
	}
}

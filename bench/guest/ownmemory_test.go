package main

import (
	"bytes"
	"testing"
)

func TestOwnMemory(t *testing.T) {
	header := []byte("\x00asm\x01\x00\x00\x00")
	functionType := []byte{1, 4, 1, 0x60, 0, 0}
	imports := []byte{2, 14, 2, 1, 'a', 1, 'f', 0, 0, 1, 'a', 1, 'm', 2, 0, 3}
	global := []byte{6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b}
	got, err := ownMemory(bytes.Join([][]byte{header, functionType, imports, global}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Join([][]byte{header, functionType, {2, 7, 1, 1, 'a', 1, 'f', 0, 0}, {5, 3, 1, 0, 3}, global}, nil)
	if !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
	for _, broken := range [][]byte{nil, header[:4], append(header, 2, 200, 1), append(header, 2, 1, 0)} {
		if made, err := ownMemory(broken); err == nil && bytes.Equal(made, header) {
			t.Errorf("% x is taken", broken)
		}
	}
}

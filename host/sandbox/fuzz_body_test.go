package sandbox

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// FuzzBody puts any bytes into a function of a module that has something of everything, and compares what is said of it with
// wazero's validation, which is another reading of the same rules: what is accepted here is accepted there, before and after
// rewriting, and what is refused here is refused there.
func FuzzBody(f *testing.F) {
	for _, code := range [][]byte{
		{}, {0x00}, {0x41, 1, 0x04, 0x40, 0x05, 0x0b}, {0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b}, {0x02, 2, 0x41, 1, 0x42, 2, 0x0b, 0x1a, 0x1a},
		{0x20, 0, 0x20, 1, 0x20, 2, 0x1c, 1, 0x7f, 0x1a}, {0x41, 0, 0x41, 0, 0x28, 2, 0, 0x36, 2, 4}, {0x41, 3, 0x40, 0, 0x1a, 0x3f, 0, 0x1a},
		{0x02, 0x40, 0x41, 0, 0x0e, 1, 0, 1, 0x0b}, {0x41, 1, 0x11, 1, 0}, {0xd2, 2, 0xd1, 0x1a}, {0xd0, 0x6f, 0x41, 1, 0xfc, 15, 1, 0x1a},
		{0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 10, 0, 0}, {0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 8, 1, 0, 0xfc, 9, 1}, {0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 12, 0, 0},
		bytesOf(0xfd, 12, make([]byte, 16), 0xfd, 12, make([]byte, 16), 0xfd, 0xae, 1, 0xfd, 0x1b, 3, 0x1a), {0x20, 4, 0x24, 2, 0x23, 3, 0x1a},
		{0x41, 0, 0xfd, 0x5c, 2, 0, 0x41, 0, 0x20, 4, 0xfd, 0x57, 3, 0, 1, 0x1a, 0x1a}, {0x00, 0x6a, 0x04, 0x7f, 0x0c, 1, 0x05, 0x0f, 0x0b, 0x1a},
	} {
		f.Add(code)
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))
	f.Cleanup(func() { r.Close(ctx) })
	locals := vec(bytesOf(2, tI32), bytesOf(1, tI64), bytesOf(1, tF64), bytesOf(1, tV128), bytesOf(1, tFunc))
	f.Fuzz(func(t *testing.T, code []byte) {
		wasm := world(bytes.Clone(locals), code)
		m, err := Rewrite(wasm, Caps{BodyBytes: 1 << 16})
		theirs := compile(ctx, r, wasm)
		if err == nil {
			if theirs != nil {
				t.Fatalf("accepted, and wazero says: %v", theirs)
			}
			if err := compile(ctx, r, m.Wasm); err != nil {
				t.Fatalf("rewritten, and wazero says: %v", err)
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if theirs == nil && e.Code != CodeLimit && !slices.ContainsFunc(lenient, func(s string) bool { return strings.Contains(e.Message, s) }) {
			t.Fatalf("wazero accepts what is refused with: %v", err)
		}
	})
}

// lenient is what wazero lets through: it knows vector instructions by one byte and reads on behind it, and does not look at all
// unused bits of an integer's last byte.
var lenient = []string{"vector", "more bytes than it needs", "signed integer is longer"}

func compile(ctx context.Context, r wazero.Runtime, wasm []byte) error {
	m, err := r.CompileModule(ctx, wasm)
	if err == nil {
		return m.Close(ctx)
	}
	return err
}

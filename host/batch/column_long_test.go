//go:build !386 && !arm

package batch

import (
	"errors"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// Where words have 32 bits no slice is so long: this file is not for them.
func TestPastTheLastOffsetIsRefused(t *testing.T) {
	for _, typ := range []arrow.DataType{arrow.BinaryTypes.String, types.Dictionary()} {
		for name, add := range map[string]func(*Column) error{
			"bytes":  func(c *Column) error { return c.AppendBytes(make([]byte, 9)) },
			"string": func(c *Column) error { return c.AppendString("123456789") },
			"short":  func(c *Column) error { return c.AppendShort(0, 8) },
		} {
			c, b := one(t, typ)
			if err := c.AppendString("a"); err != nil {
				t.Fatal(err)
			}
			b.EndRow()
			text := c
			if c.words != nil {
				text = c.words.values
			}
			text.used = math.MaxInt32 - 7 // as if so much were there
			if err := add(c); !errors.Is(err, ErrFull) || c.Len() != 1 || text.Len() != 1 {
				t.Errorf("%s of %s: %v, %d values", name, typ, err, c.Len())
			}
			b.Release()
		}
	}
	c, _ := one(t, types.List(arrow.FixedWidthTypes.Boolean, true))
	c.Child(0).n = math.MaxInt32 + 1
	if err := c.EndList(); !errors.Is(err, ErrFull) || c.Len() != 0 {
		t.Errorf("list: %v, %d values", err, c.Len())
	}
	c.Child(0).n = 0
}

package abi

import (
	"bytes"
	"testing"
)

func TestTablesGetAMaximum(t *testing.T) {
	header := "\x00asm\x01\x00\x00\x00"
	for name, tc := range map[string]struct{ in, want string }{
		"no table section":      {"\x01\x01\x00", "\x01\x01\x00"},
		"none in it":            {"\x04\x01\x00", "\x04\x01\x00"},
		"no maximum":            {"\x04\x04\x01\x70\x00\x02", "\x04\x07\x01\x70\x01\x02\xc0\x84\x3d"},
		"a small one stays":     {"\x04\x05\x01\x70\x01\x02\x05", "\x04\x05\x01\x70\x01\x02\x05"},
		"a large one is cut":    {"\x04\x08\x01\x70\x01\x02\xff\xff\xff\x7f", "\x04\x07\x01\x70\x01\x02\xc0\x84\x3d"},
		"two, and what follows": {"\x04\x07\x02\x70\x00\x02\x6f\x00\x03\x05\x03\x01\x00\x01", "\x04\x0d\x02\x70\x01\x02\xa0\xc2\x1e\x6f\x01\x03\xa0\xc2\x1e\x05\x03\x01\x00\x01"},
	} {
		got, err := boundTables([]byte(header + tc.in))
		if err != nil || !bytes.Equal(got, []byte(header+tc.want)) {
			t.Errorf("%s: % x, %v; want % x", name, got, err, header+tc.want)
		}
	}
	for _, bad := range []string{"", "text", header + "\x04\x04\x01\x70\x00", header + "\x04\x02\x01\x70"} {
		if _, err := boundTables([]byte(bad)); err == nil {
			t.Errorf("%q is bounded", bad)
		}
	}
}

package benchkit

import (
	"bytes"
	"testing"
)

func TestTargets(t *testing.T) {
	var all Targets
	all.AtLeast("rate", 500_000, 500_000)
	all.AtLeast("rate", 500_000, 499_999)
	all.AtMost("time", 1.15, 1.15)
	all.AtMost("time", 1.15, 1.151)
	var out bytes.Buffer
	all.Table(&out)
	want := "\ntarget\twant\tfound\tmet\nrate\t>= 500000\t500000.000\ttrue\nrate\t>= 500000\t499999.000\tfalse\n" +
		"time\t<= 1.15\t1.150\ttrue\ntime\t<= 1.15\t1.151\tfalse\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

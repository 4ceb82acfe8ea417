package benchkit

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// pretend is weir run of a file whose name says how it ends.
func pretend(args []string) (code int) {
	if args[0] == "bad.sql" {
		fmt.Fprintln(os.Stderr, "no such table")
		return 2
	}
	fmt.Fprintf(os.Stdout, `{"records_in":%d,"records_out":1,"seconds":2.5,"stages":{"decode":1}}`, len(os.Getenv("RECORDS")))
	if !slices.Equal(args, []string{"good.sql", "--until-end", "--json", "--state", "folder", "--endpoint", "127.0.0.1:1"}) {
		return 1
	}
	return 0
}

func TestPipelineRunsToItsEnd(t *testing.T) {
	weir := Weir{Binary: os.Args[0], SC: "127.0.0.1:1"}
	s, e, err := weir.Pipeline(t.Context(), []string{"RECORDS=four"}, "good.sql", "--state", "folder")
	if err != nil {
		t.Fatal(err)
	}
	if s.RecordsIn != 4 || s.RecordsOut != 1 || s.Seconds != 2.5 || s.Stages["decode"] != 1 {
		t.Errorf("its summary is %+v", s)
	}
	if e.Seconds <= 0 {
		t.Errorf("it took %v s", e.Seconds)
	}
}

func TestPipelineThatFailsSaysWhy(t *testing.T) {
	weir := Weir{Binary: os.Args[0], SC: "127.0.0.1:1"}
	if _, _, err := weir.Pipeline(t.Context(), nil, "bad.sql"); err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("the error is %v", err)
	}
	weir.Binary = t.TempDir()
	if err := weir.FreshTopic(t.Context(), "some", 1); err == nil {
		t.Error("a binary that is none made a topic")
	}
}

package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/internal/fault"
)

// TestABrokerTakesOnlyAFolderOfItsOwn has the names in a folder, and whether a broker may take it.
func TestABrokerTakesOnlyAFolderOfItsOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		files []string
		good  bool
	}{
		"empty":                        {nil, true},
		"a broker's":                   {[]string{"topics.json", "LOCK", "topics/t/0.log", "notes"}, true},
		"a first start that was ended": {[]string{"LOCK", "topics/t/0.log", "topics.json.tmp"}, true},
		"a disk":                       {[]string{"lost+found/x"}, true},
		"a pipeline's state":           {[]string{"late/flights-0/LOCK"}, false},
		"a project":                    {[]string{"README.md", "LOCK"}, false},
	} {
		dir := t.TempDir()
		for _, f := range tc.files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, f), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := checkBrokerFolder(dir); (err == nil) != tc.good || err != nil && fault.Of(err) != fault.Input {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkBrokerFolder(filepath.Join(t.TempDir(), "new")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestABrokerKnowsItsOwnFolder(t *testing.T) {
	dir := t.TempDir()
	b, err := broker.Open(broker.Config{Dir: dir, SCAddr: "127.0.0.1:0", SPUAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, brokerMark)); err != nil {
		t.Error(err)
	}
}

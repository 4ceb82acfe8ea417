package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// brokerMark is the file that every broker's folder has from the end of its first start on.
const brokerMark = "topics.json"

// inBrokerFolder is what a first start that was killed may leave without it, and what the system makes in a folder that is a disk.
var inBrokerFolder = []string{"LOCK", "topics", "smartmodules", "lost+found"}

// checkBrokerFolder refuses a folder that holds something else, such as a pipeline's state: a broker would put its files between. What
// is wrong with the folder beside that the broker itself says.
func checkBrokerFolder(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, brokerMark)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !slices.Contains(inBrokerFolder, e.Name()) && !strings.HasPrefix(e.Name(), brokerMark) {
			return fault.Inputf("--data: %s is no broker's folder, and not empty: it has no %s, but %s; want a new or an empty folder, or one that a broker has made",
				visible.Line(dir), brokerMark, visible.Line(e.Name()))
		}
	}
	return nil
}

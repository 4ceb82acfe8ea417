package format

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/plainfile"
)

// DocumentOption takes the text of a schema out of the bag, of at most so many bytes: it stands in the option key, or in the file that the
// option key + "_file" names, relative to the folder of the file that this option stands in. It is empty where neither is given, or where the
// bag now has an error, as for a text that check refuses; what says what kind of document is wanted.
func DocumentOption(bag *option.Bag, key string, most int, what string, check func(text string) error) string {
	at, _ := bag.Peek(key + "_file")
	text, path := bag.String(key, ""), bag.String(key+"_file", "")
	if path != "" {
		if text != "" {
			bag.Reject(key+"_file", "only one of "+option.Show(key)+" and "+option.Show(key+"_file"))
			return ""
		}
		key += "_file"
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(at.Pos.File), path)
		}
		var err error
		if text, err = readDocument(path, most); err != nil {
			bag.Reject(key, "a file that can be read ("+err.Error()+")")
			return ""
		}
	}
	if text == "" {
		return ""
	}
	err := fmt.Errorf("it has more than %d bytes", most)
	if len(text) <= most {
		err = check(text)
	}
	if err != nil {
		bag.Reject(key, what+" ("+err.Error()+")")
		return ""
	}
	return text
}

func readDocument(path string, most int) (string, error) {
	b, err := plainfile.Read(path, most)
	var large *plainfile.TooLargeError
	if errors.As(err, &large) || err == nil && len(b) == 0 {
		err = fmt.Errorf("a schema has 1 to %d bytes", most)
	}
	return string(b), err
}

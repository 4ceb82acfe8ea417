package deadletter

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNoLetter says that a record is not a dead letter.
var ErrNoLetter = errors.New("no dead letter")

// maxKey is the longest key that is read, in bytes. What weir writes is a hundredth of it; a module's message has at most 4 KiB.
const maxKey = 1 << 20

// Parse reads the key and the value of a record from a topic of dead letters. Anybody may write there, so nothing is taken for granted:
// the error, which wraps ErrNoLetter, says what the record lacks. Fields that are not known are left out. Value is the caller's.
func Parse(key, value []byte) (Letter, error) {
	switch {
	case key == nil:
		return Letter{}, fmt.Errorf("%w: the record has no key", ErrNoLetter)
	case len(key) > maxKey:
		return Letter{}, fmt.Errorf("%w: the key has %d bytes, at most %d are read", ErrNoLetter, len(key), maxKey)
	}
	l := Letter{Value: value}
	if err := readKey(key, &l); err != nil {
		return Letter{}, fmt.Errorf("%w: %w", ErrNoLetter, err)
	}
	return l, nil
}

func readKey(key []byte, l *Letter) error {
	if err := present(key); err != nil {
		return err
	}
	if err := json.Unmarshal(key, l); err != nil {
		return plainly(err)
	}
	switch {
	case l.Topic == "":
		return errors.New("the key's 'topic' is empty")
	case l.Code == "":
		return errors.New("the key's 'code' is empty")
	case l.Offset < 0 || l.Frame < 0 || l.Row < 0:
		return errors.New("the key's 'offset', 'frame' or 'row' is negative")
	case l.Derived && l.LastOffset < l.Offset:
		return errors.New("the key's 'last_offset' is before its 'offset'")
	}
	return nil
}

// present tells whether a key is an object with all fields that every letter has.
func present(key []byte) error {
	var has struct {
		Topic     *string `json:"topic"`
		Partition *uint32 `json:"partition"`
		Offset    *int64  `json:"offset"`
		Frame     *int32  `json:"frame"`
		Row       *int32  `json:"row"`
		Code      *string `json:"code"`
		Message   *string `json:"message"`
		Time      *int64  `json:"time"`
	}
	if err := json.Unmarshal(key, &has); err != nil {
		return plainly(err)
	}
	for _, field := range []struct {
		name   string
		absent bool
	}{
		{"topic", has.Topic == nil}, {"partition", has.Partition == nil}, {"offset", has.Offset == nil}, {"frame", has.Frame == nil},
		{"row", has.Row == nil}, {"code", has.Code == nil}, {"message", has.Message == nil}, {"time", has.Time == nil},
	} {
		if field.absent {
			return fmt.Errorf("the key has no '%s'", field.name)
		}
	}
	return nil
}

// plainly says what is wrong with a key in words that are not those of a programming language.
func plainly(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &kind):
		return errors.New("the key is not JSON")
	case kind.Field == "":
		return fmt.Errorf("the key is a JSON %s, not an object", kind.Value)
	}
	return fmt.Errorf("the key's '%s' can't be a %s", kind.Field, kind.Value)
}

package deadletter

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// ParseLine reads a letter as a file of dead letters has it: a line with an object that holds what the key holds, and the value as "value",
// or as "value_b64" where it is not UTF-8. The error, which wraps ErrNoLetter, says what the line lacks; a line that a crash has cut is
// none.
func ParseLine(line []byte) (Letter, error) {
	var l Letter
	if err := readLine(line, &l); err != nil {
		return Letter{}, fmt.Errorf("%w: %w", ErrNoLetter, err)
	}
	return l, nil
}

func readLine(line []byte, l *Letter) error {
	var values struct {
		Text *string `json:"value"`
		B64  *string `json:"value_b64"`
	}
	if err := json.Unmarshal(line, &values); err != nil {
		return inLine(err)
	}
	switch {
	case (values.Text == nil) == (values.B64 == nil):
		return errors.New("the line has not one of 'value' and 'value_b64'")
	case values.Text != nil:
		l.Value = []byte(*values.Text)
	default:
		value, err := base64.StdEncoding.Strict().DecodeString(*values.B64)
		if err != nil {
			return errors.New("the line's 'value_b64' is not base64")
		}
		l.Value = value
	}
	return readKey(line, l)
}

// inLine says what is wrong with a line as plainly says it of a key.
func inLine(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return fmt.Errorf("the line's '%s' can't be a %s", kind.Field, kind.Value)
	}
	if errors.As(err, &kind) {
		return fmt.Errorf("the line is a JSON %s, not an object", kind.Value)
	}
	return errors.New("the line is not JSON")
}

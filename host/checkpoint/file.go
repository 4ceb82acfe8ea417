package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// A checkpoint file is two lines: the CRC-32 (IEEE, eight lower-case hex digits) of the second without its newline, and
// the checkpoint as a JSON object.
//
//	5093e7c7
//	{"version":1,"epoch":3,"pipeline":"late","topic":"flights","partition":0,"next":42,"sinks":{"table late":7}}
//
// A file of another version has its first line, and an object with a "version", in common with this one.

// maxFile bounds a checkpoint file, in bytes.
const maxFile = 1 << 20

// errVersion says that another build wrote the file.
var errVersion = errors.New("checkpoint of another version")

func encode(c Checkpoint) ([]byte, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	file := fmt.Appendf(nil, "%08x\n%s\n", crc32.ChecksumIEEE(body), body)
	if len(file) > maxFile {
		return nil, fmt.Errorf("a checkpoint of %d bytes, at most %d can be read again", len(file), maxFile)
	}
	return file, nil
}

// decode reads a file. Errors wrap ErrDamaged or errVersion.
func decode(file []byte) (c Checkpoint, err error) {
	if len(file) > maxFile {
		return c, fmt.Errorf("%w: longer than %d bytes", ErrDamaged, maxFile)
	}
	sum, body, ok := bytes.Cut(file, []byte("\n"))
	body, end := bytes.CutSuffix(body, []byte("\n"))
	if !ok || !end || fmt.Sprintf("%08x", crc32.ChecksumIEEE(body)) != string(sum) {
		return c, fmt.Errorf("%w: its checksum does not match", ErrDamaged)
	}
	var head struct{ Version int }
	if err := json.Unmarshal(body, &head); err != nil {
		return c, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if head.Version != Version {
		return c, fmt.Errorf("%w %d, this build reads %d; run the build that wrote it, or give the run another state folder", errVersion, head.Version, Version)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return c, nil
}

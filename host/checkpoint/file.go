package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// A checkpoint file is two lines: the CRC-32 (IEEE, eight lower-case hex digits) of the second without its newline, and
// the checkpoint as a JSON object.
//
//	998c7d6a
//	{"version":2,"epoch":3,"pipeline":"late","topic":"flights","partition":0,"next":42,"sinks":{"table late":{"count":7}}}
//
// A file of another version has its first line, and an object with a "version", in common with this one. Version 1 had a mere count for
// each sink:
//
//	5093e7c7
//	{"version":1,"epoch":3,"pipeline":"late","topic":"flights","partition":0,"next":42,"sinks":{"table late":7}}

const (
	// maxFile bounds a checkpoint file, in bytes. As many writers and gaps as can be kept take 3 MiB.
	maxFile = 8 << 20
	// maxObjects bounds the JSON objects of a file, so that reading a small file takes little memory.
	maxObjects = 1 << 17
	// sumLine is the length of the first line, with its newline.
	sumLine = 9
)

// errVersion says that another build wrote the file.
var errVersion = errors.New("checkpoint of another version")

// encode writes c's file into buf, in place of what is there.
func encode(buf *bytes.Buffer, c Checkpoint) error {
	c.Version = Version
	buf.Reset()
	buf.WriteString("00000000\n")
	if err := json.NewEncoder(buf).Encode(&c); err != nil { // ends with a newline
		return err
	}
	file := buf.Bytes()
	if err := bounded(file); err != nil {
		return fmt.Errorf("a checkpoint that could not be read again: %w", err)
	}
	sum := checksum(file[sumLine : len(file)-1])
	copy(file, sum[:])
	return nil
}

func checksum(body []byte) (sum [8]byte) {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], crc32.ChecksumIEEE(body))
	hex.Encode(sum[:], raw[:])
	return sum
}

// bounded checks what reading a file would take.
func bounded(file []byte) error {
	if len(file) > maxFile {
		return fmt.Errorf("longer than %d bytes", maxFile)
	}
	if n := bytes.Count(file, []byte("{")); n > maxObjects {
		return fmt.Errorf("%d objects, at most %d", n, maxObjects)
	}
	return nil
}

// decode reads a file of this version or the one before. Errors wrap ErrDamaged or errVersion.
func decode(file []byte) (c Checkpoint, err error) {
	if err := bounded(file); err != nil {
		return c, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	sum, body, ok := bytes.Cut(file, []byte("\n"))
	body, end := bytes.CutSuffix(body, []byte("\n"))
	if want := checksum(body); !ok || !end || !bytes.Equal(sum, want[:]) {
		return c, fmt.Errorf("%w: its checksum does not match", ErrDamaged)
	}
	var head struct{ Version int }
	if err := json.Unmarshal(body, &head); err != nil {
		return c, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch head.Version {
	case Version:
		err = strictly(body, &c)
	case 1:
		c, err = decodeV1(body)
	default:
		return c, fmt.Errorf("%w %d, this build reads 1 and %d; run the build that wrote it; "+
			"a run with another state folder starts over, and writes to the sinks once more what is in them already",
			errVersion, head.Version, Version)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if c.Sinks == nil {
		c.Sinks = map[string]Sink{}
	}
	return c, nil
}

// strictly decodes one JSON object and knows all its fields.
func strictly(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// decodeV1 reads a checkpoint of version 1, whose lanes wrote without sequences, as one of this version.
func decodeV1(body []byte) (Checkpoint, error) {
	var old struct {
		Version         int
		Epoch           uint64
		Pipeline, Topic string
		Partition       uint32
		Next            int64
		Sinks           map[string]int64
	}
	if err := strictly(body, &old); err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{
		Version: Version, Epoch: old.Epoch, Pipeline: old.Pipeline, Topic: old.Topic, Partition: old.Partition, Next: old.Next,
		Sinks: make(map[string]Sink, len(old.Sinks)),
	}
	for name, count := range old.Sinks {
		c.Sinks[name] = Sink{Count: count}
	}
	return c, nil
}

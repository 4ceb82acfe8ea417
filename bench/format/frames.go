package main

import (
	"encoding/binary"
	"fmt"
	"os"
)

// writeFrames writes frames that are no lines, each behind its length (u32, little-endian), as bench/peers/arrow reads them, too.
func writeFrames(path string, frames [][]byte) error {
	var text []byte
	for _, frame := range frames {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(frame)))
		text = append(text, frame...)
	}
	return os.WriteFile(path, text, 0o644)
}

func readFrames(path string) (frames [][]byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for len(text) > 0 {
		if len(text) < 4 || len(text)-4 < int(binary.LittleEndian.Uint32(text)) {
			return nil, fmt.Errorf("%s: the last frame is cut off", path)
		}
		end := 4 + int(binary.LittleEndian.Uint32(text))
		frames, text = append(frames, text[4:end]), text[end:]
	}
	return frames, nil
}

package framing

import "bytes"

// keeper copies frames to memory that outlives the value they were cut from. Small ones share pieces of it, so that what a frame keeps is its
// own bytes and less than a piece.
type keeper struct {
	piece []byte // its length is what is taken
}

const (
	pieceSize = 32 << 10
	largest   = pieceSize / 8 // of the frames that share a piece
)

func (k *keeper) keep(frame []byte) []byte {
	if len(frame) > largest {
		return bytes.Clone(frame)
	}
	if cap(k.piece)-len(k.piece) < len(frame) || k.piece == nil {
		k.piece = make([]byte, 0, pieceSize)
	}
	from := len(k.piece)
	k.piece = append(k.piece, frame...)
	return k.piece[from:len(k.piece):len(k.piece)]
}

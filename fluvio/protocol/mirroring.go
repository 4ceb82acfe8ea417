package protocol

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// mirrorLabel is the label of the only typed message that is not about one of the kinds of objects.
const mirrorLabel = "MirroringConnect"

// MirrorConnect says which cluster asks for its mirrored topics.
type MirrorConnect struct {
	RemoteID string
}

// AppendTo appends a label, and a length around the cluster's id.
func (m *MirrorConnect) AppendTo(dst []byte, version int16) []byte {
	dst = wire.AppendString(dst, mirrorLabel)
	start := len(dst)
	dst = wire.BeginFrame(dst)
	dst = wire.AppendString(dst, m.RemoteID)
	return wire.EndFrame(dst, start)
}

// ReadFrom replaces m by what r holds; any other label makes r fail.
func (m *MirrorConnect) ReadFrom(r *wire.Reader, version int16) {
	*m = MirrorConnect{}
	if label := r.String(); label != mirrorLabel {
		r.Fail(fmt.Errorf("%w: %.40q where %s belongs", wire.ErrInvalid, label, mirrorLabel))
		return
	}
	inner := r.Sub()
	m.RemoteID = inner.String()
	if err := inner.Err(); err != nil {
		r.Fail(err)
	}
}

package protocol

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// ObjectKind is a kind of object that an SC keeps. It labels requests and
// responses, and decides of which types their specs and statuses are.
type ObjectKind string

// The kinds of objects. A CustomSpu is listed with its own kind of spec, and once
// registered as an SPU too.
const (
	KindTopic       ObjectKind = "Topic"
	KindPartition   ObjectKind = "Partition"
	KindSpu         ObjectKind = "SPU"
	KindCustomSpu   ObjectKind = "CustomSpu"
	KindSpuGroup    ObjectKind = "SpuGroup"
	KindSmartModule ObjectKind = "SmartModule"
	KindTableFormat ObjectKind = "TableFormat"
	KindMirror      ObjectKind = "Mirror"
)

// Spec is what is wanted of an object: of KindTopic a *TopicSpec, and so on; of
// KindSpu a *SpuSpec. A nil Spec is sent as one of zero values.
type Spec interface{ Message }

// ObjectStatus is what an object is: of KindTopic a *TopicStatus, and so on; of
// KindSpu and KindCustomSpu a *SpuStatus. A nil one is sent as one of zero values.
type ObjectStatus interface{ Message }

// objectTypes makes an empty spec and status for every kind.
var objectTypes = map[ObjectKind]struct{ spec, status func() Message }{
	KindTopic:       {empty[TopicSpec], empty[TopicStatus]},
	KindPartition:   {empty[PartitionSpec], empty[PartitionStatus]},
	KindSpu:         {empty[SpuSpec], empty[SpuStatus]},
	KindCustomSpu:   {empty[CustomSpuSpec], empty[SpuStatus]},
	KindSpuGroup:    {empty[SpuGroupSpec], empty[SpuGroupStatus]},
	KindSmartModule: {empty[SmartModuleSpec], empty[SmartModuleStatus]},
	KindTableFormat: {empty[TableFormatSpec], empty[TableFormatStatus]},
	KindMirror:      {empty[MirrorSpec], empty[MirrorStatus]},
}

func empty[T any, P interface {
	*T
	Message
}]() Message {
	return P(new(T))
}

// Known tells whether the kind is one of those above.
func (k ObjectKind) Known() bool {
	_, ok := objectTypes[k]
	return ok
}

// UpdateAction is what to do to an object: of KindTopic an *UpdateTopicAction, of
// any other kind an *UpdateText. A nil one is sent as one of zero values.
type UpdateAction interface{ Message }

// ObjectKey names the object to delete or change. Only a CustomSpu can be named by its id.
type ObjectKey struct {
	Name string
	ID   int32
	ByID bool // ID counts, not Name
}

// typedBody is what stands behind the label and length of a typed message.
type typedBody interface {
	appendTo(dst []byte, version int16, kind ObjectKind) []byte
	readFrom(r *wire.Reader, version int16, kind ObjectKind)
}

// appendTyped appends a label, and a length around body, or around unknown if the
// label is not known (fluvio-sc-schema/src/objects/metadata.rs).
func appendTyped(dst []byte, version int16, kind ObjectKind, unknown []byte, body typedBody) []byte {
	dst = wire.AppendString(dst, string(kind))
	if !kind.Known() {
		return wire.AppendBytes(dst, unknown)
	}
	start := len(dst)
	dst = wire.BeginFrame(dst)
	dst = body.appendTo(dst, version, kind)
	return wire.EndFrame(dst, start)
}

// readTyped reads what appendTyped appends.
func readTyped(r *wire.Reader, version int16, body typedBody) (kind ObjectKind, unknown []byte) {
	kind = ObjectKind(r.String())
	if !kind.Known() {
		return kind, r.Bytes()
	}
	inner := r.Sub()
	body.readFrom(inner, version, kind)
	if err := inner.Err(); err != nil {
		r.Fail(err)
	}
	return kind, nil
}

func appendSpec(dst []byte, version int16, kind ObjectKind, spec Spec) []byte {
	if spec == nil {
		spec = objectTypes[kind].spec()
	}
	return spec.AppendTo(dst, version)
}

func readSpec(r *wire.Reader, version int16, kind ObjectKind) Spec {
	spec := objectTypes[kind].spec()
	spec.ReadFrom(r, version)
	return spec
}

func appendObjectStatus(dst []byte, version int16, kind ObjectKind, status ObjectStatus) []byte {
	if status == nil {
		status = objectTypes[kind].status()
	}
	return status.AppendTo(dst, version)
}

func readObjectStatus(r *wire.Reader, version int16, kind ObjectKind) ObjectStatus {
	status := objectTypes[kind].status()
	status.ReadFrom(r, version)
	return status
}

func newUpdateAction(kind ObjectKind) UpdateAction {
	if kind == KindTopic {
		return new(UpdateTopicAction)
	}
	return new(UpdateText)
}

func appendUpdateAction(dst []byte, version int16, kind ObjectKind, action UpdateAction) []byte {
	if action == nil {
		action = newUpdateAction(kind)
	}
	return action.AppendTo(dst, version)
}

func readUpdateAction(r *wire.Reader, version int16, kind ObjectKind) UpdateAction {
	action := newUpdateAction(kind)
	action.ReadFrom(r, version)
	return action
}

// The words that say how a CustomSpu is named (fluvio-controlplane-metadata/src/spu/mod.rs).
const (
	byName = "Name"
	byID   = "Id"
)

// appendObjectKey appends a name; for a CustomSpu a word, and a name or an id.
func appendObjectKey(dst []byte, version int16, kind ObjectKind, key ObjectKey) []byte {
	if kind != KindCustomSpu {
		return wire.AppendString(dst, key.Name)
	}
	if key.ByID {
		return wire.AppendI32(wire.AppendString(dst, byID), key.ID)
	}
	return wire.AppendString(wire.AppendString(dst, byName), key.Name)
}

func readObjectKey(r *wire.Reader, version int16, kind ObjectKind) ObjectKey {
	if kind != KindCustomSpu {
		return ObjectKey{Name: r.String()}
	}
	switch word := r.String(); word {
	case byName:
		return ObjectKey{Name: r.String()}
	case byID:
		return ObjectKey{ID: r.I32(), ByID: true}
	default:
		r.Fail(fmt.Errorf("%w: %.20q where %s or %s belongs", wire.ErrInvalid, word, byName, byID))
		return ObjectKey{}
	}
}

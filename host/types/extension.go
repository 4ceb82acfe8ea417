package types

import (
	"fmt"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// extension is one of Arrow's canonical extension types (https://arrow.apache.org/docs/format/CanonicalExtensions.html).
// arrow-go has them too, in a package that brings the whole of Parquet with it; they are equal to these.
type extension struct {
	arrow.ExtensionBase
	name  string
	array reflect.Type
}

var _ arrow.ExtensionType = (*extension)(nil)

var (
	jsonType = &extension{
		ExtensionBase: arrow.ExtensionBase{Storage: arrow.BinaryTypes.String},
		name:          "arrow.json",
		array:         reflect.TypeFor[JSONArray](),
	}
	uuidType = &extension{
		ExtensionBase: arrow.ExtensionBase{Storage: &arrow.FixedSizeBinaryType{ByteWidth: 16}},
		name:          "arrow.uuid",
		array:         reflect.TypeFor[UUIDArray](),
	}
)

func (e *extension) ExtensionName() string   { return e.name }
func (e *extension) ArrayType() reflect.Type { return e.array }
func (e *extension) Serialize() string       { return "" }
func (e *extension) String() string          { return "extension<" + e.name + ">" }

func (e *extension) ExtensionEquals(other arrow.ExtensionType) bool {
	return other.ExtensionName() == e.name && arrow.TypeEqual(e.Storage, other.StorageType())
}

// Deserialize is e if storage is e's. JSON may have {} for metadata.
func (e *extension) Deserialize(storage arrow.DataType, metadata string) (arrow.ExtensionType, error) {
	if !arrow.TypeEqual(storage, e.Storage) {
		return nil, fmt.Errorf("%s is stored as %s, not as %s", e.name, e.Storage, storage)
	}
	if metadata != "" && metadata != "{}" {
		return nil, fmt.Errorf("%s has no metadata, got %d bytes", e.name, len(metadata))
	}
	return e, nil
}

// JSONArray holds JSON documents as their text.
type JSONArray struct {
	array.ExtensionArrayBase
}

// Value is the text of document i. It is part of the array.
func (a *JSONArray) Value(i int) string { return a.Storage().(*array.String).Value(i) }

// ValueStr is Value, or Arrow's word for null.
func (a *JSONArray) ValueStr(i int) string { return a.Storage().ValueStr(i) }

// UUIDArray holds UUIDs.
type UUIDArray struct {
	array.ExtensionArrayBase
}

// Value is the sixteen bytes of UUID i. They are part of the array.
func (a *UUIDArray) Value(i int) []byte { return a.Storage().(*array.FixedSizeBinary).Value(i) }

// ValueStr is UUID i as RFC 9562 writes it, or Arrow's word for null.
func (a *UUIDArray) ValueStr(i int) string {
	if a.IsNull(i) {
		return array.NullValueStr
	}
	return string(AppendUUID(nil, a.Value(i)))
}

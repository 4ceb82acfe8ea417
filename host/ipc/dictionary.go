package ipc

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
)

// Dictionaries save the host memory; a guest would need a second kind of message for them. It is sent their texts.

// Sent is a type as a guest sees it: with texts in place of dictionaries of them.
func Sent(dt arrow.DataType) arrow.DataType {
	switch dt := dt.(type) {
	case *arrow.DictionaryType:
		return dt.ValueType
	case *arrow.ListType:
		item := dt.ElemField()
		item.Type = Sent(item.Type)
		return arrow.ListOfField(item)
	case *arrow.MapType:
		key, value := dt.KeyField(), dt.ItemField()
		key.Type, value.Type = Sent(key.Type), Sent(value.Type)
		return arrow.MapOfFields(key, value)
	case *arrow.StructType:
		fields := dt.Fields()
		for i := range fields {
			fields[i].Type = Sent(fields[i].Type)
		}
		return arrow.StructOf(fields...)
	}
	return dt
}

// texts is a dictionary's texts.
type texts struct {
	offsets []int32
	data    []byte
}

func (t *texts) at(index int32) []byte { return t.data[t.offsets[index]:t.offsets[index+1]] }

// dictionary is the texts that the values are indexes into, and the indexes. A null's index means nothing.
func (p *part) dictionary() (t texts, indexes []int32) {
	all := p.data.Dictionary()
	words := part{all, all.Offset(), all.Len()}
	if t.offsets = words.offsets(); t.offsets != nil && all.Buffers()[2] != nil {
		t.data = all.Buffers()[2].Bytes()
	}
	return t, arrow.Int32Traits.CastFromBytes(p.data.Buffers()[1].Bytes())[p.from : p.from+p.n]
}

// textSize is the size of all values of a dictionary array, written out.
func (p *part) textSize() (size int, err error) {
	if p.n == 0 {
		return 0, nil
	}
	all := p.data.Dictionary()
	if words := (part{all, all.Offset(), all.Len()}); words.nulls() != 0 {
		return 0, errorf(CodeUnsupported, "a dictionary that has null among its values")
	}
	t, indexes := p.dictionary()
	for k, index := range indexes {
		if p.valid(k) {
			size += len(t.at(index))
		}
	}
	return size, nil
}

// copyTexts writes the values of a dictionary array out.
func (p *part) copyTexts(dstOffsets, dst []byte) {
	binary.LittleEndian.PutUint32(dstOffsets, 0)
	if p.n == 0 {
		return
	}
	t, indexes := p.dictionary()
	end := 0
	for k, index := range indexes {
		if p.valid(k) {
			end += copy(dst[end:], t.at(index))
		}
		binary.LittleEndian.PutUint32(dstOffsets[4*(k+1):], uint32(end))
	}
}

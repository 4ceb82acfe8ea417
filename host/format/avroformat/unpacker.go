package avroformat

import (
	"bytes"
	"fmt"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

const (
	syncSize      = 16
	maxHeader     = 2 * MaxSchemaBytes
	wasteful      = 4       // times avro.max_uncompressed: what bad blocks of a container may uncompress to before the rest is given up
	maxContainers = 64      // schemas of containers that are kept
	keptSchemas   = 4 << 20 // bytes of their texts
)

var magic = []byte("Obj\x01")

// container is what the header of a container says.
type container struct {
	program *program
	codec   codec
	dry     bool // datums have no bytes
}

// unpacker decodes object container files. A frame is one; its datums are the rows.
type unpacker struct {
	*decoder
	inflater inflater
	known    map[string]*container // by the header's codec and schema
	texts    int                   // bytes of the keys

	// The walk over the frame at hand.
	open    bool
	c       *container
	schema  []byte // its text
	header  []byte // with the marker
	sync    []byte
	tail    []byte // behind the block at hand
	block   []byte // what is left of its data
	count   int64  // how many datums that is
	left    int    // bytes that may still be uncompressed
	wasted  int64  // bytes that were uncompressed for nothing, of blocks that turned out bad
	idle    int64  // rows without bytes that there may still be
	pending []byte // the row that was found last
	found   bool   // there is one
	whole   wholeAs
	alone   format.Whole // of asDatum; nil: nobody has asked for it
}

var (
	_ format.Decoder  = (*unpacker)(nil)
	_ format.Unpacker = (*unpacker)(nil)
)

// wholeAs is what has to stand around a row to make it a frame.
type wholeAs uint8

const (
	asDatum wholeAs = iota // a header without compression, and a block
	asBlock                // the header
	asFrame                // nothing
)

// Next implements format.Unpacker.
func (u *unpacker) Next(rest []byte) (row, remaining []byte, ok bool, err error) {
	if !u.open || !same(rest, u.tail) {
		if err := u.begin(rest); err != nil {
			u.tail, u.block, u.count, u.open = nil, nil, 0, true
			return u.find(rest, asFrame, err)
		}
	}
	for u.count == 0 {
		if len(u.tail) == 0 {
			u.open, u.found = false, false
			u.schema, u.header, u.sync, u.tail, u.block, u.pending, u.alone = nil, nil, nil, nil, nil, nil, nil
			return nil, nil, false, nil
		}
		if bad, as, err := u.nextBlock(); err != nil {
			return u.find(bad, as, err)
		}
	}
	return u.next()
}

// find hands out a row.
func (u *unpacker) find(row []byte, as wholeAs, err error) ([]byte, []byte, bool, error) {
	u.pending, u.found, u.whole = row, true, as
	return row, u.tail, true, err
}

// next finds the end of the next datum of the block at hand.
func (u *unpacker) next() (row, remaining []byte, ok bool, err error) {
	m := &u.m
	m.begin(u.block)
	m.loose = true
	end := m.value(u.c.program.walk, 0)
	m.loose, m.frame = false, nil
	u.count--
	if u.c.dry {
		if u.idle--; u.idle < 0 {
			end, m.err = -1, &format.DataError{Code: "avro.limit", Message: fmt.Sprintf("more than %d rows without bytes", maxIdle)}
		}
	}
	if end < 0 { // nobody knows where the datum behind this one begins
		row, u.block, u.count = u.block, nil, 0
		return u.find(row, asDatum, m.err)
	}
	if u.count == 0 && end < len(u.block) {
		end, err = len(u.block), &format.DataError{Code: "avro.trailing", Message: "unexpected data behind the last datum of its block"}
	}
	row, u.block = u.block[:end:end], u.block[end:]
	return u.find(row, asDatum, err)
}

// nextBlock takes the next block off the tail. With an error, bad is what of the frame is lost.
func (u *unpacker) nextBlock() (bad []byte, as wholeAs, err error) {
	m := &u.m
	m.begin(u.tail)
	count, p := m.long(0)
	var size int
	if p >= 0 {
		size, p = m.length(p)
	}
	switch {
	case p < 0:
		err = m.err
	case count < 0:
		err = &format.DataError{Code: "avro.syntax", Message: "a block with a negative count"}
	case len(u.tail)-p-size < syncSize || !bytes.Equal(u.tail[p+size:p+size+syncSize], u.sync):
		err = &format.DataError{Code: "avro.sync", Message: "a block without the container's sync marker behind it"}
	}
	m.frame, m.err = nil, nil
	if err != nil {
		return u.lose(), asBlock, err
	}
	blocks := u.tail
	packed, region := blocks[p:p+size], blocks[:p+size+syncSize]
	u.tail = u.tail[len(region):]
	data, problem := u.inflater.unpack(u.c.codec, packed, u.left)
	switch {
	case problem == errUnpackedSize:
		err = &format.DataError{Code: "avro.limit", Message: "the container's blocks have " + errUnpackedSize.Error()}
	case problem != nil:
		err = &format.DataError{Code: "avro.codec", Message: "a block that cannot be uncompressed with " + codecNames[u.c.codec]}
	case count == 0 && len(data) > 0:
		err = &format.DataError{Code: "avro.trailing", Message: "a block of no datums that has data"}
	default:
		u.left -= len(data)
		u.block, u.count = data, count
		return nil, 0, nil
	}
	if u.c.codec != codecNull {
		u.wasted += int64(cap(data))
	}
	if u.wasted > wasteful*int64(u.f.MaxUncompressed) {
		region, u.tail = blocks, nil
		err = &format.DataError{Code: "avro.limit", Message: "too many bad blocks that uncompress to much: the rest of the container is not read"}
	}
	return region, asBlock, err
}

// lose gives up what there is up to the next marker, behind which there may be a block.
func (u *unpacker) lose() []byte {
	bad := u.tail
	if i := bytes.Index(u.tail, u.sync); i >= 0 {
		bad, u.tail = u.tail[:i+syncSize], u.tail[i+syncSize:]
	} else {
		u.tail = nil
	}
	return bad
}

// begin reads the header of a container (spec: Object Container Files).
func (u *unpacker) begin(frame []byte) error {
	if len(frame) == 0 {
		return &format.DataError{Code: "avro.empty", Message: "no object container file, nothing at all"}
	}
	if !bytes.HasPrefix(frame, magic) {
		return &format.DataError{Code: "avro.header", Message: "no object container file: it begins with the bytes 4F 62 6A 01 " +
			"(set 'avro.raw_datums', 'avro.single_object' or 'avro.confluent_schema_registry' for datums without a file around them)"}
	}
	m := &u.m
	m.begin(frame[:min(len(frame), maxHeader)])
	text, name, p := u.meta(len(magic))
	err := m.err
	m.frame, m.err = nil, nil
	if p < 0 {
		err.(*format.DataError).Code = "avro.header"
		return err
	}
	if len(frame)-p < syncSize {
		return &format.DataError{Code: "avro.header", Message: "the header is cut short"}
	}
	if u.c, err = u.container(text, name); err != nil {
		return err
	}
	p += syncSize
	u.schema, u.header, u.sync, u.tail, u.alone = text, frame[:p:p], frame[p-syncSize:p], frame[p:], nil
	u.left, u.wasted, u.idle, u.inflater.most = u.f.MaxUncompressed, 0, maxIdle, u.f.MaxUncompressed
	u.open, u.count, u.block = true, 0, nil
	return nil
}

// meta reads the header's map: the schema, and the codec.
func (u *unpacker) meta(p int) (text, codec []byte, end int) {
	m := &u.m
	for {
		n, stop, start := m.block(p, false)
		if p = start; n == 0 {
			return text, codec, p
		}
		for ; n > 0; n-- {
			key, next := m.text(p)
			if next < 0 {
				return nil, nil, -1
			}
			length, at := m.length(next)
			if at < 0 {
				return nil, nil, -1
			}
			value := m.frame[at : at+length]
			p = at + length
			switch string(key) {
			case "avro.schema":
				text = value
			case "avro.codec":
				codec = value
			}
		}
		if p = m.closeBlock(p, stop); p < 0 {
			return nil, nil, -1
		}
	}
}

// container is what is kept for a header's schema and codec.
func (u *unpacker) container(text, name []byte) (*container, error) {
	m := &u.m
	m.json = append(append(append(m.json[:0], name...), 0), text...)
	if c := u.known[string(m.json)]; c != nil {
		return c, nil
	}
	codec, ok := codecByName(string(name))
	if !ok {
		return nil, &format.DataError{Code: "avro.codec",
			Message: "the container is compressed in a way that is not known: null, deflate, snappy and zstandard are"}
	}
	w, err := parse(string(text))
	if err != nil { // whose text would have names of the schema, which is the record's
		return nil, &format.DataError{Code: "avro.schema", Message: "the container's schema is no Avro schema"}
	}
	c := &container{codec: codec, dry: dry(w), program: compile(w, u.f.as(w), u.row, u.f.Unstructured)}
	if len(u.known) >= maxContainers || u.texts+len(m.json) > keptSchemas || u.ops+len(c.program.ops) > keptOps {
		u.known, u.texts, u.ops = nil, 0, 0
	}
	if u.known == nil {
		u.known = map[string]*container{}
	}
	u.known[string(m.json)] = c
	u.texts += len(m.json)
	u.ops += len(c.program.ops)
	return c, nil
}

// Whole implements format.Unpacker.
func (u *unpacker) Whole() format.Whole {
	switch u.whole {
	case asFrame:
		return format.Alone
	case asBlock:
		header := u.header
		return func(row []byte) []byte { return append(header, row...) }
	}
	if u.alone == nil {
		schema, sync := u.schema, u.sync
		u.alone = func(row []byte) []byte {
			out := appendHeader(make([]byte, 0, len(schema)+len(row)+headerRoom), schema, codecNull, sync)
			out = appendLong(appendLong(out, 1), int64(len(row)))
			return append(append(out, row...), sync...)
		}
	}
	return u.alone
}

// headerRoom is more than a container of one row has beside its schema and the row.
const headerRoom = 128

// appendHeader writes the header of a container.
func appendHeader(dst, schema []byte, c codec, sync []byte) []byte {
	dst = appendLong(append(dst, magic...), 2)
	for _, member := range [...]struct {
		key   string
		value []byte
	}{{"avro.codec", []byte(codecNames[c])}, {"avro.schema", schema}} {
		dst = append(appendLong(dst, int64(len(member.key))), member.key...)
		dst = append(appendLong(dst, int64(len(member.value))), member.value...)
	}
	return append(append(dst, 0), sync...)
}

// Decode implements format.Decoder: for the row that Next found last, or for a container of one row.
func (u *unpacker) Decode(frame []byte, b *batch.Builder) error {
	if u.found && same(frame, u.pending) {
		return u.datum(u.c.program, frame, 0, b)
	}
	u.open, u.found = false, false
	row, rest, ok, err := u.Next(frame)
	if err == nil && ok {
		if err = u.datum(u.c.program, row, 0, b); err != nil {
			u.open = false
			return err
		}
		_, _, ok, err = u.Next(rest)
		if !ok && err == nil {
			return nil
		}
		b.Rollback()
	}
	u.open = false
	if err == nil {
		err = &format.DataError{Code: "avro.rows", Message: "a container with another number of rows than one"}
	}
	return err
}

// same says whether a frame is the row that was handed out, not one that looks alike.
func same(frame, row []byte) bool {
	return len(frame) == len(row) && (len(row) == 0 || &frame[0] == &row[0])
}

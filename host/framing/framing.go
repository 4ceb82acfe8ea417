// Package framing cuts the value of one record into frames, each of which a format decodes into a row, and puts frames
// together again.
//
// Without framing the whole value is one frame; of one without content Config says more. With newline framing a value
// holds one frame a line:
//
//	value     {"a":1}\n{"a":2}\r\n\n{"a":3}
//	frames    {"a":1}   {"a":2}\r   {"a":3}
//
// The last line needs no newline, and a newline at the end starts no further frame. A carriage return stays in its frame;
// JSON takes it for white space. Blank lines, which hold nothing but white space, are no frames unless Config.KeepBlank says
// so: a format for which an empty text is a row wants them. So a frame's index, as in the metadata column frame and in dead
// letters, counts frames and not lines: {"a":3} above has 2. Frames never span records. Any other delimiter works alike.
//
// The other methods:
//
//	length       00 03 a b c 00 01 d           abc   d            a length before each frame
//	json_array   [{"a":1}, 2, "x,]"]           {"a":1}  2  "x,]"  the elements of one array
//	json_concat  {"a":1}{"a":2} 3              {"a":1}  {"a":2}  3
//
// The JSON methods look at strings and brackets only, and count brackets without telling [ from {: what else is wrong with
// an element its decoder finds, and its neighbours are none the worse for it. They need no memory however deep an element
// is nested. White space around an element is not part of its frame.
//
// What can't be cut is a frame with an [Error]. Where it is known at which byte the next frame begins the walk goes on
// there, otherwise everything up to the value's end is the one frame with the error. So is what is behind the last frame
// that a value may have: a few bytes a frame shall not become as many rows, or dead letters, as a large value has room for.
//
// Before it is cut a value may be decompressed; see [Compression].
package framing

// Splitter walks over the frames of a record's value, one record after the other. It is for one goroutine.
type Splitter interface {
	// Next takes the first frame off rest, which is the record's value in the first call and then the remaining of the
	// call before, until ok is false; a walk once begun goes on until then. Frame and remaining alias rest. Of a compressed
	// value the frame is a copy, which keeps nothing else of the value, and remaining is good until the walk's end.
	//
	// With an error, which is an *Error, ok is true, frame is the offending bytes, and the walk goes on behind them: one
	// bad frame does not disturb its neighbours.
	Next(rest []byte) (frame, remaining []byte, ok bool, err error)
}

// Method is how the frames of a value are told apart.
type Method uint8

// The methods.
const (
	None       Method = iota // the value is one frame
	Newline                  // a frame a line
	Delimiter                // Config.Delimiter between frames, and one at the end does no harm
	Length                   // before each frame its length in bytes, as Config.Prefix has it
	JSONArray                // the value is one JSON array, its elements are frames
	JSONConcat               // the value is JSON values, one after the other, with or without white space between
)

var methods = []string{None: "none", Newline: "newline", Delimiter: "delimiter", Length: "length", JSONArray: "json_array", JSONConcat: "json_concat"}

// String is the method as the option framing spells it.
func (m Method) String() string { return word(methods, m) }

// Prefix is how a length is written.
type Prefix uint8

// The prefixes: unsigned, big or little endian, or a varint of 1 to 10 bytes, as before the messages of a delimited
// Protobuf stream.
const (
	U16BE Prefix = iota
	U16LE
	U32BE
	U32LE
	Varint
)

var prefixes = []string{U16BE: "u16_be", U16LE: "u16_le", U32BE: "u32_be", U32LE: "u32_le", Varint: "varint"}

// String is the prefix as the option framing.length.prefix spells it.
func (p Prefix) String() string { return word(prefixes, p) }

func word[T ~uint8](words []string, i T) string {
	if int(i) < len(words) {
		return words[i]
	}
	return "unknown"
}

// Config is the framing of a table. The zero Config is no framing.
type Config struct {
	Method    Method
	MaxFrames int    // of a value, 1 to MostFrames; 0: DefaultMaxFrames. It does not apply to None
	MaxLength int    // of a frame in bytes; 0: no limit but the record's. It does not apply to None
	Truncate  bool   // Newline, Delimiter: cut a longer frame to MaxLength bytes, as Arroyo does, even within a character; otherwise an error
	KeepBlank bool   // Newline, Delimiter: blank lines are frames too. None: an empty value is no frame
	SkipBlank bool   // None: a value of nothing but white space is no frame
	Delimiter string // of Delimiter; not empty
	Prefix    Prefix // of Length

	Compression     Compression
	MaxUncompressed int // of a value in bytes, once decompressed; 0: DefaultMaxUncompressed, at most 2 GiB
}

// Plain reports whether a value is its one frame, if it has one.
func (c Config) Plain() bool { return c.Method == None && c.Compression == Uncompressed }

// New makes a splitter.
func New(c Config) Splitter {
	if c.Compression != Uncompressed {
		return &unpacked{decompressor: newDecompressor(c), frames: cutter(c)}
	}
	return cutter(c)
}

// cutter makes a splitter of values that are not compressed.
func cutter(c Config) Splitter {
	if c.Method == None {
		return &whole{Config: c}
	}
	return newCounted(method(c), c.MaxFrames)
}

// method makes the splitter of a method that is not None.
func method(c Config) Splitter {
	switch c.Method {
	case Newline:
		return &delimited{c, newline}
	case Delimiter:
		return &delimited{c, []byte(c.Delimiter)}
	case Length:
		return &lengths{c}
	case JSONArray:
		return &array{Config: c}
	}
	return &concat{c}
}

// whole is no framing.
type whole struct {
	Config
	given bool // the value at hand was handed out
}

func (w *whole) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	if w.given || w.KeepBlank && len(rest) == 0 || w.SkipBlank && len(trim(rest)) == 0 {
		w.given = false
		return nil, nil, false, nil
	}
	w.given = true
	return rest, nil, true, nil
}

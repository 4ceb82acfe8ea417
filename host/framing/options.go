package framing

import (
	"math"
	"slices"

	"github.com/weir-stream/weir/host/option"
)

// mostDelimiter is the length of the longest delimiter in bytes.
const mostDelimiter = 64

// FromOptions takes the framing options of a table that is read out of the bag: framing, one of 'none' (the default),
// 'newline', 'delimiter', 'length', 'json_array', 'json_concat'; for each method but none framing.METHOD.max_length (a size,
// at least 1); for newline and delimiter framing.METHOD.on_long ('reject', the default, or 'truncate'); framing.delimiter
// (1 to 64 bytes, with the escapes \n \r \t \0 \\ \xNN); framing.length.prefix ('u16_be', 'u16_le', 'u32_be', 'u32_le',
// 'varint'; required); framing.compression ('none', 'gzip', 'zstd', 'snappy', 'snappy_block', 'lz4') and with it
// framing.max_uncompressed (a size, 64MB by default); for each method but none framing.max_frames (1 to 67108864, 65536 by
// default). What is wrong with them the bag keeps; options of another method than the table's stay in it. KeepBlank and
// SkipBlank are left to the caller, who knows the format.
func FromOptions(bag *option.Bag) Config {
	c := SinkFromOptions(bag)
	for _, m := range []Method{Newline, Delimiter} {
		if key := onLong(m); m == c.Method {
			c.Truncate = bag.Enum(key, "reject", "reject", "truncate") == "truncate"
		} else {
			bag.Unread(key, m.needed())
		}
	}
	if c.Method == None {
		bag.Unread("framing.max_frames", "needs 'framing'")
		return c
	}
	n := bag.Int("framing.max_frames", DefaultMaxFrames)
	if n < 1 || n > MostFrames {
		bag.Reject("framing.max_frames", "1 to 67108864")
		n = 0
	}
	if n != DefaultMaxFrames {
		c.MaxFrames = int(n)
	}
	return c
}

// SinkFromOptions takes what FromOptions does, but for on_long, as what is too long to be written is an error, and max_frames, as a record
// that is written has one frame.
func SinkFromOptions(bag *option.Bag) Config {
	var c Config
	c.Method = choice[Method](bag, "framing", methods)
	c.unread(bag)
	switch c.Method {
	case Delimiter:
		c.Delimiter = delimiter(bag)
	case Length:
		if _, ok := bag.Peek("framing.length.prefix"); !ok {
			bag.Required("framing.length.prefix") // for its error
		}
		c.Prefix = choice[Prefix](bag, "framing.length.prefix", prefixes)
	}
	if c.Method != None {
		c.MaxLength = size(bag, "framing."+c.Method.String()+".max_length")
	}
	if c.Compression = choice[Compression](bag, "framing.compression", compressions); c.Compression != Uncompressed {
		c.MaxUncompressed = size(bag, "framing.max_uncompressed")
	} else {
		bag.Unread("framing.max_uncompressed", "needs 'framing.compression'")
	}
	return c
}

// unread says of the options of other methods what they belong to.
func (c *Config) unread(bag *option.Bag) {
	for m := None + 1; int(m) < len(methods); m++ {
		if m != c.Method {
			bag.Unread("framing."+m.String()+".max_length", m.needed())
		}
	}
	for _, m := range []Method{Newline, Delimiter} {
		bag.Unread(onLong(m), "is for tables that are read: what is too long to be written is an error")
	}
	bag.Unread("framing.max_frames", "is for tables that are read: a record that is written has one frame")
	bag.Unread("framing.delimiter", Delimiter.needed())
	bag.Unread("framing.length.prefix", Length.needed())
}

// needed is why an option of the method is not read.
func (m Method) needed() string { return "needs 'framing' = '" + m.String() + "'" }

func onLong(m Method) string { return "framing." + m.String() + ".on_long" }

// choice takes one of the words, the first by default.
func choice[T ~uint8](bag *option.Bag, key string, words []string) T {
	return T(slices.Index(words, bag.Enum(key, words[0], words...)))
}

// size takes a size of at least one byte; 0 where there is none.
func size(bag *option.Bag, key string) int {
	const most = 2 << 30 // 2GB, to be written so; the last byte of them no slice has everywhere
	n := bag.Size(key, -1)
	switch {
	case n == 0 || n > most:
		bag.Reject(key, "a size from 1 byte to 2GB")
	case n > 0:
		return int(min(n, math.MaxInt32))
	}
	return 0
}

func delimiter(bag *option.Bag) string {
	text := bag.Required("framing.delimiter")
	d, ok := unescape(text)
	if text != "" && (!ok || len(d) == 0 || len(d) > mostDelimiter) {
		bag.Reject("framing.delimiter", `a text of 1 to 64 bytes, in which \n, \r, \t, \0, \\ and \xNN stand for bytes`)
	}
	return d
}

// unescape replaces the escapes of a delimiter.
func unescape(text string) (string, bool) {
	escapes := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '0': 0, '\\': '\\'}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		if i++; i == len(text) {
			return "", false
		}
		if b, ok := escapes[text[i]]; ok {
			out = append(out, b)
			continue
		}
		if text[i] != 'x' || i+2 >= len(text) {
			return "", false
		}
		high, ok1 := digit(text[i+1])
		low, ok2 := digit(text[i+2])
		if !ok1 || !ok2 {
			return "", false
		}
		out = append(out, high<<4|low)
		i += 2
	}
	return string(out), true
}

// digit is the value of a hexadecimal digit.
func digit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

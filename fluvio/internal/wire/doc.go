// Package wire encodes and decodes the primitive values of Fluvio's protocol and
// its frames.
//
// Numbers are big-endian. What else there is:
//
//	bool      1 byte, 0 or 1, anything else is an error
//	string    u16 length, UTF-8; read as i16, so at most 32,767 bytes
//	bytes     u32 length, raw bytes
//	list      u32 count, elements; read as i32, a negative count is empty
//	map       u16 count, then key and value in ascending order of keys
//	option    bool, then the value if it is 1
//	duration  u64 seconds, u32 nanoseconds
//	varint    zig-zag LEB128, 64 bits
//	frame     i32 length of what follows, then that
//
// There are no field numbers and no nulls: a message is its fields in order.
// The rules are those of fluvio-protocol/src/core/{encoder,decoder,varint}.rs.
//
// Append functions extend a slice; a Reader walks over the bytes of a frame.
package wire

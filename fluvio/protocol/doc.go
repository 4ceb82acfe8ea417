// Package protocol is the messages of Fluvio's public protocol: requests and
// responses of both servers, in both directions, as Go structs with codecs.
//
// A Stream Controller (SC) is asked about topics, partitions and SPUs; a Streaming
// Processing Unit (SPU) takes and hands out records. Both are spoken to in frames:
//
//	request   i32 length, u16 key, i16 version, i32 correlation id, string client id, body
//	response  i32 length, i32 correlation id, body
//
// The version in a request governs the encoding of its body and of the response's,
// which does not repeat it; and a key means different requests on an SC and an SPU.
// So AppendRequest and DecodeRequest, AppendResponse and DecodeResponse need to be
// told. Lookup finds a request by server and key.
//
// Known are the versions that the official crates 0.50.1 speak: 15 to 19 of an SC's
// requests (platform 0.11.10 and later) and 23 to 25 of an SPU's; all versions of
// Produce (0 to 25) and ApiVersions (0 to 2), and the one of UpdateOffsets (0). A newer
// version is decoded as the newest. The README in fluvio/definitions lists them all,
// and vectors written by those crates cover each. One request is not Fluvio's but
// weir's own: ClaimWriter, which the embedded broker knows.
//
// Almost all types are generated from fluvio/definitions. They follow the upstream
// Rust crates field by field, as each type's Source line says. Fields that a
// version lacks are left out when encoding and are zero after decoding. Every value
// can be encoded: text of more than MaxString bytes is cut, maps of more than 65,535
// entries too, because the protocol cannot express them. Check names before.
//
// Decoding takes any bytes without panic, and allocates in proportion to them.
// Decoded []byte and RecordSet fields alias the frame, which must stay unchanged as
// long as they are in use; strings are copies. After an error a message's content
// means nothing.
//
// The types are plain data: safe for concurrent reading, not for writing.
package protocol

//go:generate go run ../internal/gen -definitions ../definitions -out .

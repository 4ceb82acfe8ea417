// Package record reads and builds Fluvio's record batches.
//
// A batch is a header and records. Numbers are big-endian:
//
//	 0  i64  base offset             given by the broker
//	 8  i32  length                  of all that follows it
//	12  i32  leader epoch            -1
//	16  i8   magic                   2
//	17  u32  CRC-32C                 of everything from 21 on
//	21  i16  attributes              0-7 compression, 0x10 schema id present
//	23  i32  last offset delta       number of records - 1
//	27  i64  first timestamp         ms since 1970
//	35  i64  max timestamp           ms since 1970
//	43  i64  producer id             -1 \
//	51  i16  producer epoch          -1  } stored and returned by Fluvio, not looked at
//	53  i32  first sequence          -1 /
//	57 (u32  schema id               only with attribute 0x10; never written)
//	57  ...  payload, compressed as the attributes say:
//	         u32 number of records, records
//
// A record:
//
//	varint  length of what follows
//	i8      attributes, 0
//	varint  timestamp delta          to the first timestamp
//	varint  offset delta             ignored by readers: the n-th record has base offset + n
//	bool    is there a key?
//	varint  key length, key          only if there is one
//	varint  value length, value
//	varint  number of headers, 0     none follow, whatever it says
//
// (fluvio-protocol/src/record/{batch,data}.rs.) Unlike Kafka's, the number of
// records is within the payload, and a missing key is a boolean.
//
// Next cuts a record set into batches without touching the records, Verify checks
// a batch's CRC, a Decompressor yields its payload and Records walks over that
// without allocating. A Builder makes batches. Batches, payloads and records are
// all slices of the bytes they were made from: they live and change with them.
//
// Any bytes can be read without panic. A record whose length does not agree with
// its fields is damaged here; upstream's reader goes on behind the fields and takes
// what it finds there, such as the headers that some foreign clients write, for the
// next record.
package record

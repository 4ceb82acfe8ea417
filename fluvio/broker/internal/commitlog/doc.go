// Package commitlog keeps one partition's record batches on disk, in order, and serves them back as they came.
//
// A log is a folder of segments, each named by the 20-digit offset of its first record:
//
//	00000000000000000000.log    00000000000000000000.index
//	00000000000000081920.log        00000000000000090112.writers
//
// A .log file is whole record batches back to back and nothing else:
//
//	┌ base_offset i64 ┬ batch_len i32 ┬ … ┬ crc u32 ┬ attributes … records ┐┌ next batch …
//	└ set by the log ─┴───────────────┴───┴─────────┴─ covered by crc ──────┘
//
// The base offset is the only thing that the log writes into a batch; the checksum does not cover it, so a batch keeps
// the checksum its producer gave it. Segments join without gaps: a segment's name is the end offset of the one before.
//
// What holds at any moment, a kill -9 in the middle of anything included:
//
//   - An append is one write call. It is acknowledged and served only after that call returned; a write that failed or
//     came back short is cut off again.
//   - Only the last segment is ever written, so only its tail can be torn. Open checks every checksum of the last segment and
//     cuts it after its last whole batch. Damage anywhere else is an error that names file and position, never a gap.
//   - A closed segment has an .index: some (offset, position) pairs. It only saves reading. It is dropped and made again when it
//     is absent, torn or does not fit the .log, and every lookup through it is confirmed by the batch header it points at.
//
// # Producer sequences
//
// A batch may say who wrote it and with which ordinals (record.Sequence). The log takes every ordinal of a writer once, in order: see [Log.Append]
// for what it does with a repetition, a gap and an overlap. What it knows of the writers is a function of the batch headers, in their order, so
// it is kept in memory and brought back from them. A .writers file is a snapshot of it as of the offset in its name: written every 64 MiB and
// before retention removes what no snapshot has counted, by rename, the last two kept. Open takes the newest that is whole and lies between
// the log's start and end, and walks the headers behind it; with none, all headers, and writers with no batch left are forgotten.
// Beyond that a writer is forgotten over [Config.MaxWriters], over [Config.WriterRetention], or over a [Quota]; it may then begin anywhere.
//
// # Files
//
// The segment that is written to is open. Others are opened when they are read, as many at a time as [Files] allows.
//
// # Loss of power
//
// An acknowledged batch survives the death of the process because it is in the system's page cache. Power loss may take what
// was not yet forced to the disk: nothing with Config.SyncEach, what came since the last Log.Sync without, torn or in any order.
// Open then cuts a torn tail; where the disk kept a later part and lost an earlier one it refuses with a [CorruptError],
// which says how to go on. With the batches that are lost the writers lose their ordinals: what they send next is a gap, and refused. A torn
// snapshot fails its checksum, and the one before is taken.
package commitlog

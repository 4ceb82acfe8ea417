;; attack: a host function that writes over the progress cell while it serves the row in it
;; rule: the row is read once, before the host writes
;; expect: harmless
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema (80 bytes)
    "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 80)))
    (i32.const 0))
  (func (export "weir_progress") (result i32) (i32.const 512))
  (func (export "weir_process") (param i32) (result i32)
    (drop (call $random_get (i32.const 500) (i32.const 64)))
    (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 508)))
    (drop (call $random_get (i32.const 500) (i32.const 64)))
    (i32.const 0)))

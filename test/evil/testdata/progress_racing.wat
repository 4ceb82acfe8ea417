;; attack: another row in the progress cell before each call for clock and randomness
;; rule: time and chance are functions of the row, and the calls are counted
;; expect: weir_process limit.host_calls
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
    (loop $again
      (i32.store (i32.const 512) (i32.add (i32.load (i32.const 512)) (i32.const 1)))
      (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 64)))
      (drop (call $random_get (i32.const 64) (i32.const 16)))
      (br $again))
    (i32.const 0)))

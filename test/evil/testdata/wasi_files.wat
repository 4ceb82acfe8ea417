;; attack: opening, reading and listing files through every descriptor that could be open
;; rule: there are no files: every descriptor but 1 and 2 is EBADF (8)
;; expect: harmless
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema (80 bytes)
    "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 64) "/etc/passwd")
  (data (i32.const 96) "\00\20\00\00\00\10\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 80)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32)
    (local $fd i32)
    (loop $again
      (if (i32.ne (call $path_open (local.get $fd) (i32.const 0) (i32.const 64) (i32.const 11) (i32.const 0) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 80)) (i32.const 8)) (then (unreachable)))
      (if (i32.ne (call $fd_read (local.get $fd) (i32.const 96) (i32.const 1) (i32.const 80)) (i32.const 8)) (then (unreachable)))
      (br_if $again (i32.lt_u (local.tee $fd (i32.add (local.get $fd) (i32.const 1))) (i32.const 256))))
    (i32.const 0)))

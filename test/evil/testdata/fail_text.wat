;; attack: a reason with escape sequences, line ends and 128 KiB of rubbish
;; rule: texts are cut at 4,096 bytes and shown as one line
;; expect: weir_process status.error
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (import "weir" "fail" (func $fail (param i32 i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema (80 bytes)
    "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 64) "\1b[2J\1b]0;owned\07\0d\0aERROR all is well\ff\fe\e2\80\ae")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 80)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32)
    (memory.fill (i32.const 65600) (i32.const 10) (i32.const 4096))
    (call $fail (i32.const 64) (i32.const 131008))
    (i32.const 1)))

;; attack: a weir_process that is a table
;; rule: kinds are compared
;; expect: refused module.export
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
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
  (table (export "weir_process") 1 funcref))

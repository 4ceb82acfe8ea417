;; attack: a column of a type of which the buffers would be read at another width
;; rule: only the types of the ABI are taken
;; expect: weir_open ipc.unsupported
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= foreign n:half (120 bytes)
    "\ff\ff\ff\ffp\00\00\00\10\00\00\00\00\00\0a\00\0c\00\0a\00\09\00\04\00\0a\00\00\00\10\00\00\00"
    "\00\01\04\00\08\00\08\00\00\00\04\00\08\00\00\00\04\00\00\00\01\00\00\00\14\00\00\00\10\00\14\00"
    "\10\00\00\00\0f\00\08\00\00\00\04\00\10\00\00\00\10\00\00\00\14\00\00\00\00\00\00\03\10\00\00\00"
    "\00\00\00\00\04\00\04\00\04\00\00\00\01\00\00\00n\00\00\00\00\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 120)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

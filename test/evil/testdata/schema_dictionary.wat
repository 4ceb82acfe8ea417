;; attack: a column in a dictionary with an id of the guest's choosing
;; rule: dictionaries are not taken
;; expect: weir_open ipc.unsupported
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= foreign class:dictionary (152 bytes)
    "\ff\ff\ff\ff\90\00\00\00\10\00\00\00\00\00\0a\00\0c\00\0a\00\09\00\04\00\0a\00\00\00\08\00\00\00"
    "\00\01\04\00\c8\ff\ff\ff\04\00\00\00\01\00\00\00\14\00\00\00\10\00\18\00\14\00\00\00\13\00\0c\00"
    "\08\00\04\00\10\00\00\008\00\00\00\18\00\00\008\00\00\00\00\00\00\054\00\00\00\08\00\08\00"
    "\00\00\04\00\08\00\00\00\0c\00\00\00\08\00\0c\00\08\00\07\00\08\00\00\00\00\00\00\01 \00\00\00"
    "\00\00\00\00\04\00\04\00\04\00\00\00\05\00\00\00class\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 152)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

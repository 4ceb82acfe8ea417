;; attack: a dictionary inside of a list, where a look at the columns alone would miss it
;; rule: dictionaries are not taken, wherever they are
;; expect: weir_open ipc.unsupported
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= foreign all:dictionaries (208 bytes)
    "\ff\ff\ff\ff\c8\00\00\00\10\00\00\00\00\00\0a\00\0c\00\0a\00\09\00\04\00\0a\00\00\00\08\00\00\00"
    "\00\01\04\00\98\ff\ff\ff\04\00\00\00\01\00\00\00\14\00\00\00\10\00\14\00\10\00\00\00\0f\00\08\00"
    "\00\00\04\00\10\00\00\00\10\00\00\00\14\00\00\00\00\00\00\0ct\00\00\00\01\00\00\00\18\00\00\00"
    "\ac\ff\ff\ff\10\00\18\00\14\00\13\00\12\00\0c\00\08\00\04\00\10\00\00\008\00\00\00\18\00\00\00"
    "8\00\00\00\00\00\05\014\00\00\00\08\00\08\00\00\00\04\00\08\00\00\00\0c\00\00\00\08\00\0c\00"
    "\08\00\07\00\08\00\00\00\00\00\00\01 \00\00\00\00\00\00\00\04\00\04\00\04\00\00\00\04\00\00\00"
    "item\00\00\00\00\03\00\00\00all\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 208)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

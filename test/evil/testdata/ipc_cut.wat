;; attack: a message that ends in the middle of its metadata
;; rule: the metadata's length must lie inside the message
;; expect: weir_process ipc.frame
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (import "weir" "emit" (func $emit (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema class:text? (152 bytes)
    "\ff\ff\ff\ff\90\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\14\00\00\00\10\00\12\00\04\00\10\00\11\00\08\00"
    "\00\00\0c\00\10\00\00\00\14\00\00\00 \00\00\00$\00\00\00\01\05\00\00\00\00\00\00\05\00\00\00"
    "class\00\00\00\04\00\04\00\04\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 4096)
    ;;= batch 3 class:text? | cut 40 (40 bytes)
    "\ff\ff\ff\ff\b8\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\c0\00\00\00\00\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 152)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32)
    (call $emit (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 4096) (i32.const 40))))

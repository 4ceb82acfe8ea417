;; attack: a struct of two fields of one name, one to be checked and one to be believed
;; rule: names are unique within a struct, too
;; expect: weir_open ipc.schema
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= foreign s:twice (232 bytes)
    "\ff\ff\ff\ff\e0\00\00\00\10\00\00\00\00\00\0a\00\0c\00\0a\00\09\00\04\00\0a\00\00\00\10\00\00\00"
    "\00\01\04\00\08\00\08\00\00\00\04\00\08\00\00\00\04\00\00\00\01\00\00\00\04\00\00\00\a4\ff\ff\ff"
    "\10\00\00\00\1c\00\00\00\00\00\00\0d\90\00\00\00\02\00\00\00T\00\00\00\14\00\00\00\04\00\0c\00"
    "\04\00\00\00D\00\00\00\04\00\00\00\d4\ff\ff\ff\10\00\00\00\10\00\00\00\00\00\00\02\14\00\00\00"
    "\00\00\00\00\c4\ff\ff\ff\00\00\00\01@\00\00\00\01\00\00\00x\00\00\00\10\00\14\00\10\00\00\00"
    "\0f\00\08\00\00\00\04\00\10\00\00\00\10\00\00\00\18\00\00\00\00\00\00\02\1c\00\00\00\00\00\00\00"
    "\08\00\0c\00\08\00\07\00\08\00\00\00\00\00\00\01@\00\00\00\01\00\00\00x\00\00\00\01\00\00\00"
    "s\00\00\00\00\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 232)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

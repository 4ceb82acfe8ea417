;; attack: a map whose keys are doubles, among them ones that are not equal to themselves
;; rule: keys of maps are text, integers or booleans
;; expect: weir_open ipc.unsupported
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= foreign m:keyed (280 bytes)
    "\ff\ff\ff\ff\10\01\00\00\10\00\00\00\00\00\0a\00\0c\00\0a\00\09\00\04\00\0a\00\00\00\10\00\00\00"
    "\00\01\04\00\08\00\08\00\00\00\04\00\08\00\00\00\04\00\00\00\01\00\00\00\04\00\00\00x\ff\ff\ff"
    "\10\00\00\00\14\00\00\00\00\00\00\11\c4\00\00\00\01\00\00\00\08\00\00\00\dc\ff\ff\ff\98\ff\ff\ff"
    "\10\00\00\00\1c\00\00\00\00\00\00\0d\98\00\00\00\02\00\00\00`\00\00\00\14\00\00\00\04\00\0c\00"
    "\04\00\00\00P\00\00\00\04\00\00\00\c8\ff\ff\ff\10\00\00\00\18\00\00\00\00\00\00\02\1c\00\00\00"
    "\00\00\00\00\08\00\0c\00\08\00\07\00\08\00\00\00\00\00\00\01@\00\00\00\05\00\00\00valu"
    "e\00\00\00\10\00\14\00\10\00\00\00\0f\00\08\00\00\00\04\00\10\00\00\00\10\00\00\00\18\00\00\00"
    "\00\00\00\03\18\00\00\00\00\00\00\00\00\00\06\00\08\00\06\00\06\00\00\00\00\00\02\00\03\00\00\00"
    "key\00\07\00\00\00entries\00\01\00\00\00m\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 280)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

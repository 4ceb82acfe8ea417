;; attack: recursion through a table that is filled only at run time, by table.set and ref.func
;; rule: functions on cycles of the call graph pay for their frames in slots of depth; a function that ref.func names may be called through any table
;; expect: weir_process limit.depth
;; limits: fuel=1000000000
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema (80 bytes)
    "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (type $unary (func (param i32) (result i32)))
  (table (export "table") 8 funcref)
  (elem declare func $down)
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 80)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32)
    (table.set 0 (i32.const 7) (ref.func $down))
    (call $down (local.get 0)))
  (func $down (type $unary)
    (i32.add (i32.const 1) (call_indirect (type $unary) (local.get 0) (i32.const 7)))))

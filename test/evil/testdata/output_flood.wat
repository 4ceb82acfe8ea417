;; attack: outputs without end
;; rule: outputs are counted
;; expect: weir_open output.count
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
    (local $n i32)
    (loop $again
      (i32.store8 (i32.const 64) (local.tee $n (i32.add (local.get $n) (i32.const 1))))
      (drop (call $output (i32.const 64) (i32.const 1) (i32.const 1) (i32.const 1024) (i32.const 80)))
      (br $again))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

;; attack: a guest without an output
;; rule: a guest declares one output at least
;; expect: weir_open output.missing
(module
  (memory (export "memory") 2)
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32) (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

;; attack: a weir_open that does not return
;; rule: weir_open is a call like any other
;; expect: weir_open limit.fuel
(module
  (memory (export "memory") 2)
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (loop $again (br $again))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

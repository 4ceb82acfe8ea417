;; attack: a guest without a memory
;; rule: a guest defines one memory and exports it
;; expect: refused module.export
(module
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32) (i32.const 0))
  (func (export "weir_process") (param i32) (result i32) (i32.const 0)))

;; What the other modules import. It is rewritten too, so that calls cross from one metered instance into another.
(module
  (global (export "fixed") i32 (i32.const 40))
  (global (export "counter") (mut i64) (i64.const 7))
  (memory (export "memory") 1 4)
  (table (export "table") 8 funcref)
  (func (export "add") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add)
  (func (export "spin") (param i32)
    (loop
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "bump")
    (global.set 1 (i64.add (global.get 1) (i64.const 1)))))

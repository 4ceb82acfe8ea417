;; The start function spins: nothing may run before the host has set limits.
(module
  (memory (export "memory") 1)
  (global $rounds (mut i32) (i32.const 0))
  (func $begin
    (loop $again
      (global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))
      (br_if $again (i32.lt_u (global.get $rounds) (i32.const 1000))))
    (i32.store (i32.const 0) (i32.const 42)))
  (start $begin)
  (func (export "rounds") (result i32) (global.get $rounds))
  (func (export "stored") (result i32) (i32.load (i32.const 0))))

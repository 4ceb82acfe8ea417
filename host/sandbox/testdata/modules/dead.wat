;; Code that is never reached must stay valid around what is injected, whatever the operand stack is taken to hold there.
(module
  (memory 1 3)
  (table 4 funcref)
  (data $d "abc")
  (elem $e funcref (ref.null func))
  (func (export "grow") (param i32) (result i32)
    (block (result i32)
      (br 0 (i32.const 1))
      memory.grow))
  (func (export "grow_twice") (param i32) (result i32)
    (if (local.get 0) (then (return (i32.const 2))))
    unreachable
    memory.grow
    memory.grow)
  (func (export "fill") (param i32)
    (block
      (br 0)
      memory.fill
      memory.copy
      (memory.init $d)
      (data.drop $d)))
  (func (export "half_fill") (param i32)
    (block
      (br 0)
      (i32.const 3)
      memory.fill))
  (func (export "tables") (result i32)
    (i32.const 3)
    return
    (table.fill 0)
    (table.copy 0 0)
    (table.init $e)
    (elem.drop $e)
    (table.grow 0)
    drop
    (table.set 0))
  (func (export "loops") (result i32)
    (i32.const 4)
    (br 0)
    (loop (param i64) (result f32)
      (br 0)
      (br_table 0 1))
    drop
    (block (result i32) (br 1 (i32.const 9))))
  (func (export "ifs") (result i32)
    (return (i32.const 5))
    (if (result i64) (then (unreachable)) (else (unreachable) (br 0)))
    drop
    (if (then (drop (call 6)))))
  (func (export "select") (result i32)
    (return (i32.const 6))
    select
    drop
    (select (result f64))
    f64.neg
    drop)
  (func (export "end") (param i32)
    (loop (br_if 1 (local.get 0)) (unreachable))))

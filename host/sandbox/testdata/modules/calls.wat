;; Frames: functions on cycles of the call graph charge their depth and give it back however they return.
(module
  (type $unary (func (param i32) (result i32)))
  (table funcref (elem $down $odd $wide))
  (func $leaf (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))
  (func $chain1 (export "chain") (param i32) (result i32)
    (call $chain2 (call $chain2 (local.get 0))))
  (func $chain2 (param i32) (result i32)
    (call $leaf (call $leaf (local.get 0))))

  (func $factorial (export "factorial") (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0))
      (then (i64.const 1))
      (else (i64.mul (local.get 0) (call $factorial (i64.sub (local.get 0) (i64.const 1)))))))

  (func $even (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (call $odd (i32.sub (local.get 0) (i32.const 1))))
  (func $odd (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (call $even (i32.sub (local.get 0) (i32.const 1))))

  ;; only the table closes the cycle
  (func $down (export "indirect") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
      (else (i32.const 77))))

  ;; three results, an early return, a branch to the function and a table that may target it, all on a cycle
  (func $wide (param i32) (result i32) (local i64 f64 i32)
    (call $many (local.get 0))
    i32.add
    i32.add)
  (func $many (export "many") (param i32) (result i32 i32 i32)
    (block $two
      (block $one
        (block $zero
          (br_table $zero $one $two (i32.and (local.get 0) (i32.const 3))))
        (br 2 (i32.const 1) (i32.const 2) (i32.const 3)))
      (return (i32.const 4) (i32.const 5) (i32.const 6)))
    (i32.const 7)
    (i32.const 8)
    (call $wide (i32.sub (local.get 0) (i32.const 1)))
    (br_table 0 0 (i32.const 5)))

  (func $tree (export "tree") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (i32.add
      (call $tree (i32.sub (local.get 0) (i32.const 1)))
      (call $tree (i32.sub (local.get 0) (i32.const 1)))))

  (func $runaway (export "runaway")
    (call $runaway))

  ;; traps with frames charged: the host sets the depth anew
  (func $fails (export "fails") (param i32)
    (if (i32.eqz (local.get 0)) (then (unreachable)))
    (call $fails (i32.sub (local.get 0) (i32.const 1)))))

;; Ways through a function that end elsewhere than at its last instruction.
(module
  ;; the function itself is a target of the table, with a result
  (func (export "table_to_function") (param i32) (result i32)
    (block $a (result i32)
      (block $b (result i32)
        (i32.const 10)
        (local.get 0)
        (br_table $b $a 2 2))
      (i32.add (i32.const 1)))
    (i32.add (i32.const 100)))

  ;; a table of one function-level target only
  (func (export "table_default") (param i32) (result i32 i64)
    (i32.const 1)
    (i64.const 2)
    (br_table 0 (local.get 0)))

  (func (export "br_function") (param i32) (result i32)
    (block
      (br_if 0 (local.get 0))
      (br 1 (i32.const 1)))
    (i32.const 2))

  (func (export "return_deep") (param i32) (result i32 i32 i32)
    (block (block (loop (if (local.get 0) (then
      (return (i32.const 1) (i32.const 2) (i32.const 3)))))))
    (i32.const 4) (i32.const 5) (i32.const 6))

  (func (export "if_without_else") (param i32) (result i32) (local i32)
    (if (local.get 0) (then (local.set 1 (i32.const 9))))
    (local.get 1))

  (func (export "if_parameters") (param i32) (result i32)
    (i32.const 20)
    (i32.const 3)
    (local.get 0)
    (if (param i32 i32) (result i32)
      (then i32.add)
      (else i32.sub)))

  ;; an if without else whose parameters are its results
  (func (export "if_through") (param i32) (result i32)
    (i32.const 7)
    (local.get 0)
    (if (param i32) (result i32) (then (i32.mul (i32.const 6)))))

  (func (export "if_chain") (param i32) (result i32)
    (if (result i32) (i32.eq (local.get 0) (i32.const 0))
      (then (i32.const 1))
      (else (if (result i32) (i32.eq (local.get 0) (i32.const 1))
        (then (i32.const 2))
        (else (if (result i32) (i32.eq (local.get 0) (i32.const 2))
          (then (i32.const 3))
          (else (unreachable))))))))

  (func (export "blocks") (param i32) (result i32 i64)
    (block (result i32 i64)
      (i32.const 1)
      (i64.const 2)
      (br_if 0 (local.get 0))
      drop drop
      (i32.const 3)
      (i64.const 4)))

  ;; a light path and a heavy one: each pays for what it executes
  (func (export "uneven") (param i32) (result i32)
    (if (local.get 0)
      (then
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))
        (local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 1)) (i32.const 3)))))
    (local.get 0))

  ;; the first arm comes to the end of the if, and the second one leaves: what follows excludes the second one only
  (func (export "else_leaves") (param i32) (result i32)
    (block $out
      (if (local.get 0)
        (then (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop))
        (else (br $out)))
      (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop))
    (i32.const 1))

  ;; the same by a way out of the second arm to the end of a block around
  (func (export "else_leaves_by_table") (param i32) (param i32) (result i32)
    (block $out
      (block $after
        (if (local.get 0)
          (then (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop))
          (else (br_table $after $out (local.get 1))))
        (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop)
        (br $out))
      (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop))
    (i32.const 1)))

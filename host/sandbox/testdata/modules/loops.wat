;; Loop heads: each charges and may yield.
(module
  ;; outer * inner rounds, counted
  (func (export "nested") (param $outer i32) (param $inner i32) (result i32) (local $j i32) (local $n i32)
    (block $done
      (br_if $done (i32.eqz (local.get $outer)))
      (loop $rows
        (local.set $j (local.get $inner))
        (block $row
          (br_if $row (i32.eqz (local.get $j)))
          (loop $columns
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $columns (local.tee $j (i32.sub (local.get $j) (i32.const 1))))))
        (br_if $rows (local.tee $outer (i32.sub (local.get $outer) (i32.const 1))))))
    (local.get $n))

  ;; the loop's own parameters carry two Fibonacci numbers from round to round
  (func (export "parameters") (param $n i32) (result i64 i64) (local $a i64) (local $b i64)
    (i64.const 0)
    (i64.const 1)
    (loop $again (param i64 i64) (result i64 i64)
      (local.set $b)
      (local.set $a)
      (local.get $b)
      (i64.add (local.get $a) (local.get $b))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; a sum kept on the operand stack alone while the loop turns
  (func (export "operands") (param $n i32) (result i64)
    (i64.const 0)
    (loop $again (param i64) (result i64)
      (i64.add (i64.extend_i32_u (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; out of the inner loop to the head of the outer one
  (func (export "outward") (param $n i32) (result i32) (local $turns i32)
    (loop $outer
      (loop $inner
        (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $outer (i32.gt_s (local.get $n) (i32.const 4)))
        (br_if $inner (i32.gt_s (local.get $n) (i32.const 0)))))
    (local.get $turns))

  ;; every target of the table is a loop
  (func (export "table") (param $n i32) (result i32) (local $turns i32)
    (loop $a
      (loop $b
        (loop $c
          (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
          (if (i32.lt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))
            (then (return (local.get $turns))))
          (br_table $a $b $c (i32.rem_u (local.get $n) (i32.const 3))))))
    (unreachable))

  (func (export "if_inside") (param $n i32) (result i32) (local $even i32)
    (loop $again
      (if (i32.eqz (i32.and (local.get $n) (i32.const 1)))
        (then
          (local.set $even (i32.add (local.get $even) (i32.const 1)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $again (i32.gt_s (local.get $n) (i32.const 0))))
        (else
          (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))))
    (local.get $even))

  (func (export "once") (result i32)
    (loop (result i32) (i32.const 5)))

  (func (export "hollow")
    (loop)
    (loop (loop (loop))))

  (func (export "forever")
    (loop $again (br $again))))

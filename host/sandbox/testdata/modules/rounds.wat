;; Every way out of a loop that pays for its rounds at once, or that has a loop put around it. $n says after how many rounds.
(module
  (memory 1)
  (func $cold (unreachable))
  (func $count (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))

  (func (export "fall") (param $n i32) (result i32) (local $turns i32)
    (loop $again
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $turns))

  (func (export "fall_with") (param $n i32) (result i32)
    (loop $again (result i32)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
      (i32.const 7)))

  (func (export "break") (param $n i32) (result i32)
    (block $out
      (loop $again
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))
    (local.get $n))

  (func (export "break_with") (param $n i32) (result i64)
    (block $out (result i64)
      (loop $again
        (if (i32.eqz (local.get $n)) (then (br $out (i64.const 11))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again))
      (unreachable)))

  (func (export "break_if_with") (param $n i32) (result i32)
    (block $out (result i32)
      (loop $again
        (drop (br_if $out (i32.const 13) (i32.eqz (local.get $n))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again))
      (unreachable)))

  (func (export "break_table") (param $n i32) (result i32)
    (block $out
      (loop $again
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_table $again $out (i32.lt_s (local.get $n) (i32.const 1)))))
    (local.get $n))

  (func (export "return") (param $n i32) (result i32)
    (loop $again
      (if (i32.eqz (local.get $n)) (then (return (i32.const 17))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))
    (unreachable))

  (func $deep (export "return_deep") (param $n i32) (param $calls i32) (result i32)
    (if (local.get $calls)
      (then (return (i32.add (i32.const 1) (call $deep (local.get $n) (i32.sub (local.get $calls) (i32.const 1)))))))
    (loop $again
      (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))
    (unreachable))

  ;; the trap comes before the refund
  (func (export "trap") (param $n i32)
    (loop $again
      (i32.store (i32.mul (local.get $n) (i32.const -65536)) (i32.const 0))
      (if (i32.eqz (local.get $n)) (then (unreachable)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again)))

  ;; a call that does not come back is none
  (func (export "cold") (param $n i32)
    (loop $again
      (if (i32.eqz (local.get $n)) (then (call $cold) (unreachable)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again)))

  ;; two levels out, over the head of another loop
  (func (export "outward") (param $n i32) (result i32) (local $turns i32)
    (block $out
      (loop $outer
        (loop $inner
          (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
          (br_if $out (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (br_if $outer (i32.and (local.get $n) (i32.const 1)))
          (br_if $inner (i32.and (local.get $n) (i32.const 2)))
          (br $outer))))
    (local.get $turns))

  ;; code that never runs has labels, too
  (func (export "dead") (param $n i32) (result i32)
    (block $out (result i32)
      (loop $again (result i32)
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
        (br $out (i32.const 19))
        (br_if $out (i32.const 1))
        (br $out))))

  ;; the first loop, with calls: what the Go compiler makes
  (func (export "first") (param $n i32) (result i32) (local $i i32)
    (local.set $i (i32.const 3))
    (block $out
      (loop $top
        (block $two
          (block $one
            (br_table $one $two (i32.lt_s (local.get $n) (i32.const 10))))
          (local.set $n (call $count (local.get $n)))
          (br $top))
        (br_if $out (i32.eqz (local.get $n)))
        (if (i32.eq (local.get $n) (i32.const 5)) (then (return (local.get $i))))
        (local.set $n (call $count (local.get $n)))
        (br $top)))
    (local.get $n))

  ;; a switch, whose cases exclude each other; one falls through
  (func (export "cases") (param $n i32) (param $case i32) (result i32) (local $x i32)
    (loop $again
      (block $next
        (block $c2
          (block $c1
            (block $c0
              (br_table $c0 $c1 $c2 $next (local.get $case)))
            (local.set $x (i32.add (i32.add (local.get $x) (i32.const 1)) (i32.const 2)))
            (br $next))
          (local.set $x (i32.mul (local.get $x) (i32.const 3))))
        (local.set $x (i32.add (i32.add (i32.add (local.get $x) (i32.const 4)) (i32.const 5)) (i32.const 6))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))

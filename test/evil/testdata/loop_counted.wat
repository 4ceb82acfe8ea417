;; attack: nested loops that do end, after 2^93 rounds
;; rule: fuel is charged at every loop head and function entry
;; expect: weir_process limit.fuel
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema (80 bytes)
    "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 80)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32)
    (loop $a
      (loop $b
        (loop $c
          (br_if $c (i32.gt_s (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 0))))
        (br_if $b (i32.gt_s (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 0))))
      (br_if $a (i32.gt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 0))))
    (i32.const 0)))

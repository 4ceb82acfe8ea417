;; attack: a search through all memory there is for what an earlier guest left, which then leaves its own mark everywhere and traps
;; rule: memory comes zeroed, and goes back to its image before it is used again
;; expect: weir_process trap.unreachable
;; limits: fuel=100000000
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
    (local $at i32) (local $end i32)
    (drop (memory.grow (i32.const 100)))
    (local.set $at (i32.const 131072))
    (local.set $end (i32.mul (memory.size) (i32.const 65536)))
    (loop $search
      ;; Anything but a zero behind the guest's own two pages is somebody else's.
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 1))))
      (br_if $search (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end))))
    (memory.fill (i32.const 131072) (i32.const 0xc7) (i32.sub (local.get $end) (i32.const 131072)))
    (unreachable)))

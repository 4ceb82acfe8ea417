;; attack: an exception that unwinds past the sandbox's accounts
;; rule: what the sandbox does not know it refuses by name
;; expect: refused wasm.unsupported
;; wat2wasm: --enable-exceptions
(module
  (import "weir" "output" (func $output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 1024)
    ;;= schema (80 bytes)
    "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"
    "\00\00\00\00\00\00\00\00\14\00\00\00\04\00\01\00\00\00\00\00\08\00\0a\00\08\00\04\00\08\00\00\00"
    "\0c\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (tag $e)
  (func (export "weir_abi_v1"))
  (func (export "weir_arena") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_open") (param i32) (result i32)
    (drop (call $output (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 80)))
    (i32.const 0))
  (func (export "weir_process") (param i32) (result i32)
    (try (do (throw $e)) (catch_all))
    (i32.const 0)))

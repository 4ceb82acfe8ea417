;; Names of functions survive, so that a trap says where it was. wat2wasm --debug-names writes them.
(module $guest
  (func $main.helper (param $x i32) (local $y i32)
    (unreachable))
  (func $main.run (export "run")
    (call $main.helper (i32.const 1))))

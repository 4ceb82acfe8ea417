;; an export of the global behind the last
(module (global i32 (i32.const 1)) (export "g" (global 1)))

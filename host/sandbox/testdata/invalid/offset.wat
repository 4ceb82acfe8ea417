;; a data segment at the global behind the last
(module (memory 1) (global i32 (i32.const 1)) (data (global.get 1) "x"))

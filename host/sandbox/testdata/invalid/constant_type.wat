;; a constant expression of the wrong type
(module (global i32 (i64.const 1)))

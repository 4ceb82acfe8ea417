;; a constant, written
(module (global i32 (i32.const 1)) (func (global.set 0 (i32.const 2))))

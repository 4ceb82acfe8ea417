;; the global behind the last, read
(module (global i32 (i32.const 1)) (func (drop (global.get 1))))

;; a start function with a result
(module (func (result i32) (i32.const 1)) (start 0))

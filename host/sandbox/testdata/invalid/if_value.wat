;; an if without else that makes a value
(module (func (drop (if (result i32) (i32.const 1) (then (i32.const 1))))))

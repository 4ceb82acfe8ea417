;; a load from a memory where there is none
(module (func (drop (v128.load (i32.const 0)))))

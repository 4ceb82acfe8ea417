;; a fill of a memory where there is none
(module (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))

;; growth of a memory where there is none
(module (func (drop (memory.grow (i32.const 0)))))

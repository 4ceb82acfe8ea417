;; an operand of the wrong type
(module (func (drop (i32.add (i32.const 1) (i64.const 1)))))

;; a conditional branch out of the function
(module (func (block (br_if 2 (i32.const 1)))))

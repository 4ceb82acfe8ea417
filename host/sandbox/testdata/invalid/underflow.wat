;; operands from outside a block
(module (func (i32.const 1) (block (drop)) (drop)))

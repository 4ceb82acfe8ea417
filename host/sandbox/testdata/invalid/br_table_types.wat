;; a table of targets that take different values
(module (func (block (result i32) (br_table 0 1 (i32.const 1) (i32.const 1))) (drop)))

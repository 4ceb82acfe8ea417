;; a table that branches out of the function
(module (func (call 0) (br_table 0 1 0 (i32.const 1))))

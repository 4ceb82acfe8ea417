;; a table whose default branches out of the function
(module (func (call 0) (block (br_table 0 1 2 (i32.const 1)))))

;; a table that branches out of the function, never reached
(module (func (call 0) (unreachable) (br_table 0 1 (i32.const 1))))

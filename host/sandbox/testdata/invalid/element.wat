;; the function behind the last in an element segment
(module (table 1 funcref) (func) (elem (i32.const 0) 1))

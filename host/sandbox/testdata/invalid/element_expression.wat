;; the function behind the last in an element expression
(module (table 1 funcref) (func) (elem (i32.const 0) funcref (ref.func 1)))

;; an element segment behind the last
(module (table 1 funcref) (elem func) (func (table.init 1 (i32.const 0) (i32.const 0) (i32.const 0))))

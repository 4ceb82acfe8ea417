;; a type behind the last
(module (table 1 funcref) (func (call_indirect (type 1) (i32.const 0))))

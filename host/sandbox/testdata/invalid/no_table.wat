;; an indirect call without a table
(module (func (call_indirect (i32.const 0))))

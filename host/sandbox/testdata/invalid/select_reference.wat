;; a select of references without their type
(module (func (drop (select (ref.null func) (ref.null func) (i32.const 1)))))

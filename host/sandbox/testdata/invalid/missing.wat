;; a result that is missing
(module (func (result i32)))

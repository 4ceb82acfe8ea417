;; a branch out of a function on a cycle
(module (func (call 0) (br 1)))

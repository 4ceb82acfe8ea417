;; a function of a type behind the last
(module (type (func)) (func (type 3)))

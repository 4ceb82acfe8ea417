;; an import of a type behind the last
(module (type (func)) (import "env" "f" (func (type 2))))

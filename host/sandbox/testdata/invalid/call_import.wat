;; the function behind the last, where an import shifts them
(module (import "env" "f" (func)) (func (call 2)))

;; the function behind the last
(module (func (call 1)))

;; a reference to a function that nothing declares
(module (func (drop (ref.func 0))))

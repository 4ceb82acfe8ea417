;; a reference to the function behind the last
(module (func (drop (ref.func 1))))

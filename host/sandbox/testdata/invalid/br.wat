;; a branch out of the function
(module (func (br 1)))

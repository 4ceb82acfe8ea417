;; a branch to a loop without the values it takes
(module (func (i32.const 1) (loop (param i32) (drop) (br 0))))

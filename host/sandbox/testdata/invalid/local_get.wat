;; the local behind the last, read
(module (memory 1) (func (param i32) (local i32) (drop (memory.grow (local.get 0))) (drop (local.get 2))))

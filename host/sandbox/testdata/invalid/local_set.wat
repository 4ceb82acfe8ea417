;; the local behind the last, written
(module (func (param i32) (loop (local.set 1 (i32.const 1)))))

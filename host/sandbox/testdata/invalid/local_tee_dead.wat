;; the local behind the last, in code that is never reached
(module (func (unreachable) (drop (local.tee 0 (i32.const 1)))))

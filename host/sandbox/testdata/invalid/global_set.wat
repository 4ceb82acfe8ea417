;; the global behind the last, written
(module (global (mut i64) (i64.const 1)) (func (global.set 1 (i64.const 9))))

;; the second global behind the last, written
(module (func (global.set 1 (i32.const 9))))

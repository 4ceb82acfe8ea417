;; two exports of one name
(module (func (export "f")) (func) (export "f" (func 1)))

;; an export of the function behind the last
(module (func) (export "f" (func 1)))

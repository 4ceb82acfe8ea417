;; an export of a memory where there is none
(module (export "m" (memory 0)))

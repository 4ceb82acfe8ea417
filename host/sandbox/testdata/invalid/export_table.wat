;; an export of a table where there is none
(module (export "t" (table 0)))

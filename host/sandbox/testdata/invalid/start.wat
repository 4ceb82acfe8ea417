;; the function behind the last as start function
(module (func) (start 1))

;; An imported function as start function, and nothing else.
(module
  (import "env" "bump" (func $bump))
  (start $bump))

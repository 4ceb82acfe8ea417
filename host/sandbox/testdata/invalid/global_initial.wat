;; a global that begins with the one behind the last
(module (global i32 (global.get 1)))

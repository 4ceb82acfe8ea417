;; a memory whose maximum is below its minimum
(module (memory 2 1))

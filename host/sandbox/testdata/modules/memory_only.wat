;; Sections around the ones that are missing: no type, function, global, export or code section.
(module
  (memory 1)
  (data (i32.const 8) "weir"))

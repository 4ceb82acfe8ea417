;; No section at all: every section that the rewriter needs has to be made.
(module)

;; a lane that a vector has not
(module (func (drop (i8x16.extract_lane_u 16 (v128.const i64x2 0 0)))))

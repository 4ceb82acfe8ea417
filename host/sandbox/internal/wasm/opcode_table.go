package wasm

import "strings"

var fields = strings.FieldsSeq

// The numeric and memory instructions of one byte (5.4.6, 5.4.7), and those behind 0xfc.
var shapes, opNames = build([]family{
	{0x28, "i:i", immMemory, 2, 0, "i32.load"},
	{0x29, "i:I", immMemory, 3, 0, "i64.load"},
	{0x2a, "i:f", immMemory, 2, 0, "f32.load"},
	{0x2b, "i:F", immMemory, 3, 0, "f64.load"},
	{0x2c, "i:i", immMemory, 0, 0, "i32.load8_s i32.load8_u"},
	{0x2e, "i:i", immMemory, 1, 0, "i32.load16_s i32.load16_u"},
	{0x30, "i:I", immMemory, 0, 0, "i64.load8_s i64.load8_u"},
	{0x32, "i:I", immMemory, 1, 0, "i64.load16_s i64.load16_u"},
	{0x34, "i:I", immMemory, 2, 0, "i64.load32_s i64.load32_u"},
	{0x36, "ii:", immMemory, 2, 0, "i32.store"},
	{0x37, "iI:", immMemory, 3, 0, "i64.store"},
	{0x38, "if:", immMemory, 2, 0, "f32.store"},
	{0x39, "iF:", immMemory, 3, 0, "f64.store"},
	{0x3a, "ii:", immMemory, 0, 0, "i32.store8"},
	{0x3b, "ii:", immMemory, 1, 0, "i32.store16"},
	{0x3c, "iI:", immMemory, 0, 0, "i64.store8"},
	{0x3d, "iI:", immMemory, 1, 0, "i64.store16"},
	{0x3e, "iI:", immMemory, 2, 0, "i64.store32"},

	{0x45, "i:i", immNone, 0, 0, "i32.eqz"},
	{0x46, "ii:i", immNone, 0, 0, "i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u"},
	{0x50, "I:i", immNone, 0, 0, "i64.eqz"},
	{0x51, "II:i", immNone, 0, 0, "i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u"},
	{0x5b, "ff:i", immNone, 0, 0, "f32.eq f32.ne f32.lt f32.gt f32.le f32.ge"},
	{0x61, "FF:i", immNone, 0, 0, "f64.eq f64.ne f64.lt f64.gt f64.le f64.ge"},

	{0x67, "i:i", immNone, 0, 0, "i32.clz i32.ctz i32.popcnt"},
	{0x6a, "ii:i", immNone, 0, 0, "i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr"},
	{0x79, "I:I", immNone, 0, 0, "i64.clz i64.ctz i64.popcnt"},
	{0x7c, "II:I", immNone, 0, 0, "i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr"},
	{0x8b, "f:f", immNone, 0, 0, "f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt"},
	{0x92, "ff:f", immNone, 0, 0, "f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign"},
	{0x99, "F:F", immNone, 0, 0, "f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt"},
	{0xa0, "FF:F", immNone, 0, 0, "f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign"},

	{0xa7, "I:i", immNone, 0, 0, "i32.wrap_i64"},
	{0xa8, "f:i", immNone, 0, 0, "i32.trunc_f32_s i32.trunc_f32_u"},
	{0xaa, "F:i", immNone, 0, 0, "i32.trunc_f64_s i32.trunc_f64_u"},
	{0xac, "i:I", immNone, 0, 0, "i64.extend_i32_s i64.extend_i32_u"},
	{0xae, "f:I", immNone, 0, 0, "i64.trunc_f32_s i64.trunc_f32_u"},
	{0xb0, "F:I", immNone, 0, 0, "i64.trunc_f64_s i64.trunc_f64_u"},
	{0xb2, "i:f", immNone, 0, 0, "f32.convert_i32_s f32.convert_i32_u"},
	{0xb4, "I:f", immNone, 0, 0, "f32.convert_i64_s f32.convert_i64_u"},
	{0xb6, "F:f", immNone, 0, 0, "f32.demote_f64"},
	{0xb7, "i:F", immNone, 0, 0, "f64.convert_i32_s f64.convert_i32_u"},
	{0xb9, "I:F", immNone, 0, 0, "f64.convert_i64_s f64.convert_i64_u"},
	{0xbb, "f:F", immNone, 0, 0, "f64.promote_f32"},
	{0xbc, "f:i", immNone, 0, 0, "i32.reinterpret_f32"},
	{0xbd, "F:I", immNone, 0, 0, "i64.reinterpret_f64"},
	{0xbe, "i:f", immNone, 0, 0, "f32.reinterpret_i32"},
	{0xbf, "I:F", immNone, 0, 0, "f64.reinterpret_i64"},
	{0xc0, "i:i", immNone, 0, 0, "i32.extend8_s i32.extend16_s"},
	{0xc2, "I:I", immNone, 0, 0, "i64.extend8_s i64.extend16_s i64.extend32_s"},
})

var miscShapes, miscNames = build([]family{
	{0, "f:i", immNone, 0, 0, "i32.trunc_sat_f32_s i32.trunc_sat_f32_u"},
	{2, "F:i", immNone, 0, 0, "i32.trunc_sat_f64_s i32.trunc_sat_f64_u"},
	{4, "f:I", immNone, 0, 0, "i64.trunc_sat_f32_s i64.trunc_sat_f32_u"},
	{6, "F:I", immNone, 0, 0, "i64.trunc_sat_f64_s i64.trunc_sat_f64_u"},
})

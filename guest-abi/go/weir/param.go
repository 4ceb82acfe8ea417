package weir

import (
	"slices"
	"strconv"
	"strings"
)

// Param is a parameter of the module, which is text. Each getter reads it as a type; where it is not given the default is
// returned, and where it can't be read the module is refused when the operator returns. A parameter that the operator never
// asks for is refused as unknown.
type Param struct {
	open        *Open
	name, value string
	given       bool
}

// Param looks up a parameter.
func (o *Open) Param(name string) Param {
	if !slices.Contains(o.asked, name) {
		o.asked = append(o.asked, name)
	}
	for _, p := range o.params {
		if p.key == name {
			return Param{o, name, p.value, true}
		}
	}
	return Param{open: o, name: name}
}

// Required refuses the module where the parameter is not given, so that the getter's default is never used.
func (p Param) Required() Param {
	if !p.given {
		p.bad("is missing")
	}
	return p
}

// Given tells whether there is such a parameter.
func (p Param) Given() bool { return p.given }

// Text is the parameter as it is.
func (p Param) Text(byDefault string) string {
	if !p.given {
		return byDefault
	}
	return p.value
}

// Int64 reads a decimal integer.
func (p Param) Int64(byDefault int64) int64 {
	if !p.given {
		return byDefault
	}
	v, err := strconv.ParseInt(p.value, 10, 64)
	if err != nil {
		p.bad("must be an integer of 64 bits, is " + strconv.Quote(p.value))
	}
	return v
}

// Float64 reads a finite number.
func (p Param) Float64(byDefault float64) float64 {
	if !p.given {
		return byDefault
	}
	v, err := strconv.ParseFloat(p.value, 64)
	if err != nil || v-v != 0 { // the difference is NaN for infinities and NaN
		p.bad("must be a number, is " + strconv.Quote(p.value))
	}
	return v
}

// Bool reads true or false.
func (p Param) Bool(byDefault bool) bool {
	if !p.given {
		return byDefault
	}
	if p.value != "true" && p.value != "false" {
		p.bad("must be true or false, is " + strconv.Quote(p.value))
	}
	return p.value == "true"
}

// Nanoseconds reads a duration such as 250ms, 1.5h or 1h30m, with the units h, m, s, ms, us and ns. It is a number, not a
// time.Duration, because importing package time makes a module 270 kB larger; a module that does so anyway converts it.
func (p Param) Nanoseconds(byDefault int64) int64 {
	if !p.given {
		return byDefault
	}
	v, ok := parseDuration(p.value)
	if !ok {
		p.bad("must be a duration such as 250ms or 1h30m, is " + strconv.Quote(p.value))
	}
	return v
}

func (p Param) bad(problem string) {
	p.open.problem(abiStatusBadParameter, `parameter "`+p.name+`" `+problem)
}

func (o *Open) checkUnknownParams() {
	for _, p := range o.params {
		if slices.Contains(o.asked, p.key) {
			continue
		}
		known := "this module has none"
		if len(o.asked) > 0 {
			known = "this module has " + strings.Join(o.asked, ", ")
		}
		o.problem(abiStatusBadParameter, `there is no parameter "`+p.key+`"; `+known)
	}
}

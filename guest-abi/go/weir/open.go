package weir

import (
	"errors"
	"strings"
)

// Open is what an operator is opened with: the input's columns, parameters, and outputs to declare. All of it but Log is for use
// until the operator returns.
type Open struct {
	Log Logger // may be kept

	inputs
	guest    *Guest
	params   []param
	asked    []string // names of the parameters that the operator knows
	status   uint32
	problems []string
}

// Patch declares an output that selects rows of the input and adds the columns that are declared on it. The default output's
// name is empty.
func (o *Open) Patch(name string) *Patch {
	p := &Patch{output: output{guest: o.guest, name: name, kind: abiKindPatch}}
	o.guest.outputs = append(o.guest.outputs, p)
	return p
}

// Rows declares an output of rows that have the columns declared on it and no others. The default output's name is empty.
func (o *Open) Rows(name string) *Rows {
	r := &Rows{output: output{guest: o.guest, name: name, kind: abiKindBatch}}
	o.guest.outputs = append(o.guest.outputs, r)
	return r
}

func (o *Open) problem(status uint32, message string) {
	if o.status == abiStatusOK {
		o.status = status
	}
	o.problems = append(o.problems, message)
}

// verdict is what opening came to: the problems collected on the way, and the error that the operator returned.
func (o *Open) verdict(process Process, err error) (status uint32, verdict error) {
	if refusal, ok := find[*Refusal](err); ok {
		o.problem(refusal.status, err.Error())
	} else if err != nil {
		o.problem(abiStatusError, err.Error())
	} else {
		o.checkUnknownParams()
	}
	switch {
	case len(o.problems) > 0:
		return o.status, errors.New(strings.Join(o.problems, "; "))
	case process == nil:
		return abiStatusError, errors.New("the operator returned no function to handle batches")
	case len(o.guest.outputs) == 0:
		return abiStatusError, errors.New("the operator declared no output; call Patch or Rows while it opens")
	}
	return abiStatusOK, nil
}

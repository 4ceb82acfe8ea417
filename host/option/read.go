package option

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// String takes a text option, which must be quoted.
func (b *Bag) String(key, byDefault string) string {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	if !v.Quoted {
		b.Reject(key, "text in single quotes")
		return byDefault
	}
	return v.Text
}

// Required takes a text option that must be there and must not be empty.
func (b *Bag) Required(key string) string {
	v, ok := b.Lookup(key)
	if ok && v.Quoted && v.Text != "" {
		return v.Text
	}
	if ok {
		b.Reject(key, "text in single quotes, not empty")
	} else if near, mistyped := Nearest(key, b.Keys()); mistyped {
		b.errs = append(b.errs, b.entries[near].keyPos.Errorf("required option %s is not set; did you mean it by %s?", Show(key), Show(near)))
	} else {
		b.errs = append(b.errs, b.at.Errorf("required option %s is not set", Show(key)))
	}
	return ""
}

// Bool takes true or false, bare or quoted; 'yes' and 'no' do as well.
func (b *Bag) Bool(key string, byDefault bool) bool {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	switch v.Text {
	case "true", "yes":
		return true
	case "false", "no":
		return false
	}
	b.Reject(key, "true or false")
	return byDefault
}

// Int takes a whole number, bare or quoted.
func (b *Bag) Int(key string, byDefault int64) int64 {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		b.Reject(key, "a whole number of 64 bits")
		return byDefault
	}
	return n
}

// Float takes a finite number, bare or quoted, in decimal.
func (b *Bag) Float(key string, byDefault float64) float64 {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || strings.ContainsAny(v.Text, "xXpP_") {
		b.Reject(key, "a number")
		return byDefault
	}
	return n
}

// Duration takes a span of time in Go's notation ('50ms', '1m30s'), not negative. A bare number is refused: it has no
// unit.
func (b *Bag) Duration(key string, byDefault time.Duration) time.Duration {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	d, err := time.ParseDuration(v.Text)
	if err != nil || d < 0 || !v.Quoted {
		b.Reject(key, "a duration such as '50ms', '10s' or '1m30s'")
		return byDefault
	}
	return d
}

// Size takes a count of bytes: '64MB', '512 KiB', 4096. Units are powers of 1024 in any case: b, k, m, g, t, p, e, the
// letters also followed by b or ib. What does not fit 63 bits is refused.
func (b *Bag) Size(key string, byDefault int64) int64 {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	n, ok := ParseSize(v.Text)
	if !ok {
		b.Reject(key, "a size such as '512KB', '64MB' or '2GB', units of which each is 1024 of the one before")
		return byDefault
	}
	return n
}

// ParseSize reads a count of bytes as Size does.
func ParseSize(s string) (int64, bool) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := strings.ToLower(strings.TrimPrefix(s[end:], " "))
	shift := 0
	if unit != "" && unit != "b" {
		power := strings.IndexByte("kmgtpe", unit[0]) + 1
		if rest := unit[1:]; power == 0 || rest != "" && rest != "b" && rest != "ib" {
			return 0, false
		}
		shift = 10 * power
	}
	if n > math.MaxInt64>>shift {
		return 0, false
	}
	return n << shift, true
}

// Enum takes one of the allowed words, in quotes and in their case.
func (b *Bag) Enum(key, byDefault string, allowed ...string) string {
	v, ok := b.Lookup(key)
	if !ok {
		return byDefault
	}
	if !v.Quoted || !slices.Contains(allowed, v.Text) {
		want := "one of " + ShowAll(allowed)
		if near, ok := Nearest(v.Text, allowed); ok {
			want += " (did you mean " + Show(near) + "?)"
		}
		b.Reject(key, want)
		return byDefault
	}
	return v.Text
}

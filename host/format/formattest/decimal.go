package formattest

import (
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Decimal is the text of the number in a row. Arrow's own says something else where words have 32 bits.
func Decimal(a *array.Decimal128, row int) string {
	n, scale := a.Value(row), a.DataType().(*arrow.Decimal128Type).Scale
	unscaled := new(big.Int).Lsh(big.NewInt(n.HighBits()), 64)
	unscaled.Add(unscaled, new(big.Int).SetUint64(n.LowBits()))
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(unscaled, unit).FloatString(int(scale))
}

package node

import (
	"testing"

	"curb/edge/admin"
	"curb/edge/ledger"
)

func TestPaidIsMoneyToTheBillionth(t *testing.T) {
	// 2,500,000,000,999 units and 123,456 millionths per mille, as bills in dong may add up to.
	got := paidAmount(ledger.Paid{Sum: ledger.Sum{Units: 2_500_000_000_999, Micros: 123_456}})
	if want := (admin.CurrencyAmount{Units: 2_500_000_000, Amount: 999_123_456}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"curb/edge/ad"
)

// keptRates is rates.json of the data directory: the table that the next one is compared with. Rates are pico-USD.
type keptRates struct {
	AsOf  time.Time        `json:"as_of"`
	Rates map[string]int64 `json:"rates"`
}

// judgeRates keeps currencies out whose rate jumped against the table this node used before, until the rule set says
// that the jump is meant, and says so when the table is too old to be used at all.
func judgeRates(dir string, table *ad.ExchangeRates, now time.Time, log *slog.Logger) ([]ad.Jump, error) {
	if len(table.Rates) > 0 && !table.Fresh(now) {
		log.Error("the exchange rates are too old, only USD is bought and sold: give ExchangeRates a newer table", "as_of", table.AsOf.Format(time.DateOnly))
	}
	if dir == "" {
		return nil, nil
	}
	path := filepath.Join(dir, "rates.json")
	previous, err := readRates(path)
	if err != nil {
		return nil, err
	}
	jumps := table.Jumps(previous, table.Accept)
	for _, j := range jumps {
		log.Error("an exchange rate jumped by more than 20 %, the currency is kept out: correct it, or name it in accept_jumps",
			"currency", j.Currency.String(), "from_pico_usd", int64(j.From), "to_pico_usd", int64(j.To))
	}
	if err := writeRates(path, table.Baseline(previous, jumps)); err != nil {
		return nil, err
	}
	*table = table.Without(jumps)
	return jumps, nil
}

// ratesWarnings is what an operator should know of the exchange rates: none of it keeps a node from serving in USD.
func (n *Node) ratesWarnings(now time.Time) []string {
	var all []string
	rates := n.catalog.Load().Rates()
	if len(rates.Rates) > 0 && !rates.Fresh(now) {
		all = append(all, "exchange rates of "+rates.AsOf.Format(time.DateOnly)+" are too old: only USD is bought and sold until ExchangeRates has a newer table")
	}
	for _, j := range n.jumped {
		all = append(all, "the rate of "+j.Currency.String()+" jumped: the currency is kept out until it is corrected, or named in accept_jumps")
	}
	return all
}

// readRates gives the table used before; nil if there is none.
func readRates(path string) (*ad.ExchangeRates, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the exchange rates used before: %w", err)
	}
	var kept keptRates
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("%w: %s: %w: restore it, or remove it and the next table is believed as it is", ErrSettings, path, err)
	}
	table := &ad.ExchangeRates{AsOf: kept.AsOf, Rates: map[ad.Currency]ad.Rate{}}
	for code, rate := range kept.Rates {
		currency, ok := ad.ParseCurrency(code)
		if !ok || rate <= 0 {
			return nil, fmt.Errorf("%w: %s: the rate of %q is none: restore the file, or remove it", ErrSettings, path, code)
		}
		table.Rates[currency] = ad.Rate(rate)
	}
	return table, nil
}

func writeRates(path string, table ad.ExchangeRates) error {
	kept := keptRates{AsOf: table.AsOf, Rates: map[string]int64{}}
	for currency, rate := range table.Rates {
		kept.Rates[currency.String()] = int64(rate)
	}
	text, err := json.MarshalIndent(kept, "", "  ")
	if err == nil {
		err = keepFile(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep the exchange rates: %w", err)
	}
	return nil
}

package node

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/token"

	"github.com/google/go-cmp/cmp"
)

func TestTokensOpenAfterARestart(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	seal := func(k *keyRing) []byte {
		claims := token.Claims{Purpose: token.Accept, Expires: now.Add(time.Hour)}
		return k.ring.Load().Seal(nil, "ads.example", &claims, nil, [12]byte{1})
	}
	opens := func(k *keyRing, text []byte) bool {
		var claims token.Claims
		_, err := k.ring.Load().Open(text, token.Accept, "ads.example", now, &claims)
		return err == nil
	}
	first, err := openKeyRing(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	old := seal(first)
	second, err := openKeyRing(dir, now.Add(keyAge))
	if err != nil {
		t.Fatal(err)
	}
	current := seal(second)
	if !opens(second, old) || opens(first, current) {
		t.Error("a day later the keys have not turned, or the one before does not open what it sealed")
	}
	third, err := openKeyRing(dir, now.Add(2*keyAge))
	if err != nil || opens(third, old) || !opens(third, current) {
		t.Errorf("two days later: %v, oldest opens %v, last %v", err, opens(third, old), opens(third, current))
	}
	if fresh, err := openKeyRing("", now); err != nil || opens(fresh, current) {
		t.Errorf("a node without a directory opens another's tokens (%v)", err)
	}
}

func TestKeysThatOthersMayRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := openKeyRing(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "token.keys")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openKeyRing(dir, time.Now()); !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), path) {
		t.Errorf("world-readable keys: %v", err)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openKeyRing(dir, time.Now()); !errors.Is(err, ErrSettings) || !errors.Is(err, token.ErrKeys) {
		t.Errorf("damaged keys: %v", err)
	}
}

func TestSaltIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := loadSalt(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := loadSalt(dir); err != nil || again != first {
		t.Errorf("a restart draws other tickets: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ticket.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadSalt(dir); err == nil || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("a damaged salt: %v", err)
	}
}

func TestRatesThatJumpKeepTheirCurrencyOut(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	dir, now := t.TempDir(), time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	eur, try := ad.Currency{'E', 'U', 'R'}, ad.Currency{'T', 'R', 'Y'}
	judge := func(rate ad.Rate, accept ...ad.Currency) map[ad.Currency]ad.Rate {
		table := ad.ExchangeRates{AsOf: now.AddDate(0, 0, -1), Rates: map[ad.Currency]ad.Rate{eur: ad.RateOne, try: rate}, Accept: accept}
		jumps, err := judgeRates(dir, &table, now, log)
		if err != nil || (len(jumps) > 0) != (len(table.Rates) < 2) {
			t.Fatalf("%v, jumps %v", err, jumps)
		}
		return table.Rates
	}
	whole := func(rate ad.Rate) map[ad.Currency]ad.Rate { return map[ad.Currency]ad.Rate{eur: ad.RateOne, try: rate} }
	for _, step := range []struct {
		rate   ad.Rate
		accept []ad.Currency
		want   map[ad.Currency]ad.Rate
	}{
		{1000, nil, whole(1000)},
		{1200, nil, whole(1200)}, // 20 % is no jump
		{1441, nil, map[ad.Currency]ad.Rate{eur: ad.RateOne}},
		{1441, nil, map[ad.Currency]ad.Rate{eur: ad.RateOne}}, // and stays one the next day
		{1441, []ad.Currency{try}, whole(1441)},
		{1500, nil, whole(1500)},
	} {
		if diff := cmp.Diff(step.want, judge(step.rate, step.accept...)); diff != "" {
			t.Errorf("TRY at %d: %s", step.rate, diff)
		}
	}
	if !strings.Contains(said.String(), "currency=TRY") || !strings.Contains(said.String(), "accept_jumps") {
		t.Errorf("the operator read %q", said.String())
	}
	said.Reset()
	stale := ad.ExchangeRates{AsOf: now.AddDate(0, 0, -6), Rates: whole(1)}
	if _, err := judgeRates("", &stale, now, log); err != nil || !strings.Contains(said.String(), "too old") {
		t.Errorf("a stale table: %v, %q", err, said.String())
	}
	if err := os.WriteFile(filepath.Join(dir, "rates.json"), []byte(`{"rates":{"EUR":-1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	table := ad.ExchangeRates{}
	if _, err := judgeRates(dir, &table, now, log); !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), "EUR") {
		t.Errorf("a damaged file: %v", err)
	}
}

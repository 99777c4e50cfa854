package server

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// commits is a book that writes a promise once it has as many as it waits for, as a log writes together what comes together.
type commits struct {
	*book
	waits, refuses int
	mu             sync.Mutex
	all            chan struct{}
}

func (b *commits) Hold(ctx context.Context, p *ad.Pending) error {
	b.mu.Lock()
	if b.waits--; b.waits == 0 {
		close(b.all)
	}
	b.mu.Unlock()
	select {
	case <-b.all:
	case <-ctx.Done():
		return ctx.Err()
	}
	if int(p.Impression) == b.refuses {
		return errFull
	}
	return b.book.Hold(ctx, p)
}

// TestOneCallsPromisesAreWrittenTogether sells as many impressions as a request can have, of which one cannot be kept.
func TestOneCallsPromisesAreWrittenTogether(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	b := &commits{book: s.book, waits: ad.ImpressionsMax, refuses: 5, all: make(chan struct{})}
	s.once.Do(func() { s.flow = adcall.New(adcall.Options{Ledger: b}) })
	var imps, ids []string
	for i := range ad.ImpressionsMax {
		imps = append(imps, fmt.Sprintf(`{"id":"i-%d","tagid":"1001","banner":{}}`, i))
		if i != b.refuses {
			ids = append(ids, fmt.Sprintf(`"id":"%032x-%d","impid":"i-%d","price":2,`, 1, i+1, i))
		}
	}
	body := post(rim(t, s), `{"id":"r","imp":[`+strings.Join(imps, ",")+`]}`).Body.String()
	for _, want := range ids {
		if strings.Count(body, want) != 1 {
			t.Errorf("%s is not in the answer once", want)
		}
	}
	if strings.Contains(body, `"i-5"`) || s.book.writes != ad.ImpressionsMax-1 {
		t.Errorf("%d promises in\n%.500s", s.book.writes, body)
	}
}

package ledger

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
)

var records = cmp.AllowUnexported(bill{}, pending{}, closing{})

// difference is cmp.Diff of what is not equal: that alone takes milliseconds.
func difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, records)
}

// arbitrary makes a sale of anything that the types hold.
func arbitrary(rng *rand.Rand) ad.Sale {
	text := func() string {
		b := make([]byte, rng.IntN(40)*rng.IntN(20))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return string(b)
	}
	price := func() ad.CPM { return ad.CPM(rng.Uint64() >> rng.IntN(64)) }
	s := ad.Sale{Kind: ad.BidKind(rng.IntN(256)), At: moment(rng), Publisher: ad.PublisherID(rng.Uint32()), Placement: ad.PlacementID(rng.Uint32()),
		Owner: ad.MemberID(rng.Uint32()), Buyer: ad.MemberID(rng.Uint32()), Bidder: ad.BidderID(rng.Uint32()), LineItem: ad.LineItemID(rng.Uint32()),
		Creative: ad.CreativeID(rng.Uint32()), Deal: text(), Size: ad.Size{W: uint16(rng.Uint32()), H: uint16(rng.Uint32())},
		Net: price(), BuyerPays: price(), BidPrice: price(), Paid: price(), Currency: ad.Currency{byte(rng.Uint32())}, Rate: ad.Rate(price()),
		Terms: ad.BidTerms{BidID: text(), ImpressionID: text(), CreativeCode: text(), NURL: text(), BURL: text(), LURL: text(), Data: text()}}
	for i := range s.Auction {
		s.Auction[i] = byte(rng.Uint32())
	}
	s.Impression = uint8(rng.Uint32())
	if rng.IntN(2) == 0 {
		s.User[rng.IntN(len(s.User))] = byte(rng.Uint32())
	}
	return s
}

func moment(rng *rand.Rand) time.Time {
	switch rng.IntN(4) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(0, 0).UTC()
	}
	return time.Unix(rng.Int64N(1<<40)-1<<39, rng.Int64N(1e9)).UTC()
}

// anyClock is the ledger's, or that of a release that did not write it.
func anyClock(rng *rand.Rand) clocked {
	if rng.IntN(3) == 0 {
		return clocked{}
	}
	return at(rng.Uint32N(clockMax + 1))
}

func TestRecordsRoundTrip(t *testing.T) {
	check := func(seed uint64) bool {
		rng := rand.New(rand.NewPCG(seed, 2))
		b := bill{Bill: ad.Bill{Sale: arbitrary(rng), Billed: moment(rng), PostPending: rng.IntN(2) == 0}, capped: rng.IntN(2) == 0, average: ad.CPM(rng.Int64()), clocked: anyClock(rng)}
		gotBill, err := decodeBill(appendBill(nil, &b))
		if d := difference(b, gotBill); d != "" || err != nil {
			t.Error(err, d)
		}
		p := pending{Pending: ad.Pending{Sale: arbitrary(rng), Expires: moment(rng), Script: rng.IntN(2) == 0, Average: ad.CPM(rng.Int64())}, capped: rng.IntN(2) == 0, clocked: anyClock(rng)}
		if n := rng.IntN(3); n > 0 {
			p.Document = make([]byte, (n-1)*rng.IntN(1000))
			if rng.IntN(2) == 0 {
				p.packed = p.Document
			}
		}
		gotPending, err := decodePending(appendPending(nil, &p))
		if d := difference(p, gotPending); d != "" || err != nil {
			t.Error(err, d)
		}
		var all []closing
		for range rng.IntN(5) {
			c := closing{key: arbitrary(rng).SaleKey, outcome: declined + outcome(rng.IntN(2))}
			if rng.IntN(2) == 0 {
				c.bill = appendBill(nil, &b)
			}
			all = append(all, c)
		}
		gotAll, err := decodeClosings(appendClosings(nil, all))
		if d := difference(all, gotAll); d != "" || err != nil {
			t.Error(err, d)
		}
		return !t.Failed()
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 1000}); err != nil {
		t.Error(err)
	}
}

func TestRecordsRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	b := bill{Bill: ad.Bill{Sale: arbitrary(rng), Billed: time.Unix(5, 6).UTC()}}
	whole := appendBill(nil, &b)
	for n := range whole {
		if _, err := decodeBill(whole[:n]); !errors.Is(err, ErrRecord) {
			t.Fatalf("a bill cut after %d bytes: %v", n, err)
		}
	}
	if _, err := decodeBill(append(whole[:len(whole):len(whole)], 0)); !errors.Is(err, ErrRecord) {
		t.Error(err)
	}
	for kind := uint8(1); kind <= 3; kind++ {
		err := New(Options{}).Apply(kind, []byte{2, 0, 0})
		if !errors.Is(err, ErrRecord) || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("a newer version of kind %d: %v", kind, err)
		}
		if err := New(Options{}).Apply(kind, []byte{1, 0x80, 0}); !errors.Is(err, ErrRecord) {
			t.Errorf("flags nobody knows of kind %d: %v", kind, err)
		}
		if err := New(Options{}).Apply(kind, nil); !errors.Is(err, ErrRecord) {
			t.Errorf("an empty record of kind %d: %v", kind, err)
		}
	}
	if err := New(Options{}).Apply(4, whole); !errors.Is(err, ErrRecord) {
		t.Error(err)
	}
	if _, err := decodeClosings(appendClosings(nil, []closing{{outcome: billed}})); !errors.Is(err, ErrRecord) {
		t.Error(err)
	}
	negative := b
	negative.Net = math.MinInt64
	if err := New(Options{}).Apply(KindBill, appendBill(nil, &negative)); !errors.Is(err, ErrRecord) {
		t.Error(err)
	}
}

// FuzzApply replays anything: it never panics, and what it takes it can write again.
func FuzzApply(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 3 {
		b := bill{Bill: ad.Bill{Sale: arbitrary(rng), Billed: time.Unix(5, 6).UTC()}, capped: true}
		p := pending{Pending: ad.Pending{Sale: arbitrary(rng), Expires: time.Unix(8, 9), Document: []byte("x")}}
		f.Add(KindBill, appendBill(nil, &b))
		f.Add(KindPending, appendPending(nil, &p))
		f.Add(KindClosed, appendClosings(nil, []closing{{b.SaleKey, declined, nil}, {p.SaleKey, withdrawn, appendBill(nil, &b)}}))
	}
	f.Fuzz(func(t *testing.T, kind uint8, record []byte) {
		if b, err := decodeBill(record); err == nil {
			again, err := decodeBill(appendBill(nil, &b))
			if d := difference(b, again); d != "" || err != nil {
				t.Fatal(err, d)
			}
		}
		if p, err := decodePending(record); err == nil {
			again, err := decodePending(appendPending(nil, &p))
			if d := difference(p, again); d != "" || err != nil {
				t.Fatal(err, d)
			}
		}
		if all, err := decodeClosings(record); err == nil {
			again, err := decodeClosings(appendClosings(nil, all))
			if d := difference(all, again); d != "" || err != nil {
				t.Fatal(err, d)
			}
		}
		l := New(Options{})
		once := l.Apply(kind, record)
		if twice := l.Apply(kind, record); once == nil && twice == nil {
			if err := New(Options{}).RestoreSnapshot(l.AppendSnapshot(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzSnapshot restores anything: it never panics.
func FuzzSnapshot(f *testing.F) {
	l := New(Options{})
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range 6 {
		b := bill{Bill: ad.Bill{Sale: arbitrary(rng), Billed: time.Unix(5, 6).UTC(), PostPending: i%2 == 0}, capped: true}
		p := pending{Pending: ad.Pending{Sale: arbitrary(rng), Expires: time.Unix(8, 9), Document: []byte("x")}, capped: true}
		for _, s := range []*ad.Sale{&b.Sale, &p.Sale} {
			s.At, s.Net, s.BuyerPays, s.BidPrice, s.Paid = time.Unix(7, 7), 1, 2, 3, 4
		}
		if err := errors.Join(l.Apply(KindBill, appendBill(nil, &b)), l.Apply(KindPending, appendPending(nil, &p))); err != nil {
			f.Fatal(err)
		}
		f.Add(l.AppendSnapshot(nil))
	}
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		l := New(Options{})
		if l.RestoreSnapshot(snapshot) == nil {
			if err := New(Options{}).RestoreSnapshot(l.AppendSnapshot(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

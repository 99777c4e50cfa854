package bidder

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"curb/edge/ad"
)

func TestWin(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, bidFor(0, ad.AuctionID{1, 2, 3}.String(), "1.25"))
	}))
	defer server.Close()
	f := newFanout(t, nil)
	snap := snapshot(t, contents(server.URL))
	var answers ad.Answers
	f.Ask(t.Context(), snap, outgoing(snap, 5*time.Second), &answers)
	defer answers.Free()
	if len(answers.Asked) != 1 || answers.Asked[0].Reason != ad.Undecided || len(answers.Bids) != 1 || answers.Bids[0].Reason != ad.Undecided {
		t.Fatalf("asked %+v, bids %+v", answers.Asked, answers.Bids)
	}
	if b := answers.Bids[0]; b.Price != 1_250_000 || b.Member != firstMember || b.Creative.ID != firstCreative || b.Advertiser != "buyer.example" {
		t.Errorf("bid %+v", b)
	}
}

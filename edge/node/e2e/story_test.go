package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"curb/edge/adtest"
)

const tag = "/tt?id=1001&size=300x250"

func TestTheHighestBidWins(t *testing.T) {
	s := begin(t, 2)
	each(t, func(t *testing.T, proto string) {
		c := s.client(t, proto)
		before := s.bidders[0].Stats().Requests
		got := c.get(tag)
		if got.StatusCode != http.StatusOK || got.outcome() != "won" || !strings.Contains(got.body, "ad of 201") {
			t.Errorf("status %d, outcome %q, body %.300q", got.StatusCode, got.outcome(), got.body)
		}
		if media := got.Header.Get("Content-Type"); media != "text/html; charset=utf-8" {
			t.Errorf("Content-Type %q", media)
		}
		if control := got.Header.Get("Cache-Control"); !strings.Contains(control, "no-store") {
			t.Errorf("Cache-Control %q lets an ad be kept", control)
		}
		if asked := s.bidders[0].Stats().Requests - before; asked != 1 {
			t.Errorf("bidder was asked %d times for one call", asked)
		}
	})
}

func TestTheBidRequestSaysWhatTheCallSaid(t *testing.T) {
	s := begin(t, 1)
	s.client(t, "h3").get(tag, "User-Agent", "Mozilla/5.0 (story)", "Referer", "https://news.test/politics")
	var request struct {
		ID   string
		TMax int
		AT   int
		Imp  []struct {
			ID, TagID string
			Secure    int
			Banner    struct{ Format []struct{ W, H int } }
		}
		Site struct {
			Domain, Page string
			Publisher    struct{ ID string }
		}
		Device struct{ UA, IP string }
	}
	if err := json.Unmarshal(s.bidders[0].Stats().LastRequest, &request); err != nil {
		t.Fatal(err)
	}
	switch {
	case len(request.ID) != 32, request.AT != 1, len(request.Imp) != 1:
		t.Errorf("request %+v", request)
	case request.TMax <= 0 || request.TMax > int(adtest.Deadline/time.Millisecond):
		t.Errorf("tmax %d, want what remains of %v", request.TMax, adtest.Deadline)
	case request.Imp[0].Secure != 1 || len(request.Imp[0].Banner.Format) == 0 || request.Imp[0].Banner.Format[0].W != 300:
		t.Errorf("impression %+v", request.Imp[0])
	case request.Site.Domain != "news.test" || request.Site.Publisher.ID != "10":
		t.Errorf("site %+v", request.Site)
	case request.Device.UA != "Mozilla/5.0 (story)":
		t.Errorf("device %+v", request.Device)
	case strings.HasSuffix(request.Device.IP, ".1"):
		t.Errorf("the bidder was told the whole address %s", request.Device.IP)
	}
}

func TestScriptTag(t *testing.T) {
	s := begin(t, 1)
	each(t, func(t *testing.T, proto string) {
		got := s.client(t, proto).get("/ttj?id=1001&size=300x250")
		if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/javascript") || got.outcome() != "won" {
			t.Errorf("status %d, Content-Type %q, outcome %q", got.StatusCode, got.Header.Get("Content-Type"), got.outcome())
		}
		if strings.Contains(got.body, "<p id=\"ad\">") || strings.Contains(strings.ToLower(got.body), "</script") {
			t.Errorf("markup stands unescaped in the script: %.300q", got.body)
		}
	})
}

// bidRequest is what a partner posts, for one banner on a placement.
func bidRequest(id string, placement int) string {
	return fmt.Sprintf(`{"id":%q,"imp":[{"id":"a","tagid":"%d","secure":1,"banner":{"w":300,"h":250}}],"site":{"page":"https://news.test/"},"device":{"ua":"story"},"tmax":150}`, id, placement)
}

func TestOpenRTB(t *testing.T) {
	s := begin(t, 2)
	each(t, func(t *testing.T, proto string) {
		c := s.client(t, proto)
		got := c.post("/openrtb2/auction", bidRequest("story-"+proto, 1001))
		var answer struct {
			ID      string
			SeatBid []struct {
				Seat string
				Bid  []struct {
					ImpID, AdM string
					Price      float64
					W, H       int
				}
			}
		}
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.StatusCode != http.StatusOK {
			t.Fatalf("status %d, body %.300q (%v)", got.StatusCode, got.body, err)
		}
		if answer.ID != "story-"+proto || len(answer.SeatBid) != 1 || len(answer.SeatBid[0].Bid) != 1 {
			t.Fatalf("answer %+v", answer)
		}
		bid := answer.SeatBid[0].Bid[0]
		if answer.SeatBid[0].Seat != "201" || bid.ImpID != "a" || bid.Price != 2 || bid.W != 300 || bid.H != 250 || !strings.Contains(bid.AdM, "ad of 201") {
			t.Errorf("seat %s, bid %+v", answer.SeatBid[0].Seat, bid)
		}
	})
	for _, b := range s.bidders {
		b.Set(`{"failure": "no_bid"}`)
	}
	got := s.client(t, "h2").post("/openrtb2/auction", bidRequest("nobody", 1002))
	if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.body, `{"id":"nobody","seatbid":[]`) {
		t.Errorf("nobody bids: status %d, body %.200q, want an answer without bids", got.StatusCode, got.body)
	}
}

func TestNobodyBids(t *testing.T) {
	s := begin(t, 2)
	for _, b := range s.bidders {
		b.Set(`{"failure": "no_bid"}`)
	}
	each(t, func(t *testing.T, proto string) {
		c := s.client(t, proto)
		if got := c.get(tag); got.outcome() != "default" || !strings.Contains(got.body, "house ad") {
			t.Errorf("with a default creative: outcome %q, body %.200q", got.outcome(), got.body)
		}
		if got := c.get("/tt?id=1002&size=300x250"); got.StatusCode != http.StatusOK || got.outcome() != "blank" || got.body != "" {
			t.Errorf("with nothing to serve: status %d, outcome %q, body %.200q", got.StatusCode, got.outcome(), got.body)
		}
	})
}

func TestTheBidderIsNotThere(t *testing.T) {
	gone := []*adtest.Bidder{adtest.NewBidder(t, "http://"+adtest.Address(adtest.Ports(t, 1)[0]), adtest.FirstSeat)}
	s := &story{programs.StartNode(t, map[string]string{"market.yaml": adtest.Rules(gone)}), gone}
	each(t, func(t *testing.T, proto string) {
		if got := s.client(t, proto).get(tag); got.StatusCode != http.StatusOK || got.outcome() != "default" {
			t.Errorf("status %d, outcome %q", got.StatusCode, got.outcome())
		}
	})
}

// TestALateBidLoses lets the highest bidder answer after the deadline. Nothing here is judged by the clock but the one
// promise that is about time: the fastest of several answers comes by the deadline, give or take what a busy machine adds.
func TestALateBidLoses(t *testing.T) {
	for _, failure := range []string{"late", "silent", "slow_body"} {
		t.Run(failure, func(t *testing.T) {
			s := begin(t, 2)
			s.bidders[0].Set(fmt.Sprintf(`{"failure": %q}`, failure))
			each(t, func(t *testing.T, proto string) {
				c := s.client(t, proto)
				fastest := time.Hour
				for range 3 {
					got := c.get(tag)
					if got.outcome() != "won" || !strings.Contains(got.body, "ad of 202") {
						t.Fatalf("outcome %q, body %.200q, want the ad of the bidder who answered", got.outcome(), got.body)
					}
					fastest = min(fastest, got.took)
				}
				if fastest > adtest.Deadline+100*time.Millisecond {
					t.Errorf("the fastest answer took %v, the deadline is %v", fastest, adtest.Deadline)
				}
			})
			if s.bidders[0].Stats().Requests == 0 {
				t.Error("the late bidder was never asked")
			}
		})
	}
}

// TestBadAnswersLose has the highest bidder answer badly in every way the market knows; the honest one wins each time and
// the node counts the reason.
func TestBadAnswersLose(t *testing.T) {
	failures := []string{
		"empty", "no_seats", "cut_body", "close", "error_500", "redirect", "informational", "big_header", "invalid_json", "deep_json",
		"gzip_bomb", "bad_encoding", "huge", "wrong_id", "wrong_imp", "wrong_seat", "wrong_size", "bad_price", "bad_currency",
		"unknown_creative", "no_creative", "unknown_deal",
	}
	for at, failure := range failures {
		t.Run(failure, func(t *testing.T) {
			t.Parallel()
			s := begin(t, 2)
			s.bidders[0].Set(fmt.Sprintf(`{"failure": %q}`, failure))
			c := s.client(t, protocols[at%len(protocols)])
			for range 2 {
				if got := c.get(tag); got.StatusCode != http.StatusOK || got.outcome() != "won" || !strings.Contains(got.body, "ad of 202") {
					t.Errorf("status %d, outcome %q, body %.200q", got.StatusCode, got.outcome(), got.body)
				}
			}
			if stats := s.bidders[0].Stats(); stats.Requests == 0 || stats.Redirects != 0 {
				t.Errorf("the bad bidder saw %d requests, %d followed redirects", stats.Requests, stats.Redirects)
			}
			s.bidders[0].Set(`{"failure": "none"}`)
			if got := c.get(tag); !strings.Contains(got.body, "ad of 201") && failure != "close" {
				t.Errorf("honest again, and still not heard: %.200q", got.body)
			}
		})
	}
}

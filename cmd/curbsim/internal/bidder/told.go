package bidder

import (
	"fmt"
	"io"
	"net/http"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
	"curb/edge/ad"
)

// noticeFailures are the ways of taking notices badly: all that tells of outcomes, by POST or by URL, is treated so.
func noticeFailures() []string { return []string{"none", "error_500", "hang", "close", "refuse"} }

// methodOf is the method of a path that takes notices, "" for others.
func methodOf(path string) string {
	switch path {
	case "/notify":
		return http.MethodPost
	case "/win", "/loss", "/bill":
		return http.MethodGet
	}
	return ""
}

// down plays the failure set on a notice and reports whether it did; what it declines is served.
func (b *Bidder) down(x *wire.Exchange) bool {
	failure := b.desk.Plan().Settings.NotifyFailure
	if failure == "none" || methodOf(string(x.Path())) == "" {
		return false
	}
	b.counters.noticeFailures.Add(1)
	switch failure {
	case "error_500":
		x.Reply(http.StatusInternalServerError, "", nil)
	case "refuse":
		x.Reply(http.StatusForbidden, "", nil)
	case "hang":
		x.Silence(silenceMax)
	case "close":
		x.HangUp()
	}
	return true
}

// notify takes notices of every kind. What one of them is worth does not depend on the others: all that make sense are
// counted, also where the answer is a refusal.
func (b *Bidder) notify(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "body_invalid", "the body cannot be read")
		return
	}
	notices, raw, err := readNotices(body)
	currency := b.desk.Plan().Settings.Currency
	for i := range notices {
		if wrong := b.book.record(&notices[i], currency); wrong != nil && err == nil {
			err = fmt.Errorf("notice %d: %w", i+1, wrong)
		}
	}
	if len(raw) > 0 {
		b.book.keepLast(raw[len(raw)-1])
	}
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "notice_invalid", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// called takes a notice in the form of a URL: /win, /bill and /loss.
func (b *Bidder) called(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	n := Notice{
		Type: "won", AuctionID: query.Get("auction"), ImpID: query.Get("imp"), BidID: query.Get("bid"), Reason: query.Get("reason"),
		Currency: query.Get("currency"), billed: r.URL.Path == "/bill",
	}
	if r.URL.Path == "/loss" {
		n.Type = "lost"
	}
	if price, err := ad.ParseCPM([]byte(query.Get("price"))); err == nil {
		n.Price = told(price)
	}
	if err := b.book.record(&n, b.desk.Plan().Settings.Currency); err != nil {
		control.Refuse(w, http.StatusBadRequest, "notice_invalid", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

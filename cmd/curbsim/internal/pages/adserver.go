package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
)

// Bounds of what is asked of the ad server.
const (
	adServerTimeout  = time.Second
	adServerBytesMax = 4 << 20
)

// campaign is the ad server's own, as its control desk says; nil in a model: it cannot be asked.
type campaign struct {
	Price json.Number `json:"own_price"`
	Name  string      `json:"own_name"`
}

// verdict is what the ad server made of one call of ours.
type verdict struct {
	Outcome string `json:"outcome"` // exchange, own, no_bid, never, failure, unknown
	Text    string `json:"text"`    // for people
}

// heard is a call in the ad server's stats.
type heard struct {
	Params   map[string][]string `json:"params"`
	Served   string              `json:"served"`
	LineItem string              `json:"line_item"`
	Reason   string              `json:"reason"`
}

func (h *heard) param(name string) string {
	if len(h.Params[name]) == 0 {
		return ""
	}
	return h.Params[name][0]
}

// adServerPlace checks where the publisher's ad server is: on this machine, like everything that pages speak to.
func adServerPlace(text string) (string, error) {
	place, err := url.Parse(text)
	if err != nil || place.Scheme != "http" || !wire.Loopback(place.Hostname()) || (place.Path != "" && place.Path != "/") || place.RawQuery != "" || place.User != nil {
		return "", fmt.Errorf("ad_server: %q is not an http origin on loopback, such as http://127.0.0.1:9800", text)
	}
	return "http://" + place.Host, nil
}

// ask calls the ad server's control desk and reads its JSON.
func (p *Pages) ask(ctx context.Context, path string, body []byte, into any) error {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	ctx, cancel := context.WithTimeout(ctx, adServerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.desk.Plan().Compiled.AdServer+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, adServerBytesMax))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the ad server answered %s", resp.Status)
	}
	return json.Unmarshal(text, into)
}

// campaign asks what the ad server's own campaign pays at present.
func (p *Pages) campaign(ctx context.Context) *campaign {
	var c campaign
	if p.ask(ctx, "/ctl", nil, &c) != nil {
		return nil
	}
	return &c
}

// setCampaign takes POST /ad-server with own_price and back: the buttons of the pages, which so need no script.
func (p *Pages) setCampaign(w http.ResponseWriter, r *http.Request) {
	p.count(r.URL.Path)
	price, err := control.ParsePrice(r.PostFormValue("own_price"))
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "param_invalid", "own_price: "+err.Error())
		return
	}
	back := r.PostFormValue("back")
	if back != "/preemptive" && back != "/preemptive-script" {
		control.Refuse(w, http.StatusBadRequest, "param_invalid", "back is /preemptive or /preemptive-script")
		return
	}
	var now campaign
	if err := p.ask(r.Context(), "/ctl", fmt.Appendf(nil, `{"own_price": %s}`, price), &now); err != nil {
		control.Refuse(w, http.StatusBadGateway, "ad_server_unreachable", "the ad server could not be told: "+err.Error())
		return
	}
	w.Header().Set("Location", back)
	w.WriteHeader(http.StatusSeeOther)
}

// outcome answers GET /outcome?cb= with what the ad server made of the call that carried this cb.
func (p *Pages) outcome(w http.ResponseWriter, r *http.Request) {
	p.count(r.URL.Path)
	var stats struct {
		Calls []heard `json:"calls"`
	}
	v := verdict{"unknown", "The ad server has not been called"}
	if err := p.ask(r.Context(), "/ctl/stats", nil, &stats); err != nil {
		v.Text = "The ad server cannot be asked what it chose"
	}
	cb := r.URL.Query().Get("cb")
	for i := range stats.Calls {
		if h := &stats.Calls[i]; cb != "" && h.param("cb") == cb {
			v = h.verdict()
		}
	}
	control.WriteJSON(w, v)
}

// verdict says in words what was chosen and why.
func (h *heard) verdict() verdict {
	switch {
	case h.Served == "exchange":
		return verdict{"exchange", fmt.Sprintf("Our bucket won: the ad server picked its line item %s for our price of %s (%s), and called our ad back. The ad is the bidder’s.",
			h.LineItem, h.param("price"), h.Reason)}
	case h.Served == "own" && h.param("accept") == "":
		return verdict{"no_bid", fmt.Sprintf("Nothing was sold, so the ad server was called with price %s and showed its own ad, %s.", h.param("price"), h.LineItem)}
	case h.Served == "own":
		return verdict{"own", fmt.Sprintf("The ad server’s own ad won: %s (%s). Our ad was offered at %s and is not billed.", h.LineItem, h.Reason, h.param("price"))}
	case h.Served == "never":
		return verdict{"never", "The ad server took our ad and never called it back, as it was told to. Nothing is billed."}
	}
	return verdict{"failure", fmt.Sprintf("The ad server did not serve: %s.", h.Reason)}
}

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"curb/edge/ad"
)

// Mode says how the ad of an answer is followed to its end, as a page would.
type Mode string

// Modes.
const (
	Plain Mode = ""    // it is not
	PT    Mode = "pt"  // the answer redirects to an ad server
	PTJ   Mode = "ptj" // it is a script that frames the ad server
	JPT   Mode = "jpt" // it is JSON, and the page chooses
)

// ParseMode reads a mode.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(strings.TrimPrefix(text, "/")); m {
	case PT, PTJ, JPT, Plain:
		return m, nil
	}
	return Plain, fmt.Errorf("unknown mode %q; one of pt, ptj, jpt", text)
}

// What is read of documents on the way.
const (
	pageBytesMax = 1 << 20
	acceptsMax   = 10 // accept URLs of one page that are called
)

// stray is an ad that came to no end, with its cause in a word.
type stray struct {
	cause string
	err   error
}

func (s *stray) Error() string { return s.cause + ": " + s.err.Error() }

func lost(cause, format string, args ...any) error {
	return &stray{cause, fmt.Errorf(format, args...)}
}

// newVisitor makes the client that calls ad servers. Like the load itself it does not leave the machine unless allowed to.
func newVisitor(o *Options) *http.Client {
	dialer := net.Dialer{Timeout: dialTimeout}
	if !o.AllowRemote {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().Unmap().IsLoopback() {
				return fmt.Errorf("%s is not a loopback address", address)
			}
			return nil
		}
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: min(o.Connections*o.Streams, 256)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// follow leads the ad of a tag's answer to its end.
func (r *run) follow(s sender, t *tally, resp *http.Response, body []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.options.Timeout)
	defer cancel()
	end, price, err := r.end(&errand{ctx, r, s, t}, resp, body)
	if err != nil {
		cause := "other"
		if known, ok := err.(*stray); ok {
			cause = known.cause
		}
		t.strayed(cause, err.Error())
		return err
	}
	t.ended(end, price)
	return nil
}

// errand is one ad being followed.
type errand struct {
	ctx context.Context
	*run
	sender sender
	tally  *tally
}

func (r *run) end(e *errand, resp *http.Response, body []byte) (ending, ad.CPM, error) {
	switch r.options.Mode {
	case PT:
		if resp.StatusCode != http.StatusFound {
			return 0, 0, lost("tag_status", "the tag answered %s, not a redirect", resp.Status)
		}
		return e.visit(resp.Header.Get("Location"), resp)
	case PTJ:
		target := firstURL(body)
		if resp.StatusCode != http.StatusOK || target == "" {
			return 0, 0, lost("tag_status", "the tag answered %s without a URL", resp.Status)
		}
		return e.visit(target, resp)
	}
	if resp.StatusCode != http.StatusOK {
		return 0, 0, lost("tag_status", "the tag answered %s", resp.Status)
	}
	return e.choose(body)
}

// choose is the page of a JSON tag: it shows the ad unless its own pays more.
func (e *errand) choose(body []byte) (ending, ad.CPM, error) {
	body = bytes.TrimSpace(body)
	if open := bytes.IndexByte(body, '('); open >= 0 && bytes.HasPrefix(body, []byte("/**/")) {
		body = bytes.TrimSuffix(body[open+1:], []byte(");"))
	}
	var answer struct {
		CPM    json.Number `json:"cpm"`
		Accept string      `json:"accept"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, 0, lost("tag_body", "the answer is not JSON: %w", err)
	}
	price, err := ad.ParseCPM([]byte(answer.CPM))
	switch {
	case err != nil:
		return 0, 0, lost("tag_body", "cpm %q is no price", answer.CPM)
	case answer.Accept == "" && price == 0:
		return noBid, 0, nil
	case answer.Accept == "" || price == 0:
		return 0, 0, lost("tag_body", "a price without an accept URL, or the other way round")
	case price < e.options.OwnPrice:
		return ownAd, 0, nil
	}
	return accepted, price, e.accept(answer.Accept)
}

// visit calls the ad server and does what its answer says.
func (e *errand) visit(target string, tag *http.Response) (ending, ad.CPM, error) {
	place, err := url.Parse(target)
	if err != nil || place.Host == "" {
		return 0, 0, lost("ad_server_url", "the tag leads to %.100q", target)
	}
	req, err := http.NewRequestWithContext(e.ctx, http.MethodGet, target, nil)
	if err != nil {
		return 0, 0, lost("ad_server_url", "%w", err)
	}
	resp, err := e.visitor.Do(req)
	if err != nil {
		return 0, 0, lost("ad_server", "%w", err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, pageBytesMax))
	if err != nil {
		return 0, 0, lost("ad_server", "%w", err)
	}
	price, _ := ad.ParseCPM([]byte(place.Query().Get("price")))
	var accepts []string
	switch {
	case resp.StatusCode == http.StatusFound:
		accepts = []string{resp.Header.Get("Location")}
	case resp.StatusCode != http.StatusOK:
		return 0, 0, lost("ad_server_status", "the ad server answered %s", resp.Status)
	default:
		accepts = acceptURLs(page)
	}
	if len(accepts) == 0 {
		return withoutAccept(page, tag), 0, nil
	}
	for _, accept := range accepts {
		if err := e.accept(accept); err != nil {
			return 0, 0, err
		}
	}
	return accepted, price, nil
}

// withoutAccept says what the ad server's own ad means.
func withoutAccept(page []byte, tag *http.Response) ending {
	outcome := tag.Header.Get(OutcomeHeader)
	switch {
	case outcome != "" && outcome != "won", bytes.Contains(page, []byte(`data-outcome="no_bid"`)), bytes.Contains(page, []byte(`data-outcome=\"no_bid\"`)):
		return noBid
	case bytes.Contains(page, []byte(`data-outcome="never"`)), bytes.Contains(page, []byte(`data-outcome=\"never\"`)):
		return never
	}
	return ownAd
}

// accept calls an accept URL over the connection that the tag was called on, which it must be the host of.
func (e *errand) accept(target string) error {
	place, err := url.Parse(target)
	switch {
	case err != nil || place.Scheme != e.target.url.Scheme:
		return lost("accept_url", "the accept URL is %.100q", target)
	case place.Host != e.target.host:
		return lost("accept_host", "the tag was called on %s, and its accept URL is on %s", e.target.host, place.Host)
	}
	req := e.template.WithContext(e.ctx)
	req.Method, req.URL, req.Body, req.GetBody, req.ContentLength = http.MethodGet, new(url.URL), nil, nil, 0
	*req.URL = *e.target.url
	req.URL.Path, req.URL.RawPath, req.URL.RawQuery = place.Path, place.RawPath, place.RawQuery
	sent := time.Now()
	resp, err := e.sender.RoundTrip(req)
	if err != nil {
		return lost("accept_"+kindOf(err), "%w", err)
	}
	defer resp.Body.Close()
	size, err := io.Copy(io.Discard, io.LimitReader(resp.Body, bodyReadMax))
	if err != nil {
		return lost("accept_"+kindOf(err), "%w", err)
	}
	e.tally.called(resp.StatusCode, resp.Header.Get("X-Curb-Bill"), time.Since(sent))
	switch code := resp.Header.Get("X-Curb-Error"); {
	case code != "":
		return lost(code, "the accept URL answered %s", resp.Status)
	case resp.StatusCode != http.StatusOK || size == 0:
		return lost("accept_status", "the accept URL answered %s with %d bytes", resp.Status, size)
	}
	return nil
}

var (
	scriptURL = regexp.MustCompile(`"https?:(?:[^"\\]|\\.)*"`)
	acceptURL = regexp.MustCompile(`src="(https?://[^"]*/ab\?e=[^"]*)"`)
)

// firstURL is the first URL that a script holds as a text.
func firstURL(script []byte) string {
	var text string
	if err := json.Unmarshal(scriptURL.Find(script), &text); err != nil {
		return ""
	}
	return text
}

// acceptURLs are those that an ad server's page, or a script that writes it, has the browser load.
func acceptURLs(page []byte) (urls []string) {
	if script, ok := bytes.CutPrefix(page, []byte("document.write(")); ok {
		var text string
		if json.Unmarshal(bytes.TrimSuffix(bytes.TrimSpace(script), []byte(");")), &text) == nil {
			page = []byte(text)
		}
	}
	for _, match := range acceptURL.FindAllSubmatch(page, acceptsMax) {
		urls = append(urls, html.UnescapeString(string(match[1])))
	}
	return urls
}

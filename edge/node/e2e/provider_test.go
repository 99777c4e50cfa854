package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// provider plays both data providers of the sample rule set: /segments for users, /topics for pages.
type provider struct {
	address string
	mu      sync.Mutex
	wait    time.Duration
	body    string // of /segments; "" is the usual one
	asked   map[string][]string
	left    int // questions that were given up while the provider thought
}

// What the providers say of everybody, and who may see it.
const (
	segmentOfUser = "rain"
	segmentOfPage = "politics"
)

func newProvider(t *testing.T) *provider {
	p := &provider{asked: map[string][]string{}}
	server := httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(server.Close)
	p.address = strings.TrimPrefix(server.URL, "http://")
	return p
}

func (p *provider) answer(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	wait, body := p.wait, p.body
	if r.URL.Path != "/ready" {
		p.asked[r.URL.Path] = append(p.asked[r.URL.Path], r.URL.RawQuery)
	}
	p.mu.Unlock()
	if r.URL.Path == "/ready" {
		fmt.Fprint(w, 1)
		return
	}
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
		p.mu.Lock()
		p.left++
		p.mu.Unlock()
		return
	}
	switch {
	case r.URL.Path == "/topics":
		fmt.Fprintf(w, "%s:7\n", segmentOfPage)
	case body != "":
		fmt.Fprint(w, body)
	default:
		fmt.Fprintf(w, "%s:3\nwind\n", segmentOfUser)
	}
}

// set changes how long the provider thinks, and what it says of users.
func (p *provider) set(wait time.Duration, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wait, p.body = wait, body
}

// questions counts what a path was asked.
func (p *provider) questions(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked[path])
}

// segments is what a bid request says of the user, by the name of who says it.
func (r *request) segments() map[string]string {
	said := map[string]string{}
	for _, data := range r.User.Data {
		var all []string
		for _, s := range data.Segment {
			all = append(all, s.ID+"="+s.Value)
		}
		said[data.Name] = strings.Join(all, " ")
	}
	return said
}

// contracts are who may see what the sample set's providers say.
var contracts = map[int]map[string]string{
	9701: {"weather": segmentOfUser + "=3 wind=", "page-topics": segmentOfPage + "=7"},
	9702: {"weather": segmentOfUser + "=3 wind="},
	9703: {"page-topics": segmentOfPage + "=7"},
	9704: {}, 9705: {}, 9706: {}, 9707: {}, 9708: {},
}

// TestSegmentsReachContractsOnly reads every bid request. A provider may miss its ten milliseconds on a busy machine, so that
// a segment may be absent from one call; it may never be where it does not belong.
func TestSegmentsReachContractsOnly(t *testing.T) {
	f := openFair(t, nil)
	c := f.client(t, "h2")
	seen := func(id int) bool { last := f.buyers[id].last(); return cmp.Equal(last.segments(), contracts[id]) }
	await(t, "call with all segments", func() bool {
		c.get(tag, "Referer", pageOfNews)
		return seen(9701) && seen(9702) && seen(9703)
	})
	for id, b := range f.buyers {
		for _, r := range b.requests() {
			for name, said := range r.segments() {
				if contracts[id][name] != said {
					t.Errorf("bidder %d was told %q by %s", id, said, name)
				}
			}
		}
	}
	if f.data.questions("/segments") == 0 || f.data.questions("/topics") == 0 {
		t.Error("a provider was not asked")
	}
}

// TestALateProviderIsLeftBehind lets providers answer after their ten milliseconds: the call goes on, and nobody ever hears
// what they say. One that answers badly is not heard either.
func TestALateProviderIsLeftBehind(t *testing.T) {
	f := openFair(t, nil)
	b := f.buyers[9701]
	b.offer(terms{price: "1", markup: b.ownMarkup()})
	f.data.set(80*time.Millisecond, "")
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		for range 3 {
			if got := c.get(tag, "Referer", pageOfNews); got.outcome() != "won" || !strings.Contains(got.body, adOf(201, b.last().ID)) {
				t.Errorf("status %d, outcome %q, body %.200q", got.StatusCode, got.outcome(), got.body)
			}
		}
	})
	if f.data.questions("/segments") == 0 {
		t.Error("the provider was never asked")
	}
	await(t, "connections that were given up", func() bool { return f.data.abandoned() > 0 })
	for name, body := range map[string]string{
		"a million": strings.Repeat(segmentOfUser+"\n", 1_000_000), "one too many": strings.Repeat(segmentOfUser+"\n", 129), "spaces": "it rains\n",
		"markup": "<b>rain</b>\n", "a broken value": "rain:x\n", "a value too large": "rain:2147483648\n", "one good line of two": "rain:1\nit pours\n",
	} {
		f.data.set(0, body)
		asked := f.data.questions("/segments")
		await(t, "question: "+name, func() bool { // throttled after the late answers
			f.client(t, "h2").get(tag, "Referer", pageOfNews)
			return f.data.questions("/segments") > asked+1
		})
	}
	for id, b := range f.buyers {
		for _, r := range b.requests() {
			if said := r.segments()["weather"]; said != "" {
				t.Fatalf("bidder %d was told %.100q by a provider that was late or wrong", id, said)
			}
		}
	}
}

// abandoned counts questions that the node stopped waiting for.
func (p *provider) abandoned() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

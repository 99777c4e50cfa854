package control

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	Status int `json:"status"`
}

type settings struct {
	Price  Price            `json:"price"`
	Prices map[string]Price `json:"prices"`
	Wait   Wait             `json:"wait"`
	Words  []string         `json:"words"`
	On     bool             `json:"on"`
	Inner  inner            `json:"inner"`
}

func initial() settings {
	return settings{Price: 2_500_000, Prices: map[string]Price{"a": 1}, Wait: Wait(30 * time.Millisecond), Words: []string{"x", "y"}}
}

// newDesk compiles settings to the number of words and refuses more than three.
func newDesk(t *testing.T) *Desk[settings, int] {
	t.Helper()
	d, err := New(initial(), func(s *settings) (int, error) {
		if len(s.Words) > 3 {
			return 0, errors.New("words: more than 3")
		}
		return len(s.Words), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestChange(t *testing.T) {
	d := newDesk(t)
	before := d.Plan()
	if err := d.Change([]byte(`{"price": "0.000001", "prices": {"b": 2}, "wait": "1s", "words": ["z"], "inner": {"status": 3}}`)); err != nil {
		t.Fatal(err)
	}
	want := settings{Price: 1, Prices: map[string]Price{"a": 1, "b": 2_000_000}, Wait: Wait(time.Second), Words: []string{"z"}, Inner: inner{3}}
	if diff := cmp.Diff(want, d.Plan().Settings); diff != "" {
		t.Errorf("settings differ (-want +got):\n%s", diff)
	}
	if d.Plan().Compiled != 1 {
		t.Errorf("compiled to %d words", d.Plan().Compiled)
	}
	if diff := cmp.Diff(initial(), before.Settings); diff != "" {
		t.Errorf("a plan in use changed (-want +got):\n%s", diff)
	}
	d.Reset()
	if diff := cmp.Diff(initial(), d.Plan().Settings); diff != "" {
		t.Errorf("after Reset (-want +got):\n%s", diff)
	}
}

func TestRefusedChangesChangeNothing(t *testing.T) {
	cases := []struct{ body, want string }{
		{``, `the body is empty; send the fields to change, such as {"latency": "30ms"}`},
		{`{"on": true, "pric": 1}`, `unknown field "pric"; fields are: price, prices, wait, words, on, inner`},
		{`{"On": true}`, `unknown field "On"; fields are: price, prices, wait, words, on, inner`},
		{`{"on": true, "on": false}`, `field "on" stands twice`},
		{`{"inner": {"status": 1, "x": 2}}`, `inner: unknown field "x"`},
		{`{"price": "two"}`, `price: "two" is not a price; write a decimal number such as 2.50`},
		{`{"price": -1}`, `price: "-1" is not a price; write a decimal number such as 2.50`},
		{`{"price": null}`, `price: null is not a price; write a decimal number such as 2.50`},
		{`{"wait": 30}`, `wait: 30 is not a duration; write it as text with a unit, such as "30ms"`},
		{`{"wait": "30"}`, `wait: "30" is not a duration; write a number with a unit, such as "30ms"`},
		{`{"wait": "-1s"}`, `wait: -1s is out of range; durations go from 0s to 10m0s`},
		{`{"wait": "11m"}`, `wait: 11m is out of range; durations go from 0s to 10m0s`},
		{`{"on": 1}`, `on: number given where true or false is due`},
		{`{"words": "x"}`, `words: string given where an array is due`},
		{`{"words": ["1","2","3","4"]}`, `words: more than 3`},
		{`[1]`, `the body is not a JSON object`},
		{`{"on": tru}`, `the body is not JSON: invalid character '}' in literal true (expecting 'e')`},
		{`{"on": true`, `the body ends within the JSON object`},
		{`{"on": true} {}`, `something follows the JSON object; send one object`},
	}
	d := newDesk(t)
	for _, c := range cases {
		err := d.Change([]byte(c.body))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.body, err, c.want)
		}
	}
	if diff := cmp.Diff(initial(), d.Plan().Settings); diff != "" {
		t.Errorf("settings changed (-want +got):\n%s", diff)
	}
}

func TestEndpoints(t *testing.T) {
	d := newDesk(t)
	cleared := 0
	mux := http.NewServeMux()
	d.Register(mux, Counters{Show: func() any { return map[string]int{"seen": 7} }, Clear: func() { cleared++ }})
	call := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		got, _ := io.ReadAll(w.Result().Body)
		return w.Code, string(got)
	}
	has := func(method, path, body string, status int, part string) {
		t.Helper()
		if code, got := call(method, path, body); code != status || !strings.Contains(got, part) {
			t.Errorf("%s %s %s: %d %s; want %d with %s", method, path, body, code, got, status, part)
		}
	}
	has("GET", "/ctl", "", 200, `"wait": "30ms"`)
	has("POST", "/ctl", `{"price": 1.25}`, 200, `"price": 1.25`)
	has("GET", "/ctl", "", 200, `"price": 1.25`)
	has("POST", "/ctl", `{`, 400, `"code":"settings_invalid"`)
	has("POST", "/ctl", strings.Repeat(" ", BodyBytesMax+1), 413, `"code":"body_too_large"`)
	has("GET", "/ctl/stats", "", 200, `"seen": 7`)
	has("POST", "/ctl/reset?only=counters", "", 200, `"price": 1.25`)
	has("POST", "/ctl/reset?only=all", "", 400, `"code":"param_invalid"`)
	if cleared != 1 {
		t.Errorf("counters cleared %d times, want once", cleared)
	}
	has("POST", "/ctl/reset?only=settings", "", 200, `"price": 2.5`)
	has("POST", "/ctl/reset", "", 200, `"price": 2.5`)
	if cleared != 2 {
		t.Errorf("counters cleared %d times, want twice", cleared)
	}
	has("DELETE", "/ctl", "", 405, "")
}

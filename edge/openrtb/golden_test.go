package openrtb

import (
	"encoding/json"
	stdflag "flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prebid/openrtb/v20/openrtb2"
)

var update = stdflag.Bool("update", false, "write golden files instead of comparing")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := document(t, name); string(want) != string(got) {
		t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(string(want), string(got)))
	}
}

// TestFullRequest: every field of every object is written, read again by us and by prebid/openrtb, and means the same.
func TestFullRequest(t *testing.T) {
	for kind, name := range []string{"full-request.json", "full-request-app.json", "full-request-dooh.json"} {
		want := fullRequest(kind)
		body := AppendRequest(nil, want)
		golden(t, name, body)
		var d Decoder
		got, err := d.DecodeRequest(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s read again (-want +got):\n%s", name, diff)
		}
		var theirs openrtb2.BidRequest
		if err := json.Unmarshal(body, &theirs); err != nil {
			t.Fatal(err)
		}
		sayTheSame(t, want, &theirs)
		// And what prebid/openrtb writes.
		body, err = json.Marshal(&theirs)
		if err != nil {
			t.Fatal(err)
		}
		got, err = d.DecodeRequest(body)
		if err != nil {
			t.Fatal(err)
		}
		sayTheSame(t, got, &theirs)
	}
}

// TestFullResponse is TestFullRequest for answers.
func TestFullResponse(t *testing.T) {
	want := fullResponse()
	body := AppendResponse(nil, want)
	golden(t, "full-response.json", body)
	var d Decoder
	got, err := d.DecodeResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
	var theirs openrtb2.BidResponse
	if err := json.Unmarshal(body, &theirs); err != nil {
		t.Fatal(err)
	}
	sayTheSame(t, want, &theirs)
	body, err = json.Marshal(&theirs)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = d.DecodeResponse(body); err != nil {
		t.Fatal(err)
	}
	sayTheSame(t, got, &theirs)
}

// TestGolden reads requests and responses as others write them and compares what we make of them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var d Decoder
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".in.json")
		body := document(t, name+".in.json")
		var out []byte
		if strings.HasPrefix(name, "response") {
			r, err := d.DecodeResponse(body)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out = AppendResponse(nil, r)
		} else {
			r, err := d.DecodeRequest(body)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out = AppendRequest(nil, r)
		}
		golden(t, name+".out.json", append(out, '\n'))
	}
}

// TestBorrowedAndKept: what is read stays right when the Decoder has grown, and an Ext cannot be appended into what follows.
func TestBorrowedAndKept(t *testing.T) {
	var d Decoder
	body := []byte(`{"id":"r\u0031","imp":[{"id":"1","ext":{"a":1},"tagid":"t"}],"bcat":["a\n"` + strings.Repeat(`,"b\n"`, 500) + `]}`)
	r, err := d.DecodeRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "r1" || len(r.BCat) != 501 || r.BCat[0] != "a\n" || r.BCat[500] != "b\n" {
		t.Errorf("read %q, %q…", r.ID, r.BCat[:2])
	}
	_ = append(r.Imp[0].Ext, "overwrite"...)
	if r.Imp[0].TagID != "t" || !strings.Contains(string(body), `"tagid":"t"`) {
		t.Error("appending to an Ext wrote into the document")
	}
}

// TestAbsent: what is empty is left out, but for what the specification requires.
func TestAbsent(t *testing.T) {
	for _, row := range []struct{ got, want string }{
		{string(AppendRequest(nil, &Request{})), `{"imp":[]}`},
		{string(AppendRequest(nil, &Request{ID: "r", Imp: []Imp{{}}, Site: &Site{}, User: &User{}, Source: &Source{SChain: &SChain{}}})),
			`{"id":"r","imp":[{}],"site":{},"source":{"schain":{"complete":0,"nodes":[]}},"user":{}}`},
		{string(AppendResponse(nil, &Response{ID: "r"})), `{"id":"r"}`},
		{string(AppendResponse(nil, &Response{ID: "r", SeatBid: []SeatBid{}})), `{"id":"r","seatbid":[]}`},
		{string(AppendResponse(nil, &Response{ID: "r", SeatBid: []SeatBid{{Bid: []Bid{{}}}}, NBR: Int(0)})),
			`{"id":"r","seatbid":[{"bid":[{"id":"","impid":"","price":0}]}],"nbr":0}`},
		{string(AppendRequest(nil, &Request{ID: "r", Imp: []Imp{{ID: "1", Secure: No, Video: &Video{StartDelay: Int(0)}, DT: "x", BidFloor: -1}}})),
			`{"id":"r","imp":[{"id":"1","video":{"startdelay":0},"secure":0}]}`},
	} {
		if row.got != row.want {
			t.Errorf("got  %s\nwant %s", row.got, row.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, f := range []float64{0, -0.5, 52.52, 1e21, 1e-7} {
		if got, ok := NumberOf(f).Float(); !ok || got != f {
			t.Errorf("%v is %q and reads as %v, %v", f, NumberOf(f), got, ok)
		}
	}
	for _, n := range []Number{"", "x", "1x", "0x1", "Inf", "1e999", " 1"} {
		if f, ok := n.Float(); ok {
			t.Errorf("%q reads as %v", n, f)
		}
	}
}

// TestPlaceIsEither: what 2.5 has in extensions and what 2.6 has in its place, in either order.
func TestPlaceIsEither(t *testing.T) {
	var d Decoder
	for _, body := range []string{
		request(`,"regs":{"ext":{"gdpr":1,"us_privacy":"1YNN","gpp":"g","gpp_sid":[2],"x":{}}},"user":{"ext":{"consent":"c","eids":[{"source":"s"}]}},"source":{"ext":{"schain":{"ver":"1.0","nodes":[]}}}`),
		request(`,"regs":{"gdpr":1,"us_privacy":"1YNN","gpp":"g","gpp_sid":[2],"ext":{"gdpr":0,"us_privacy":"1---","gpp":"old","gpp_sid":[]}},"user":{"consent":"c","eids":[{"source":"s"}],"ext":{"consent":"old","eids":[]}},"source":{"schain":{"ver":"1.0","nodes":[]},"ext":{"schain":{"ver":"old"}}}`),
		request(`,"regs":{"ext":{"gdpr":0,"us_privacy":"1---","gpp":"old","gpp_sid":[]},"gdpr":1,"us_privacy":"1YNN","gpp":"g","gpp_sid":[2]},"user":{"ext":{"consent":"old","eids":[]},"consent":"c","eids":[{"source":"s"}]},"source":{"ext":{"schain":{"ver":"old"}},"schain":{"ver":"1.0","nodes":[]}}`),
	} {
		r, err := d.DecodeRequest([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Regs.Ext, r.User.Ext, r.Source.Ext = nil, nil, nil
		want := &Request{ID: "r", Imp: []Imp{{ID: "1"}}, Regs: &Regs{GDPR: Yes, USPrivacy: "1YNN", GPP: "g", GPPSID: []int{2}},
			User: &User{Consent: "c", EIDs: []EID{{Source: "s"}}}, Source: &Source{SChain: &SChain{Ver: "1.0"}}}
		if diff := cmp.Diff(want, r, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

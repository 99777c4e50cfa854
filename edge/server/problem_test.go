package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"curb/edge/adcall"
)

// TestDetails holds problem documents to saying what is wrong and where.
func TestDetails(t *testing.T) {
	imp := func(more string) string { return `{"id":"r","imp":[{"id":"i","banner":{}` + more + `}]}` }
	h := rim(t, &seller{sell: fall(adcall.Blank)})
	for _, c := range []struct {
		name, body, code, detail string
		offset                   any // nil: none
	}{
		{"no JSON", `{"id":"r"`, "json_invalid", "want a comma or the end of the object", 9.},
		{"too deep", strings.Repeat(`{"a":`, 12) + `{}` + strings.Repeat(`}`, 12), "json_too_deep", "nested more than 12 deep", 60.},
		{"no impressions", `{"id":"r","imp":[]}`, "request_invalid", "imp: at least one impression is needed", 0.},
		{"a floor in a string", imp(`,"tagid":"1001","bidfloor":"1"`), "request_invalid", "imp[0].bidfloor: want a number", 65.},
		{"a floor below 0", imp(`,"tagid":"1001","bidfloor":-1`), "request_invalid", "imp[0].bidfloor: want a number of 0 or more and below 1e12", 65.},
		{"a floor whose name is escaped", imp(`,"tagid":"1001","bidfloo\u0072":-1`), "request_invalid", "imp[0].bidfloou0072: want a number of 0 or more and below 1e12", 70.},
		{"a floor in an unknown currency", imp(`,"tagid":"1001","bidfloor":1,"bidfloorcur":"XXX"`), "request_invalid", "imp[0].bidfloorcur: want a currency that has an exchange rate here", nil},
		{"no tagid", imp(``), "placement_unknown", "imp[0].tagid: missing, and site, app and publisher have not exactly one active placement to stand for it", nil},
		{"an unknown tagid", imp(`,"tagid":"9999"`), "placement_unknown", "imp[0].tagid: names no placement that is on sale on this host", nil},
		{"the tagid of one switched off", imp(`,"tagid":"1004"`), "placement_unknown", "imp[0].tagid: names no placement that is on sale on this host", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			document := problemOf(t, post(h, c.body).Body.Bytes())
			if document["code"] != c.code || document["detail"] != c.detail || document["offset"] != c.offset {
				t.Errorf("problem %v, want %s, detail %q, offset %v", document, c.code, c.detail, c.offset)
			}
		})
	}
	document := problemOf(t, post(h, bidRequest, withHeader("Content-Encoding", "br")).Body.Bytes())
	if _, ok := document["detail"]; ok {
		t.Errorf("detail of a problem that is no place in the body: %v", document)
	}
}

// TestDetailsRepeatNoInput puts a word wherever a request can hold one and breaks the request at every byte.
func TestDetailsRepeatNoInput(t *testing.T) {
	const word = "zqxword"
	whole := fmt.Sprintf(`{"id":"%[1]s","%[1]s":{"%[1]s":["%[1]s"]},"imp":[{"id":"%[1]s","%[1]s":"%[1]s","tagid":"%[1]s","bidfloor":1,`+
		`"bidfloorcur":"%[1]s","ext":{"%[1]s":{"%[1]s":1}},"banner":{"w":300,"%[1]s":[{"%[1]s":1}],"format":[{"w":300,"h":250}]}}],`+
		`"cur":["%[1]s"],"site":{"page":"%[1]s"},"user":{"yob":1990,"ext":{"%[1]s":"%[1]s"}},"regs":{"coppa":0}}`, word)
	h := rim(t, &seller{sell: fall(adcall.Blank)})
	explained := 0
	for i := range len(whole) {
		for _, body := range []string{whole[:i], whole[:i] + "\"" + whole[i:], whole[:i] + "-" + whole[i:], whole[:i] + whole[i+1:], whole[:i] + "[" + whole[i+1:], whole[:i] + ":" + whole[i:]} {
			w := post(h, body)
			if w.Code == http.StatusOK {
				continue
			}
			if document := problemOf(t, w.Body.Bytes()); document["detail"] != nil {
				explained++
			}
			if strings.Contains(w.Body.String(), "zqx") {
				t.Fatalf("the answer to %s repeats it: %s", body, w.Body)
			}
		}
	}
	if explained < len(whole) {
		t.Errorf("%d answers had a detail", explained)
	}
}

func problemOf(t *testing.T, body []byte) (document map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	return document
}

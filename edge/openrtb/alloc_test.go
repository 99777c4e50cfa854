package openrtb

import "testing"

// TestAllocations: a Decoder, a Template and a buffer that have been used before need no memory for the next document.
func TestAllocations(t *testing.T) {
	request, response := document(t, "request.json"), document(t, "response.json")
	full, fullAnswer := document(t, "full-request.json"), document(t, "full-response.json")
	legacy := document(t, "request-2.5.in.json")
	var forRequest, forResponse, d Decoder
	r, err := forRequest.DecodeRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	a, err := forResponse.DecodeResponse(response)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 0, 64<<10)
	var tp Template
	own := spliceOf(r)
	for _, row := range []struct {
		name string
		run  func() error
	}{
		{"encode a request", func() error { buf = AppendRequest(buf[:0], r); return nil }},
		{"encode a response", func() error { buf = AppendResponse(buf[:0], a); return nil }},
		{"encode a template", func() error { tp.Encode(r); return nil }},
		{"splice", func() error { buf = tp.Append(buf[:0], own); return nil }},
		{"decode a request", func() error { _, err := d.DecodeRequest(request); return err }},
		{"decode a full request", func() error { _, err := d.DecodeRequest(full); return err }},
		{"decode a request of 2.5", func() error { _, err := d.DecodeRequest(legacy); return err }},
		{"decode a response", func() error { _, err := d.DecodeResponse(response); return err }},
		{"decode a full response", func() error { _, err := d.DecodeResponse(fullAnswer); return err }},
	} {
		var failed error
		run := func() {
			if err := row.run(); err != nil {
				failed = err
			}
		}
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 || failed != nil {
			t.Errorf("%s: %v allocations, %v", row.name, n, failed)
		}
	}
}

package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// Plan is settings and what they compile to. It is immutable.
type Plan[S, P any] struct {
	Settings S
	Compiled P
}

// Desk holds a party's settings. Make one with New.
type Desk[S, P any] struct {
	compile func(*S) (P, error)
	plan    atomic.Pointer[Plan[S, P]]
	initial *Plan[S, P]
	changes sync.Mutex // one change at a time; readers take no lock
}

// New checks and compiles the settings a party starts with.
func New[S, P any](initial S, compile func(*S) (P, error)) (*Desk[S, P], error) {
	d := &Desk[S, P]{compile: compile}
	compiled, err := compile(&initial)
	if err != nil {
		return nil, err
	}
	d.initial = &Plan[S, P]{initial, compiled}
	d.plan.Store(d.initial)
	return d, nil
}

// Plan is the settings in force; a request reads it once.
func (d *Desk[S, P]) Plan() *Plan[S, P] { return d.plan.Load() }

// Change merges a JSON object into the settings; on an error nothing changes.
func (d *Desk[S, P]) Change(body []byte) error {
	d.changes.Lock()
	defer d.changes.Unlock()
	next, err := merge(&d.plan.Load().Settings, body)
	if err != nil {
		return err
	}
	compiled, err := d.compile(&next)
	if err != nil {
		return err
	}
	d.plan.Store(&Plan[S, P]{next, compiled})
	return nil
}

// Reset puts back the settings the party started with.
func (d *Desk[S, P]) Reset() {
	d.changes.Lock()
	defer d.changes.Unlock()
	d.plan.Store(d.initial)
}

// Counters are a party's, for its desk.
type Counters struct {
	Show  func() any // a value that encodes to a JSON object
	Clear func()
}

// Register puts the desk's endpoints on a mux.
func (d *Desk[S, P]) Register(mux *http.ServeMux, counters Counters) {
	mux.HandleFunc("GET /ctl", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, &d.Plan().Settings) })
	mux.HandleFunc("POST /ctl", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, BodyBytesMax))
		if err != nil {
			Refuse(w, http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("a control message has at most %d bytes", BodyBytesMax))
			return
		}
		if err := d.Change(body); err != nil {
			Refuse(w, http.StatusBadRequest, "settings_invalid", err.Error())
			return
		}
		WriteJSON(w, &d.Plan().Settings)
	})
	mux.HandleFunc("GET /ctl/stats", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, counters.Show()) })
	mux.HandleFunc("POST /ctl/reset", func(w http.ResponseWriter, r *http.Request) {
		only := r.URL.Query().Get("only")
		if only != "" && only != "settings" && only != "counters" {
			Refuse(w, http.StatusBadRequest, "param_invalid", "only is settings or counters; without it both are reset")
			return
		}
		if only != "counters" {
			d.Reset()
		}
		if only != "settings" {
			counters.Clear()
		}
		WriteJSON(w, &d.Plan().Settings)
	})
}

// WriteJSON answers 200 with an indented document, for people who use curl.
func WriteJSON(w http.ResponseWriter, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		Refuse(w, http.StatusInternalServerError, "internal_error", "the answer cannot be encoded")
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.Write(append(body, '\n'))
}

// Refuse answers with an RFC 9457 problem.
func Refuse(w http.ResponseWriter, status int, code, detail string) {
	body, _ := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, code, detail})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

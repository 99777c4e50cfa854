package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/creative"
)

// Bounds of a page of a list.
const (
	pageDefault = 100
	pageMax     = 500
)

// creatives answers /v1/creatives.
type creatives struct {
	registry *creative.Registry
	snapshot func() *catalog.Snapshot
	audited  func(r *http.Request, what string, args ...any) // every write is said in the log
}

func (c *creatives) routes() []route {
	return []route{
		{"GET /v1/creatives", c.list},
		{"POST /v1/creatives", c.register},
		{"GET /v1/creatives/{id}", c.get},
		{"PUT /v1/creatives/{id}", c.update},
		{"POST /v1/creatives/{id}", c.decide}, // {id}:approve and the like: a wildcard is a whole segment
	}
}

// list answers a page: creatives of the rule set first, whose ids are lower, then those of the registry.
func (c *creatives) list(w http.ResponseWriter, r *http.Request) {
	f, refused := creativeFilter(r.URL.Query())
	if refused != nil {
		refused.write(w)
		return
	}
	page := CreativePage{Creatives: []Creative{}}
	for _, x := range c.snapshot().Creatives() {
		if x.ID >= ad.RegisteredCreativeMin || x.ID <= f.After || f.Member != 0 && x.Member != f.Member || f.Code != "" && x.Code != f.Code ||
			f.Status != "" && creative.Status(x) != f.Status {
			continue
		}
		if len(page.Creatives) == f.Limit {
			page.Next = nextPage(r.URL.Query(), page.Creatives[f.Limit-1].ID)
			break
		}
		page.Creatives = append(page.Creatives, ruleCreative(x).brief())
	}
	if page.Next == "" {
		limit := f.Limit
		f.Limit -= len(page.Creatives)
		registered, more := c.registry.List(f)
		for i := range registered {
			page.Creatives = append(page.Creatives, apiCreative(&registered[i]).brief())
		}
		if more {
			page.Next = nextPage(r.URL.Query(), page.Creatives[limit-1].ID)
		}
	}
	writeJSON(w, http.StatusOK, page)
}

// nextPage is the path of the page behind an id.
func nextPage(query url.Values, after uint32) string {
	query.Set("after", strconv.Itoa(int(after)))
	return "/v1/creatives?" + query.Encode()
}

// creativeFilter reads the parameters of a list.
func creativeFilter(query url.Values) (f creative.Filter, refused *refusal) {
	f.Limit = pageDefault
	id := func(text string) (uint32, bool) {
		n, err := strconv.ParseUint(text, 10, 32)
		return uint32(n), err == nil
	}
	refused = parameters(query, map[string]func(string) (string, bool){
		"member": func(text string) (string, bool) {
			n, ok := id(text)
			f.Member = ad.MemberID(n)
			return "write a member's id", ok
		},
		"after": func(text string) (string, bool) {
			n, ok := id(text)
			f.After = ad.CreativeID(n)
			return "follow next", ok
		},
		"code": func(text string) (string, bool) {
			f.Code = text
			return "", true
		},
		"status": func(text string) (string, bool) {
			f.Status = text
			return "write " + strings.Join(creative.Statuses(), ", "), slices.Contains(creative.Statuses(), text)
		},
		"limit": func(text string) (string, bool) {
			var err error
			f.Limit, err = strconv.Atoi(text)
			return fmt.Sprintf("write 1 to %d", pageMax), err == nil && f.Limit >= 1 && f.Limit <= pageMax
		},
	})
	return f, refused
}

func (c *creatives) get(w http.ResponseWriter, r *http.Request) {
	id, refused := creativeID(r.PathValue("id"))
	if refused == nil && id < ad.RegisteredCreativeMin {
		if x := c.snapshot().Creative(id); x != nil {
			writeJSON(w, http.StatusOK, ruleCreative(x))
			return
		}
		refused = creativeUnknown()
	}
	if refused != nil {
		refused.write(w)
		return
	}
	x, ok := c.registry.Get(id)
	if !ok {
		creativeUnknown().write(w)
		return
	}
	c.answer(w, http.StatusOK, &x)
}

func (c *creatives) answer(w http.ResponseWriter, status int, x *creative.Registered) {
	w.Header().Set("ETag", `"`+strconv.FormatUint(x.Version, 10)+`"`)
	writeJSON(w, status, apiCreative(x))
}

func (c *creatives) register(w http.ResponseWriter, r *http.Request) {
	draft, refused := c.readDraft(w, r)
	if refused != nil {
		refused.write(w)
		return
	}
	x, created, err := c.registry.Register(r.Context(), draft)
	if err != nil {
		refuse(err).write(w)
		return
	}
	w.Header().Set("Location", "/v1/creatives/"+strconv.Itoa(int(x.ID)))
	if !created {
		c.answer(w, http.StatusOK, &x)
		return
	}
	c.audited(r, "creative registered", "creative", uint32(x.ID), "member", uint32(x.Member), "code", x.Code)
	c.answer(w, http.StatusCreated, &x)
}

func (c *creatives) update(w http.ResponseWriter, r *http.Request) {
	id, refused := writableID(r.PathValue("id"))
	if refused != nil {
		refused.write(w)
		return
	}
	version, given, refused := ifMatch(r)
	if refused == nil && !given {
		refused = &refusal{status: http.StatusPreconditionRequired, code: "if_match_missing",
			detail: "it is not said which version the change was made to", remedy: `send If-Match with the ETag that GET gave, or *`}
	}
	if refused != nil {
		refused.write(w)
		return
	}
	draft, refused := c.readDraft(w, r)
	if refused != nil {
		refused.write(w)
		return
	}
	x, err := c.registry.Update(r.Context(), id, version, draft)
	if err != nil {
		refuse(err).write(w)
		return
	}
	c.audited(r, "creative updated", "creative", uint32(id), "version", x.Version, "audit", creative.AuditWord(x.Audit))
	c.answer(w, http.StatusOK, &x)
}

// decide answers POST /v1/creatives/{id}:approve, :reject, :ban and :unban.
func (c *creatives) decide(w http.ResponseWriter, r *http.Request) {
	text, verb, _ := strings.Cut(r.PathValue("id"), ":")
	verbs := map[string]func(*creative.Registry, context.Context, creative.Decision) (creative.Registered, error){
		"approve": (*creative.Registry).Approve, "reject": (*creative.Registry).Reject,
		"ban": (*creative.Registry).Ban, "unban": (*creative.Registry).Unban,
	}
	do := verbs[verb]
	if do == nil {
		(&refusal{status: http.StatusNotFound, code: "not_found", detail: "a creative has no such action", remedy: "use :approve, :reject, :ban or :unban; PUT changes it"}).write(w)
		return
	}
	id, refused := writableID(text)
	if refused != nil {
		refused.write(w)
		return
	}
	version, _, refused := ifMatch(r)
	if refused != nil {
		refused.write(w)
		return
	}
	d := creative.Decision{ID: id, Version: version}
	body, refused := readBody(w, r, false)
	if refused == nil && body != nil {
		var problems []FieldProblem
		if problems, refused = fields(body, map[string]any{"reason": &d.Reason}); len(problems) > 0 {
			refused = invalid("fields_invalid", "the decision is not as it should be", problems)
		}
	}
	if refused != nil {
		refused.write(w)
		return
	}
	x, err := do(c.registry, r.Context(), d)
	if err != nil {
		refuse(err).write(w)
		return
	}
	c.audited(r, "creative decided", "creative", uint32(id), "version", x.Version, "decision", verb, "status", x.Status(), "reason", x.Reason)
	c.answer(w, http.StatusOK, &x)
}

func creativeID(text string) (ad.CreativeID, *refusal) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 || text[0] == '+' || text[0] == '0' {
		return 0, creativeUnknown()
	}
	return ad.CreativeID(n), nil
}

// writableID reads the id of a creative that this API may change.
func writableID(text string) (ad.CreativeID, *refusal) {
	id, refused := creativeID(text)
	if refused == nil && id < ad.RegisteredCreativeMin {
		refused = &refusal{status: http.StatusConflict, code: "in_rule_set", detail: "ids below 1000000000 are those of the rule set", remedy: "change it in the rule files"}
	}
	return id, refused
}

func creativeUnknown() *refusal {
	return &refusal{status: http.StatusNotFound, code: "creative_unknown", detail: "there is no creative of this id", remedy: "GET /v1/creatives lists them"}
}

// ifMatch reads the version that a write is meant for (RFC 9110 §13.1.1): one strong entity tag, or * for any, which is 0.
func ifMatch(r *http.Request) (version uint64, given bool, refused *refusal) {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return 0, false, nil
	}
	text := strings.TrimSpace(values[0])
	if len(values) == 1 && text == "*" {
		return 0, true, nil
	}
	quoted := len(text) > 2 && text[0] == '"' && text[len(text)-1] == '"'
	if quoted {
		var err error
		if version, err = strconv.ParseUint(text[1:len(text)-1], 10, 64); err == nil && version > 0 && len(values) == 1 {
			return version, true, nil
		}
	}
	return 0, true, &refusal{status: http.StatusPreconditionFailed, code: "version_stale", detail: "If-Match names no version of a creative", remedy: "send the ETag that GET gave, with its quotes"}
}

// refuse says what an error of the registry means to a caller.
func refuse(err error) *refusal {
	if invalid := (*creative.InvalidError)(nil); errors.As(err, &invalid) {
		var problems []FieldProblem
		for _, p := range invalid.Problems {
			problems = append(problems, FieldProblem(p))
		}
		return creativeInvalid(problems)
	}
	if taken := (*creative.TakenError)(nil); errors.As(err, &taken) {
		remedy := fmt.Sprintf("choose another code, or change it: PUT /v1/creatives/%d", taken.ID)
		if taken.ID < ad.RegisteredCreativeMin {
			remedy = "choose another code: that one is the rule set's"
		}
		return &refusal{status: http.StatusConflict, code: "code_taken", detail: taken.Error(), remedy: remedy}
	}
	if stale := (*creative.StaleError)(nil); errors.As(err, &stale) {
		return &refusal{status: http.StatusPreconditionFailed, code: "version_stale", detail: stale.Error(), remedy: "GET it again, and repeat the change"}
	}
	if full := (*creative.FullError)(nil); errors.As(err, &full) {
		return &refusal{status: http.StatusConflict, code: "limit_reached", detail: full.Error(), remedy: "change one that is no longer used"}
	}
	switch {
	case errors.Is(err, creative.ErrNotFound):
		return creativeUnknown()
	case errors.Is(err, creative.ErrNotSubmitted):
		return &refusal{status: http.StatusConflict, code: "not_submitted", detail: err.Error(), remedy: `PUT it with "audit": "pending" first`}
	}
	return &refusal{status: http.StatusServiceUnavailable, code: "log_unavailable", detail: "the node cannot say whether the write was kept",
		remedy: "repeat it: a write that was kept is not done twice; the operator's log has the cause"}
}

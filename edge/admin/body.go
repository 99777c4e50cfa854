package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"curb/edge/ad"
)

// FieldProblem is one thing wrong with a request: where, what, and what to do.
type FieldProblem struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
}

// refusal is an answer that is not what was asked for.
type refusal struct {
	status               int
	code, detail, remedy string
	problems             []FieldProblem
}

// write answers with the refusal as problem+json. What it quotes of the request is short, escaped and below "errors".
func (x *refusal) write(w http.ResponseWriter) {
	body := map[string]any{"type": "/errors/" + x.code, "title": http.StatusText(x.status), "status": x.status, "code": x.code,
		"detail": x.detail, "remedy": x.remedy}
	if len(x.problems) > 0 {
		body["errors"] = x.problems
	}
	text, _ := json.Marshal(body) // strings, numbers and lists of strings always encode
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(x.status)
	_, _ = w.Write(append(text, '\n'))
}

// readBody reads a JSON body of at most ad.BodyBytesMax. Without need, an absent body is nil.
func readBody(w http.ResponseWriter, r *http.Request, need bool) ([]byte, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, ad.BodyBytesMax))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: "body_too_large",
			detail: fmt.Sprintf("the body has more than %d bytes", large.Limit), remedy: "shorten the content, or load the rest of the ad from a URL"}
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, code: "body_invalid", detail: "the body ended early", remedy: "send it whole"}
	}
	if len(body) == 0 && !need {
		return nil, nil
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: "content_type_unsupported",
			detail: "the body is not declared as plain JSON", remedy: "send Content-Type: application/json, and no Content-Encoding"}
	}
	return body, nil
}

// problemsMax bounds the problems that one answer lists: a body of nothing but unknown names holds thousands.
const problemsMax = 50

// fields reads a flat JSON object into targets by name, and gives everything that is wrong with it: a name that is not
// there or there twice, null, a value of another kind. Names are taken to the letter, so that every reader reads the same.
// What is no object at all is refused.
func fields(body []byte, targets map[string]any) (problems []FieldProblem, refused *refusal) {
	seen := map[string]bool{}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, notJSON(decoder, "it is no JSON object")
	}
	for decoder.More() && len(problems) < problemsMax {
		token, err := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err != nil {
			return nil, notJSON(decoder, "it is not JSON")
		}
		target, known := targets[name]
		switch {
		case !known:
			problems = append(problems, unknownField(name, targets))
		case seen[name]:
			problems = append(problems, FieldProblem{name, "it is there twice", "leave one"})
		case string(value) == "null" || json.Unmarshal(value, target) != nil:
			problems = append(problems, FieldProblem{name, "its value is of the wrong kind", "write " + kindOf(target)})
		}
		seen[name] = true
	}
	if len(problems) == problemsMax {
		return problems, nil
	}
	if _, err := decoder.Token(); err != nil {
		return nil, notJSON(decoder, "it is not JSON")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, notJSON(decoder, "something follows the object")
	}
	return problems, nil
}

// parameters reads the query: each parameter, at most once, by the function of its name, which gives what to write and
// whether it was that.
func parameters(query url.Values, known map[string]func(text string) (remedy string, ok bool)) *refusal {
	var problems []FieldProblem
	for _, name := range slices.Sorted(maps.Keys(query)) {
		read, ok := known[name]
		if !ok {
			problems = append(problems, FieldProblem{short(name), "there is no such parameter", "use " + list(known)})
			continue
		}
		remedy, ok := read(query[name][0])
		if !ok {
			problems = append(problems, FieldProblem{name, "it is out of range", remedy})
		} else if len(query[name]) > 1 {
			problems = append(problems, FieldProblem{name, "it is there twice", "leave one"})
		}
	}
	if len(problems) > 0 {
		return invalid("param_invalid", "query parameters are not as they should be", problems)
	}
	return nil
}

// list names what there is, in order.
func list[V any](known map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// short is a name as it may be said back.
func short(name string) string {
	if len(name) > fieldNameMax {
		name = name[:fieldNameMax] + "…"
	}
	return strings.ToValidUTF8(name, "")
}

// invalid refuses a request for what is wrong with its fields.
func invalid(code, detail string, problems []FieldProblem) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, detail: detail, remedy: "see errors", problems: problems}
}

func notJSON(decoder *json.Decoder, detail string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "json_invalid",
		detail: fmt.Sprintf("the body cannot be read near byte %d: %s", decoder.InputOffset(), detail), remedy: "send one JSON object"}
}

// fieldNameMax bounds how much of a name is said back.
const fieldNameMax = 40

func unknownField(name string, targets map[string]any) FieldProblem {
	if slices.Contains(givenFields, name) {
		return FieldProblem{name, "it is the node's to say", "leave it out"}
	}
	return FieldProblem{short(name), "there is no such field", "use " + list(targets)}
}

// kindOf is what a target takes, in words.
func kindOf(target any) string {
	switch target.(type) {
	case *string:
		return "a text"
	case *bool:
		return "true or false"
	case *uint32:
		return "a whole number from 0 to 4294967295"
	case *[]string:
		return "a list of texts"
	case *[]int:
		return "a list of whole numbers"
	}
	return "another"
}

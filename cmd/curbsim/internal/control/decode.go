package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// BodyBytesMax bounds the body of a POST to a control endpoint.
const BodyBytesMax = 4 << 20

// merge gives the settings with the fields named in body changed. Nothing of current is shared with what it returns.
// encoding/json alone would take names in any case and the last of two; so the object's own fields are walked here.
func merge[S any](current *S, body []byte) (next S, err error) {
	copied, err := json.Marshal(current)
	if err != nil {
		return next, err
	}
	if err := json.Unmarshal(copied, &next); err != nil {
		return next, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return next, errors.New(`the body is empty; send the fields to change, such as {"latency": "30ms"}`)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil {
		return next, explain("the body", err)
	} else if open != json.Delim('{') {
		return next, errors.New("the body is not a JSON object")
	}
	known, seen := Fields[S](), map[string]bool{}
	for decoder.More() {
		if err := mergeField(&next, decoder, known, seen); err != nil {
			return next, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return next, explain("the body", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return next, errors.New("something follows the JSON object; send one object")
	}
	return next, nil
}

func mergeField[S any](next *S, decoder *json.Decoder, known []string, seen map[string]bool) error {
	token, err := decoder.Token()
	if err != nil {
		return explain("the body", err)
	}
	name := token.(string) // More and the grammar leave nothing else
	if !slices.Contains(known, name) {
		return fmt.Errorf("unknown field %q; fields are: %s", name, strings.Join(known, ", "))
	}
	if seen[name] {
		return fmt.Errorf("field %q stands twice", name)
	}
	seen[name] = true
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return explain("the body", err)
	}
	single := json.NewDecoder(strings.NewReader(fmt.Sprintf("{%q:%s}", name, value)))
	single.DisallowUnknownFields()
	if err := single.Decode(next); err != nil {
		return explain(name, err)
	}
	return nil
}

// explain says in plain words what a JSON error means and where.
func explain(place string, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.Contains(err.Error(), "unexpected end") {
		return fmt.Errorf("%s is not JSON: %s", place, strings.TrimPrefix(syntax.Error(), "json: "))
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: %s given where %s is due", place, kind.Value, jsonWord(kind.Type))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || strings.Contains(err.Error(), "unexpected end") {
		return errors.New("the body ends within the JSON object")
	}
	return fmt.Errorf("%s: %s", place, strings.TrimPrefix(err.Error(), "json: "))
}

// Fields lists the JSON names of a settings struct in the order they are declared, those of structs that it embeds among them.
func Fields[S any]() []string { return fieldsOf(reflect.TypeFor[S]()) }

func fieldsOf(t reflect.Type) (names []string) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
			names = append(names, fieldsOf(field.Type)...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

func jsonWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "a number"
}

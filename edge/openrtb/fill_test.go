package openrtb

import (
	"reflect"
	"strconv"

	"curb/edge/ad"
)

// fill sets every field of a value, at every depth, to something that differs from the others of its type where its type
// allows, and gives lists two elements.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case []byte:
		v.SetBytes([]byte(`{"n":` + strconv.Itoa(*n) + `}`))
		return
	case Flag:
		v.SetUint(uint64(No) + uint64(*n%2))
		return
	case OptInt:
		v.Set(reflect.ValueOf(Int(1 + *n%100)))
		return
	case Number:
		v.SetString(strconv.Itoa(*n) + ".25")
		return
	case ad.CPM:
		v.SetInt(int64(*n) * 1000)
		return
	case ad.Reason:
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Int:
		v.SetInt(int64(1 + *n%100)) // many of prebid's are int8
	case reflect.String:
		v.SetString("s" + strconv.Itoa(*n) + "\n\"é\"")
	}
}

// fullRequest has every field there is; only one of site, app and dooh may be, chosen by kind.
func fullRequest(kind int) *Request {
	n := 0
	var r Request
	fill(reflect.ValueOf(&r).Elem(), &n)
	if kind != 0 {
		r.Site = nil
	}
	if kind != 1 {
		r.App = nil
	}
	if kind != 2 {
		r.DOOH = nil
	}
	return &r
}

func fullResponse() *Response {
	n := 0
	var r Response
	fill(reflect.ValueOf(&r).Elem(), &n)
	return &r
}

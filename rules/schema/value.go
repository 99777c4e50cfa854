package schema

import (
	"time"

	"curb/edge/ad"
)

// Object is one checked document.
type Object struct {
	Kind *Kind
	Name string
	// At is where the object can be pointed at: its name, or its first line.
	At     Pos
	Labels *Value
	// Spec is nil when the document has none that can be read.
	Spec *Value
	// Broken says that problems were reported about the object: its values may be missing.
	Broken bool
}

// Value is a checked value. All methods work on nil, an absent value, and give the zero value then. A method that does
// not fit the value's form is a bug of the caller and panics.
type Value struct {
	At    Pos
	typ   *Type
	text  string
	num   int64
	when  time.Time
	items []*Value // of a list; of a record one per described field, nil where absent
	keys  []*Value // of a map, beside items
}

// must is the value if it has one of the forms, nil if it is absent.
func (v *Value) must(forms ...Form) *Value {
	if v == nil {
		return nil
	}
	for _, f := range forms {
		if v.typ.Form == f {
			return v
		}
	}
	panic("schema: a value is read as what it is not described as")
}

// Text is the text of a scalar: as it stands in the file, or in the normal form its description promises. Of a record
// it is the word that stands for it, if one does.
func (v *Value) Text() string {
	if v == nil {
		return ""
	}
	return v.text
}

// ID is the id that a reference names, 0 where it names no id but a name.
func (v *Value) ID() int64 {
	if v.must(FormRef) == nil {
		return 0
	}
	return v.num
}

// Flag is a flag's value, or absent where there is none.
func (v *Value) Flag(absent bool) bool {
	if v.must(FormFlag) == nil {
		return absent
	}
	return v.num == 1
}

// Whole is a whole number, 0 where absent.
func (v *Value) Whole() int64 {
	if v.must(FormWhole) == nil {
		return 0
	}
	return v.num
}

// Money is an amount in micro-USD.
func (v *Value) Money() ad.CPM {
	if v.must(FormMoney) == nil {
		return 0
	}
	return ad.CPM(v.num)
}

// Parts is a percentage in the parts of its description's Unit.
func (v *Value) Parts() int64 {
	if v.must(FormShare) == nil {
		return 0
	}
	return v.num
}

// Rate is an exchange rate in pico-USD.
func (v *Value) Rate() ad.Rate {
	if v.must(FormRate) == nil {
		return 0
	}
	return ad.Rate(v.num)
}

// Duration is a duration.
func (v *Value) Duration() time.Duration {
	if v.must(FormDuration) == nil {
		return 0
	}
	return time.Duration(v.num)
}

// Key is the 32 bytes of a secret, zero where absent.
func (v *Value) Key() (key [32]byte) {
	if v.must(FormKey) != nil {
		copy(key[:], v.text)
	}
	return key
}

// Size is a size, 0x0 where absent.
func (v *Value) Size() ad.Size {
	if v.must(FormSize) == nil {
		return ad.Size{}
	}
	return ad.Size{W: uint16(v.num >> 16), H: uint16(v.num)}
}

// Time is an instant in UTC, zero where absent or where a word stands for it.
func (v *Value) Time() time.Time {
	if v.must(FormTime) == nil {
		return time.Time{}
	}
	return v.when
}

// Word is the index of the value among its description's words, or absent where there is none.
func (v *Value) Word(absent int) int {
	if v.must(FormWord) == nil {
		return absent
	}
	return int(v.num)
}

// List gives the values of a list. Elements with problems are left out.
func (v *Value) List() []*Value {
	if v.must(FormList) == nil {
		return nil
	}
	return v.items
}

// Entries gives keys and values of a map, in the order of the file.
func (v *Value) Entries() (keys, values []*Value) {
	if v.must(FormMap) == nil {
		return nil, nil
	}
	return v.keys, v.items
}

// Field gives a field of a record, nil where absent or where it has problems.
func (v *Value) Field(name string) *Value {
	if v.must(FormRecord) == nil {
		return nil
	}
	i, ok := v.typ.field(name)
	if !ok {
		panic("schema: a record is asked for " + name + ", which is not described")
	}
	return v.items[i]
}

// Find follows a path such as defaults[0].creative as far as it leads, and gives the last value on the way. A map's
// key is a step like a record's field.
func (v *Value) Find(path string) *Value {
	for v != nil && path != "" {
		step, index, rest := firstStep(path)
		next := v.step(step)
		if next == nil {
			return v
		}
		v, path = next, rest
		if index < 0 {
			continue
		}
		if v.typ.Form != FormList || index >= len(v.items) {
			return v
		}
		v = v.items[index]
	}
	return v
}

// firstStep takes the first step off a path; index is -1 where the step has none.
func firstStep(path string) (step string, index int, rest string) {
	i := 0
	for i < len(path) && path[i] != '.' && path[i] != '[' {
		i++
	}
	step, index = path[:i], -1
	if i < len(path) && path[i] == '[' {
		index = 0
		for i++; i < len(path) && path[i] != ']'; i++ {
			index = index*10 + int(path[i]-'0')
		}
		i++
	}
	if i < len(path) && path[i] == '.' {
		i++
	}
	return step, index, path[min(i, len(path)):]
}

func (v *Value) step(name string) *Value {
	switch v.typ.Form {
	case FormRecord:
		if i, ok := v.typ.field(name); ok {
			return v.items[i]
		}
	case FormMap:
		for i, k := range v.keys {
			if k.text == name {
				return v.items[i]
			}
		}
	}
	return nil
}

// AppendCanonical writes the value so that two values of one description write the same bytes exactly when they mean
// the same: order of fields and of map entries, quoting and comments do not show, nor do fields added to the description.
func (v *Value) AppendCanonical(dst []byte) []byte {
	if v == nil {
		return append(dst, '-')
	}
	switch v.typ.Form {
	case FormRecord:
		if v.text != "" {
			return appendScalar(dst, v)
		}
		dst = append(dst, '{')
		for i, item := range v.items {
			if item != nil {
				dst = append(append(dst, v.typ.Fields[i].Name...), ':')
				dst = item.AppendCanonical(dst)
			}
		}
		return append(dst, '}')
	case FormList:
		dst = append(dst, '[')
		for _, item := range v.items {
			dst = item.AppendCanonical(dst)
		}
		return append(dst, ']')
	case FormMap:
		dst = append(dst, '<')
		for _, i := range v.byKey() {
			dst = v.keys[i].AppendCanonical(dst)
			dst = v.items[i].AppendCanonical(dst)
		}
		return append(dst, '>')
	}
	return appendScalar(dst, v)
}

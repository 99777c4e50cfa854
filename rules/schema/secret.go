package schema

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// keyBytes is the length of a key.
const keyBytes = 32

// readKey reads 32 bytes as base64url, with or without padding (RFC 4648 §5). Its faults do not quote: a mistyped key is
// most of a key.
func readKey(r *reading) *fault {
	const remedy = "write 32 random bytes as base64url: 43 letters, digits, - and _"
	text := strings.TrimRight(r.text, "=")
	key, err := base64.RawURLEncoding.Strict().DecodeString(text)
	switch {
	case len(r.text)-len(text) > 1 || err != nil || strings.ContainsAny(text, "\r\n"):
		return &fault{"this is not base64url", remedy}
	case len(key) != keyBytes:
		return &fault{"the key has " + strconv.Itoa(len(key)) + " bytes", remedy}
	case strings.Count(string(key), string(key[:1])) == keyBytes:
		return &fault{"all bytes of the key are the same", remedy}
	}
	r.v.text = string(key)
	return nil
}

// readSecret reads a word that is not shown.
func readSecret(r *reading) *fault {
	switch n := int64(len(r.text)); {
	case strings.ContainsFunc(r.text, func(c rune) bool { return !codeRune(c, "-_") }):
		return &fault{"a character is not allowed here", "use letters, digits, - and _"}
	case n < r.Min || n > r.Max:
		return &fault{"it has " + strconv.FormatInt(n, 10) + " characters", strconv.FormatInt(r.Min, 10) + " to " + strconv.FormatInt(r.Max, 10) + " are allowed"}
	}
	return nil
}

// secretFields are the fields whose values no excerpt shows, also where the line around them cannot be read.
var secretFields = [...]string{"price_key", "encryption", "integrity", "dongle"}

// veilAfter is veil for a line of a file, where a secret may have begun on the line before: in a block, or by a line break
// that slipped into it. A field of its own stands for itself.
func veilAfter(before, line string) string {
	runes, previous := []rune(line), []rune(before)
	if colon := secretField(previous); colon >= 0 {
		value := strings.TrimSpace(string(previous[colon+1:]))
		block := value == "" || value[0] == '|' || value[0] == '>'
		if !strings.Contains(line, ":") || block && !strings.Contains(strings.ToLower(before), "price_key") {
			veilRunes(runes)
			return string(runes)
		}
	}
	return veil(line)
}

// veil replaces secrets in a line, character for character: what follows the name of a secret field, since nobody knows
// where a mistyped value ends, and whatever looks like a key, since a key may stand under a mistyped name.
func veil(line string) string {
	runes := []rune(line)
	if colon := secretField(runes); colon >= 0 {
		veilValues(runes, colon+1)
	}
	for i := 0; i < len(runes); {
		end := i
		for end < len(runes) && codeRune(runes[end], "-_+/=") {
			end++
		}
		if looksLikeKey(runes[i:end]) {
			veilRunes(runes[i:end])
		}
		i = end + 1
	}
	return string(runes)
}

// secretField gives the place of the colon after the first secret field of a line, -1 if there is none.
func secretField(line []rune) int {
	lower := strings.ToLower(string(line))
	first := -1
	for _, name := range secretFields {
		at := strings.Index(lower, name)
		if at < 0 {
			continue
		}
		i := len([]rune(lower[:at+len(name)]))
		for i < len(line) && codeRune(line[i], "_\"' ") { // encryption_key: and "encryption" :
			i++
		}
		if i < len(line) && line[i] == ':' && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

// veilValues hides all words from a place on but the names of fields: those between an opening brace or a comma and a colon.
func veilValues(line []rune, from int) {
	opened := false
	for i := from; i < len(line); i++ {
		if !codeRune(line[i], "-_+/=.%*") && line[i] < 0x80 {
			opened = line[i] == '{' || line[i] == ',' || opened && (line[i] == ' ' || line[i] == '"')
			continue
		}
		end := i
		for end < len(line) && (codeRune(line[end], "-_+/=.%*") || line[end] >= 0x80) {
			end++
		}
		if rest := strings.TrimLeft(string(line[end:min(end+3, len(line))]), `" `); !opened || end-i > fieldNameMax || !strings.HasPrefix(rest, ":") {
			veilRunes(line[i:end])
		}
		opened, i = false, end-1
	}
}

// fieldNameMax is the length up to which something is taken for the name of a field.
const fieldNameMax = 24

func veilRunes(text []rune) {
	for i, c := range text {
		if c != ' ' {
			text[i] = '*'
		}
	}
}

// looksLikeKey says whether a run of characters could be a key of 32 bytes, whole or with some of it missing: long, and of
// all kinds of characters, as names and paths hardly are.
func looksLikeKey(run []rune) bool {
	const shortest, letters = 32, 6
	lower, upper, digit := 0, 0, 0
	for _, c := range run {
		switch {
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= '0' && c <= '9':
			digit++
		}
	}
	return len(run) >= shortest && lower >= letters && upper >= letters && digit > 0
}

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

// veil replaces secrets in a line of a rule file, character for character: what follows the name of a secret field, and
// whatever looks like a key, since a key may stand under a mistyped name.
func veil(line string) string {
	runes := []rune(line)
	lower := []rune(strings.ToLower(line))
	for _, name := range secretFields {
		word := []rune(name)
		for i := range runes {
			if from := i + len(word); from < len(runes) && string(lower[i:from]) == name {
				veilValue(runes, from)
			}
		}
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

// veilValue hides what a field is given: from the colon after its name to the end of the value.
func veilValue(line []rune, i int) {
	for i < len(line) && codeRune(line[i], "_\"' ") { // encryption_key: and "encryption" :
		i++
	}
	if i == len(line) || line[i] != ':' {
		return
	}
	for i++; i < len(line) && line[i] == ' '; i++ {
	}
	if i == len(line) || strings.ContainsRune("{[|>", line[i]) {
		return
	}
	end := i
	for end < len(line) && !strings.ContainsRune(",}]#", line[end]) {
		end++
	}
	veilRunes(line[i:end])
}

func veilRunes(text []rune) {
	for i, c := range text {
		if c != ' ' {
			text[i] = '*'
		}
	}
}

// looksLikeKey says whether a run of characters could be a key of 32 bytes, whole or with a few characters missing: long,
// and of all kinds of characters, which names and paths are not.
func looksLikeKey(run []rune) bool {
	const shortest = 36
	var lower, upper, digit bool
	for _, c := range run {
		lower = lower || c >= 'a' && c <= 'z'
		upper = upper || c >= 'A' && c <= 'Z'
		digit = digit || c >= '0' && c <= '9'
	}
	return len(run) >= shortest && lower && upper && digit
}

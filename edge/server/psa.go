package server

import (
	"strings"

	"curb/edge/ad"
)

// A public service ad is a document with one inline picture: no link, no script, no request.

// psaMessage is one message: a headline and what to do.
type psaMessage struct{ headline, advice, colour string }

// psaMessages are chosen by size, so that a slot always shows the same one.
var psaMessages = [...]psaMessage{
	{"Give blood", "One donation can help three people.", "#8c1c2c"},
	{"Test your smoke alarm", "Press the button once a month.", "#7a4a00"},
	{"Learn CPR", "Two hands can keep a heart going.", "#0b4f6c"},
	{"Drink tap water", "Carry a bottle, leave no plastic.", "#1b5e3a"},
}

// psaSizes are the sizes that have one.
var psaSizes = [...]ad.Size{
	{W: 300, H: 250}, {W: 728, H: 90}, {W: 300, H: 600}, {W: 160, H: 600}, {W: 320, H: 50}, {W: 320, H: 100},
	{W: 336, H: 280}, {W: 970, H: 250}, {W: 970, H: 90}, {W: 468, H: 60}, {W: 120, H: 600}, {W: 250, H: 250},
}

// publicService draws the documents of all sizes.
func publicService() map[ad.Size][]byte {
	documents := make(map[ad.Size][]byte, len(psaSizes))
	for i, size := range psaSizes {
		documents[size] = psaDocument(size, psaMessages[i%len(psaMessages)])
	}
	return documents
}

// psaDocument lays a message out: headline over advice, in letters that fit the width.
func psaDocument(size ad.Size, m psaMessage) []byte {
	width, height := int(size.W), int(size.H)
	headline := m.wrap(m.headline, width, height)
	advice := m.wrap(m.advice, width, height)
	letters := fit(append(headline, advice...), width, height)
	d := append([]byte(nil), documentHead...)
	d = append(d, `<svg xmlns="http://www.w3.org/2000/svg" role="img" style="display:block" width="`...)
	d = number(d, size.W)
	d = append(d, `" height="`...)
	d = number(d, size.H)
	d = append(d, `"><rect width="100%" height="100%" fill="`...)
	d = append(d, m.colour...)
	d = append(d, `"/><g fill="#fff" text-anchor="middle" font-family="sans-serif">`...)
	lines := len(headline) + len(advice)
	y := (height - lines*letters*5/4) / 2
	for i, line := range append(headline, advice...) {
		y += letters * 5 / 4
		weight := `normal`
		if i < len(headline) {
			weight = `bold`
		}
		d = appendLine(d, psaLine{text: line, x: width / 2, y: y - letters/4, letters: letters, weight: weight})
	}
	d = append(d, `</g></svg>`...)
	return append(d, documentTail...)
}

type psaLine struct {
	text          string
	x, y, letters int
	weight        string
}

func appendLine(d []byte, l psaLine) []byte {
	d = append(d, `<text x="`...)
	d = number(d, uint32(l.x))
	d = append(d, `" y="`...)
	d = number(d, uint32(l.y))
	d = append(d, `" font-size="`...)
	d = number(d, uint32(l.letters))
	d = append(d, `" font-weight="`...)
	d = append(d, l.weight...)
	d = append(d, `">`...)
	d = append(d, l.text...)
	return append(d, `</text>`...)
}

// wrap puts each word on its own line where the slot is narrow and tall.
func (m psaMessage) wrap(text string, width, height int) []string {
	if height < 2*width {
		return []string{text}
	}
	return strings.Fields(text)
}

// fit is the letter height at which the longest line and all lines together fit, letters taken as 0.6 wide.
func fit(lines []string, width, height int) int {
	longest := 1
	for _, line := range lines {
		longest = max(longest, len(line))
	}
	return max(min(width*9/10*10/(6*longest), height*4/5/len(lines), 40), 8)
}

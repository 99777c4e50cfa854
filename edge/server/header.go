package server

import (
	"net/http"
	"strconv"
)

// sandbox is what creatives may do: run scripts and open the advertiser's page in a window of its own. They have no
// origin, so no cookies and no storage of the host that serves them, and cannot navigate the page around them.
const sandbox = "allow-scripts allow-popups allow-popups-to-escape-sandbox"

// Header values that many answers share. They are never written to.
var (
	valueNoStore    = []string{"no-store"}
	valueNoSniff    = []string{"nosniff"}
	valueAny        = []string{"*"}
	valueCross      = []string{"cross-origin"}
	valueZero       = []string{"0"}
	valueReferrer   = []string{"strict-origin-when-cross-origin"}
	valueNoReferrer = []string{"no-referrer"}
	valueBlank      = []string{"blank"}
	valueGIF        = []string{"image/gif"}
	valueFirst      = []string{"first"}
	valueDup        = []string{"dup"}
	valueHTML       = []string{"text/html; charset=utf-8"}
	valueScript     = []string{"application/javascript"} // its bytes are ASCII
	valuePlainText  = []string{"text/plain; charset=us-ascii"}
	valueText       = []string{"text/plain"}
	valueJSON       = []string{"application/json"}
	valueProblem    = []string{"application/problem+json"}
	valueClose      = []string{"close"}
	valueTrue       = []string{"true"}
	valueH1         = []string{"http/1.1"}
	valueH2         = []string{"h2"}
	valueH3         = []string{"h3"}
	valueExposed    = []string{"X-Curb-Protocol, X-Curb-Node"}
	valueFeatures   = []string{"accelerometer=(), bluetooth=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), " +
		"magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"}
	valueSandbox = []string{"sandbox " + sandbox}
	valueFrame   = []string{"default-src 'none'; style-src 'unsafe-inline'; frame-src http: https:"}
	valueStill   = []string{"default-src 'none'; style-src 'unsafe-inline'; sandbox"}
)

// tagHeaders are on every answer of a tag that shows something or is blank.
func tagHeaders(header http.Header) {
	header["Cache-Control"] = valueNoStore
	header["X-Content-Type-Options"] = valueNoSniff
	header["Cross-Origin-Resource-Policy"] = valueCross
	header["Referrer-Policy"] = valueReferrer
	header["Timing-Allow-Origin"] = valueAny
}

// contentLength writes the header before a body of n bytes.
func contentLength(header http.Header, n int) {
	if n == 0 {
		header["Content-Length"] = valueZero
		return
	}
	header["Content-Length"] = []string{strconv.Itoa(n)}
}

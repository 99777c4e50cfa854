package macro

// Codes of redirects that are refused. They are told to whoever wrote the URL, and are part of the interface.
const (
	CodeRedirectInvalid    = "redirect_invalid"     // no URL that could ever be called
	CodeRedirectNotAllowed = "redirect_not_allowed" // a URL, of nobody who is registered
	CodeRedirectTooLong    = "redirect_too_long"    // beyond ad.RedirectBytesMax, before or after its values
)

// RedirectError says why there is no redirect.
type RedirectError struct {
	Code  string
	Cause string // a clause about "it", the URL; repeats nothing of it
}

// Error is cause and code.
func (e *RedirectError) Error() string { return "redirect: " + e.Cause + " (" + e.Code + ")" }

// Errors that ad calls can meet at any rate; they are made once.
var (
	errResultTooLong = &RedirectError{CodeRedirectTooLong, "it is longer than 4096 bytes with its values"}
	errSourceTooLong = &RedirectError{CodeRedirectTooLong, "it is longer than 4096 bytes"}
	errUnsound       = &RedirectError{CodeRedirectInvalid, "its values make it unsafe to send"}
	errNotAllowed    = &RedirectError{CodeRedirectNotAllowed, "no ad server of the placement is registered there"}
	errHostUnknown   = &RedirectError{CodeRedirectNotAllowed, "it leads to a host that the ad did not name"}
)

func invalid(cause string) *RedirectError { return &RedirectError{CodeRedirectInvalid, cause} }

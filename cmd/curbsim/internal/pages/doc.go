// Package pages serves the pages of news.example, a publisher that sells its ad space through a node: an index, /direct
// with the iframe tag and the script tag, /openrtb with an OpenRTB request sent by fetch, and /preemptive, /preemptive-script and
// /preemptive-json with the tags after which the publisher's ad server, or the page, has the last word.
//
// It is given a listener, the URL of the node that the tags call, the publisher's ad server, and the other simulated parties to link
// to. Each page
// says what became of the ad (#status, its state in data-state), which protocol carried it (#protocol), and, where the
// browser does not trust the node's certificate yet, shows one link on which a person accepts it (#accept).
//
// The pages are plain HTML, CSS and small scripts, with nothing from elsewhere but the node's tags. They set no content
// security policy: a srcdoc frame inherits the page's, and the ad in it must run under its own.
//
// It refuses to know how an ad is chosen; it never proxies the node.
//
// What became of a preemptive tag stands in data-outcome of #status and of the body: exchange (our ad), own, no_bid, never or failure.
//
// Read pages.go, adserver.go for what the ad server is asked, then site/.
package pages

package bidder

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childVariable makes the test binary play the benchmark's bidders; its value is how many, and how many of them, the
// last ones, never answer: "5 4".
const childVariable = "CURB_BENCH_BIDDERS"

// crew is what the child tells the benchmark.
type crew struct {
	Addresses   []string
	Certificate []byte // DER
}

// childAnswer is a bid of about 1.8 kB; the id of the request goes in front.
func childAnswer(bidder int) string {
	markup := `<a href=\"https://buyer.example/landing?c=1\"><img src=\"https://cdn.buyer.example/300x250.png\" width=\"300\" height=\"250\"></a>` + strings.Repeat(`<img src=\"https://px.buyer.example/i?x=1\">`, 31)
	return `","bidid":"b-1","cur":"USD","seatbid":[{"seat":"` + strconv.Itoa(firstMember+bidder) + `","bid":[{"id":"1","impid":"1","price":1.25,"crid":"summer","adomain":["buyer.example"],` +
		`"nurl":"https://win.bidder.example/n?p=${AUCTION_PRICE}&a=${AUCTION_ID}","burl":"https://win.bidder.example/b?p=${AUCTION_PRICE}","w":300,"h":250,"cat":["IAB2"],"adm":"` + markup + `"}]}]}`
}

// runBidders serves until stdin is closed, which the death of the parent does too.
func runBidders(in io.Reader, out io.Writer) int {
	var count, silent int
	if _, err := fmt.Sscan(os.Getenv(childVariable), &count, &silent); err != nil {
		return 1
	}
	certificate, der := selfSigned(time.Now().Add(time.Hour), net.IPv4(127, 0, 0, 1))
	told := crew{Certificate: der}
	for i := range count {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true})
		if err != nil {
			return 1
		}
		told.Addresses = append(told.Addresses, l.Addr().String())
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				if i >= count-silent {
					go func() { _, _ = io.Copy(io.Discard, c) }()
				} else {
					go bidForEver(c, childAnswer(i))
				}
			}
		}()
	}
	if json.NewEncoder(out).Encode(told) != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, in)
	return 0
}

// bidForEver answers every request on a connection.
func bidForEver(c net.Conn, rest string) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReaderSize(c, 16<<10)
	var answer, body []byte
	for {
		length := 0
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				break
			}
			if len(line) > 15 && bytes.EqualFold(line[:15], []byte("content-length:")) {
				length, _ = strconv.Atoi(string(bytes.TrimSpace(line[15:])))
			}
		}
		if cap(body) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		id := body[len(`{"id":"`):]
		id = id[:bytes.IndexByte(id, '"')]
		answer = append(answer[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "...)
		answer = strconv.AppendInt(answer, int64(len(`{"id":"`)+len(id)+len(rest)), 10)
		answer = append(answer, "\r\n\r\n"+`{"id":"`...)
		answer = append(append(answer, id...), rest...)
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// selfSigned makes a certificate for addresses of this machine.
func selfSigned(until time.Time, ips ...net.IP) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bidder"}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: ips, DNSNames: []string{"other.example"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, der
}

// startCrew runs count bidders, the last of them silent, in a child process until the benchmark ends.
func startCrew(b *testing.B, count, silent int) (crew, *x509.CertPool) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+fmt.Sprint(count, silent))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	var told crew
	if err := json.NewDecoder(stdout).Decode(&told); err != nil {
		b.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(told.Certificate)
	if err != nil {
		b.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return told, roots
}

//go:build browser

package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// chromium is a headless browser driven over the Chrome DevTools Protocol on a pipe: messages of JSON, each ended by a
// zero byte, on file descriptors 3 and 4.
type chromium struct {
	t       *testing.T
	write   *os.File
	mu      sync.Mutex
	next    int
	answers map[int]chan answer
	events  []event
	more    chan struct{} // capacity 1: something was added to events
}

type answer struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// event is something that the browser tells: a message with a method.
type event struct {
	Method    string
	Params    json.RawMessage
	SessionID string `json:"sessionId"`
}

// startChromium starts Debian's chromium with flags besides those every test wants, and ends it with the test.
func startChromium(t *testing.T, flags ...string) *chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: install Debian's package chromium, or run make test, which needs Go only", err)
	}
	profile := t.TempDir()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + profile,
	}, flags...)
	cmd := exec.Command(program, append(args, "about:blank")...)
	theirRead, ourWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourRead, theirWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.ExtraFiles = []*os.File{theirRead, theirWrite}
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirRead.Close()
	theirWrite.Close()
	c := &chromium{t: t, write: ourWrite, answers: map[int]chan answer{}, more: make(chan struct{}, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(ourRead)
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		ourWrite.Close()
		<-read
		ourRead.Close()
		if t.Failed() {
			t.Logf("chromium said:\n%s", said.Bytes())
		}
	})
	return c
}

// read takes messages until the browser closes the pipe.
func (c *chromium) read(from io.Reader) {
	in := bufio.NewReader(from)
	for {
		data, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var message struct {
			ID int
			answer
			event
		}
		if json.Unmarshal(data[:len(data)-1], &message) != nil {
			continue
		}
		c.mu.Lock()
		if waiting := c.answers[message.ID]; message.ID != 0 && waiting != nil {
			delete(c.answers, message.ID)
			waiting <- message.answer // capacity 1, one answer per question
		} else if message.Method != "" {
			c.events = append(c.events, message.event)
			select {
			case c.more <- struct{}{}:
			default:
			}
		}
		c.mu.Unlock()
	}
}

// call sends a command to a session ("" the browser) and fills result, which may be nil.
func (c *chromium) call(session, method string, params, result any) {
	c.t.Helper()
	if err := c.attempt(session, method, params, result); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

// attempt is call for what may have gone away in the meantime, such as a frame that has just been navigated.
func (c *chromium) attempt(session, method string, params, result any) error {
	c.mu.Lock()
	c.next++
	id := c.next
	waiting := make(chan answer, 1)
	c.answers[id] = waiting
	c.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if _, err := c.write.Write(append(data, 0)); err != nil {
		return err
	}
	select {
	case a := <-waiting:
		switch {
		case a.Error != nil:
			return errors.New(a.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-time.After(30 * time.Second):
		return errors.New("no answer from chromium")
	}
}

// page is one tab.
type page struct {
	*chromium
	target  string
	session string
}

// open makes a tab that reports its network traffic, and goes to url.
func (c *chromium) open(url string) *page {
	c.t.Helper()
	var target struct{ TargetID string }
	c.call("", "Target.createTarget", map[string]any{"url": "about:blank", "newWindow": true, "width": 1000, "height": 800}, &target)
	var attached struct{ SessionID string }
	c.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p := &page{c, target.TargetID, attached.SessionID}
	p.call(p.session, "Network.enable", nil, nil)
	c.call(p.session, "Page.enable", nil, nil)
	c.call(p.session, "Page.navigate", map[string]any{"url": url}, nil)
	return p
}

// close ends the tab and its frames.
func (p *page) close() {
	p.t.Helper()
	p.call("", "Target.closeTarget", map[string]any{"targetId": p.target}, nil)
}

// response is what the browser says of one answer it received.
type response struct {
	URL      string
	Status   int
	Protocol string
}

// responses are the answers that the page received so far.
func (p *page) responses() []response {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []response
	for _, e := range p.events {
		if e.Method != "Network.responseReceived" {
			continue
		}
		var params struct{ Response response }
		if json.Unmarshal(e.Params, &params) == nil {
			all = append(all, params.Response)
		}
	}
	return all
}

// evaluate runs an expression in a session and gives its value as text.
func (p *page) evaluate(session, expression string) string {
	p.t.Helper()
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	p.call(session, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, out.ExceptionDetails.Text)
	}
	return fmt.Sprint(out.Result.Value)
}

// await evaluates until the value satisfies ready, for at most twenty seconds, and gives the last value.
func (p *page) await(what, expression string, ready func(string) bool) string {
	p.t.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		value := p.evaluate(p.session, expression)
		if ready(value) {
			return value
		}
		if time.Since(begin) > 20*time.Second {
			p.t.Fatalf("no %s after twenty seconds; %s is %s; answers so far: %+v", what, expression, value, p.responses())
		}
	}
}

// frameTree is a frame of a session and the frames within it that live in the same process.
type frameTree struct {
	Frame       struct{ ID string }
	ChildFrames []frameTree
}

// texts gives what the frames within pages show, not the pages themselves, whichever process the frames live in: creatives
// are in sandboxed frames, which Chromium gives processes of their own when it likes.
func (p *page) texts() string {
	p.t.Helper()
	var found struct {
		TargetInfos []struct{ TargetID, Type string }
	}
	p.call("", "Target.getTargets", nil, &found)
	all := p.frameTexts(p.session, p.target)
	for _, target := range found.TargetInfos {
		if target.Type != "iframe" {
			continue
		}
		var attached struct{ SessionID string }
		if p.attempt("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached) != nil {
			continue // a frame that has gone to another process
		}
		all += p.frameTexts(attached.SessionID, "")
		_ = p.attempt("", "Target.detachFromTarget", map[string]any{"sessionId": attached.SessionID}, nil)
	}
	return all
}

// frameTexts gives the text of every frame of one session but the one named. What is gone by the time it is asked says
// nothing; whoever waits for a text asks again.
func (p *page) frameTexts(session, but string) string {
	p.t.Helper()
	var got struct{ FrameTree frameTree }
	if p.attempt(session, "Page.getFrameTree", nil, &got) != nil {
		return ""
	}
	text := ""
	for queue := []frameTree{got.FrameTree}; len(queue) > 0; queue = append(queue[1:], queue[0].ChildFrames...) {
		if queue[0].Frame.ID == but { // the page itself: its frame has the id of its target
			continue
		}
		var world struct{ ExecutionContextID int }
		var out struct{ Result struct{ Value string } }
		if p.attempt(session, "Page.createIsolatedWorld", map[string]any{"frameId": queue[0].Frame.ID}, &world) != nil ||
			p.attempt(session, "Runtime.evaluate", map[string]any{
				"expression": `document.body ? document.body.innerText + document.body.textContent : ""`, "contextId": world.ExecutionContextID,
			}, &out) != nil {
			continue
		}
		text += out.Result.Value + "\n"
	}
	return text
}

// screenshot writes what the tab shows to the folder CURB_SCREENSHOTS, or to a temporary one.
func (p *page) screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv("CURB_SCREENSHOTS")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "curb-screenshots")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	var shot struct{ Data string }
	p.call(p.session, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(dir, name+".png")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("screenshot: %s", file)
}

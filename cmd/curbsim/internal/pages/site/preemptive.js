// Says what became of the tag's ad. The ad stands in a frame that this page cannot look into, so the publisher's own server is asked
// what its ad server chose; the tag's cb tells this view's call from others.
const { cb, path } = document.body.dataset;
const tries = 40;
let judging = false;

async function chosen() {
  const answer = await fetch('/outcome?cb=' + encodeURIComponent(cb), { cache: 'no-store' });
  return answer.json();
}

async function judge() {
  if (judging) return;
  judging = true;
  for (let i = 0; i < tries; i++) {
    const verdict = await chosen();
    if (verdict.outcome !== 'unknown') {
      page.say(verdict.outcome === 'failure' ? 'error' : 'ad', verdict.text);
      page.outcome(verdict.outcome);
      page.measured(path);
      return;
    }
    if (i === 4 && !(await page.probe())) {
      page.unreachable();
      return;
    }
    await new Promise((done) => { setTimeout(done, 100); });
  }
  page.say('error', 'The ad server was not called');
}

judge();
// The browser tells the protocol of a frame only once all that it was led to has been loaded.
window.addEventListener('load', () => page.measured(path));

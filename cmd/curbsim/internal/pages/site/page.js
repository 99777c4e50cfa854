// What the pages share: saying what happened. Every page has #status, #protocol, #time and #accept.
const page = {
  node: document.body.dataset.node,

  // say shows the outcome; state is one of loading, ad, empty, unreachable, error.
  say(state, text) {
    const status = document.getElementById('status');
    status.dataset.state = state;
    status.textContent = text;
    document.getElementById('accept').hidden = state !== 'unreachable';
  },

  // outcome marks who served: exchange, own, no_bid, never, failure.
  outcome(word) {
    document.getElementById('status').dataset.outcome = word;
    document.body.dataset.outcome = word;
  },

  // measured shows time and protocol of the node's answer at a path, as the browser measured them. The browser hides the
  // protocol of another origin unless that origin allows it with Timing-Allow-Origin; then the node is asked, which a
  // request of the same kind reaches over the same connection.
  async measured(path) {
    const entries = performance.getEntriesByType('resource').filter((e) => e.name.startsWith(page.node + path));
    const entry = entries[entries.length - 1];
    if (!entry) return;
    document.getElementById('time').textContent = entry.duration.toFixed(1) + ' ms';
    const used = entry.nextHopProtocol || await page.protocol();
    const protocol = document.getElementById('protocol');
    protocol.dataset.protocol = used;
    const names = { h3: 'HTTP/3 (h3)', h2: 'HTTP/2 (h2)', 'http/1.1': 'HTTP/1.1' };
    protocol.textContent = names[used] || used || 'not shown by this browser';
  },

  async protocol() {
    try {
      const answer = await fetch(page.node + '/.well-known/curb', { cache: 'no-store', credentials: 'omit' });
      return answer.headers.get('X-Curb-Protocol') || '';
    } catch {
      return '';
    }
  },

  // probe tells whether the browser can load from the node at all.
  async probe() {
    try {
      await fetch(page.node + '/status', { mode: 'no-cors', cache: 'no-store', credentials: 'omit' });
      return true;
    } catch {
      return false;
    }
  },

  unreachable() {
    page.say('unreachable', 'The node cannot be reached, or its certificate is not accepted');
  },
};

document.getElementById('again').addEventListener('click', () => location.reload());

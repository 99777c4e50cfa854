// Sends an OpenRTB 2.6 request for one impression and renders the best bid of the answer in a sandboxed frame.
function bidRequest() {
  return {
    id: crypto.randomUUID(),
    imp: [{
      id: '1',
      tagid: document.body.dataset.placement,
      secure: 1,
      banner: { format: [{ w: 300, h: 250 }, { w: 300, h: 600 }] },
    }],
    site: { domain: 'news.example', page: location.href, publisher: { domain: 'news.example' } },
    device: { ua: navigator.userAgent, language: navigator.language.split('-')[0], w: screen.width, h: screen.height },
    cur: ['USD'],
    at: 1,
    tmax: 150,
  };
}

const show = (id, value) => { document.getElementById(id).textContent = JSON.stringify(value, null, 2); };

async function ask(request) {
  // text/plain keeps the request "simple", so that the browser sends no preflight first.
  const answer = await fetch(page.node + '/openrtb2/auction', {
    method: 'POST', credentials: 'omit', headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify(request),
  });
  if (answer.status === 204) return { status: 204, bids: [] };
  const body = await answer.json();
  show('response', body);
  const bids = (body.seatbid || []).flatMap((s) => s.bid.map((bid) => ({ ...bid, seat: s.seat, cur: body.cur || 'USD' })));
  return { status: answer.status, bids: bids.sort((a, b) => b.price - a.price) };
}

function render(bid) {
  const priced = (text) => text.replaceAll('${AUCTION_PRICE}', String(bid.price));
  const frame = document.createElement('iframe');
  frame.title = 'Advertisement';
  frame.width = bid.w || 300;
  frame.height = bid.h || 250;
  frame.sandbox = 'allow-scripts allow-popups allow-popups-to-escape-sandbox';
  frame.scrolling = 'no';
  frame.srcdoc = '<!doctype html><style>html,body{margin:0;overflow:hidden}</style>' + priced(bid.adm || '');
  document.getElementById('ad').replaceChildren(frame);
  // The billing notice is due once the ad is rendered (OpenRTB 2.6 §4.3.3, burl).
  if (bid.burl) fetch(priced(bid.burl), { mode: 'no-cors', credentials: 'omit', keepalive: true }).catch(() => {});
}

async function run() {
  const request = bidRequest();
  show('request', request);
  try {
    const { status, bids } = await ask(request);
    page.measured('/openrtb2/auction');
    if (status >= 400) {
      page.say('error', 'The node refused the request with status ' + status);
    } else if (bids.length === 0) {
      page.say('empty', 'No bid won');
    } else {
      render(bids[0]);
      page.say('ad', `Seat ${bids[0].seat} won at ${bids[0].price} ${bids[0].cur}`);
    }
  } catch {
    if (await page.probe()) page.say('error', 'The node answered, but not with OpenRTB');
    else page.unreachable();
  }
}

run();

// Asks for price and accept URL, chooses, and renders: our ad by its accept URL, or the page's own.
const { placement, cb, own, reserve } = document.body.dataset;
const slot = document.getElementById('ad');

function showOurs(answer) {
  const frame = document.createElement('iframe');
  frame.title = 'Advertisement';
  frame.width = answer.width;
  frame.height = answer.height;
  frame.sandbox = 'allow-scripts allow-popups allow-popups-to-escape-sandbox';
  frame.src = answer.accept;
  slot.replaceChildren(frame);
}

function showOwn(text) {
  const ad = document.createElement('div');
  ad.id = 'own-ad';
  ad.className = 'own';
  ad.setAttribute('role', 'img');
  ad.setAttribute('aria-label', 'Subscribe to news.example');
  ad.textContent = 'Subscribe to news.example: ' + text;
  slot.replaceChildren(ad);
}

async function run() {
  const query = new URLSearchParams({ id: placement, size: '728x90', cb });
  if (reserve) query.set('reserve', reserve);
  try {
    const response = await fetch(page.node + '/jpt?' + query, { credentials: 'omit', cache: 'no-store' });
    if (!response.ok) {
      page.say('error', 'The node refused the call with status ' + response.status);
      return;
    }
    const answer = await response.json();
    document.getElementById('response').textContent = JSON.stringify(answer, null, 2);
    page.measured('/jpt');
    if (!answer.accept) {
      showOwn('the page’s own ad');
      page.say('ad', 'Nothing was sold, so the page shows its own ad.');
      page.outcome('no_bid');
    } else if (answer.cpm < Number(own)) {
      showOwn('the page’s own ad');
      page.say('ad', `The page’s own ad won: it pays ${own}, our ad was offered at ${answer.cpm} and is not billed.`);
      page.outcome('own');
    } else {
      showOurs(answer);
      page.say('ad', `Our price won: ${answer.cpm}, against ${own} of the page’s own campaign. The ad is the bidder’s, called by its accept URL.`);
      page.outcome('exchange');
    }
  } catch {
    if (await page.probe()) page.say('error', 'The node answered, but not with JSON');
    else page.unreachable();
  }
}

run();

// Watches what the two tags draw; the tags themselves stand in the page as a publisher pastes them.
const slot = document.getElementById('ad');

function look() {
  if (!slot.querySelector('iframe, img, a')) return false;
  page.say('ad', 'The script tag drew an ad');
  page.measured('/ttj');
  return true;
}

async function judge() {
  if (look()) return;
  if (!(await page.probe())) {
    page.unreachable();
    return;
  }
  if (!look()) {
    page.say('empty', 'The node answered without an ad');
    page.measured('/ttj');
  }
}

new MutationObserver(look).observe(slot, { childList: true, subtree: true });
document.getElementById('tag').addEventListener('error', judge);
// The load event waits for both tags, so by then there is an ad, an empty answer, or no way to the node.
if (document.readyState === 'complete') judge();
else window.addEventListener('load', judge);

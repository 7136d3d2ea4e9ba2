// The page in a browser: opens files given, works them as a person would, and fails where something does not hold.
// Usage: node page.mjs CHROMIUM PLAYWRIGHT-CORE FOLDER-FOR-PICTURES PAGE...
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [executablePath, library, pictures, ...pages] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(resolve(library));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
let failures = 0;

for (const file of pages) {
  const name = basename(file, '.html');
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const faults = [];
  const requests = [];
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text()); });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => { faults.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith('data:')) requests.push(request.url()); });
  let checks = 0;
  const check = (holds, what) => { checks += 1; if (!holds) faults.push(what); };

  const url = pathToFileURL(resolve(file)).href;
  await page.goto(url);
  await page.screenshot({ path: join(pictures, `${name}-first.png`) });
  await page.screenshot({ path: join(pictures, `${name}-whole.png`), fullPage: true });

  // Nothing stands out of the page, and headings are in order.
  check(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'wider than the window');
  const levels = await page.$$eval('h1, h2, h3, h4', (heads) => heads.map((head) => Number(head.tagName[1])));
  check(levels[0] === 1 && levels.every((level, at) => at === 0 || level <= levels[at - 1] + 1), `headings ${levels}`);
  check(await page.$$eval('thead th', (heads) => heads.every((head) => head.scope === 'col')), 'a heading without scope');
  check(['en', 'zh-Hans'].includes(await page.getAttribute('html', 'lang')), 'no language');

  // Text against what is behind it, by the ratio of WCAG.
  const faint = await page.$$eval('p, li, td, th, dt, dd, a, h1, h2, h3, small, caption, button.sort', (elements) => {
    const parts = (color) => color.match(/[\d.]+/g).map(Number);
    const light = (color) => parts(color).slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        const alpha = parts(color)[3];
        if (alpha === undefined || alpha === 1) return color;
      }
      return 'rgb(255, 255, 255)';
    };
    return elements.filter((element) => element.textContent.trim() !== '').filter((element) => {
      const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05) < 4.5;
    }).map((element) => element.outerHTML.slice(0, 80));
  });
  check(faint.length === 0, `faint text: ${faint[0]}`);

  const drawing = page.locator('#drawing');
  if (await drawing.count()) {
    const view = () => drawing.getAttribute('viewBox');
    const whole = await view();
    await page.click('#zoom-in');
    const near = await view();
    check(near !== whole, 'the button does not zoom');
    await page.focus('#map');
    await page.keyboard.press('ArrowRight');
    check(await view() !== near, 'the key does not pan');
    await page.keyboard.press('0');
    check(await view() === whole, 'the key does not show all');
    await drawing.hover();
    await page.mouse.wheel(0, -300);
    await page.waitForFunction((before) => document.getElementById('drawing').getAttribute('viewBox') !== before, whole);
    await page.click('#zoom-all');
    const box = await drawing.boundingBox();
    await page.mouse.move(box.x + 100, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 160, box.y + 130, { steps: 4 });
    await page.mouse.up();
    check(await view() !== whole, 'the pointer does not pan');
    await page.click('#zoom-all');

    for (const layer of await page.$$('input[data-layer]')) {
      const id = await layer.getAttribute('data-layer');
      await layer.uncheck();
      check(!(await page.locator(`#${id}`).isVisible()), `${id} is not switched off`);
      await layer.check();
      check(await page.$eval(`#${id}`, (group) => getComputedStyle(group).display !== 'none'), `${id} is not switched on`);
    }
  }

  const rows = page.locator('tr[data-site]');
  const sites = await rows.count();
  if (sites > 0) {
    const marked = () => page.$$eval('#drawing path.on', (paths) => paths.map((path) => path.dataset.site));
    await rows.nth(sites - 1).click();
    check(String(await marked()) === await rows.nth(sites - 1).getAttribute('data-site'), 'a row does not show its site');
    await page.screenshot({ path: join(pictures, `${name}-site.png`) });
    await rows.nth(0).focus();
    await page.keyboard.press('Enter');
    check(String(await marked()) === '0', 'a key on a row does not show its site');
    // From the shape to its row, once the other one was marked.
    await page.click('#zoom-all');
    await page.evaluate(() => document.querySelector(`#drawing path[data-site="${document.querySelectorAll('tr[data-site]').length - 1}"]`)
      .dispatchEvent(new MouseEvent('click', { bubbles: true })));
    check(await rows.nth(sites - 1).evaluate((row) => row.classList.contains('on')), 'a shape does not show its row');
    const column = () => page.$$eval('#site-table tbody tr', (all) => all.map((row) => Number(row.cells[1].dataset.v)));
    await page.locator('#site-table .sort').nth(1).click();
    const up = await column();
    check(up.every((value, at) => at === 0 || up[at - 1] <= value), `not sorted: ${up}`);
    await page.locator('#site-table .sort').nth(1).focus();
    await page.keyboard.press('Enter');
    const down = await column();
    check(down.every((value, at) => at === 0 || down[at - 1] >= value), `not sorted the other way: ${down}`);
    check(await page.locator('#site-table th').nth(1).getAttribute('aria-sort') === 'descending', 'the order is not told');
  }

  await page.goto(url);
  const bytes = await page.pdf({ path: join(pictures, `${name}.pdf`), preferCSSPageSize: true });
  check(bytes.length > 10_000, 'an empty PDF');
  check(requests.every((request) => request === url), `requests: ${requests}`);
  const heap = await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  console.log(`${file}: ${checks} checks, ${faults.length} faults; first paint ${paint.toFixed(0)} ms, heap ${(heap / 1e6).toFixed(1)} MB`);
  for (const fault of faults) console.log(`  ${fault}`);
  failures += faults.length;
  await page.close();
}
await browser.close();
process.exitCode = failures > 0 ? 1 : 0;

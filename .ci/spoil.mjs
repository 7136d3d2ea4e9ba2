// Adds markup to every text in the JSON and GeoJSON files of a folder: what a page must show as text. Usage: node spoil.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MARKUP = `</script><script>alert(1)</script>"'><img src=http://localhost/x onerror=alert(2)>`;
// What decides how a file is read stays.
const KEPT = new Set(['type', 'crs', 'kind', 'effect', 'status', 'rule', 'basis', 'direction', 'size', 'standing', 'lu_verdict']);
const spoil = (value, key) => {
  if (KEPT.has(key)) return value;
  if (typeof value === 'string') return value + MARKUP;
  if (Array.isArray(value)) return value.map((entry) => spoil(entry));
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, spoil(entry, name)]));
  return value;
};
const folder = process.argv[2];
for (const name of readdirSync(folder).filter((file) => /\.(geo)?json$/.test(file))) {
  writeFileSync(join(folder, name), JSON.stringify(spoil(JSON.parse(readFileSync(join(folder, name), 'utf8')))));
}

// Packs the built dashboard into one file, ../build/web/page.pack, that the executable embeds. Its form:
//   "TRPACK1\n", then the index's length in bytes as 8 hex digits and "\n", then the index, then the contents.
// The index is JSON: [{path, type, immutable, plain?: [offset, length], gzip?: …, br?: …}], offsets from the end of the
// index. index.html is kept plain, because each answer carries a nonce of its own.
import {readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {extname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {brotliCompressSync, constants, gzipSync} from 'node:zlib';

const dist = fileURLToPath(new URL('../../build/web/dist', import.meta.url));
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const files = readdirSync(dist, {recursive: true, withFileTypes: true})
  .filter((entry) => entry.isFile())
  .map((entry) => relative(dist, join(entry.parentPath ?? entry.path, entry.name)))
  .sort();

const index = [];
const contents = [];
let offset = 0;
const keep = (bytes) => {
  contents.push(bytes);
  offset += bytes.length;
  return [offset - bytes.length, bytes.length];
};

for (const file of files) {
  const bytes = readFileSync(join(dist, file));
  const type = types[extname(file)];
  if (!type) throw new Error(`pack: no content type for ${file}`);
  const entry = {path: `/${file}`, type, immutable: file.startsWith('assets/')};
  if (file === 'index.html') entry.plain = keep(bytes);
  else {
    entry.gzip = keep(gzipSync(bytes, {level: 9}));
    entry.br = keep(brotliCompressSync(bytes, {
      params: {[constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length},
    }));
  }
  index.push(entry);
}

const head = Buffer.from(JSON.stringify(index));
const length = head.length.toString(16).padStart(8, '0');
const target = join(dist, '../page.pack');
writeFileSync(`${target}.new`, Buffer.concat([Buffer.from(`TRPACK1\n${length}\n`), head, ...contents]));
renameSync(`${target}.new`, target);
console.log(`page.pack: ${files.length} files, ${Math.round(offset / 1024)} KiB`);

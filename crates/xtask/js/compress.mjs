// Writes `.br` and `.gz` beside each file named on standard input, and prints `size brotli path` for each.
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync, constants } from "node:zlib";

const mode = process.argv.at(-1); // with `--eval` there is no script in between
for (const path of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const bytes = readFileSync(path);
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  if (mode === "write") {
    // Fonts and images are compressed already.
    if (brotli.length < bytes.length * 0.95) writeFileSync(`${path}.br`, brotli);
    const gzip = gzipSync(bytes, { level: 9 });
    if (gzip.length < bytes.length * 0.95) writeFileSync(`${path}.gz`, gzip);
  }
  console.log(`${bytes.length} ${brotli.length} ${path}`);
}

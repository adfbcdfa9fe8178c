// Runs the WASM module named first and prints what it says and its size as JSON. A second argument names a file with a
// list of requests (texts) to answer; `-` means the module takes none.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const [modulePath, requestsPath] = process.argv.slice(2);
const bytes = readFileSync(modulePath);
const { instance } = await WebAssembly.instantiate(bytes, {});
const { memory, reserve, answer, buffer, results } = instance.exports;

function reply(request) {
  const text = new TextEncoder().encode(request);
  // The address is read first: making room may grow, and so replace, the memory.
  const place = reserve(text.length);
  new Uint8Array(memory.buffer, place, text.length).set(text);
  const length = answer();
  return new TextDecoder().decode(new Uint8Array(memory.buffer, buffer(), length));
}

const said =
  requestsPath === "-"
    ? { results: results() }
    : { answers: JSON.parse(readFileSync(requestsPath, "utf8")).map(reply) };
const compressed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
process.stdout.write(JSON.stringify({ ...said, bytes: bytes.length, brotli_bytes: compressed.length }));

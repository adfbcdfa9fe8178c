// `wasm-opt -Oz` for many modules in one process: starting the program takes longer than shrinking a small module.
// Paths come on standard input, one a line; each file is replaced.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const { Features } = binaryen;
// Which features LLVM may have used; nothing else may come in.
const features =
  Features.MVP |
  Features.BulkMemory |
  Features.BulkMemoryOpt |
  Features.CallIndirectOverlong |
  Features.NontrappingFPToInt |
  Features.SignExt |
  Features.MutableGlobals |
  Features.ReferenceTypes |
  Features.Multivalue;

binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(2); // with the line above: -Oz
binaryen.setDebugInfo(false);
for (const path of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const module = binaryen.readBinary(readFileSync(path), features);
  module.setFeatures(features);
  // Until it gets no smaller: a second pass saves a quarter of a percent.
  let bytes = module.emitBinary();
  for (let before = Infinity; bytes.length < before; ) {
    before = bytes.length;
    module.optimize();
    bytes = module.emitBinary();
  }
  if (!module.validate()) throw new Error(`${path} is not valid after shrinking`);
  writeFileSync(path, bytes);
  module.dispose();
}

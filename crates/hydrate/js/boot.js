// Loads the WASM that belongs to this very build and starts it. Everything sits in one folder named by its content.
import init, { hydrate } from "./assay.js";

init({ module_or_path: new URL("./assay_bg.wasm", import.meta.url) })
  .then(hydrate)
  .catch((error) => {
    console.error(error);
    document.getElementById("crash")?.removeAttribute("hidden");
  });

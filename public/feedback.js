// Thumbs or stars and a comment under an answer of your application:
//
//   <script type="module" src="https://your-assay/feedback.js"></script>
//   <assay-feedback key="ck-assay-…" trace="0af7651916cd43dd8448eb211c80319c"></assay-feedback>
//
// Attributes
//   key          a client key whose origins have this page's address (Settings, API keys)
//   trace        id of the trace that made the answer; with `span`, that one generation; or `session` instead
//   user         who judges; their next opinion of the same answer replaces this one
//   kind         `thumbs` (the default) or `rating`
//   comment      `off` asks for no comment
//   environment  as your traces have it
// Events (both bubble): `assay-feedback` when an opinion is stored, `assay-feedback-error` when it could not be.
// Looks: takes font and colour of its place; `--assay-accent` colours what is chosen.

const SERVER = new URL(".", import.meta.url);

const STYLE = `
:host { display: inline-block; font: inherit; color: inherit; max-inline-size: 100%; }
:host([hidden]) { display: none; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .25em; }
button {
  font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: .4em; padding: .3em;
  min-inline-size: 2em; min-block-size: 2em; line-height: 1; cursor: pointer; opacity: .72;
  display: inline-flex; align-items: center; justify-content: center;
}
button:hover { opacity: 1; background: color-mix(in srgb, currentColor 9%, transparent); }
button:focus-visible, textarea:focus-visible { outline: 2px solid var(--assay-accent, #5a55d6); outline-offset: 1px; }
button[aria-pressed="true"], button[data-lit] { opacity: 1; color: var(--assay-accent, #5a55d6); }
button[aria-pressed="true"] svg, button[data-lit] svg { fill: currentColor; }
button.send { border-color: currentColor; padding-inline: .8em; opacity: 1; }
svg { inline-size: 1.2em; block-size: 1.2em; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
form { display: grid; gap: .4em; justify-items: start; margin-block-start: .5em; inline-size: min(26em, 100%); }
form[hidden] { display: none; }
textarea {
  font: inherit; color: inherit; background: transparent; inline-size: 100%; box-sizing: border-box; padding: .5em;
  border: 1px solid color-mix(in srgb, currentColor 45%, transparent); border-radius: .4em; resize: vertical;
}
.said { font-size: .9em; opacity: .85; margin-inline-start: .4em; }
`;

const HAND = "M7 11v9H4a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1h3zm0 0 4-8a2.5 2.5 0 0 1 2.5 2.5V9h5.2a2 2 0 0 1 2 2.3l-1.1 7a2 2 0 0 1-2 1.7H7";
const STAR = "m12 3 2.7 5.7 6.3.8-4.6 4.3 1.2 6.2-5.6-3.1L6.4 20l1.2-6.2L3 9.5l6.3-.8z";
const icon = (path, turned) =>
  `<svg viewBox="0 0 24 24" aria-hidden="true"${turned ? ' transform="rotate(180)"' : ""}><path d="${path}"/></svg>`;

const CHOICES = {
  thumbs: [
    { value: "up", name: "Good answer", icon: icon(HAND) },
    { value: "down", name: "Bad answer", icon: icon(HAND, true) },
  ],
  rating: [1, 2, 3, 4, 5].map((value) => ({ value, name: `${value} of 5`, icon: icon(STAR) })),
};

class AssayFeedback extends HTMLElement {
  #choice;
  #turn = 0;
  #parts;

  static observedAttributes = ["kind"];

  connectedCallback() {
    if (this.#parts) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#draw(root);
  }

  // Frameworks often set attributes after they have put the element into the page.
  attributeChangedCallback() {
    if (this.#parts) this.#draw(this.shadowRoot);
  }

  #draw(root) {
    const choices = CHOICES[this.#kind];
    root.innerHTML = `
      <div class="row" role="group" aria-label="How good is this answer?">
        ${choices.map(({ name, icon }) => `<button type="button" aria-pressed="false" aria-label="${name}" title="${name}">${icon}</button>`).join("")}
        <span class="said" role="status"></span>
      </div>
      <form hidden>
        <textarea rows="2" maxlength="5000" aria-label="What would have been better? Optional." placeholder="What would have been better? (optional)"></textarea>
        <button class="send">Send comment</button>
      </form>`;
    const buttons = [...root.querySelectorAll("button[aria-pressed]")];
    this.#parts = {
      buttons,
      said: root.querySelector(".said"),
      form: root.querySelector("form"),
      text: root.querySelector("textarea"),
    };
    buttons.forEach((button, place) => button.addEventListener("click", () => this.#choose(choices[place].value, place)));
    this.#parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
  }

  get #kind() {
    return this.getAttribute("kind") === "rating" ? "rating" : "thumbs";
  }

  #choose(value, place) {
    const { buttons, form } = this.#parts;
    this.#choice = value;
    buttons.forEach((button, at) => {
      button.setAttribute("aria-pressed", String(at === place));
      button.toggleAttribute("data-lit", this.#kind === "rating" && at < place);
    });
    form.hidden = this.getAttribute("comment") === "off";
    void this.#send();
  }

  async #send() {
    const { said, text } = this.#parts;
    // Answers may overtake each other; only the last request may speak.
    const turn = ++this.#turn;
    const body = { [this.#kind]: this.#choice };
    for (const name of ["trace", "span", "session", "user", "environment"]) {
      const value = this.getAttribute(name);
      if (value) body[name] = value;
    }
    const comment = text.value.trim();
    if (comment) body.comment = comment;
    said.textContent = "";
    let problem;
    try {
      const answer = await fetch(new URL("api/v1/feedback", SERVER), {
        method: "POST",
        headers: { authorization: `Bearer ${this.getAttribute("key")}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        credentials: "omit",
        keepalive: true,
      });
      const told = await answer.json();
      if (answer.ok) {
        if (turn !== this.#turn) return;
        said.textContent = comment ? "Thank you for the comment" : "Thank you";
        this.#tell("assay-feedback", { ...body, ids: told.ids });
        return;
      }
      problem = told.detail;
    } catch (error) {
      problem = String(error);
    }
    // For whoever builds the page; its readers only need to know that it did not work.
    console.warn(`assay-feedback: ${problem}`);
    if (turn === this.#turn) said.textContent = "Not sent. Please try again.";
    this.#tell("assay-feedback-error", { ...body, problem });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("assay-feedback")) customElements.define("assay-feedback", AssayFeedback);

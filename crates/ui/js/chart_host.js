// Draws one ECharts chart in one element. Options come from `crates/charts` as JSON: colours are written `token:arm-1`
// (or `token:arm-1/16` for 16% opacity) and formatters `fmt:ms`, because neither theme nor functions survive JSON.

let bundle;
/** Loads ECharts once, however many charts there are. */
function load(url) {
  bundle ??= import(url).catch((error) => {
    bundle = undefined; // a later chart may try again
    throw error;
  });
  return bundle;
}

const MINUS = "\u2212";
const sign = (text) => text.replace("-", MINUS);
const trimmed = (value, digits) => sign(String(Number(value.toPrecision(digits))));
const grouped = (value) => sign(Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ","));
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

/** Units of an axis or tooltip; the names are those of `charts::Unit`. */
const UNITS = {
  count: (v) => (Math.abs(v) >= 1e6 ? `${trimmed(v / 1e6, 3)}M` : Math.abs(v) >= 1e4 ? `${trimmed(v / 1e3, 3)}K` : Number.isInteger(v) ? grouped(v) : trimmed(v, 3)),
  ms: (v) => (Math.abs(v) >= 6e4 ? `${trimmed(v / 6e4, 3)} min` : Math.abs(v) >= 1000 ? `${trimmed(v / 1000, 3)} s` : `${trimmed(v, 3)} ms`),
  usd: (v) => (v === 0 ? "$0" : Math.abs(v) >= 1 ? `$${sign(v.toFixed(2))}` : `$${sign(Number(v.toPrecision(3)).toFixed(Math.min(9, 2 - Math.floor(Math.log10(Math.abs(v))))).replace(/(\.\d\d\d*?)0+$/, "$1"))}`),
  percent: (v) => `${trimmed(v * 100, 3)}%`,
  score: (v) => sign(v.toFixed(3).replace(/0$/, "")),
  number: (v) => trimmed(v, 3),
};

/** Axis text of an instant in milliseconds: the day, or the hour within a day. */
function day(ms) {
  const at = new Date(ms);
  const hour = at.getUTCHours(), minute = at.getUTCMinutes();
  return hour || minute ? `${two(hour)}:${two(minute)}` : `${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}`;
}

/** An instant as the clocks of a zone show it, which is how the server sends it. */
function moment(ms, zone) {
  const at = new Date(ms);
  const clock = at.getUTCHours() || at.getUTCMinutes() ? `, ${two(at.getUTCHours())}:${two(at.getUTCMinutes())} ${zone}` : "";
  return `${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}, ${at.getUTCFullYear()}${clock}`;
}

/** Tooltip of a time series whose points are [time, value, low, high, n]. Rich text: an HTML tooltip breaks the CSP. */
function tip(unit, zone) {
  const write = UNITS[unit] ?? UNITS.number;
  return (items) => {
    const rows = items.filter((item) => item.seriesId?.startsWith("line:") && Number.isFinite(item.value?.[1]));
    if (!rows.length) return "";
    const lines = rows.map(({ seriesName, value: [, value, low, high, n] }) => {
      const interval = Number.isFinite(low) && Number.isFinite(high) ? `  {faint|${write(low)} to ${write(high)}}` : "";
      const size = Number.isFinite(n) ? `  {faint|n ${grouped(n)}}` : "";
      return `{name|${String(seriesName).replace(/[{}|]/g, " ")}}  {value|${write(value)}}${interval}${size}`;
    });
    return `{head|${moment(rows[0].value[0], zone)}}\n${lines.join("\n")}`;
  };
}

function formatter(name) {
  const kind = name.slice(0, 3), [unit, zone = "UTC"] = name.slice(4).split("@");
  if (kind === "tip") return tip(unit, zone);
  if (unit === "day") return day;
  return UNITS[unit] ?? UNITS.number;
}

/** Reads the values of design tokens as they are in this theme. `light-dark()` is resolved by the browser, not by us. */
function palette() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const known = new Map();
  const read = (token) => {
    if (!known.has(token)) {
      const [name, percent] = token.split("/");
      probe.style.color = percent ? `color-mix(in srgb, var(--${name}) ${Number(percent)}%, transparent)` : `var(--${name})`;
      known.set(token, toRgb(getComputedStyle(probe).color));
    }
    return known.get(token);
  };
  return { read, done: () => probe.remove() };
}

/** ECharts reads `rgb()` only; `color-mix` computes to `color(srgb …)`. */
function toRgb(color) {
  const srgb = color.match(/^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/);
  if (!srgb) return color;
  const [red, green, blue] = srgb.slice(1, 4).map((part) => Math.round(Number(part) * 255));
  return `rgba(${red}, ${green}, ${blue}, ${Number(srgb[4] ?? 1).toFixed(3)})`;
}

function resolved(value, colors) {
  if (typeof value === "string") {
    if (value.startsWith("token:")) return colors.read(value.slice(6));
    if (value.startsWith("fmt:") || value.startsWith("tip:")) return formatter(value);
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => resolved(item, colors));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, colors)]));
  }
  return value;
}

const NARROW = 480;

/** What every chart has in common, and what gives way where there is little room. */
function complete(option, colors, width) {
  const font = getComputedStyle(document.body).fontFamily;
  const ink = colors.read("ink"), faint = colors.read("ink-3");
  option.animation = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  option.animationDuration = 160;
  option.animationDurationUpdate = 160;
  option.textStyle = { fontFamily: font, fontSize: 11, color: faint, ...option.textStyle };
  if (option.tooltip) {
    Object.assign(option.tooltip, {
      renderMode: "richText",
      confine: true,
      backgroundColor: colors.read("raised"),
      borderColor: colors.read("line-strong"),
      padding: [8, 10],
      textStyle: {
        color: ink, fontFamily: font, fontSize: 12, lineHeight: 18,
        rich: {
          head: { color: faint, fontSize: 11, lineHeight: 18 },
          name: { color: ink, fontWeight: 600 },
          value: { color: ink },
          faint: { color: faint, fontSize: 11 },
        },
      },
    });
  }
  for (const series of [option.series].flat().filter(Boolean)) {
    if (width < NARROW && series.markLine) series.markLine.label = { ...series.markLine.label, show: false };
  }
  if (width < NARROW && option.xAxis) {
    for (const axis of [option.xAxis].flat()) axis.splitNumber = 3;
  }
  return option;
}

export class ChartHost {
  #element;
  #option;
  #chart;
  #disposed = false;
  #onlyOne = false;
  #observers = [];
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #redraw = () => this.#draw();

  constructor(element, url, option) {
    this.#element = element;
    this.#option = option;
    this.#start(url);
  }

  async #start(url) {
    try {
      const echarts = await load(url);
      if (this.#disposed) return;
      this.#chart = echarts.init(this.#element, null, { renderer: "canvas" });
      this.#chart.group = "page"; // hovering shows the same moment in every chart of the page
      echarts.connect("page");
      this.#chart.on("finished", () => this.#element.setAttribute("data-ready", ""));
      this.#isolateOnLegendClick();
      const size = new ResizeObserver(([entry]) => {
        const { width, height } = entry.contentRect;
        if (!width || !height || (width === this.#chart.getWidth() && height === this.#chart.getHeight())) return;
        this.#chart.resize();
        this.#draw();
      });
      size.observe(this.#element);
      const theme = new MutationObserver(this.#redraw);
      theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      this.#observers = [size, theme];
      this.#scheme.addEventListener("change", this.#redraw);
      this.#draw();
    } catch (error) {
      console.error("the chart could not be drawn", error);
      this.#element.setAttribute("data-failed", "");
    }
  }

  /** A click on the legend shows that series alone, the next click all again; with Ctrl it switches one off or on. */
  #isolateOnLegendClick() {
    let toggles = false;
    this.#element.addEventListener("pointerdown", (event) => { toggles = event.ctrlKey || event.metaKey; }, true);
    this.#chart.on("legendselectchanged", ({ name, selected }) => {
      if (toggles) return;
      const back = this.#onlyOne === name;
      this.#onlyOne = back ? false : name;
      for (const other of Object.keys(selected)) {
        this.#chart.dispatchAction({ type: back || other === name ? "legendSelect" : "legendUnSelect", name: other });
      }
    });
  }

  #draw() {
    if (!this.#chart || this.#disposed) return;
    const colors = palette();
    try {
      const option = resolved(JSON.parse(this.#option), colors);
      this.#chart.setOption(complete(option, colors, this.#element.clientWidth), { notMerge: true });
    } finally {
      colors.done();
    }
  }

  draw(option) {
    if (option === this.#option) return;
    this.#option = option;
    this.#element.removeAttribute("data-ready");
    this.#draw();
  }

  dispose() {
    this.#disposed = true;
    for (const observer of this.#observers) observer.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#chart?.dispose();
    this.#chart = undefined;
  }
}

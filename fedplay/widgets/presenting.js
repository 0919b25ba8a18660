// How a screen stands on its page: how high it is, how large its text; keys, and what they do.
//
//   page -> kernel   {kind: "shortcut", key}   one of SAID; all other keys are the page's own
//
// In a page of its own (the app) keys work wherever the focus is, except in a field; in a notebook, which
// has keys itself, only while the focus is on the screen.

const LEAST = 480; // css px that a screen is high at least
const MARGIN = 12; // css px of the window that it leaves free
const USUAL = [1440, 860]; // css px: on a larger window text grows with it
const PRESENTED = 1.5; // times the size of the text
const ROOMY = 640; // css px: with less, what is presented is one picture, not two
const STEP = 1.1; // of + and −
const SAID = new Set([..."123456789 npecurg"]);
const FIELDS = "input, textarea, select, [contenteditable=true]";
const KEYS_TOLD = [
  ["Space", "play, pause"],
  ["n, p", "the next and the previous step of the lab"],
  ["1 … 9", "the view with that tab"],
  ["E, C", "the view or the curves alone"],
  ["U, R", "undo, redo"],
  ["G", "guess, reveal"],
  ["/", "find a knob"],
  ["F", "present: larger, without the column"],
  ["H", "hide the column, or show it"],
  ["L", "a pointer that can be seen from afar"],
  ["+, −", "larger and smaller text"],
  ["on a knob", "arrows turn it; Enter types a value; Alt S tries all, Alt I explains, Alt D rolls the dice or opens a file; Delete takes it back"],
  ["in the picture", "arrows go through rounds and clients; Escape lets go"],
];

const isApp = () => !document.querySelector(".jp-NotebookPanel, #notebook_panel");

// The part of the page that scrolls with the screen in it, where it is not the page itself. What is
// higher than the window is none, whatever its style says: the screen would grow with it, and it with the screen.
function scroller(root) {
  for (let at = root.parentElement; at && at !== document.body; at = at.parentElement) {
    const { clientHeight: high, scrollHeight } = at;
    const scrolls = /auto|scroll/.test(getComputedStyle(at).overflowY) && scrollHeight > high;
    if (scrolls && high > LEAST / 2 && high <= innerHeight) return at;
  }
  return null;
}

class Presenting {
  constructor(root, signal, tell) {
    Object.assign(this, { root, signal, tell, own: 1, on: false });
    this.fit();
    const fit = () => this.fit();
    window.addEventListener("resize", fit, { signal });
    document.addEventListener("fullscreenchange", () => this.left(), { signal });
    window.addEventListener("keydown", (event) => this.key(event), { signal });
    root.addEventListener("click", (event) => this.clicked(event), { signal });
    root.addEventListener("pointermove", (event) => this.point(event), { signal });
  }

  get zoom() {
    const [wide, tall] = USUAL;
    const roomy = Math.min(innerWidth / wide, innerHeight / tall, 1.5);
    const grown = isApp() ? Math.max(roomy, 1) : 1;
    return Math.min(grown * this.own * (this.on ? PRESENTED : 1), 4);
  }

  fit() {
    const { root, zoom } = this;
    root.style.zoom = zoom === 1 ? "" : zoom;
    const height = this.on ? innerHeight : this.room(root.clientWidth * zoom);
    root.style.setProperty("--fp-height", `${Math.floor(height / zoom)}px`);
  }

  // How high it may be, of a width: as the window, without what is above it in a page of its own.
  room(width) {
    const box = scroller(this.root);
    const scrolled = box ? box.scrollTop - box.getBoundingClientRect().top : scrollY;
    const above = this.root.getBoundingClientRect().top + scrolled;
    const tall = box ? box.clientHeight : innerHeight;
    if (this.alone() && above < tall / 3) return tall - above - MARGIN;
    return Math.max(Math.min(tall - MARGIN, 0.75 * width + 160), Math.min(LEAST, tall - MARGIN));
  }

  present(on) {
    this.on = on;
    this.root.classList.toggle("fedplay-present", on);
    this.root.classList.toggle("fedplay-narrow", on);
    this.fit();
    if (!on || innerHeight / this.zoom < ROOMY) this.tell({ kind: "shortcut", key: on ? "f" : "F" });
    const full = document.fullscreenElement;
    if (on && !full) this.root.requestFullscreen?.().then(() => this.fit(), () => null);
    if (!on && full) document.exitFullscreen?.();
  }

  left() {
    if (this.on && !document.fullscreenElement) this.present(false);
    this.fit();
  }

  size(times) {
    this.own = Math.min(Math.max(this.own * times, 0.7), 2.5);
    this.fit();
  }

  clicked({ target }) {
    if (target.closest(".fedplay-present-button")) this.present(!this.on);
    if (target.closest(".fedplay-help-button")) this.help();
  }

  key(event) {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    const here = this.root.contains(target) || (target === document.body && this.alone());
    if (!here || ctrlKey || metaKey || event.defaultPrevented) return;
    if (target.closest?.("dialog")) return; // which Escape closes, and nothing acts behind it
    if (this.onKnob(event) || altKey) return;
    if (target.closest?.(FIELDS)) return;
    if (key === " " && target !== document.body && !target.matches(".noUi-handle")) return; // it presses
    if (this.ownKey(key) || this.said(key)) event.preventDefault();
  }

  // Whether the page is this screen's: no notebook, and no second screen.
  alone() {
    return isApp() && document.querySelectorAll(".fedplay").length === 1;
  }

  onKnob({ target, key, code, altKey }) {
    const knob = target.closest?.(".fedplay-control");
    if (!knob) return false;
    const click = (name) => (knob.querySelector(name)?.click(), true);
    if (altKey && code === "KeyS") return click(".fedplay-name");
    if (altKey && code === "KeyI") return click(".fedplay-info");
    if (altKey && code === "KeyD") return click(".fedplay-dice");
    if (target.matches("input, [contenteditable=true]")) return false;
    if (key === "Delete" || key === "Backspace") return click(".fedplay-reset");
    if (key !== "Enter") return false;
    knob.querySelector(".widget-readout[contenteditable=true]")?.focus();
    return true;
  }

  ownKey(key) {
    const { classList } = this.root;
    const does = {
      f: () => this.present(!this.on),
      h: () => classList.toggle("fedplay-narrow"),
      l: () => this.light(),
      "+": () => this.size(STEP),
      "-": () => this.size(1 / STEP),
      "/": () => this.find(),
      "?": () => this.help(),
      Escape: () => this.on && this.present(false),
    };
    const act = does[key.length === 1 ? key.toLowerCase() : key];
    act?.();
    return Boolean(act);
  }

  said(key) {
    const low = key.toLowerCase();
    if (!SAID.has(low)) return false;
    this.tell({ kind: "shortcut", key: low });
    return true;
  }

  find() {
    this.root.classList.remove("fedplay-narrow");
    const field = this.root.querySelector(".fedplay-search input");
    field?.focus();
    field?.select();
  }

  light() {
    this.dot?.remove();
    this.dot = this.dot ? null : make("div", "fedplay-light", this.root);
  }

  point({ clientX, clientY }) {
    if (!this.dot) return;
    const { left, top } = this.root.getBoundingClientRect();
    const { zoom } = this;
    this.dot.style.transform = `translate(${(clientX - left) / zoom}px, ${(clientY - top) / zoom}px)`;
  }

  help() {
    const dialog = make("dialog", "fedplay-keys", this.root);
    make("h2", "", dialog).textContent = "Keys";
    const list = make("dl", "", dialog);
    for (const [key, words] of KEYS_TOLD) {
      make("dt", "", list).textContent = key;
      make("dd", "", list).textContent = words;
    }
    const close = make("button", "jupyter-button widget-button", dialog);
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }
}

// The way to the picture that does not lead through every knob.
function skipTo(root) {
  const bar = root.querySelector(".fedplay-bar");
  if (!bar || bar.querySelector(".fedplay-skip")) return;
  const skip = make("button", "fedplay-skip", bar);
  skip.textContent = "Skip to the picture";
  skip.addEventListener("click", () => root.querySelector(".fedplay-canvas")?.focus());
  bar.prepend(skip);
}

// A knob is one stop of the Tab key: its handle or its field. What else it has is reached from there.
function oneStop(root) {
  const more = ".fedplay-name, .fedplay-reset, .widget-readout[contenteditable=true], .fedplay-dice, .fedplay-info";
  for (const part of root.querySelectorAll(".fedplay-control")) {
    for (const other of part.querySelectorAll(more)) other.tabIndex = -1;
  }
}

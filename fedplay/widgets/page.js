// What the page does for fedplay, beside showing it.
//
//   names       fields that a screen reader can say, keys that the notebook does not take
//   drags       slowed to what can be shown
//   agreement   page and kernel hold the same (agreement.js), or a notice says what to do
//   clipboard   kernel -> page {kind: "copy", text}   page -> kernel {kind: "copied", ok}
//   memory      the model's `memory`, kept with its `process` while this window is open; what
//               another process has left goes to the kernel: {kind: "remembered", text, link}
//   new         {kind: "new"}, where this browser has never shown a screen, and nothing says how to begin
//   link        where nothing is remembered, the page's link may say how to begin:
//               {kind: "linked", text}; both until they are heard (tell.js)
//   address     where the page is, for links to it: {kind: "address", text}, until it is heard;
//               without its query and fragment, which may hold the token of the app

const PACE = 33; // ms
const MET = "fedplay:met";
const LETTERS = /[\p{L}\p{N}]/u;

const words = (element) => element?.textContent.trim() ?? "";

// ipywidgets writes "null" as the title of what has none.
const titleOf = (element) => (element?.title === "null" ? "" : element?.title);

const set = (element, name, value) => {
  if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
};

// Else the notebook takes the arrow keys for itself, and "d d" on a slider deletes its cell.
function keepKeys(root) {
  for (const element of root.querySelectorAll(".noUi-handle, button, select")) {
    set(element, "data-lm-suppress-shortcuts", "true");
  }
}

// A row of the controls has its name on a button; elsewhere a field has a label of its own, or
// else only its help. What a slider's handle says is its readout, which one may type into.
function nameFields(root) {
  const readouts = ".widget-readout[contenteditable=true]";
  for (const readout of root.querySelectorAll(readouts)) set(readout, "role", "textbox");
  const fields = `.noUi-handle, select, input, textarea, ${readouts}`;
  for (const field of root.querySelectorAll(fields)) {
    const own = field.closest(".widget-inline-hbox");
    const row = field.closest(".fedplay-control");
    const label = own?.querySelector(".widget-label");
    const help = titleOf(own) || titleOf(label) || field.title;
    set(field, "aria-label", words(row?.querySelector(".fedplay-name")) || words(label) || help);
    set(field, "title", help);
    if (!field.matches(".noUi-handle")) continue;
    const readout = own?.querySelector(".widget-readout") ?? row?.querySelector(".widget-readout");
    set(field, "aria-valuetext", words(readout));
  }
}

// A sign alone, as ▶, is no name. A button of several is pressed, or is not.
function nameButtons(root) {
  for (const button of root.querySelectorAll("button")) {
    const named = button.closest(".fedplay-run-history"); // its title begins with its words
    if (named || !LETTERS.test(words(button))) set(button, "aria-label", button.title);
    const pressed = button.matches(".fedplay-tab") ? "mod-primary" : "mod-active";
    if (button.matches(".widget-toggle-button, .widget-toggle-buttons *, .fedplay-tab")) {
      set(button, "aria-pressed", String(button.classList.contains(pressed)));
    }
  }
  for (const tabs of root.querySelectorAll(".fedplay-tabs")) {
    set(tabs, "role", "group");
    set(tabs, "aria-label", titleOf(tabs.querySelector(".widget-label")));
  }
}

function sayChanges(root) {
  for (const text of root.querySelectorAll(".fedplay-error")) {
    set(text, "aria-live", "polite");
  }
}

// One sentence above everything; where what one changes would go nowhere, nothing can be changed.
function showTrouble(root, notice, model) {
  const found = model.get("_trouble") ?? "";
  const kept = model.get("memory") ? ": everything you set is kept." : ".";
  const cell = root.closest(".jp-CodeCell:not(.jp-mod-noInput)");
  const sentence = SENTENCES[found]?.(kept, cell) ?? "";
  if (notice.textContent !== sentence) notice.textContent = sentence;
  if (root.firstChild !== notice) root.prepend(notice);
  for (const part of root.children) {
    if (part !== notice) part.toggleAttribute("inert", STILL_USELESS.has(found));
  }
}

function render({ model, el }) {
  const leave = new AbortController();
  let root = null;
  let waiting = 0;
  const notice = document.createElement("div");
  notice.className = "fedplay-notice";
  notice.setAttribute("role", "status");
  const warn = () => root && showTrouble(root, notice, model);
  const look = () => {
    waiting = 0;
    for (const care of [nameFields, nameButtons, sayChanges, keepKeys, skipTo, oneStop]) care(root);
    warn();
  };
  const inPicture = ({ target }) => target.closest?.(".fedplay-frame");
  const observer = new MutationObserver((changes) => {
    if (!changes.every(inPicture)) waiting ||= requestAnimationFrame(look);
  });
  const begin = () => {
    root = el.closest(".fedplay");
    if (!root) return void (waiting = requestAnimationFrame(begin)); // not on the page yet
    new Presenting(root, leave.signal, teller(model));
    const attributeFilter = ["class", "title"];
    observer.observe(root, { childList: true, subtree: true, characterData: true, attributeFilter });
    look();
  };
  begin();
  model.on("change:_trouble", warn);
  return () => {
    leave.abort();
    model.off("change:_trouble", warn);
    observer.disconnect();
    cancelAnimationFrame(waiting);
    notice.remove();
  };
}

// Without the browser's leave, or over plain http: as it was done before there was a clipboard.
function copySelected(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position: fixed; opacity: 0";
  document.body.append(area);
  area.select();
  const ok = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  return ok;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

// The experiment that the page's own link carries, behind "fp=" or "#".
function linked() {
  const token = new URLSearchParams(location.search).get("fp") ?? location.hash.slice(1);
  return token.startsWith("fp1.") && token.length <= 4096 ? token : "";
}

function tellAddress(insist) {
  const { origin, pathname } = location;
  if (/^https?:/.test(origin)) insist({ kind: "address", text: origin + pathname });
}

// What was kept at a place of this window's storage: {process, text}, or null for nothing of ours.
// The browser may forbid its storage.
function kept(place) {
  try {
    const left = JSON.parse(sessionStorage.getItem(place));
    const ours = typeof left?.process === "string" && typeof left.text === "string" && left.text;
    return ours ? left : null;
  } catch {
    return null;
  }
}

// Whether no screen was ever shown in this browser, as far as it lets us know; from now on there was.
function firstTime() {
  try {
    const first = localStorage.getItem(MET) === null;
    localStorage.setItem(MET, "1");
    return first;
  } catch {
    return false;
  }
}

function keepMemory({ model, insist, signal }) {
  const link = linked();
  const place = `fedplay:${location.pathname}:${model.get("key")}${link.slice(-16)}`;
  const process = model.get("process");
  let telling = false; // what was kept must not be lost before the kernel has heard it
  const keep = () => {
    const text = model.get("memory");
    if (telling) return;
    try {
      if (text) sessionStorage.setItem(place, JSON.stringify({ process, text }));
      else sessionStorage.removeItem(place);
    } catch {} // none left: then nothing is remembered
  };
  const told = () => {
    telling = false;
    keep();
  };
  const left = kept(place);
  if (left && left.process !== process) {
    telling = true;
    insist({ kind: "remembered", text: left.text, link }, told);
  } else if (!left && link) insist({ kind: "linked", text: link });
  else if (model.get("memory")) keep();
  if (model.get("welcome") && !left && !link && firstTime()) insist({ kind: "new" });
  model.on("change:memory", keep);
  signal.addEventListener("abort", () => model.off("change:memory", keep));
}

// A mouse says more in a second than can be computed and shown: of the moves that drag a slider one
// passes every 33 ms, and the last one always.
function paceMoves(signal) {
  let [dragging, held, passed, timer] = [false, null, 0, 0];
  const release = () => {
    clearTimeout(timer);
    timer = 0;
    if (!held) return;
    const { clientX, clientY, buttons } = held;
    [held, passed] = [null, performance.now()];
    const move = new MouseEvent("mousemove", { clientX, clientY, buttons, bubbles: true });
    document.documentElement.dispatchEvent(move);
  };
  const listen = (name, listener) =>
    window.addEventListener(name, listener, { capture: true, signal });
  listen("mousedown", ({ target }) => {
    dragging = Boolean(target.closest?.(".fedplay .noUi-target"));
  });
  listen("mousemove", (event) => {
    if (!dragging || !event.isTrusted) return;
    const wait = passed + PACE - performance.now();
    held = wait > 0 ? event : null;
    if (held) {
      event.stopImmediatePropagation();
      timer ||= setTimeout(release, wait);
    } else passed = performance.now();
  });
  listen("mouseup", () => {
    release();
    dragging = false;
  });
}

// Once for the model, however many views it has.
function initialize({ model }) {
  const leave = new AbortController();
  const { signal } = leave;
  const say = teller(model);
  const tell = (message) => model.get("_trouble") === "gone" || say(message);
  const insist = insisting(model, tell, signal);
  paceMoves(signal);
  const hear = async (content) => {
    if (content?.kind !== "copy" || !document.hasFocus()) return; // the click was in another page
    tell({ kind: "copied", ok: await copy(content.text) });
  };
  model.on("msg:custom", hear);
  signal.addEventListener("abort", () => model.off("msg:custom", hear));
  keepMemory({ model, insist, signal });
  tellAddress(insist);
  agree({ model, tell, insist, signal, notify: (found) => model.set?.("_trouble", found) });
  return () => leave.abort();
}

export default { initialize, render };
